/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/json_decimal.h"

#include "pipeline/decimal.h"

static int
too_long(struct err *err)
{
    return err_set(err, ERR_LIMIT, "a number of over %d characters", JSON_NUMBER_DIGITS);
}

/* ---- looking into opaque text ---- */

/* An even number of backslashes before a quote stand for themselves. */
static const char *
behind_string(const char *p, const char *end)
{
    const char *from = ++p;

    while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
        const char *back = p;

        while (back > from && back[-1] == '\\')
            back--;
        if ((p - back) % 2 == 0)
            return p + 1;
        p++;
    }
    return end;
}

static bool
is_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
}

/* Whether valid JSON text has a number with a fraction or an exponent, or one that is too long. */
static bool
has_decimal(struct slice raw)
{
    const char *p = raw.p, *end = raw.p + raw.n;

    while (p < end) {
        const char *from = p;

        if (*p == '"') {
            p = behind_string(p, end);
            continue;
        }
        if (*p != '-' && (*p < '0' || *p > '9')) {
            p++;
            continue;
        }
        for (; p < end && is_number_char(*p); p++)
            if (*p == '.' || *p == 'e' || *p == 'E')
                return true;
        if (p - from > JSON_NUMBER_DIGITS)
            return true;
    }
    return false;
}

/* ---- nodes ---- */

/* Java's text of most decimals is what the sender wrote; these may be different. */
static bool
may_print_otherwise(struct slice digits)
{
    for (size_t i = 0; i < digits.n; i++)
        if (digits.p[i] == 'e' || digits.p[i] == 'E')
            return true;
    return slice_starts(digits, SLICE("-0")) || slice_starts(digits, SLICE("0.00000"));
}

static int
convert_number(struct arena *a, struct value *v, struct buf *scratch, bool *changed,
               struct err *err)
{
    struct slice digits = value_raw_text(v);
    struct decimal d;

    if (digits.n > JSON_NUMBER_DIGITS)
        return too_long(err);
    if (v->type != V_DOUBLE || digits.p[0] == '"') /* an infinity: beyond any double */
        return 0;
    v->type = V_DECIMAL;
    if (!may_print_otherwise(digits) || !decimal_parse(digits, &d))
        return 0;
    buf_clear(scratch);
    decimal_print_java(&d, scratch);
    value_assign(v, value_digits(a, V_DECIMAL, buf_slice(scratch)));
    *changed = true;
    return 0;
}

/* The depth is that of a scanned document, at most JSON_DEPTH. */
static int
convert(struct arena *a, struct value *v, struct buf *scratch, bool *changed, struct err *err)
{
    bool below = false;

    if (value_is_number(v))
        return convert_number(a, v, scratch, changed, err);
    if (!value_is_container(v) ||
        (!(v->flags & V_INDEXED) && !has_decimal((struct slice){ v->raw, v->len })))
        return 0;
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++)
        if (convert(a, value_at(a, v, i), scratch, &below, err) < 0)
            return -1;
    if (below) {
        v->flags |= V_CHANGED;
        *changed = true;
    }
    return 0;
}

int
json_decimal_convert(struct arena *a, struct value *v, struct buf *scratch, struct err *err)
{
    bool changed = false;

    return convert(a, v, scratch, &changed, err);
}
