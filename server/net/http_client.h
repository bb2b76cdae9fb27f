/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP/1.1 client for one origin on one loop: own writer, answers read by libhttp-parser.
 *
 * Connections are kept alive and reused; a request takes an idle one, opens one, or waits its turn
 * in order when the limit is reached. Nothing is sent twice: what failed is reported, with whether
 * any of it was written, and the caller decides. No proxy, no redirects, no cookies.
 *
 * Bodies go out as an iovec list straight from the caller's memory; answers are charged to the
 * budget (BUDGET_BODY) while they arrive and are cut off at a limit. */
#ifndef SERVER_NET_HTTP_CLIENT_H
#define SERVER_NET_HTTP_CLIENT_H

#include "codec/base/budget.h"
#include "codec/base/error.h"
#include "codec/base/slice.h"
#include "server/net/http_headers.h"
#include "server/net/loop.h"
#include "server/net/resolver.h"
#include "server/net/tls.h"

#include <sys/uio.h>

/* Strings are copied; pointers must outlive the client. Times in ms; 0: no limit. */
struct http_client_options {
    const char *host; /* name or address, IPv6 with or without brackets */
    uint16_t port;
    struct tls_context *tls;    /* NULL: plain */
    unsigned connections;       /* at once; 0: 1 */
    uint64_t connect_ms;        /* name, connect and TLS together */
    uint64_t request_ms;        /* from the first byte out to the last byte in */
    uint64_t idle_ms;           /* an unused connection is closed after that */
    size_t answer_bytes;        /* largest body taken; 0: 64 MiB */
    struct budget_share *share; /* NULL: not charged */
};

enum http_result {
    HTTP_ANSWER,      /* status and body are there, whatever the status */
    HTTP_RESOLVE,     /* no address for the name */
    HTTP_UNREACHABLE, /* refused, unreachable */
    HTTP_TLS,         /* handshake or certificate */
    HTTP_TIMEOUT,     /* connect_ms or request_ms; err says which */
    HTTP_RESET,       /* closed or reset before the answer was whole */
    HTTP_PROTOCOL,    /* what came is no HTTP answer */
    HTTP_LIMIT,       /* the answer is larger than allowed */
    HTTP_CANCELED     /* http_client_free() with this request under way */
};

struct http_outcome {
    enum http_result result;
    unsigned status;   /* HTTP_ANSWER only */
    bool written;      /* at least one byte of the request left us */
    bool reused;       /* on a connection that had carried a request before */
    bool sent_whole;   /* the answer may be early: then the rest of the body was not sent */
    struct slice body; /* the caller's until `done` returns; HTTP_ANSWER only */
    struct err err;    /* otherwise */
    const struct http_headers *headers; /* NULL unless HTTP_ANSWER */
};

struct http_request;
typedef void http_done_fn(struct http_request *r, const struct http_outcome *outcome);

/* The caller's memory. Everything it points to stays until done is called, which happens exactly
 * once, on the loop, never from inside http_client_send(). Zero but for what the caller sets. */
struct http_request {
    const char *method;  /* "POST"; "HEAD" has an answer without body */
    struct slice target; /* "/_bulk?filter_path=errors", already escaped */
    struct slice
        headers; /* complete lines, each with CRLF; Host, Content-Length, Connection are ours */
    const struct iovec *body;
    size_t body_n;
    http_done_fn *done;
    void *arg;
    uint64_t request_ms; /* instead of the client's; 0: the client's */

    struct link link;       /* private: the queue */
    struct http_conn *conn; /* private: where it is under way */
};

struct http_client;

struct http_client *http_client_new(struct loop *loop, struct resolver *resolver,
                                    const struct http_client_options *options);
/* Requests under way end with HTTP_CANCELED before it returns. *c may be NULL; set to NULL. */
void http_client_free(struct http_client **c);

void http_client_send(struct http_client *c, struct http_request *r);
/* done is not called. Closes the connection it was on. */
void http_client_cancel(struct http_client *c, struct http_request *r);

unsigned http_client_connections(const struct http_client *c); /* open or opening */
const char *http_result_name(enum http_result result);         /* "timeout" */

#endif
