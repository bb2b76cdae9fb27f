/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all streams have in common, and the plain one. TLS is in tls_stream.c. */
#include "server/net/stream.h"

#include "server/net/stream_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- sockets, for both kinds ---- */

void
socket_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL), on = 1;

    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    /* A socket pair in a test has no TCP; it needs none. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

ssize_t
socket_recv(struct stream *s, char *into, size_t n, struct err *err)
{
    ssize_t got;

    do
        got = recv(s->fd, into, n < LOOP_RECV_BUFFER ? n : LOOP_RECV_BUFFER, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        loop_note_bytes(s->loop, (size_t)got);
        return got;
    }
    if (got == 0)
        return STREAM_EOF;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return STREAM_AGAIN;
    err_errno(err, "recv");
    return STREAM_ERROR;
}

ssize_t
socket_send(struct stream *s, const struct iovec *iov, size_t n, struct err *err)
{
    /* The cast drops const only: sendmsg reads. */
    struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov,
                          .msg_iovlen = n < IOV_MAX ? n : IOV_MAX };
    ssize_t sent;

    do
        sent = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return sent;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return STREAM_AGAIN;
    err_errno(err, "send");
    return STREAM_ERROR;
}

enum stream_status
socket_finish(struct stream *s, struct err *err)
{
    if (shutdown(s->fd, SHUT_WR) == 0 || errno == ENOTCONN)
        return STREAM_OK;
    err_errno(err, "shutdown");
    return STREAM_ERROR;
}

/* ---- plain ---- */

static enum stream_status
plain_nothing(struct stream *s, struct err *err)
{
    (void)s, (void)err;
    return STREAM_OK;
}

static unsigned
plain_interest(const struct stream *s, unsigned wish)
{
    (void)s;
    return wish;
}

static bool
plain_pending(const struct stream *s)
{
    (void)s;
    return false;
}

static void
plain_free(struct stream *s)
{
    free(s);
}

static const struct stream_ops plain_ops = {
    .read = socket_recv,
    .writev = socket_send,
    .handshake = plain_nothing,
    .flush = plain_nothing,
    .finish = socket_finish,
    .interest = plain_interest,
    .pending = plain_pending,
    .free = plain_free,
};

struct stream *
stream_plain_new(struct loop *loop, int fd)
{
    struct stream *s = xcalloc(1, sizeof *s);

    socket_prepare(fd);
    *s = (struct stream){ .ops = &plain_ops, .loop = loop, .fd = fd };
    return s;
}

/* ---- the vtable's callers ---- */

ssize_t
stream_read(struct stream *s, char *into, size_t n, struct err *err)
{
    ASSERT(n > 0);
    return s->ops->read(s, into, n, err);
}

ssize_t
stream_writev(struct stream *s, const struct iovec *iov, size_t n, struct err *err)
{
    return s->ops->writev(s, iov, n, err);
}

ssize_t
stream_write(struct stream *s, struct slice bytes, struct err *err)
{
    struct iovec iov = { (void *)(uintptr_t)bytes.p, bytes.n };

    return s->ops->writev(s, &iov, 1, err);
}

enum stream_status
stream_handshake(struct stream *s, struct err *err)
{
    return s->ops->handshake(s, err);
}

enum stream_status
stream_flush(struct stream *s, struct err *err)
{
    return s->ops->flush(s, err);
}

enum stream_status
stream_finish(struct stream *s, struct err *err)
{
    return s->ops->finish(s, err);
}

unsigned
stream_interest(const struct stream *s, unsigned wish)
{
    return s->ops->interest(s, wish);
}

bool
stream_pending(const struct stream *s)
{
    return s->ops->pending(s);
}

int
stream_fd(const struct stream *s)
{
    return s->fd;
}

void
stream_free(struct stream **stream)
{
    struct stream *s = *stream;
    int fd;

    *stream = NULL;
    if (s == NULL)
        return;
    fd = s->fd;
    s->ops->free(s);
    if (fd >= 0)
        close(fd);
}

void
stream_reset(struct stream **stream)
{
    struct linger now = { .l_onoff = 1 };

    if (*stream != NULL) {
        (*stream)->reset = true;
        if ((*stream)->fd >= 0)
            setsockopt((*stream)->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    stream_free(stream);
}
