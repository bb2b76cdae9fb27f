/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The HTTP client against a peer that the test plays by hand on a loopback socket, and over TLS
 * against our own server. */
#include "server/net/http_client.h"
#include "server/net/http_server.h"
#include "tests/unit/tls_certs.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct rig {
    struct loop *loop;
    struct budget budget;
    uint64_t now;
    int listener, peer;
    uint16_t port;
    struct http_client *client;
    struct buf got; /* by the peer */
};

static uint64_t
hand_clock(void *ctx)
{
    return *(uint64_t *)ctx;
}

static int
listen_here(uint16_t *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    getsockname(fd, (struct sockaddr *)&a, &n);
    *port = ntohs(a.sin_port);
    return fd;
}

static void
rig_init(struct rig *r, struct http_client_options *o)
{
    *r = (struct rig){ .now = 1000, .peer = -1 };
    budget_init(&r->budget, (size_t)1 << 30);
    r->loop = loop_new(1, &r->budget, NULL);
    loop_set_clock(r->loop, hand_clock, &r->now);
    r->listener = listen_here(&r->port);
    o->host = o->host != NULL ? o->host : "127.0.0.1";
    o->port = r->port;
    o->share = &r->budget.common;
    r->client = http_client_new(r->loop, NULL, o);
}

static void
rig_fini(struct rig *r)
{
    http_client_free(&r->client);
    loop_free(&r->loop);
    ck_assert_int_eq(r->budget.parts[BUDGET_BODY], 0);
    close(r->listener);
    if (r->peer >= 0)
        close(r->peer);
    buf_fini(&r->got);
}

static void
peer_accept(struct rig *r)
{
    if (r->peer >= 0)
        close(r->peer);
    r->peer = -1;
    for (int i = 0; i < 500 && r->peer < 0; i++) {
        loop_step(r->loop, 10);
        r->peer = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
    ck_assert_int_ge(r->peer, 0);
}

/* Until that many bytes were received since the last time. */
static void
peer_read(struct rig *r, size_t bytes)
{
    char b[65536];

    buf_clear(&r->got);
    for (int i = 0; i < 5000 && r->got.n < bytes; i++) {
        size_t want = bytes - r->got.n < sizeof b ? bytes - r->got.n : sizeof b;
        ssize_t n = recv(r->peer, b, want, 0);

        if (n > 0)
            buf_append(&r->got, (struct slice){ b, (size_t)n });
        else
            loop_step(r->loop, 1);
    }
    ck_assert_uint_eq(r->got.n, bytes);
}

static void
peer_write(struct rig *r, struct slice s)
{
    ck_assert_int_eq(send(r->peer, s.p, s.n, MSG_NOSIGNAL), (ssize_t)s.n);
}

static void
peer_close(struct rig *r)
{
    close(r->peer);
    r->peer = -1;
}

/* A request and what became of it. */
struct sent {
    struct http_request r;
    unsigned times;
    enum http_result result;
    unsigned status;
    bool written, reused, sent_whole;
    struct buf body;
    char type[64];
    struct err err;
};

static void
on_done(struct http_request *r, const struct http_outcome *o)
{
    struct sent *s = r->arg;

    s->times++;
    s->result = o->result;
    s->status = o->status;
    s->written = o->written;
    s->reused = o->reused;
    s->sent_whole = o->sent_whole;
    s->err = o->err;
    buf_append(&s->body, o->body);
    if (o->headers != NULL) {
        struct slice type = http_header(o->headers, "content-TYPE");

        snprintf(s->type, sizeof s->type, "%.*s", SLICE_ARGS(type));
    }
}

static void
send_request(struct rig *r, struct sent *s, const char *method)
{
    *s = (struct sent){ .r = { .method = method, .target = SLICE("/a?b=c"), .done = on_done } };
    s->r.arg = s;
    http_client_send(r->client, &s->r);
    ck_assert_uint_eq(s->times, 0);
}

static void
await(struct rig *r, struct sent *s)
{
    for (int i = 0; i < 1000 && s->times == 0; i++)
        loop_step(r->loop, 10);
    ck_assert_uint_eq(s->times, 1);
}

static void
sent_fini(struct sent *s)
{
    buf_fini(&s->body);
}

static size_t
get_bytes(const struct rig *r)
{
    char text[128];

    return (size_t)snprintf(text, sizeof text,
                            "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: "
                            "Keep-Alive\r\n\r\n",
                            (unsigned)r->port);
}

START_TEST(request_as_written_and_connection_reused)
{
    struct http_client_options o = { 0 };
    struct iovec body[] = { { (char[]){ "" }, 0 },
                            { (char[]){ "hello " }, 6 },
                            { (char[]){ "" }, 0 },
                            { (char[]){ "world" }, 5 },
                            { (char[]){ "" }, 0 } };
    char want[256];
    struct rig r;
    struct sent s;

    rig_init(&r, &o);
    for (int turn = 0; turn < 2; turn++) {
        s = (struct sent){ .r = { .method = "POST",
                                  .target = SLICE("/_bulk"),
                                  .headers = SLICE("X-A: 1\r\n"),
                                  .body = body,
                                  .body_n = COUNT(body),
                                  .done = on_done,
                                  .arg = &s } };
        http_client_send(r.client, &s.r);
        if (turn == 0)
            peer_accept(&r);
        snprintf(want, sizeof want,
                 "POST /_bulk HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: Keep-Alive\r\nX-A: "
                 "1\r\nContent-Length: 11\r\n\r\nhello world",
                 (unsigned)r.port);
        peer_read(&r, strlen(want));
        ck_assert_slice(buf_slice(&r.got), slice_of(want));
        peer_write(
            &r, SLICE("HTTP/1.1 200 OK\r\nContent-Type:  text/x \r\nContent-Length: 3\r\n\r\nabc"));
        await(&r, &s);
        ck_assert_int_eq(s.result, HTTP_ANSWER);
        ck_assert_uint_eq(s.status, 200);
        ck_assert_slice(buf_slice(&s.body), SLICE("abc"));
        ck_assert_str_eq(s.type, "text/x");
        ck_assert(s.written && s.sent_whole);
        ck_assert_int_eq(s.reused, turn == 1);
        ck_assert_uint_eq(http_client_connections(r.client), 1);
        sent_fini(&s);
    }
    rig_fini(&r);
}
END_TEST

static const struct {
    const char *name, *method;
    struct slice answer;
    bool closes; /* the peer, behind it */
    enum http_result result;
    unsigned status;
    const char *body, *err; /* err: part of the message */
    unsigned open;          /* connections afterwards */
} answers[] = {
    { "length", "GET", SLICE_INIT("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), false,
      HTTP_ANSWER, 404, "no", "", 1 },
    { "no content", "GET", SLICE_INIT("HTTP/1.1 204 No Content\r\n\r\n"), false, HTTP_ANSWER, 204,
      "", "", 1 },
    { "head", "HEAD", SLICE_INIT("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n"), false,
      HTTP_ANSWER, 200, "", "", 1 },
    { "chunks", "GET",
      SLICE_INIT(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
          "T: v\r\n\r\n"),
      false, HTTP_ANSWER, 200, "abcde", "", 1 },
    { "interim answers", "GET",
      SLICE_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Type: "
                 "wrong\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"),
      false, HTTP_ANSWER, 200, "x", "", 1 },
    { "until close", "GET", SLICE_INIT("HTTP/1.1 200 OK\r\n\r\nabc"), true, HTTP_ANSWER, 200, "abc",
      "", 0 },
    { "says close", "GET",
      SLICE_INIT("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"), false,
      HTTP_ANSWER, 200, "x", "", 0 },
    { "version 1.0", "GET", SLICE_INIT("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"), false,
      HTTP_ANSWER, 200, "x", "", 0 },
    { "more than an answer", "GET",
      SLICE_INIT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n"), false,
      HTTP_ANSWER, 200, "x", "", 0 },
    { "closed at once", "GET", SLICE_INIT(""), true, HTTP_RESET, 0, "",
      "the peer closed the connection before its answer was whole", 0 },
    { "closed in the head", "GET", SLICE_INIT("HTTP/1.1 200 O"), true, HTTP_RESET, 0, "",
      "the peer closed the connection", 0 },
    { "closed in the body", "GET", SLICE_INIT("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"),
      true, HTTP_RESET, 0, "", "the peer closed the connection", 0 },
    { "closed in a chunk", "GET",
      SLICE_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"), true, HTTP_RESET,
      0, "", "the peer closed the connection", 0 },
    { "no HTTP", "GET", SLICE_INIT("SSH-2.0-OpenSSH\r\n"), false, HTTP_PROTOCOL, 0, "",
      "no HTTP answer: ", 0 },
    { "two lengths", "GET",
      SLICE_INIT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), false,
      HTTP_PROTOCOL, 0, "", "no HTTP answer: ", 0 },
    { "upgrade", "GET",
      SLICE_INIT("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
      false, HTTP_PROTOCOL, 0, "", "no HTTP answer: upgrade", 0 },
    { "length at the limit", "GET",
      SLICE_INIT("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678"), false, HTTP_ANSWER, 200,
      "12345678", "", 1 },
    { "length over the limit", "GET", SLICE_INIT("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
      false, HTTP_LIMIT, 0, "", "larger than 8 bytes", 0 },
    { "chunks over the limit", "GET",
      SLICE_INIT(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n3\r\nghi\r\n"),
      false, HTTP_LIMIT, 0, "", "larger than 8 bytes", 0 },
};

/* In one piece, and byte by byte. */
START_TEST(answer_in_any_pieces)
{
    for (int turn = 0; turn < 2; turn++) {
        struct http_client_options o = { .answer_bytes = 8 };
        struct slice a = answers[_i].answer;
        struct rig r;
        struct sent s;

        rig_init(&r, &o);
        send_request(&r, &s, answers[_i].method);
        peer_accept(&r);
        peer_read(&r, get_bytes(&r) + (answers[_i].method[0] == 'H'));
        if (turn == 0)
            peer_write(&r, a);
        for (size_t i = 0; turn == 1 && i < a.n && s.times == 0; i++) {
            peer_write(&r, (struct slice){ a.p + i, 1 });
            loop_step(r.loop, 10);
        }
        if (answers[_i].closes)
            peer_close(&r);
        await(&r, &s);
        ck_assert_msg(s.result == answers[_i].result && s.status == answers[_i].status,
                      "%s: %s %u \"%s\"", answers[_i].name, http_result_name(s.result), s.status,
                      s.err.msg);
        ck_assert_slice(buf_slice(&s.body), slice_of(answers[_i].body));
        ck_assert_msg(strstr(s.err.msg, answers[_i].err) != NULL, "%s: \"%s\"", answers[_i].name,
                      s.err.msg);
        ck_assert(s.written);
        if (turn == 0) /* byte by byte the connection is idle before what is too much arrives */
            ck_assert_msg(http_client_connections(r.client) == answers[_i].open, "%s: %u open",
                          answers[_i].name, http_client_connections(r.client));
        sent_fini(&s);
        rig_fini(&r);
    }
}
END_TEST

/* 413 while we still send, and a reset behind it. */
START_TEST(early_answer_is_heard)
{
    struct http_client_options o = { 0 };
    size_t big = (size_t)64 << 20;
    struct iovec body = { calloc(1, big), big };
    struct rig r;
    struct sent s;

    rig_init(&r, &o);
    s = (struct sent){ .r = { .method = "POST",
                              .target = SLICE("/"),
                              .body = &body,
                              .body_n = 1,
                              .done = on_done,
                              .arg = &s } };
    http_client_send(r.client, &s.r);
    peer_accept(&r);
    peer_read(&r, 100000);
    peer_write(&r, SLICE("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"));
    await(&r, &s);
    ck_assert_int_eq(s.result, HTTP_ANSWER);
    ck_assert_uint_eq(s.status, 413);
    ck_assert(s.written && !s.sent_whole);
    ck_assert_uint_eq(http_client_connections(r.client), 0);
    sent_fini(&s);
    rig_fini(&r);
    free(body.iov_base);
}
END_TEST

START_TEST(nobody_listens)
{
    struct http_client_options o = { 0 };
    char want[64];
    struct rig r;
    struct sent s;

    rig_init(&r, &o);
    close(r.listener);
    r.listener = -1;
    send_request(&r, &s, "GET");
    await(&r, &s);
    ck_assert_int_eq(s.result, HTTP_UNREACHABLE);
    snprintf(want, sizeof want, "127.0.0.1:%u: Connection refused", (unsigned)r.port);
    ck_assert_str_eq(s.err.msg, want);
    ck_assert(!s.written && !s.sent_whole);
    rig_fini(&r);
}
END_TEST

START_TEST(name_without_address)
{
    struct http_client_options o = { .host = "no such host", .port = 1 };
    struct loop *loop = loop_new(1, NULL, NULL);
    struct resolver *resolver = resolver_start(NULL);
    struct rig r = { .loop = loop, .client = http_client_new(loop, resolver, &o) };
    struct sent s;

    send_request(&r, &s, "GET");
    await(&r, &s);
    ck_assert_int_eq(s.result, HTTP_RESOLVE);
    http_client_free(&r.client);
    resolver_stop(&resolver);
    loop_free(&loop);
}
END_TEST

static void
turn_clock(struct rig *r, uint64_t ms)
{
    for (uint64_t end = r->now + ms; r->now < end;) {
        r->now += LOOP_TICK_MS;
        loop_tick(r->loop);
    }
}

START_TEST(no_answer_in_time)
{
    struct http_client_options o = { .request_ms = 5000 };
    struct rig r;
    struct sent s;

    rig_init(&r, &o);
    send_request(&r, &s, "GET");
    peer_accept(&r);
    peer_read(&r, get_bytes(&r));
    turn_clock(&r, 4500);
    ck_assert_uint_eq(s.times, 0);
    turn_clock(&r, 1000);
    ck_assert_uint_eq(s.times, 1);
    ck_assert_int_eq(s.result, HTTP_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(s.err.msg, ": no answer within 5000 ms"));
    ck_assert(s.written);
    rig_fini(&r);
}
END_TEST

/* A peer that accepts and then says nothing to our ClientHello. */
START_TEST(no_connection_in_time)
{
    struct tls_options t = { .verification = TLS_VERIFY_NONE };
    struct tls_context *tls = tls_client_new(&t, NULL);
    struct http_client_options o = { .connect_ms = 3000, .request_ms = 100, .tls = tls };
    struct rig r;
    struct sent s;

    rig_init(&r, &o);
    send_request(&r, &s, "GET");
    peer_accept(&r);
    peer_read(&r, 50);
    turn_clock(&r, 2500);
    ck_assert_uint_eq(s.times, 0);
    turn_clock(&r, 1000);
    ck_assert_uint_eq(s.times, 1);
    ck_assert_int_eq(s.result, HTTP_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(s.err.msg, ": no connection within 3000 ms"));
    ck_assert(!s.written);
    rig_fini(&r);
    tls_context_free(&tls);
}
END_TEST

static void
answer_next(struct rig *r, struct sent *s)
{
    peer_read(r, get_bytes(r));
    peer_write(r, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    await(r, s);
    ck_assert_int_eq(s->result, HTTP_ANSWER);
}

START_TEST(idle_connection_is_closed_in_time)
{
    struct http_client_options o = { .idle_ms = 1000 };
    struct rig r;
    struct sent s;

    rig_init(&r, &o);
    send_request(&r, &s, "GET");
    peer_accept(&r);
    answer_next(&r, &s);
    turn_clock(&r, 500);
    ck_assert_uint_eq(http_client_connections(r.client), 1);
    turn_clock(&r, 1000);
    ck_assert_uint_eq(http_client_connections(r.client), 0);
    rig_fini(&r);
}
END_TEST

/* Noticed before anything is written on it, even when the close and the request meet. */
START_TEST(connection_that_the_peer_closed_is_not_used)
{
    struct http_client_options o = { 0 };
    struct rig r;
    struct sent s;

    rig_init(&r, &o);
    send_request(&r, &s, "GET");
    peer_accept(&r);
    answer_next(&r, &s);
    peer_close(&r);
    send_request(&r, &s, "GET");
    peer_accept(&r);
    answer_next(&r, &s);
    ck_assert(!s.reused);
    rig_fini(&r);
}
END_TEST

START_TEST(one_connection_takes_requests_in_order)
{
    struct http_client_options o = { .connections = 1 };
    struct rig r;
    struct sent s[3];

    rig_init(&r, &o);
    for (size_t i = 0; i < COUNT(s); i++)
        send_request(&r, &s[i], "GET");
    peer_accept(&r);
    for (size_t i = 0; i < COUNT(s); i++) {
        answer_next(&r, &s[i]);
        ck_assert_uint_eq(http_client_connections(r.client), 1);
        ck_assert_int_eq(s[i].reused, i > 0);
        if (i + 1 < COUNT(s))
            ck_assert_uint_eq(s[i + 1].times, 0);
    }
    rig_fini(&r);
}
END_TEST

START_TEST(cancelled_requests_make_room)
{
    struct http_client_options o = { .connections = 1 };
    struct rig r;
    struct sent a, b, c;

    rig_init(&r, &o);
    send_request(&r, &a, "GET");
    send_request(&r, &b, "GET");
    send_request(&r, &c, "GET");
    peer_accept(&r);
    peer_read(&r, get_bytes(&r));
    http_client_cancel(r.client, &b.r); /* waits */
    http_client_cancel(r.client, &a.r); /* under way */
    peer_accept(&r);
    answer_next(&r, &c);
    ck_assert_uint_eq(a.times + b.times, 0);
    rig_fini(&r);
}
END_TEST

START_TEST(freed_client_answers_everybody)
{
    struct http_client_options o = { .connections = 1 };
    struct rig r;
    struct sent a, b;

    rig_init(&r, &o);
    send_request(&r, &a, "GET");
    send_request(&r, &b, "GET");
    peer_accept(&r);
    peer_read(&r, get_bytes(&r));
    http_client_free(&r.client);
    ck_assert_uint_eq(a.times, 1);
    ck_assert_uint_eq(b.times, 1);
    ck_assert_int_eq(a.result, HTTP_CANCELED);
    ck_assert_int_eq(b.result, HTTP_CANCELED);
    rig_fini(&r);
}
END_TEST

static void
free_client(struct http_request *r, const struct http_outcome *o)
{
    struct rig *rig = r->arg;

    ck_assert_int_eq(o->result, HTTP_ANSWER);
    http_client_free(&rig->client);
    ck_assert_slice(o->body, SLICE("abc"));
}

START_TEST(client_freed_by_its_own_answer)
{
    struct http_client_options o = { 0 };
    struct http_request q = { .method = "GET", .target = SLICE("/a?b=c"), .done = free_client };
    struct rig r;

    rig_init(&r, &o);
    q.arg = &r;
    http_client_send(r.client, &q);
    peer_accept(&r);
    peer_read(&r, get_bytes(&r));
    peer_write(&r, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"));
    for (int i = 0; i < 500 && r.client != NULL; i++)
        loop_step(r.loop, 10);
    ck_assert_ptr_null(r.client);
    rig_fini(&r);
}
END_TEST

/* ---- over TLS, against our server ---- */

static void
echo(void *arg, struct http_exchange *x)
{
    struct http_answer a = { .status = 200, .body = http_body(x) };

    (void)arg;
    http_respond(x, &a);
}

struct tls_rig {
    struct rig r;
    struct tls_context *server_ctx, *client_ctx;
    struct http_server *server;
};

/* Accepts whoever comes, steps the loop, until the request has its outcome. */
static void
tls_await(struct tls_rig *t, struct sent *s)
{
    for (int i = 0; i < 20000 && s->times == 0; i++) {
        int fd = accept4(t->r.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            struct stream *stream = tls_server_stream(t->server_ctx, t->r.loop, fd, NULL);

            http_server_take(t->server, &stream);
        }
        loop_step(t->r.loop, 1);
    }
    ck_assert_uint_eq(s->times, 1);
}

static void
tls_rig_init(struct tls_rig *t, const struct tls_options *server, const struct tls_options *client)
{
    struct http_server_options so = { .handler = echo };
    struct http_client_options co = { .host = "127.0.0.1" };
    struct err err = { 0 };

    t->server_ctx = tls_server_new(server, &err);
    ck_assert_msg(t->server_ctx != NULL, "%s", err.msg);
    t->client_ctx = tls_client_new(client, &err);
    ck_assert_msg(t->client_ctx != NULL, "%s", err.msg);
    co.tls = t->client_ctx;
    rig_init(&t->r, &co);
    so.share = &t->r.budget.common;
    t->server = http_server_new(t->r.loop, &so);
}

static void
tls_rig_fini(struct tls_rig *t)
{
    http_server_free(&t->server);
    http_client_free(&t->r.client);
    tls_context_free(&t->server_ctx);
    tls_context_free(&t->client_ctx);
    rig_fini(&t->r);
}

START_TEST(large_body_over_tls_and_back)
{
    const char *ca = tls_certs_path("ca.pem");
    struct tls_options so = { .certificate = tls_certs_path("server-p256.pem"),
                              .key = tls_certs_path("server-p256.key") };
    struct tls_options co = { .authorities = { &ca, 1 } };
    size_t big = 5000000;
    char *bytes = malloc(big);
    struct iovec body[2] = { { bytes, 1000 }, { bytes + 1000, big - 1000 } };
    struct tls_rig t;
    struct sent s;

    for (size_t i = 0; i < big; i++)
        bytes[i] = (char)(i * 7 + (i >> 9));
    tls_rig_init(&t, &so, &co);
    for (int turn = 0; turn < 3; turn++) {
        send_request(&t.r, &s, "POST");
        s.r.body = body;
        s.r.body_n = 2;
        tls_await(&t, &s);
        ck_assert_msg(s.result == HTTP_ANSWER, "%s: %s", http_result_name(s.result), s.err.msg);
        ck_assert_slice(buf_slice(&s.body), ((struct slice){ bytes, big }));
        ck_assert_int_eq(s.reused, turn > 0);
        sent_fini(&s);
    }
    ck_assert_uint_eq(http_server_connections(t.server), 1);
    tls_rig_fini(&t);
    free(bytes);
}
END_TEST

START_TEST(server_that_is_not_trusted)
{
    const char *ca = tls_certs_path("other-ca.pem");
    struct tls_options so = { .certificate = tls_certs_path("server-p256.pem"),
                              .key = tls_certs_path("server-p256.key") };
    struct tls_options co = { .authorities = { &ca, 1 } };
    struct tls_rig t;
    struct sent s;

    tls_rig_init(&t, &so, &co);
    send_request(&t.r, &s, "GET");
    tls_await(&t, &s);
    ck_assert_int_eq(s.result, HTTP_TLS);
    ck_assert_int_eq(strncmp(s.err.msg, "TLS handshake: ", 15), 0);
    ck_assert(!s.written);
    tls_rig_fini(&t);
}
END_TEST

/* With TLS 1.3 the client learns of that only after its own handshake is done. */
START_TEST(client_certificate_that_is_missing)
{
    const char *ca = tls_certs_path("ca.pem");
    struct tls_options so = { .certificate = tls_certs_path("server-p256.pem"),
                              .key = tls_certs_path("server-p256.key"),
                              .authorities = { &ca, 1 },
                              .client_auth = TLS_CLIENT_REQUIRED };
    struct tls_options co = { .authorities = { &ca, 1 } };
    struct tls_rig t;
    struct sent s;

    tls_rig_init(&t, &so, &co);
    send_request(&t.r, &s, "GET");
    tls_await(&t, &s);
    ck_assert_msg(s.result == HTTP_TLS || s.result == HTTP_RESET, "%s: %s",
                  http_result_name(s.result), s.err.msg);
    tls_rig_fini(&t);
}
END_TEST

static void
add_tests(TCase *tc)
{
    if (tls_start(NULL) < 0)
        abort();
    tls_certs_folder();
    tcase_add_test(tc, request_as_written_and_connection_reused);
    tcase_add_loop_test(tc, answer_in_any_pieces, 0, (int)COUNT(answers));
    tcase_add_test(tc, early_answer_is_heard);
    tcase_add_test(tc, nobody_listens);
    tcase_add_test(tc, name_without_address);
    tcase_add_test(tc, no_answer_in_time);
    tcase_add_test(tc, no_connection_in_time);
    tcase_add_test(tc, idle_connection_is_closed_in_time);
    tcase_add_test(tc, connection_that_the_peer_closed_is_not_used);
    tcase_add_test(tc, one_connection_takes_requests_in_order);
    tcase_add_test(tc, cancelled_requests_make_room);
    tcase_add_test(tc, freed_client_answers_everybody);
    tcase_add_test(tc, client_freed_by_its_own_answer);
    tcase_add_test(tc, large_body_over_tls_and_back);
    tcase_add_test(tc, server_that_is_not_trusted);
    tcase_add_test(tc, client_certificate_that_is_missing);
}

UNIT_MAIN("http_client")
