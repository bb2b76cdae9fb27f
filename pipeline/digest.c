/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/digest.h"

#include "codec/base/error.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/hmac.h>

/* The library counts in 32 bits; longer texts are fed in parts. */
#define PART (1u << 30)

static enum wc_HashType
type_of(enum digest_kind kind)
{
    switch (kind) {
    case DIGEST_MD5: return WC_HASH_TYPE_MD5;
    case DIGEST_SHA1: return WC_HASH_TYPE_SHA;
    case DIGEST_SHA256: return WC_HASH_TYPE_SHA256;
    case DIGEST_SHA384: return WC_HASH_TYPE_SHA384;
    case DIGEST_SHA512: return WC_HASH_TYPE_SHA512;
    }
    UNREACHABLE("digest_kind");
}

static const byte *
bytes_of(struct slice s)
{
    return (const byte *)(s.p == NULL ? "" : s.p);
}

static struct slice
take_part(struct slice *s)
{
    struct slice part = { s->p, s->n < PART ? s->n : PART };

    s->p += part.n;
    s->n -= part.n;
    return part;
}

size_t
digest_hash(enum digest_kind kind, struct slice text, uint8_t out[DIGEST_BYTES])
{
    enum wc_HashType type = type_of(kind);
    wc_HashAlg state;
    int result = wc_HashInit(&state, type);

    while (result == 0 && text.n > 0) {
        struct slice part = take_part(&text);

        result = wc_HashUpdate(&state, type, bytes_of(part), (word32)part.n);
    }
    if (result == 0)
        result = wc_HashFinal(&state, type, out);
    ASSERT(result == 0);
    wc_HashFree(&state, type);
    return (size_t)wc_HashGetDigestSize(type);
}

size_t
digest_hmac(enum digest_kind kind, struct slice key, struct slice text, uint8_t out[DIGEST_BYTES])
{
    enum wc_HashType type = type_of(kind);
    Hmac state;
    int result = wc_HmacInit(&state, NULL, INVALID_DEVID);

    ASSERT(key.n < PART);
    if (result == 0)
        result = wc_HmacSetKey(&state, (int)type, bytes_of(key), (word32)key.n);
    while (result == 0 && text.n > 0) {
        struct slice part = take_part(&text);

        result = wc_HmacUpdate(&state, bytes_of(part), (word32)part.n);
    }
    if (result == 0)
        result = wc_HmacFinal(&state, out);
    ASSERT(result == 0);
    wc_HmacFree(&state);
    return (size_t)wc_HashGetDigestSize(type);
}

/* ---- MurmurHash 3 ---- */

static uint64_t
little_endian(const char *p, unsigned bytes)
{
    uint64_t n = 0;

    for (unsigned i = bytes; i-- > 0;)
        n = n << 8 | (unsigned char)p[i];
    return n;
}

static uint32_t
rotate32(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static uint64_t
rotate64(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static uint32_t
stir32(uint32_t k)
{
    return rotate32(k * 0xcc9e2d51u, 15) * 0x1b873593u;
}

uint32_t
murmur3_32(struct slice text, uint32_t seed)
{
    uint32_t h = seed;
    size_t i = 0;

    for (; i + 4 <= text.n; i += 4) {
        h ^= stir32((uint32_t)little_endian(text.p + i, 4));
        h = rotate32(h, 13) * 5 + 0xe6546b64u;
    }
    if (i < text.n)
        h ^= stir32((uint32_t)little_endian(text.p + i, (unsigned)(text.n - i)));
    h ^= (uint32_t)text.n;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

#define MURMUR_C1 0x87c37b91114253d5u
#define MURMUR_C2 0x4cf5ad432745937fu

static uint64_t
stir_first(uint64_t k)
{
    return rotate64(k * MURMUR_C1, 31) * MURMUR_C2;
}

static uint64_t
stir_second(uint64_t k)
{
    return rotate64(k * MURMUR_C2, 33) * MURMUR_C1;
}

static uint64_t
finish64(uint64_t k)
{
    k = (k ^ k >> 33) * 0xff51afd7ed558ccdu;
    k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53u;
    return k ^ k >> 33;
}

void
murmur3_128(struct slice text, uint64_t seed, uint64_t out[2])
{
    uint64_t a = seed, b = seed;
    size_t i = 0, left;

    for (; i + 16 <= text.n; i += 16) {
        a ^= stir_first(little_endian(text.p + i, 8));
        a = (rotate64(a, 27) + b) * 5 + 0x52dce729;
        b ^= stir_second(little_endian(text.p + i + 8, 8));
        b = (rotate64(b, 31) + a) * 5 + 0x38495ab5;
    }
    left = text.n - i;
    if (left > 8)
        b ^= stir_second(little_endian(text.p + i + 8, (unsigned)(left - 8)));
    if (left > 0)
        a ^= stir_first(little_endian(text.p + i, left < 8 ? (unsigned)left : 8));
    a ^= text.n;
    b ^= text.n;
    a += b;
    b += a;
    a = finish64(a);
    b = finish64(b);
    a += b;
    b += a;
    out[0] = a;
    out[1] = b;
}
