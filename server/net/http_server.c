/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection is its own exchange: one request is read, handled, answered, then the next. What a
 * peer sent behind a request waits in `rest` until that answer has left. */
#include "server/net/http_server.h"

#include "codec/base/buf.h"

#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_BYTES     ((size_t)16 * 1024)
#define STEPS_A_WAKEUP 16
#define HEAD_BYTES     ((size_t)16 * 1024)
#define BODY_BYTES     ((size_t)100 << 20)
#define IDLE_MS        60000
/* After the last answer: how long the peer may take to read it and close. */
#define LINGER_MS 2000

enum state { ON_HANDSHAKE, ON_REQUEST, ON_HANDLER, ON_ANSWER, ON_LINGER };

struct http_server {
    struct loop *loop;
    struct http_server_options o;
    struct link connections;
    size_t n;
};

struct http_exchange {
    struct link link;
    struct http_server *server;
    struct stream *stream;
    struct watch *watch;
    struct deadline idle;
    struct call call;
    enum state state;

    http_parser parser;
    struct buf target;
    struct http_headers headers;
    struct buf body;
    size_t charged;
    struct buf rest;     /* received behind the request */
    unsigned refusal;    /* the status that a broken request is answered with */
    bool whole, proceed; /* proceed: the peer waits for "100 Continue" */

    struct buf out;
    size_t out_at;
    bool close; /* behind this answer */
};

static void run(struct http_exchange *x);

/* ---- life of a connection ---- */

static void
clear_request(struct http_exchange *x)
{
    budget_release(x->server->o.share, BUDGET_BODY, x->charged);
    x->charged = 0;
    buf_fini(&x->body);
    buf_clear(&x->target);
    http_headers_clear(&x->headers);
    x->whole = x->proceed = false;
    x->refusal = 0;
}

static void
close_connection(struct http_exchange *x)
{
    struct http_server *h = x->server;

    if (x->state == ON_HANDLER && h->o.gone != NULL)
        h->o.gone(h->o.arg, x);
    link_remove(&x->link);
    h->n--;
    loop_deadline_clear(&x->idle);
    loop_call_cancel(&x->call);
    watch_free(&x->watch);
    stream_free(&x->stream);
    clear_request(x);
    http_headers_fini(&x->headers);
    buf_fini(&x->target);
    buf_fini(&x->rest);
    buf_fini(&x->out);
    free(x);
}

static void
progress(struct http_exchange *x)
{
    loop_deadline_set(x->server->loop, &x->idle, x->server->o.idle_ms);
}

static void
on_idle(struct loop *loop, struct deadline *d)
{
    (void)loop;
    close_connection(CONTAINER_OF(d, struct http_exchange, idle));
}

static void
on_ready(struct loop *loop, void *arg, unsigned ready)
{
    (void)loop, (void)ready;
    run(arg);
}

static void
on_call(struct loop *loop, struct call *call)
{
    (void)loop;
    run(CONTAINER_OF(call, struct http_exchange, call));
}

/* ---- the parser ---- */

static struct http_exchange *
exchange_of(http_parser *p)
{
    return p->data;
}

/* Always -1, for the parser to stop; 1 would mean "no body" when the headers are complete. */
static int
refuse(struct http_exchange *x, unsigned status)
{
    x->refusal = status;
    return -1;
}

static int
on_url(http_parser *p, const char *at, size_t n)
{
    struct http_exchange *x = exchange_of(p);

    if (n > x->server->o.head_bytes - x->target.n)
        return refuse(x, 414);
    buf_append(&x->target, (struct slice){ at, n });
    return 0;
}

static int
on_header_field(http_parser *p, const char *at, size_t n)
{
    struct http_exchange *x = exchange_of(p);

    return http_headers_name(&x->headers, (struct slice){ at, n }) ? 0 : refuse(x, 431);
}

static int
on_header_value(http_parser *p, const char *at, size_t n)
{
    struct http_exchange *x = exchange_of(p);

    return http_headers_value(&x->headers, (struct slice){ at, n }) ? 0 : refuse(x, 431);
}

static int
on_headers_complete(http_parser *p)
{
    struct http_exchange *x = exchange_of(p);

    if (p->method == HTTP_CONNECT)
        return refuse(x, 405);
    p->upgrade = 0; /* offered to whoever wants it; we go on with HTTP/1.1 */
    if (p->content_length != UINT64_MAX && p->content_length > x->server->o.body_bytes)
        return refuse(x, 413);
    x->proceed = slice_eq_nocase(http_header(&x->headers, "Expect"), SLICE("100-continue"));
    return 0;
}

static int
on_body(http_parser *p, const char *at, size_t n)
{
    struct http_exchange *x = exchange_of(p);
    struct budget_share *share = x->server->o.share;

    x->proceed = false;
    if (n > x->server->o.body_bytes - x->body.n)
        return refuse(x, 413);
    if (share != NULL && budget_level(share) == BUDGET_FULL)
        return refuse(x, 503);
    budget_charge(share, BUDGET_BODY, n);
    x->charged += n;
    buf_append(&x->body, (struct slice){ at, n });
    return 0;
}

static int
on_message_complete(http_parser *p)
{
    exchange_of(p)->whole = true;
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

static void
expect_request(struct http_exchange *x)
{
    clear_request(x);
    x->headers.limit = x->server->o.head_bytes;
    x->state = ON_REQUEST;
    http_parser_init(&x->parser, HTTP_REQUEST);
    x->parser.data = x;
}

/* ---- answering ---- */

const char *
http_reason(unsigned status)
{
    switch (status) {
#define REASON(number, name, text) \
    case number: return #text;
        HTTP_STATUS_MAP(REASON)
#undef REASON
    default: return "Unknown";
    }
}

/* A 204, a 304 and interim answers have no body, and no length either. */
static bool
has_length(unsigned status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void
write_answer(struct http_exchange *x, const struct http_answer *a)
{
    struct buf *b = &x->out;

    buf_printf(b, "HTTP/1.1 %u %s\r\n", a->status, http_reason(a->status));
    buf_append(b, a->headers);
    if (has_length(a->status))
        buf_printf(b, "Content-Length: %zu\r\n", a->body.n);
    buf_printf(b, "Connection: %s\r\n\r\n", x->close ? "close" : "keep-alive");
    if (has_length(a->status) && x->parser.method != HTTP_HEAD)
        buf_append(b, a->body);
}

static void
answer(struct http_exchange *x, const struct http_answer *a)
{
    x->close = x->close || a->close || x->refusal != 0 || !http_should_keep_alive(&x->parser);
    write_answer(x, a);
    x->state = ON_ANSWER;
    progress(x);
}

void
http_respond(struct http_exchange *x, const struct http_answer *a)
{
    ASSERT(x->state == ON_HANDLER);
    answer(x, a);
    loop_call_soon(x->server->loop, &x->call); /* x may be deep in our own stack */
}

static void
answer_refusal(struct http_exchange *x)
{
    struct http_answer a = { .status = x->refusal };
    char text[64];

    snprintf(text, sizeof text, "%u %s\n", a.status, http_reason(a.status));
    a.headers = SLICE("Content-Type: text/plain\r\n");
    a.body = slice_of(text);
    answer(x, &a);
}

/* ---- steps: each says whether another may follow at once ---- */

enum step { STEP_AGAIN, STEP_WAIT, STEP_GONE };

static enum step
gone(struct http_exchange *x)
{
    close_connection(x);
    return STEP_GONE;
}

static enum step
step_handshake(struct http_exchange *x)
{
    switch (stream_handshake(x->stream, NULL)) {
    case STREAM_OK: expect_request(x); return STEP_AGAIN;
    case STREAM_AGAIN: return STEP_WAIT;
    case STREAM_EOF:
    case STREAM_ERROR: break;
    }
    return gone(x);
}

/* Bytes of the request; what is behind it is kept. */
static enum step
feed(struct http_exchange *x, struct slice bytes)
{
    size_t used = http_parser_execute(&x->parser, &settings, bytes.p, bytes.n);

    if (x->whole) {
        buf_append(&x->rest, (struct slice){ bytes.p + used, bytes.n - used });
        x->state = ON_HANDLER;
        loop_deadline_clear(&x->idle);
        x->server->o.handler(x->server->o.arg, x);
        return STEP_WAIT; /* http_respond() calls us */
    }
    if (HTTP_PARSER_ERRNO(&x->parser) != HPE_OK) {
        if (x->refusal == 0)
            x->refusal = HTTP_PARSER_ERRNO(&x->parser) == HPE_HEADER_OVERFLOW ? 431 : 400;
        answer_refusal(x);
    } else if (x->proceed) {
        buf_append(&x->out, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
        x->proceed = false;
    }
    return STEP_AGAIN;
}

/* The rest of the last read, first; a handler that answers at once gets the next one a pass later.
 */
static enum step
feed_rest(struct http_exchange *x)
{
    struct buf rest = x->rest;
    enum step next;

    x->rest = (struct buf){ 0 };
    next = feed(x, buf_slice(&rest));
    buf_fini(&rest);
    return next;
}

/* False: the connection is of no use any more. */
static bool
write_out(struct http_exchange *x)
{
    while (x->out_at < x->out.n) {
        struct slice left = { x->out.p + x->out_at, x->out.n - x->out_at };
        ssize_t sent = stream_write(x->stream, left, NULL);

        if (sent == STREAM_AGAIN)
            return true;
        if (sent < 0)
            return false;
        x->out_at += (size_t)sent;
        progress(x);
    }
    buf_fini(&x->out);
    x->out_at = 0;
    return stream_flush(x->stream, NULL) != STREAM_ERROR;
}

static enum step
step_request(struct http_exchange *x)
{
    char bytes[READ_BYTES];
    ssize_t got;

    if (x->out.n > 0 && !write_out(x))
        return gone(x);
    if (x->rest.n > 0)
        return feed_rest(x);
    got = stream_read(x->stream, bytes, sizeof bytes, NULL);
    if (got == STREAM_AGAIN)
        return STEP_WAIT;
    if (got < 0)
        return gone(x);
    progress(x);
    return feed(x, (struct slice){ bytes, (size_t)got });
}

static enum step
step_answer(struct http_exchange *x)
{
    if (!write_out(x))
        return gone(x);
    if (x->out.n > 0)
        return STEP_WAIT;
    if (x->close) {
        x->state = ON_LINGER;
        loop_deadline_clear(&x->idle);
        loop_deadline_set(x->server->loop, &x->idle, LINGER_MS);
    } else {
        expect_request(x);
    }
    return STEP_AGAIN;
}

/* To the peer's end, so that our close is no reset that takes the answer along. */
static enum step
step_linger(struct http_exchange *x)
{
    char bytes[READ_BYTES];
    enum stream_status st = stream_finish(x->stream, NULL);
    ssize_t got;

    if (st == STREAM_ERROR)
        return gone(x);
    got = stream_read(x->stream, bytes, sizeof bytes, NULL);
    if (got == STREAM_AGAIN)
        return STEP_WAIT;
    return got < 0 ? gone(x) : STEP_AGAIN;
}

static enum step
step(struct http_exchange *x)
{
    switch (x->state) {
    case ON_HANDSHAKE: return step_handshake(x);
    case ON_REQUEST: return step_request(x);
    case ON_HANDLER: return STEP_WAIT;
    case ON_ANSWER: return step_answer(x);
    case ON_LINGER: return step_linger(x);
    }
    UNREACHABLE("state of an HTTP connection");
}

/* While a handler works nothing is read: what comes stays with the kernel. */
static void
watch_for(struct http_exchange *x)
{
    unsigned wish = x->state == ON_HANDLER || x->state == ON_ANSWER ? 0 : WATCH_READ;

    if (x->out.n > 0)
        wish |= WATCH_WRITE;
    watch_set(x->watch, stream_interest(x->stream, wish));
}

static void
run(struct http_exchange *x)
{
    enum step next = STEP_AGAIN;

    for (int left = STEPS_A_WAKEUP; left > 0 && next == STEP_AGAIN; left--)
        next = step(x);
    if (next == STEP_GONE)
        return;
    if (next == STEP_AGAIN || (x->state == ON_REQUEST && stream_pending(x->stream)))
        loop_call_soon(x->server->loop, &x->call);
    watch_for(x);
}

/* ---- the listener's side ---- */

struct http_server *
http_server_new(struct loop *loop, const struct http_server_options *options)
{
    struct http_server *h = xcalloc(1, sizeof *h);

    h->loop = loop;
    h->o = *options;
    if (h->o.head_bytes == 0)
        h->o.head_bytes = HEAD_BYTES;
    if (h->o.body_bytes == 0)
        h->o.body_bytes = BODY_BYTES;
    if (h->o.idle_ms == 0)
        h->o.idle_ms = IDLE_MS;
    link_init(&h->connections);
    return h;
}

void
http_server_free(struct http_server **server)
{
    struct http_server *h = *server;

    *server = NULL;
    if (h == NULL)
        return;
    while (link_used(&h->connections))
        close_connection(CONTAINER_OF(h->connections.next, struct http_exchange, link));
    free(h);
}

void
http_server_take(struct http_server *h, struct stream **s)
{
    struct http_exchange *x = xcalloc(1, sizeof *x);

    x->server = h;
    x->stream = *s;
    *s = NULL;
    x->idle.fn = on_idle;
    x->call.fn = on_call;
    x->watch = watch_new(h->loop, stream_fd(x->stream), on_ready, x);
    link_append(&h->connections, &x->link);
    h->n++;
    progress(x);
    loop_call_soon(h->loop, &x->call);
}

size_t
http_server_connections(const struct http_server *h)
{
    return h->n;
}

/* ---- what was asked ---- */

const char *
http_method(const struct http_exchange *x)
{
    return http_method_str((enum http_method)x->parser.method);
}

struct slice
http_target(const struct http_exchange *x)
{
    return buf_slice(&x->target);
}

const struct http_headers *
http_request_headers(const struct http_exchange *x)
{
    return &x->headers;
}

struct slice
http_body(const struct http_exchange *x)
{
    return buf_slice(&x->body);
}

struct stream *
http_stream(const struct http_exchange *x)
{
    return x->stream;
}
