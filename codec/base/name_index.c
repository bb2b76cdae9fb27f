/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/name_index.h"

#include "codec/base/error.h"
#include "codec/base/hash.h"

#include <stdlib.h>

static struct name_slot *
slot_of(const struct name_index *x, struct slice key)
{
    size_t i = (size_t)hash_bytes(key, 0) & (x->cap - 1);

    while (x->at[i].key.p != NULL && !slice_eq(x->at[i].key, key))
        i = (i + 1) & (x->cap - 1);
    return &x->at[i];
}

static void
grow(struct name_index *x)
{
    struct name_index bigger = { .cap = x->cap > 0 ? 2 * x->cap : 16, .n = x->n };

    bigger.at = xcalloc(bigger.cap, sizeof *bigger.at);
    for (size_t i = 0; i < x->cap; i++)
        if (x->at[i].key.p != NULL)
            *slot_of(&bigger, x->at[i].key) = x->at[i];
    free(x->at);
    *x = bigger;
}

size_t *
name_index_put(struct name_index *x, struct slice key, size_t first, bool *found)
{
    struct name_slot *slot;

    if (key.p == NULL)
        key.p = "";
    if (4 * x->n >= 3 * x->cap)
        grow(x);
    slot = slot_of(x, key);
    *found = slot->key.p != NULL;
    if (!*found) {
        *slot = (struct name_slot){ key, first };
        x->n++;
    }
    return &slot->value;
}

const size_t *
name_index_get(const struct name_index *x, struct slice key)
{
    const struct name_slot *slot;

    if (x->n == 0)
        return NULL;
    slot = slot_of(x, key);
    return slot->key.p != NULL ? &slot->value : NULL;
}

void
name_index_fini(struct name_index *x)
{
    free(x->at);
    *x = (struct name_index){ 0 };
}

/* ---- likeness ---- */

#define LONGEST 64

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static unsigned
least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Three rows of the usual table: an exchange of neighbours looks two rows back. */
unsigned
name_distance(struct slice a, struct slice b, unsigned max)
{
    unsigned rows[3][LONGEST + 1];

    if (a.n > LONGEST || b.n > LONGEST)
        return max + 1;
    for (unsigned j = 0; j <= b.n; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && lower(a.p[i - 2]) == y)
                row[j] = least(row[j], two[j - 2] + 1);
        }
    }
    return least(rows[a.n % 3][b.n], max + 1);
}

bool
name_is_nearer(struct slice name, struct slice candidate, unsigned *best)
{
    unsigned allowed = name.n < 4 ? 1 : name.n < 8 ? 2 : 3;
    unsigned d = name_distance(name, candidate, allowed);

    if (d > allowed || d >= *best)
        return false;
    *best = d;
    return true;
}
