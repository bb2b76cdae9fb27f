/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes from the marks of a walk, and the rule that the last of equal keys stays alone. */
#include "codec/json_scan_priv.h"
#include "codec/number.h"

#include <math.h>
#include <stdlib.h>

/* What inputs and filters usually add: @version, tags, event, one field. Room for them at once
 * saves a second vector. */
#define SPARE_KIDS 4
/* Up to so many keys each one is compared with those before it. */
#define FEW_KEYS 32

/* What the first byte of a valid value says. V_INT may have to be refined. A table, as no branch
 * predictor knows what comes next. */
static const uint8_t types[256] = {
    ['"'] = V_STRING, ['{'] = V_OBJECT, ['['] = V_ARRAY, ['t'] = V_BOOL, ['f'] = V_BOOL,
    ['n'] = V_NULL,   ['-'] = V_INT,    ['0'] = V_INT,   ['1'] = V_INT,  ['2'] = V_INT,
    ['3'] = V_INT,    ['4'] = V_INT,    ['5'] = V_INT,   ['6'] = V_INT,  ['7'] = V_INT,
    ['8'] = V_INT,    ['9'] = V_INT,
};

/* Only asked when the digits could mean something that no double holds. */
static bool
overflows(const char *digits, size_t n)
{
    if (n < 300 && memchr(digits, 'e', n) == NULL && memchr(digits, 'E', n) == NULL)
        return false;
    return isinf(number_to_double((struct slice){ digits, n })) != 0;
}

static void
fill_made(struct value *v, const char *raw, enum value_type type)
{
    v->raw = raw;
    v->len = (uint32_t)strlen(raw);
    v->type = (uint8_t)type;
    v->flags = V_CHANGED;
}

/* Minus zero is no integer, and no double holds 1e400: these two leave other than they came. */
static void
refine_number(struct value *v, size_t n)
{
    enum value_type type = V_INT;

    json_number_end(v->raw, 0, n, &type);
    if (type == V_INT && n == 2 && v->raw[0] == '-' && v->raw[1] == '0')
        fill_made(v, "0", V_INT);
    else if (type == V_DOUBLE && overflows(v->raw, n))
        fill_made(v, v->raw[0] == '-' ? "\"-Infinity\"" : "\"Infinity\"", V_DOUBLE);
    else
        v->type = (uint8_t)type;
}

static bool
has_slash(const struct json_walk *w, size_t from, size_t to)
{
    return from <= w->slash[1] && w->slash[0] < to &&
           memchr(w->text + from, '\\', to - from) != NULL;
}

/* All of a node but its key, field by field in its place: a struct that is copied waits for the
 * small stores that made it. */
static inline void
fill_node(const struct json_walk *w, struct value *v, size_t from, size_t to)
{
    enum value_type type = (enum value_type)types[(unsigned char)w->text[from]];

    v->raw = w->text + from;
    v->len = (uint32_t)(to - from);
    v->type = (uint8_t)type;
    v->flags = 0;
    if (type == V_STRING && has_slash(w, from, to))
        v->flags = V_ESCAPED;
    else if (type == V_INT && (w->wide || w->text[from] == '-'))
        refine_number(v, to - from);
}

struct value
json_node(const struct json_walk *w, size_t from, size_t to)
{
    struct value v = { 0 };

    fill_node(w, &v, from, to);
    return v;
}

static void
set_long_key(struct arena *a, struct value *v, size_t n)
{
    struct slice *s = arena_alloc(a, sizeof *s);

    *s = (struct slice){ v->key, n };
    v->key = (const char *)s;
    v->key_len = 0;
    v->flags |= KEY_LONG;
}

static inline void
set_key(struct arena *a, const struct json_walk *w, struct value *v, size_t from, size_t to)
{
    size_t n = to - from;

    v->key = w->text + from;
    v->key_len = (uint16_t)n;
    if (has_slash(w, from, to))
        v->flags |= KEY_ESCAPED;
    if (n > UINT16_MAX)
        set_long_key(a, v, n);
}

/* Blanks around a token: none in what Beats send, so both loops mostly look once. */
static inline size_t
token_from(const struct json_walk *w, size_t at)
{
    while ((unsigned char)w->text[at] <= ' ')
        at++;
    return at;
}

static inline size_t
token_to(const struct json_walk *w, size_t at)
{
    while ((unsigned char)w->text[at - 1] <= ' ')
        at--;
    return at;
}

static void
make_members(struct arena *a, const struct json_walk *w, struct kids *out)
{
    size_t last = w->start; /* the brace or comma before the member */
    uint64_t names = 0;

    for (uint32_t i = 0; i < out->n; i++) {
        size_t colon = w->marks[2 * i], end = w->marks[2 * i + 1];
        struct value *v = &out->at[i];

        fill_node(w, v, token_from(w, colon + 1), token_to(w, end));
        set_key(a, w, v, token_from(w, last + 1) + 1, token_to(w, colon) - 1);
        names |= value_name_bits(v);
        last = end;
    }
    out->names = names;
}

static void
make_elements(const struct json_walk *w, struct kids *out)
{
    size_t last = w->start;

    for (uint32_t i = 0; i < out->n; i++) {
        fill_node(w, &out->at[i], token_from(w, last + 1), token_to(w, w->marks[i]));
        out->at[i].key = NULL;
        out->at[i].key_len = 0;
        last = w->marks[i];
    }
}

void
json_nodes_make(struct arena *a, const struct json_walk *w, struct kids *out)
{
    bool object = w->text[w->start] == '{';
    uint32_t n = (uint32_t)(object ? w->marks_n / 2 : w->marks_n);

    if (!object && n == 1 && token_from(w, w->start + 1) == w->marks[0])
        n = 0;
    *out = (struct kids){ .raw = w->text + w->start, .n = n, .cap = n + SPARE_KIDS };
    out->at = arena_alloc(a, out->cap * sizeof *out->at);
    if (object)
        make_members(a, w, out);
    else
        make_elements(w, out);
}

/* ---- equal keys ---- */

/* More keys than this are likely to share a slot. */
#define MANY_KEYS 256
#define KEY_SLOTS 1024

/* From the first bytes of a key, its last one and its length, without a branch on that: loads
 * beyond the key stay within ARENA_PAD, and a quote stands before it. */
static inline unsigned
key_slot(const struct value *v)
{
    uint64_t head, last = (unsigned char)v->key[(ptrdiff_t)v->key_len - 1];
    bool whole = v->key_len < sizeof head;

    memcpy(&head, v->key, sizeof head);
    head &= whole ? (UINT64_C(1) << 8 * v->key_len) - 1 : UINT64_MAX;
    return (unsigned)((head + (last << 32) + v->key_len) * 0x9E3779B97F4A7C15u >> 54);
}

/* False: all keys differ, for none has lost its slot to a later one. The slots need not be cleared,
 * and no look waits for the store before it. */
static bool
may_repeat(const struct kids *kids)
{
    uint16_t slot[MANY_KEYS];
    uint8_t owner[KEY_SLOTS];
    bool lost = false;

    if (kids->n > MANY_KEYS)
        return true;
    for (uint32_t i = 0; i < kids->n; i++) {
        if (kids->at[i].flags & V_KEY_FLAGS)
            return true;
        slot[i] = (uint16_t)key_slot(&kids->at[i]);
        owner[slot[i]] = (uint8_t)i;
    }
    for (uint32_t i = 0; i < kids->n; i++)
        lost |= owner[slot[i]] != (uint8_t)i;
    return lost;
}

struct named {
    struct slice key; /* without escapes */
    uint32_t i;
    bool gone;
};

static int
by_name(const void *x, const void *y)
{
    const struct named *a = x, *b = y;
    int c = slice_cmp(a->key, b->key);

    return c != 0 ? c : a->i < b->i ? -1 : a->i > b->i;
}

static int
by_place(const void *x, const void *y)
{
    const struct named *a = x, *b = y;

    return a->i < b->i ? -1 : a->i > b->i;
}

/* Marks all but the last of equal keys; true if any. A sender chooses the keys, so many of them are
 * sorted, not compared pair by pair. */
static bool
mark_repeated(struct named *names, uint32_t n)
{
    bool any = false;

    if (n <= FEW_KEYS) {
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = i + 1; j < n && !names[i].gone; j++)
                any |= names[i].gone = slice_eq(names[i].key, names[j].key);
        return any;
    }
    qsort(names, n, sizeof *names, by_name);
    for (uint32_t i = 0; i + 1 < n; i++)
        any |= names[i].gone = slice_eq(names[i].key, names[i + 1].key);
    qsort(names, n, sizeof *names, by_place);
    return any;
}

bool
json_nodes_unique(struct arena *a, struct kids *kids)
{
    return may_repeat(kids) && json_kids_unique(a, kids);
}

bool
json_kids_unique(struct arena *a, struct kids *kids)
{
    struct named few[FEW_KEYS], *names = few;
    uint32_t kept = 0;
    bool any;

    if (kids->n > FEW_KEYS)
        names = xmalloc(kids->n * sizeof *names);
    for (uint32_t i = 0; i < kids->n; i++)
        names[i] = (struct named){ .key = value_key(a, &kids->at[i]), .i = i };
    any = mark_repeated(names, kids->n);
    for (uint32_t i = 0; any && i < kids->n; i++)
        if (!names[i].gone)
            kids->at[kept++] = kids->at[i];
    if (any)
        kids->n = kept;
    if (names != few)
        free(names);
    return any;
}
