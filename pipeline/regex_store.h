/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The compiled patterns of a process that are in use: each distinct one is there once, in however
 * many filters and pipelines it stands, and so is its machine code. Any thread; a lock while
 * compiling and freeing, none while searching. */
#ifndef PIPELINE_REGEX_STORE_H
#define PIPELINE_REGEX_STORE_H

#include "pipeline/regex.h"

struct regex_store *regex_store_new(void);
/* Gives up the owner's part. The store goes with the last pattern that is still in use; *s may be
 * NULL. */
void regex_store_drop(struct regex_store **s);
size_t regex_store_count(struct regex_store *s); /* distinct patterns in use */

/* For regex.c: what regex_new and regex_free do for patterns that are shared. */
struct regex_entry;
struct regex *regex_store_take(struct regex_store *s, struct slice pattern,
                               struct regex_options options, struct err *err);
void regex_store_give(struct regex_entry *e);
void regex_set_entry(struct regex *re, struct regex_entry *e);
struct slice regex_pattern(const struct regex *re);
struct regex_options regex_options_of(const struct regex *re);

#endif
