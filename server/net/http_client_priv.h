/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between http_client.c (the pool) and http_conn.c (one connection of it). */
#ifndef SERVER_NET_HTTP_CLIENT_PRIV_H
#define SERVER_NET_HTTP_CLIENT_PRIV_H

#include <http_parser.h>

#include "codec/base/buf.h"
#include "server/net/http_client.h"

struct http_client {
    struct loop *loop;
    struct resolver *resolver;
    char *host; /* without brackets */
    char *host_header;
    uint16_t port;
    struct tls_context *tls;
    unsigned most, open;
    uint64_t connect_ms, request_ms, idle_ms;
    size_t answer_bytes;
    struct budget_share *share;
    struct call call;       /* deals requests out */
    struct link queue;      /* requests that wait */
    struct link idle, busy; /* connections; idle: the one used last is last */
};

enum http_conn_state { CONN_RESOLVING, CONN_CONNECTING, CONN_HANDSHAKE, CONN_BUSY, CONN_IDLE };

struct http_conn {
    struct link link; /* the client's list */
    struct http_client *client;
    enum http_conn_state state;
    struct http_request *request; /* NULL: idle */
    struct lookup *lookup;
    struct address at[RESOLVER_ADDRESSES];
    size_t at_n, at_next;
    int fd; /* until a stream takes it; else -1 */
    struct stream *stream;
    struct watch *watch;
    struct deadline timer; /* what it limits follows from the state */
    struct call call;      /* reads what no socket event will announce */

    struct buf head;      /* of the request */
    size_t head_at;       /* sent of it */
    size_t body, body_at; /* the iovec being sent, sent of it */
    bool written, reused;
    bool deaf; /* a send failed: maybe an early answer is there all the same */
    struct err send_err;

    http_parser parser;
    struct http_headers headers;
    struct buf answer;
    size_t charged;
    bool whole, over_limit;
    struct err err; /* why connecting failed last */
};

/* The request is the connection's until it has its outcome. */
void http_conn_open(struct http_client *c, struct http_request *r);
void http_conn_reuse(struct http_conn *conn, struct http_request *r);
/* An idle one: the peer has neither closed it nor spoken. */
bool http_conn_is_fresh(struct http_conn *conn);
/* The request, if there is one, gets no outcome from here. */
void http_conn_close(struct http_conn *conn);
/* A connection came free. */
void http_client_deal_soon(struct http_client *c);

#endif
