/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Large buffers that are used again: of view bodies, whose pages would else be mapped, cleared and
 * unmapped for each batch (0.2 us an event of 1.2 KB; bench: es_bench).
 *
 * Workers take, whoever settles a view gives back. Spares are charged as idle, are few, and go when
 * nobody asked for them for a while. Any thread. */
#ifndef SINKS_BODY_POOL_H
#define SINKS_BODY_POOL_H

#include "codec/base/budget.h"
#include "codec/base/buf.h"

struct body_pool;

struct body_pool *body_pool_new(struct budget_share *share);
void body_pool_free(struct body_pool **p); /* *p may be NULL */
/* An empty buffer, a spare one if there is any. *out must be empty. */
void body_pool_take(struct body_pool *p, struct buf *out);
/* Takes the memory; *b is empty afterwards. */
void body_pool_give(struct body_pool *p, struct buf *b);
/* Called four times a second: spares that nobody took for two seconds go. */
void body_pool_tick(struct body_pool *p);

#endif
