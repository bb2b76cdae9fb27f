/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/value.h"

#include "codec/base/error.h"
#include "codec/json_scan.h"
#include "codec/json_unescape.h"
#include "codec/json_write.h"
#include "codec/number.h"
#include "codec/utf8.h"

#include <math.h>
#include <stdlib.h>

/* ---- making ---- */

struct value
value_digits(struct arena *a, enum value_type type, struct slice digits)
{
    return value_raw(type, arena_copy(a, digits));
}

struct value
value_int(struct arena *a, int64_t n)
{
    char text[BUF_INT_TEXT];

    return value_digits(a, V_INT, buf_int_text(n, text));
}

struct value
value_double(struct arena *a, double d)
{
    char text[NUMBER_TEXT];
    struct slice s = { text, number_print_double(d, text) };

    if (!isfinite(d))
        return value_raw(V_DOUBLE, arena_printf(a, "\"%.*s\"", SLICE_ARGS(s)));
    return value_digits(a, V_DOUBLE, s);
}

static struct value
decoded_string(struct arena *a, struct slice plain)
{
    struct text *t = arena_alloc(a, sizeof *t);

    *t = (struct text){ .plain = plain };
    return (struct value){ .text = t, .type = V_STRING, .flags = V_CHANGED | V_DECODED };
}

/* Between quotes when it needs no escapes: then it is JSON text, and nothing is left to do when it
 * is written. */
void
value_assign_str(struct arena *a, struct value *slot, struct slice s)
{
    char *p;

    if (s.n >= UINT32_MAX - 2) {
        value_assign(slot, decoded_string(a, arena_copy(a, s)));
        return;
    }
    p = arena_bytes(a, s.n + 2);
    p[0] = '"';
    p[s.n + 1] = '"';
    if (s.n > 0)
        memcpy(p + 1, s.p, s.n);
    if (json_is_plain(s))
        value_assign(slot, value_raw(V_STRING, (struct slice){ p, s.n + 2 }));
    else
        value_assign(slot, decoded_string(a, (struct slice){ p + 1, s.n }));
}

struct value
value_str(struct arena *a, struct slice s)
{
    struct value v = { 0 };

    value_assign_str(a, &v, s);
    return v;
}

void
value_assign_str_alias(struct arena *a, struct value *slot, struct slice s)
{
    struct value bare = { .raw = s.p, .len = (uint32_t)s.n, .type = V_STRING, .flags = V_BARE };

    if (s.n > 0 && s.n <= UINT32_MAX && json_is_plain(s))
        value_assign(slot, bare);
    else
        value_assign(slot, decoded_string(a, s));
}

struct value
value_str_alias(struct arena *a, struct slice s)
{
    struct value v = { 0 };

    value_assign_str_alias(a, &v, s);
    return v;
}

void
value_assign_timestamp(struct arena *a, struct value *slot, struct timestamp_day *day,
                       struct timestamp t)
{
    char *text = arena_bytes(a, TIMESTAMP_TEXT + 2);
    size_t n = timestamp_print_on(day, t, text + 1);

    text[0] = text[n + 1] = '"';
    arena_end(a, text + n + 2);
    value_assign(slot, value_raw(V_TIMESTAMP, (struct slice){ text, n + 2 }));
}

struct value
value_timestamp(struct arena *a, struct timestamp t)
{
    struct timestamp_day day = { 0 };
    struct value v = { 0 };

    value_assign_timestamp(a, &v, &day, t);
    return v;
}

bool
value_becomes_timestamp(struct value *v)
{
    if (v->flags & (V_DECODED | V_BARE | V_ESCAPED) ||
        !timestamp_is_canonical((struct slice){ v->raw + 1, v->len - 2 }))
        return false;
    v->type = V_TIMESTAMP;
    return true;
}

static struct value
empty_container(struct arena *a, enum value_type type)
{
    struct kids *k = arena_alloc(a, sizeof *k);

    *k = (struct kids){ 0 };
    return (struct value){ .kids = k, .type = (uint8_t)type, .flags = V_CHANGED | V_INDEXED };
}

void
value_assign_container(struct arena *a, struct value *slot, enum value_type type)
{
    struct {
        struct kids kids;
        struct value at[KIDS_FIRST];
    } *o = arena_alloc(a, sizeof *o);

    o->kids = (struct kids){ .cap = KIDS_FIRST, .at = o->at };
    slot->kids = &o->kids;
    slot->len = 0;
    slot->type = (uint8_t)type;
    slot->flags = (uint8_t)((slot->flags & V_KEY_FLAGS) | V_CHANGED | V_INDEXED);
}

struct value
value_array(struct arena *a)
{
    return empty_container(a, V_ARRAY);
}

struct value
value_object(struct arena *a)
{
    return empty_container(a, V_OBJECT);
}

/* ---- keys ---- */

static struct slice
raw_key(const struct value *member)
{
    if (member->flags & KEY_LONG)
        return *(const struct slice *)(const void *)member->key;
    return (struct slice){ member->key, member->key_len };
}

/* The text between the quotes of a valid JSON string, without its escapes. */
static struct slice
unescape(struct arena *a, struct slice in)
{
    char *out = arena_bytes(a, in.n + JSON_UNESCAPE_ROOM);
    size_t n = json_unescape(in, out);

    arena_end(a, out + n);
    return (struct slice){ out, n };
}

static inline bool
key_is(struct arena *a, const struct value *member, struct slice key)
{
    if (member->flags & V_KEY_FLAGS)
        return slice_eq(value_key(a, member), key);
    return slice_eq_short((struct slice){ member->key, member->key_len }, key);
}

bool
value_is_called(struct arena *a, const struct value *member, struct slice key)
{
    return key_is(a, member, key);
}

struct slice
value_special_key(struct arena *a, const struct value *member)
{
    struct slice raw = raw_key(member);

    return member->flags & KEY_ESCAPED ? unescape(a, raw) : raw;
}

/* Between quotes in the arena. */
static struct slice
quoted_key(struct arena *a, struct slice raw)
{
    char *p = arena_bytes(a, raw.n + 2);

    p[0] = '"';
    if (raw.n > 0)
        memcpy(p + 1, raw.p, raw.n);
    p[raw.n + 1] = '"';
    return (struct slice){ p + 1, raw.n };
}

static struct slice
escaped_key(struct arena *a, struct value *member, struct slice key)
{
    struct buf escaped = { 0 };
    struct slice raw;

    json_write_escaped(key, &escaped);
    if (slice_find_byte(buf_slice(&escaped), '\\', 0) != SIZE_MAX)
        member->flags |= KEY_ESCAPED;
    raw = quoted_key(a, buf_slice(&escaped));
    buf_fini(&escaped);
    return raw;
}

/* As JSON text between quotes, so that the writer copies it like a received one. */
static void
set_key(struct arena *a, struct value *member, struct slice key)
{
    struct slice raw, *box;

    member->flags &= (uint8_t)~V_KEY_FLAGS;
    raw = json_is_plain(key) ? quoted_key(a, key) : escaped_key(a, member, key);
    if (raw.n <= UINT16_MAX) {
        member->key = raw.p;
        member->key_len = (uint16_t)raw.n;
        return;
    }
    box = arena_alloc(a, sizeof *box);
    *box = raw;
    member->key = (const char *)box;
    member->key_len = 0;
    member->flags |= KEY_LONG;
}

/* ---- children ---- */

struct kids *
value_index(struct arena *a, struct value *v)
{
    struct kids *k;

    if (v->flags & V_INDEXED)
        return v->kids;
    if (!value_is_container(v))
        return NULL;
    k = arena_alloc(a, sizeof *k);
    json_index(a, v->raw, v->len, k);
    v->kids = k;
    v->flags |= V_INDEXED;
    return k;
}

static inline struct kids *
kids_of(struct arena *a, struct value *v)
{
    return v->flags & V_INDEXED ? v->kids : value_index(a, v);
}

/* May this member be called by a key of n bytes? Without a branch, for several are asked at once.
 */
static inline unsigned
may_be(const struct value *member, size_t n)
{
    return (unsigned)(member->key_len == n) | (member->flags & V_KEY_FLAGS);
}

struct value *
value_get(struct arena *a, struct value *object, struct slice key)
{
    struct kids *k;
    uint32_t n;

    if (object->type != V_OBJECT)
        return NULL;
    k = kids_of(a, object);
    if ((k->names & value_name_bit(key)) == 0)
        return NULL;
    n = k->n; /* without members there is no array, so no pointer before its first */
    for (; n >= 4; n -= 4) {
        struct value *v = &k->at[n];

        if (may_be(v - 1, key.n) | may_be(v - 2, key.n) | may_be(v - 3, key.n) |
            may_be(v - 4, key.n))
            for (int i = 1; i <= 4; i++)
                if (key_is(a, v - i, key))
                    return v - i;
    }
    while (n-- > 0)
        if (key_is(a, &k->at[n], key))
            return &k->at[n];
    return NULL;
}

static void
make_room(struct arena *a, struct kids *k, uint32_t cap)
{
    struct value *at = arena_alloc(a, cap * sizeof *at);

    if (k->n > 0)
        memcpy(at, k->at, k->n * sizeof *at);
    k->at = at;
    k->cap = cap;
}

void
value_reserve(struct arena *a, struct value *container, uint32_t more)
{
    struct kids *k = kids_of(a, container);

    if (k != NULL && k->cap - k->n < more)
        make_room(a, k, k->n + more);
}

/* In place: to copy a node that was just made in pieces costs more than to make it. */
static inline void
make_null(struct value *slot)
{
    slot->raw = "null";
    slot->key = NULL;
    slot->len = 4;
    slot->key_len = 0;
    slot->type = V_NULL;
    slot->flags = V_CHANGED;
}

/* A slot at the end, without anything in it yet. */
static inline struct value *
open_end(struct arena *a, struct kids *k)
{
    if (k->n == k->cap)
        make_room(a, k, k->cap < KIDS_FIRST ? KIDS_FIRST : k->cap * 2);
    return &k->at[k->n++];
}

/* A null at position i; the rest moves up. */
static struct value *
open_slot(struct arena *a, struct kids *k, uint32_t i)
{
    open_end(a, k);
    if (i + 1 < k->n)
        memmove(&k->at[i + 1], &k->at[i], (k->n - 1 - i) * sizeof k->at[0]);
    make_null(&k->at[i]);
    return &k->at[i];
}

struct value *
value_add(struct arena *a, struct value *object, struct slice key)
{
    struct kids *k = kids_of(a, object);
    struct value *v;

    ASSERT(object->type == V_OBJECT);
    object->flags |= V_CHANGED;
    v = open_end(a, k);
    make_null(v);
    set_key(a, v, key);
    k->names |= value_name_bits(v); /* of what is stored: bytes that are no UTF-8 are not */
    return v;
}

struct value
value_named(struct arena *a, struct slice key)
{
    struct value v;

    make_null(&v);
    set_key(a, &v, key);
    return v;
}

struct value *
value_put(struct arena *a, struct value *object, struct slice key)
{
    struct value *found;

    ASSERT(object->type == V_OBJECT);
    found = value_get(a, object, key);
    if (found == NULL)
        return value_add(a, object, key);
    object->flags |= V_CHANGED;
    return found;
}

struct value *
value_insert(struct arena *a, struct value *array, uint32_t i)
{
    struct kids *k = kids_of(a, array);

    ASSERT(array->type == V_ARRAY && i <= k->n);
    array->flags |= V_CHANGED;
    return open_slot(a, k, i);
}

struct value *
value_push(struct arena *a, struct value *array)
{
    return value_insert(a, array, value_count(a, array));
}

void
value_remove_at(struct arena *a, struct value *container, uint32_t i)
{
    struct kids *k = kids_of(a, container);

    ASSERT(k != NULL && i < k->n);
    container->flags |= V_CHANGED;
    memmove(&k->at[i], &k->at[i + 1], (k->n - i - 1) * sizeof k->at[0]);
    k->n--;
}

bool
value_remove_key(struct arena *a, struct value *object, struct slice key)
{
    struct kids *k;
    bool removed = false;

    if (object->type != V_OBJECT)
        return false;
    k = kids_of(a, object);
    for (uint32_t i = k->n; i-- > 0;) {
        if (!key_is(a, &k->at[i], key))
            continue;
        value_remove_at(a, object, i);
        removed = true;
    }
    return removed;
}

/* True if something was removed or changed below. */
static bool
unique_keys(struct arena *a, struct value *v)
{
    struct kids *k = kids_of(a, v);
    bool changed = v->type == V_OBJECT && json_kids_unique(a, k);

    for (uint32_t i = 0; i < k->n; i++)
        if (value_is_container(&k->at[i]))
            changed |= unique_keys(a, &k->at[i]);
    if (changed)
        v->flags |= V_CHANGED;
    return changed;
}

void
value_unique_keys(struct arena *a, struct value *v)
{
    if (value_is_container(v))
        unique_keys(a, v);
}

/* ---- copies ---- */

struct value
value_copy(struct arena *a, const struct value *v)
{
    struct value copy = *v;
    struct kids *k;

    if (!(v->flags & V_INDEXED))
        return copy;
    k = arena_alloc(a, sizeof *k);
    *k = *v->kids;
    k->cap = k->n;
    k->at = arena_alloc(a, k->n * sizeof k->at[0]);
    for (uint32_t i = 0; i < k->n; i++)
        k->at[i] = value_copy(a, &v->kids->at[i]);
    copy.kids = k;
    return copy;
}

struct value
value_import(struct arena *a, const struct value *v)
{
    struct buf text = { 0 };
    struct value copy;

    if (v->type == V_STRING && v->flags & V_DECODED)
        return value_str(a, v->text->plain);
    value_write(v, &text);
    copy = value_raw((enum value_type)v->type, arena_copy(a, buf_slice(&text)));
    copy.flags |= v->flags & V_ESCAPED;
    buf_fini(&text);
    return copy;
}

/* ---- reading ---- */

struct slice
value_special_text(struct arena *a, struct value *v)
{
    struct text *t;

    if (v->flags & V_DECODED)
        return v->text->plain;
    if (v->flags & V_BARE)
        return (struct slice){ v->raw, v->len };
    t = arena_alloc(a, sizeof *t);
    *t = (struct text){ unescape(a, (struct slice){ v->raw + 1, v->len - 2 }), v->raw };
    v->text = t;
    v->flags |= V_DECODED;
    return t->plain;
}

struct slice
value_raw_text(const struct value *v)
{
    ASSERT(!(v->flags & (V_DECODED | V_INDEXED | V_BARE)));
    return (struct slice){ v->raw, v->len };
}

int64_t
value_to_int(const struct value *v)
{
    int64_t n = 0;

    slice_to_int64(value_raw_text(v), &n);
    return n;
}

double
value_to_double(const struct value *v)
{
    struct slice s = value_raw_text(v);

    if (s.n > 2 && s.p[0] == '"') /* "NaN", "Infinity", "-Infinity" */
        return s.p[1] == 'N' ? NAN : s.p[1] == '-' ? -INFINITY : INFINITY;
    return number_to_double(s);
}

bool
value_to_bool(const struct value *v)
{
    return v->raw[0] == 't';
}

struct timestamp
value_to_timestamp(const struct value *v)
{
    struct timestamp t = { 0 };

    ASSERT(v->type == V_TIMESTAMP);
    if (!timestamp_canonical((struct slice){ v->raw + 1, v->len - 2 }, &t))
        UNREACHABLE("timestamp nodes hold the canonical text");
    return t;
}

/* ---- comparing ---- */

static bool
objects_equal(struct arena *a, struct value *x, struct value *y)
{
    uint32_t n = value_count(a, x);

    if (n != value_count(a, y))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct value *mine = value_at(a, x, i);
        struct value *theirs = value_get(a, y, value_key(a, mine));

        if (theirs == NULL || !value_equal(a, mine, theirs))
            return false;
    }
    return true;
}

static bool
arrays_equal(struct arena *a, struct value *x, struct value *y)
{
    uint32_t n = value_count(a, x);

    if (n != value_count(a, y))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!value_equal(a, value_at(a, x, i), value_at(a, y, i)))
            return false;
    return true;
}

bool
value_equal(struct arena *a, struct value *x, struct value *y)
{
    if (x->type != y->type)
        return false;
    switch ((enum value_type)x->type) {
    case V_NULL: return true;
    case V_STRING: return slice_eq(value_text(a, x), value_text(a, y));
    case V_BOOL:
    case V_INT:
    case V_BIGINT:
    case V_TIMESTAMP: return slice_eq(value_raw_text(x), value_raw_text(y));
    case V_DOUBLE: return value_to_double(x) == value_to_double(y);
    case V_DECIMAL: return number_cmp(value_raw_text(x), false, value_raw_text(y), false) == 0;
    case V_ARRAY: return arrays_equal(a, x, y);
    case V_OBJECT: return objects_equal(a, x, y);
    }
    UNREACHABLE("value type");
}

/* ---- text ---- */

static void
render_double(const struct value *v, struct buf *out)
{
    char text[NUMBER_TEXT];

    buf_append(out, (struct slice){ text, number_print_double(value_to_double(v), text) });
}

static void
render_scalar(struct arena *a, struct value *v, struct buf *out)
{
    struct slice s;

    switch ((enum value_type)v->type) {
    case V_STRING: buf_append(out, value_text(a, v)); return;
    case V_DOUBLE: render_double(v, out); return;
    case V_TIMESTAMP:
        s = value_raw_text(v);
        buf_append(out, (struct slice){ s.p + 1, s.n - 2 });
        return;
    case V_NULL:
    case V_BOOL:
    case V_INT:
    case V_BIGINT:
    case V_DECIMAL: buf_append(out, value_raw_text(v)); return;
    case V_ARRAY:
    case V_OBJECT: break;
    }
    UNREACHABLE("a container is no scalar");
}

void
value_render_java(struct arena *a, struct value *v, struct buf *out)
{
    bool object = v->type == V_OBJECT;

    if (!value_is_container(v)) {
        render_scalar(a, v, out);
        return;
    }
    buf_byte(out, object ? '{' : '[');
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++) {
        struct value *kid = value_at(a, v, i);

        if (i > 0)
            buf_append(out, SLICE(", "));
        if (object) {
            buf_append(out, value_key(a, kid));
            buf_byte(out, '=');
        }
        value_render_java(a, kid, out);
    }
    buf_byte(out, object ? '}' : ']');
}

/* Members joined with commas, nested lists flattened, null members empty. */
static void
render_list(struct arena *a, struct value *v, struct buf *out)
{
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++) {
        struct value *kid = value_at(a, v, i);

        if (i > 0)
            buf_byte(out, ',');
        if (kid->type == V_ARRAY)
            render_list(a, kid, out);
        else if (kid->type != V_NULL)
            value_render_java(a, kid, out);
    }
}

/* JSON text as it came may have blanks between its tokens; in a text of ours there are none. */
static void
squeeze(struct buf *out, size_t from)
{
    size_t to = from;
    bool quoted = false;

    for (size_t i = from; i < out->n; i++) {
        char c = out->p[i];

        if (!quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            continue;
        out->p[to++] = c;
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted)
            out->p[to++] = out->p[++i];
    }
    out->n = to;
}

void
value_render(struct arena *a, struct value *v, struct buf *out)
{
    size_t from = out->n;

    if (v->type == V_OBJECT) {
        value_write(v, out);
        squeeze(out, from);
    } else if (v->type == V_ARRAY) {
        render_list(a, v, out);
    } else if (v->type != V_NULL) {
        render_scalar(a, v, out);
    }
}
