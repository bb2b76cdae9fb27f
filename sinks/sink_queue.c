/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/sink_queue.h"

#include "codec/base/error.h"
#include "server/net/loop.h"
#include "sinks/gzip.h"
#include "sinks/view_gzip.h"

#include <pthread.h>
#include <stdlib.h>

/* The text that an item is sent as from now on. */
struct replacement {
    struct replacement *next;
    uint32_t index;
    struct slice text; /* heap */
};

/* A view in our hands, until its last item is settled. */
struct held {
    struct mail mail; /* how it came */
    struct held *next, *before;
    struct sink_queue *queue;
    struct view *view;
    uint32_t open;      /* items not settled */
    unsigned under_way; /* lots of it in requests */
    struct replacement *replaced;
};

/* Items of one view that go together: a range, or an index list. On one list at a time: ready,
 * waiting, or a request's. */
struct sink_lot {
    struct sink_lot *next;
    struct held *of;
    uint32_t first, n;
    uint32_t *index;    /* heap; NULL: first, first + 1, ... */
    unsigned failures;  /* requests in a row that failed as a whole */
    unsigned rounds;    /* answers that left some of it to do */
    unsigned too_large; /* of them, refused for the size of the request */
    bool unreachable;   /* waits for a host */
    uint64_t due_ms, failed_ms;
};

struct lots {
    struct sink_lot *first, **end;
};

struct sink_queue {
    struct sink *sink;
    const struct sink_queue_ops *ops;
    struct sink_queue_rules rules;
    struct loop *loop;
    struct lots ready;
    struct sink_lot *waiting; /* in no order */
    struct deadline alarm;    /* the earliest of them */
    struct sink_request *requests;
    unsigned under_way;
    struct held *held;
    size_t views;
    bool pumping;

    void (*idle)(void *arg); /* set by drain, until it is called */
    void *idle_arg;

    struct mail drain_mail, close_mail;
    void (*drain_idle)(void *arg); /* the caller's, until its mail is there */
    void *drain_arg;
    pthread_mutex_t lock; /* of closed, for the thread that waits for it */
    pthread_cond_t changed;
    bool closed;
};

static void pump(struct sink_queue *q);

/* ---- lists ---- */

static void
lots_init(struct lots *l)
{
    l->first = NULL;
    l->end = &l->first;
}

static void
lots_append(struct lots *l, struct sink_lot *lot)
{
    lot->next = NULL;
    *l->end = lot;
    l->end = &lot->next;
}

static void
lots_push(struct lots *l, struct sink_lot *lot)
{
    lot->next = l->first;
    l->first = lot;
    if (lot->next == NULL)
        l->end = &lot->next;
}

static void
lots_unlink(struct lots *l, struct sink_lot **at)
{
    struct sink_lot *lot = *at;

    *at = lot->next;
    if (lot->next == NULL)
        l->end = at;
    lot->next = NULL;
}

/* ---- lots ---- */

static struct sink_lot *
lot_new(struct held *of, uint32_t first, uint32_t n)
{
    struct sink_lot *lot = xcalloc(1, sizeof *lot);

    lot->of = of;
    lot->first = first;
    lot->n = n;
    return lot;
}

static void
lot_free(struct sink_lot *lot)
{
    free(lot->index);
    free(lot);
}

static uint32_t
lot_item(const struct sink_lot *lot, uint32_t i)
{
    return lot->index == NULL ? lot->first + i : lot->index[i];
}

/* Plain bytes of the first n items of a range. */
static uint64_t
range_bytes(const struct sink_lot *lot, uint32_t n)
{
    const struct view_item *items = lot->of->view->items;
    const struct view_item *last = &items[lot->first + n - 1];

    return n == 0 ? 0 : last->at + last->len - items[lot->first].at;
}

static uint64_t
lot_bytes(const struct sink_lot *lot)
{
    uint64_t sum = 0;

    if (lot->index == NULL)
        return range_bytes(lot, lot->n);
    for (uint32_t i = 0; i < lot->n; i++)
        sum += lot->of->view->items[lot->index[i]].len;
    return sum;
}

/* How many items from the front fit into the room. */
static uint32_t
lot_fits(const struct sink_lot *lot, uint64_t room)
{
    uint32_t low = 0, high = lot->n;
    uint64_t sum = 0;

    if (lot->index != NULL) {
        while (low < lot->n) {
            sum += lot->of->view->items[lot->index[low]].len;
            if (sum > room)
                break;
            low++;
        }
        return low;
    }
    while (low < high) {
        uint32_t mid = low + (high - low + 1) / 2;

        if (range_bytes(lot, mid) <= room)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

/* The first n items as a lot of their own, with the same history. */
static struct sink_lot *
lot_split(struct sink_lot *lot, uint32_t n)
{
    struct sink_lot *front = lot_new(lot->of, lot->first, n);
    uint32_t *index = lot->index;

    *front = *lot;
    front->next = NULL;
    front->n = n;
    lot->n -= n;
    if (index == NULL) {
        lot->first += n;
        return front;
    }
    lot->index = xmalloc(lot->n * sizeof *lot->index);
    memcpy(lot->index, index + n, lot->n * sizeof *lot->index);
    return front;
}

/* ---- views ---- */

static void
held_free(struct held *h)
{
    struct sink_queue *q = h->queue;

    *(h->before != NULL ? &h->before->next : &q->held) = h->next;
    if (h->next != NULL)
        h->next->before = h->before;
    q->views--;
    while (h->replaced != NULL) {
        struct replacement *r = h->replaced;

        h->replaced = r->next;
        free((char *)(uintptr_t)r->text.p);
        free(r);
    }
    view_free(&h->view);
    free(h);
}

static void
tell_idle(struct sink_queue *q)
{
    void (*idle)(void *arg) = q->idle;

    if (idle == NULL || q->views > 0)
        return;
    q->idle = NULL;
    idle(q->idle_arg);
}

static void
settle(struct held *h, uint32_t n)
{
    ASSERT(h->open >= n);
    h->open -= n;
    if (h->open == 0)
        held_free(h);
}

static const struct replacement *
find_replacement(const struct held *h, uint32_t index)
{
    const struct replacement *r = h->replaced;

    while (r != NULL && r->index != index)
        r = r->next;
    return r;
}

static void
replace_text(struct held *h, uint32_t index, struct slice text)
{
    struct replacement *r = xmalloc(sizeof *r);

    ASSERT(find_replacement(h, index) == NULL);
    *r = (struct replacement){ h->replaced, index, text };
    h->replaced = r;
}

/* ---- waiting ---- */

static void
set_alarm(struct sink_queue *q)
{
    uint64_t now = loop_now(q->loop), first = UINT64_MAX;

    for (const struct sink_lot *lot = q->waiting; lot != NULL; lot = lot->next)
        first = lot->due_ms < first ? lot->due_ms : first;
    if (first == UINT64_MAX)
        loop_deadline_clear(&q->alarm);
    else
        loop_deadline_set(q->loop, &q->alarm, first > now ? first - now : 0);
}

/* Those whose time has come go before what came later. */
static void
take_due(struct sink_queue *q)
{
    uint64_t now = loop_now(q->loop);
    struct sink_lot **at = &q->waiting;

    while (*at != NULL) {
        struct sink_lot *lot = *at;

        if (lot->due_ms > now) {
            at = &lot->next;
            continue;
        }
        *at = lot->next;
        lot->unreachable = false;
        lots_push(&q->ready, lot);
    }
    set_alarm(q);
}

static void
on_alarm(struct loop *loop, struct deadline *d)
{
    struct sink_queue *q = CONTAINER_OF(d, struct sink_queue, alarm);

    (void)loop;
    take_due(q);
    pump(q);
}

static uint64_t
pause_of(const struct sink_queue *q, unsigned tries)
{
    uint64_t ms = q->rules.retry_first_ms;

    if (q->ops->pause != NULL)
        return q->ops->pause(q->sink, tries);
    for (unsigned i = 1; i < tries && ms < q->rules.retry_max_ms; i++)
        ms *= 2;
    return ms > q->rules.retry_max_ms ? q->rules.retry_max_ms : ms;
}

static void
wait_for(struct sink_queue *q, struct sink_lot *lot, uint64_t ms)
{
    lot->failed_ms = loop_now(q->loop);
    lot->due_ms = lot->failed_ms + ms;
    lot->next = q->waiting;
    q->waiting = lot;
}

/* ---- cutting requests ---- */

static bool
may_join(const struct sink_queue *q, const struct sink_request *r, const struct sink_lot *lot,
         uint64_t room)
{
    if (r->n == 0)
        return true;
    return q->rules.joins && lot->too_large == 0 && r->lots->too_large == 0 &&
           (q->rules.request_items == 0 || r->n + lot->n <= q->rules.request_items) &&
           lot_bytes(lot) <= room;
}

/* The lot, or what of it goes into the request; the rest stays where it is. */
static struct sink_lot *
take_front(struct sink_queue *q, struct sink_lot **at)
{
    uint32_t n = lot_fits(*at, q->rules.request_bytes);

    if (n == 0)
        n = 1;
    if (q->rules.request_items > 0 && n > q->rules.request_items)
        n = q->rules.request_items;
    if (n < (*at)->n)
        return lot_split(*at, n);
    struct sink_lot *lot = *at;

    lots_unlink(&q->ready, at);
    return lot;
}

static struct sink_request *
cut(struct sink_queue *q)
{
    struct sink_request *r = xcalloc(1, sizeof *r);
    struct sink_lot **end = &r->lots, **at = &q->ready.first;

    r->queue = q;
    while (*at != NULL) {
        uint64_t room = q->rules.request_bytes - r->plain_bytes;
        struct sink_lot *lot;

        if ((*at)->of->under_way >= q->rules.per_view) {
            at = &(*at)->next;
            continue;
        }
        if (r->plain_bytes > q->rules.request_bytes || !may_join(q, r, *at, room))
            break;
        lot = take_front(q, at);
        lot->of->under_way++;
        *end = lot;
        end = &lot->next;
        r->n += lot->n;
        r->plain_bytes += lot_bytes(lot);
    }
    if (r->n > 0)
        return r;
    free(r);
    return NULL;
}

static void
pump(struct sink_queue *q)
{
    struct sink_request *r;

    if (q->pumping)
        return;
    q->pumping = true;
    while (q->ready.first != NULL && q->under_way < q->rules.in_flight &&
           q->ops->may_send(q->sink) && (r = cut(q)) != NULL) {
        q->under_way++;
        r->next = q->requests;
        if (r->next != NULL)
            r->next->before = r;
        q->requests = r;
        q->sink->stats.requests++;
        q->ops->send(q->sink, r);
    }
    q->pumping = false;
}

/* ---- bodies ---- */

bool
sink_request_next(const struct sink_request *r, struct sink_cursor *c, struct sink_item *out)
{
    if (c->i == 0 && c->lot == NULL)
        c->lot = r->lots;
    while (c->lot != NULL && c->in_lot == c->lot->n) {
        c->lot = c->lot->next;
        c->in_lot = 0;
    }
    if (c->lot == NULL)
        return false;
    *out = (struct sink_item){ c->lot->of->view, lot_item(c->lot, c->in_lot++), false };
    out->replaced = find_replacement(c->lot->of, out->index) != NULL;
    c->i++;
    return true;
}

/* Where the bytes of a lot lie together as they go out; false: they do not. */
static bool
lies_together(const struct sink_lot *lot, struct slice *out)
{
    const struct view *v = lot->of->view;
    uint64_t from = v->items[lot->first].at, to = from + range_bytes(lot, lot->n);
    int64_t first, behind;

    if (lot->index != NULL || lot->of->replaced != NULL)
        return false;
    if (v->members_n == 0) {
        *out = (struct slice){ v->body.p + from, (size_t)(to - from) };
        return true;
    }
    first = view_member_at(v, from);
    behind = to == v->plain_bytes ? (int64_t)v->members_n : view_member_at(v, to);
    if (first < 0 || behind <= first)
        return false;
    *out = slice_between(v->body.p + v->members[first].at,
                         v->body.p + v->members[behind - 1].at + v->members[behind - 1].n);
    return true;
}

/* The items are what finish() made: not being able to read them is our own bug. */
static void
gather_lot(const struct sink_lot *lot, struct buf *out)
{
    struct buf inflated = { 0 };
    int64_t member = -1;

    for (uint32_t i = 0; i < lot->n; i++) {
        uint32_t item = lot_item(lot, i);
        const struct replacement *r = find_replacement(lot->of, item);
        struct err err = { 0 };
        struct slice text;

        if (r != NULL)
            text = r->text;
        else if (view_item_text(lot->of->view, item, &member, &inflated, &text, &err) < 0)
            UNREACHABLE("a gzip member of our own is damaged");
        buf_append(out, text);
    }
    buf_fini(&inflated);
}

static void
gather(struct sink_request *r)
{
    int level = r->queue->rules.gzip_level;
    struct buf plain = { 0 };

    for (const struct sink_lot *lot = r->lots; lot != NULL; lot = lot->next)
        gather_lot(lot, &plain);
    if (level > 0) {
        gzip_member(buf_slice(&plain), level, &r->gathered);
        buf_fini(&plain);
    } else {
        r->gathered = plain;
    }
    r->charged = r->gathered.cap;
    budget_charge(r->queue->sink->env.share, BUDGET_BODY, r->charged);
    r->body = xmalloc(sizeof *r->body);
    r->body[0] = (struct iovec){ r->gathered.p, r->gathered.n };
    r->body_n = 1;
    r->body_bytes = r->gathered.n;
}

void
sink_request_body(struct sink_request *r)
{
    size_t n = 0;
    struct slice part = { 0 };

    for (const struct sink_lot *lot = r->lots; lot != NULL; lot = lot->next, n++)
        if (!lies_together(lot, &part)) {
            gather(r);
            return;
        }
    r->body = xmalloc(n * sizeof *r->body);
    for (const struct sink_lot *lot = r->lots; lot != NULL; lot = lot->next) {
        lies_together(lot, &part);
        r->body[r->body_n++] = (struct iovec){ (char *)(uintptr_t)part.p, part.n };
        r->body_bytes += part.n;
    }
}

struct slice
sink_request_text(struct sink_request *r)
{
    const struct sink_lot *lot = r->lots;
    const struct view *v = lot->of->view;
    const struct view_item *item = &v->items[lot_item(lot, 0)];

    ASSERT(r->n == 1 && v->members_n == 0 && lot->of->replaced == NULL);
    return (struct slice){ v->body.p + item->at, item->len };
}

/* ---- answers ---- */

/* The request's memory; its lots are the caller's. */
static struct sink_lot *
request_end(struct sink_request **at)
{
    struct sink_request *r = *at;
    struct sink_queue *q = r->queue;
    struct sink_lot *lots = r->lots;

    *at = NULL;
    *(r->before != NULL ? &r->before->next : &q->requests) = r->next;
    if (r->next != NULL)
        r->next->before = r->before;
    q->under_way--;
    for (struct sink_lot *lot = lots; lot != NULL; lot = lot->next)
        lot->of->under_way--;
    budget_release(q->sink->env.share, BUDGET_BODY, r->charged);
    buf_fini(&r->gathered);
    free(r->body);
    free(r);
    return lots;
}

/* What of the lot comes again, as an index list in its place; settles the others. Frees the lot if
 * nothing is left. */
static void
apply_answers(struct sink_queue *q, struct sink_lot *lot, const struct sink_answer *answers)
{
    uint32_t *again = xmalloc(lot->n * sizeof *again);
    uint32_t left = 0, refused = 0, settled;
    uint64_t later = 0;

    for (uint32_t i = 0; i < lot->n; i++) {
        uint32_t item = lot_item(lot, i);

        refused += answers[i].verdict == SINK_REFUSED;
        if (answers[i].verdict != SINK_AGAIN)
            continue;
        later = answers[i].later_ms > later ? answers[i].later_ms : later;
        if (answers[i].replaced.p != NULL)
            replace_text(lot->of, item, answers[i].replaced);
        again[left++] = item;
    }
    settled = lot->n - left;
    q->sink->stats.refused += refused;
    q->sink->stats.done += settled - refused;
    q->sink->stats.retried += left;
    free(lot->index);
    lot->index = again;
    lot->n = left;
    struct held *of = lot->of;

    if (left == 0) {
        lot_free(lot);
    } else {
        lot->failures = 0;
        lot->rounds++;
        wait_for(q, lot, later > 0 ? later : pause_of(q, lot->rounds));
    }
    settle(of, settled);
}

static void
go_on(struct sink_queue *q)
{
    set_alarm(q);
    tell_idle(q);
    pump(q);
}

void
sink_queue_answer(struct sink_request **r, const struct sink_answer *answers)
{
    struct sink_queue *q = (*r)->queue;
    struct sink_lot *next;

    for (struct sink_lot *lot = request_end(r); lot != NULL; lot = next) {
        uint32_t n = lot->n;

        next = lot->next;
        if (answers != NULL) {
            apply_answers(q, lot, answers);
            answers += n;
            continue;
        }
        q->sink->stats.done += n;
        settle(lot->of, n);
        lot_free(lot);
    }
    go_on(q);
}

/* The server said no for the size: alone at first, for others may have made it too large. */
static void
shrink(struct sink_queue *q, struct sink_lot *lot)
{
    lot->too_large++;
    lot->rounds++;
    lot->failures = 0;
    if (lot->too_large >= 2 && lot->n > 1) {
        struct sink_lot *front = lot_split(lot, lot->n / 2);

        wait_for(q, front, pause_of(q, lot->rounds));
    }
    wait_for(q, lot, pause_of(q, lot->rounds));
}

void
sink_queue_failed(struct sink_request **r, enum sink_failure how, uint64_t later_ms)
{
    struct sink_queue *q = (*r)->queue;
    struct sink_lot *next;
    uint64_t pause;

    q->sink->stats.failures++;
    for (struct sink_lot *lot = request_end(r); lot != NULL; lot = next) {
        next = lot->next;
        q->sink->stats.retried += lot->n;
        switch (how) {
        case SINK_ELSEWHERE: lots_push(&q->ready, lot); continue;
        case SINK_TOO_LARGE: shrink(q, lot); continue;
        case SINK_UNREACHABLE:
        case SINK_FAILED: break;
        }
        lot->unreachable = how == SINK_UNREACHABLE;
        lot->failures++;
        pause = pause_of(q, lot->failures);
        wait_for(q, lot, later_ms > pause ? later_ms : pause);
    }
    go_on(q);
}

uint64_t
sink_queue_pause(const struct sink_request *r)
{
    return pause_of(r->queue, r->lots->failures + 1);
}

void
sink_queue_wake(struct sink_queue *q)
{
    for (struct sink_lot *lot = q->waiting; lot != NULL; lot = lot->next) {
        uint64_t soon = lot->failed_ms + q->rules.retry_first_ms;

        if (lot->unreachable && soon < lot->due_ms)
            lot->due_ms = soon;
    }
    take_due(q);
    pump(q);
}

bool
sink_queue_is_empty(const struct sink_queue *q)
{
    return q->views == 0;
}

size_t
sink_queue_views(const struct sink_queue *q)
{
    return q->views;
}

/* ---- other threads ---- */

static void
on_given(struct loop *loop, struct mail *mail)
{
    struct held *h = (struct held *)mail;
    struct sink_queue *q = h->queue;

    (void)loop;
    h->next = q->held;
    if (h->next != NULL)
        h->next->before = h;
    q->held = h;
    q->views++;
    lots_append(&q->ready, lot_new(h, 0, h->view->n));
    pump(q);
}

void
sink_queue_give(struct sink_queue *q, struct view **v)
{
    struct held *h = xcalloc(1, sizeof *h);

    h->mail.fn = on_given;
    h->queue = q;
    h->view = *v;
    h->open = h->view->n;
    *v = NULL;
    ASSERT(h->open > 0);
    q->sink->stats.given += h->open;
    loop_mail(q->loop, &h->mail);
}

static void
on_drain(struct loop *loop, struct mail *mail)
{
    struct sink_queue *q = CONTAINER_OF(mail, struct sink_queue, drain_mail);

    (void)loop;
    q->idle = q->drain_idle;
    q->idle_arg = q->drain_arg;
    tell_idle(q);
}

void
sink_queue_drain(struct sink_queue *q, void (*idle)(void *arg), void *arg)
{
    q->drain_idle = idle;
    q->drain_arg = arg;
    q->drain_mail.fn = on_drain;
    loop_mail(q->loop, &q->drain_mail);
}

static void
free_lots(struct sink_lot *lot)
{
    while (lot != NULL) {
        struct sink_lot *next = lot->next;

        lot_free(lot);
        lot = next;
    }
}

static void
on_close(struct loop *loop, struct mail *mail)
{
    struct sink_queue *q = CONTAINER_OF(mail, struct sink_queue, close_mail);

    (void)loop;
    q->pumping = true; /* nothing leaves any more */
    loop_deadline_clear(&q->alarm);
    while (q->requests != NULL) {
        struct sink_request *r = q->requests;

        q->ops->cancel(q->sink, r);
        free_lots(request_end(&r));
    }
    free_lots(q->ready.first);
    free_lots(q->waiting);
    while (q->held != NULL) {
        if (q->held->view->done != NULL)
            done_abandon(&q->held->view->done); /* not settled, so not acknowledged */
        held_free(q->held);
    }
    if (q->ops->closed != NULL)
        q->ops->closed(q->sink);
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_signal(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

void
sink_queue_close(struct sink_queue **at)
{
    struct sink_queue *q = *at;

    if (q == NULL)
        return;
    q->close_mail.fn = on_close;
    loop_mail(q->loop, &q->close_mail);
    pthread_mutex_lock(&q->lock);
    while (!q->closed)
        pthread_cond_wait(&q->changed, &q->lock);
    pthread_mutex_unlock(&q->lock);
    *at = NULL; /* not before: the loop went on using it */
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

struct sink_queue *
sink_queue_new(struct sink *s, const struct sink_queue_ops *ops,
               const struct sink_queue_rules *rules)
{
    struct sink_queue *q = xcalloc(1, sizeof *q);

    q->sink = s;
    q->ops = ops;
    q->rules = *rules;
    q->loop = s->env.loop;
    q->alarm.fn = on_alarm;
    lots_init(&q->ready);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->changed, NULL);
    return q;
}
