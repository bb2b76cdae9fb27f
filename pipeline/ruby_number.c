/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/ruby_number.h"

#include "codec/number.h"

static unsigned
digit_of(char c)
{
    return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
           : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
           : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                  : 99;
}

static bool
take_minus(struct slice *s)
{
    bool minus = s->n > 0 && s->p[0] == '-';

    if (s->n > 0 && (s->p[0] == '-' || s->p[0] == '+')) {
        s->p++;
        s->n--;
    }
    return minus;
}

/* Takes "0x" and the like. A zero in front means octal. */
static unsigned
take_base(struct slice *s)
{
    static const struct {
        char letter;
        unsigned base;
    } bases[] = { { 'x', 16 }, { 'b', 2 }, { 'o', 8 }, { 'd', 10 } };

    if (s->n < 2 || s->p[0] != '0')
        return 10;
    for (size_t i = 0; i < COUNT(bases); i++)
        if ((s->p[1] | 0x20) == bases[i].letter) {
            s->p += 2;
            s->n -= 2;
            return bases[i].base;
        }
    return 8;
}

/* Digits of the base with single underscores between them, to the end; without these in *out. */
static bool
take_all_digits(struct slice s, unsigned base, struct buf *out)
{
    if (s.n == 0 || digit_of(s.p[s.n - 1]) >= base)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '_' && i > 0 && s.p[i - 1] != '_')
            continue;
        if (digit_of(s.p[i]) >= base)
            return false;
        buf_byte(out, s.p[i]);
    }
    return true;
}

static bool
print_small(struct slice digits, unsigned base, bool minus, struct buf *out)
{
    uint64_t n = 0;

    for (size_t i = 0; i < digits.n; i++) {
        if (__builtin_mul_overflow(n, base, &n) ||
            __builtin_add_overflow(n, digit_of(digits.p[i]), &n))
            return false;
    }
    buf_printf(out, "%s%llu", minus && n > 0 ? "-" : "", (unsigned long long)n);
    return true;
}

static void
print_decimal(struct slice digits, bool minus, struct buf *out)
{
    while (digits.n > 1 && digits.p[0] == '0') {
        digits.p++;
        digits.n--;
    }
    if (minus && digits.p[0] != '0')
        buf_byte(out, '-');
    buf_append(out, digits);
}

bool
ruby_integer(struct slice text, struct buf *digits)
{
    struct slice s = slice_trim(text);
    bool minus = take_minus(&s), ok;
    unsigned base = take_base(&s);
    struct buf plain = { 0 };

    ok = take_all_digits(s, base, &plain);
    if (ok && base == 10)
        print_decimal(buf_slice(&plain), minus, digits);
    else if (ok)
        ok = print_small(buf_slice(&plain), base, minus, digits);
    buf_fini(&plain);
    return ok;
}

/* Appends a run of digits in front of which there may be others; where it ends, or `at` if it is
 * none. */
static size_t
take_run(struct slice s, size_t at, struct buf *out)
{
    size_t from = at;

    while (at < s.n && (digit_of(s.p[at]) < 10 || (s.p[at] == '_' && at > from))) {
        if (s.p[at] == '_' && (at + 1 == s.n || digit_of(s.p[at + 1]) >= 10))
            return from;
        if (s.p[at] != '_')
            buf_byte(out, s.p[at]);
        at++;
    }
    return at;
}

/* [digits] [. digits] [e [+-] digits], to the end. */
static bool
take_float(struct slice s, struct buf *out)
{
    size_t at = take_run(s, 0, out), next;

    if (at == 0)
        buf_byte(out, '0');
    if (at < s.n && s.p[at] == '.') {
        buf_byte(out, '.');
        next = take_run(s, at + 1, out);
        if (next == at + 1)
            return false;
        at = next;
    } else if (at == 0) {
        return false;
    }
    if (at < s.n && (s.p[at] | 0x20) == 'e') {
        buf_byte(out, 'e');
        at++;
        if (at < s.n && (s.p[at] == '-' || s.p[at] == '+'))
            buf_byte(out, s.p[at++]);
        next = take_run(s, at, out);
        if (next == at)
            return false;
        at = next;
    }
    return at == s.n;
}

bool
ruby_float(struct slice text, double *out)
{
    struct slice s = slice_trim(text);
    struct buf digits = { 0 };
    bool hex, ok;

    hex = slice_find(s, SLICE("0x"), 0) <= 1 || slice_find(s, SLICE("0X"), 0) <= 1;
    if (hex) {
        ok = ruby_integer(s, &digits);
    } else {
        if (take_minus(&s))
            buf_byte(&digits, '-');
        ok = take_float(s, &digits);
    }
    if (ok)
        *out = number_to_double(buf_slice(&digits));
    buf_fini(&digits);
    return ok;
}
