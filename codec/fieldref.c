/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/fieldref.h"

static int
illegal(struct slice text, struct err *err)
{
    return err_set(err, ERR_PARSE, "Invalid FieldReference: `%.*s`", SLICE_ARGS(text));
}

static bool
is_upper_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

static char
hex_value(char c)
{
    return (char)(c <= '9' ? c - '0' : c - 'A' + 10);
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `&#91;` at the front: its length, *out the character; 0: none. */
static size_t
ampersand_escape(struct slice s, char *out)
{
    unsigned code = 0;
    size_t i = 2;

    if (!slice_starts(s, SLICE("&#")))
        return 0;
    for (; i < s.n && is_digit(s.p[i]) && code < 256; i++)
        code = code * 10 + (unsigned)(s.p[i] - '0');
    if (i < 4 || i == s.n || s.p[i] != ';' || code > 255)
        return 0;
    *out = (char)code;
    return i + 1;
}

static size_t
percent_escape(struct slice s, char *out)
{
    if (s.n < 3 || s.p[0] != '%' || !is_upper_hex(s.p[1]) || !is_upper_hex(s.p[2]))
        return 0;
    *out = (char)(hex_value(s.p[1]) << 4 | hex_value(s.p[2]));
    return 3;
}

static struct slice
decode_part(struct arena *a, struct slice raw, enum escape_style style)
{
    char *out, *at;

    if (style == ESCAPE_NONE)
        return arena_copy(a, raw);
    out = at = arena_bytes(a, raw.n);
    while (raw.n > 0) {
        size_t used = style == ESCAPE_PERCENT ? percent_escape(raw, at) : ampersand_escape(raw, at);

        if (used == 0) {
            *at = raw.p[0];
            used = 1;
        }
        at++;
        raw.p += used;
        raw.n -= used;
    }
    return slice_between(out, at);
}

static void
fill_part(struct arena *a, struct slice raw, enum escape_style style, struct fieldpart *part)
{
    part->key = decode_part(a, raw, style);
    part->member = value_named(a, part->key);
    part->names = value_name_bits(&part->member);
    part->has_index = slice_to_int64(part->key, &part->index);
}

/* Walks the brackets; part may be NULL to count only. -1: illegal. */
static int
walk_brackets(struct arena *a, struct slice text, enum escape_style style, struct fieldpart *part)
{
    enum { START, OPEN, IN_TEXT, CLOSED } state = START;
    size_t from = 0, depth = 0;
    int n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '[') {
            if (state == IN_TEXT)
                return -1;
            depth++;
            state = OPEN;
        } else if (text.p[i] == ']') {
            if (state == START || state == OPEN || depth == 0)
                return -1;
            if (state == IN_TEXT) {
                if (part != NULL)
                    fill_part(a, slice_between(text.p + from, text.p + i), style, &part[n]);
                n++;
            }
            depth--;
            state = CLOSED;
        } else if (state == OPEN) {
            from = i;
            state = IN_TEXT;
        } else if (state != IN_TEXT) {
            return -1;
        }
    }
    return depth == 0 && state == CLOSED ? n : -1;
}

static void
classify(struct fieldref *ref)
{
    ref->kind = REF_FIELD;
    if (slice_eq(ref->part[0].key, SLICE("@metadata"))) {
        ref->meta = true;
        ref->part++;
        ref->n--;
        if (ref->n == 0)
            ref->kind = REF_METADATA;
    } else if (slice_eq(ref->part[0].key, SLICE("tags"))) {
        ref->kind = ref->n == 1 ? REF_TAGS : REF_IN_TAGS;
    } else if (ref->n == 1 && slice_eq(ref->part[0].key, SLICE("@timestamp"))) {
        ref->kind = REF_TIMESTAMP;
    }
}

int
fieldref_compile(struct arena *a, struct slice text, enum escape_style style, struct fieldref *out,
                 struct err *err)
{
    bool bare =
        slice_find_byte(text, '[', 0) == SIZE_MAX && slice_find_byte(text, ']', 0) == SIZE_MAX;
    int n = bare ? 1 : walk_brackets(a, text, style, NULL);

    if (n < 0)
        return illegal(text, err);
    *out = (struct fieldref){ .text = arena_copy(a, text), .n = (uint32_t)n };
    out->part = arena_calloc(a, (size_t)n, sizeof out->part[0]);
    if (bare)
        fill_part(a, text, style, out->part);
    else
        walk_brackets(a, text, style, out->part);
    classify(out);
    return 0;
}

struct fieldref
fieldref_key(struct arena *a, struct slice key)
{
    struct fieldref ref = { .n = 1 };

    ref.part = arena_calloc(a, 1, sizeof ref.part[0]);
    fill_part(a, key, ESCAPE_NONE, ref.part);
    ref.text = ref.part[0].key;
    classify(&ref);
    return ref;
}
