/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/cases/json_tree.h"

#include "codec/utf8.h"

#include <stdlib.h>

struct reader {
    struct arena *arena;
    const char *at, *end;
};

static struct tree *value(struct reader *r);

/* ---- building ---- */

struct tree *
tree_new(struct arena *a, enum tree_kind kind)
{
    struct tree *t = arena_calloc(a, 1, sizeof *t);

    t->kind = kind;
    return t;
}

struct tree *
tree_string(struct arena *a, struct slice text)
{
    struct tree *t = tree_new(a, TREE_STRING);

    t->text = arena_copy(a, text);
    return t;
}

struct tree *
tree_add(struct tree *into, struct tree *kid)
{
    struct tree **last = &into->kids;

    while (*last != NULL)
        last = &(*last)->next;
    *last = kid;
    into->n++;
    return into;
}

struct tree *
tree_set(struct arena *a, struct tree *object, struct slice key, struct tree *kid)
{
    kid->key = arena_copy(a, key);
    return tree_add(object, kid);
}

/* ---- reading ---- */

static void
blanks(struct reader *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at) != NULL)
        r->at++;
}

static bool
take(struct reader *r, const char *literal)
{
    size_t n = strlen(literal);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, literal, n) != 0)
        return false;
    r->at += n;
    return true;
}

static uint32_t
hex4(struct reader *r)
{
    char digits[5] = { 0 };

    if (r->end - r->at < 4)
        return 0xFFFD;
    memcpy(digits, r->at, 4);
    r->at += 4;
    return (uint32_t)strtoul(digits, NULL, 16);
}

static void
escape(struct reader *r, struct buf *out)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    char c = *r->at++, text[4];
    const char *at = strchr(names, c);
    uint32_t code;

    if (c != 'u') {
        buf_byte(out, at != NULL ? values[at - names] : c);
        return;
    }
    code = hex4(r);
    if (code >= 0xD800 && code < 0xDC00 && take(r, "\\u"))
        code = 0x10000 + ((code - 0xD800) << 10) + (hex4(r) - 0xDC00);
    buf_append(out, (struct slice){ text, utf8_encode(code, text) });
}

/* Behind the opening quote. */
static bool
text(struct reader *r, struct slice *out)
{
    struct buf b = { 0 };
    bool ok;

    while (r->at < r->end && *r->at != '"')
        if (*r->at == '\\' && r->at + 1 < r->end)
            r->at++, escape(r, &b);
        else
            buf_byte(&b, *r->at++);
    ok = take(r, "\"");
    *out = arena_copy(r->arena, buf_slice(&b));
    if (out->p == NULL)
        out->p = "";
    buf_fini(&b);
    return ok;
}

static struct tree *
members(struct reader *r, struct tree *t, const char *end)
{
    struct tree **last = &t->kids;

    for (blanks(r); !take(r, end); blanks(r)) {
        struct slice key = { 0 };
        struct tree *kid;

        if (t->n > 0 && !take(r, ","))
            return NULL;
        blanks(r);
        if (t->kind == TREE_OBJECT) {
            if (!take(r, "\"") || !text(r, &key))
                return NULL;
            blanks(r);
            if (!take(r, ":"))
                return NULL;
        }
        kid = value(r);
        if (kid == NULL)
            return NULL;
        kid->key = key;
        *last = kid;
        last = &kid->next;
        t->n++;
    }
    return t;
}

static struct tree *
number(struct reader *r)
{
    struct tree *t = tree_new(r->arena, TREE_NUMBER);
    const char *from = r->at;

    while (r->at < r->end && strchr("+-.0123456789eE", *r->at) != NULL)
        r->at++;
    t->text = slice_between(from, r->at);
    return t->text.n > 0 ? t : NULL;
}

static struct tree *
value(struct reader *r)
{
    struct tree *t;

    blanks(r);
    if (take(r, "\"")) {
        t = tree_new(r->arena, TREE_STRING);
        return text(r, &t->text) ? t : NULL;
    }
    if (take(r, "{"))
        return members(r, tree_new(r->arena, TREE_OBJECT), "}");
    if (take(r, "["))
        return members(r, tree_new(r->arena, TREE_ARRAY), "]");
    if (take(r, "null"))
        return tree_new(r->arena, TREE_NULL);
    if (take(r, "true") || take(r, "false")) {
        t = tree_new(r->arena, TREE_BOOL);
        t->truth = r->at[-2] == 'u';
        return t;
    }
    return number(r);
}

struct tree *
tree_parse(struct arena *a, struct slice in, size_t *at)
{
    const char *copy = arena_cstr(a, in); /* strtod wants an end */
    struct reader r = { a, copy, copy + in.n };
    struct tree *t = value(&r);

    blanks(&r);
    *at = (size_t)(r.at - copy);
    return r.at == r.end ? t : NULL;
}

/* ---- asking ---- */

const struct tree *
tree_get(const struct tree *t, const char *key)
{
    if (t == NULL || t->kind != TREE_OBJECT)
        return NULL;
    for (const struct tree *kid = t->kids; kid != NULL; kid = kid->next)
        if (slice_eq(kid->key, slice_of(key)))
            return kid;
    return NULL;
}

struct slice
tree_text(const struct tree *t, const char *key)
{
    const struct tree *kid = tree_get(t, key);

    return kid != NULL && kid->kind == TREE_STRING ? kid->text : (struct slice){ 0 };
}

bool
tree_is_true(const struct tree *t, const char *key)
{
    const struct tree *kid = tree_get(t, key);

    return kid != NULL && kid->kind == TREE_BOOL && kid->truth;
}

/* ---- writing ---- */

static void
write_text(struct slice s, struct buf *out)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if ((unsigned char)c < 0x20)
            buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
        else
            buf_byte(out, c);
    }
    buf_byte(out, '"');
}

void
tree_write(const struct tree *t, struct buf *out)
{
    switch (t->kind) {
    case TREE_NULL: buf_append(out, SLICE("null")); break;
    case TREE_BOOL: buf_append(out, t->truth ? SLICE("true") : SLICE("false")); break;
    case TREE_NUMBER: buf_append(out, t->text); break;
    case TREE_STRING: write_text(t->text, out); break;
    case TREE_ARRAY:
    case TREE_OBJECT:
        buf_byte(out, t->kind == TREE_ARRAY ? '[' : '{');
        for (const struct tree *kid = t->kids; kid != NULL; kid = kid->next) {
            if (t->kind == TREE_OBJECT) {
                write_text(kid->key, out);
                buf_byte(out, ':');
            }
            tree_write(kid, out);
            if (kid->next != NULL)
                buf_byte(out, ',');
        }
        buf_byte(out, t->kind == TREE_ARRAY ? ']' : '}');
        break;
    }
}

/* ---- comparing ---- */

static bool
differ(const struct tree *got, const struct tree *want, struct buf *why)
{
    buf_append(why, SLICE("got "));
    tree_write(got, why);
    buf_append(why, SLICE(", want "));
    tree_write(want, why);
    return false;
}

static bool
is_whole(struct slice number)
{
    for (size_t i = 0; i < number.n; i++)
        if (strchr(".eE", number.p[i]) != NULL)
            return false;
    return true;
}

static bool
equal_numbers(const struct tree *x, const struct tree *y)
{
    double dx, dy;

    if (is_whole(x->text) || is_whole(y->text))
        return slice_eq(x->text, y->text);
    dx = strtod(x->text.p, NULL);
    dy = strtod(y->text.p, NULL);
    return dx >= dy && dx <= dy;
}

static bool
equal_arrays(const struct tree *got, const struct tree *want, struct buf *why)
{
    const struct tree *w = want->kids;

    if (got->n != want->n)
        return differ(got, want, why);
    for (const struct tree *g = got->kids; g != NULL; g = g->next, w = w->next)
        if (!tree_equal(g, w, why))
            return false;
    return true;
}

static bool
equal_objects(const struct tree *got, const struct tree *want, struct buf *why)
{
    for (const struct tree *w = want->kids; w != NULL; w = w->next) {
        const struct tree *g = got->kids;

        while (g != NULL && !slice_eq(g->key, w->key))
            g = g->next;
        if (g == NULL) {
            buf_printf(why, "%.*s missing: ", SLICE_ARGS(w->key));
            return differ(got, want, why);
        }
        if (!tree_equal(g, w, why)) {
            buf_printf(why, " at %.*s", SLICE_ARGS(w->key));
            return false;
        }
    }
    return got->n == want->n || differ(got, want, why);
}

bool
tree_equal(const struct tree *got, const struct tree *want, struct buf *why)
{
    bool same = got->kind == want->kind;

    if (same && got->kind == TREE_ARRAY)
        return equal_arrays(got, want, why);
    if (same && got->kind == TREE_OBJECT)
        return equal_objects(got, want, why);
    if (same && got->kind == TREE_BOOL)
        same = got->truth == want->truth;
    if (same && got->kind == TREE_STRING)
        same = slice_eq(got->text, want->text);
    if (same && got->kind == TREE_NUMBER)
        same = equal_numbers(got, want);
    return same || differ(got, want, why);
}
