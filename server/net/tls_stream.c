/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TLS session as a stream: receive design B of library-measurements.md 3.
 *
 * Reading: one recv into the loop's buffer, and the library takes records from there until it wants
 * more; it keeps half a record itself. So the shared buffer is empty after each call, unless the
 * caller's room ended first: then the rest waits in `kept`. Writing: sealed records gather in the
 * loop's send buffer and leave in one sendmsg; what the kernel refuses waits in `unsent`. The
 * library therefore never waits for a write, and a read never for one either. */
#include "server/net/tls_priv.h"

#include "server/net/stream_priv.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wolfssl/error-ssl.h>

#define RECORD ((size_t)16 * 1024)
/* Plaintext taken in one call: with its overhead it fits the send buffer. */
#define WRITE_MOST (7 * RECORD)
/* Answers to key updates gather here while the peer reads nothing: more than that, and it is not
 * read from either. */
#define UNSENT_MOST (4 * WRITE_MOST)
/* A handshake flight is small; what comes behind it in the same read would have to be kept. */
#define HANDSHAKE_MOST RECORD

struct tls_stream {
    struct stream stream;
    WOLFSSL *ssl;
    struct slice in; /* ciphertext for the library, during a call */
    char *kept;      /* ciphertext that a call left; heap */
    size_t kept_n;
    struct buf unsent;        /* records that the kernel did not take */
    size_t unsent_at;         /* of it, sent since */
    size_t sealed;            /* bytes in the loop's send buffer, during a call */
    int64_t held;             /* by the library for this session */
    size_t charged;           /* kept and unsent, as charged */
    enum stream_status ended; /* STREAM_OK: still open; else what reading ends with */
    bool server, done, told, close_sent;
    bool broken;    /* a send failed */
    struct err err; /* why ended or broken */
    unsigned char fingerprint[32];
};

static struct tls_stream *
self(struct stream *s)
{
    return CONTAINER_OF(s, struct tls_stream, stream);
}

/* ---- what the library calls ---- */

static int
on_recv(WOLFSSL *ssl, char *into, int size, void *arg)
{
    struct tls_stream *t = arg;
    size_t n = (size_t)size;

    (void)ssl;
    if (t->in.n == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    if (n > t->in.n)
        n = t->in.n;
    memcpy(into, t->in.p, n);
    t->in.p += n;
    t->in.n -= n;
    return (int)n;
}

static void
spill(struct tls_stream *t)
{
    buf_append(&t->unsent, (struct slice){ loop_send_buffer(t->stream.loop), t->sealed });
    t->sealed = 0;
}

/* Always takes everything: how much may gather is decided before the library is called. */
static int
on_send(WOLFSSL *ssl, char *from, int size, void *arg)
{
    struct tls_stream *t = arg;
    size_t n = (size_t)size;

    (void)ssl;
    if (t->sealed + n > LOOP_SEND_BUFFER)
        spill(t);
    if (n > LOOP_SEND_BUFFER) {
        buf_append(&t->unsent, (struct slice){ from, n });
        return size;
    }
    memcpy(loop_send_buffer(t->stream.loop) + t->sealed, from, n);
    t->sealed += n;
    return size;
}

void
tls_stream_callbacks(WOLFSSL_CTX *ctx)
{
    wolfSSL_CTX_SetIORecv(ctx, on_recv);
    wolfSSL_CTX_SetIOSend(ctx, on_send);
}

/* ---- around each call ---- */

static struct budget_share *
share_of(const struct tls_stream *t)
{
    struct budget *b = loop_budget(t->stream.loop);

    return b != NULL ? &b->common : NULL;
}

static void
settle_buffers(struct tls_stream *t)
{
    size_t now = t->kept_n + t->unsent.cap;

    if (now > t->charged)
        budget_charge(share_of(t), BUDGET_CONN, now - t->charged);
    else
        budget_release(share_of(t), BUDGET_CONN, t->charged - now);
    t->charged = now;
}

/* A session's memory is the difference around each call. */
static int64_t
begin(struct tls_stream *t)
{
    t->in = (struct slice){ t->kept, t->kept_n };
    return tls_memory_held();
}

/* What the library has not taken of its input must not stay in the loop's buffer. */
static void
keep_rest(struct tls_stream *t)
{
    char *before = t->kept;

    t->kept = NULL;
    t->kept_n = t->in.n;
    if (t->in.n > 0) {
        t->kept = xmalloc(t->in.n);
        memcpy(t->kept, t->in.p, t->in.n);
    }
    t->in = (struct slice){ NULL, 0 };
    free(before);
}

static void
end(struct tls_stream *t, int64_t held_before)
{
    t->held += tls_memory_held() - held_before;
    tls_memory_settle();
    if (t->in.p != t->kept || t->in.n != t->kept_n)
        keep_rest(t);
    settle_buffers(t);
}

/* ---- sending what is sealed ---- */

static void
drop_sent(struct tls_stream *t, size_t n)
{
    size_t old = t->unsent.n - t->unsent_at, part = n < old ? n : old;
    const char *fresh = loop_send_buffer(t->stream.loop);

    t->unsent_at += part;
    if (t->unsent_at == t->unsent.n) {
        buf_fini(&t->unsent);
        t->unsent_at = 0;
    }
    n -= part;
    if (n < t->sealed)
        buf_append(&t->unsent, (struct slice){ fresh + n, t->sealed - n });
    t->sealed = 0;
}

/* Both what waited and what the call has sealed, in one system call. */
static enum stream_status
push(struct tls_stream *t)
{
    size_t old = t->unsent.n - t->unsent_at;
    struct iovec iov[2] = { { old > 0 ? t->unsent.p + t->unsent_at : NULL, old },
                            { loop_send_buffer(t->stream.loop), t->sealed } };
    ssize_t sent = 0;

    if (t->broken) {
        t->sealed = 0;
        return STREAM_ERROR;
    }
    if (old + t->sealed == 0)
        return STREAM_OK;
    sent = socket_send(&t->stream, iov, 2, &t->err);
    if (sent == STREAM_ERROR) {
        t->broken = true;
        t->sealed = 0;
        return STREAM_ERROR;
    }
    drop_sent(t, sent > 0 ? (size_t)sent : 0);
    return t->unsent.n > 0 ? STREAM_AGAIN : STREAM_OK;
}

static enum stream_status
broken(const struct tls_stream *t, struct err *err)
{
    if (err != NULL)
        *err = t->err;
    return STREAM_ERROR;
}

static enum stream_status
tls_flush(struct stream *stream, struct err *err)
{
    struct tls_stream *t = self(stream);
    enum stream_status st = push(t);

    settle_buffers(t);
    return st == STREAM_ERROR ? broken(t, err) : st;
}

/* ---- errors ---- */

/* The peer's alert says more than the library's "received alert". */
static void
note_library_error(struct tls_stream *t, const char *what, int code)
{
    char why[WOLFSSL_MAX_ERROR_SZ];
    WOLFSSL_ALERT_HISTORY alerts;
    const char *name = NULL, *ours = tls_names_error(code);

    if (wolfSSL_get_alert_history(t->ssl, &alerts) == WOLFSSL_SUCCESS && alerts.last_rx.code > 0)
        name = tls_names_alert(alerts.last_rx.code);
    if (name != NULL)
        err_set(&t->err, ERR_PROTOCOL, "%s: the peer refuses: alert %s", what, name);
    else
        err_set(&t->err, ERR_PROTOCOL, "%s: %s", what, ours != NULL ? ours : tls_reason(code, why));
    wolfSSL_ERR_clear_error();
}

/* ---- handshake ---- */

static void
handshake_done(struct tls_stream *t)
{
    t->done = true;
    /* Servers need the handshake's scratch no more: 5.5 KB each. A client may still get tickets. */
    if (t->server)
        wolfSSL_FreeArrays(t->ssl);
}

/* STREAM_OK: there is something for the library to look at. */
static enum stream_status
fill(struct tls_stream *t, size_t most)
{
    char *into = loop_recv_buffer(t->stream.loop);
    ssize_t got = socket_recv(&t->stream, into, most, &t->err);

    if (got < 0)
        return (enum stream_status)got;
    t->in = (struct slice){ into, (size_t)got };
    return STREAM_OK;
}

static enum stream_status
try_handshake(struct tls_stream *t)
{
    enum stream_status filled = STREAM_OK;
    bool read = false;

    for (;;) {
        int rc = t->server ? wolfSSL_accept(t->ssl) : wolfSSL_connect(t->ssl);
        int code = wolfSSL_get_error(t->ssl, rc);

        if (rc == WOLFSSL_SUCCESS) {
            handshake_done(t);
            return STREAM_OK;
        }
        if (code != WOLFSSL_ERROR_WANT_READ) {
            note_library_error(t, "TLS handshake", code);
            return STREAM_ERROR;
        }
        if (read)
            return STREAM_AGAIN;
        filled = fill(t, HANDSHAKE_MOST);
        if (filled == STREAM_EOF) {
            err_set(&t->err, ERR_IO, "TLS handshake: the peer closed the connection");
            return STREAM_ERROR;
        }
        if (filled != STREAM_OK)
            return filled;
        read = true;
    }
}

/* The alert that says why leaves with the rest, and a failed send does not hide the reason. */
static enum stream_status
tls_handshake(struct stream *stream, struct err *err)
{
    struct tls_stream *t = self(stream);
    enum stream_status st;
    struct err why;
    int64_t before;

    if (t->done)
        return STREAM_OK;
    if (t->ended != STREAM_OK)
        return broken(t, err);
    before = begin(t);
    st = try_handshake(t);
    why = t->err;
    tls_memory_note_handshake(loop_now(stream->loop));
    if (push(t) == STREAM_ERROR && st != STREAM_ERROR) {
        st = STREAM_ERROR;
        why = t->err;
    }
    end(t, before);
    if (st != STREAM_ERROR)
        return st;
    t->ended = STREAM_ERROR;
    t->err = why;
    return broken(t, err);
}

/* ---- reading ---- */

static void
read_ended(struct tls_stream *t, int code)
{
    if (code == WOLFSSL_ERROR_ZERO_RETURN) {
        t->ended = STREAM_EOF;
        return;
    }
    t->ended = STREAM_ERROR;
    note_library_error(t, "TLS", code);
}

/* Fills from the socket at most once; the library is asked until it wants more than that. */
static size_t
read_records(struct tls_stream *t, char *into, size_t n)
{
    bool filled = false;
    size_t got = 0;

    while (got < n && t->ended == STREAM_OK) {
        size_t room = n - got < INT_MAX ? n - got : INT_MAX;
        int rc = wolfSSL_read(t->ssl, into + got, (int)room);
        int code;

        if (rc > 0) {
            got += (size_t)rc;
            continue;
        }
        code = wolfSSL_get_error(t->ssl, rc);
        if (code != WOLFSSL_ERROR_WANT_READ) {
            read_ended(t, code);
        } else if (filled) {
            break;
        } else {
            enum stream_status st = fill(t, n > RECORD ? n : RECORD);

            filled = true;
            if (st == STREAM_AGAIN)
                break;
            if (st != STREAM_OK)
                t->ended = st;
            t->stream.truncated = st == STREAM_EOF;
        }
    }
    return got;
}

static bool
choked(const struct tls_stream *t)
{
    return t->unsent.n - t->unsent_at > UNSENT_MOST;
}

static ssize_t
tls_read(struct stream *stream, char *into, size_t n, struct err *err)
{
    struct tls_stream *t = self(stream);
    int64_t before;
    size_t got = 0;

    ASSERT(t->done || t->ended != STREAM_OK);
    if (choked(t) && push(t) == STREAM_AGAIN && choked(t))
        return STREAM_AGAIN;
    if (t->ended == STREAM_OK) {
        before = begin(t);
        got = read_records(t, into, n);
        if (t->sealed > 0)
            push(t); /* an answer to a key update; writing reports what goes wrong */
        end(t, before);
    }
    if (got > 0)
        return (ssize_t)got;
    if (t->ended == STREAM_OK)
        return STREAM_AGAIN;
    t->told = true;
    return t->ended == STREAM_ERROR ? broken(t, err) : t->ended;
}

static bool
tls_pending(const struct stream *stream)
{
    const struct tls_stream *t = self((struct stream *)(uintptr_t)stream);

    if (!t->done || choked(t))
        return false;
    return t->kept_n > 0 || wolfSSL_pending(t->ssl) > 0 || (t->ended != STREAM_OK && !t->told);
}

/* ---- writing ---- */

static bool
seal(struct tls_stream *t, const char *from, size_t n)
{
    int rc = wolfSSL_write(t->ssl, from, (int)n);

    if (rc == (int)n)
        return true;
    note_library_error(t, "TLS", wolfSSL_get_error(t->ssl, rc));
    t->broken = true;
    return false;
}

/* Where the iovec list is being read. */
struct gather {
    const struct iovec *iov;
    size_t n, at;
};

/* The next record's plaintext: straight from a large piece, else small ones put together. */
static struct slice
next_record(struct gather *g, char *scratch, size_t most)
{
    size_t n = 0;

    while (g->n > 0 && n < most) {
        size_t left = g->iov->iov_len - g->at, part = left < most - n ? left : most - n;
        const char *from = (const char *)g->iov->iov_base + g->at;

        g->at += part;
        if (g->at == g->iov->iov_len) {
            g->iov++;
            g->n--;
            g->at = 0;
        }
        if (n == 0 && part == most)
            return (struct slice){ from, part };
        if (part > 0)
            memcpy(scratch + n, from, part);
        n += part;
    }
    return (struct slice){ scratch, n };
}

static ssize_t
tls_writev(struct stream *stream, const struct iovec *iov, size_t n, struct err *err)
{
    struct tls_stream *t = self(stream);
    struct gather g = { iov, n, 0 };
    char scratch[RECORD];
    size_t taken = 0;
    int64_t before;

    ASSERT(t->done);
    if (t->unsent.n > 0) {
        enum stream_status st = tls_flush(stream, err);

        if (st != STREAM_OK)
            return st;
    }
    before = begin(t);
    while (!t->broken && taken < WRITE_MOST) {
        struct slice record = next_record(&g, scratch, RECORD);

        if (record.n == 0 || !seal(t, record.p, record.n))
            break;
        taken += record.n;
    }
    push(t);
    end(t, before);
    return t->broken ? broken(t, err) : (ssize_t)taken;
}

static enum stream_status
tls_finish(struct stream *stream, struct err *err)
{
    struct tls_stream *t = self(stream);
    enum stream_status st;
    int64_t before;

    if (t->done && !t->close_sent && !t->broken) {
        before = begin(t);
        wolfSSL_shutdown(t->ssl); /* seals one alert; waits for nothing */
        wolfSSL_ERR_clear_error();
        t->close_sent = true;
        end(t, before);
    }
    st = tls_flush(stream, err);
    return st == STREAM_OK ? socket_finish(stream, err) : st;
}

/* ---- the rest ---- */

static unsigned
tls_interest(const struct stream *stream, unsigned wish)
{
    const struct tls_stream *t = self((struct stream *)(uintptr_t)stream);

    if (choked(t))
        return WATCH_WRITE;
    if (t->unsent.n > 0)
        wish |= WATCH_WRITE;
    else if (!t->done)
        wish &= ~WATCH_WRITE;
    return t->done ? wish : wish | WATCH_READ;
}

static void
tls_free(struct stream *stream)
{
    struct tls_stream *t = self(stream);

    wolfSSL_free(t->ssl);
    tls_memory_settle();
    free(t->kept);
    t->kept_n = 0;
    buf_fini(&t->unsent);
    settle_buffers(t);
    free(t);
}

static const struct stream_ops tls_ops = {
    .read = tls_read,
    .writev = tls_writev,
    .handshake = tls_handshake,
    .flush = tls_flush,
    .finish = tls_finish,
    .interest = tls_interest,
    .pending = tls_pending,
    .free = tls_free,
};

static struct tls_stream *
session_new(struct tls_context *ctx, struct loop *loop, int fd, struct err *err)
{
    int64_t before = tls_memory_held();
    WOLFSSL *ssl = wolfSSL_new(ctx->ctx);
    struct tls_stream *t;

    if (ssl == NULL) {
        err_set(err, ERR_IO, "TLS library: no session");
        return NULL;
    }
    t = xcalloc(1, sizeof *t);
    t->stream = (struct stream){ .ops = &tls_ops, .loop = loop, .fd = fd };
    t->ssl = ssl;
    t->server = ctx->server;
    wolfSSL_SetIOReadCtx(ssl, t);
    wolfSSL_SetIOWriteCtx(ssl, t);
    if (ctx->has_fingerprint) {
        memcpy(t->fingerprint, ctx->fingerprint, sizeof t->fingerprint);
        wolfSSL_SetCertCbCtx(ssl, t->fingerprint);
    }
    t->held = tls_memory_held() - before;
    tls_memory_settle();
    return t;
}

struct stream *
tls_server_stream(struct tls_context *ctx, struct loop *loop, int fd, struct err *err)
{
    struct tls_stream *t;

    ASSERT(ctx->server);
    t = session_new(ctx, loop, fd, err);
    if (t == NULL)
        return NULL;
    socket_prepare(fd);
    return &t->stream;
}

#define ADDRESS_MAX 40

/* In the library's spelling of addresses in certificates: dotted, or eight groups in full. */
static bool
print_address(const char *host, char out[ADDRESS_MAX])
{
    unsigned char b[16];

    if (inet_pton(AF_INET, host, b) == 1) {
        snprintf(out, ADDRESS_MAX, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
        return true;
    }
    if (inet_pton(AF_INET6, host, b) != 1)
        return false;
    for (size_t i = 0; i < sizeof b; i += 2)
        snprintf(out + i / 2 * 5, ADDRESS_MAX - i / 2 * 5, i < 14 ? "%02X%02X:" : "%02X%02X", b[i],
                 b[i + 1]);
    return true;
}

/* Names go into the hello and are compared with the certificate; addresses are only compared. */
static bool
expect_host(WOLFSSL *ssl, const char *host, bool check)
{
    char address[ADDRESS_MAX];

    if (print_address(host, address))
        return !check || wolfSSL_X509_VERIFY_PARAM_set1_ip_asc(wolfSSL_get0_param(ssl), address) ==
                             WOLFSSL_SUCCESS;
    if (wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, host, (unsigned short)strlen(host)) !=
        WOLFSSL_SUCCESS)
        return false;
    return !check || wolfSSL_check_domain_name(ssl, host) == WOLFSSL_SUCCESS;
}

struct stream *
tls_client_stream(struct tls_context *ctx, struct loop *loop, int fd, const char *host,
                  struct err *err)
{
    struct tls_stream *t;

    ASSERT(!ctx->server);
    if (strlen(host) > 255) {
        err_set(err, ERR_CONFIG, "host name of %zu bytes", strlen(host));
        return NULL;
    }
    t = session_new(ctx, loop, fd, err);
    if (t == NULL)
        return NULL;
    if (!expect_host(t->ssl, host, ctx->verification == TLS_VERIFY_FULL)) {
        err_set(err, ERR_CONFIG, "TLS library refuses the host name \"%s\"", host);
        tls_free(&t->stream);
        return NULL;
    }
    socket_prepare(fd);
    return &t->stream;
}

bool
tls_is_stream(const struct stream *s)
{
    return s->ops == &tls_ops;
}

size_t
tls_stream_bytes(const struct stream *s)
{
    const struct tls_stream *t = self((struct stream *)(uintptr_t)s);

    return t->held > 0 ? (size_t)t->held : 0;
}

void
tls_stream_info(const struct stream *s, struct tls_info *out)
{
    const struct tls_stream *t = self((struct stream *)(uintptr_t)s);
    int suite = wolfSSL_get_current_cipher_suite(t->ssl), der_n = 0;
    WOLFSSL_X509 *peer = wolfSSL_get_peer_certificate(t->ssl);
    const unsigned char *der = peer != NULL ? wolfSSL_X509_get_der(peer, &der_n) : NULL;

    ASSERT(tls_is_stream(s));
    out->version = wolfSSL_get_version(t->ssl);
    out->cipher = wolfSSL_get_cipher_name_iana_from_suite((unsigned char)(suite >> 8),
                                                          (unsigned char)(suite & 0xff));
    out->subject[0] = '\0';
    out->verified = peer != NULL && wolfSSL_get_verify_mode(t->ssl) != WOLFSSL_VERIFY_NONE;
    if (der != NULL)
        tls_subject_print((struct slice){ (const char *)der, (size_t)der_n }, out->subject,
                          sizeof out->subject);
    wolfSSL_X509_free(peer);
    tls_memory_settle();
}
