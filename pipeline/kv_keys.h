/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys that event after event brings, mostly in the same order: each remembers which one came after
 * it, so that a key is found by one comparison, and where it has its place in the map under way, so
 * that a key that comes twice is found at once.
 *
 * Belongs to one worker and outlives events. Bounded: a sender may choose any keys, and then some
 * are not found here; whoever asks has another way for them. */
#ifndef PIPELINE_KV_KEYS_H
#define PIPELINE_KV_KEYS_H

#include "codec/base/slice.h"

#include <assert.h>

#define KV_KEYS      256u
#define KV_KEY_BYTES 46u /* of the longest */
#define KV_KEY_TEXT  (KV_KEY_BYTES + 4)

struct kv_key {
    uint64_t map;           /* the one that has it, of those begun */
    uint32_t place;         /* there; UINT32_MAX when it was just found */
    uint8_t n;              /* of the key; 0: free */
    uint8_t next;           /* the key that came after it */
    char text[KV_KEY_TEXT]; /* "key":" and anything behind it */
};
static_assert(sizeof(struct kv_key) == 64, "a cache line");

struct kv_keys {
    struct kv_key *at;
    uint64_t map;
    uint8_t first, *next; /* where it is said which key comes next */
};

void kv_keys_init(struct kv_keys *k);
void kv_keys_fini(struct kv_keys *k);
/* For kv_keys_find(), where the next one is not the one that came last time. */
struct kv_key *kv_keys_search(struct kv_keys *k, struct slice key);

/* A map without keys. */
static inline void
kv_keys_begin(struct kv_keys *k)
{
    k->map++;
    k->next = &k->first;
}

/* Good until the next map begins. NULL: there is no place for this key, and will be none as long as
 * this map is the one under way. */
static inline struct kv_key *
kv_keys_find(struct kv_keys *k, struct slice key)
{
    struct kv_key *found = &k->at[*k->next];

    if (!slice_eq_short((struct slice){ found->text + 1, found->n }, key) || key.n == 0)
        found = kv_keys_search(k, key);
    if (found == NULL)
        return NULL;
    if (found->map != k->map) {
        found->map = k->map;
        found->place = UINT32_MAX;
    }
    k->next = &found->next;
    return found;
}

#endif
