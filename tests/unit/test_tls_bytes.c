/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes through a TLS connection, and how it ends. */
#include "tests/unit/tls_ends.h"
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <unistd.h>

/* One end's part of a transfer: writes `left` bytes of a pattern, checks what it gets. */
struct party {
    struct stream *s;
    size_t to_send, sent, got, want, room;
};

static char
pattern(size_t i)
{
    return (char)(i * 31 + (i >> 8));
}

static void
party_step(struct party *p)
{
    static char block[300000];
    struct err err = { 0 };

    if (p->sent < p->to_send) {
        size_t n = p->to_send - p->sent < p->room ? p->to_send - p->sent : p->room;
        struct iovec iov[3] = { { block, n / 7 },
                                { block + n / 7, 0 },
                                { block + n / 7, n - n / 7 } };
        ssize_t took;

        for (size_t i = 0; i < n; i++)
            block[i] = pattern(p->sent + i);
        took = stream_writev(p->s, iov, 3, &err);
        ck_assert_msg(took > 0 || took == STREAM_AGAIN, "%zd %s", took, err.msg);
        if (took > 0)
            p->sent += (size_t)took;
    } else {
        ck_assert_int_ne(stream_flush(p->s, &err), STREAM_ERROR);
    }
    do {
        ssize_t got = stream_read(p->s, block, p->room, &err);

        if (got == STREAM_AGAIN) {
            ck_assert(!stream_pending(p->s));
            break;
        }
        ck_assert_msg(got > 0, "%zd %s", got, err.msg);
        for (ssize_t i = 0; i < got; i++)
            if (block[i] != pattern(p->got + (size_t)i))
                ck_abort_msg("byte %zu is wrong", p->got + (size_t)i);
        p->got += (size_t)got;
    } while (stream_pending(p->s));
}

/* Small socket buffers, both directions at once, rooms that end inside records. */
static const size_t rooms[] = { 1, 100, 5000, 16384, 100000, 300000 };

START_TEST(both_directions_through_small_buffers)
{
    for (size_t version = 0; version < ENDS_VERSIONS; version++) {
        const char *ca = tls_certs_path("ca.pem");
        struct tls_options s = ends_server("server-p256"), c = { .authorities = { &ca, 1 } };
        struct ends e;
        size_t most = rooms[_i] * 1000 < 600000 ? rooms[_i] * 1000 : 600000;
        struct party a, b;

        s.protocols = (struct tls_names){ &ends_versions[version], 1 };
        e = ends_connect(&s, &c, "localhost", 4096);
        ck_assert_int_eq(e.server_st, STREAM_OK);
        a = (struct party){ e.server, most, 0, 0, most / 2, rooms[_i] };
        b = (struct party){ e.client, most / 2, 0, 0, most, rooms[_i] };
        for (int i = 0; i < 100000 && (a.got < a.want || b.got < b.want); i++) {
            party_step(&a);
            party_step(&b);
        }
        ck_assert_uint_eq(a.got, a.want);
        ck_assert_uint_eq(b.got, b.want);
        ends_close(&e);
    }
}
END_TEST

/* Tickets and halves of records come as reads with nothing in them. */
static ssize_t
read_some(struct stream *s, char *into, size_t n, struct err *err)
{
    ssize_t got = STREAM_AGAIN;

    for (int i = 0; i < 20 && got == STREAM_AGAIN; i++)
        got = stream_read(s, into, n, err);
    return got;
}

/* close_notify and FIN from the client: everything before is read, and the server's answer still
 * arrives. */
START_TEST(half_close_still_gets_its_answer)
{
    struct ends e = ends_simple(ends_versions[_i]);
    struct err err = { 0 };
    char got[200];

    ck_assert_int_eq(stream_write(e.client, SLICE("2W..."), &err), 5);
    ck_assert_int_eq(stream_finish(e.client, &err), STREAM_OK);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), 5);
    ck_assert(stream_pending(e.server));
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), STREAM_EOF);
    ck_assert(!stream_pending(e.server));
    ck_assert(!e.server->truncated);
    ck_assert_msg(stream_write(e.server, SLICE("2A...."), &err) == 6, "%s", err.msg);
    ck_assert_int_eq(stream_flush(e.server, &err), STREAM_OK);
    ck_assert_int_eq(read_some(e.client, got, sizeof got, &err), 6);
    ck_assert_int_eq(stream_finish(e.server, &err), STREAM_OK);
    ck_assert_int_eq(read_some(e.client, got, sizeof got, &err), STREAM_EOF);
    ends_close(&e);
}
END_TEST

START_TEST(fin_without_close_notify_is_truncated)
{
    struct ends e = ends_simple(ends_versions[_i]);
    struct err err = { 0 };
    char got[64];

    ck_assert_int_eq(stream_write(e.client, SLICE("abc"), &err), 3);
    shutdown(stream_fd(e.client), SHUT_WR);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), 3);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), STREAM_EOF);
    ck_assert(e.server->truncated);
    ck_assert_int_eq(stream_write(e.server, SLICE("abc"), &err), 3);
    ends_close(&e);
}
END_TEST

START_TEST(garbage_after_the_handshake_is_an_error)
{
    struct ends e = ends_simple(ends_versions[_i]);
    struct err err = { 0 };
    char got[64];

    ck_assert_int_eq(write(stream_fd(e.client), "GET / HTTP/1.1\r\n", 16), 16);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), STREAM_ERROR);
    ck_assert_int_eq(err.code, ERR_PROTOCOL);
    ck_assert_int_eq(strncmp(err.msg, "TLS: ", 5), 0);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), STREAM_ERROR);
    ends_close(&e);
}
END_TEST

/* No TLS 1.3 here, no TLS 1.2 there. */
START_TEST(no_version_in_common)
{
    struct tls_options s = ends_server("server-p256");
    struct tls_options c = { .verification = TLS_VERIFY_NONE, .protocols = NAMES("TLSv1.3") };
    struct ends e;

    s.protocols = NAMES("TLSv1.2");
    e = ends_connect(&s, &c, "localhost", 0);
    ck_assert_int_eq(e.server_st, STREAM_ERROR);
    ck_assert_str_eq(e.server_err.msg, "TLS handshake: no cipher suite in common with the peer");
    ck_assert_int_eq(e.client_st, STREAM_ERROR);
    ck_assert_str_eq(e.client_err.msg, "TLS handshake: the peer refuses: alert handshake_failure");
    ends_close(&e);
}
END_TEST

START_TEST(peer_that_leaves_during_the_handshake)
{
    struct tls_options s = ends_server("server-p256");
    struct err err = { 0 };
    struct tls_context *ctx = tls_must(tls_server_new(&s, &err), &err);
    struct loop *loop = loop_new(1, NULL, NULL);
    struct stream *stream;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    stream = tls_server_stream(ctx, loop, fds[0], &err);
    ck_assert_int_eq(stream_handshake(stream, &err), STREAM_AGAIN);
    ck_assert_uint_eq(stream_interest(stream, WATCH_WRITE), WATCH_READ);
    close(fds[1]);
    ck_assert_int_eq(stream_handshake(stream, &err), STREAM_ERROR);
    ck_assert_str_eq(err.msg, "TLS handshake: the peer closed the connection");
    ck_assert(tls_is_stream(stream));
    stream_free(&stream);
    tls_context_free(&ctx);
    loop_free(&loop);
}
END_TEST

static void
add_tests(TCase *tc)
{
    ends_begin();
    tcase_add_loop_test(tc, both_directions_through_small_buffers, 0, (int)COUNT(rooms));
    tcase_add_loop_test(tc, half_close_still_gets_its_answer, 0, (int)ENDS_VERSIONS);
    tcase_add_loop_test(tc, fin_without_close_notify_is_truncated, 0, (int)ENDS_VERSIONS);
    tcase_add_loop_test(tc, garbage_after_the_handshake_is_an_error, 0, (int)ENDS_VERSIONS);
    tcase_add_test(tc, no_version_in_common);
    tcase_add_test(tc, peer_that_leaves_during_the_handshake);
}

UNIT_MAIN("tls_bytes")
