/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices: borrowed bytes and the cursor that parsers move.
 *
 * A slice owns nothing and is not NUL-terminated. Parsers work on a copy of the cursor and commit
 * it when the whole thing was there, so a short read is retried from the same place. */
#ifndef CODEC_BASE_SLICE_H
#define CODEC_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *p;
    size_t n;
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* From a string literal, embedded NULs included. */
#define SLICE(lit) ((struct slice){ "" lit, sizeof(lit) - 1 })
#define SLICE_INIT(lit)         \
    {                           \
        "" lit, sizeof(lit) - 1 \
    }
/* For printf's "%.*s". */
#define SLICE_ARGS(s) (int)(s).n, (s).p

static inline struct slice
slice_of(const char *text)
{
    return (struct slice){ text, strlen(text) };
}

/* The bytes from `from` up to, not including, `to`. */
static inline struct slice
slice_between(const char *from, const char *to)
{
    return (struct slice){ from, (size_t)(to - from) };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The same for what is mostly short, as keys are: two loads that overlap compare up to 16 bytes
 * without a call. */
static inline bool
slice_eq_short(struct slice a, struct slice b)
{
    uint64_t a8[2], b8[2];
    uint32_t a4[2], b4[2];
    size_t n = a.n;

    if (n != b.n)
        return false;
    if (n > 16)
        return memcmp(a.p, b.p, n) == 0;
    if (n >= 8) {
        memcpy(&a8[0], a.p, 8);
        memcpy(&b8[0], b.p, 8);
        memcpy(&a8[1], a.p + n - 8, 8);
        memcpy(&b8[1], b.p + n - 8, 8);
        return a8[0] == b8[0] && a8[1] == b8[1];
    }
    if (n >= 4) {
        memcpy(&a4[0], a.p, 4);
        memcpy(&b4[0], b.p, 4);
        memcpy(&a4[1], a.p + n - 4, 4);
        memcpy(&b4[1], b.p + n - 4, 4);
        return a4[0] == b4[0] && a4[1] == b4[1];
    }
    return n == 0 || (a.p[0] == b.p[0] && a.p[n / 2] == b.p[n / 2] && a.p[n - 1] == b.p[n - 1]);
}

/* All bytes of one to eight, each at least once; what else is in it are blanks. */
static inline uint64_t
slice_short_word(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    uint32_t low, high;

    if (s.n < 4)
        return UINT64_C(0x2020202020) << 24 | (uint64_t)p[0] | (uint64_t)p[s.n / 2] << 8 |
               (uint64_t)p[s.n - 1] << 16;
    memcpy(&low, s.p, 4);
    memcpy(&high, s.p + s.n - 4, 4);
    return low | (uint64_t)high << 32;
}

/* Splits n bytes off the front; false, and nothing moves, if there are fewer. */
bool slice_take(struct slice *s, size_t n, struct slice *out);
bool slice_take_byte(struct slice *s, char *out);
bool slice_take_be32(struct slice *s, uint32_t *out);

bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
bool slice_eq_nocase(struct slice a, struct slice b); /* ASCII letters only */
/* <0, 0, >0 by bytes, a prefix before the longer one. */
int slice_cmp(struct slice a, struct slice b);
/* Offset of the first occurrence at or after `from`, or SIZE_MAX. */
size_t slice_find(struct slice s, struct slice what, size_t from);
size_t slice_find_byte(struct slice s, char c, size_t from);
/* Without leading and trailing blanks (space, tab, CR, LF, VT, FF). */
struct slice slice_trim(struct slice s);
/* Everything up to `sep` into *head, *s moves behind it; at the end the rest, then false. */
bool slice_split(struct slice *s, char sep, struct slice *head);
/* Decimal digits with an optional sign, whole slice; false on anything else or overflow. */
bool slice_to_int64(struct slice s, int64_t *out);

#endif
