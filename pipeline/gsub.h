/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One substitution of mutate's gsub: pattern and replacement, either of which may hold placeholders
 * (filters.md 4). Belongs to a plan and is const; the scratch belongs to a worker. */
#ifndef PIPELINE_GSUB_H
#define PIPELINE_GSUB_H

#include "pipeline/pattern.h"

struct gsub {
    struct pattern *pattern;
    struct template *replacement; /* NULL: literal */
    struct slice literal;
};

struct gsub_scratch {
    struct pattern_scratch pattern;
    struct buf replacement;
};

int gsub_compile(const struct plugin_context *ctx, struct slice pattern, struct slice replacement,
                 struct gsub *out, struct err *err);
void gsub_dispose(struct gsub *g); /* what the arena does not hold */

void gsub_scratch_init(struct gsub_scratch *s);
void gsub_scratch_fini(struct gsub_scratch *s);

/* 1: appended the new text; 0: no match; -1: text that is no UTF-8, a pattern that turned out
 * illegal, or a search that took too long. */
int gsub_run(const struct gsub *g, struct gsub_scratch *s, struct event *ev, struct slice text,
             struct buf *out, struct err *err);

#endif
