/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers by text: an open hash table for texts that a sender chooses, seeded so that nobody can
 * choose them to collide. Belongs to one worker, is cleared for each event. */
#ifndef PIPELINE_TEXT_INDEX_H
#define PIPELINE_TEXT_INDEX_H

#include "codec/base/error.h"
#include "codec/base/slice.h"

struct text_index {
    struct text_slot *slot;
    uint32_t slots, used; /* slots is a power of two, or 0 */
    uint64_t seed;
};

int text_index_init(struct text_index *ix, struct err *err);
void text_index_fini(struct text_index *ix);
void text_index_clear(struct text_index *ix);
/* The number stored for the text in a space of its own, or a fresh one that is UINT32_MAX. The
 * text is not copied; the pointer is good until the next call. */
uint32_t *text_index_at(struct text_index *ix, uint64_t space, struct slice text);

#endif
