/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One Beats connection without its socket: bytes in, events and ACKs out, at once.
 *
 * The real feed and the real decoder with nothing in between. Batches are kept until the end, with
 * the windows they may alias. */
#ifndef TESTS_VECTORS_WIRE_H
#define TESTS_VECTORS_WIRE_H

#include "codec/lj_decode.h"
#include "server/beats_feed.h"

struct wire {
    struct lj_limits limits;
    enum lj_on_bad on_bad;
    struct beats_feed feed;
    struct lj_decoder *decoder;
    uint64_t pos;    /* in the stream, of the next byte to feed */
    struct buf acks; /* bytes as the server would write them */
    struct err err;  /* ERR_NONE: all is well */
    uint64_t err_at; /* offset of the outer frame in the stream */
    bool closed;     /* by us, for a protocol error */
    struct event **events;
    size_t n, cap;
    struct batch *batches;
    struct window *windows;
    struct lj_found found; /* sums */
};

void wire_init(struct wire *w, const struct lj_limits *limits, enum lj_on_bad on_bad);
void wire_fini(struct wire *w);
void wire_feed(struct wire *w, struct slice bytes);
void wire_eof(struct wire *w); /* err says what was cut, if anything was */

#endif
