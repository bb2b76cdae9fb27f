/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ssl_ options that outputs with an HTTP client share, to a TLS context. */
#ifndef SINKS_CLIENT_TLS_H
#define SINKS_CLIENT_TLS_H

#include "codec/option.h"
#include "server/net/tls.h"

extern const char *const client_tls_modes[];
extern const char *const client_tls_protocols[];
extern const char *const client_tls_stores[];

/* Their rows; T has a member for each. enabled: the row of ssl_enabled, whose default differs. */
#define CLIENT_TLS_OPTIONS(T, enabled)                                                           \
    OPT_PATH(T, ssl_certificate, .help = "PEM file of the client"),                              \
        OPT_PATHS(T, ssl_certificate_authorities, .help = "PEM file with trusted authorities"),  \
        OPT_STRINGS(T, ssl_cipher_suites, .help = "by their IANA names"), enabled,               \
        OPT_PATH(T, ssl_key, .help = "PEM file, PKCS#8, not encrypted"),                         \
        OPT_NOTE("ssl_keystore_password", OPTION_IGNORED, .help = "its password",                \
                 .note = "Only with ssl_keystore_path, which is refused"),                       \
        OPT_PATH(T, ssl_keystore_path, .state = OPTION_REFUSED_SAID,                             \
                 .help = "JKS or PKCS#12 file",                                                  \
                 .note = "Write PEM files and set ssl_certificate and ssl_key instead"),         \
        OPT_NOTE("ssl_keystore_type", OPTION_IGNORED, .choices = client_tls_stores,              \
                 .help = "its kind", .note = "Only with ssl_keystore_path, which is refused"),   \
        OPT_LIST(T, ssl_supported_protocols, .choices = client_tls_protocols,                    \
                 .help = "default: 1.2 and 1.3"),                                                \
        OPT_NOTE("ssl_truststore_password", OPTION_IGNORED, .help = "its password",              \
                 .note = "Only with ssl_truststore_path, which is refused"),                     \
        OPT_PATH(T, ssl_truststore_path, .state = OPTION_REFUSED_SAID,                           \
                 .help = "JKS or PKCS#12 file",                                                  \
                 .note = "Write PEM files and set ssl_certificate_authorities instead"),         \
        OPT_NOTE("ssl_truststore_type", OPTION_IGNORED, .choices = client_tls_stores,            \
                 .help = "its kind", .note = "Only with ssl_truststore_path, which is refused"), \
        OPT_ENUM(T, ssl_verification_mode, .choices = client_tls_modes, .dflt = "full",          \
                 .help = "check of the server's certificate")

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
