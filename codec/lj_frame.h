/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lumberjack, stage 1: bytes to frames and windows. Inflates nothing, copies nothing.
 *
 * A loop uses it to find where a window ends. On a worker, lj_decode.c walks the window with it,
 * and what a C frame inflates to. No sockets, clock, threads or logging: tests and fuzzers call it
 * directly. Payloads alias the input, which belongs to the window. Resumable inside every frame
 * without looking twice at the same bytes, also between the pairs of a D frame.
 * Source: reference/lumberjack-and-beats-input.md 1 (profile of 1.8) and 8. */
#ifndef CODEC_LJ_FRAME_H
#define CODEC_LJ_FRAME_H

#include "codec/base/error.h"
#include "codec/base/slice.h"

struct lj_framer; /* defined in lj_frame.c */

struct lj_limits {
    uint32_t window_events;                 /* events one window may announce */
    uint32_t json_bytes;                    /* one J payload */
    uint32_t compressed_bytes;              /* one C payload, as sent */
    uint64_t decompressed_bytes;            /* one C payload, inflated */
    uint32_t pairs, key_bytes, value_bytes; /* of D frames */
    uint32_t json_depth;
};

extern const struct lj_limits lj_default_limits;

struct lj_frame {
    struct slice payload; /* J: the event. C: a zlib stream nobody has looked into. D: the pairs */
    uint32_t seq;         /* W: the number of events */
    uint32_t pairs;       /* D */
    char version, type;   /* '1' or '2'; W J D C */
};

enum lj_status {
    LJ_BAD = -1,  /* *err says why; the stream cannot be resynchronised */
    LJ_NEED_MORE, /* call again with at least one more byte after *in */
    LJ_FRAME,     /* *out is a whole frame; its window goes on (or it opens one) */
    LJ_WINDOW     /* *out ends its window; after a C frame: unless a worker finds events missing.
                   * An empty W ends its own window at once */
};

struct lj_framer *lj_new(const struct lj_limits *limits); /* limits must live as long */
void lj_free(struct lj_framer **f);                       /* *f may be NULL; set to NULL */

/* Takes one whole frame off the front of *in, or leaves *in alone. Between calls the unread bytes
 * may move, but must stay the same bytes. */
enum lj_status lj_next(struct lj_framer *f, struct slice *in, struct lj_frame *out,
                       struct err *err);
/* After LJ_NEED_MORE: bytes the frame at the front is known to need in all (0: not known yet), so
 * that a block of the right size can be had before they arrive. */
size_t lj_wanted(const struct lj_framer *f);

/* Events still missing in the open window; LJ_UNKNOWN after a C frame (stage 1 cannot count). */
#define LJ_UNKNOWN UINT32_MAX
uint32_t lj_left(const struct lj_framer *f);
char lj_version(const struct lj_framer *f); /* of the open (or last) window's W */
/* A worker's answer, or a window handed over without its W: so many events are still to come. */
void lj_reopen(struct lj_framer *f, char version, uint32_t left);
/* Inside what a C frame inflates to: C is refused, W is legal. */
void lj_enter_c(struct lj_framer *f);
void lj_leave_c(struct lj_framer *f);
/* At the end of the stream: ERR_NONE, ERR_EOF_MID_FRAME or ERR_EOF_MID_WINDOW. */
enum err_code lj_at_eof(const struct lj_framer *f, struct slice unread);

#endif
