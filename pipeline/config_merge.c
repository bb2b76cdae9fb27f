/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same option several times in one block: its values become one (config-language.md 4).
 *
 * The result of one merge is the left side of the next, so the rules read as a fold. Lists and
 * hashes that grow do so in place, with room to spare. */
#include "pipeline/config_build.h"

#include "codec/base/name_index.h"

/* A value on its way, with the room its members have. */
struct growing {
    struct opt_value v;
    size_t room;
};

static bool
has_member(const struct opt_value *list, const struct opt_value *v)
{
    for (size_t i = 0; i < list->n; i++)
        if (opt_value_equal(&list->list[i], v, false))
            return true;
    return false;
}

/* ---- growing ---- */

static void
push(struct arena *a, struct growing *g, const struct opt_value *v)
{
    if (g->v.n >= g->room) {
        struct opt_value *old = g->v.list;

        g->room = 2 * g->v.n + 2;
        g->v.list = arena_alloc(a, g->room * sizeof *old);
        if (g->v.n > 0)
            memcpy(g->v.list, old, g->v.n * sizeof *old);
    }
    g->v.list[g->v.n++] = *v;
}

static void
push_all(struct arena *a, struct growing *g, const struct opt_value *list)
{
    for (size_t i = 0; i < list->n; i++)
        push(a, g, &list->list[i]);
}

static void
push_new(struct arena *a, struct growing *g, const struct opt_value *v)
{
    if (!has_member(&g->v, v))
        push(a, g, v);
}

/* [key, value] */
static void
push_pair(struct arena *a, struct growing *g, const struct opt_pair *p)
{
    struct opt_value pair = { .kind = OV_LIST, .pos = p->pos, .n = 2 };

    pair.list = arena_calloc(a, 2, sizeof *pair.list);
    pair.list[0] = (struct opt_value){ .kind = OV_STRING, .pos = p->pos, .text = p->key };
    pair.list[1] = p->value;
    push(a, g, &pair);
}

static struct growing
list_of(struct arena *a, const struct opt_value *first)
{
    struct growing g = { .v = { .kind = OV_LIST, .pos = first->pos } };

    push(a, &g, first);
    return g;
}

/* ---- hash into hash ---- */

static struct opt_value united(struct arena *a, const struct opt_value *into,
                               const struct opt_value *v);

/* Two values of one key. Lists are joined; `dedup`: as sets. */
static void
merge_values(struct arena *a, struct growing *into, const struct opt_value *v, bool dedup)
{
    struct growing g;

    if (into->v.kind == OV_HASH && v->kind == OV_HASH) {
        into->v = united(a, &into->v, v);
        return;
    }
    if (into->v.kind == OV_LIST) {
        if (v->kind != OV_LIST)
            push_new(a, into, v);
        else if (!dedup)
            push_all(a, into, v);
    } else if (v->kind == OV_LIST || !opt_value_equal(&into->v, v, false)) {
        g = list_of(a, &into->v);
        if (v->kind != OV_LIST)
            push(a, &g, v);
        else if (!dedup)
            push_all(a, &g, v);
        *into = g;
    } else {
        return;
    }
    if (dedup && v->kind == OV_LIST) {
        g = (struct growing){ .v = { .kind = OV_LIST, .pos = into->v.pos } };
        for (size_t i = 0; i < into->v.n; i++)
            push_new(a, &g, &into->v.list[i]);
        for (size_t i = 0; i < v->n; i++)
            push_new(a, &g, &v->list[i]);
        *into = g;
    }
}

/* Below the first level lists are united without duplicates. */
static struct opt_value
united(struct arena *a, const struct opt_value *into, const struct opt_value *v)
{
    struct opt_value out = *into;
    struct name_index places = { 0 };
    bool found;

    out.pairs = arena_calloc(a, into->n + v->n, sizeof *out.pairs);
    for (size_t i = 0; i < into->n; i++) {
        out.pairs[i] = into->pairs[i];
        name_index_put(&places, into->pairs[i].key, i, &found);
    }
    for (size_t i = 0; i < v->n; i++) {
        size_t at = *name_index_put(&places, v->pairs[i].key, out.n, &found);

        if (found) {
            struct growing g = { out.pairs[at].value, 0 };

            merge_values(a, &g, &v->pairs[i].value, true);
            out.pairs[at].value = g.v;
        } else {
            out.pairs[out.n++] = v->pairs[i];
        }
    }
    name_index_fini(&places);
    return out;
}

/* ---- the fold ---- */

/* One of the keys, while hashes are folded. */
struct growing_pair {
    struct slice key;
    struct config_pos pos;
    struct growing g;
};

/* All are hashes up to the first that is not: *used says how many. */
static struct opt_value
fold_hashes(struct arena *a, const struct opt_value *const *given, size_t n, size_t *used)
{
    struct opt_value out = { .kind = OV_HASH, .pos = given[0]->pos };
    struct name_index places = { 0 };
    struct growing_pair *pairs;
    size_t most = 0, count = 0;

    for (*used = 0; *used < n && given[*used]->kind == OV_HASH; ++*used)
        most += given[*used]->n;
    pairs = arena_calloc(a, most, sizeof *pairs);
    for (size_t i = 0; i < *used; i++)
        for (size_t j = 0; j < given[i]->n; j++) {
            const struct opt_pair *p = &given[i]->pairs[j];
            bool found;
            size_t at = *name_index_put(&places, p->key, count, &found);

            if (found)
                merge_values(a, &pairs[at].g, &p->value, false);
            else
                pairs[count++] = (struct growing_pair){ p->key, p->pos, { p->value, 0 } };
        }
    name_index_fini(&places);
    out.pairs = arena_calloc(a, count, sizeof *out.pairs);
    for (; out.n < count; out.n++)
        out.pairs[out.n] =
            (struct opt_pair){ pairs[out.n].key, pairs[out.n].pos, pairs[out.n].g.v };
    return out;
}

/* What a list takes: members of a list, pairs of a hash, or the value itself. */
static void
append(struct arena *a, struct growing *list, const struct opt_value *v)
{
    if (v->kind == OV_LIST)
        push_all(a, list, v);
    else if (v->kind == OV_HASH)
        for (size_t i = 0; i < v->n; i++)
            push_pair(a, list, &v->pairs[i]);
    else
        push(a, list, v);
}

struct opt_value
config_merge(struct arena *a, const struct opt_value *const *given, size_t n, bool *incompatible)
{
    struct growing g = { .v = *given[0] };

    if (g.v.kind == OV_HASH) {
        size_t used;

        g.v = fold_hashes(a, given, n, &used);
        *incompatible = used < n;
        return g.v;
    }
    for (size_t i = 1; i < n; i++)
        if (g.v.kind == OV_LIST)
            append(a, &g, given[i]);
        else if (!opt_value_equal(&g.v, given[i], false)) {
            g = list_of(a, &g.v);
            push(a, &g, given[i]);
        }
    return g.v;
}
