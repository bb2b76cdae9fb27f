/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory budget: one number for the process, divided among pipelines (design 4).
 *
 * Whatever grows with what senders do is charged here by the byte, before or while it is
 * allocated: any thread, lock-free. A share is a pipeline's part; what belongs to no pipeline
 * (TLS sessions, connection structs, cached blocks) is charged to the common share. Each pipeline
 * is guaranteed limit / (2 x pipelines); the other half goes to whoever asks first.
 *
 * Charging happens once a block, a read or a window, never once an event, so plain atomics do. */
#ifndef CODEC_BASE_BUDGET_H
#define CODEC_BASE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum budget_part {
    BUDGET_WINDOW, /* windows as received */
    BUDGET_BATCH,  /* arenas, inflated bytes, and room reserved for them */
    BUDGET_VIEW,   /* encoded events that wait for an output */
    BUDGET_BODY,   /* requests and answers under way */
    BUDGET_CONN,   /* connection structs and their buffers */
    BUDGET_KERNEL, /* 2 x SO_RCVBUF of each paused connection */
    BUDGET_TLS,    /* TLS sessions and the library's caches */
    BUDGET_IDLE,   /* blocks kept for reuse */
    BUDGET_PARTS
};

/* How full the budget is, as one share sees it. Each step has its rule in design 4. */
enum budget_level {
    BUDGET_CALM,  /* below a half: nobody pauses */
    BUDGET_BUSY,  /* a connection goes on until it holds four windows or 1 MiB */
    BUDGET_TIGHT, /* above three quarters: no accepting; pause at window boundaries */
    BUDGET_FULL   /* above seven eighths: also mid-window; the rest is for inflating */
};

struct budget;

struct budget_share {
    struct budget *budget;
    _Atomic int64_t used;
    _Atomic int64_t views;   /* of it: what outputs hold, or will when a worker is through */
    _Atomic int64_t batches; /* of it: what workers hold */
};

struct budget {
    int64_t limit;
    _Atomic int64_t used;
    _Atomic int64_t held;     /* of it by the process itself: without BUDGET_KERNEL */
    _Atomic int64_t peak;     /* of what is held */
    _Atomic int64_t released; /* ever */
    _Atomic int64_t parts[BUDGET_PARTS];
    atomic_uint pipelines;
    _Atomic int64_t shared; /* sum over pipelines of what exceeds their guarantee */
    _Atomic int64_t views;  /* and of what their outputs hold */
    /* Somebody waits for room: the next release calls room(arg), once, on the thread that released.
     * Set both before threads start; room may take locks that no releasing caller holds. */
    atomic_bool wanted;
    atomic_bool lent; /* see budget_borrow */
    void (*room)(void *arg);
    void *room_arg;
    struct budget_share common;
};

void budget_init(struct budget *b, size_t limit_bytes);
/* 60 % of the cgroup's limit (v1 and v2), else a quarter of RAM, at most 1 GiB. */
size_t budget_default_limit(void);
/* A pipeline comes and goes; its share must be empty when it goes. */
void budget_join(struct budget *b, struct budget_share *share);
void budget_leave(struct budget_share *share);

/* Unconditional: for what is already decided. share may be NULL (nothing is charged). */
void budget_charge(struct budget_share *share, enum budget_part part, size_t bytes);
void budget_release(struct budget_share *share, enum budget_part part, size_t bytes);
/* Charges if the share may have that much now; false and nothing charged if not. A caller who then
 * waits sets budget.wanted and asks once more first. */
bool budget_reserve(struct budget_share *share, enum budget_part part, size_t bytes);
/* For a whole window: batch bytes as BUDGET_BATCH, and views as BUDGET_VIEW for what its events
 * will be encoded to; both or none. An output may hold half of what its pipeline could have.
 * However full a pipeline is, its only batch needs room in the whole budget alone, and its only
 * views may go beyond the limit while what is held is within it, and all of them together may go an
 * eighth beyond; the only views of all pipelines are taken as they are: so one window can always go
 * through, whatever the outputs of others hold. */
bool budget_reserve_window(struct budget_share *share, size_t batch, size_t views);
/* More views for a window that turned out larger: `mine` are already reserved for it. By the same
 * rule. */
bool budget_reserve_views(struct budget_share *share, size_t mine, size_t more);

/* For the pipeline of this share: an output that holds more than half of what the pipeline could
 * have makes it BUDGET_FULL, whatever the others do. */
enum budget_level budget_level(const struct budget_share *share);
/* Connections alone hold half: nobody new, or those that are here could not send. */
bool budget_is_crowded(const struct budget *b);
/* Nothing of this pipeline is decoded or encoded: unless a worker is about to, nothing of it will
 * be released but by reading on. */
bool budget_is_still(const struct budget_share *share);
/* The last eighth, for one reader of the process at a time; false: it is lent. */
bool budget_borrow(struct budget *b);
void budget_give_back(struct budget *b);
/* The largest window that can ever be admitted, received plus inflated: limit / 8. */
size_t budget_window_max(const struct budget *b);
const char *budget_part_name(enum budget_part part);

#endif
