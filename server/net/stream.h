/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream: a connected socket, plain or TLS, behind one vtable.
 *
 * Non-blocking and on one loop's thread. A stream never waits: the owner has a watch on stream_fd()
 * and sets it to stream_interest(). It hides what TLS does below (a record that is only half
 * there, decrypted bytes that no socket event will announce, records that the kernel did not take).
 *
 * How to read: on a wake-up call stream_read() up to twice with room for 128 KB each. While
 * stream_pending() is true nobody will wake you: read again, now or by loop_call_soon(). Back-
 * pressure is not calling it. How to write: stream_writev() takes what it can and keeps what TLS
 * has sealed but the kernel refused; stream_flush() on each wake-up until it says STREAM_OK.
 *
 * How to close: stream_finish() until it is not STREAM_AGAIN (flush, close_notify, FIN), read to
 * the end or a deadline, stream_free(). Or stream_reset(). */
#ifndef SERVER_NET_STREAM_H
#define SERVER_NET_STREAM_H

#include "codec/base/budget.h"
#include "codec/base/error.h"
#include "codec/base/slice.h"
#include "server/net/loop.h"

#include <sys/types.h>
#include <sys/uio.h>

/* Negative, so that byte counts and these share a return value. */
enum stream_status {
    STREAM_OK = 0,     /* handshake, flush and finish: done */
    STREAM_AGAIN = -1, /* wait for stream_interest() and call again */
    STREAM_EOF = -2,   /* read only: the peer will send no more; writing may still work */
    STREAM_ERROR = -3  /* *err says why; only free and reset are left */
};

struct stream;

struct stream_ops {
    ssize_t (*read)(struct stream *s, char *into, size_t n, struct err *err);
    ssize_t (*writev)(struct stream *s, const struct iovec *iov, size_t n, struct err *err);
    enum stream_status (*handshake)(struct stream *s, struct err *err);
    enum stream_status (*flush)(struct stream *s, struct err *err);
    enum stream_status (*finish)(struct stream *s, struct err *err);
    unsigned (*interest)(const struct stream *s, unsigned wish);
    bool (*pending)(const struct stream *s);
    void (*free)(struct stream *s); /* the descriptor is closed behind it by the caller */
};

/* Fields are read-only outside the implementations. */
struct stream {
    const struct stream_ops *ops;
    struct loop *loop;
    int fd;         /* -1 in tests */
    bool truncated; /* TLS: the end came without close_notify, so somebody may have cut it */
    bool reset;     /* being freed by stream_reset() */
};

/* Takes the descriptor over: makes it non-blocking, sets TCP_NODELAY. For TLS: tls.h. */
struct stream *stream_plain_new(struct loop *loop, int fd);

/* Bytes read (> 0), STREAM_AGAIN, STREAM_EOF or STREAM_ERROR. n > 0. At most LOOP_RECV_BUFFER bytes
 * leave the socket in one call. */
ssize_t stream_read(struct stream *s, char *into, size_t n, struct err *err);
/* Bytes taken (> 0, maybe fewer than given), STREAM_AGAIN or STREAM_ERROR. Never SIGPIPE. After a
 * partial write the rest must be offered again, unchanged. */
ssize_t stream_writev(struct stream *s, const struct iovec *iov, size_t n, struct err *err);
ssize_t stream_write(struct stream *s, struct slice bytes, struct err *err);
/* One step; STREAM_OK when there is nothing (more) to do. Reading and writing wait for it. */
enum stream_status stream_handshake(struct stream *s, struct err *err);
/* Everything taken is with the kernel: STREAM_OK. */
enum stream_status stream_flush(struct stream *s, struct err *err);
/* Flushes, says the end in the stream's own way, and sends FIN. Reading goes on. */
enum stream_status stream_finish(struct stream *s, struct err *err);

/* What to watch for, if the owner would like to do `wish` (WATCH_READ, WATCH_WRITE, both, none). On
 * any of it the owner tries what it wished for. */
unsigned stream_interest(const struct stream *s, unsigned wish);
/* stream_read() has something without the socket's help. */
bool stream_pending(const struct stream *s);
int stream_fd(const struct stream *s);

/* Closes the descriptor. *s may be NULL; set to NULL. Bytes that we have not read make the kernel
 * send a reset, so read to the end first where that matters. */
void stream_free(struct stream **s);
/* The same with a reset at once: what is in flight is lost. For hostile peers. */
void stream_reset(struct stream **s);

#endif
