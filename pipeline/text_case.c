/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/text_case.h"

#include "codec/utf8.h"

struct case_range {
    uint32_t first, last;
    int32_t distance;
    uint8_t step; /* 2: every second one, as in pairs of capital and small letters */
};

struct case_long {
    uint32_t code;
    const char *text; /* UTF-8 */
};

#include "pipeline/text_case_table.h"

static const char *
find_long(const struct case_long *table, size_t n, uint32_t code)
{
    size_t low = 0;

    while (low < n) {
        size_t mid = low + (n - low) / 2;

        if (table[mid].code == code)
            return table[mid].text;
        if (table[mid].code < code)
            low = mid + 1;
        else
            n = mid;
    }
    return NULL;
}

static uint32_t
map_short(const struct case_range *table, size_t n, uint32_t code)
{
    size_t low = 0;

    while (low < n) {
        size_t mid = low + (n - low) / 2;
        const struct case_range *r = &table[mid];

        if (code > r->last)
            low = mid + 1;
        else if (code < r->first)
            n = mid;
        else if ((code - r->first) % r->step == 0)
            return (uint32_t)((int32_t)code + r->distance);
        else
            return code;
    }
    return code;
}

static void
print_wide(uint32_t code, enum text_case how, struct buf *out)
{
    const char *text = NULL;
    char utf8[4];

    if (how == CASE_CAPITAL)
        text = find_long(title_long, COUNT(title_long), code);
    if (text == NULL && how != CASE_LOWER)
        text = find_long(upper_long, COUNT(upper_long), code);
    if (text == NULL && how == CASE_LOWER)
        text = find_long(lower_long, COUNT(lower_long), code);
    if (text != NULL) {
        buf_append(out, slice_of(text));
        return;
    }
    if (how == CASE_LOWER)
        code = map_short(lower_ranges, COUNT(lower_ranges), code);
    else
        code = map_short(upper_ranges, COUNT(upper_ranges), code);
    buf_append(out, (struct slice){ utf8, utf8_encode(code, utf8) });
}

/* ---- ASCII, eight bytes at a time ---- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* What turns each letter of w that is not as it should be; other bytes stay. */
static inline uint64_t
flips(uint64_t w, enum text_case how)
{
    unsigned first = how == CASE_LOWER ? 'A' : 'a';
    uint64_t low = w & EACH(0x7f), from = low + EACH(0x80) - first * EACH(1);
    uint64_t behind = low + EACH(0x80) - (first + 26) * EACH(1);

    return (from & ~behind & ~w & EACH(0x80)) >> 2;
}

static inline uint64_t
load(const char *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof w);
    return w;
}

static inline bool
is_ascii(uint64_t w)
{
    return (w & EACH(0x80)) == 0;
}

/* All of fewer than eight bytes, but not none: slice_short_word() back to where it came from. */
static void
turn_short(struct slice s, enum text_case how, char *to)
{
    uint64_t w = slice_short_word(s);
    uint32_t low, high;

    w ^= flips(w, how);
    low = (uint32_t)w;
    high = (uint32_t)(w >> 32);
    if (s.n >= 4) {
        memcpy(to, &low, sizeof low);
        memcpy(to + s.n - 4, &high, sizeof high);
        return;
    }
    to[0] = (char)w;
    to[s.n / 2] = (char)(w >> 8);
    to[s.n - 1] = (char)(w >> 16);
}

/* The run of ASCII at the front, most often all there is; s is not empty. */
static size_t
print_ascii(struct slice s, enum text_case how, struct buf *out)
{
    char *to = buf_reserve(out, s.n);
    size_t i = 0, part;

    for (; s.n - i >= sizeof(uint64_t) && is_ascii(load(s.p + i)); i += sizeof(uint64_t)) {
        uint64_t w = load(s.p + i);

        w ^= flips(w, how);
        memcpy(to + i, &w, sizeof w);
    }
    for (part = i; part < s.n && part - i < sizeof(uint64_t) && !(s.p[part] & 0x80); part++)
        ;
    if (part > i)
        turn_short((struct slice){ s.p + i, part - i }, how, to + i);
    out->n += part;
    return part;
}

void
text_case_print(struct slice s, enum text_case how, struct buf *out)
{
    while (s.n > 0) {
        struct slice now = { s.p, how == CASE_CAPITAL ? 1 : s.n };
        size_t used = print_ascii(now, how, out);
        unsigned bad;

        if (used == 0) {
            used = utf8_next(s, &bad);
            if (used == 0) {
                used = bad;
                buf_append(out, (struct slice){ s.p, used });
            } else {
                uint32_t code;

                utf8_decode(s, &code);
                print_wide(code, how, out);
            }
        }
        if (how == CASE_CAPITAL)
            how = CASE_LOWER;
        s.p += used;
        s.n -= used;
    }
}

static bool
may_differ(uint64_t w, enum text_case how)
{
    return (w & EACH(0x80)) != 0 || flips(w, how) != 0;
}

bool
text_case_differs(struct slice s, enum text_case how)
{
    size_t i = 0;

    if (how == CASE_CAPITAL || s.n == 0)
        return s.n > 0;
    if (s.n < sizeof(uint64_t))
        return may_differ(slice_short_word(s), how);
    for (; s.n - i >= sizeof(uint64_t); i += sizeof(uint64_t))
        if (may_differ(load(s.p + i), how))
            return true;
    return may_differ(load(s.p + s.n - sizeof(uint64_t)), how);
}
