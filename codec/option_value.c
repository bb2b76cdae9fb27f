/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of the configuration as such: their text, and when two are equal. */
#include "codec/base/buf.h"
#include "codec/number.h"
#include "codec/option.h"

/* ---- values as text ---- */

static void
print_char(char c, char next, struct buf *out)
{
    static const char letters[] = "\a\b\t\n\v\f\r\033\"\\";
    static const char names[] = "abtnvfre\"\\";
    const char *at = c != '\0' ? strchr(letters, c) : NULL;

    if (at != NULL)
        buf_printf(out, "\\%c", names[at - letters]);
    else if (c == '#' && (next == '{' || next == '$' || next == '@'))
        buf_append(out, SLICE("\\#"));
    else if ((unsigned char)c < 0x20 || c == 0x7f)
        buf_printf(out, "\\u%04X", (unsigned)(unsigned char)c);
    else
        buf_byte(out, c);
}

static void
print_text(struct slice s, struct buf *out)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < s.n; i++)
        print_char(s.p[i], i + 1 < s.n ? s.p[i + 1] : '\0', out);
    buf_byte(out, '"');
}

static void
print_double(double d, struct buf *out)
{
    char text[64];

    if ((d < 1e16 && d > 1e-4) || (d > -1e16 && d < -1e-4))
        buf_append(out, (struct slice){ text, number_print_plain(d, text, sizeof text) });
    else
        buf_append(out, (struct slice){ text, number_print_double(d, text) });
}

static void
print_members(const struct opt_value *v, struct buf *out)
{
    for (size_t i = 0; i < v->n; i++) {
        buf_append(out, i > 0 ? SLICE(", ") : SLICE(""));
        opt_value_print(&v->list[i], out);
    }
}

static void
print_pairs(const struct opt_pair *p, size_t n, bool quoted, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        buf_append(out, i > 0 ? SLICE(", ") : SLICE(""));
        if (quoted)
            print_text(p[i].key, out);
        else
            buf_append(out, p[i].key);
        buf_append(out, SLICE(" => "));
        opt_value_print(&p[i].value, out);
    }
}

void
opt_value_print(const struct opt_value *v, struct buf *out)
{
    switch (v->kind) {
    case OV_STRING:
    case OV_BAREWORD:
        if (opt_is_null(v))
            buf_append(out, SLICE("nil"));
        else
            print_text(v->text, out);
        break;
    case OV_INT: buf_int(out, v->number); break;
    case OV_DOUBLE: print_double(v->real, out); break;
    case OV_LIST:
        buf_byte(out, '[');
        print_members(v, out);
        buf_byte(out, ']');
        break;
    case OV_HASH:
        buf_byte(out, '{');
        print_pairs(v->pairs, v->n, true, out);
        buf_byte(out, '}');
        break;
    case OV_PLUGIN:
        buf_append(out, v->plugin->name);
        buf_append(out, SLICE(" { "));
        print_pairs(v->plugin->options, v->plugin->n, false, out);
        buf_append(out, SLICE(" }"));
        break;
    }
}

struct slice
opt_value_text(struct arena *a, const struct opt_value *v)
{
    struct buf text = { 0 };
    struct slice s;

    if (opt_is_text(v))
        return v->text;
    opt_value_print(v, &text);
    s = arena_copy(a, buf_slice(&text));
    buf_fini(&text);
    return s;
}

/* ---- equality ---- */

static bool
equal_doubles(double x, double y)
{
    return x >= y && x <= y;
}

static double
as_double(const struct opt_value *v)
{
    return v->kind == OV_INT ? (double)v->number : v->real;
}

static bool
equal_lists(const struct opt_value *x, const struct opt_value *y, bool typed)
{
    if (x->n != y->n)
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (!opt_value_equal(&x->list[i], &y->list[i], typed))
            return false;
    return true;
}

static const struct opt_value *
value_of(const struct opt_value *hash, struct slice key)
{
    for (size_t i = 0; i < hash->n; i++)
        if (slice_eq(hash->pairs[i].key, key))
            return &hash->pairs[i].value;
    return NULL;
}

static bool
equal_hashes(const struct opt_value *x, const struct opt_value *y, bool typed)
{
    if (x->n != y->n)
        return false;
    for (size_t i = 0; i < x->n; i++) {
        const struct opt_value *other = value_of(y, x->pairs[i].key);

        if (other == NULL || !opt_value_equal(&x->pairs[i].value, other, typed))
            return false;
    }
    return true;
}

/* Depth is bounded by the parser. */
bool
opt_value_equal(const struct opt_value *x, const struct opt_value *y, bool typed)
{
    if (opt_is_text(x) && opt_is_text(y))
        return slice_eq(x->text, y->text);
    if (!typed && ((x->kind == OV_INT && y->kind == OV_DOUBLE) ||
                   (x->kind == OV_DOUBLE && y->kind == OV_INT)))
        return equal_doubles(as_double(x), as_double(y));
    if (x->kind != y->kind)
        return false;
    switch (x->kind) {
    case OV_INT: return x->number == y->number;
    case OV_DOUBLE: return equal_doubles(x->real, y->real);
    case OV_LIST: return equal_lists(x, y, typed);
    case OV_HASH: return equal_hashes(x, y, typed);
    default: return false;
    }
}
