/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that a filter may add to an object, and which of them it has: one look at each of its
 * members, instead of a search for each name. Const once the plan is built. */
#ifndef PIPELINE_NAME_SET_H
#define PIPELINE_NAME_SET_H

#include "pipeline/key_bits.h"

#define NAME_SET_MOST 64

struct name_set {
    unsigned n;
    uint64_t lengths; /* of the names, a bit each; the last one for all that are longer */
    struct slice name[NAME_SET_MOST];
    uint8_t first[KEY_BITS];     /* 1 + a name of that key_bit(); 0: none */
    uint8_t next[NAME_SET_MOST]; /* as first: another one of the same bit */
};

/* The number of the name, which must outlive the set; -1: it is full, or has the name. */
int name_set_add(struct name_set *set, struct slice name);
/* A bit for each name that the object has; at[its number] is where. at may be NULL. */
uint64_t name_set_find(const struct name_set *set, struct arena *a, struct value *object,
                       uint32_t *at);

#endif
