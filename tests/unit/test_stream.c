/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plain stream over socket pairs, and the scripted one that other tests use. */
#include "server/net/stream.h"
#include "tests/unit/scripted_stream.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
    struct loop *loop;
    struct stream *s;
    int peer;
};

static struct pair
pair_new(void)
{
    struct pair p = { .loop = loop_new(1, NULL, NULL) };
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    p.s = stream_plain_new(p.loop, fds[0]);
    p.peer = fds[1];
    return p;
}

static void
pair_free(struct pair *p)
{
    stream_free(&p->s);
    stream_free(&p->s); /* NULL is fine */
    close(p->peer);
    loop_free(&p->loop);
}

START_TEST(reads_waits_and_ends)
{
    struct pair p = pair_new();
    struct err err = { 0 };
    char got[16];

    ck_assert_int_ne(fcntl(stream_fd(p.s), F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(stream_handshake(p.s, &err), STREAM_OK);
    ck_assert_int_eq(stream_read(p.s, got, sizeof got, &err), STREAM_AGAIN);
    ck_assert_int_eq(write(p.peer, "abcdef", 6), 6);
    ck_assert_int_eq(stream_read(p.s, got, 4, &err), 4);
    ck_assert_int_eq(stream_read(p.s, got, 4, &err), 2);
    ck_assert_int_eq(stream_read(p.s, got, 4, &err), STREAM_AGAIN);
    shutdown(p.peer, SHUT_WR);
    ck_assert_int_eq(stream_read(p.s, got, 4, &err), STREAM_EOF);
    ck_assert(!p.s->truncated);
    pair_free(&p);
}
END_TEST

START_TEST(half_closed_peer_still_gets_bytes)
{
    struct pair p = pair_new();
    struct err err = { 0 };
    char got[16];

    shutdown(p.peer, SHUT_WR);
    ck_assert_int_eq(stream_read(p.s, got, 4, &err), STREAM_EOF);
    ck_assert_int_eq(stream_write(p.s, SLICE("2A"), &err), 2);
    ck_assert_int_eq(stream_flush(p.s, &err), STREAM_OK);
    ck_assert_int_eq(stream_finish(p.s, &err), STREAM_OK);
    ck_assert_int_eq(read(p.peer, got, sizeof got), 2);
    ck_assert_int_eq(read(p.peer, got, sizeof got), 0);
    pair_free(&p);
}
END_TEST

/* No signal, and a text that says which call. */
START_TEST(writing_to_nobody_is_an_error)
{
    struct pair p = pair_new();
    struct err err = { 0 };

    close(p.peer);
    ck_assert_int_eq(stream_write(p.s, SLICE("x"), &err), STREAM_ERROR);
    ck_assert_int_eq(err.code, ERR_IO);
    ck_assert_str_eq(err.msg, "send: Broken pipe");
    p.peer = -1;
    pair_free(&p);
}
END_TEST

START_TEST(writes_until_the_kernel_is_full)
{
    struct pair p = pair_new();
    struct err err = { 0 };
    static char block[64 * 1024];
    struct iovec iov[3] = { { block, 100 }, { block, sizeof block }, { block, sizeof block } };
    ssize_t n, all = 0;

    while ((n = stream_writev(p.s, iov, COUNT(iov), &err)) > 0)
        all += n;
    ck_assert_int_eq(n, STREAM_AGAIN);
    ck_assert_int_gt(all, 100);
    ck_assert_uint_eq(stream_interest(p.s, WATCH_WRITE), WATCH_WRITE);
    while (all > 0) {
        n = read(p.peer, block, sizeof block);
        ck_assert_int_gt(n, 0);
        all -= n;
    }
    ck_assert_int_gt(stream_writev(p.s, iov, COUNT(iov), &err), 0);
    pair_free(&p);
}
END_TEST

START_TEST(received_bytes_are_load)
{
    struct pair p = pair_new();
    char got[16];

    ck_assert_int_eq(write(p.peer, "abcdef", 6), 6);
    ck_assert_int_eq(stream_read(p.s, got, sizeof got, NULL), 6);
    loop_tick(p.loop);
    ck_assert_uint_eq(loop_load(p.loop), 6);
    pair_free(&p);
}
END_TEST

START_TEST(script_is_followed)
{
    static const struct script_step steps[] = {
        { SCRIPT_BYTES, SLICE_INIT("abc") },
        { SCRIPT_AGAIN, { NULL, 0 } },
        { SCRIPT_BYTES, SLICE_INIT("d") },
        { SCRIPT_ERROR, { NULL, 0 } },
    };
    struct scripted s;
    struct stream *stream = &s.stream;
    struct err err = { 0 };
    char got[8];

    scripted_init(&s, NULL, steps, COUNT(steps));
    s.read_most = 2;
    ck_assert_int_eq(stream_read(stream, got, sizeof got, &err), 2);
    ck_assert_int_eq(stream_read(stream, got, sizeof got, &err), 1);
    ck_assert_int_eq(stream_read(stream, got, sizeof got, &err), STREAM_AGAIN);
    ck_assert_int_eq(stream_read(stream, got, sizeof got, &err), 1);
    ck_assert_int_eq(stream_read(stream, got, sizeof got, &err), STREAM_ERROR);
    ck_assert_str_eq(err.msg, "scripted");
    s.write_most = 3;
    ck_assert_int_eq(stream_write(stream, SLICE("hello"), &err), 3);
    ck_assert_slice(buf_slice(&s.written), SLICE("hel"));
    s.blocked = true;
    ck_assert_int_eq(stream_write(stream, SLICE("lo"), &err), STREAM_AGAIN);
    stream_reset(&stream);
    ck_assert_uint_eq(s.frees, 1);
    ck_assert_uint_eq(s.resets, 1);
    scripted_fini(&s);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, reads_waits_and_ends);
    tcase_add_test(tc, half_closed_peer_still_gets_bytes);
    tcase_add_test(tc, writing_to_nobody_is_an_error);
    tcase_add_test(tc, writes_until_the_kernel_is_full);
    tcase_add_test(tc, received_bytes_are_load);
    tcase_add_test(tc, script_is_followed);
}

UNIT_MAIN("stream")
