/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/sink_queue_priv.h"

#include "codec/base/error.h"

#include <stdlib.h>

static void pump(struct sink_queue *q);

/* ---- views ---- */

static void
held_free(struct held *h)
{
    struct sink_queue *q = h->queue;

    *(h->before != NULL ? &h->before->next : &q->held) = h->next;
    if (h->next != NULL)
        h->next->before = h->before;
    q->views--;
    held_forget_replaced(h);
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

/* ---- answers ---- */

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
            held_replace(lot->of, item, answers[i].replaced);
        again[left++] = item;
    }
    settled = lot->n - left;
    view_settled(lot->of->view, settled - refused, refused);
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

    for (struct sink_lot *lot = sink_request_end(r); lot != NULL; lot = next) {
        uint32_t n = lot->n;

        next = lot->next;
        if (answers != NULL) {
            apply_answers(q, lot, answers);
            answers += n;
            continue;
        }
        view_settled(lot->of->view, n, 0);
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
    for (struct sink_lot *lot = sink_request_end(r); lot != NULL; lot = next) {
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
    view_given(h->view, h->open);
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
        free_lots(sink_request_end(&r));
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
