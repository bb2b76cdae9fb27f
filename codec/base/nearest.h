/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean": the known name that is nearest to one nobody knows. For error texts. */
#ifndef CODEC_BASE_NEAREST_H
#define CODEC_BASE_NEAREST_H

#include "codec/base/slice.h"

/* Longer names are compared by their first so many bytes. */
#define NEAREST_MAX 96

/* Letters to add, drop or change to get from one to the other, letter case ignored. */
size_t nearest_distance(struct slice a, struct slice b);
/* The one with the least distance, the first of equals; NULL when none is near: more than a third
 * of the letters would have to change. names has n entries. */
const char *nearest_name(struct slice unknown, const char *const *names, size_t n);

#endif
