/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The HTTP server over socket pairs; the test is the client, byte by byte where it matters. */
#include "server/net/http_server.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct rig {
    struct loop *loop;
    struct budget budget;
    uint64_t now;
    struct http_server *server;
    struct http_exchange *held; /* not answered yet */
    unsigned handled, gone;
    bool hold;
    struct buf log; /* "GET /a [body];" */
    int fd;
};

static uint64_t
hand_clock(void *ctx)
{
    return *(uint64_t *)ctx;
}

static void
reply(struct http_exchange *x)
{
    struct http_answer a = { .status = 200,
                             .headers = SLICE("Content-Type: text/plain\r\n"),
                             .body = SLICE("ok") };

    if (slice_eq(http_target(x), SLICE("/none")))
        a = (struct http_answer){ .status = 204 };
    http_respond(x, &a);
}

static void
handle(void *arg, struct http_exchange *x)
{
    struct rig *r = arg;
    struct slice host = http_header(http_request_headers(x), "host");

    r->handled++;
    buf_printf(&r->log, "%s %.*s %.*s [%.*s];", http_method(x), SLICE_ARGS(http_target(x)),
               SLICE_ARGS(host), SLICE_ARGS(http_body(x)));
    if (r->hold)
        r->held = x;
    else
        reply(x);
}

static void
on_gone(void *arg, struct http_exchange *x)
{
    struct rig *r = arg;

    ck_assert_ptr_eq(r->held, x);
    r->gone++;
    r->held = NULL;
}

static void
rig_init(struct rig *r)
{
    struct http_server_options o = { .handler = handle,
                                     .gone = on_gone,
                                     .arg = r,
                                     .head_bytes = 200,
                                     .body_bytes = 1000,
                                     .idle_ms = 5000 };
    struct stream *s;
    int fds[2];

    *r = (struct rig){ .now = 1000 };
    budget_init(&r->budget, (size_t)1 << 20);
    r->loop = loop_new(1, &r->budget, NULL);
    loop_set_clock(r->loop, hand_clock, &r->now);
    o.share = &r->budget.common;
    r->server = http_server_new(r->loop, &o);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    s = stream_plain_new(r->loop, fds[0]);
    http_server_take(r->server, &s);
    ck_assert_ptr_null(s);
    r->fd = fds[1];
}

static void
rig_fini(struct rig *r)
{
    http_server_free(&r->server);
    if (r->fd >= 0)
        close(r->fd);
    loop_free(&r->loop);
    ck_assert_int_eq(r->budget.used, 0);
    buf_fini(&r->log);
}

static void
pass(struct rig *r, int times)
{
    for (int i = 0; i < times; i++)
        loop_step(r->loop, 0);
}

static void
say(struct rig *r, struct slice s)
{
    ck_assert_int_eq(send(r->fd, s.p, s.n, MSG_NOSIGNAL), (ssize_t)s.n);
}

/* Everything the server has sent by now; -1: and then it closed. */
static int
hear(struct rig *r, char *out, size_t max)
{
    size_t n = 0;
    ssize_t got = 1;

    for (int i = 0; i < 30 && got != 0; i++) {
        pass(r, 2);
        got = recv(r->fd, out + n, max - n - 1, 0);
        if (got > 0)
            n += (size_t)got;
    }
    out[n] = '\0';
    return got == 0 ? -1 : 0;
}

#define OK_ANSWER                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: " \
    "keep-alive\r\n\r\nok"
#define OK_CLOSED                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: " \
    "close\r\n\r\nok"
#define REFUSED(status, n)                                                  \
    "HTTP/1.1 " status "\r\nContent-Type: text/plain\r\nContent-Length: " n \
    "\r\nConnection: close\r\n\r\n" status "\n"

static const struct {
    const char *name;
    struct slice said;
    const char *log, *heard;
    bool closes;
} talks[] = {
    { "get", SLICE_INIT("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n"), "GET /a?b h [];", OK_ANSWER,
      false },
    { "post", SLICE_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"),
      "POST / h [hello];", OK_ANSWER, false },
    { "chunks",
      SLICE_INIT(
          "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
      "PUT /  [hello];", OK_ANSWER, false },
    { "pipelined",
      SLICE_INIT("GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"
                 "GET /3 HTTP/1.1\r\n\r\n"),
      "GET /1  [];POST /2  [x];GET /3  [];", OK_ANSWER OK_ANSWER OK_ANSWER, false },
    { "head", SLICE_INIT("HEAD / HTTP/1.1\r\n\r\n"), "HEAD /  [];",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: "
      "keep-alive\r\n\r\n",
      false },
    { "no content", SLICE_INIT("DELETE /none HTTP/1.1\r\n\r\n"), "DELETE /none  [];",
      "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n", false },
    { "close", SLICE_INIT("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), "GET /  [];", OK_CLOSED,
      true },
    { "version 1.0", SLICE_INIT("GET / HTTP/1.0\r\n\r\n"), "GET /  [];", OK_CLOSED, true },
    { "version 1.0 that stays", SLICE_INIT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
      "GET /  [];", OK_ANSWER, false },
    { "upgrade offered",
      SLICE_INIT("POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: "
                 "1\r\n\r\nx"),
      "POST /  [x];", OK_ANSWER, false },
    { "no HTTP", SLICE_INIT("\x16\x03\x01\x02\x00"), "", REFUSED("400 Bad Request", "16"), true },
    { "bad line", SLICE_INIT("GET\r\n\r\n"), "", REFUSED("400 Bad Request", "16"), true },
    { "two ideas of the length",
      SLICE_INIT(
          "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      "", REFUSED("400 Bad Request", "16"), true },
    { "body at the limit + 1", SLICE_INIT("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n"), "",
      REFUSED("413 Payload Too Large", "22"), true },
    { "chunk over the limit",
      SLICE_INIT("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"), "", NULL, false },
    { "tunnel", SLICE_INIT("CONNECT h:1 HTTP/1.1\r\n\r\n"), "",
      REFUSED("405 Method Not Allowed", "23"), true },
    { "continue",
      SLICE_INIT("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"), "",
      "HTTP/1.1 100 Continue\r\n\r\n", false },
};

/* In one piece, and byte by byte. */
START_TEST(talk_in_any_pieces)
{
    for (int turn = 0; turn < 2; turn++) {
        struct slice said = talks[_i].said;
        char heard[2048];
        struct rig r;
        int closed;

        rig_init(&r);
        for (size_t i = 0; i < said.n; i += turn == 0 ? said.n : 1) {
            if (turn == 1 && talks[_i].closes && r.handled > 0)
                break;
            if (send(r.fd, said.p + i, turn == 0 ? said.n : 1, MSG_NOSIGNAL) < 0)
                break; /* refused before its end */
            pass(&r, 2);
        }
        closed = hear(&r, heard, sizeof heard);
        ck_assert_slice(buf_slice(&r.log), slice_of(talks[_i].log));
        ck_assert_msg(talks[_i].heard == NULL || strcmp(heard, talks[_i].heard) == 0,
                      "%s: heard \"%s\"", talks[_i].name, heard);
        ck_assert_msg((closed < 0) == talks[_i].closes, "%s: closed %d", talks[_i].name, closed);
        rig_fini(&r);
    }
}
END_TEST

START_TEST(body_over_the_limit_in_chunks)
{
    char chunk[1100], heard[512];
    struct rig r;

    rig_init(&r);
    say(&r, SLICE("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"));
    memset(chunk, 'x', sizeof chunk);
    say(&r, (struct slice){ chunk, 1001 });
    hear(&r, heard, sizeof heard);
    ck_assert_str_eq(heard, REFUSED("413 Payload Too Large", "22"));
    ck_assert_uint_eq(r.handled, 0);
    rig_fini(&r);
}
END_TEST

START_TEST(head_over_the_limit)
{
    static const struct {
        const char *before;
        const char *want;
    } cases[] = { { "GET /", REFUSED("414 URI Too Long", "17") },
                  { "GET / HTTP/1.1\r\nA: ", REFUSED("431 Request Header Fields Too Large", "36") },
                  { "GET / HTTP/1.1\r\n", REFUSED("431 Request Header Fields Too Large", "36") } };
    char many[300], heard[512];

    memset(many, 'x', sizeof many);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rig r;

        rig_init(&r);
        say(&r, slice_of(cases[i].before));
        say(&r, (struct slice){ many, sizeof many });
        hear(&r, heard, sizeof heard);
        ck_assert_str_eq(heard, cases[i].want);
        rig_fini(&r);
    }
}
END_TEST

START_TEST(body_is_charged_while_it_arrives)
{
    char heard[512];
    struct rig r;

    rig_init(&r);
    say(&r, SLICE("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345"));
    pass(&r, 3);
    ck_assert_int_eq(r.budget.parts[BUDGET_BODY], 5);
    budget_charge(&r.budget.common, BUDGET_WINDOW, (size_t)1 << 20);
    say(&r, SLICE("67890"));
    hear(&r, heard, sizeof heard);
    ck_assert_str_eq(heard, REFUSED("503 Service Unavailable", "24"));
    budget_release(&r.budget.common, BUDGET_WINDOW, (size_t)1 << 20);
    rig_fini(&r);
}
END_TEST

/* The answer is given later; what comes meanwhile waits its turn. */
START_TEST(later_answer)
{
    char heard[512];
    struct rig r;

    rig_init(&r);
    r.hold = true;
    say(&r, SLICE("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"));
    hear(&r, heard, sizeof heard);
    ck_assert_uint_eq(r.handled, 1);
    ck_assert_str_eq(heard, "");
    for (int i = 0; i < 100; i++) { /* a handler has all the time it wants */
        r.now += LOOP_TICK_MS;
        loop_tick(r.loop);
    }
    reply(r.held);
    hear(&r, heard, sizeof heard);
    ck_assert_str_eq(heard, OK_ANSWER);
    ck_assert_uint_eq(r.handled, 2);
    http_server_free(&r.server);
    ck_assert_uint_eq(r.gone, 1);
    rig_fini(&r);
}
END_TEST

START_TEST(idle_and_stalled_connections_go)
{
    for (int stalled = 0; stalled < 2; stalled++) {
        char heard[64];
        struct rig r;

        rig_init(&r);
        if (stalled)
            say(&r, SLICE("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n123"));
        pass(&r, 3);
        for (int i = 0; i < 19; i++) {
            r.now += LOOP_TICK_MS;
            loop_tick(r.loop);
        }
        ck_assert_uint_eq(http_server_connections(r.server), 1);
        for (int i = 0; i < 3; i++) {
            r.now += LOOP_TICK_MS;
            loop_tick(r.loop);
        }
        ck_assert_uint_eq(http_server_connections(r.server), 0);
        ck_assert_int_eq(hear(&r, heard, sizeof heard), -1);
        rig_fini(&r);
    }
}
END_TEST

START_TEST(peer_that_leaves)
{
    struct rig r;

    rig_init(&r);
    say(&r, SLICE("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n123"));
    close(r.fd);
    r.fd = -1;
    pass(&r, 5);
    ck_assert_uint_eq(http_server_connections(r.server), 0);
    ck_assert_uint_eq(r.handled, 0);
    rig_fini(&r);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, talk_in_any_pieces, 0, (int)COUNT(talks));
    tcase_add_test(tc, body_over_the_limit_in_chunks);
    tcase_add_test(tc, head_over_the_limit);
    tcase_add_test(tc, body_is_charged_while_it_arrives);
    tcase_add_test(tc, later_answer);
    tcase_add_test(tc, idle_and_stalled_connections_go);
    tcase_add_test(tc, peer_that_leaves);
}

UNIT_MAIN("http_server")
