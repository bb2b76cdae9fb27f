/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/decimal.h"

static struct slice
take_digits(struct slice *s)
{
    struct slice digits = { s->p, 0 };

    while (digits.n < s->n && s->p[digits.n] >= '0' && s->p[digits.n] <= '9')
        digits.n++;
    s->p += digits.n;
    s->n -= digits.n;
    return digits;
}

static bool
take_char(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    s->p++;
    s->n--;
    return true;
}

static bool
take_exponent(struct slice *s, int64_t *out)
{
    if (!take_char(s, 'e') && !take_char(s, 'E'))
        return true;
    if (s->n == 0 || !slice_to_int64(*s, out) || *out > INT32_MAX || *out < INT32_MIN)
        return false;
    s->n = 0;
    return true;
}

bool
decimal_parse(struct slice text, struct decimal *out)
{
    struct decimal d = { 0 };

    d.negative = take_char(&text, '-');
    if (!d.negative)
        take_char(&text, '+');
    d.whole = take_digits(&text);
    if (take_char(&text, '.'))
        d.fraction = take_digits(&text);
    if (d.whole.n + d.fraction.n == 0 || !take_exponent(&text, &d.exponent) || text.n > 0)
        return false;
    *out = d;
    return true;
}

/* ---- one row of digits: those of whole and fraction without leading zeros ---- */

struct digits {
    struct slice a, b;
    size_t n;
};

static struct slice
without_zeros(struct slice s)
{
    while (take_char(&s, '0'))
        ;
    return s;
}

static struct digits
digits_of(const struct decimal *d)
{
    struct digits row = { without_zeros(d->whole), d->fraction, 0 };

    if (row.a.n == 0)
        row.b = without_zeros(row.b);
    row.n = row.a.n + row.b.n;
    return row;
}

static void
print_digits(const struct digits *row, size_t from, size_t to, struct buf *out)
{
    if (from < row->a.n)
        buf_append(out, slice_between(row->a.p + from, row->a.p + (to < row->a.n ? to : row->a.n)));
    if (to > row->a.n) {
        size_t start = from > row->a.n ? from - row->a.n : 0;

        buf_append(out, slice_between(row->b.p + start, row->b.p + (to - row->a.n)));
    }
}

static void
print_zeros(int64_t n, struct buf *out)
{
    for (; n > 0; n--)
        buf_byte(out, '0');
}

/* ---- Java ---- */

/* 12345 with scale 2 is 123.45, 5 with scale 3 is 0.005 */
static void
print_plain(const struct digits *row, int64_t scale, struct buf *out)
{
    int64_t whole = (int64_t)row->n - scale;

    if (whole > 0)
        print_digits(row, 0, (size_t)whole, out);
    else
        buf_byte(out, '0');
    if (scale == 0)
        return;
    buf_byte(out, '.');
    print_zeros(whole < 0 ? -whole : 0, out);
    print_digits(row, whole > 0 ? (size_t)whole : 0, row->n, out);
}

void
decimal_print_java(const struct decimal *d, struct buf *out)
{
    struct digits row = digits_of(d);
    int64_t scale = (int64_t)d->fraction.n - d->exponent, adjusted;

    if (row.n == 0) /* zero has one digit and no sign */
        row = (struct digits){ SLICE("0"), { 0 }, 1 };
    else if (d->negative)
        buf_byte(out, '-');
    adjusted = -scale + ((int64_t)row.n - 1);
    if (scale >= 0 && adjusted >= -6) {
        print_plain(&row, scale, out);
        return;
    }
    print_digits(&row, 0, 1, out);
    if (row.n > 1) {
        buf_byte(out, '.');
        print_digits(&row, 1, row.n, out);
    }
    if (adjusted != 0)
        buf_printf(out, "E%+lld", (long long)adjusted);
}

/* ---- Ruby ---- */

void
decimal_print_ruby(const struct decimal *d, struct buf *out)
{
    struct digits row = digits_of(d);
    size_t start = out->n;
    int64_t point = (int64_t)row.n - (int64_t)d->fraction.n + d->exponent;

    if (row.n == 0) {
        buf_append(out, SLICE("0.0"));
        return;
    }
    buf_append(out, d->negative ? SLICE("-0.") : SLICE("0."));
    start = out->n;
    print_digits(&row, 0, row.n, out);
    while (out->n > start + 1 && out->p[out->n - 1] == '0')
        out->n--;
    buf_byte(out, 'e');
    buf_int(out, point);
}

/* ---- integer and double ---- */

bool
decimal_print_integer(const struct decimal *d, struct buf *out)
{
    struct digits row = digits_of(d);
    int64_t keep = (int64_t)row.n - (int64_t)d->fraction.n + d->exponent;

    if (row.n == 0 || keep <= 0) {
        buf_byte(out, '0');
        return true;
    }
    if (keep > (int64_t)row.n + DECIMAL_ZEROS)
        return false;
    if (d->negative)
        buf_byte(out, '-');
    print_digits(&row, 0, keep < (int64_t)row.n ? (size_t)keep : row.n, out);
    print_zeros(keep - (int64_t)row.n, out);
    return true;
}

void
decimal_print_json(const struct decimal *d, struct buf *out)
{
    struct slice whole = without_zeros(d->whole);

    if (d->negative)
        buf_byte(out, '-');
    buf_append(out, whole.n > 0 ? whole : SLICE("0"));
    if (d->fraction.n > 0) {
        buf_byte(out, '.');
        buf_append(out, d->fraction);
    }
    if (d->exponent != 0) {
        buf_byte(out, 'e');
        buf_int(out, d->exponent);
    }
}
