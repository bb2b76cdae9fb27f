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

static char
map_ascii(char c, enum text_case how)
{
    if (how == CASE_LOWER)
        return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* The run of ASCII at the front, most often all there is. */
static size_t
print_ascii(struct slice s, enum text_case how, struct buf *out)
{
    char *to = buf_reserve(out, s.n);
    size_t i = 0;

    for (; i < s.n && !(s.p[i] & 0x80); i++)
        to[i] = map_ascii(s.p[i], how);
    out->n += i;
    return i;
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

bool
text_case_differs(struct slice s, enum text_case how)
{
    bool found = false;

    if (how == CASE_CAPITAL)
        return s.n > 0;
    for (size_t i = 0; i < s.n; i++)
        found |= (s.p[i] & 0x80) || map_ascii(s.p[i], how) != s.p[i];
    return found;
}
