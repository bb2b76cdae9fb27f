/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A window: what a sender asked us to acknowledge, as received (design 2).
 *
 * Made by a connection's loop, which fills blocks that never move and charges them while they
 * arrive; given to the ready list, then to one worker. For other inputs it is whatever bytes one
 * `done` settles. Knows neither done nor plan: those are the layer above. */
#ifndef CODEC_WINDOW_H
#define CODEC_WINDOW_H

#include "codec/base/budget.h"
#include "codec/base/slice.h"

/* Nothing outside a loop holds a connection: an id with an old generation finds nobody. */
struct conn_id {
    uint16_t loop;
    uint16_t input; /* each input counts slots of its own */
    uint32_t slot;
    uint32_t generation;
};

/* What an event may cost an output beside its text: a window of 65,535 times {} is not small. */
#define WINDOW_EVENT 256

struct window_block {
    struct window_block *next;
    size_t n, cap; /* bytes used, room */
    char data[];
};

struct window {
    struct window *next; /* ready list, connection list: whoever owns it */
    struct conn_id conn;
    uint32_t number;     /* on its connection, from 0 */
    struct slice *parts; /* whole frames, in order; they lie in the blocks */
    size_t parts_n, parts_cap;
    struct window_block *blocks;
    struct budget_share *share;
    size_t bytes;     /* of the blocks, charged as BUDGET_WINDOW with what they cost beside */
    size_t room;      /* reserved as BUDGET_BATCH by the ready list, released by the decoder */
    size_t view_room; /* reserved as BUDGET_VIEW for what its events are encoded to */
    size_t guess;     /* inflated size to reserve; 0: by ratio */
    size_t text;      /* bytes of its events, as far as they are decoded */
    double encoded;   /* what a byte of text, with WINDOW_EVENT for each event, is encoded to */
    uint32_t left;    /* > 0: no W of its own, goes on in an open one with so many to come */
    char version;     /* of the W it goes on in */
    bool whole;       /* plain frames only: known to be complete */
    void *input;      /* the listener; the layer above casts */
    void *peer;       /* what the listener knows of the connection (address, TLS) */
    void (*peer_drop)(void *peer); /* called by window_free; NULL: nothing to do */
};

struct window *window_new(struct budget_share *share);
void window_free(struct window **w); /* *w may be NULL; releases what is charged */
/* A block with room for at least n bytes at the end of the list, charged. */
struct window_block *window_block(struct window *w, size_t n);
/* The block goes back: a frame was started again in a larger one. It holds no part. */
void window_block_drop(struct window *w, struct window_block *b);
/* Joins the part before it when it follows on directly. */
void window_part(struct window *w, struct slice frames);
/* Compressed payloads were inflated: their blocks may go before the batch does. Parts are void
 * afterwards. */
void window_drop_blocks(struct window *w);

#endif
