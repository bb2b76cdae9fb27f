/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/name_set.h"

static uint64_t
length_bit(size_t n)
{
    return UINT64_C(1) << (n < 63 ? n : 63);
}

int
name_set_add(struct name_set *set, struct slice name)
{
    uint8_t *first = &set->first[key_bit(name)];
    unsigned i = set->n;

    if (i == NAME_SET_MOST)
        return -1;
    for (uint8_t k = *first; k > 0; k = set->next[k - 1])
        if (slice_eq(set->name[k - 1], name))
            return -1;
    set->name[i] = name;
    set->lengths |= length_bit(name.n);
    set->next[i] = *first;
    *first = (uint8_t)(i + 1);
    set->n++;
    return (int)i;
}

uint64_t
name_set_find(const struct name_set *set, struct arena *a, struct value *object, uint32_t *at)
{
    uint32_t n = value_count(a, object);
    const struct value *members = n > 0 ? value_at(a, object, 0) : NULL;
    uint64_t found = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct slice key = value_key(a, &members[i]);

        if ((set->lengths & length_bit(key.n)) == 0)
            continue;
        for (uint8_t k = set->first[key_bit(key)]; k > 0; k = set->next[k - 1]) {
            if (!slice_eq_short(set->name[k - 1], key))
                continue;
            found |= UINT64_C(1) << (k - 1);
            if (at != NULL)
                at[k - 1] = i;
        }
    }
    return found;
}
