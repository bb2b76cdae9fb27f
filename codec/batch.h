/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A batch: one window inflated, an arena and its events.
 *
 * One worker owns it; sealed it is read-only. At most BATCH_EVENTS events, and nodes for no more
 * than a window may have (memory.limit / 8); a larger window becomes several batches. Events that
 * filters make are put behind their parent. */
#ifndef CODEC_BATCH_H
#define CODEC_BATCH_H

#include "codec/event.h"

#define BATCH_EVENTS 65535
#define BATCH_HINTS  64

struct batch {
    struct arena arena;
    struct event **events; /* in order; cancelled ones stay until the run drops them */
    uint32_t n, cap;
    struct event **spawned; /* made by the filter call under way, in order; run.c places them */
    uint32_t spawned_n, spawned_cap;
    bool sealed;
    /* Where event.c found a member last, by the address of its name: events of one sender have
     * their members in the same order, mostly. */
    uint8_t hint[BATCH_HINTS];
    struct timestamp_day day; /* of the @timestamp that a filter set last */
    struct batch *next;       /* the keeper's list */
};
static_assert(offsetof(struct batch, arena) == 0, "event_arena() relies on it");

/* share is charged for the arena; NULL for tests. */
struct batch *batch_new(struct budget_share *share);
void batch_recycle(struct batch **b); /* *b may be NULL */
/* An empty event at the end: both roots empty objects. */
struct event *batch_add(struct batch *b);
/* An event of this batch that is in no list goes to the end. */
void batch_append(struct batch *b, struct event *ev);
/* An event that follows the one a filter works on; see event_clone. */
struct event *batch_spawn(struct batch *b);
void batch_seal(struct batch *b);

#endif
