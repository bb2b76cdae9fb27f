/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/ready.h"

#include "codec/base/arena.h"
#include "codec/base/error.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Bytes a connection may have decoded in its turn: about one compressed window of a Beat. */
#define QUANTUM ((int64_t)64 << 10)
#define BUCKETS 1024
/* What a window is taken to inflate to when its connection does not know better. */
#define FIRST_RATIO 16
/* What its events are taken to be encoded to: ECS keeps the message twice. */
#define FIRST_ENCODED 2.0
/* Of a window that something is learned from. */
#define LESSON_TEXT ((size_t)64 << 10)
/* A worker without work gives back what it keeps for reuse. */
#define IDLE_S 1

/* The windows of one connection. Exists while it has any, or one is being decoded. */
struct sender {
    struct sender *hash_next;
    struct sender *prev, *next; /* ring of those that may be served */
    struct conn_id conn;
    struct window *first, **last;
    int64_t deficit; /* bytes it may still have this turn */
    bool decoding;
    bool listed; /* in the ring */
};

struct ready_of {
    struct sender *turn; /* ring; whose turn it is; NULL: nothing to serve */
    struct sender *bucket[BUCKETS];
    uint32_t inside, most; /* workers in the pipeline; most 0: no bound */
    double encoded;        /* bytes that a byte of text is encoded to */
    double ratio;          /* inflated to received: what an unknown connection is taken for */
    bool lane;
};

struct ready {
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct ready_of *of;
    size_t n, turn;
    size_t count;
    bool stopped;
};

struct ready *
ready_new(size_t pipelines)
{
    struct ready *r = xcalloc(1, sizeof *r);
    pthread_condattr_t attr;

    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->some, &attr);
    pthread_condattr_destroy(&attr);
    r->of = xcalloc(pipelines, sizeof r->of[0]);
    r->n = pipelines;
    for (size_t i = 0; i < pipelines; i++) {
        r->of[i].encoded = FIRST_ENCODED;
        r->of[i].ratio = FIRST_RATIO;
    }
    return r;
}

void
ready_limit(struct ready *r, uint32_t pipeline, uint32_t workers, bool lane)
{
    pthread_mutex_lock(&r->lock);
    r->of[pipeline].most = lane ? 1 : workers;
    r->of[pipeline].lane = lane;
    pthread_mutex_unlock(&r->lock);
}

/* ---- connections ---- */

static bool
same_conn(struct conn_id a, struct conn_id b)
{
    return a.slot == b.slot && a.generation == b.generation && a.loop == b.loop &&
           a.input == b.input;
}

static struct sender **
bucket_of(struct ready_of *p, struct conn_id conn)
{
    return &p->bucket[(conn.slot * 31u + conn.input * 7u + conn.loop) % BUCKETS];
}

/* In a lane all connections are one: arrival order is the order. */
static struct conn_id
key_of(const struct ready_of *p, struct conn_id conn)
{
    return p->lane ? (struct conn_id){ 0 } : conn;
}

static struct sender *
find_locked(struct ready_of *p, struct conn_id conn)
{
    for (struct sender *l = *bucket_of(p, conn); l != NULL; l = l->hash_next)
        if (same_conn(l->conn, conn))
            return l;
    return NULL;
}

static struct sender *
find_or_add_locked(struct ready_of *p, struct conn_id conn)
{
    struct sender *l = find_locked(p, conn);

    if (l != NULL)
        return l;
    l = xcalloc(1, sizeof *l);
    l->conn = conn;
    l->last = &l->first;
    l->hash_next = *bucket_of(p, conn);
    *bucket_of(p, conn) = l;
    return l;
}

static void
unlist_locked(struct ready_of *p, struct sender *l)
{
    if (!l->listed)
        return;
    l->listed = false;
    if (l->next == l) {
        p->turn = NULL;
        return;
    }
    l->prev->next = l->next;
    l->next->prev = l->prev;
    if (p->turn == l)
        p->turn = l->next;
}

/* At the end of the ring: just before whose turn it is. */
static void
list_locked(struct ready_of *p, struct sender *l)
{
    if (l->listed || l->decoding || l->first == NULL)
        return;
    l->listed = true;
    l->deficit = 0;
    if (p->turn == NULL) {
        p->turn = l->prev = l->next = l;
        return;
    }
    l->next = p->turn;
    l->prev = p->turn->prev;
    l->prev->next = l;
    p->turn->prev = l;
}

static void
drop_if_empty_locked(struct ready_of *p, struct sender *l)
{
    struct sender **at = bucket_of(p, l->conn);

    if (l->first != NULL || l->decoding)
        return;
    unlist_locked(p, l);
    while (*at != l)
        at = &(*at)->hash_next;
    *at = l->hash_next;
    free(l);
}

/* ---- giving and taking ---- */

/* After the lock is open: who wakes would else stop at it at once. */
static void
wake_one(struct ready *r)
{
    pthread_cond_signal(&r->some);
}

void
ready_give(struct ready *r, uint32_t pipeline, struct window **w)
{
    struct ready_of *p = &r->of[pipeline];
    struct sender *l;

    pthread_mutex_lock(&r->lock);
    l = find_or_add_locked(p, key_of(p, (*w)->conn));
    (*w)->next = NULL;
    *l->last = *w;
    l->last = &(*w)->next;
    list_locked(p, l);
    r->count++;
    pthread_mutex_unlock(&r->lock);
    wake_one(r);
    *w = NULL;
}

static size_t
guess_of(const struct ready_of *p, const struct window *w)
{
    size_t guess = w->guess > 0 ? w->guess : (size_t)((double)w->bytes * p->ratio) + 4096;
    size_t most = budget_window_max(w->share->budget);

    return guess < most ? guess : most;
}

/* Deficit round robin: whose saved-up bytes cover his first window goes first. Ends, as each lap
 * adds a quantum to everybody. */
static struct sender *
next_sender_locked(struct ready_of *p)
{
    while (p->turn != NULL) {
        struct sender *l = p->turn;

        if (l->deficit >= (int64_t)l->first->bytes || l->next == l)
            return l;
        l->deficit += QUANTUM;
        if (l->deficit >= (int64_t)l->first->bytes)
            return l;
        p->turn = l->next;
    }
    return NULL;
}

/* NULL also when the pipeline has no room: *wants_room then. */
static struct window *
take_from_locked(struct ready *r, struct ready_of *p, bool *wants_room)
{
    struct sender *l;
    struct window *w;
    size_t guess, views;

    if (p->most > 0 && p->inside >= p->most)
        return NULL;
    l = next_sender_locked(p);
    if (l == NULL)
        return NULL;
    w = l->first;
    guess = guess_of(p, w);
    views = (size_t)((double)guess * p->encoded);
    if (!budget_reserve_window(w->share, guess, views)) {
        atomic_store(&w->share->budget->wanted, true);
        *wants_room = true;
        if (!budget_reserve_window(w->share, guess, views))
            return NULL;
    }
    w->room = guess;
    w->view_room = views;
    w->encoded = p->encoded;
    l->first = w->next;
    if (l->first == NULL)
        l->last = &l->first;
    w->next = NULL;
    l->deficit -= (int64_t)w->bytes;
    l->decoding = true;
    unlist_locked(p, l);
    p->inside++;
    r->count--;
    return w;
}

/* A pipeline without room keeps its windows: a dead output stops its own pipeline, not a worker. */
static struct window *
take_locked(struct ready *r, uint32_t *pipeline, bool *wants_room)
{
    for (size_t i = 0; i < r->n; i++) {
        size_t at = (r->turn + i) % r->n;
        struct window *w = take_from_locked(r, &r->of[at], wants_room);

        if (w == NULL)
            continue;
        r->turn = (at + 1) % r->n;
        *pipeline = (uint32_t)at;
        return w;
    }
    return NULL;
}

/* The lock is open meanwhile: what is given back may be the room that somebody waits for. */
static void
trim_locked(struct ready *r)
{
    pthread_mutex_unlock(&r->lock);
    arena_thread_trim();
    pthread_mutex_lock(&r->lock);
}

static void
wait_locked(struct ready *r)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_S;
    if (pthread_cond_timedwait(&r->some, &r->lock, &until) == ETIMEDOUT)
        trim_locked(r);
}

struct window *
ready_take(struct ready *r, uint32_t *pipeline)
{
    struct window *w = NULL;
    bool wants_room = false, trimmed = false;

    pthread_mutex_lock(&r->lock);
    while (!r->stopped && (w = take_locked(r, pipeline, &wants_room)) == NULL) {
        if (wants_room && !trimmed) {
            trimmed = true;
            trim_locked(r);
            continue;
        }
        wait_locked(r);
    }
    pthread_mutex_unlock(&r->lock);
    return w;
}

/* A guess that is short costs the inflating once more, one that is long costs room for a moment: it
 * rises at once and falls by an eighth. Nothing rises by small windows: what their events have
 * around them is much beside their text, and large ones are not like that. */
static void
learn(double *known, size_t text, double now)
{
    if (now < *known)
        *known -= (*known - now) / 8;
    else if (text >= LESSON_TEXT)
        *known = now;
}

void
ready_learn(struct ready *r, uint32_t pipeline, const struct ready_sizes *sizes)
{
    struct ready_of *p = &r->of[pipeline];

    pthread_mutex_lock(&r->lock);
    if (sizes->text > 0)
        learn(&p->encoded, sizes->text,
              (double)sizes->views / (double)(sizes->text + sizes->events * WINDOW_EVENT));
    if (sizes->received > 0)
        learn(&p->ratio, sizes->text, (double)sizes->text / (double)sizes->received);
    pthread_mutex_unlock(&r->lock);
}

void
ready_put_back(struct ready *r, uint32_t pipeline, struct window **w)
{
    struct ready_of *p = &r->of[pipeline];
    struct sender *l;

    /* Before the lock: a release may call ready_room. */
    budget_release((*w)->share, BUDGET_BATCH, (*w)->room);
    budget_release((*w)->share, BUDGET_VIEW, (*w)->view_room);
    (*w)->room = (*w)->view_room = 0;
    pthread_mutex_lock(&r->lock);
    if ((*w)->bytes > 0)
        /* It may be half of that: so it falls again. */
        learn(&p->ratio, (*w)->guess, (double)(*w)->guess / (double)(*w)->bytes);
    l = find_or_add_locked(p, key_of(p, (*w)->conn));
    (*w)->next = l->first;
    if (l->first == NULL)
        l->last = &(*w)->next;
    l->first = *w;
    l->decoding = false;
    list_locked(p, l);
    p->inside--;
    r->count++;
    pthread_cond_broadcast(&r->some);
    pthread_mutex_unlock(&r->lock);
    *w = NULL;
}

void
ready_decoded(struct ready *r, uint32_t pipeline, struct conn_id conn)
{
    struct ready_of *p = &r->of[pipeline];
    struct sender *l;
    bool more = false;

    pthread_mutex_lock(&r->lock);
    l = find_locked(p, key_of(p, conn));
    if (l != NULL) {
        l->decoding = false;
        list_locked(p, l);
        more = l->first != NULL;
        drop_if_empty_locked(p, l);
    }
    pthread_mutex_unlock(&r->lock);
    if (more)
        wake_one(r);
}

void
ready_leave(struct ready *r, uint32_t pipeline)
{
    struct ready_of *p = &r->of[pipeline];
    bool more;

    pthread_mutex_lock(&r->lock);
    p->inside--;
    /* With one pipeline the caller takes it himself; of several his next may be another's. */
    more = r->n > 1 && p->turn != NULL && p->most > 0;
    pthread_mutex_unlock(&r->lock);
    if (more)
        wake_one(r);
}

void
ready_room(struct ready *r)
{
    pthread_mutex_lock(&r->lock);
    pthread_cond_broadcast(&r->some);
    pthread_mutex_unlock(&r->lock);
}

uint32_t
ready_forget(struct ready *r, uint32_t pipeline, struct conn_id conn)
{
    struct ready_of *p = &r->of[pipeline];
    struct window *gone = NULL;
    struct sender *l;
    uint32_t n = 0;

    pthread_mutex_lock(&r->lock);
    l = find_locked(p, key_of(p, conn));
    if (l != NULL) {
        for (struct window **at = &l->first; *at != NULL;) {
            struct window *w = *at;

            if (!same_conn(w->conn, conn)) {
                at = &w->next;
                continue;
            }
            *at = w->next;
            w->next = gone;
            gone = w;
            n++;
        }
        l->last = &l->first;
        while (*l->last != NULL)
            l->last = &(*l->last)->next;
        if (l->first == NULL)
            unlist_locked(p, l);
        drop_if_empty_locked(p, l);
        r->count -= n;
    }
    pthread_mutex_unlock(&r->lock);
    while (gone != NULL) {
        struct window *w = gone;

        gone = w->next;
        window_free(&w);
    }
    return n;
}

void
ready_stop(struct ready *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopped = true;
    pthread_cond_broadcast(&r->some);
    pthread_mutex_unlock(&r->lock);
}

size_t
ready_count(struct ready *r)
{
    size_t n;

    pthread_mutex_lock(&r->lock);
    n = r->count;
    pthread_mutex_unlock(&r->lock);
    return n;
}

bool
ready_idle(struct ready *r)
{
    bool idle;

    pthread_mutex_lock(&r->lock);
    idle = r->count == 0;
    for (size_t i = 0; i < r->n; i++)
        idle = idle && r->of[i].inside == 0;
    pthread_mutex_unlock(&r->lock);
    return idle;
}

bool
ready_idle_of(struct ready *r, uint32_t pipeline)
{
    bool idle;

    pthread_mutex_lock(&r->lock);
    idle = r->of[pipeline].turn == NULL && r->of[pipeline].inside == 0;
    pthread_mutex_unlock(&r->lock);
    return idle;
}

static void
free_sender(struct sender *l)
{
    while (l->first != NULL) {
        struct window *w = l->first;

        l->first = w->next;
        window_free(&w);
    }
    free(l);
}

void
ready_free(struct ready **r)
{
    if (*r == NULL)
        return;
    for (size_t i = 0; i < (*r)->n; i++)
        for (size_t b = 0; b < BUCKETS; b++)
            for (struct sender *l = (*r)->of[i].bucket[b], *next; l != NULL; l = next) {
                next = l->hash_next;
                free_sender(l);
            }
    pthread_cond_destroy(&(*r)->some);
    pthread_mutex_destroy(&(*r)->lock);
    free((*r)->of);
    free(*r);
    *r = NULL;
}
