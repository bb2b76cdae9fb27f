/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Option types: what they accept, what they make of it, and why they refuse (config-language.md 9).
 *
 * Logstash turns every value into a list first; a hash stays a hash, and its members are pairs. */
#include "codec/base/buf.h"
#include "codec/number.h"
#include "codec/option.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- lists of one ---- */

static size_t
count(const struct opt_value *v)
{
    return v->kind == OV_LIST || v->kind == OV_HASH ? v->n : 1;
}

static struct opt_value
null_value(const struct opt_value *at)
{
    return (struct opt_value){ .kind = OV_STRING, .pos = at->pos };
}

static struct opt_value
pair_value(struct arena *a, const struct opt_pair *p)
{
    struct opt_value v = { .kind = OV_LIST, .pos = p->pos, .n = 2 };

    v.list = arena_calloc(a, 2, sizeof *v.list);
    v.list[0] = (struct opt_value){ .kind = OV_STRING, .pos = p->pos, .text = p->key };
    v.list[1] = p->value;
    return v;
}

/* i < count */
static struct opt_value
member(struct arena *a, const struct opt_value *v, size_t i)
{
    if (v->kind == OV_LIST)
        return v->list[i];
    return v->kind == OV_HASH ? pair_value(a, &v->pairs[i]) : *v;
}

static struct opt_value
first_or_null(struct arena *a, const struct opt_value *v)
{
    return count(v) > 0 ? member(a, v, 0) : null_value(v);
}

/* As a list, also of one, for the texts of errors. */
static void
print_as_list(const struct opt_value *v, struct buf *out)
{
    struct opt_value one = { .kind = OV_LIST, .n = 1 };
    struct opt_value copy = *v;

    one.list = &copy;
    opt_value_print(v->kind == OV_LIST || v->kind == OV_HASH ? v : &one, out);
}

static bool
refuse(struct buf *reason, const char *what, const struct opt_value *v, bool as_list)
{
    buf_append(reason, slice_of(what));
    if (as_list)
        print_as_list(v, reason);
    else
        opt_value_print(v, reason);
    return false;
}

/* ---- one type each ---- */

typedef bool coerce_fn(const struct option_reader *r, const struct option *row,
                       const struct opt_value *given, struct opt_value *out, struct buf *reason);

static bool
string(const struct option_reader *r, const struct option *row, const struct opt_value *given,
       struct opt_value *out, struct buf *reason)
{
    (void)row;
    if (count(given) > 1)
        return refuse(reason, "Expected string, got ", given, true);
    *out = first_or_null(r->arena, given);
    return true;
}

/* Text counts as a number only if the number prints as that text. */
static bool
number_of_text(struct slice s, struct opt_value *out)
{
    char text[64];
    size_t n;

    if (slice_to_int64(s, &out->number)) {
        n = (size_t)snprintf(text, sizeof text, "%" PRId64, out->number);
        out->kind = OV_INT;
        return slice_eq(s, (struct slice){ text, n });
    }
    if (s.n == 0 || s.n >= sizeof text)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (memchr("0123456789.-", s.p[i], 12) == NULL)
            return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    out->kind = OV_DOUBLE;
    out->real = strtod(text, NULL);
    n = number_print_plain(out->real, text, sizeof text);
    return slice_eq(s, (struct slice){ text, n });
}

static bool
number(const struct option_reader *r, const struct option *row, const struct opt_value *given,
       struct opt_value *out, struct buf *reason)
{
    (void)row;
    if (count(given) > 1) {
        refuse(reason, "Expected number, got ", given, true);
        buf_printf(reason, " (type %s)", given->kind == OV_HASH ? "Hash" : "Array");
        return false;
    }
    *out = first_or_null(r->arena, given);
    if (opt_is_null(out) || out->kind == OV_INT || out->kind == OV_DOUBLE)
        return true;
    if (!opt_is_text(out)) {
        refuse(reason, "Expected number, got ", out, false);
        buf_append(reason, SLICE(" (type Array)"));
        return false;
    }
    struct opt_value made = { .pos = out->pos, .text = out->text };

    if (!number_of_text(out->text, &made)) {
        refuse(reason, "Expected number, got ", out, false);
        buf_printf(reason, " (type %.*s)", SLICE_ARGS(out->text));
        return false;
    }
    *out = made;
    return true;
}

static bool
in_range(const struct option *row, const struct opt_value *v, struct buf *reason)
{
    double d = v->kind == OV_INT ? (double)v->number : v->real;

    if (opt_is_null(v))
        return true;
    if (row->type == OPTION_INT && v->kind == OV_DOUBLE &&
        (d < -9e18 || d > 9e18 || (double)(int64_t)d < d || (double)(int64_t)d > d))
        return refuse(reason, "Expected a whole number, got ", v, false);
    if ((row->min != 0 || row->max != 0) && (d < (double)row->min || d > (double)row->max)) {
        buf_printf(reason, "Expected a number from %" PRId64 " to %" PRId64 ", got ", row->min,
                   row->max);
        opt_value_print(v, reason);
        return false;
    }
    return true;
}

static bool
ranged(const struct option_reader *r, const struct option *row, const struct opt_value *given,
       struct opt_value *out, struct buf *reason)
{
    return number(r, row, given, out, reason) && in_range(row, out, reason);
}

static bool
boolean(const struct option_reader *r, const struct option *row, const struct opt_value *given,
        struct opt_value *out, struct buf *reason)
{
    (void)row;
    if (count(given) > 1)
        return refuse(reason, "Expected boolean, got ", given, true);
    *out = first_or_null(r->arena, given);
    if (opt_is_text(out) && !opt_is_null(out) &&
        (slice_eq(out->text, SLICE("true")) || slice_eq(out->text, SLICE("false"))))
        return true;
    return refuse(reason, "Expected boolean 'true' or 'false', got ", out, false);
}

static bool
array(const struct option_reader *r, const struct option *row, const struct opt_value *given,
      struct opt_value *out, struct buf *reason)
{
    (void)row;
    (void)reason;
    *out = *given;
    if (given->kind == OV_LIST || given->kind == OV_HASH)
        return true;
    *out = (struct opt_value){ .kind = OV_LIST, .pos = given->pos, .n = 1 };
    out->list = arena_alloc(r->arena, sizeof *out->list);
    out->list[0] = *given;
    return true;
}

/* A key met again: its values become a list. */
static void
collect(struct arena *a, struct opt_value *into, const struct opt_value *v)
{
    struct opt_value joined = { .kind = OV_LIST, .pos = into->pos };
    size_t old = into->kind == OV_LIST ? into->n : 1;

    joined.n = old + 1;
    joined.list = arena_alloc(a, joined.n * sizeof *joined.list);
    for (size_t i = 0; i < old; i++)
        joined.list[i] = into->kind == OV_LIST ? into->list[i] : *into;
    joined.list[old] = *v;
    *into = joined;
}

static struct opt_pair *
pair_of(struct opt_value *hash, struct slice key)
{
    for (size_t i = 0; i < hash->n; i++)
        if (slice_eq(hash->pairs[i].key, key))
            return &hash->pairs[i];
    return NULL;
}

static bool
hash(const struct option_reader *r, const struct option *row, const struct opt_value *given,
     struct opt_value *out, struct buf *reason)
{
    (void)row;
    *out = *given;
    if (given->kind == OV_HASH)
        return true;
    if (count(given) % 2 == 1) {
        buf_printf(reason, "This field must contain an even number of items, got %zu",
                   count(given));
        return false;
    }
    *out = (struct opt_value){ .kind = OV_HASH, .pos = given->pos };
    out->pairs = arena_calloc(r->arena, given->n / 2, sizeof *out->pairs);
    for (size_t i = 0; i < given->n; i += 2) {
        struct slice key = opt_value_text(r->arena, &given->list[i]);
        struct opt_pair *p = pair_of(out, key);

        if (p != NULL)
            collect(r->arena, &p->value, &given->list[i + 1]);
        else
            out->pairs[out->n++] = (struct opt_pair){ key, given->list[i].pos, given->list[i + 1] };
    }
    return true;
}

/* kb, mb, ... are powers of 1000; kib, mib, ... of 1024. 0: no unit we know. */
static uint64_t
unit_bytes(struct slice s)
{
    static const char letters[] = "kmgtpe";
    const char *at;
    uint64_t bytes = 1, base;

    if (s.n == 0 || slice_eq_nocase(s, SLICE("b")))
        return 1;
    at = memchr(letters, s.p[0] | 0x20, 6);
    if (at == NULL)
        return 0;
    s = (struct slice){ s.p + 1, s.n - 1 };
    if (slice_eq_nocase(s, SLICE("ib")))
        base = 1024;
    else if (slice_eq_nocase(s, SLICE("b")))
        base = 1000;
    else
        return 0;
    for (const char *p = letters; p <= at; p++)
        bytes *= base;
    return bytes;
}

static bool
bytes_of_text(struct slice s, int64_t *out)
{
    size_t digits = 0;
    char *text, *end;
    uint64_t unit;
    double d;

    while (digits < s.n && ((s.p[digits] >= '0' && s.p[digits] <= '9') || s.p[digits] == '.'))
        digits++;
    if (digits == 0 || s.p[0] == '.')
        return false;
    text = xstrndup(s.p, digits);
    d = strtod(text, &end);
    digits = *end == '\0' ? digits : 0;
    free(text);
    if (digits == 0)
        return false;
    s = (struct slice){ s.p + digits, s.n - digits };
    if (s.n > 1 && s.p[0] == ' ')
        s = (struct slice){ s.p + 1, s.n - 1 };
    unit = unit_bytes(s);
    if (unit == 0 || d * (double)unit >= 9.2e18)
        return false;
    *out = (int64_t)(d * (double)unit);
    return true;
}

static bool
bytes(const struct option_reader *r, const struct option *row, const struct opt_value *given,
      struct opt_value *out, struct buf *reason)
{
    struct opt_value v = first_or_null(r->arena, given);
    struct slice text = opt_value_text(r->arena, &v);

    (void)row;
    *out = (struct opt_value){ .kind = OV_INT, .pos = given->pos, .number = v.number };
    if (count(given) == 1 && v.kind == OV_INT && v.number >= 0)
        return true;
    if (count(given) == 1 && opt_is_text(&v) &&
        (slice_to_int64(text, &out->number) || bytes_of_text(text, &out->number)) &&
        out->number >= 0)
        return true;
    buf_printf(reason,
               "Unparseable filesize: %.*s. possible units (KiB, MiB, ...) e.g. '10 KiB'. doc "
               "reference: "
               "http://www.elastic.co/guide/en/logstash/current/configuration.html#bytes",
               SLICE_ARGS(text));
    return false;
}

/* One text, whatever it was. */
static bool
one_text(const struct option_reader *r, const char *kind, const struct opt_value *given,
         struct opt_value *out, struct buf *reason)
{
    struct opt_value v;

    if (count(given) > 1) {
        buf_printf(reason, "Expected %s (one value), got %zu values?", kind, count(given));
        return false;
    }
    v = first_or_null(r->arena, given);
    *out = (struct opt_value){ .kind = OV_STRING,
                               .pos = given->pos,
                               .text = opt_value_text(r->arena, &v) };
    return true;
}

static bool
password(const struct option_reader *r, const struct option *row, const struct opt_value *given,
         struct opt_value *out, struct buf *reason)
{
    (void)row;
    return one_text(r, "password", given, out, reason);
}

static bool
path(const struct option_reader *r, const struct option *row, const struct opt_value *given,
     struct opt_value *out, struct buf *reason)
{
    (void)row;
    if (!one_text(r, "path", given, out, reason))
        return false;
    if (opt_is_null(out))
        return true;
    if (access(arena_cstr(r->arena, out->text), F_OK) == 0)
        return true;
    buf_printf(reason, "File does not exist or cannot be opened %.*s", SLICE_ARGS(out->text));
    return false;
}

static bool
has_scheme(struct slice s)
{
    size_t at = slice_find(s, SLICE("://"), 0);

    return at != SIZE_MAX && at > 0 && slice_find_byte(s, '/', 0) > at;
}

static bool
uri(const struct option_reader *r, const struct option *row, const struct opt_value *given,
    struct opt_value *out, struct buf *reason)
{
    (void)row;
    if (!one_text(r, "uri", given, out, reason))
        return false;
    if (opt_is_null(out))
        return true;
    for (size_t i = 0; i < out->text.n; i++)
        if ((unsigned char)out->text.p[i] <= ' ' || strchr("<>\"{}|\\^`", out->text.p[i])) {
            buf_printf(reason, "Illegal character in URI at index %zu: ", i);
            option_uri_print(out->text, reason);
            return false;
        }
    if (!has_scheme(out->text) && !slice_starts(out->text, SLICE("//")))
        out->text = arena_printf(r->arena, "//%.*s", SLICE_ARGS(out->text));
    return true;
}

void
option_uri_print(struct slice s, struct buf *out)
{
    size_t from = slice_find(s, SLICE("//"), 0), at, end, colon;

    from = from == SIZE_MAX ? 0 : from + 2;
    end = slice_find_byte(s, '/', from);
    end = end == SIZE_MAX ? s.n : end;
    for (at = end; at > from && s.p[at - 1] != '@'; at--)
        ;
    colon = slice_find_byte(s, ':', from);
    if (at == from || colon == SIZE_MAX || colon >= at - 1) {
        buf_append(out, s);
        return;
    }
    buf_append(out, slice_between(s.p, s.p + colon + 1));
    buf_append(out, SLICE("xxxxxx"));
    buf_append(out, slice_between(s.p + at - 1, s.p + s.n));
}

static bool
field_reference(const struct option_reader *r, const struct option *row,
                const struct opt_value *given, struct opt_value *out, struct buf *reason)
{
    struct fieldref ref;

    (void)row;
    if (count(given) > 1) {
        refuse(reason, "Expected exactly one field reference, got `", given, true);
        buf_byte(reason, '`');
        return false;
    }
    *out = first_or_null(r->arena, given);
    if (!opt_is_text(out))
        *out = (struct opt_value){ .kind = OV_STRING,
                                   .pos = out->pos,
                                   .text = opt_value_text(r->arena, out) };
    if (opt_is_null(out) || out->text.n == 0) {
        *out = null_value(given);
        return true;
    }
    if (fieldref_compile(r->arena, out->text, r->escape, &ref, NULL) == 0)
        return true;
    refuse(reason, "Expected a valid field reference, got `", out, false);
    buf_byte(reason, '`');
    return false;
}

static bool
is_choice(const struct option *row, const struct opt_value *v)
{
    for (const char *const *c = row->choices; opt_is_text(v) && *c != NULL; c++)
        if (!opt_is_null(v) && slice_eq(v->text, slice_of(*c)))
            return true;
    return false;
}

static bool
one_of(const struct option_reader *r, const struct option *row, const struct opt_value *given,
       struct opt_value *out, struct buf *reason)
{
    *out = first_or_null(r->arena, given);
    if (count(given) == 1 && is_choice(row, out))
        return true;
    buf_append(reason, SLICE("Expected one of "));
    option_kind_print(row, reason);
    return refuse(reason, ", got ", given, true);
}

static bool
sha256(const struct option_reader *r, const struct option *row, const struct opt_value *given,
       struct opt_value *out, struct buf *reason)
{
    struct opt_value v = first_or_null(r->arena, given);
    char hex[64];
    size_t n = 0;
    bool ok = count(given) == 1 && opt_is_text(&v);

    (void)row;
    for (size_t i = 0; ok && i < v.text.n; i++) {
        char c = v.text.p[i];

        if (c == ':')
            continue;
        ok = n < sizeof hex && c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL;
        if (ok)
            hex[n++] = c >= 'a' ? (char)(c - 32) : c;
    }
    if (!ok || n != sizeof hex) {
        refuse(reason, "Expected a hex-encoded SHA-256 fingerprint, got `",
               count(given) == 1 ? &v : given, false);
        buf_byte(reason, '`');
        return false;
    }
    *out = (struct opt_value){ .kind = OV_STRING,
                               .pos = given->pos,
                               .text = arena_copy(r->arena, (struct slice){ hex, n }) };
    return true;
}

/* Text or a block; whether such a codec exists is the reader's question. */
static bool
codec(const struct option_reader *r, const struct option *row, const struct opt_value *given,
      struct opt_value *out, struct buf *reason)
{
    (void)row;
    if (count(given) != 1)
        return refuse(reason, "Expected codec, got ", given, true);
    *out = first_or_null(r->arena, given);
    if (opt_is_text(out) || out->kind == OV_PLUGIN)
        return true;
    return refuse(reason, "Expected codec, got ", out, false);
}

static bool
any(const struct option_reader *r, const struct option *row, const struct opt_value *given,
    struct opt_value *out, struct buf *reason)
{
    (void)r;
    (void)row;
    (void)reason;
    *out = *given;
    return true;
}

/* ---- lists of a type ---- */

/* Each text of a URI list may hold several, with spaces between. */
static struct opt_value
split_at_spaces(struct arena *a, const struct opt_value *list)
{
    struct opt_value out = { .kind = OV_LIST, .pos = list->pos };
    size_t most = 0;

    for (size_t i = 0; i < count(list); i++)
        most += 1 + opt_value_text(a, &list->list[i]).n / 2;
    out.list = arena_calloc(a, most, sizeof *out.list);
    for (size_t i = 0; i < list->n; i++) {
        struct slice rest = opt_value_text(a, &list->list[i]), word;

        while (slice_split(&rest, ' ', &word))
            if (word.n > 0)
                out.list[out.n++] =
                    (struct opt_value){ .kind = OV_STRING, .pos = list->list[i].pos, .text = word };
    }
    return out;
}

/* The reason shows the members that are good as they came out, the others by their reason. */
static bool
each(const struct option_reader *r, const struct option *row, const struct opt_value *given,
     struct opt_value *out, coerce_fn *one, struct buf *reason)
{
    struct opt_value in = { .kind = OV_LIST, .pos = given->pos, .n = count(given) };
    bool good = true;

    in.list = arena_calloc(r->arena, in.n, sizeof *in.list);
    for (size_t i = 0; i < in.n; i++)
        in.list[i] = member(r->arena, given, i);
    if (row->type == OPTION_URIS && given->kind != OV_HASH)
        in = split_at_spaces(r->arena, &in);
    *out = in;
    out->list = arena_calloc(r->arena, in.n, sizeof *out->list);
    for (size_t i = 0; i < in.n; i++) {
        struct buf why = { 0 };

        if (!one(r, row, &in.list[i], &out->list[i], &why)) {
            good = false;
            out->list[i] = (struct opt_value){ .kind = OV_STRING,
                                               .text = arena_copy(r->arena, buf_slice(&why)) };
        }
        buf_fini(&why);
    }
    if (!good)
        opt_value_print(out, reason);
    return good;
}

static const struct {
    const char *name;
    coerce_fn *one;
    bool list;
} types[] = {
    [OPTION_STRING] = { "string", string, false },
    [OPTION_PASSWORD] = { "password", password, false },
    [OPTION_PATH] = { "path", path, false },
    [OPTION_URI] = { "uri", uri, false },
    [OPTION_INT] = { "number", ranged, false },
    [OPTION_NUMBER] = { "number", ranged, false },
    [OPTION_BOOL] = { "boolean", boolean, false },
    [OPTION_BYTES] = { "bytes", bytes, false },
    [OPTION_ENUM] = { "string", one_of, false },
    [OPTION_FIELDREF] = { "field_reference", field_reference, false },
    [OPTION_TEMPLATE] = { "string", string, false },
    [OPTION_LIST] = { "array", array, false },
    [OPTION_PATHS] = { "path", path, true },
    [OPTION_URIS] = { "uri", uri, true },
    [OPTION_FIELDREFS] = { "field_reference", field_reference, true },
    [OPTION_TEMPLATES] = { "array", array, false },
    [OPTION_HASH] = { "hash", hash, false },
    [OPTION_CODEC] = { "codec", codec, false },
    [OPTION_ANY] = { "any", any, false },
    [OPTION_STRINGS] = { "string", string, true },
    [OPTION_NUMBERS] = { "number", number, true },
    [OPTION_SHA256] = { "sha_256_hex", sha256, false },
    [OPTION_SHA256S] = { "sha_256_hex", sha256, true },
    [OPTION_NONE] = { "any", any, false },
};

void
option_kind_print(const struct option *row, struct buf *out)
{
    if (row->choices == NULL) {
        buf_append(out, slice_of(types[row->type].name));
        return;
    }
    for (const char *const *c = row->choices; *c != NULL; c++)
        buf_printf(out, "%s\"%s\"", c == row->choices ? "[" : ", ", *c);
    buf_byte(out, ']');
}

bool
option_coerce(const struct option_reader *r, const struct option *row,
              const struct opt_value *given, struct opt_value *out, struct buf *reason)
{
    if (row->type == OPTION_LIST && row->choices != NULL)
        return each(r, row, given, out, one_of, reason);
    if (types[row->type].list)
        return each(r, row, given, out, types[row->type].one, reason);
    return types[row->type].one(r, row, given, out, reason);
}
