/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/json_merge.h"

#include "codec/base/hash.h"
#include "codec/base/random.h"
#include "pipeline/key_bits.h"

#include <stdlib.h>

/* Up to so many new members the known keys are remembered in a bit set, beyond in a table. */
#define FEW_MEMBERS 64

struct json_merge {
    enum escape_style escape;
    uint64_t seed;  /* nobody outside can choose keys that share a slot */
    uint32_t *slot; /* index of a member + 1; 0: free */
    uint32_t slots;
    struct key_bits seen;
    uint32_t known; /* members of the event that slot or seen has */
    bool table;
};

struct json_merge *
json_merge_new(enum escape_style escape, struct err *err)
{
    struct json_merge *m = xcalloc(1, sizeof *m);
    struct rng rng;

    m->escape = escape;
    if (rng_seed(&rng, err) < 0) {
        json_merge_free(&m);
        return NULL;
    }
    m->seed = rng_next(&rng);
    return m;
}

void
json_merge_free(struct json_merge **m)
{
    if (*m == NULL)
        return;
    free((*m)->slot);
    free(*m);
    *m = NULL;
}

/* ---- which keys the event has ---- */

static uint32_t *
slot_of(struct json_merge *m, struct arena *a, struct value *data, struct slice key)
{
    uint64_t h = hash_bytes(key, m->seed);
    uint32_t mask = m->slots - 1, i = (uint32_t)(h ^ h >> 32) & mask;

    while (m->slot[i] != 0 && !slice_eq(value_key(a, value_at(a, data, m->slot[i] - 1)), key))
        i = (i + 1) & mask;
    return &m->slot[i];
}

/* The members that have come since the last call. */
static void
learn(struct json_merge *m, struct arena *a, struct value *data)
{
    uint32_t n = value_count(a, data);
    struct value *members = n > 0 ? value_at(a, data, 0) : NULL;

    for (; m->known < n; m->known++) {
        struct slice key = value_key(a, &members[m->known]);

        if (m->table)
            *slot_of(m, a, data, key) = m->known + 1;
        else
            key_bits_add(&m->seen, key_bit(key));
    }
}

/* Room for everything that the event can have in the end. */
static void
begin(struct json_merge *m, struct arena *a, struct value *data, uint32_t more)
{
    uint64_t most = (uint64_t)value_count(a, data) + more;

    m->known = 0;
    m->table = more > FEW_MEMBERS;
    if (m->table) {
        uint64_t slots = FEW_MEMBERS;

        while (slots < most * 2)
            slots *= 2;
        free(m->slot);
        m->slots = (uint32_t)slots;
        m->slot = xcalloc(slots, sizeof m->slot[0]);
    } else {
        m->seen = (struct key_bits){ 0 };
    }
    learn(m, a, data);
}

static struct value *
find(struct json_merge *m, struct arena *a, struct value *data, struct slice key)
{
    if (m->table) {
        uint32_t i = *slot_of(m, a, data, key);

        return i == 0 ? NULL : value_at(a, data, i - 1);
    }
    return key_bits_may_have(&m->seen, key_bit(key)) ? value_get(a, data, key) : NULL;
}

static void
end(struct json_merge *m)
{
    free(m->slot);
    m->slot = NULL;
}

/* ---- setting ---- */

/* A key that means just itself, and has no rules of its own. A loop over its few bytes is faster
 * than asking the C library for each of the brackets. */
static bool
is_plain_key(const struct json_merge *m, struct slice key)
{
    char first = key.n > 0 ? key.p[0] : '\0';

    for (size_t i = 0; i < key.n; i++) {
        char c = key.p[i];

        if (c == '[' || c == ']' || (m->escape != ESCAPE_NONE && (c == '%' || c == '&')))
            return false;
    }
    if (first == '@')
        return !slice_eq(key, SLICE("@timestamp")) && !slice_eq(key, SLICE("@metadata"));
    return first != 't' || !slice_eq(key, SLICE("tags"));
}

static int
set_reference(struct json_merge *m, struct event *ev, struct slice key, struct value *member,
              struct err *err)
{
    struct fieldref ref;

    if (fieldref_compile(event_arena(ev), key, m->escape, &ref, err) < 0 ||
        event_set(ev, &ref, *member, err) < 0)
        return -1;
    learn(m, event_arena(ev), &ev->data);
    return 0;
}

/* New members keep their place in the text they were parsed from, so that those side by side leave
 * the server in one copy. */
static void
set_plain(struct json_merge *m, struct event *ev, struct slice key, struct value *member)
{
    struct arena *a = event_arena(ev);
    struct value *old = find(m, a, &ev->data, key);

    if (old != NULL) {
        value_assign(old, *member);
        return;
    }
    value_adopt(a, &ev->data, member);
    if (m->table) {
        learn(m, a, &ev->data);
    } else {
        key_bits_add(&m->seen, key_bit(key));
        m->known++;
    }
}

int
json_merge_object(struct json_merge *m, struct event *ev, struct value *object, struct err *err)
{
    struct arena *a = event_arena(ev);
    uint32_t n = value_count(a, object), references = 0;
    struct value *members = n > 0 ? value_at(a, object, 0) : NULL;
    int result = 0;

    begin(m, a, &ev->data, n);
    ev->data.flags |= V_CHANGED;
    for (uint32_t i = 0; i < n && result == 0; i++) {
        struct value *member = &members[i];
        struct slice key = value_key(a, member);

        if (is_plain_key(m, key))
            set_plain(m, ev, key, member);
        else if (++references > MERGE_REFERENCES)
            result = err_set(err, ERR_LIMIT, "over %d keys with brackets", MERGE_REFERENCES);
        else
            result = set_reference(m, ev, key, member, err);
    }
    end(m);
    return result;
}
