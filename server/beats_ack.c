/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/beats_ack.h"

#include "codec/base/error.h"

#include <stdlib.h>

#define RING_FIRST 4
#define RING_KEEP  64 /* a Beat has a few windows under way */

static struct beats_pending *
at(const struct beats_acks *a, uint32_t number)
{
    return &a->ring[number & (a->cap - 1)];
}

static void
pop(struct beats_acks *a)
{
    struct beats_pending *oldest = at(a, a->first);

    lj_acks_fini(&oldest->acks);
    a->version1 -= oldest->version == '1';
    a->first++;
    a->n--;
    a->sent = 0;
}

void
beats_ack_fini(struct beats_acks *a)
{
    while (a->n > 0)
        pop(a);
    free(a->ring);
    *a = (struct beats_acks){ 0 };
}

static void
grow(struct beats_acks *a)
{
    uint32_t cap = a->cap == 0 ? RING_FIRST : a->cap * 2;
    struct beats_pending *ring = xcalloc(cap, sizeof *ring);

    for (uint32_t i = 0; i < a->n; i++)
        ring[(a->first + i) & (cap - 1)] = *at(a, a->first + i);
    free(a->ring);
    a->ring = ring;
    a->cap = cap;
}

uint32_t
beats_ack_expect(struct beats_acks *a, char version, uint64_t now_ms)
{
    uint32_t number = a->first + a->n;

    if (a->n == a->cap)
        grow(a);
    if (a->n == 0)
        a->last_write_ms = now_ms;
    *at(a, number) = (struct beats_pending){ .since_ms = now_ms, .version = version };
    a->version1 += version == '1';
    a->n++;
    return number;
}

void
beats_ack_settle(struct beats_acks *a, uint32_t number, struct lj_acks *acks)
{
    struct lj_acks taken = lj_acks_take(acks);

    if (number - a->first >= a->n || at(a, number)->settled) {
        lj_acks_fini(&taken);
        return;
    }
    at(a, number)->settled = true;
    at(a, number)->acks = taken;
}

void
beats_ack_stop(struct beats_acks *a, uint32_t number)
{
    if (a->stopped && (int32_t)(a->stop_at - number) <= 0)
        return;
    a->stopped = true;
    a->stop_at = number;
}

bool
beats_ack_next(struct beats_acks *a, struct lj_ack *out)
{
    while (a->n > 0) {
        struct beats_pending *oldest = at(a, a->first);

        if (a->stopped && (int32_t)(a->first - a->stop_at) >= 0) {
            pop(a); /* will come again: it was never acknowledged */
            continue;
        }
        if (!oldest->settled)
            return false;
        if (a->sent < oldest->acks.n) {
            *out = lj_acks_at(&oldest->acks, a->sent++);
            return true;
        }
        pop(a);
    }
    return false;
}

void
beats_ack_wrote(struct beats_acks *a, uint64_t now_ms)
{
    a->last_write_ms = now_ms;
}

bool
beats_ack_shrink(struct beats_acks *a)
{
    if (a->n > 0 || a->cap <= RING_KEEP)
        return false;
    free(a->ring);
    a->ring = NULL;
    a->cap = 0;
    return true;
}

uint32_t
beats_ack_waiting(const struct beats_acks *a)
{
    return a->n;
}

uint64_t
beats_ack_oldest_ms(const struct beats_acks *a)
{
    ASSERT(a->n > 0);
    return at(a, a->first)->since_ms;
}

uint64_t
beats_ack_keepalive_in(const struct beats_acks *a, uint64_t now_ms)
{
    uint64_t due = a->last_write_ms + a->keepalive_ms;

    /* A version 1 sender takes the first ACK-sized answer as the final one. */
    if (a->keepalive_ms == 0 || a->n == 0 || a->version1 > 0)
        return UINT64_MAX;
    return due <= now_ms ? 0 : due - now_ms;
}
