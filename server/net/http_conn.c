/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection of an HTTP client: name, connect, TLS, then a request and its answer at a time.
 *
 * A request ends in finish(), which puts the connection away first and calls back last: the
 * callback may send the next request or free the client, so nothing is touched after it. */
#include "server/net/http_client_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES     ((size_t)16 * 1024)
#define READS_A_WAKEUP 16
#define WRITE_IOVS     64
#define HEADER_BYTES   ((size_t)64 * 1024)

static void run(struct http_conn *conn);

/* ---- the end of a request ---- */

static void
release_answer(struct http_conn *conn)
{
    budget_release(conn->client->share, BUDGET_BODY, conn->charged);
    conn->charged = 0;
    buf_fini(&conn->answer);
    http_headers_fini(&conn->headers);
}

void
http_conn_close(struct http_conn *conn)
{
    struct http_client *c = conn->client;

    link_remove(&conn->link);
    loop_deadline_clear(&conn->timer);
    loop_call_cancel(&conn->call);
    resolver_cancel(&conn->lookup);
    watch_free(&conn->watch);
    stream_free(&conn->stream);
    if (conn->fd >= 0)
        close(conn->fd);
    release_answer(conn);
    buf_fini(&conn->head);
    free(conn);
    c->open--;
    http_client_deal_soon(c);
}

static bool
sent_whole(const struct http_conn *conn)
{
    return conn->head_at == conn->head.n && conn->body == conn->request->body_n && !conn->deaf;
}

static void
go_idle(struct http_conn *conn)
{
    struct http_client *c = conn->client;

    conn->state = CONN_IDLE;
    conn->request = NULL;
    conn->reused = true;
    link_append(&c->idle, &conn->link);
    loop_call_cancel(&conn->call);
    loop_deadline_clear(&conn->timer);
    if (c->idle_ms > 0)
        loop_deadline_set(c->loop, &conn->timer, c->idle_ms);
    watch_set(conn->watch, stream_interest(conn->stream, WATCH_READ));
    http_client_deal_soon(c);
}

/* keep: the connection may carry another request. */
static void
finish(struct http_conn *conn, struct http_outcome *o, bool keep)
{
    struct http_request *r = conn->request;
    struct budget_share *share = conn->client->share;
    struct buf answer = conn->answer;
    struct http_headers headers = conn->headers;
    size_t charged = conn->charged;

    o->written = conn->written;
    o->reused = conn->reused;
    o->sent_whole = conn->state == CONN_BUSY && sent_whole(conn);
    if (o->result == HTTP_ANSWER) {
        o->status = conn->parser.status_code;
        o->body = buf_slice(&answer);
        o->headers = &headers;
    }
    conn->answer = (struct buf){ 0 };
    conn->headers = (struct http_headers){ 0 };
    conn->charged = 0;
    r->conn = NULL;
    if (keep)
        go_idle(conn);
    else
        http_conn_close(conn);
    r->done(r, o);
    budget_release(share, BUDGET_BODY, charged);
    buf_fini(&answer);
    http_headers_fini(&headers);
}

static void
fail(struct http_conn *conn, enum http_result result, const struct err *err)
{
    struct http_outcome o = { .result = result, .err = *err };

    finish(conn, &o, false);
}

/* ---- timers ---- */

static void
on_timer(struct loop *loop, struct deadline *d)
{
    struct http_conn *conn = CONTAINER_OF(d, struct http_conn, timer);
    struct http_client *c = conn->client;
    struct err err = { 0 };
    uint64_t limit;

    (void)loop;
    switch (conn->state) {
    case CONN_IDLE: http_conn_close(conn); return;
    case CONN_RESOLVING:
    case CONN_CONNECTING:
    case CONN_HANDSHAKE:
        err_set(&err, ERR_IO, "%s:%u: no connection within %llu ms", c->host, (unsigned)c->port,
                (unsigned long long)c->connect_ms);
        break;
    case CONN_BUSY:
        limit = conn->request->request_ms > 0 ? conn->request->request_ms : c->request_ms;
        err_set(&err, ERR_IO, "%s:%u: no answer within %llu ms", c->host, (unsigned)c->port,
                (unsigned long long)limit);
        break;
    }
    fail(conn, HTTP_TIMEOUT, &err);
}

/* ---- reading the answer ---- */

static struct http_conn *
conn_of(http_parser *p)
{
    return p->data;
}

static int
on_header_field(http_parser *p, const char *at, size_t n)
{
    struct http_conn *conn = conn_of(p);

    conn->over_limit = !http_headers_name(&conn->headers, (struct slice){ at, n });
    return conn->over_limit;
}

static int
on_header_value(http_parser *p, const char *at, size_t n)
{
    struct http_conn *conn = conn_of(p);

    conn->over_limit = !http_headers_value(&conn->headers, (struct slice){ at, n });
    return conn->over_limit;
}

static bool
is_interim(const http_parser *p)
{
    return p->status_code >= 100 && p->status_code < 200;
}

/* 1: there is no body, whatever the headers say. */
static int
on_headers_complete(http_parser *p)
{
    struct http_conn *conn = conn_of(p);

    if (strcmp(conn->request->method, "HEAD") == 0)
        return 1;
    if (p->content_length != UINT64_MAX && p->content_length > conn->client->answer_bytes) {
        conn->over_limit = true;
        return -1;
    }
    return 0;
}

static int
on_body(http_parser *p, const char *at, size_t n)
{
    struct http_conn *conn = conn_of(p);

    if (n > conn->client->answer_bytes - conn->answer.n) {
        conn->over_limit = true;
        return 1;
    }
    budget_charge(conn->client->share, BUDGET_BODY, n);
    conn->charged += n;
    buf_append(&conn->answer, (struct slice){ at, n });
    return 0;
}

/* An interim answer (100, 103) is none. Pausing shows what comes behind the end. */
static int
on_message_complete(http_parser *p)
{
    struct http_conn *conn = conn_of(p);

    if (is_interim(p)) {
        http_headers_clear(&conn->headers);
        return 0;
    }
    conn->whole = true;
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

static void
fail_parse(struct http_conn *conn)
{
    enum http_errno code = HTTP_PARSER_ERRNO(&conn->parser);
    struct err err = { 0 };

    if (conn->over_limit) {
        err_set(&err, ERR_LIMIT, "the answer is larger than %zu bytes, or its headers than %zu",
                conn->client->answer_bytes, HEADER_BYTES);
        fail(conn, HTTP_LIMIT, &err);
        return;
    }
    err_set(&err, ERR_PROTOCOL, "no HTTP answer: %s",
            conn->parser.upgrade ? "upgrade" : http_errno_description(code));
    fail(conn, HTTP_PROTOCOL, &err);
}

/* rest: the peer sent more than its answer. */
static void
answered(struct http_conn *conn, bool rest)
{
    struct http_outcome o = { .result = HTTP_ANSWER };
    bool keep = !rest && http_should_keep_alive(&conn->parser) && sent_whole(conn);

    finish(conn, &o, keep);
}

/* False: the request has its outcome. */
static bool
feed(struct http_conn *conn, const char *at, size_t n)
{
    size_t used = http_parser_execute(&conn->parser, &settings, at, n);

    if (conn->whole) {
        answered(conn, used < n);
        return false;
    }
    if (HTTP_PARSER_ERRNO(&conn->parser) == HPE_OK && !conn->parser.upgrade)
        return true;
    fail_parse(conn);
    return false;
}

/* An answer without a length ends here; any other is cut off. Over TLS only close_notify makes an
 * end that nobody else can have made. */
static void
at_eof(struct http_conn *conn)
{
    struct err err = { 0 };

    if (!conn->stream->truncated) {
        http_parser_execute(&conn->parser, &settings, NULL, 0);
        if (conn->whole) {
            struct http_outcome o = { .result = HTTP_ANSWER };

            finish(conn, &o, false);
            return;
        }
    }
    if (conn->deaf)
        err = conn->send_err;
    else
        err_set(&err, ERR_IO, "the peer closed the connection before its answer was whole");
    fail(conn, HTTP_RESET, &err);
}

static void
read_failed(struct http_conn *conn, const struct err *err)
{
    if (conn->deaf)
        fail(conn, HTTP_RESET, &conn->send_err);
    else
        fail(conn, err->code == ERR_PROTOCOL ? HTTP_TLS : HTTP_RESET, err);
}

/* False: the request has its outcome. */
static bool
read_some(struct http_conn *conn)
{
    char bytes[READ_BYTES];
    struct err err = { 0 };

    for (int left = READS_A_WAKEUP; left > 0; left--) {
        ssize_t got = stream_read(conn->stream, bytes, sizeof bytes, &err);

        if (got == STREAM_AGAIN)
            return true;
        if (got == STREAM_EOF) {
            at_eof(conn);
            return false;
        }
        if (got == STREAM_ERROR) {
            read_failed(conn, &err);
            return false;
        }
        if (!feed(conn, bytes, (size_t)got))
            return false;
    }
    if (stream_pending(conn->stream))
        loop_call_soon(conn->client->loop, &conn->call);
    return true;
}

/* ---- writing the request ---- */

static void
write_head(struct http_conn *conn)
{
    const struct http_request *r = conn->request;
    struct buf *b = &conn->head;
    size_t length = 0;

    for (size_t i = 0; i < r->body_n; i++)
        length += r->body[i].iov_len;
    buf_clear(b);
    buf_printf(b, "%s ", r->method);
    buf_append(b, r->target);
    buf_printf(b, " HTTP/1.1\r\nHost: %s\r\nConnection: Keep-Alive\r\n", conn->client->host_header);
    buf_append(b, r->headers);
    if (length > 0 || (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0))
        buf_printf(b, "Content-Length: %zu\r\n", length);
    buf_append(b, SLICE("\r\n"));
}

/* What is left to send, as far as it fits. */
static size_t
rest_of_request(const struct http_conn *conn, struct iovec *iov, size_t *bytes)
{
    const struct http_request *r = conn->request;
    size_t n = 0, skip = conn->body_at;

    *bytes = 0;
    if (conn->head_at < conn->head.n)
        iov[n++] = (struct iovec){ conn->head.p + conn->head_at, conn->head.n - conn->head_at };
    for (size_t i = conn->body; i < r->body_n && n < WRITE_IOVS; i++, skip = 0)
        if (r->body[i].iov_len > skip)
            iov[n++] =
                (struct iovec){ (char *)r->body[i].iov_base + skip, r->body[i].iov_len - skip };
    for (size_t i = 0; i < n; i++)
        *bytes += iov[i].iov_len;
    return n;
}

static void
advance(struct http_conn *conn, size_t sent)
{
    const struct http_request *r = conn->request;
    size_t head = conn->head.n - conn->head_at, part = sent < head ? sent : head;

    conn->head_at += part;
    sent -= part;
    /* Pieces of nothing are passed, also those at the end. */
    while (conn->body < r->body_n) {
        size_t left = r->body[conn->body].iov_len - conn->body_at;

        if (left > sent) {
            conn->body_at += sent;
            return;
        }
        if (conn->head_at < conn->head.n)
            return;
        sent -= left;
        conn->body++;
        conn->body_at = 0;
    }
}

/* A failed send is no outcome yet: the peer may have answered early, and closed. */
static void
write_some(struct http_conn *conn)
{
    struct iovec iov[WRITE_IOVS];

    while (!conn->deaf && !sent_whole(conn)) {
        size_t bytes, n = rest_of_request(conn, iov, &bytes);
        ssize_t sent = n > 0 ? stream_writev(conn->stream, iov, n, &conn->send_err) : 0;

        if (sent == STREAM_AGAIN)
            return;
        if (sent == STREAM_ERROR) {
            conn->deaf = true;
            return;
        }
        conn->written = conn->written || sent > 0;
        advance(conn, (size_t)sent);
        if ((size_t)sent < bytes && !tls_is_stream(conn->stream))
            return; /* the kernel is full */
    }
    if (!conn->deaf && stream_flush(conn->stream, &conn->send_err) == STREAM_ERROR)
        conn->deaf = true;
}

static void
begin_request(struct http_conn *conn)
{
    struct http_client *c = conn->client;
    uint64_t limit = conn->request->request_ms > 0 ? conn->request->request_ms : c->request_ms;

    conn->state = CONN_BUSY;
    conn->head_at = conn->body = conn->body_at = 0;
    conn->written = conn->deaf = conn->whole = conn->over_limit = false;
    conn->headers.limit = HEADER_BYTES;
    http_parser_init(&conn->parser, HTTP_RESPONSE);
    conn->parser.data = conn;
    loop_deadline_clear(&conn->timer);
    if (limit > 0)
        loop_deadline_set(c->loop, &conn->timer, limit);
    write_head(conn);
}

static void
transfer(struct http_conn *conn)
{
    unsigned wish = WATCH_READ;

    write_some(conn);
    if (!read_some(conn))
        return;
    if (!sent_whole(conn) && !conn->deaf)
        wish |= WATCH_WRITE;
    watch_set(conn->watch, stream_interest(conn->stream, wish));
}

/* ---- connecting ---- */

static void try_next(struct http_conn *conn);

static void
handshake(struct http_conn *conn)
{
    struct err err = { 0 };

    switch (stream_handshake(conn->stream, &err)) {
    case STREAM_OK:
        begin_request(conn);
        transfer(conn);
        return;
    case STREAM_AGAIN: watch_set(conn->watch, stream_interest(conn->stream, 0)); return;
    case STREAM_EOF:
    case STREAM_ERROR: break;
    }
    fail(conn, HTTP_TLS, &err);
}

static void
connected(struct http_conn *conn)
{
    struct http_client *c = conn->client;
    struct err err = { 0 };

    if (c->tls != NULL)
        conn->stream = tls_client_stream(c->tls, c->loop, conn->fd, c->host, &err);
    else
        conn->stream = stream_plain_new(c->loop, conn->fd);
    if (conn->stream == NULL) {
        fail(conn, HTTP_TLS, &err);
        return;
    }
    conn->fd = -1;
    conn->state = CONN_HANDSHAKE;
    handshake(conn);
}

static void
connect_failed(struct http_conn *conn, int error)
{
    char text[ADDRESS_TEXT];

    errno = error;
    err_errno(&conn->err, "%s", address_print(&conn->at[conn->at_next - 1], text));
    watch_free(&conn->watch);
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    try_next(conn);
}

static void
check_connected(struct http_conn *conn)
{
    int error = 0;
    socklen_t n = sizeof error;

    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
        error = errno;
    if (error != 0)
        connect_failed(conn, error);
    else
        connected(conn);
}

static void
on_ready(struct loop *loop, void *arg, unsigned ready)
{
    (void)loop, (void)ready;
    run(arg);
}

/* Addresses in the resolver's order, one after the other. */
static void
try_next(struct http_conn *conn)
{
    const struct address *a;
    int on = 1;

    if (conn->at_next == conn->at_n) {
        fail(conn, HTTP_UNREACHABLE, &conn->err);
        return;
    }
    a = &conn->at[conn->at_next++];
    conn->fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd < 0) {
        connect_failed(conn, errno);
        return;
    }
    setsockopt(conn->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (connect(conn->fd, (const struct sockaddr *)&a->sa, a->n) < 0 && errno != EINPROGRESS) {
        connect_failed(conn, errno);
        return;
    }
    conn->watch = watch_new(conn->client->loop, conn->fd, on_ready, conn);
    watch_set(conn->watch, WATCH_WRITE);
    conn->state = CONN_CONNECTING;
}

static void
on_lookup(void *arg, const struct address *at, size_t n, const struct err *err)
{
    struct http_conn *conn = arg;

    conn->lookup = NULL;
    if (n == 0) {
        fail(conn, HTTP_RESOLVE, err);
        return;
    }
    memcpy(conn->at, at, n * sizeof *at);
    conn->at_n = n;
    try_next(conn);
}

/* ---- what wakes a connection ---- */

static void
run(struct http_conn *conn)
{
    switch (conn->state) {
    case CONN_RESOLVING: return;
    case CONN_CONNECTING: check_connected(conn); return;
    case CONN_HANDSHAKE: handshake(conn); return;
    case CONN_BUSY: transfer(conn); return;
    case CONN_IDLE:
        if (!http_conn_is_fresh(conn))
            http_conn_close(conn);
        return;
    }
}

static void
on_call(struct loop *loop, struct call *call)
{
    (void)loop;
    run(CONTAINER_OF(call, struct http_conn, call));
}

void
http_conn_open(struct http_client *c, struct http_request *r)
{
    struct http_conn *conn = xcalloc(1, sizeof *conn);

    conn->client = c;
    conn->request = r;
    conn->fd = -1;
    conn->timer.fn = on_timer;
    conn->call.fn = on_call;
    r->conn = conn;
    link_append(&c->busy, &conn->link);
    c->open++;
    if (c->connect_ms > 0)
        loop_deadline_set(c->loop, &conn->timer, c->connect_ms);
    conn->lookup = resolver_ask(c->resolver, c->loop, c->host, c->port, on_lookup, conn);
}

/* Session tickets are read here, too. */
bool
http_conn_is_fresh(struct http_conn *conn)
{
    char byte;

    return stream_read(conn->stream, &byte, 1, NULL) == STREAM_AGAIN;
}

void
http_conn_reuse(struct http_conn *conn, struct http_request *r)
{
    conn->request = r;
    r->conn = conn;
    begin_request(conn);
    loop_call_soon(conn->client->loop, &conn->call); /* the pool is being walked right now */
}
