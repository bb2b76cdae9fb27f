/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/proxy_protocol.h"

#include "pipeline/ip.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static const struct slice v1_start = SLICE_INIT("PROXY ");
static const struct slice v2_start = SLICE_INIT("\r\n\r\n\0\r\nQUIT\n");

enum { V2_LOCAL, V2_PROXY };
enum { V2_UNSPEC, V2_INET, V2_INET6, V2_UNIX };

static enum proxy_status
bad(struct err *err, const char *what)
{
    err_set(err, ERR_PROTOCOL, "PROXY header: %s", what);
    return PROXY_BAD;
}

/* ---- addresses ---- */

static struct address
address_of(const uint8_t *at, bool v6, uint16_t port)
{
    struct address a = { 0 };

    if (v6) {
        struct sockaddr_in6 *sa = (void *)&a.sa;

        sa->sin6_family = AF_INET6;
        memcpy(&sa->sin6_addr, at, 16);
        sa->sin6_port = htons(port);
        a.n = sizeof *sa;
    } else {
        struct sockaddr_in *sa = (void *)&a.sa;

        sa->sin_family = AF_INET;
        memcpy(&sa->sin_addr, at, 4);
        sa->sin_port = htons(port);
        a.n = sizeof *sa;
    }
    return a;
}

/* ---- version 1: a line of text ---- */

static bool
read_port(struct slice s, uint16_t *out)
{
    unsigned n = 0;

    if (s.n == 0 || s.n > 5 || (s.n > 1 && s.p[0] == '0'))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        n = n * 10 + (unsigned)(s.p[i] - '0');
    }
    *out = (uint16_t)n;
    return n <= UINT16_MAX;
}

/* "TCP4 192.0.2.7 192.0.2.1 51344 5044" */
static enum proxy_status
read_line(struct slice line, struct proxy_header *out, struct err *err)
{
    struct slice rest = line, family = { 0 }, source = { 0 }, destination = { 0 }, ports = { 0 };
    struct ip from, to;
    uint16_t port, to_port;
    bool v6;

    slice_split(&rest, ' ', &family);
    if (slice_eq(family, SLICE("UNKNOWN")))
        return PROXY_WHOLE;
    v6 = slice_eq(family, SLICE("TCP6"));
    if (!v6 && !slice_eq(family, SLICE("TCP4")))
        return bad(err, "the family is none of TCP4, TCP6, UNKNOWN");
    slice_split(&rest, ' ', &source);
    slice_split(&rest, ' ', &destination);
    slice_split(&rest, ' ', &ports);
    if (!ip_parse(source, &from) || !ip_parse(destination, &to) || from.v6 != v6 || to.v6 != v6)
        return bad(err, "an address is not of its family");
    if (!read_port(ports, &port) || rest.p == NULL || !read_port(rest, &to_port))
        return bad(err, "a port is not a number from 0 to 65535");
    out->source = address_of(from.at, v6, port);
    out->has_source = true;
    return PROXY_WHOLE;
}

static enum proxy_status
parse_v1(struct slice in, struct proxy_header *out, struct err *err)
{
    size_t looked = in.n < PROXY_V1_MAX ? in.n : PROXY_V1_MAX;
    size_t end = slice_find_byte((struct slice){ in.p, looked }, '\n', 0);

    if (end == SIZE_MAX) {
        out->length = in.n + 1;
        return looked < PROXY_V1_MAX ? PROXY_MORE : bad(err, "no line end within 107 bytes");
    }
    if (in.p[end - 1] != '\r')
        return bad(err, "the line ends without a carriage return");
    out->length = end + 1;
    return read_line(slice_between(in.p + v1_start.n, in.p + end - 1), out, err);
}

/* ---- version 2: binary ---- */

static uint16_t
be16(const char *p)
{
    return (uint16_t)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

/* The address block, addresses first, then ports; extensions behind it are not looked at. */
static enum proxy_status
read_block(struct slice block, unsigned family, struct proxy_header *out, struct err *err)
{
    bool v6 = family == V2_INET6;
    size_t size = v6 ? 16 : 4;

    if (family == V2_UNSPEC || family == V2_UNIX)
        return PROXY_WHOLE;
    if (block.n < 2 * size + 4)
        return bad(err, "it is too short for its addresses");
    out->source = address_of((const uint8_t *)block.p, v6, be16(block.p + 2 * size));
    out->has_source = true;
    return PROXY_WHOLE;
}

static enum proxy_status
parse_v2(struct slice in, struct proxy_header *out, struct err *err)
{
    unsigned version, command, family, transport;
    size_t length;

    out->length = PROXY_V2_HEAD;
    if (in.n < PROXY_V2_HEAD)
        return PROXY_MORE;
    version = (unsigned char)in.p[12] >> 4;
    command = (unsigned char)in.p[12] & 15;
    family = (unsigned char)in.p[13] >> 4;
    transport = (unsigned char)in.p[13] & 15;
    length = be16(in.p + 14);
    if (version != 2)
        return bad(err, "the version is neither 1 nor 2");
    if (command > V2_PROXY || family > V2_UNIX || transport > 2)
        return bad(err, "unknown command, family or transport");
    if (length > PROXY_V2_MAX) {
        err_set(err, ERR_LIMIT, "PROXY header: %zu bytes behind its fixed part exceed %zu", length,
                PROXY_V2_MAX);
        return PROXY_BAD;
    }
    out->length = PROXY_V2_HEAD + length;
    if (in.n < out->length)
        return PROXY_MORE;
    if (command == V2_LOCAL)
        return PROXY_WHOLE;
    return read_block((struct slice){ in.p + PROXY_V2_HEAD, length }, family, out, err);
}

/* ---- both ---- */

static bool
may_start(struct slice in, struct slice start)
{
    size_t n = in.n < start.n ? in.n : start.n;

    return memcmp(in.p, start.p, n) == 0;
}

enum proxy_status
proxy_parse(struct slice in, struct proxy_header *out, struct err *err)
{
    *out = (struct proxy_header){ .length = 1 };
    if (in.n == 0)
        return PROXY_MORE;
    if (may_start(in, v2_start))
        return parse_v2(in, out, err);
    if (!may_start(in, v1_start))
        return bad(err, "there is none, though beats.proxy_protocol lists this peer");
    if (in.n < v1_start.n) {
        out->length = v1_start.n;
        return PROXY_MORE;
    }
    return parse_v1(in, out, err);
}

/* ---- in a socket ---- */

static enum proxy_status
wait_for(int fd, size_t bytes)
{
    struct pollfd p = { .fd = fd, .events = POLLRDHUP };
    int n = (int)bytes;

    /* A half-closed socket is readable for ever: what is not there now will not come. */
    if (poll(&p, 1, 0) > 0)
        return PROXY_EOF;
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &n, sizeof n);
    return PROXY_MORE;
}

/* It lies there: the peek has seen it. */
static void
consume(int fd, char *scratch, size_t n)
{
    int one = 1;

    while (n > 0) {
        ssize_t got = recv(fd, scratch, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        ASSERT(got > 0);
        n -= (size_t)got;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
}

enum proxy_status
proxy_take(int fd, struct proxy_header *out, struct err *err)
{
    char bytes[PROXY_V2_HEAD + PROXY_V2_MAX];
    enum proxy_status got;
    ssize_t n;

    do
        n = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return PROXY_MORE;
    if (n <= 0)
        return PROXY_EOF;
    got = proxy_parse((struct slice){ bytes, (size_t)n }, out, err);
    if (got == PROXY_MORE)
        return wait_for(fd, out->length);
    if (got == PROXY_WHOLE)
        consume(fd, bytes, out->length);
    return got;
}
