/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP/1.1 server side of one connection: requests read by libhttp-parser over any stream.
 *
 * For the API and the http input. Who accepts makes a stream (TLS: after tls_hello_ready) and hands
 * it over; the connection then lives until the peer leaves, a limit is broken, or it is idle too
 * long. One request at a time: a pipelined one is not looked at before the answer to the one before
 * it is on its way. Bodies are charged (BUDGET_BODY) as they arrive. On the loop's thread. */
#ifndef SERVER_NET_HTTP_SERVER_H
#define SERVER_NET_HTTP_SERVER_H

#include "codec/base/budget.h"
#include "codec/base/error.h"
#include "codec/base/slice.h"
#include "server/net/http_headers.h"
#include "server/net/stream.h"

struct http_exchange;
struct http_server;

/* A whole request is there. Answer with http_respond(), now or later on this loop. */
typedef void http_handler_fn(void *arg, struct http_exchange *x);
/* The exchange ends without an answer (the peer left): x is gone on return. May be NULL. */
typedef void http_gone_fn(void *arg, struct http_exchange *x);

struct http_server_options {
    http_handler_fn *handler;
    http_gone_fn *gone;
    void *arg;
    size_t head_bytes;          /* request line and headers; 0: 16 KiB */
    size_t body_bytes;          /* 0: 100 MiB */
    uint64_t idle_ms;           /* between requests, and within one without progress; 0: 60 s */
    struct budget_share *share; /* NULL: not charged; at BUDGET_FULL a body is refused with 503 */
};

/* All connections of one listener on one loop. options are copied. */
struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options);
/* Closes all connections; exchanges under way get `gone`. */
void http_server_free(struct http_server **h);
/* Takes the stream; its handshake may still be open. */
void http_server_take(struct http_server *h, struct stream **s);
size_t http_server_connections(const struct http_server *h);

/* What was asked. All slices live until the exchange is answered or gone. */
const char *http_method(const struct http_exchange *x);  /* "GET" */
struct slice http_target(const struct http_exchange *x); /* "/_node/stats?pretty", as received */
const struct http_headers *http_request_headers(const struct http_exchange *x);
struct slice http_body(const struct http_exchange *x);
struct stream *http_stream(const struct http_exchange *x); /* for the peer's address, TLS info */

struct http_answer {
    unsigned status;
    struct slice
        headers;       /* complete lines, each with CRLF; Content-Length and Connection are ours */
    struct slice body; /* copied; not sent on HEAD */
    bool close;        /* close the connection behind it */
};

/* Ends the exchange; x is gone on return. */
void http_respond(struct http_exchange *x, const struct http_answer *answer);
const char *http_reason(unsigned status); /* "Not Found"; static text */

#endif
