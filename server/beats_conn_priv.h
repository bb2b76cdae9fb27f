/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection of the beats input, for the files that run it on its loop: beats_hello.c until
 * the first byte of Lumberjack (PROXY header, ClientHello, handshake), beats_conn.c from there,
 * beats_room.c for when it may read. */
#ifndef SERVER_BEATS_CONN_PRIV_H
#define SERVER_BEATS_CONN_PRIV_H

#include "server/beats_priv.h"

enum conn_state {
    CONN_PROXY,     /* a listed balancer: its header first */
    CONN_HELLO,     /* TLS: waits for the whole ClientHello; there is no TLS object yet */
    CONN_HANDSHAKE, /* has a step to do, or waits for the peer */
    CONN_READING,
    CONN_PAUSED,  /* the budget says so */
    CONN_CLOSING, /* reads no more, still owes ACKs */
    CONN_LINGER   /* everything is said; waits for the peer to close */
};

enum step {
    STEP_AGAIN,
    STEP_WAIT, /* an event will call us */
    STEP_GONE  /* the conn is freed */
};

struct conn {
    struct link link;  /* of all, on its loop */
    struct link other; /* shaking or paused */
    struct beats_loop *home;
    struct conn_id id;
    enum conn_state state;
    int fd; /* until there is a stream */
    struct stream *stream;
    struct watch *watch;
    struct beats_peer *peer;
    struct log log;
    struct beats_feed feed;
    struct beats_acks acks;
    struct buf out;       /* ACK frames that the socket has not taken */
    size_t waiting_bytes; /* received bytes of windows without an ACK */
    size_t *window_bytes; /* of each of them, a ring like the ACKs' */
    uint32_t window_bytes_cap;
    double ratio;          /* inflated to received of the last compressed windows; 0: none yet */
    struct deadline timer; /* handshake, idle, stall, linger: what the state asks for */
    struct deadline keepalive;
    struct deadline blocked; /* a write that does not move */
    struct deadline stuck;   /* windows that are not acknowledged */
    struct call soon;
    struct beats_client *client; /* NULL until its first window was decoded */
    uint64_t last_read_ms, last_write_ms;
    uint64_t progress_ms; /* when a window was acknowledged last */
    uint64_t bytes;       /* ever read */
    size_t charged, kernel;
    size_t rings;  /* charged for what windows without an ACK leave here */
    bool finished; /* FIN is out */
};

typedef enum step conn_step_fn(struct conn *c);

static inline uint64_t
conn_now(const struct conn *c)
{
    return loop_now(c->home->loop);
}

/* ---- beats_conn.c ---- */

/* The only writer of the state. Always STEP_AGAIN. */
enum step conn_enter(struct conn *c, enum conn_state next);
void conn_run(struct conn *c);
/* Frees: reset, write error, or everything said. */
void conn_gone(struct conn *c);

/* Says why, takes no more, and owes what is complete. Always STEP_AGAIN. */
enum step conn_close_because(struct conn *c, const char *why);

/* ---- beats_room.c ---- */

bool conn_may_read(const struct conn *c);
/* While it is paused the kernel keeps what comes: charged. */
void conn_charge_kernel(struct conn *c, bool paused);
/* If nothing moves any more, one connection goes on, which may free it. */
void beats_favour(struct beats_loop *bl);
/* On the tick: ends a turn; may close who had it. */
void beats_favour_end(struct beats_loop *bl);
/* Its turn is over. No effect when it has none. */
void conn_unfavour(struct conn *c);

/* ---- beats_report.c ---- */

/* What we close for, in the log (rate-limited) and counted. */
void conn_refused(struct conn *c, const char *why);
/* Closed before it sent a byte: counted, not logged. */
void conn_probed(struct conn *c);
void conn_received(struct conn *c, size_t n);
/* A worker has looked into a window: who sends, how much, what was odd. */
void conn_found(struct conn *c, const struct beats_found *m);
/* The connection ends. */
void conn_left(struct conn *c);

/* ---- beats_hello.c ---- */

conn_step_fn beats_on_proxy, beats_on_hello, beats_on_handshake;
/* Whether a connection from there begins with a PROXY header. */
bool beats_from_proxy(const struct beats_input *in, const struct address *peer);
/* From the descriptor to a plain stream, or to waiting for the ClientHello. */
enum conn_state beats_greet(struct conn *c);
void beats_hello_init(struct beats_loop *bl);
void beats_hello_tick(struct beats_loop *bl); /* four times a second */
/* Common mistakes by their first byte; NULL: nothing known. */
const char *beats_wrong_protocol(unsigned char first);

#endif
