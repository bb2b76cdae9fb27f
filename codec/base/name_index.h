/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names to numbers: a hash table for texts of the configuration, where a list would be searched
 * again and again. Keys are borrowed and must outlive the index. One thread. */
#ifndef CODEC_BASE_NAME_INDEX_H
#define CODEC_BASE_NAME_INDEX_H

#include "codec/base/slice.h"

struct name_slot {
    struct slice key; /* p NULL: free */
    size_t value;
};

/* Zero-initialised is empty. */
struct name_index {
    struct name_slot *at;
    size_t n, cap;
};

/* The number of the name; a new one starts as `first`, and *found says which. The pointer is good
 * until the next put. */
size_t *name_index_put(struct name_index *x, struct slice key, size_t first, bool *found);
/* NULL: not there. */
const size_t *name_index_get(const struct name_index *x, struct slice key);
void name_index_fini(struct name_index *x);

/* How many letters must be changed, added, removed or swapped to make one name of the other, case
 * ignored; anything above max is max + 1. For "did you mean". */
unsigned name_distance(struct slice a, struct slice b, unsigned max);
/* True when name is a likely slip of the pen for candidate and nearer than *best (start with a
 * large number), which is then lowered. */
bool name_is_nearer(struct slice name, struct slice candidate, unsigned *best);

#endif
