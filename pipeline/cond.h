/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions: compiled from the syntax tree once, evaluated per event (config-language.md 5, 6).
 *
 * A compiled condition is const and shared by all workers; what a search needs is in the worker's
 * scratch. Chains of and/or may have any length; brackets are bounded by the parser. */
#ifndef PIPELINE_COND_H
#define PIPELINE_COND_H

#include "codec/codec.h"
#include "codec/event.h"

struct cond;
struct config_condition;
struct regex_scratch;

/* Owns the patterns of any number of conditions: each distinct one is compiled once. Must outlive
 * them. */
struct cond_pool;
struct cond_pool *cond_pool_new(void);
void cond_pool_free(struct cond_pool **p); /* *p may be NULL */

/* All in ctx->arena and the pool. -1: what is wrong is a finding of ctx->findings, at the place of
 * the operand. */
int cond_compile(const struct config_condition *tree, const struct plugin_context *ctx,
                 struct cond_pool *pool, struct cond **out);

enum truth { COND_FALSE, COND_TRUE, COND_FAILED /* *err says why: the event is dropped */ };

enum truth cond_eval(const struct cond *c, struct event *ev, struct regex_scratch *scratch,
                     struct err *err);

#endif
