/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/body_pool.h"

#include "codec/base/error.h"

#include <pthread.h>
#include <stdlib.h>

#define SPARES     4
#define SPARE_MIN  ((size_t)128 << 10) /* smaller ones the allocator keeps by itself */
#define SPARE_MAX  ((size_t)8 << 20)
#define IDLE_TICKS 8

struct body_pool {
    pthread_mutex_t lock;
    struct budget_share *share;
    struct buf spare[SPARES];
    size_t n;
    unsigned idle_ticks;
};

struct body_pool *
body_pool_new(struct budget_share *share)
{
    struct body_pool *p = xcalloc(1, sizeof *p);

    pthread_mutex_init(&p->lock, NULL);
    p->share = share;
    return p;
}

static bool
pop(struct body_pool *p, struct buf *out)
{
    if (p->n == 0)
        return false;
    *out = p->spare[--p->n];
    budget_release(p->share, BUDGET_IDLE, out->cap);
    return true;
}

void
body_pool_take(struct body_pool *p, struct buf *out)
{
    pthread_mutex_lock(&p->lock);
    p->idle_ticks = 0;
    pop(p, out);
    pthread_mutex_unlock(&p->lock);
}

void
body_pool_give(struct body_pool *p, struct buf *b)
{
    buf_clear(b);
    if (b->cap >= SPARE_MIN && b->cap <= SPARE_MAX) {
        pthread_mutex_lock(&p->lock);
        if (p->n < SPARES) {
            budget_charge(p->share, BUDGET_IDLE, b->cap);
            p->spare[p->n++] = *b;
            *b = (struct buf){ 0 };
        }
        pthread_mutex_unlock(&p->lock);
    }
    buf_fini(b);
}

static void
drop_all(struct body_pool *p)
{
    struct buf b;

    while (pop(p, &b))
        buf_fini(&b);
}

void
body_pool_tick(struct body_pool *p)
{
    pthread_mutex_lock(&p->lock);
    if (++p->idle_ticks >= IDLE_TICKS)
        drop_all(p);
    pthread_mutex_unlock(&p->lock);
}

void
body_pool_free(struct body_pool **at)
{
    struct body_pool *p = *at;

    *at = NULL;
    if (p == NULL)
        return;
    drop_all(p);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
