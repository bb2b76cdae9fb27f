/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lumberjack, stage 2, on a worker: a window to batches. Inflates, validates, counts.
 *
 * One decoder a worker. Finds what only inflating shows (design 2): windows inside a C frame,
 * events missing, a premature W. Values alias the inflated bytes (a block of the batch's arena) or,
 * for plain frames, the window's blocks, so the window lives under its batch then.
 * Source: reference/lumberjack-and-beats-input.md 1.8, 1.9, 8. */
#ifndef CODEC_LJ_DECODE_H
#define CODEC_LJ_DECODE_H

#include "codec/batch.h"
#include "codec/lj_frame.h"
#include "codec/window.h"

struct lj_ack {
    uint32_t seq; /* of the last event received in the window, never interpreted; 0: empty window */
    char version; /* of its W */
};

/* The ACKs that one window on the wire owes, in order; mostly one, which needs no allocation. */
struct lj_acks {
    struct lj_ack first;
    struct lj_ack *more; /* heap, n - 1 of them */
    uint32_t n, cap;
};

void lj_acks_add(struct lj_acks *acks, struct lj_ack ack);
struct lj_acks lj_acks_take(struct lj_acks *acks); /* *acks is empty afterwards */
struct lj_ack lj_acks_at(const struct lj_acks *acks, uint32_t i);
void lj_acks_fini(struct lj_acks *acks);

/* An event that is bad JSON, no object, bad UTF-8 or too deep. */
enum lj_on_bad { LJ_QUARANTINE, LJ_CLOSE };

enum lj_bad_event { LJ_BAD_JSON, LJ_NOT_OBJECT, LJ_BAD_UTF8, LJ_TOO_DEEP, LJ_BAD_KINDS };

enum decoded {
    DECODED_BATCH, /* *out is the next batch; call again */
    DECODED_END,   /* the window is through; see found */
    DECODED_ROOM,  /* no room to grow, and no batch was given yet: w->guess is the better guess;
                    * put the window back */
    DECODED_BAD    /* *err: close the connection. Batches given before stay valid; ACKs found
                    * before the error stay owed */
};

/* What the loop must know when the window is through. */
struct lj_found {
    uint32_t left; /* > 0: the last W is still open, so many events to come */
    char version;
    uint64_t events, inflated; /* for counters and the connection's ratio */
    uint64_t bad[LJ_BAD_KINDS];
    struct err first_bad; /* what was wrong with the first of them */
    uint64_t trailing;    /* bytes ignored behind zlib ends */
};

struct lj_decoder;

struct lj_decoder *lj_decoder_new(void);
void lj_decoder_free(struct lj_decoder **d);

/* Starts on a window. Events are raw: value.data holds the JSON object or the pairs, nothing is
 * constructed yet (no @timestamp, no @version): the input decorates. A quarantined event is
 * {"message": text, "tags": ["_jsonparsefailure"]} and event->run_index is LJ_EVENT_BAD. */
#define LJ_EVENT_BAD UINT32_MAX
void lj_decode_start(struct lj_decoder *d, struct window *w, const struct lj_limits *limits,
                     enum lj_on_bad on_bad);
/* Until something else than DECODED_BATCH. The caller owns *out. A batch's ACKs may be added
 * before its events are settled: done holds them back. *found is cleared by the first call and
 * complete after the last. err->pos: offset of the outer frame in what the window received. The
 * window's blocks are gone when nothing aliases them; if they are there, they must outlive the
 * batches. */
enum decoded lj_decode(struct lj_decoder *d, struct lj_acks *acks, struct batch **out,
                       struct lj_found *found, struct err *err);

#endif
