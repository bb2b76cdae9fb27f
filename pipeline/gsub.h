/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One substitution of mutate's gsub: pattern and replacement, either of which may hold placeholders
 * (filters.md 4). Belongs to a plan and is const; the scratch belongs to a worker. */
#ifndef PIPELINE_GSUB_H
#define PIPELINE_GSUB_H

#include "codec/codec.h"
#include "codec/template.h"

struct gsub;
struct gsub_scratch;

int gsub_compile(const struct plugin_context *ctx, struct slice pattern, struct slice replacement,
                 struct gsub **out, struct err *err);
void gsub_free(struct gsub **g); /* what the arena does not hold */

struct gsub_scratch *gsub_scratch_new(void);
void gsub_scratch_free(struct gsub_scratch **s);

/* 1: appended the new text; 0: no match; -1: text that is no UTF-8, a pattern that turned out
 * illegal, or a search that took too long. */
int gsub_run(const struct gsub *g, struct gsub_scratch *s, struct event *ev, struct slice text,
             struct buf *out, struct err *err);

#endif
