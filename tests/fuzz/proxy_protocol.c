/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a PROXY header: a good one is good from its length on, whatever follows, and wants
 * more at every length before; what is bad stays bad with more bytes behind it. From a socket it is
 * the same, and only a good one is taken out. */
#include "server/proxy_protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A socket's buffer takes this at once. */
#define MOST_SENT 65536

static void
require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "proxy_protocol: %s\n", what);
    abort();
}

/* Bytes that are still to be read, whatever the socket was told to wait for. */
static size_t
waiting(int fd)
{
    int n = 0;

    require(ioctl(fd, FIONREAD, &n) == 0, "FIONREAD");
    return (size_t)n;
}

static int
least_to_wake(int fd)
{
    int n = 0;
    socklen_t size = sizeof n;

    require(getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &n, &size) == 0, "SO_RCVLOWAT");
    return n;
}

static void
check_in_socket(struct slice in, enum proxy_status wanted, const struct proxy_header *whole)
{
    struct proxy_header found;
    struct err err = { 0 };
    int fds[2];

    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0, "socketpair");
    require(proxy_take(fds[0], &found, &err) == PROXY_MORE, "takes what is not there");
    require(in.n == 0 || send(fds[1], in.p, in.n, 0) == (ssize_t)in.n, "send");
    require(proxy_take(fds[0], &found, &err) == wanted, "another answer from a socket");
    if (wanted == PROXY_WHOLE)
        require(found.length == whole->length && found.has_source == whole->has_source &&
                    least_to_wake(fds[0]) == 1,
                "another header from a socket");
    require(waiting(fds[0]) == in.n - (wanted == PROXY_WHOLE ? whole->length : 0),
            "more is taken than the header");
    if (wanted == PROXY_MORE) {
        require(in.n == 0 || least_to_wake(fds[0]) == (int)found.length, "wakes too early");
        shutdown(fds[1], SHUT_WR);
        require(proxy_take(fds[0], &found, &err) == PROXY_EOF, "waits for a peer that left");
    }
    close(fds[0]);
    close(fds[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header whole, part;
    struct slice in = { (const char *)data, size };
    enum proxy_status got, before;
    struct err err = { 0 };

    got = proxy_parse(in, &whole, &err);
    require(got == PROXY_BAD || whole.length > 0, "no length");
    require(got != PROXY_WHOLE || whole.length <= size, "longer than what is there");
    require(got != PROXY_MORE || whole.length > size, "wants what is there");
    for (size_t n = 0; n < size && n <= PROXY_V1_MAX + 1; n++) {
        before = proxy_parse((struct slice){ in.p, n }, &part, &err);
        require(before != PROXY_BAD || got == PROXY_BAD, "bad bytes became good");
        require(before != PROXY_WHOLE || (got == PROXY_WHOLE && part.length == whole.length),
                "the length depends on what follows");
        require(got != PROXY_WHOLE || n >= whole.length || before == PROXY_MORE,
                "a part of a good header does not want more");
    }
    if (size <= MOST_SENT)
        check_in_socket(in, got, &whole);
    return 0;
}
