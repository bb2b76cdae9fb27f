/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/batch.h"

#include "codec/base/error.h"

#include <stdlib.h>

#define EVENTS_FIRST 16

struct batch *
batch_new(struct budget_share *share)
{
    struct batch *b = xcalloc(1, sizeof *b);

    arena_init(&b->arena, share);
    return b;
}

void
batch_recycle(struct batch **b)
{
    if (*b == NULL)
        return;
    arena_fini(&(*b)->arena);
    free(*b);
    *b = NULL;
}

/* Room for one more pointer in a list that lives in the arena. */
static void
grow(struct batch *b, struct event ***list, uint32_t n, uint32_t *cap)
{
    struct event **more;

    if (n < *cap)
        return;
    *cap = *cap < EVENTS_FIRST ? EVENTS_FIRST : *cap * 2;
    more = arena_alloc(&b->arena, *cap * sizeof *more);
    if (n > 0)
        memcpy(more, *list, n * sizeof *more);
    *list = more;
}

static struct event *
event_new(struct batch *b)
{
    struct event *ev = arena_alloc(&b->arena, sizeof *ev);

    *ev = (struct event){ .batch = b };
    return ev;
}

static struct event *
empty_event(struct batch *b)
{
    struct event *ev = event_new(b);

    ev->data = value_object(&b->arena);
    ev->meta = value_object(&b->arena);
    return ev;
}

void
batch_append(struct batch *b, struct event *ev)
{
    ASSERT(!b->sealed && ev->batch == b);
    grow(b, &b->events, b->n, &b->cap);
    b->events[b->n++] = ev;
}

struct event *
batch_add(struct batch *b)
{
    struct event *ev = empty_event(b);

    batch_append(b, ev);
    return ev;
}

struct event *
batch_spawn(struct batch *b)
{
    ASSERT(!b->sealed);
    grow(b, &b->spawned, b->spawned_n, &b->spawned_cap);
    return b->spawned[b->spawned_n++] = empty_event(b);
}

void
batch_seal(struct batch *b)
{
    ASSERT(!b->sealed);
    b->sealed = true;
}
