/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/convert.h"

#include "codec/number.h"
#include "codec/utf8.h"
#include "pipeline/decimal.h"
#include "pipeline/ruby_value.h"

#include <math.h>

/* Hexadecimal digits that surely fit 64 bits. */
#define HEX_DIGITS 16

const char *const convert_names[] = { "string",     "integer",  "float", "boolean",
                                      "integer_eu", "float_eu", NULL };

static int
no_number(struct slice text, const char *what, struct err *err)
{
    return err_set(err, ERR_PARSE, "\"%.*s\" is no %s", (int)(text.n < 64 ? text.n : 64), text.p,
                   what);
}

/* ---- numbers in texts ---- */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Into *out without commas and without the underscores that stand between two digits. */
static void
clean(struct slice s, bool eu, struct buf *out)
{
    char *to;

    buf_clear(out);
    s = slice_trim(s);
    to = buf_reserve(out, s.n);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (eu && (c == '.' || c == ','))
            c = c == '.' ? ',' : '.';
        if (c == ',')
            continue;
        if (c == '_' && i > 0 && i + 1 < s.n && is_hex(s.p[i - 1]) && is_hex(s.p[i + 1]))
            continue;
        *to++ = c;
    }
    out->n = (size_t)(to - out->p);
    while (out->n > 0 && out->p[out->n - 1] == ' ') /* stood before a comma */
        out->n--;
}

/* [+-] 0x digits */
static bool
take_hex(struct slice s, bool *negative, uint64_t *out)
{
    uint64_t n = 0;
    size_t i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;

    *negative = s.n > 0 && s.p[0] == '-';
    if (s.n < i + 3 || s.n > i + 2 + HEX_DIGITS || s.p[i] != '0' || (s.p[i + 1] | 0x20) != 'x')
        return false;
    for (i += 2; i < s.n; i++) {
        if (!is_hex(s.p[i]))
            return false;
        n = n << 4 | (uint64_t)(is_digit(s.p[i]) ? s.p[i] - '0' : (s.p[i] | 0x20) - 'a' + 10);
    }
    *out = n;
    return true;
}

static struct value
integer_of(struct arena *a, struct slice digits)
{
    int64_t n;

    if (slice_to_int64(digits, &n))
        return value_int(a, n);
    return value_digits(a, V_BIGINT, digits);
}

static int
integer_from_text(struct arena *a, struct slice text, bool eu, struct buf *scratch,
                  struct value *out, struct err *err)
{
    struct buf digits = { 0 };
    struct decimal d;
    int64_t small;
    uint64_t hex;
    bool negative, ok;

    if (slice_to_int64(text, &small)) {
        *out = value_int(a, small);
        return 0;
    }
    clean(text, eu, scratch);
    ok = take_hex(buf_slice(scratch), &negative, &hex);
    if (ok)
        buf_printf(&digits, "%s%llu", negative && hex > 0 ? "-" : "", (unsigned long long)hex);
    else
        ok = decimal_parse(buf_slice(scratch), &d) && decimal_print_integer(&d, &digits);
    if (ok)
        *out = integer_of(a, buf_slice(&digits));
    buf_fini(&digits);
    return ok ? 0 : no_number(text, "integer", err);
}

static int
float_from_text(struct arena *a, struct slice text, bool eu, struct buf *scratch, struct value *out,
                struct err *err)
{
    struct buf json = { 0 };
    struct slice s;
    struct decimal d;
    uint64_t hex;
    bool negative;

    clean(text, eu, scratch);
    s = buf_slice(scratch);
    if (take_hex(s, &negative, &hex)) {
        *out = value_double(a, negative ? -(double)hex : (double)hex);
        return 0;
    }
    /* Ruby's Float refuses a dot without a digit behind it. */
    if (!decimal_parse(s, &d) || (d.fraction.n == 0 && slice_find_byte(s, '.', 0) != SIZE_MAX))
        return no_number(text, "float", err);
    decimal_print_json(&d, &json);
    *out = value_double(a, number_to_double(buf_slice(&json)));
    buf_fini(&json);
    return 0;
}

/* ---- booleans ---- */

/* 1.0 as a pattern: the dot is any one character. */
static bool
around_a_dot(struct slice line, struct slice word)
{
    unsigned bad;

    if (word.n != 3 || word.p[1] != '.' || line.n < 3 || line.p[0] != word.p[0] ||
        line.p[line.n - 1] != word.p[2])
        return false;
    return utf8_next((struct slice){ line.p + 1, line.n - 2 }, &bad) == line.n - 2;
}

/* Some line of the text is one of the words. */
static bool
line_is(struct slice text, const struct slice *words, size_t n)
{
    struct slice line;

    while (slice_split(&text, '\n', &line))
        for (size_t i = 0; i < n; i++)
            if (slice_eq_nocase(line, words[i]) || around_a_dot(line, words[i]))
                return true;
    return false;
}

static const struct slice true_words[] = { SLICE_INIT("true"), SLICE_INIT("t"), SLICE_INIT("yes"),
                                           SLICE_INIT("y"),    SLICE_INIT("1"), SLICE_INIT("1.0") };
static const struct slice false_words[] = {
    SLICE_INIT("false"), SLICE_INIT("f"), SLICE_INIT("no"),
    SLICE_INIT("n"),     SLICE_INIT("0"), SLICE_INIT("0.0")
};

static bool
to_boolean(struct arena *a, struct value *v, struct buf *scratch, struct value *out)
{
    struct slice text = ruby_value_text(a, v, scratch);

    if (line_is(text, true_words, COUNT(true_words)))
        *out = value_bool(true);
    else if (text.n == 0 || line_is(text, false_words, COUNT(false_words)))
        *out = value_bool(false);
    else
        return false;
    return true;
}

/* ---- by type of the source ---- */

static int
double_to_integer(struct arena *a, double d, struct value *out, struct err *err)
{
    if (!isfinite(d))
        return err_set(err, ERR_RANGE, "%s is no integer", isnan(d) ? "NaN" : "an infinity");
    *out = integer_of(a, arena_printf(a, "%.0f", trunc(d) + 0.0));
    return 0;
}

static int
decimal_to_integer(struct arena *a, struct slice digits, struct buf *scratch, struct value *out,
                   struct err *err)
{
    struct decimal d;

    buf_clear(scratch);
    if (!decimal_parse(digits, &d) || !decimal_print_integer(&d, scratch))
        return no_number(digits, "integer of a usable length", err);
    *out = integer_of(a, buf_slice(scratch));
    return 0;
}

/* *out is the value itself where nothing changes. */
static int
to_integer(struct arena *a, struct value *v, bool eu, struct buf *scratch, struct value *out,
           struct err *err)
{
    switch ((enum value_type)v->type) {
    case V_STRING: return integer_from_text(a, value_text(a, v), eu, scratch, out, err);
    case V_BOOL: *out = value_int(a, value_to_bool(v)); return 0;
    case V_DOUBLE: return double_to_integer(a, value_to_double(v), out, err);
    case V_DECIMAL: return decimal_to_integer(a, value_raw_text(v), scratch, out, err);
    case V_INT:
    case V_BIGINT: return 0;
    case V_TIMESTAMP: *out = value_int(a, value_to_timestamp(v).sec); return 0;
    case V_NULL:
    case V_ARRAY:
    case V_OBJECT: break;
    }
    return err_set(err, ERR_TYPE, "a list or an object is no integer");
}

static int
to_float(struct arena *a, struct value *v, bool eu, struct buf *scratch, struct value *out,
         struct err *err)
{
    struct timestamp t;

    switch ((enum value_type)v->type) {
    case V_STRING: return float_from_text(a, value_text(a, v), eu, scratch, out, err);
    case V_BOOL: *out = value_double(a, value_to_bool(v) ? 1.0 : 0.0); return 0;
    case V_INT:
    case V_BIGINT:
    case V_DECIMAL: *out = value_double(a, value_to_double(v)); return 0;
    case V_DOUBLE: return 0;
    case V_TIMESTAMP:
        t = value_to_timestamp(v);
        *out = value_double(a, (double)t.sec + (double)t.nsec / 1e9);
        return 0;
    case V_NULL:
    case V_ARRAY:
    case V_OBJECT: break;
    }
    return err_set(err, ERR_TYPE, "a list or an object is no float");
}

static int
convert_one(struct arena *a, struct value *v, enum convert_to to, struct buf *scratch,
            struct value *out, struct err *err)
{
    bool eu = to == CONVERT_INTEGER_EU || to == CONVERT_FLOAT_EU;

    if (v->type == V_NULL)
        return 0;
    switch (to) {
    case CONVERT_STRING:
        if (v->type == V_INT || v->type == V_BIGINT)
            *out = value_bare_str(value_raw_text(v));
        else if (v->type != V_STRING)
            *out = value_str(a, ruby_value_text(a, v, scratch));
        return 0;
    case CONVERT_BOOLEAN:
        if (v->type != V_BOOL)
            to_boolean(a, v, scratch, out);
        return 0;
    case CONVERT_INTEGER:
    case CONVERT_INTEGER_EU: return to_integer(a, v, eu, scratch, out, err);
    case CONVERT_FLOAT:
    case CONVERT_FLOAT_EU: return to_float(a, v, eu, scratch, out, err);
    }
    UNREACHABLE("convert_to");
}

int
convert_value(struct arena *a, struct value *v, enum convert_to to, struct buf *scratch,
              struct value *out, bool *changed, struct err *err)
{
    *changed = v->type != V_OBJECT && v->type != V_NULL;
    if (!*changed)
        return 0;
    if (v->type != V_ARRAY) {
        *out = value_bare(v);
        return convert_one(a, v, to, scratch, out, err);
    }
    *out = value_array(a);
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++) {
        struct value *from = value_at(a, v, i), one = value_bare(from);

        if (convert_one(a, from, to, scratch, &one, err) < 0)
            return -1;
        value_assign(value_push(a, out), one);
    }
    return 0;
}
