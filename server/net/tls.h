/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS: contexts from the operator's files, and streams that speak it. wolfSSL stays inside tls*.c.
 *
 * A context is made once per listener or output, const afterwards, and may be used by all loops;
 * sessions keep what they need of it, so it may be freed while they live. All refusals name the
 * file or the option value, what is wrong with it, and what to do.
 *
 * Option names and rules: reference/lumberjack-and-beats-input.md 4.2 and 4.3,
 * output-elasticsearch.md 1.5. Library behaviour: library-measurements.md 2. */
#ifndef SERVER_NET_TLS_H
#define SERVER_NET_TLS_H

#include "codec/base/budget.h"
#include "codec/base/error.h"
#include "codec/base/slice.h"
#include "server/net/stream.h"

/* Once, before any thread starts: the library, its allocators, the AES device. */
int tls_start(struct err *err);
/* Once, after all threads have ended. */
void tls_stop(void);
/* The calling thread is about to end, or was idle: the library's curve cache (up to 12.5 MB) and
 * the AES provider's state go. Loops call it themselves; other threads that loaded contexts should.
 */
void tls_thread_fini(void);
/* The tick of a loop: frees the curve cache after 10 s without a handshake. */
void tls_thread_tick(uint64_t now_ms);
/* What the library holds for the calling thread is charged here (BUDGET_TLS) from now on, with what
 * it holds already. NULL: nowhere. Loops call it with the common share. */
void tls_thread_charge(struct budget_share *share);

enum tls_client_auth {
    TLS_CLIENT_NONE,
    TLS_CLIENT_OPTIONAL, /* asked for, and verified if it comes */
    TLS_CLIENT_REQUIRED
};

enum tls_verification {
    TLS_VERIFY_FULL,        /* chain and host name or address */
    TLS_VERIFY_CERTIFICATE, /* chain only */
    TLS_VERIFY_NONE
};

/* A list of texts as an option row gives it. */
struct tls_names {
    const char *const *at;
    size_t n;
};

/* Everything is borrowed for the call only. */
struct tls_options {
    const char *certificate;      /* PEM file, leaf first, chain behind it; NULL: none (clients) */
    const char *key;              /* PEM file: PKCS#8, PKCS#1 or SEC1, plain or encrypted */
    const char *passphrase;       /* NULL: none */
    struct tls_names authorities; /* PEM files with one or more certificates, or folders of them */
    struct tls_names protocols;   /* "TLSv1.1" to "TLSv1.3"; none: 1.2 and 1.3 */
    struct tls_names ciphers;     /* IANA or OpenSSL names, by preference; none: Logstash's list */
    enum tls_client_auth client_auth;   /* servers */
    enum tls_verification verification; /* clients; no authorities: the system's */
    /* Clients: SHA-256 of a certificate authority; a chain that holds it is trusted. 32 bytes. */
    const unsigned char *trusted_fingerprint;
};

struct tls_context;

struct tls_context *tls_server_new(const struct tls_options *options, struct err *err);
struct tls_context *tls_client_new(const struct tls_options *options, struct err *err);
void tls_context_free(struct tls_context **ctx);

/* For a connection whose ClientHello is there (tls_hello_ready). Takes the descriptor over. Session
 * memory is charged to the loop. Then stream_handshake() until it is done: one step is up to 1.65
 * ms of CPU. NULL, and the descriptor untouched, when the library refuses. */
struct stream *tls_server_stream(struct tls_context *ctx, struct loop *loop, int fd,
                                 struct err *err);
/* host: name or address, for SNI and the check. */
struct stream *tls_client_stream(struct tls_context *ctx, struct loop *loop, int fd,
                                 const char *host, struct err *err);
/* Whether the stream is one of the two above. */
bool tls_is_stream(const struct stream *s);

#define TLS_SUBJECT_MAX 1024

struct tls_info {
    const char *version;           /* "TLSv1.3"; static text */
    const char *cipher;            /* IANA, "TLS_AES_256_GCM_SHA384"; static text */
    bool verified;                 /* the peer gave a certificate, and it was checked */
    char subject[TLS_SUBJECT_MAX]; /* RFC 2253, "CN=web-1,O=Acme"; "" without; cut when longer */
};

/* After the handshake. */
void tls_stream_info(const struct stream *s, struct tls_info *out);
/* Bytes the session holds in the library now. The first of a thread has the curve cache with it. */
size_t tls_stream_bytes(const struct stream *s);

/* ---- before there is a TLS object ---- */

enum tls_hello {
    TLS_HELLO_READY, /* the whole ClientHello lies in the socket, or as much of it as we wait for */
    TLS_HELLO_WAIT,  /* not yet; SO_RCVLOWAT is set so that the next wake-up is worth it */
    TLS_HELLO_NOT_TLS, /* *first is a byte that starts no handshake */
    TLS_HELLO_EOF      /* the peer left */
};

/* Looks without taking. The descriptor must be non-blocking; READY restores SO_RCVLOWAT. */
enum tls_hello tls_hello_ready(int fd, unsigned char *first);

/* The default ssl_cipher_suites, in order. */
struct tls_names tls_default_ciphers(void);
/* "wolfSSL 5.5.4", for --version and the log; static text. The AES provider: tls_aes_name(). */
const char *tls_library(void);

#endif
