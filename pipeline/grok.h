/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Grok: `%{SYNTAX:semantic:type}` written out to one regular expression, and what its groups are
 * called (filters.md 5.2, 5.3). Matching is regex_search() with grok_regex(); storing is the
 * filter's. Const after grok_new(), any number of workers. */
#ifndef PIPELINE_GROK_H
#define PIPELINE_GROK_H

#include "pipeline/grok_patterns.h"
#include "pipeline/regex.h"

struct grok;

enum grok_type { GROK_TEXT, GROK_INT, GROK_FLOAT };

struct grok_capture {
    struct slice field;  /* the semantic; lives as long as the grok */
    unsigned group;      /* of the regex */
    enum grok_type type; /* of groups with one full name only the first is converted */
};

/* NULL with *err: "pattern %{NOPE:x} not defined", too much recursion, or a bad regex. */
struct grok *grok_new(const struct grok_patterns *patterns, struct slice text,
                      bool named_captures_only, struct err *err);
void grok_free(struct grok *g);
const struct regex *grok_regex(const struct grok *g);
/* The expanded pattern, as the operator's dialect has it. */
struct slice grok_expanded(const struct grok *g);
/* In the order in which they are stored; *n of them. */
const struct grok_capture *grok_captures(const struct grok *g, size_t *n);

/* Ruby's to_i: the digits of the leading integer, any size, "0" if there is none. Appends. */
void grok_print_int(struct slice text, struct buf *out);
/* Ruby's to_f: the longest number at the front, 0.0 if there is none. */
double grok_to_float(struct slice text);

#endif
