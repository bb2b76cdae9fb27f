/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/beats_peer.h"
#include "server/proxy_protocol.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define V2    "\r\n\r\n\0\r\nQUIT\n"
#define V1MAX "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535"
#define INET  "\xc0\x00\x02\x07\xc0\x00\x02\x01\xc8\x90\x13\xb4"
#define INET6                                                          \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0" \
    "\0\0\0\0\0\0\0\0\x02\xc8\x90\x13\xb4"

/* source NULL: the balancer's own. length: of the header; what follows it stays. */
static const struct {
    const char *name;
    struct slice in;
    const char *source;
    size_t length;
} good[] = {
    { "v1, IPv4", SLICE_INIT("PROXY TCP4 192.0.2.7 192.0.2.1 51344 5044\r\n2W"), "192.0.2.7:51344",
      43 },
    { "v1, IPv6", SLICE_INIT("PROXY TCP6 2001:db8::1 2001:db8::2 51344 5044\r\n"),
      "[2001:db8::1]:51344", 47 },
    { "v1, port 0", SLICE_INIT("PROXY TCP4 10.0.0.1 10.0.0.2 0 65535\r\n"), "10.0.0.1:0", 38 },
    { "v1, unknown", SLICE_INIT("PROXY UNKNOWN\r\n\x16\x03"), NULL, 15 },
    { "v1, unknown with more", SLICE_INIT("PROXY UNKNOWN what ever it is\r\n"), NULL, 31 },
    { "v2, local without addresses", SLICE_INIT(V2 "\x20\x00\x00\x00"), NULL, 16 },
    { "v2, local with addresses", SLICE_INIT(V2 "\x20\x11\x00\x0c" INET "2W"), NULL, 28 },
    { "v2, IPv4", SLICE_INIT(V2 "\x21\x11\x00\x0c" INET "2W"), "192.0.2.7:51344", 28 },
    { "v2, IPv6", SLICE_INIT(V2 "\x21\x21\x00\x24" INET6), "[2001:db8::1]:51344", 52 },
    { "v2, datagram", SLICE_INIT(V2 "\x21\x12\x00\x0c" INET), "192.0.2.7:51344", 28 },
    { "v2, no family", SLICE_INIT(V2 "\x21\x00\x00\x03xyz"), NULL, 19 },
    { "v2, Unix socket", SLICE_INIT(V2 "\x21\x31\x00\x04path"), NULL, 20 },
    { "v2, extensions: checksum, empty unique id, one unknown",
      SLICE_INIT(V2 "\x21\x11\x00\x1b" INET "\x03\x00\x04\x01\x02\x03\x04\x05\x00\x00\xee\x00\x02"
                    "hi2W"),
      "192.0.2.7:51344", 43 },
    { "v2, extension longer than the header", SLICE_INIT(V2 "\x21\x11\x00\x0f" INET "\x05\xff\xff"),
      "192.0.2.7:51344", 31 },
};

static const struct {
    const char *name;
    struct slice in;
    const char *why;
} bad[] = {
    { "a window", SLICE_INIT("2W\0\0\0\1"), "lists this peer" },
    { "a ClientHello", SLICE_INIT("\x16\x03\x01"), "lists this peer" },
    { "HTTP", SLICE_INIT("POST / HTTP/1.1\r\n"), "lists this peer" },
    { "lower case", SLICE_INIT("proxy TCP4 "), "lists this peer" },
    { "v1, other family", SLICE_INIT("PROXY UDP4 1.2.3.4 1.2.3.5 1 2\r\n"), "none of TCP4" },
    { "v1, nothing", SLICE_INIT("PROXY \r\n"), "none of TCP4" },
    { "v1, family alone", SLICE_INIT("PROXY TCP4\r\n"), "not of its family" },
    { "v1, bad address", SLICE_INIT("PROXY TCP4 1.2.3.256 1.2.3.5 1 2\r\n"), "not of its family" },
    { "v1, leading zero", SLICE_INIT("PROXY TCP4 01.2.3.4 1.2.3.5 1 2\r\n"), "not of its family" },
    { "v1, IPv6 as TCP4", SLICE_INIT("PROXY TCP4 ::1 ::1 1 2\r\n"), "not of its family" },
    { "v1, IPv4 as TCP6", SLICE_INIT("PROXY TCP6 1.2.3.4 1.2.3.5 1 2\r\n"), "not of its family" },
    { "v1, bad destination", SLICE_INIT("PROXY TCP4 1.2.3.4 x 1 2\r\n"), "not of its family" },
    { "v1, two blanks", SLICE_INIT("PROXY TCP4  1.2.3.4 1.2.3.5 1 2\r\n"), "not of its family" },
    { "v1, port too large", SLICE_INIT("PROXY TCP4 1.2.3.4 1.2.3.5 65536 2\r\n"), "0 to 65535" },
    { "v1, destination port too large", SLICE_INIT("PROXY TCP4 1.2.3.4 1.2.3.5 1 99999\r\n"),
      "0 to 65535" },
    { "v1, port with a sign", SLICE_INIT("PROXY TCP4 1.2.3.4 1.2.3.5 +1 2\r\n"), "0 to 65535" },
    { "v1, port with a zero", SLICE_INIT("PROXY TCP4 1.2.3.4 1.2.3.5 01 2\r\n"), "0 to 65535" },
    { "v1, one port", SLICE_INIT("PROXY TCP4 1.2.3.4 1.2.3.5 1\r\n"), "0 to 65535" },
    { "v1, three ports", SLICE_INIT("PROXY TCP4 1.2.3.4 1.2.3.5 1 2 3\r\n"), "0 to 65535" },
    { "v1, line feed alone", SLICE_INIT("PROXY UNKNOWN\n"), "carriage return" },
    { "v1, no line end", SLICE_INIT("PROXY UNKNOWN " V1MAX V1MAX), "within 107 bytes" },
    { "v2, version 1", SLICE_INIT(V2 "\x11\x11\x00\x0c" INET), "neither 1 nor 2" },
    { "v2, unknown command", SLICE_INIT(V2 "\x22\x11\x00\x0c" INET), "unknown command" },
    { "v2, unknown family", SLICE_INIT(V2 "\x21\x41\x00\x0c" INET), "unknown command" },
    { "v2, unknown transport", SLICE_INIT(V2 "\x21\x13\x00\x0c" INET), "unknown command" },
    { "v2, IPv4 too short", SLICE_INIT(V2 "\x21\x11\x00\x0b" INET), "too short" },
    { "v2, IPv6 too short", SLICE_INIT(V2 "\x21\x21\x00\x23" INET6), "too short" },
    { "v2, length beyond the limit", SLICE_INIT(V2 "\x21\x11\x10\x01"), "4097 bytes" },
};

static void
check_source(const struct proxy_header *h, const char *wanted, const char *name)
{
    char text[ADDRESS_TEXT];

    ck_assert_msg(h->has_source == (wanted != NULL), "%s", name);
    if (wanted != NULL)
        ck_assert_str_eq(address_print(&h->source, text), wanted);
}

START_TEST(header_whole_and_byte_by_byte)
{
    for (size_t n = 0; n <= good[_i].in.n; n++) {
        struct slice in = { good[_i].in.p, n };
        struct proxy_header h;
        struct err err = { 0 };
        enum proxy_status got = proxy_parse(in, &h, &err);

        if (n < good[_i].length) {
            ck_assert_msg(got == PROXY_MORE, "%s at %zu: %s", good[_i].name, n, err.msg);
            ck_assert_uint_gt(h.length, n);
            ck_assert_uint_le(h.length, good[_i].length);
            continue;
        }
        ck_assert_msg(got == PROXY_WHOLE, "%s at %zu: %s", good[_i].name, n, err.msg);
        ck_assert_uint_eq(h.length, good[_i].length);
        check_source(&h, good[_i].source, good[_i].name);
    }
}
END_TEST

START_TEST(refused_with_a_reason)
{
    struct proxy_header h;
    struct err err = { 0 };

    ck_assert_msg(proxy_parse(bad[_i].in, &h, &err) == PROXY_BAD, "%s", bad[_i].name);
    ck_assert_msg(strstr(err.msg, bad[_i].why) != NULL, "%s: %s", bad[_i].name, err.msg);
}
END_TEST

START_TEST(longest_line_of_version_1)
{
    char line[128];
    struct proxy_header h;
    struct err err = { 0 };

    memset(line, 'x', sizeof line);
    memcpy(line, "PROXY UNKNOWN ", 14);
    memcpy(line + PROXY_V1_MAX - 2, "\r\n", 2);
    ck_assert_int_eq(proxy_parse((struct slice){ line, PROXY_V1_MAX }, &h, &err), PROXY_WHOLE);
    ck_assert_uint_eq(h.length, PROXY_V1_MAX);
    memcpy(line + PROXY_V1_MAX - 2, "x\r\n", 3);
    ck_assert_int_eq(proxy_parse((struct slice){ line, PROXY_V1_MAX + 1 }, &h, &err), PROXY_BAD);
}
END_TEST

START_TEST(longest_header_of_version_2)
{
    static char bytes[PROXY_V2_HEAD + PROXY_V2_MAX];
    struct proxy_header h;
    struct err err = { 0 };

    memcpy(bytes, V2 "\x21\x11\x10\x00" INET, 28);
    ck_assert_int_eq(proxy_parse((struct slice){ bytes, sizeof bytes }, &h, &err), PROXY_WHOLE);
    ck_assert_uint_eq(h.length, sizeof bytes);
    check_source(&h, "192.0.2.7:51344", "longest");
}
END_TEST

/* ---- in a socket ---- */

static void
open_pair(int fd[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
}

static void
put(int fd, struct slice s)
{
    ck_assert_int_eq(send(fd, s.p, s.n, MSG_NOSIGNAL), (ssize_t)s.n);
}

START_TEST(exactly_the_header_leaves_the_socket)
{
    int fd[2];
    char rest[16];
    struct proxy_header h;
    struct err err = { 0 };

    open_pair(fd);
    ck_assert_int_eq(proxy_take(fd[0], &h, &err), PROXY_MORE);
    put(fd[1], SLICE("PROXY TCP4 192.0.2.7"));
    ck_assert_int_eq(proxy_take(fd[0], &h, &err), PROXY_MORE);
    put(fd[1], SLICE(" 192.0.2.1 51344 5044\r\n2W"));
    ck_assert_int_eq(proxy_take(fd[0], &h, &err), PROXY_WHOLE);
    check_source(&h, "192.0.2.7:51344", "socket");
    ck_assert_int_eq(recv(fd[0], rest, sizeof rest, 0), 2);
    ck_assert_int_eq(memcmp(rest, "2W", 2), 0);
    close(fd[0]);
    close(fd[1]);
}
END_TEST

START_TEST(peer_that_leaves_before_or_inside_the_header)
{
    int fd[2];
    struct proxy_header h;
    struct err err = { 0 };

    open_pair(fd);
    put(fd[1], SLICE("PROXY "));
    shutdown(fd[1], SHUT_WR);
    ck_assert_int_eq(proxy_take(fd[0], &h, &err), PROXY_EOF);
    close(fd[0]);
    close(fd[1]);
    open_pair(fd);
    close(fd[1]);
    ck_assert_int_eq(proxy_take(fd[0], &h, &err), PROXY_EOF);
    close(fd[0]);
}
END_TEST

START_TEST(garbage_stays_in_the_socket)
{
    int fd[2];
    char rest[16];
    struct proxy_header h;
    struct err err = { 0 };

    open_pair(fd);
    put(fd[1], SLICE("2W"));
    ck_assert_int_eq(proxy_take(fd[0], &h, &err), PROXY_BAD);
    ck_assert_int_eq(recv(fd[0], rest, sizeof rest, 0), 2);
    close(fd[0]);
    close(fd[1]);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, header_whole_and_byte_by_byte, 0, (int)COUNT(good));
    tcase_add_loop_test(tc, refused_with_a_reason, 0, (int)COUNT(bad));
    tcase_add_test(tc, longest_line_of_version_1);
    tcase_add_test(tc, longest_header_of_version_2);
    tcase_add_test(tc, exactly_the_header_leaves_the_socket);
    tcase_add_test(tc, peer_that_leaves_before_or_inside_the_header);
    tcase_add_test(tc, garbage_stays_in_the_socket);
}

UNIT_MAIN("proxy_protocol")
