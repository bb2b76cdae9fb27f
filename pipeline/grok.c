/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/grok.h"

#include "codec/number.h"
#include "pipeline/grok_expand.h"

#include <stdlib.h>

struct grok {
    struct buf expanded;
    struct regex *regex;
    struct grok_capture *captures;
    size_t n;
};

/* The nth part between colons; p NULL: there are fewer. Empty ones at the end do not count. */
static struct slice
name_part(struct slice name, unsigned nth)
{
    struct slice part;

    while (name.n > 0 && name.p[name.n - 1] == ':')
        name.n--;
    for (unsigned i = 0; slice_split(&name, ':', &part); i++)
        if (i == nth)
            return part;
    return (struct slice){ 0 };
}

static enum grok_type
type_of(struct slice name)
{
    struct slice type = name_part(name, 2);

    return slice_eq(type, SLICE("int"))     ? GROK_INT
           : slice_eq(type, SLICE("float")) ? GROK_FLOAT
                                            : GROK_TEXT;
}

static void
add_capture(struct grok *g, struct slice name, unsigned group, bool first)
{
    struct slice field = name_part(name, 1);

    if (field.p == NULL)
        field = name_part(name, 0);
    if (field.p == NULL)
        field = SLICE("");
    g->captures[g->n++] = (struct grok_capture){ field, group, first ? type_of(name) : GROK_TEXT };
}

/* Groups of one full name stand together, where the first of them is. */
static void
collect_captures(struct grok *g)
{
    unsigned groups = regex_groups(g->regex);
    bool *taken = xcalloc(groups + 1, sizeof *taken);

    g->captures = xcalloc(groups + 1, sizeof *g->captures);
    for (unsigned i = 1; i <= groups; i++) {
        struct slice name = regex_group_name(g->regex, i);

        if (name.n == 0 || taken[i])
            continue;
        add_capture(g, name, i, true);
        for (unsigned k = i + 1; k <= groups; k++)
            if (!taken[k] && slice_eq(regex_group_name(g->regex, k), name)) {
                taken[k] = true;
                add_capture(g, name, k, false);
            }
    }
    free(taken);
}

struct grok *
grok_new(const struct grok_patterns *patterns, struct slice text, bool named_captures_only,
         struct err *err)
{
    struct grok *g = xcalloc(1, sizeof *g);

    if (grok_expand(patterns, text, named_captures_only, &g->expanded, err) < 0) {
        grok_free(g);
        return NULL;
    }
    g->regex = regex_new(buf_slice(&g->expanded),
                         (struct regex_options){ .dot_newline = true,
                                                 .store = grok_patterns_store(patterns) },
                         err);
    if (g->regex == NULL) {
        err_prefix(err, "grok pattern \"%.*s\"", text.n > 120 ? 120 : (int)text.n, text.p);
        grok_free(g);
        return NULL;
    }
    collect_captures(g);
    return g;
}

void
grok_free(struct grok *g)
{
    if (g == NULL)
        return;
    regex_free(g->regex);
    buf_fini(&g->expanded);
    free(g->captures);
    free(g);
}

const struct regex *
grok_regex(const struct grok *g)
{
    return g->regex;
}

struct slice
grok_expanded(const struct grok *g)
{
    return buf_slice(&g->expanded);
}

const struct grok_capture *
grok_captures(const struct grok *g, size_t *n)
{
    *n = g->n;
    return g->captures;
}

/* ---- conversions ---- */

static bool
is_digit(struct slice s, size_t at)
{
    return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

/* Digits with single underscores between them; where they end. */
static size_t
take_digits(struct slice s, size_t at, struct buf *out)
{
    while (is_digit(s, at)) {
        buf_byte(out, s.p[at++]);
        if (at < s.n && s.p[at] == '_' && is_digit(s, at + 1))
            at++;
    }
    return at;
}

/* Blanks and a sign; where the number starts. */
static size_t
take_sign(struct slice s, bool *negative)
{
    size_t at = 0;

    while (at < s.n && (s.p[at] == ' ' || (s.p[at] >= '\t' && s.p[at] <= '\r')))
        at++;
    *negative = at < s.n && s.p[at] == '-';
    return at + (at < s.n && (s.p[at] == '-' || s.p[at] == '+'));
}

void
grok_print_int(struct slice text, struct buf *out)
{
    bool negative;
    size_t at = take_sign(text, &negative), start = out->n, zeros = 0;

    if (negative)
        buf_byte(out, '-');
    take_digits(text, at, out);
    at = start + negative;
    if (out->n == at) {
        out->n = start;
        buf_byte(out, '0');
        return;
    }
    while (at + zeros + 1 < out->n && out->p[at + zeros] == '0')
        zeros++;
    memmove(out->p + at, out->p + at + zeros, out->n - at - zeros);
    out->n -= zeros;
    if (out->p[at] == '0') {
        out->n = start;
        buf_byte(out, '0');
    }
}

double
grok_to_float(struct slice text)
{
    struct buf digits = { 0 };
    bool negative;
    size_t at = take_sign(text, &negative), sign;
    double d;

    buf_byte(&digits, negative ? '-' : '0');
    at = take_digits(text, at, &digits);
    if (digits.n == 1 && negative)
        buf_byte(&digits, '0');
    if (at < text.n && text.p[at] == '.' && is_digit(text, at + 1)) {
        buf_byte(&digits, '.');
        at = take_digits(text, at + 1, &digits);
    }
    if (at > 0 && is_digit(text, at - 1) && at < text.n && (text.p[at] | 0x20) == 'e') {
        sign = at + 1 < text.n && (text.p[at + 1] == '-' || text.p[at + 1] == '+');
        if (is_digit(text, at + 1 + sign)) {
            buf_byte(&digits, 'e');
            if (sign == 1)
                buf_byte(&digits, text.p[at + 1]);
            take_digits(text, at + 1 + sign, &digits);
        }
    }
    d = number_to_double(buf_slice(&digits));
    buf_fini(&digits);
    return d;
}
