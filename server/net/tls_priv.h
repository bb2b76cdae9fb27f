/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of TLS: tls.c (start, contexts), tls_files.c (keys and certificates),
 * tls_names.c (suites, protocols, alerts), tls_pkcs8.c (encrypted keys), tls_stream.c,
 * tls_memory.c, tls_subject.c. */
#ifndef SERVER_NET_TLS_PRIV_H
#define SERVER_NET_TLS_PRIV_H

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "codec/base/buf.h"
#include "server/net/tls.h"

struct tls_context {
    WOLFSSL_CTX *ctx;
    enum tls_verification verification;
    enum tls_client_auth client_auth;
    bool server;
    bool has_fingerprint;
    unsigned char fingerprint[32];
};

/* ---- tls_memory.c ---- */

/* Before the library allocates anything. */
int tls_memory_start(struct err *err);
/* What the library holds that the calling thread allocated. */
int64_t tls_memory_held(void);
/* Charges or releases what changed since the last time. */
void tls_memory_settle(void);
/* A handshake step was made: the curve cache stays for another while. */
void tls_memory_note_handshake(uint64_t now_ms);

/* ---- tls_names.c ---- */

/* The library's list of suites for ssl_cipher_suites, or for the default. protocols: as below. */
int tls_names_ciphers(struct tls_names names, unsigned protocols, struct buf *out, struct err *err);
enum { PROTOCOL_11 = 1, PROTOCOL_12 = 2, PROTOCOL_13 = 4 };
int tls_names_protocols(struct tls_names names, unsigned *bits, struct err *err);
/* "unknown_ca"; NULL for a number without name. */
const char *tls_names_alert(int number);
/* What an error of the library means to an operator; NULL: its own text will do. */
const char *tls_names_error(int code);

/* ---- tls_files.c ---- */

int tls_files_own(WOLFSSL_CTX *ctx, const struct tls_options *o, struct err *err);
int tls_files_authorities(WOLFSSL_CTX *ctx, struct tls_names authorities, struct err *err);
/* ERR_CONFIG with the library's reason. */
const char *tls_reason(int code, char out[WOLFSSL_MAX_ERROR_SZ]);

/* ---- tls_pkcs8.c ---- */

enum tls_pkcs8 {
    PKCS8_OPEN,       /* *out is the key: PrivateKeyInfo in DER, to be wiped */
    PKCS8_LIBRARY,    /* a scheme that the library opens itself, if anybody does */
    PKCS8_UNREADABLE, /* *scheme says by what it is encrypted */
    PKCS8_DAMAGED     /* or the passphrase is wrong; *out may hold noise */
};
struct tls_scheme {
    const char *name;
    bool old; /* openssl reads it with its provider of old ciphers only */
};
/* An EncryptedPrivateKeyInfo in DER. */
enum tls_pkcs8 tls_pkcs8_open(struct slice der, const char *passphrase, struct buf *out,
                              struct tls_scheme *scheme);

/* ---- tls_trust.c ---- */

/* For wolfSSL_CTX_set_verify: trusts chains that lead to the authority whose SHA-256 is what
 * wolfSSL_SetCertCbCtx() was given, 32 bytes. */
int tls_trust_fingerprint(int verified, WOLFSSL_X509_STORE_CTX *store);

/* ---- tls_stream.c ---- */

/* The I/O callbacks of all streams of a context. */
void tls_stream_callbacks(WOLFSSL_CTX *ctx);

/* ---- tls_subject.c ---- */

/* The subject of a DER certificate in RFC 2253 form, as Java prints it; "" when it cannot be read.
 * Cut at max - 1 bytes, never inside an escape. */
void tls_subject_print(struct slice der, char *out, size_t max);

#endif
