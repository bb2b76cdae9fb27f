/* SPDX-License-Identifier: GPL-3.0-or-later */
/* done: the completion token of a window (design 3).
 *
 * One atomic count. Starts at 1, held by the worker; +1 for each view before its sink gets it; the
 * worker drops its own last. Who drops the last count runs `settled` on his own thread: it answers
 * however the input answers (mail to a loop, an HTTP status, nothing) and knows no loop itself. */
#ifndef PIPELINE_DONE_H
#define PIPELINE_DONE_H

#include "codec/batch.h"
#include "codec/lj_decode.h"
#include "codec/window.h"

#include <stdatomic.h>

struct plan;
struct done;
struct view;

/* Called once. May take d->acks; d is freed on return. */
typedef void settled_fn(void *to, struct done *d);

struct done {
    atomic_uint left;
    atomic_bool abandoned; /* a view was lost: nothing is answered, whatever else settles */
    bool no_sender;        /* nobody sends again what is abandoned (input_type.cannot_ask_again) */
    settled_fn *settled;
    void *to;
    struct conn_id conn;
    uint32_t window;            /* its number on that connection */
    struct lj_acks acks;        /* the worker finds them inside */
    struct plan *plan;          /* counted: sinks use it long after the workers have left */
    struct batch *kept;         /* those an output still needs, for dead letters; mostly NULL */
    struct window *window_kept; /* plain frames: values alias it until the batches are gone */
    struct view *origin;        /* of another pipeline: what this window settles; else NULL */
    uint64_t events;            /* for the account at the end */
};

/* plan's count is taken. */
struct done *done_new(settled_fn *settled, void *to, struct plan *plan);
struct done *done_hold(struct done *d); /* one more count; returns d */
void done_drop(struct done **d);        /* any thread; at 0 the answer leaves */
/* A view is given up unsettled, at the end of a stop: its count goes, the answer never leaves. */
void done_abandon(struct done **d);
/* The window goes back to the ready list: nobody else has a count; nothing is answered. */
void done_cancel(struct done **d);
/* The batch lives, sealed, until done is 0. */
void done_keep(struct done *d, struct batch **b);

#endif
