/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/text_index.h"

#include "codec/base/hash.h"
#include "codec/base/random.h"

#include <stdlib.h>

#define SLOTS_FIRST 64u
/* More than that is not kept for the next event. */
#define SLOTS_KEPT 4096u

struct text_slot {
    struct slice text; /* p NULL: free */
    uint64_t space;
    uint32_t number;
};

int
text_index_init(struct text_index *ix, struct err *err)
{
    struct rng rng;

    *ix = (struct text_index){ 0 };
    if (rng_seed(&rng, err) < 0)
        return -1;
    ix->seed = rng_next(&rng);
    return 0;
}

void
text_index_fini(struct text_index *ix)
{
    free(ix->slot);
    ix->slot = NULL;
    ix->slots = ix->used = 0;
}

void
text_index_clear(struct text_index *ix)
{
    if (ix->slots > SLOTS_KEPT)
        text_index_fini(ix);
    else if (ix->used > 0)
        memset(ix->slot, 0, ix->slots * sizeof *ix->slot);
    ix->used = 0;
}

static struct text_slot *
probe(const struct text_index *ix, uint64_t space, struct slice text)
{
    uint64_t h = hash_bytes(text, ix->seed ^ space * 0x9e3779b97f4a7c15u);
    uint32_t mask = ix->slots - 1, i = (uint32_t)(h ^ h >> 32) & mask;

    while (ix->slot[i].text.p != NULL &&
           !(ix->slot[i].space == space && slice_eq(ix->slot[i].text, text)))
        i = (i + 1) & mask;
    return &ix->slot[i];
}

static void
grow(struct text_index *ix)
{
    struct text_index bigger = { .seed = ix->seed, .used = ix->used };

    bigger.slots = ix->slots == 0 ? SLOTS_FIRST : ix->slots * 2;
    bigger.slot = xcalloc(bigger.slots, sizeof *bigger.slot);
    for (uint32_t i = 0; i < ix->slots; i++)
        if (ix->slot[i].text.p != NULL)
            *probe(&bigger, ix->slot[i].space, ix->slot[i].text) = ix->slot[i];
    free(ix->slot);
    *ix = bigger;
}

uint32_t *
text_index_at(struct text_index *ix, uint64_t space, struct slice text)
{
    struct text_slot *slot;

    if (ix->used * 2 >= ix->slots)
        grow(ix);
    if (text.p == NULL)
        text = SLICE("");
    slot = probe(ix, space, text);
    if (slot->text.p == NULL) {
        *slot = (struct text_slot){ text, space, UINT32_MAX };
        ix->used++;
    }
    return &slot->number;
}
