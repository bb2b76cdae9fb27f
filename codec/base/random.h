/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small fast generator for ids, jitter and shuffles; seeded from the system, not for secrets. */
#ifndef CODEC_BASE_RANDOM_H
#define CODEC_BASE_RANDOM_H

#include "codec/base/error.h"

struct rng {
    uint64_t state[2];
};

int rng_seed(struct rng *r, struct err *err); /* from getrandom */
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t limit); /* 0 .. limit - 1; limit > 0 */

#define UUID_TEXT 36
/* Version 4, lower case, no NUL. */
void uuid4_print(struct rng *r, char text[UUID_TEXT]);

#endif
