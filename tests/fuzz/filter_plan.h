/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filter blocks under texts from anywhere, for the targets of single filters: each block is a plan
 * of its own, made once, and events go through it the way a worker sends them. */
#ifndef TESTS_FUZZ_FILTER_PLAN_H
#define TESTS_FUZZ_FILTER_PLAN_H

#include "codec/base/slice.h"

#include <stdint.h>

/* The first byte chooses the block, the rest becomes the field message; beside it stand fields of
 * other types. What comes out has to be an event that is still legal JSON. At most 16 blocks. */
void filter_plan_input(const char *const *blocks, size_t n, const uint8_t *data, size_t size);

#endif
