/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ACK and keep-alive rules of one connection, pure: no socket, no clock of its own.
 *
 * Windows are expected in the order of their arrival and settle in any order; ACKs leave in order,
 * one a window (some on the wire hold none or several), never merged, never early. Loop thread.
 * Source: reference/lumberjack-and-beats-input.md 2.5, 2.6; design 3. */
#ifndef SERVER_BEATS_ACK_H
#define SERVER_BEATS_ACK_H

#include "codec/lj_decode.h"

struct beats_pending {
    struct lj_acks acks; /* owed once settled */
    uint64_t since_ms;   /* when it was handed over */
    char version;        /* of its W: '1' gets no keep-alives */
    bool settled;
};

/* Zero-initialised, then set keepalive_ms. Fields are read-only outside beats_ack.c. */
struct beats_acks {
    struct beats_pending *ring; /* cap is a power of two */
    uint32_t cap, first, n;     /* first: number of the oldest, counted from 0 without end */
    uint32_t version1;          /* how many of them are version 1 */
    uint32_t sent;              /* ACKs of the oldest that have left */
    bool stopped;               /* no ACK for windows from stop_at on */
    uint32_t stop_at;
    uint64_t keepalive_ms; /* 0: off */
    uint64_t last_write_ms;
};

void beats_ack_fini(struct beats_acks *a);
/* A window that was handed over; returns its number. now starts the wait for a keep-alive when
 * nobody waited before. */
uint32_t beats_ack_expect(struct beats_acks *a, char version, uint64_t now_ms);
/* Its done is at 0. *acks is taken. A number that is not expected is ignored. */
void beats_ack_settle(struct beats_acks *a, uint32_t number, struct lj_acks *acks);
/* Windows from this number on are never acknowledged: a frame before them was wrong. */
void beats_ack_stop(struct beats_acks *a, uint32_t number);
/* The next ACK that may leave now; false: none. The caller writes it and says so with wrote(). */
bool beats_ack_next(struct beats_acks *a, struct lj_ack *out);
/* Bytes went to the peer at now. */
void beats_ack_wrote(struct beats_acks *a, uint64_t now_ms);
/* When nothing waits, what many windows needed goes back. True: it did. */
bool beats_ack_shrink(struct beats_acks *a);
/* Complete windows that wait for their ACK. */
uint32_t beats_ack_waiting(const struct beats_acks *a);
/* When the oldest of them was handed over; there is one. */
uint64_t beats_ack_oldest_ms(const struct beats_acks *a);
/* Milliseconds until a keep-alive is due, 0: now. UINT64_MAX: none is owed. */
uint64_t beats_ack_keepalive_in(const struct beats_acks *a, uint64_t now_ms);

#endif
