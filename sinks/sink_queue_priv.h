/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the sink queue share: sink_queue.c (what waits and goes), sink_lot.c (items
 * that go together), sink_request.c (what goes out). All of it on the home loop. */
#ifndef SINKS_SINK_QUEUE_PRIV_H
#define SINKS_SINK_QUEUE_PRIV_H

#include "server/net/loop.h"
#include "sinks/sink_queue.h"

#include <pthread.h>

/* A view in our hands, until its last item is settled. */
struct held {
    struct mail mail; /* how it came */
    struct held *next, *before;
    struct sink_queue *queue;
    struct view *view;
    uint32_t open;      /* items not settled */
    unsigned under_way; /* lots of it in requests */
    /* By item, heap: texts that are sent from now on instead; p NULL: as it was. NULL: none yet. */
    struct slice *replaced;
    size_t replaced_bytes; /* charged as BUDGET_VIEW */
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

/* ---- sink_lot.c ---- */

void lots_init(struct lots *l);
void lots_append(struct lots *l, struct sink_lot *lot);
void lots_push(struct lots *l, struct sink_lot *lot); /* to the front */
void lots_unlink(struct lots *l, struct sink_lot **at);

struct sink_lot *lot_new(struct held *of, uint32_t first, uint32_t n);
void lot_free(struct sink_lot *lot);
/* The first n items as a lot of their own, with the same history. */
struct sink_lot *lot_split(struct sink_lot *lot, uint32_t n);
uint32_t lot_item(const struct sink_lot *lot, uint32_t i); /* its index in the view */
uint64_t lot_bytes(const struct sink_lot *lot);            /* plain */
/* How many items from the front fit into the room. */
uint32_t lot_fits(const struct sink_lot *lot, uint64_t room);
/* Where the bytes of a lot lie together as they go out; false: they do not. */
bool lot_lies_together(const struct sink_lot *lot, struct slice *out);

/* The text of an item from now on; heap, taken. */
void held_replace(struct held *h, uint32_t index, struct slice text);
/* p NULL: it is as it was. */
struct slice held_replaced(const struct held *h, uint32_t index);
void held_forget_replaced(struct held *h);

/* ---- sink_request.c ---- */

/* Frees the request; its lots are the caller's. */
struct sink_lot *sink_request_end(struct sink_request **r);

#endif
