/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Received bytes to windows, for one connection (style 3.4, rule 3). No socket, no clock.
 *
 * Bytes go from the loop's buffer into blocks of the window, which never move and are charged as
 * they come; a frame that does not fit its block is started again in a larger one. Nothing is
 * inflated: after a C frame a window counts as complete, and frames that come without a W of their
 * own are held until a worker has said whether it was (design 2). Loop thread. */
#ifndef SERVER_BEATS_FEED_H
#define SERVER_BEATS_FEED_H

#include "codec/base/buf.h"
#include "codec/lj_frame.h"
#include "codec/window.h"

struct beats_feed {
    struct lj_framer *framer;
    struct budget_share *share;
    size_t window_max;          /* received bytes of one window; design 4 */
    struct window *open;        /* being filled; NULL: nothing of the next window is here */
    struct window_block *block; /* where its next bytes go */
    size_t tail;                /* bytes of a partial frame at the end of block */
    size_t block_size;          /* of the next block; grows with the window */
    uint32_t left;              /* > 0: the open window goes on in a W that came before */
    bool compressed;            /* the open window has a C frame */
    bool holding;
    struct buf held;  /* bytes that wait for the worker's answer; charged as BUDGET_WINDOW */
    size_t held_from; /* of them: those before were fed again */
    bool again;       /* they are being fed again */
};

enum feed_status {
    FEED_BAD = -1, /* *err says why; no window after this */
    FEED_MORE,     /* everything is taken */
    FEED_WINDOW,   /* *out is whole; call again with the rest */
    FEED_EMPTY,    /* a W of no events, to be answered with ACK 0 in its turn; call again */
    FEED_HELD      /* everything is taken; read no more before feed_answer */
};

void feed_init(struct beats_feed *f, const struct lj_limits *limits, struct budget_share *share,
               size_t window_max);
void feed_fini(struct beats_feed *f);

/* Moves *in. version: of the window's W. */
enum feed_status feed_bytes(struct beats_feed *f, struct slice *in, struct window **out,
                            char *version, struct err *err);
/* A worker has looked into the last window that was handed over, and no other: left events are
 * still missing. True: *held is to be fed again, before anything else; it stays ours, and what has
 * to wait once more is not copied: a window of many small C frames would cost its square. */
bool feed_answer(struct beats_feed *f, char version, uint32_t left, struct slice *held);
/* Behind the last window that was handed over a W has been read. */
bool feed_has_next(const struct beats_feed *f);
/* A window has begun and is not complete. */
bool feed_is_open(const struct beats_feed *f);
/* Of the window that is open, received so far. */
size_t feed_open_bytes(const struct beats_feed *f);
/* At the end of the stream: ERR_NONE, ERR_EOF_MID_FRAME, ERR_EOF_MID_WINDOW. */
enum err_code feed_at_eof(const struct beats_feed *f);

#endif
