/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sender makes of the server's answers: windows in flight, and the rules for their ACKs.
 *
 * Accepts what a Beat accepts; what a Beat accepts but a server should not do (partial ACKs,
 * keep-alives without a window) is told apart. Pure: no socket, no clock.
 * Source: reference/lumberjack-and-beats-input.md 2.3 and 2.5. */
#ifndef TOOLS_BEATS_SEND_ACK_CHECK_H
#define TOOLS_BEATS_SEND_ACK_CHECK_H

#include "codec/base/error.h"
#include "codec/base/slice.h"

#define ACK_IN_FLIGHT 64 /* windows, at most */

struct ack_window {
    uint32_t first, last; /* sequence numbers; an empty window: last is 0 */
    char version;
    bool sent; /* its last byte has left; an ACK before that is too early */
};

struct ack_check {
    struct ack_window windows[ACK_IN_FLIGHT]; /* a ring, oldest at front */
    unsigned front, n;
    uint32_t partial; /* highest partial ACK of the oldest window, counted from its first */
};

enum ack_seen {
    ACK_BROKEN = -1, /* *err: a rule that ends the connection */
    ACK_MORE,        /* no whole frame is there */
    ACK_ALIVE,       /* keep-alive */
    ACK_STRAY,       /* keep-alive though no window waits, or to version 1 */
    ACK_PART,        /* of the oldest window */
    ACK_BACK,        /* lower than a partial ACK before */
    ACK_DONE         /* the oldest window is done and gone */
};

/* False: as many are in flight as can be. */
bool ack_check_add(struct ack_check *c, struct ack_window w);
/* The oldest unsent one has left. */
void ack_check_sent(struct ack_check *c);
enum ack_seen ack_check_next(struct ack_check *c, struct slice *in, struct err *err);

#endif
