/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ssl_ options that outputs with an HTTP client share, to a TLS context. */
#ifndef SINKS_CLIENT_TLS_H
#define SINKS_CLIENT_TLS_H

#include "codec/option.h"
#include "server/net/tls.h"

/* As written; p NULL: absent. */
struct client_tls {
    const struct opt_list *authorities, *protocols, *ciphers; /* NULL: none */
    struct slice certificate, key;
    struct slice fingerprint; /* 64 hex digits, colons allowed */
    bool verify;
};

/* Reads the files. */
struct tls_context *client_tls_new(const struct client_tls *wish, struct err *err);

#endif
