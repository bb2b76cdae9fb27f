/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct slice s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i += 3) {
        size_t n = s.n - i < 3 ? s.n - i : 3;
        uint32_t bits = 0;

        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < n ? (unsigned char)s.p[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            buf_byte(out, k <= n ? alphabet[bits >> (18 - 6 * k) & 63] : '=');
    }
}

static int
value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    if (c == '/' || c == '_')
        return 63;
    return -1;
}

bool
base64_decode(struct slice s, struct buf *out)
{
    size_t before = out->n;
    uint32_t bits = 0;
    unsigned held = 0;

    for (int padding = 0; padding < 2 && s.n > 0 && s.p[s.n - 1] == '='; padding++)
        s.n--;
    if (s.n % 4 == 1)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int v = value_of(s.p[i]);

        if (v < 0) {
            out->n = before;
            return false;
        }
        bits = bits << 6 | (uint32_t)v;
        held += 6;
        if (held >= 8) {
            held -= 8;
            buf_byte(out, (char)(bits >> held & 0xFF));
        }
    }
    return true;
}

bool
base64_is_canonical(struct slice s)
{
    struct buf plain = { 0 }, again = { 0 };
    bool same = base64_decode(s, &plain);

    if (same) {
        base64_encode(buf_slice(&plain), &again);
        same = slice_eq(buf_slice(&again), s);
    }
    buf_fini(&plain);
    buf_fini(&again);
    return same;
}
