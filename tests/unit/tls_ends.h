/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TLS client and a TLS server in one process over a socket pair, for tests. */
#ifndef TESTS_UNIT_TLS_ENDS_H
#define TESTS_UNIT_TLS_ENDS_H

#include "server/net/tls.h"
#include "server/net/tls_priv.h"
#include "tests/unit/tls_certs.h"

#define NAMES(...)                                                        \
    (struct tls_names)                                                    \
    {                                                                     \
        (const char *const[]){ __VA_ARGS__ },                             \
            sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) \
    }

struct ends {
    struct loop *loop;
    struct stream *server, *client;
    enum stream_status server_st, client_st;
    struct err server_err, client_err;
};

#define ENDS_VERSIONS 2
extern const char *const ends_versions[ENDS_VERSIONS];

/* Before any of the others: the library and the certificates. */
void ends_begin(void);
/* Asserts that there is one. */
struct tls_context *tls_must(struct tls_context *ctx, const struct err *err);
/* Options with the certificate and key of that name in the folder of tls_certs.h. */
struct tls_options ends_server(const char *kind);
/* Steps both until each is done or failed. */
void ends_shake(struct ends *e);
/* Both, after their handshake, good or bad. buffer: of the sockets in bytes, 0: the system's. */
struct ends ends_connect(const struct tls_options *server, const struct tls_options *client,
                         const char *host, int buffer);
/* Of one version, nothing checked. */
struct ends ends_simple(const char *version);
void ends_close(struct ends *e);

#endif
