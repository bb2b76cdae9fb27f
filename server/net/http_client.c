/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pool: which request goes on which connection. One connection's work is in http_conn.c. */
#include "server/net/http_client_priv.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES ((size_t)64 << 20)

/* "elastic-1:9200", IPv6 in brackets; without the port where it is the scheme's. */
static char *
host_header(const struct http_client *c)
{
    struct buf b = { 0 };
    bool v6 = strchr(c->host, ':') != NULL;
    uint16_t usual = c->tls != NULL ? 443 : 80;

    buf_printf(&b, v6 ? "[%s]" : "%s", c->host);
    if (c->port != usual)
        buf_printf(&b, ":%u", (unsigned)c->port);
    buf_cstr(&b);
    return b.p;
}

/* ---- dealing requests ---- */

/* The one used last: the others may then grow idle and go. */
static struct http_conn *
take_idle(struct http_client *c)
{
    struct link *l = c->idle.prev;

    if (l == &c->idle)
        return NULL;
    link_remove(l);
    return CONTAINER_OF(l, struct http_conn, link);
}

/* On an idle connection that still stands, or a new one; false: wait. */
static bool
place(struct http_client *c, struct http_request *r)
{
    struct http_conn *conn;

    while ((conn = take_idle(c)) != NULL) {
        link_append(&c->busy, &conn->link);
        if (http_conn_is_fresh(conn)) {
            http_conn_reuse(conn, r);
            return true;
        }
        http_conn_close(conn);
    }
    if (c->open >= c->most)
        return false;
    http_conn_open(c, r);
    return true;
}

static void
deal(struct loop *loop, struct call *call)
{
    struct http_client *c = CONTAINER_OF(call, struct http_client, call);

    (void)loop;
    while (link_used(&c->queue)) {
        struct http_request *r = CONTAINER_OF(c->queue.next, struct http_request, link);

        if (!place(c, r))
            return;
        link_remove(&r->link);
    }
}

void
http_client_deal_soon(struct http_client *c)
{
    if (link_used(&c->queue))
        loop_call_soon(c->loop, &c->call);
}

void
http_client_send(struct http_client *c, struct http_request *r)
{
    ASSERT(loop_is_mine(c->loop));
    ASSERT(r->done != NULL && r->conn == NULL && !link_used(&r->link));
    link_append(&c->queue, &r->link);
    loop_call_soon(c->loop, &c->call);
}

void
http_client_cancel(struct http_client *c, struct http_request *r)
{
    struct http_conn *conn = r->conn;

    link_remove(&r->link);
    r->conn = NULL;
    if (conn != NULL)
        http_conn_close(conn);
    http_client_deal_soon(c);
}

/* ---- life ---- */

struct http_client *
http_client_new(struct loop *loop, struct resolver *resolver,
                const struct http_client_options *options)
{
    struct http_client *c = xcalloc(1, sizeof *c);

    c->loop = loop;
    c->resolver = resolver;
    c->host = address_bare_host(options->host);
    c->port = options->port;
    c->tls = options->tls;
    c->most = options->connections > 0 ? options->connections : 1;
    c->connect_ms = options->connect_ms;
    c->request_ms = options->request_ms;
    c->idle_ms = options->idle_ms;
    c->answer_bytes = options->answer_bytes > 0 ? options->answer_bytes : ANSWER_BYTES;
    c->share = options->share;
    c->host_header = host_header(c);
    c->call.fn = deal;
    link_init(&c->queue);
    link_init(&c->idle);
    link_init(&c->busy);
    return c;
}

static void
cancel_request(struct http_request *r)
{
    struct http_outcome o = { .result = HTTP_CANCELED };

    link_remove(&r->link);
    r->conn = NULL;
    err_set(&o.err, ERR_IO, "the client was closed");
    r->done(r, &o);
}

void
http_client_free(struct http_client **client)
{
    struct http_client *c = *client;
    struct http_conn *conn;
    struct link *l;

    *client = NULL;
    if (c == NULL)
        return;
    while ((conn = take_idle(c)) != NULL)
        http_conn_close(conn);
    while ((l = link_take(&c->busy)) != NULL) {
        struct http_request *r;

        conn = CONTAINER_OF(l, struct http_conn, link);
        r = conn->request;
        http_conn_close(conn);
        if (r != NULL)
            cancel_request(r);
    }
    while ((l = link_take(&c->queue)) != NULL)
        cancel_request(CONTAINER_OF(l, struct http_request, link));
    loop_call_cancel(&c->call);
    free(c->host);
    free(c->host_header);
    free(c);
}

unsigned
http_client_connections(const struct http_client *c)
{
    return c->open;
}

const char *
http_result_name(enum http_result result)
{
    switch (result) {
    case HTTP_ANSWER: return "answer";
    case HTTP_RESOLVE: return "resolve";
    case HTTP_UNREACHABLE: return "unreachable";
    case HTTP_TLS: return "tls";
    case HTTP_TIMEOUT: return "timeout";
    case HTTP_RESET: return "reset";
    case HTTP_PROTOCOL: return "protocol";
    case HTTP_LIMIT: return "limit";
    case HTTP_CANCELED: return "canceled";
    }
    UNREACHABLE("result of a request");
}
