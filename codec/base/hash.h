/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes for tables and checksums; none of them is cryptographic. */
#ifndef CODEC_BASE_HASH_H
#define CODEC_BASE_HASH_H

#include "codec/base/slice.h"

/* FNV-1a, 64 bit. Not for keys that a sender chooses, unless the table is bounded. */
uint64_t hash_bytes(struct slice s, uint64_t seed);
/* CRC-32C (Castagnoli). Start with 0, feed the last result to go on. */
uint32_t hash_crc32c(uint32_t crc, struct slice s);

#endif
