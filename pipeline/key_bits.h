/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which keys an object may have, as a bit set: "no" is certain, "yes" costs a search. For filters
 * that add many members to an event and must know whether each is new. */
#ifndef PIPELINE_KEY_BITS_H
#define PIPELINE_KEY_BITS_H

#include "codec/value.h"

#define KEY_BITS 512

struct key_bits {
    uint64_t word[KEY_BITS / 64];
};

static_assert(KEY_BITS == 1 << 9, "key_bit() gives nine bits");

/* Cheap and weak. */
static inline unsigned
key_bit(struct slice key)
{
    unsigned h = (unsigned)key.n << 6;

    if (key.n > 0)
        h ^= (unsigned)(unsigned char)key.p[0] << 3 ^ (unsigned char)key.p[key.n - 1];
    return h % KEY_BITS;
}

static inline void
key_bits_add(struct key_bits *b, unsigned bit)
{
    b->word[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline bool
key_bits_may_have(const struct key_bits *b, unsigned bit)
{
    return b->word[bit / 64] >> (bit % 64) & 1;
}

/* Adds the members of an object from `from` on. */
static inline void
key_bits_learn(struct key_bits *b, struct arena *a, struct value *object, uint32_t from)
{
    uint32_t n = value_count(a, object);
    const struct value *members = n > 0 ? value_at(a, object, 0) : NULL;

    for (; from < n; from++)
        key_bits_add(b, key_bit(value_key(a, &members[from])));
}

#endif
