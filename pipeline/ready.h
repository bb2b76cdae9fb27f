/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ready list: whole windows that wait for a worker, and the hand-over in one (design 2).
 *
 * There is no queue length; its bound is bytes in the budget. Loops never block on a give. Serves
 * connections by deficit round robin in bytes; of one connection one window is decoded at a time
 * (the next may be once its worker goes on to filters). A window leaves only when its pipeline has
 * room for what it inflates to. One lock; any thread. */
#ifndef PIPELINE_READY_H
#define PIPELINE_READY_H

#include "codec/window.h"

struct ready;

struct ready *ready_new(size_t pipelines);
void ready_free(struct ready **r); /* windows that are left are freed: never acknowledged */
/* How many workers may be inside a pipeline; 0: no bound. lane: one at a time, in arrival order. */
void ready_limit(struct ready *r, uint32_t pipeline, uint32_t workers, bool lane);

/* Takes the window. Never blocks. */
void ready_give(struct ready *r, uint32_t pipeline, struct window **w);
/* The next window in fair order, with room reserved (w->room, w->view_room); waits until there is
 * one or the list is stopped (NULL). The caller is inside the pipeline until ready_leave. */
struct window *ready_take(struct ready *r, uint32_t *pipeline);
/* What a window was: the next reservations go by it. */
struct ready_sizes {
    size_t received; /* compressed; 0: it was not */
    size_t text;     /* of its events */
    size_t events;
    size_t views; /* what they were encoded to */
};
void ready_learn(struct ready *r, uint32_t pipeline, const struct ready_sizes *sizes);
/* Room was not enough: back to the front of its connection, w->guess says how much is needed. The
 * caller has left the pipeline. */
void ready_put_back(struct ready *r, uint32_t pipeline, struct window **w);
/* The window is decoded: another worker may decode the next one of its connection. */
void ready_decoded(struct ready *r, uint32_t pipeline, struct conn_id conn);
/* The caller goes on to ready_take: with one pipeline nobody else is woken for its place. */
void ready_leave(struct ready *r, uint32_t pipeline);
/* Memory was released: somebody who waits for room may go on. Cheap when nobody does. */
void ready_room(struct ready *r);
/* A dead connection loses the windows that no worker has taken. How many. */
uint32_t ready_forget(struct ready *r, uint32_t pipeline, struct conn_id conn);
/* No worker waits any more; what is in the list stays. */
void ready_stop(struct ready *r);
size_t ready_count(struct ready *r);
/* Nothing waits and no worker is inside a pipeline; or inside this one. */
bool ready_idle(struct ready *r);
bool ready_idle_of(struct ready *r, uint32_t pipeline);

#endif
