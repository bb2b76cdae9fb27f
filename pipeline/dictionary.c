/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/dictionary.h"

#include "codec/base/hash.h"
#include "codec/json_write.h"
#include "pipeline/json_decimal.h"
#include "pipeline/ruby_value.h"

#include <stdlib.h>

struct entry {
    struct slice key;
    struct slice raw; /* JSON text of the value */
    uint8_t type, flags;
    bool decimals;       /* numbers in it with a fraction are decimals */
    struct slice text;   /* PARTS: what stands in for the key */
    struct regex *regex; /* PATTERNS */
};

struct dictionary {
    enum dictionary_kind kind;
    struct arena arena; /* keys and values */
    struct entry *at;
    size_t n, cap;
    uint32_t *slot; /* index + 1 by the key's hash; 0: free */
    size_t slots;
    uint32_t *sorted; /* PARTS: indexes by key */
};

struct dictionary *
dictionary_new(enum dictionary_kind kind)
{
    struct dictionary *d = xcalloc(1, sizeof *d);

    d->kind = kind;
    arena_init(&d->arena, NULL);
    return d;
}

void
dictionary_free(struct dictionary **d)
{
    if (*d == NULL)
        return;
    for (size_t i = 0; i < (*d)->n; i++)
        regex_free((*d)->at[i].regex);
    free((*d)->at);
    free((*d)->slot);
    free((*d)->sorted);
    arena_fini(&(*d)->arena);
    free(*d);
    *d = NULL;
}

/* ---- filling ---- */

static uint32_t *
slot_of(const struct dictionary *d, struct slice key)
{
    uint64_t h = hash_bytes(key, 0);
    size_t i = (size_t)(h ^ h >> 32) & (d->slots - 1);

    while (d->slot[i] != 0 && !slice_eq(d->at[d->slot[i] - 1].key, key))
        i = (i + 1) & (d->slots - 1);
    return &d->slot[i];
}

static void
grow(struct dictionary *d)
{
    if (d->n < d->cap)
        return;
    d->cap = d->cap == 0 ? 16 : d->cap * 2;
    d->at = xrealloc(d->at, d->cap * sizeof d->at[0]);
    d->slots = d->cap * 2;
    free(d->slot);
    d->slot = xcalloc(d->slots, sizeof d->slot[0]);
    for (size_t i = 0; i < d->n; i++)
        *slot_of(d, d->at[i].key) = (uint32_t)i + 1;
}

/* A place for the key, new or found. */
static struct entry *
entry_for(struct dictionary *d, struct slice key)
{
    uint32_t *slot;

    ASSERT(d->n < UINT32_MAX / 2);
    grow(d);
    slot = slot_of(d, key);
    if (*slot == 0) {
        d->at[d->n] = (struct entry){ .key = arena_copy(&d->arena, key) };
        *slot = (uint32_t)++d->n;
    }
    return &d->at[*slot - 1];
}

static bool
has_decimal(struct arena *a, struct value *v)
{
    if (v->type == V_DECIMAL)
        return true;
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++)
        if (has_decimal(a, value_at(a, v, i)))
            return true;
    return false;
}

void
dictionary_put(struct dictionary *d, struct slice key, struct arena *a, struct value *value)
{
    struct entry *e = entry_for(d, key);
    struct buf text = { 0 };

    if (d->kind == DICTIONARY_PARTS)
        e->text = arena_copy(&d->arena, ruby_value_text(a, value, &text));
    buf_clear(&text);
    e->decimals = value_is_container(value) && has_decimal(a, value);
    value_write(value, &text);
    e->raw = arena_copy(&d->arena, buf_slice(&text));
    e->type = value->type;
    e->flags =
        value->type == V_STRING && slice_find_byte(e->raw, '\\', 0) != SIZE_MAX ? V_ESCAPED : 0;
    buf_fini(&text);
}

struct dictionary *
dictionary_from(const struct dictionary *old)
{
    struct dictionary *d = dictionary_new(old->kind);

    for (size_t i = 0; i < old->n; i++) {
        struct entry *e = entry_for(d, old->at[i].key), key = *e;

        *e = old->at[i];
        e->key = key.key;
        e->raw = arena_copy(&d->arena, e->raw);
        e->text = arena_copy(&d->arena, e->text);
        e->regex = NULL;
    }
    return d;
}

/* qsort_r's order of indexes. */
static int
by_key(const void *x, const void *y, void *arg)
{
    const struct dictionary *d = arg;

    return slice_cmp(d->at[*(const uint32_t *)x].key, d->at[*(const uint32_t *)y].key);
}

int
dictionary_finish(struct dictionary *d, struct err *err)
{
    if (d->kind == DICTIONARY_PARTS && d->n > 0) {
        free(d->sorted);
        d->sorted = xcalloc(d->n, sizeof d->sorted[0]);
        for (size_t i = 0; i < d->n; i++)
            d->sorted[i] = (uint32_t)i;
        qsort_r(d->sorted, d->n, sizeof d->sorted[0], by_key, d);
    }
    for (size_t i = 0; d->kind == DICTIONARY_PATTERNS && i < d->n; i++) {
        struct entry *e = &d->at[i];

        e->regex = regex_new(e->key, (struct regex_options){ 0 }, err);
        if (e->regex == NULL)
            return err_prefix(err, "key \"%.*s\"", SLICE_ARGS(e->key));
    }
    return 0;
}

/* ---- asking ---- */

static struct value
copy_value(const struct entry *e, struct arena *a)
{
    struct value v = value_raw((enum value_type)e->type, arena_copy(a, e->raw));
    struct buf scratch = { 0 };

    v.flags |= e->flags;
    if (e->decimals)
        json_decimal_convert(a, &v, &scratch, NULL);
    buf_fini(&scratch);
    return v;
}

bool
dictionary_find(const struct dictionary *d, struct regex_scratch *scratch, struct slice text,
                struct arena *a, struct value *out)
{
    const struct entry *found = NULL;

    ASSERT(d->kind != DICTIONARY_PARTS);
    if (d->kind == DICTIONARY_TEXTS && d->n > 0) {
        uint32_t i = *slot_of(d, text);

        found = i == 0 ? NULL : &d->at[i - 1];
    }
    for (size_t i = 0; d->kind == DICTIONARY_PATTERNS && i < d->n && found == NULL; i++)
        if (regex_search(d->at[i].regex, scratch, text, 0) == REGEX_MATCH)
            found = &d->at[i];
    if (found == NULL)
        return false;
    *out = copy_value(found, a);
    return true;
}

/* Of the sorted keys from low to high, which share their first `at` bytes: those with c behind.
 * Keys that end there stand first. */
static void
narrow(const struct dictionary *d, size_t at, char c, size_t *low, size_t *high)
{
    size_t bound[2];

    for (int upper = 0; upper < 2; upper++) {
        size_t l = *low, h = *high;

        while (l < h) {
            size_t mid = l + (h - l) / 2;
            struct slice key = d->at[d->sorted[mid]].key;
            int order = key.n <= at ? -1 : (unsigned char)key.p[at] - (unsigned char)c;

            if (order < 0 || (upper && order == 0))
                l = mid + 1;
            else
                h = mid;
        }
        bound[upper] = l;
    }
    *low = bound[0];
    *high = bound[1];
}

/* The key that starts the text; of several the one written first. */
static const struct entry *
key_at_front(const struct dictionary *d, struct slice text)
{
    size_t low = 0, high = d->n, at = 0;
    uint32_t best = UINT32_MAX;

    while (low < high) {
        while (low < high && d->at[d->sorted[low]].key.n == at) {
            if (d->sorted[low] < best)
                best = d->sorted[low];
            low++;
        }
        if (at == text.n)
            break;
        narrow(d, at, text.p[at], &low, &high);
        at++;
    }
    return best == UINT32_MAX ? NULL : &d->at[best];
}

static size_t
char_bytes(struct slice s)
{
    size_t n = 1;

    while (n < s.n && (s.p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* An empty key is found between all characters, as an empty pattern is. */
bool
dictionary_replace(const struct dictionary *d, struct slice text, struct buf *out)
{
    bool found = false;
    size_t start = out->n;

    ASSERT(d->kind == DICTIONARY_PARTS);
    for (;;) {
        const struct entry *e = key_at_front(d, text);
        size_t step = e == NULL ? 0 : e->key.n;

        if (e != NULL) {
            found = true;
            buf_append(out, e->text);
        }
        if (step == 0 && text.n > 0) {
            step = char_bytes(text);
            buf_append(out, (struct slice){ text.p, step });
        }
        if (step == 0)
            break;
        text.p += step;
        text.n -= step;
        if (text.n == 0 && e != NULL && e->key.n > 0)
            break;
    }
    if (!found)
        out->n = start;
    return found;
}
