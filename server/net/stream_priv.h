/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets as both kinds of stream use them: stream.c and tls_stream.c only. */
#ifndef SERVER_NET_STREAM_PRIV_H
#define SERVER_NET_STREAM_PRIV_H

#include "server/net/stream.h"

/* Non-blocking, TCP_NODELAY. */
void socket_prepare(int fd);
/* As stream_read and stream_writev, without anything on top. Never EINTR, never SIGPIPE. */
ssize_t socket_recv(struct stream *s, char *into, size_t n, struct err *err);
ssize_t socket_send(struct stream *s, const struct iovec *iov, size_t n, struct err *err);
/* FIN. */
enum stream_status socket_finish(struct stream *s, struct err *err);

#endif
