/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8 by table 3-7 of the Unicode standard: the first byte decides the length and the range of
 * the second, all later ones are 80..BF. Plain ASCII, which nearly everything is, goes 32 bytes a
 * step. Pure. */
#include "codec/utf8.h"

#include "codec/base/error.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Of a lead byte: the length of its sequence and the range of the second byte; length 0: no lead
 * byte. */
struct lead {
    unsigned n;
    unsigned char low, high;
};

static struct lead
lead_of(unsigned char c)
{
    if (c < 0x80)
        return (struct lead){ 1, 0, 0 };
    if (c < 0xC2)
        return (struct lead){ 0, 0, 0 };
    if (c < 0xE0)
        return (struct lead){ 2, 0x80, 0xBF };
    if (c < 0xF0)
        return (struct lead){ 3, c == 0xE0 ? 0xA0 : 0x80, c == 0xED ? 0x9F : 0xBF };
    if (c < 0xF5)
        return (struct lead){ 4, c == 0xF0 ? 0x90 : 0x80, c == 0xF4 ? 0x8F : 0xBF };
    return (struct lead){ 0, 0, 0 };
}

unsigned
utf8_next(struct slice s, unsigned *bad)
{
    const unsigned char *b = (const unsigned char *)s.p;
    struct lead lead = lead_of(b[0]);

    *bad = 1;
    if (lead.n < 2)
        return lead.n;
    if (s.n < 2 || b[1] < lead.low || b[1] > lead.high)
        return 0;
    for (*bad = 2; *bad < lead.n; (*bad)++)
        if (*bad == s.n || (b[*bad] & 0xC0) != 0x80)
            return 0;
    return lead.n;
}

#ifdef __SSE2__

/* How many of the 32 bytes at p are ASCII before the first that is not. */
static unsigned
ascii_of_32(const char *p)
{
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
    unsigned high = (unsigned)_mm_movemask_epi8(a) | (unsigned)_mm_movemask_epi8(b) << 16;

    return high == 0 ? 32 : (unsigned)__builtin_ctz(high);
}

#else

static unsigned
ascii_of_32(const char *p)
{
    uint64_t w[4];
    unsigned n = 0;

    memcpy(w, p, sizeof w);
    if (((w[0] | w[1] | w[2] | w[3]) & 0x8080808080808080u) == 0)
        return 32;
    while ((p[n] & 0x80) == 0)
        n++;
    return n;
}

#endif

/* Length of the ASCII run at the front. */
static size_t
ascii_run(struct slice s)
{
    size_t at = 0;

    while (s.n - at >= 32) {
        unsigned n = ascii_of_32(s.p + at);

        at += n;
        if (n < 32)
            return at;
    }
    while (at < s.n && (s.p[at] & 0x80) == 0)
        at++;
    return at;
}

/* Length of the valid part at the front. Texts in other scripts alternate between short runs of
 * both kinds, so a whole run of longer sequences is taken before ASCII is tried again. */
static size_t
valid_run(struct slice s)
{
    size_t at = 0;
    unsigned bad;

    while (at < s.n) {
        at += ascii_run((struct slice){ s.p + at, s.n - at });
        while (at < s.n && (s.p[at] & 0x80) != 0) {
            unsigned n = utf8_next((struct slice){ s.p + at, s.n - at }, &bad);

            if (n == 0)
                return at;
            at += n;
        }
    }
    return at;
}

bool
utf8_valid(struct slice s)
{
    return valid_run(s) == s.n;
}

void
utf8_repair(struct slice s, struct buf *out)
{
    while (s.n > 0) {
        size_t good = valid_run(s);
        unsigned bad;

        buf_append(out, (struct slice){ s.p, good });
        s = (struct slice){ s.p + good, s.n - good };
        if (s.n == 0)
            return;
        ASSERT(utf8_next(s, &bad) == 0);
        buf_append(out, SLICE("\xEF\xBF\xBD"));
        s = (struct slice){ s.p + bad, s.n - bad };
    }
}

unsigned
utf8_encode(uint32_t code, char out[4])
{
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        code = 0xFFFD;
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

unsigned
utf8_decode(struct slice s, uint32_t *code)
{
    const unsigned char *b = (const unsigned char *)s.p;
    unsigned n = lead_of(b[0]).n;

    ASSERT(n > 0 && s.n >= n);
    *code = n == 1 ? b[0] : b[0] & (0x7Fu >> n);
    for (unsigned i = 1; i < n; i++)
        *code = *code << 6 | (b[i] & 0x3F);
    return n;
}

struct slice
utf8_shown(struct slice s, char *out, size_t max)
{
    size_t used = 0, at = 0;

    while (at < s.n) {
        struct slice left = { s.p + at, s.n - at };
        unsigned bad, n = utf8_next(left, &bad);
        uint32_t code = 0xFFFD;

        if (n > 0)
            utf8_decode(left, &code);
        if (used + 4 + 3 > max) {
            memcpy(out + used, "...", 3);
            return (struct slice){ out, used + 3 };
        }
        if (code >= 0x7F && code < 0xA0)
            code = 0xFFFD;
        used += utf8_encode(code, out + used);
        at += n > 0 ? n : bad;
    }
    return (struct slice){ out, used };
}
