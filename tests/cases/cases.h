/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runner of the reference's cases: what its files share. One kind of case, one file. */
#ifndef TESTS_CASES_CASES_H
#define TESTS_CASES_CASES_H

#include "pipeline/config_parse.h"
#include "tests/cases/json_tree.h"

/* One case under way. Everything it makes dies with the arena. */
struct case_run {
    struct arena arena;
    const struct tree *test; /* the case itself */
    const struct tree *want; /* recommended, or expected */
    const char *file;        /* "grok.json" */
    const char *data;        /* folder with the dictionaries of the filters' cases */
    struct buf why;          /* empty: passed */
    bool skipped;            /* why says why */
    bool env_codecs;         /* the real codecs, not the probe of that name */
};

typedef void case_fn(struct case_run *r);
case_fn case_config, case_event, case_filters, case_rubydebug;

/* Notes a failure; the first one stays. */
void case_fail(struct case_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Fails unless both trees are equal. */
void case_same(struct case_run *r, const struct tree *got, const struct tree *want);
bool case_failed(const struct case_run *r);
struct tree *case_json(struct case_run *r, struct slice text);

/* All on one line, for details. */
void findings_text(const struct findings *f, struct buf *out);

#endif
