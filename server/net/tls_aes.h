/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AES-GCM for the TLS library: its packaged build has none of the CPU's AES instructions, so this
 * device does that one algorithm and declines everything else (library-measurements.md 2.3).
 *
 * One provider a build, chosen by the meson option `aes`. Provider state is the thread's own; keys
 * are expanded for each record and wiped. */
#ifndef SERVER_NET_TLS_AES_H
#define SERVER_NET_TLS_AES_H

#include "codec/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* "ipsec-mb", "gcrypt", "none"; static text. */
const char *tls_aes_name(void);
/* Once, before any thread: checks that the library hands over keys as we expect, runs a known
 * answer through the device, and registers it. -1: a provider that computes wrong. */
int tls_aes_start(struct err *err);
/* What contexts are given: the device, or the library's "none" without a provider. */
int tls_aes_device(void);
void tls_aes_stop(void);
/* The calling thread's provider state goes. */
void tls_aes_thread_fini(void);

#define AES_GCM_IV  12
#define AES_GCM_TAG 16

/* One message, in or out of place. For the device and its tests. */
struct aes_gcm {
    const unsigned char *key;
    size_t key_bytes;        /* 16, 24 or 32 */
    const unsigned char *iv; /* AES_GCM_IV bytes */
    const unsigned char *aad;
    size_t aad_bytes;
    const unsigned char *in;
    unsigned char *out;
    size_t bytes;
};

/* False without a provider. */
bool tls_aes_seal(const struct aes_gcm *m, unsigned char tag[AES_GCM_TAG]);
/* False, and out wiped, when the tag does not fit, or without a provider. */
bool tls_aes_open(const struct aes_gcm *m, const unsigned char tag[AES_GCM_TAG]);

#endif
