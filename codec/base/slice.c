/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/slice.h"

bool
slice_take(struct slice *s, size_t n, struct slice *out)
{
    if (s->n < n)
        return false;
    *out = (struct slice){ s->p, n };
    s->p += n;
    s->n -= n;
    return true;
}

bool
slice_take_byte(struct slice *s, char *out)
{
    if (s->n == 0)
        return false;
    *out = *s->p++;
    s->n--;
    return true;
}

bool
slice_take_be32(struct slice *s, uint32_t *out)
{
    struct slice four;
    const unsigned char *b;

    if (!slice_take(s, 4, &four))
        return false;
    b = (const unsigned char *)four.p;
    *out = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return true;
}

bool
slice_starts(struct slice s, struct slice prefix)
{
    return s.n >= prefix.n && slice_eq((struct slice){ s.p, prefix.n }, prefix);
}

bool
slice_ends(struct slice s, struct slice suffix)
{
    return s.n >= suffix.n && slice_eq((struct slice){ s.p + (s.n - suffix.n), suffix.n }, suffix);
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

int
slice_cmp(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

size_t
slice_find(struct slice s, struct slice what, size_t from)
{
    const char *hit;

    if (from > s.n)
        return SIZE_MAX;
    if (what.n == 0)
        return from;
    if (from == s.n)
        return SIZE_MAX;
    hit = memmem(s.p + from, s.n - from, what.p, what.n);
    return hit == NULL ? SIZE_MAX : (size_t)(hit - s.p);
}

size_t
slice_find_byte(struct slice s, char c, size_t from)
{
    const char *hit;

    if (from >= s.n)
        return SIZE_MAX;
    hit = memchr(s.p + from, c, s.n - from);
    return hit == NULL ? SIZE_MAX : (size_t)(hit - s.p);
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice
slice_trim(struct slice s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool
slice_split(struct slice *s, char sep, struct slice *head)
{
    size_t at;

    if (s->p == NULL)
        return false;
    at = slice_find_byte(*s, sep, 0);
    if (at == SIZE_MAX) {
        *head = *s;
        *s = (struct slice){ NULL, 0 };
        return true;
    }
    *head = (struct slice){ s->p, at };
    s->p += at + 1;
    s->n -= at + 1;
    return true;
}

bool
slice_to_int64(struct slice s, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t sum = 0;
    size_t i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;

    if (i == s.n)
        return false;
    for (; i < s.n; i++) {
        unsigned digit = (unsigned)(s.p[i] - '0');

        if (digit > 9 || sum > (limit - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}
