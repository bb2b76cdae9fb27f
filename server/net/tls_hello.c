/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking at a connection before it costs 60 KB: the ClientHello is awaited in the kernel's buffer
 * (design 4). */
#include "server/net/tls.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define RECORD_HEADER    5
#define RECORD_HANDSHAKE 0x16
/* More of a hello than that is not waited for: it may be spread over records, and SO_RCVBUF is
 * small. */
#define HELLO_MAX (16 * 1024)

static enum tls_hello
wait_for(int fd, int bytes)
{
    struct pollfd p = { .fd = fd, .events = POLLRDHUP };

    /* A half-closed socket is readable for ever: what is not there now will not come. */
    if (poll(&p, 1, 0) > 0)
        return TLS_HELLO_EOF;
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
    return TLS_HELLO_WAIT;
}

static enum tls_hello
ready(int fd)
{
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
    return TLS_HELLO_READY;
}

enum tls_hello
tls_hello_ready(int fd, unsigned char *first)
{
    unsigned char head[RECORD_HEADER];
    int there = 0, wanted;
    ssize_t got;

    do
        got = recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? TLS_HELLO_WAIT : TLS_HELLO_EOF;
    if (got == 0)
        return TLS_HELLO_EOF;
    *first = head[0];
    if (head[0] != RECORD_HANDSHAKE)
        return TLS_HELLO_NOT_TLS;
    if (got < RECORD_HEADER)
        return wait_for(fd, RECORD_HEADER);
    wanted = RECORD_HEADER + (head[3] << 8 | head[4]);
    if (wanted > HELLO_MAX)
        wanted = HELLO_MAX;
    if (ioctl(fd, FIONREAD, &there) < 0 || there >= wanted)
        return ready(fd);
    return wait_for(fd, wanted);
}
