/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pattern of an option that may hold placeholders: then it is compiled for each event, unless the
 * text is that of the last one. A pattern belongs to a plan and is const, the scratch to a worker.
 */
#ifndef PIPELINE_PATTERN_H
#define PIPELINE_PATTERN_H

#include "codec/codec.h"
#include "codec/template.h"
#include "pipeline/regex.h"

struct pattern;

struct pattern_scratch {
    struct regex_scratch *regex;
    struct pattern_made *made; /* one for each pattern with placeholders that was used */
    size_t n, cap;
    struct buf text;
};

/* Without interpolate, placeholders are part of the pattern. */
int pattern_compile(const struct plugin_context *ctx, struct slice text, bool interpolate,
                    struct pattern **out, struct err *err);
void pattern_free(struct pattern **p); /* what the arena does not hold; *p may be NULL */

void pattern_scratch_init(struct pattern_scratch *s);
void pattern_scratch_fini(struct pattern_scratch *s);

/* NULL: what the event made of it is no pattern. Good until the next call. */
const struct regex *pattern_of(const struct pattern *p, struct pattern_scratch *s, struct event *ev,
                               struct err *err);
/* False also when it cannot be said. */
bool pattern_matches(const struct pattern *p, struct pattern_scratch *s, struct event *ev,
                     struct slice subject);

#endif
