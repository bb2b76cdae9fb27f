/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled conditions: what cond.c (compiling) and cond_eval.c (evaluating) share. */
#ifndef PIPELINE_COND_PRIV_H
#define PIPELINE_COND_PRIV_H

#include "pipeline/cond.h"
#include "pipeline/config_parse.h"

/* A list constant is asked as a set: the texts of its members, sorted. */
struct cond_list {
    struct slice *texts;
    size_t n;
    const struct opt_value *value; /* as written */
};

enum cond_operand_kind { COND_FIELD, COND_TEXT, COND_INT, COND_DOUBLE, COND_LIST };

struct cond_operand {
    enum cond_operand_kind kind;
    struct fieldref ref;
    struct slice text; /* COND_TEXT; of numbers their text form */
    int64_t number;
    double real;
    struct cond_list list;
};

struct cond {
    enum condition_kind kind;
    bool constant; /* TRUTHY and comparisons of constants: the answer is `answer` */
    bool answer;
    const struct cond *left, *right;
    struct cond_operand a, b; /* an ordering comparison has its field in a */
    const struct regex *regex;
};

/* Order of the texts of a list, for qsort and bsearch over struct slice. */
int cond_text_order(const void *x, const void *y);

#endif
