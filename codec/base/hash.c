/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/hash.h"

uint64_t
hash_bytes(struct slice s, uint64_t seed)
{
    uint64_t h = 14695981039346656037u ^ seed;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return h;
}

uint32_t
hash_crc32c(uint32_t crc, struct slice s)
{
    crc = ~crc;
    for (size_t i = 0; i < s.n; i++) {
        crc ^= (unsigned char)s.p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82f63b78u & (0 - (crc & 1)));
    }
    return ~crc;
}
