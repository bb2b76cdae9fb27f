/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes of texts: the cryptographic ones of the TLS library, also keyed (HMAC), and MurmurHash 3.
 * No state between calls; any thread. */
#ifndef PIPELINE_DIGEST_H
#define PIPELINE_DIGEST_H

#include "codec/base/slice.h"

enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };

#define DIGEST_BYTES 64

/* Both return the length, at most DIGEST_BYTES. */
size_t digest_hash(enum digest_kind kind, struct slice text, uint8_t out[DIGEST_BYTES]);
size_t digest_hmac(enum digest_kind kind, struct slice key, struct slice text,
                   uint8_t out[DIGEST_BYTES]);

uint32_t murmur3_32(struct slice text, uint32_t seed);
/* The variant for 64-bit machines; out[0] is the first half. */
void murmur3_128(struct slice text, uint64_t seed, uint64_t out[2]);

#endif
