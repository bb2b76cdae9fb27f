/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers to texts that come again: a bounded cache of one worker.
 *
 * Sets of a few entries by the hash of the key; in a full set the one that was not asked for
 * longest goes. Bounded in entries and bytes, so it does not matter what keys a sender chooses. */
#ifndef PIPELINE_TEXT_CACHE_H
#define PIPELINE_TEXT_CACHE_H

#include "codec/base/slice.h"

/* Longer keys and values are not kept. */
#define TEXT_CACHE_ENTRY ((size_t)16 << 10)

struct text_cache;

struct text_cache *text_cache_new(size_t entries, size_t bytes); /* both at least 1 */
void text_cache_free(struct text_cache **c);                     /* *c may be NULL */

/* The key will be asked for, after fewer than TEXT_CACHE_AHEAD others that were announced before
 * it: where it is in memory is fetched meanwhile. It stays where it is until then. */
#define TEXT_CACHE_AHEAD 8
void text_cache_ahead(struct text_cache *c, struct slice key);
/* False: not there. *value is good until the next put. */
bool text_cache_get(struct text_cache *c, struct slice key, struct slice *value);
void text_cache_put(struct text_cache *c, struct slice key, struct slice value);

#endif
