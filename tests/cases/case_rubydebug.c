/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cases of the rubydebug codec: an event for human eyes, to the last blank. */
#include "tests/cases/cases.h"

#include "codec/batch.h"
#include "codec/ruby_print.h"

static struct value value_of(struct case_run *r, struct arena *a, const struct tree *t);

static struct slice
base64(struct arena *a, struct slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_bytes(a, s.n);
    size_t n = 0;
    unsigned bits = 0, have = 0;

    for (size_t i = 0; i < s.n && s.p[i] != '='; i++) {
        bits = bits << 6 | (unsigned)(strchr(digits, s.p[i]) - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (char)(bits >> have & 0xFF);
        }
    }
    return (struct slice){ out, n };
}

/* A scalar of these types is its text. */
static struct value
scalar(struct arena *a, struct slice text, enum value_type type)
{
    struct slice copy = arena_copy(a, text);

    return (struct value){ .raw = copy.p, .len = (uint32_t)copy.n, .type = (uint8_t)type };
}

static struct value
number(struct arena *a, struct slice text)
{
    int64_t n;

    if (slice_to_int64(text, &n))
        return value_int(a, n);
    for (size_t i = 0; i < text.n; i++)
        if (strchr(".eE", text.p[i]) != NULL)
            return scalar(a, text, V_DOUBLE);
    return scalar(a, text, V_BIGINT);
}

/* {"$timestamp": text} and its like. */
static bool
special(struct arena *a, const struct tree *t, struct value *out)
{
    struct slice text = tree_text(t, "$timestamp");
    struct timestamp when;

    if (text.p != NULL && timestamp_parse(text, NULL, &when)) {
        *out = value_timestamp(a, when);
        return true;
    }
    text = tree_text(t, "$bigdecimal");
    if (text.p != NULL) {
        *out = scalar(a, text, V_DECIMAL);
        return true;
    }
    text = tree_text(t, "$base64");
    if (text.p != NULL)
        *out = value_str(a, base64(a, text));
    return text.p != NULL;
}

static void
replace(struct value *slot, struct value v)
{
    const char *key = slot->key;
    uint16_t key_len = slot->key_len;
    uint8_t key_flags = slot->flags & V_KEY_FLAGS;

    *slot = v;
    slot->key = key;
    slot->key_len = key_len;
    slot->flags = (uint8_t)((v.flags & ~V_KEY_FLAGS) | key_flags | V_CHANGED);
}

static struct value
value_of(struct case_run *r, struct arena *a, const struct tree *t)
{
    struct value v = value_null();

    switch (t->kind) {
    case TREE_NULL: return v;
    case TREE_BOOL: return value_bool(t->truth);
    case TREE_NUMBER: return number(a, t->text);
    case TREE_STRING: return value_str(a, t->text);
    case TREE_ARRAY:
        v = value_array(a);
        for (const struct tree *kid = t->kids; kid != NULL; kid = kid->next) {
            struct value made = value_of(r, a, kid);

            replace(value_push(a, &v), made);
        }
        return v;
    case TREE_OBJECT:
        if (special(a, t, &v))
            return v;
        v = value_object(a);
        for (const struct tree *kid = t->kids; kid != NULL; kid = kid->next) {
            struct value made = value_of(r, a, kid);

            replace(value_put(a, &v, kid->key), made);
        }
        return v;
    }
    return v;
}

static void
fill(struct case_run *r, struct event *ev, const struct tree *fields)
{
    struct arena *a = event_arena(ev);

    for (const struct tree *t = fields->kids; t != NULL; t = t->next) {
        struct value v = value_of(r, a, t);
        struct timestamp when;

        if (slice_eq(t->key, SLICE("@metadata"))) {
            ev->meta = v;
            continue;
        }
        if (slice_eq(t->key, SLICE("@timestamp")) && t->kind == TREE_STRING &&
            timestamp_parse(t->text, NULL, &when))
            v = value_timestamp(a, when);
        replace(value_put(a, &ev->data, t->key), v);
    }
}

void
case_rubydebug(struct case_run *r)
{
    struct ruby_style style = {
        .metadata = tree_is_true(tree_get(r->test, "codec_options"), "metadata"),
        .colors = tree_is_true(r->test, "colors"),
    };
    struct batch *b = batch_new(NULL);
    struct event *ev = batch_add(b);
    struct slice want = tree_text(r->test, "expected_text");
    struct buf got = { 0 };

    fill(r, ev, tree_get(r->test, "event"));
    ruby_print_event(ev, &style, &got);
    if (!slice_eq(buf_slice(&got), want))
        case_fail(r, "got\n%.*s\nwant\n%.*s", SLICE_ARGS(buf_slice(&got)), SLICE_ARGS(want));
    buf_fini(&got);
    batch_recycle(&b);
}
