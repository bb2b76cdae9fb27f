/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Before there is a session: when a ClientHello is whole. */
#include "server/net/tls.h"
#include "server/net/tls_priv.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct tcp {
    int listener, near, far;
};

static struct tcp
tcp_new(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    struct tcp t = { .listener = socket(AF_INET, SOCK_STREAM, 0) };

    ck_assert_int_eq(bind(t.listener, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(listen(t.listener, 1), 0);
    getsockname(t.listener, (struct sockaddr *)&a, &n);
    t.far = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(t.far, (struct sockaddr *)&a, n), 0);
    t.near = accept(t.listener, NULL, NULL);
    ck_assert_int_ge(t.near, 0);
    return t;
}

static void
tcp_free(struct tcp *t)
{
    close(t->listener);
    close(t->near);
    close(t->far);
}

static bool
readable(int fd, int wait_ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, wait_ms) == 1;
}

/* Until the answer is another than WAIT, as a loop would: only when the socket wakes it. */
static enum tls_hello
hello_when_woken(int fd, unsigned char *first)
{
    enum tls_hello h = TLS_HELLO_WAIT;

    for (int i = 0; i < 10 && h == TLS_HELLO_WAIT && readable(fd, 2000); i++)
        h = tls_hello_ready(fd, first);
    return h;
}

START_TEST(hello_is_ready_when_it_is_whole)
{
    struct tcp t = tcp_new();
    char hello[205] = { 0x16, 3, 1, 0, (char)200 };
    unsigned char first = 0;

    ck_assert_int_eq(tls_hello_ready(t.near, &first), TLS_HELLO_WAIT);
    ck_assert_int_eq(write(t.far, hello, 1), 1);
    ck_assert(readable(t.near, 2000));
    ck_assert_int_eq(tls_hello_ready(t.near, &first), TLS_HELLO_WAIT);
    ck_assert(!readable(t.near, 20)); /* SO_RCVLOWAT: no wake-up for less than a header */
    ck_assert_int_eq(write(t.far, hello + 1, 203), 203);
    ck_assert(readable(t.near, 2000));
    ck_assert_int_eq(tls_hello_ready(t.near, &first), TLS_HELLO_WAIT);
    ck_assert(!readable(t.near, 20));
    ck_assert_int_eq(write(t.far, hello + 204, 1), 1);
    ck_assert_int_eq(hello_when_woken(t.near, &first), TLS_HELLO_READY);
    ck_assert_int_eq(recv(t.near, hello, sizeof hello, MSG_DONTWAIT), 205);
    tcp_free(&t);
}
END_TEST

START_TEST(hello_that_is_none)
{
    struct tcp t = tcp_new();
    unsigned char first = 0;

    ck_assert_int_eq(write(t.far, "2W", 2), 2);
    ck_assert_int_eq(hello_when_woken(t.near, &first), TLS_HELLO_NOT_TLS);
    ck_assert_int_eq(first, '2');
    tcp_free(&t);
}
END_TEST

START_TEST(hello_longer_than_we_wait_for)
{
    struct tcp t = tcp_new();
    static char hello[16 * 1024] = { 0x16, 3, 1, (char)0xff, (char)0xff };
    unsigned char first = 0;

    ck_assert_int_eq(write(t.far, hello, sizeof hello), (ssize_t)sizeof hello);
    ck_assert_int_eq(hello_when_woken(t.near, &first), TLS_HELLO_READY);
    tcp_free(&t);
}
END_TEST

/* A half-close keeps the socket readable: waiting on would be spinning. */
START_TEST(hello_of_a_peer_that_left)
{
    for (int bytes = 0; bytes <= 7; bytes += 7) {
        struct tcp t = tcp_new();
        unsigned char first = 0;

        ck_assert_int_eq(write(t.far, "\x16\3\1\1\0..", (size_t)bytes), bytes);
        shutdown(t.far, SHUT_WR);
        ck_assert_int_eq(hello_when_woken(t.near, &first), TLS_HELLO_EOF);
        tcp_free(&t);
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, hello_is_ready_when_it_is_whole);
    tcase_add_test(tc, hello_that_is_none);
    tcase_add_test(tc, hello_longer_than_we_wait_for);
    tcase_add_test(tc, hello_of_a_peer_that_left);
}

UNIT_MAIN("tls_hello")
