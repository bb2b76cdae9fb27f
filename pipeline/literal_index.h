/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of many rules can match a text at all: each rule names texts, one of which must be in it.
 * ASCII letters in either case are the same. Built once, const afterwards. */
#ifndef PIPELINE_LITERAL_INDEX_H
#define PIPELINE_LITERAL_INDEX_H

#include "codec/base/arena.h"

/* A shorter text tells nothing: its rule is always among those that can match. */
#define LITERAL_LEAST 2

struct literal_index;

struct literal_index *literal_index_new(struct arena *a, uint32_t rules);
/* text lies as long as the index, in lower case, LITERAL_LEAST bytes or more. */
void literal_index_add(struct literal_index *x, struct slice text, uint32_t rule);
void literal_index_always(struct literal_index *x, uint32_t rule);

/* Words of 64 rules each in out. */
size_t literal_index_words(const struct literal_index *x);
void literal_index_scan(const struct literal_index *x, struct slice text, uint64_t *out);

#endif
