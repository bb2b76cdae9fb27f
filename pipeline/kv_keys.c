/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/kv_keys.h"

#include "codec/base/error.h"
#include "codec/base/hash.h"
#include "codec/json_write.h"

#include <stdlib.h>

/* Places where a key may be. */
#define WAYS 4u

void
kv_keys_init(struct kv_keys *k)
{
    *k = (struct kv_keys){ .at = xcalloc(KV_KEYS, sizeof *k->at) };
}

void
kv_keys_fini(struct kv_keys *k)
{
    free(k->at);
    k->at = NULL;
}

static void
set_key(struct kv_key *at, struct slice key)
{
    at->n = (uint8_t)key.n;
    at->text[0] = '"';
    memcpy(at->text + 1, key.p, key.n);
    memcpy(at->text + 1 + key.n, "\":\"", 3);
}

/* Takes the place of one that the map under way does not have. */
struct kv_key *
kv_keys_search(struct kv_keys *k, struct slice key)
{
    struct kv_key *free_one = NULL;
    uint64_t hash;

    if (key.n == 0 || key.n > KV_KEY_BYTES)
        return NULL;
    hash = hash_bytes(key, 0);
    for (unsigned way = 0; way < WAYS; way++) {
        uint8_t i = (uint8_t)((hash ^ hash >> 32) + way);
        struct kv_key *at = &k->at[i];

        if (slice_eq_short((struct slice){ at->text + 1, at->n }, key)) {
            *k->next = i;
            return at;
        }
        if (at->map != k->map && (free_one == NULL || (free_one->n > 0 && at->n == 0)))
            free_one = at;
    }
    if (free_one == NULL || !json_is_plain(key))
        return NULL;
    set_key(free_one, key);
    *k->next = (uint8_t)(free_one - k->at);
    return free_one;
}
