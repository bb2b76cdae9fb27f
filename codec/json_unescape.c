/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two forms: JSON inside JSON has an escape every few bytes, and where each comes is a branch that
 * no predictor guesses; a CPU that can squeeze the backslashes out of 64 bytes at once needs none.
 */
#include "codec/json_unescape.h"

#include "codec/utf8.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

/* ---- one escape ---- */

static unsigned
hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 0x20) - 'a' + 10;
}

static uint32_t
hex4(const char *p)
{
    return hex_digit(p[0]) << 12 | hex_digit(p[1]) << 8 | hex_digit(p[2]) << 4 | hex_digit(p[3]);
}

static const char *
unescape_unicode(const char *p, const char *end, char **out)
{
    uint32_t code = hex4(p + 2);

    p += 6;
    if (code >= 0xd800 && code < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        uint32_t low = hex4(p + 2);

        if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            p += 6;
        }
    }
    *out += utf8_encode(code, *out);
    return p;
}

const char *
json_unescape_one(const char *p, const char *end, char **out)
{
    char c = p[1];

    switch (c) {
    case 'u': return unescape_unicode(p, end, out);
    case 'b': c = '\b'; break;
    case 'f': c = '\f'; break;
    case 'n': c = '\n'; break;
    case 'r': c = '\r'; break;
    case 't': c = '\t'; break;
    default: break; /* quote, backslash, slash stand for themselves */
    }
    *(*out)++ = c;
    return p + 2;
}

/* ---- any CPU ---- */

/* Moves what stands before the next backslash; eight bytes at a time, since JSON inside JSON has
 * one every few bytes. There is room for all of the input at *out. */
static const char *
move_plain(const char *p, const char *end, char **out)
{
    char *at = *out;

    while (end - p >= 8) {
        uint64_t word, found;

        memcpy(&word, p, sizeof word);
        memcpy(at, &word, sizeof word);
        found = word ^ 0x5c5c5c5c5c5c5c5cu; /* zero where a backslash is */
        found = (found - 0x0101010101010101u) & ~found & 0x8080808080808080u;
        if (found != 0) {
            unsigned n = (unsigned)__builtin_ctzll(found) / 8;

            *out = at + n;
            return p + n;
        }
        p += 8;
        at += 8;
    }
    while (p < end && *p != '\\')
        *at++ = *p++;
    *out = at;
    return p;
}

size_t
json_unescape_scalar(struct slice in, char *out)
{
    const char *p = in.p, *end = in.p + in.n;
    char *at = out;

    for (;;) {
        p = move_plain(p, end, &at);
        if (p == end)
            break;
        if (p[1] == '"' || p[1] == '\\') {
            *at++ = p[1];
            p += 2;
        } else {
            p = json_unescape_one(p, end, &at);
        }
    }
    return (size_t)(at - out);
}

#if defined(__x86_64__) && defined(__GNUC__)

/* ---- 64 bytes at a time ---- */

#define VECTOR __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt")))

/* Where a block stands. */
struct block {
    const char *p, *end;
    bool escaped; /* its first byte is, by a backslash before it that was left out already */
};

/* The backslashes that begin an escape. Subtracting each run from what lies behind it, odd places
 * filled up, leaves every other place of the run. */
static inline uint64_t
beginnings(uint64_t slashes, bool escaped)
{
    const uint64_t odd = UINT64_C(0xAAAAAAAAAAAAAAAA);
    uint64_t runs = slashes & ~(uint64_t)escaped;

    return (((runs << 1 | odd) - runs) ^ odd) & slashes;
}

/* Moves 64 bytes of the text, or what is before the first escape among them that is more than a
 * byte with a backslash before it. True: b->p is at that escape. */
VECTOR static inline bool
move_block(struct block *b, char **out)
{
    size_t n = (size_t)(b->end - b->p);
    uint64_t taken = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX, begin, simple, other;
    __m512i v = _mm512_maskz_loadu_epi8(taken, b->p);

    begin = beginnings(_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\')), b->escaped);
    simple = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')) |
             _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\')) |
             _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('/'));
    other = (begin << 1 | b->escaped) & ~simple;
    if (other != 0) {
        unsigned at = (unsigned)__builtin_ctzll(other); /* of the byte behind the backslash */

        taken = at == 0 ? 0 : (UINT64_C(1) << (at - 1)) - 1;
        b->p += (ptrdiff_t)at - 1;
        b->escaped = false;
    } else {
        b->p += n < 64 ? n : 64;
        b->escaped = begin >> 63;
    }
    taken &= ~begin;
    _mm512_storeu_si512(*out, _mm512_maskz_compress_epi8(taken, v));
    *out += __builtin_popcountll(taken);
    return other != 0;
}

VECTOR static size_t
unescape_vector(struct slice in, char *out)
{
    struct block b = { .p = in.p, .end = in.p + in.n };
    char *at = out;

    while (b.p < b.end)
        if (move_block(&b, &at))
            b.p = json_unescape_one(b.p, b.end, &at);
    return (size_t)(at - out);
}

size_t
json_unescape(struct slice in, char *out)
{
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
        return unescape_vector(in, out);
    return json_unescape_scalar(in, out);
}

#else

size_t
json_unescape(struct slice in, char *out)
{
    return json_unescape_scalar(in, out);
}

#endif
