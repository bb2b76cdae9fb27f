/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dissect: text cut at literal delimiters, `%{a} %{+b/2->} %{?c}=%{&c}` (filters.md 9).
 *
 * A pattern is compiled into the plan's arena and const; matching allocates nothing. What the
 * pieces mean for an event is the filter's. */
#ifndef PIPELINE_DISSECT_H
#define PIPELINE_DISSECT_H

#include "codec/base/arena.h"
#include "codec/base/error.h"

enum dissect_kind {
    DISSECT_PLAIN,
    DISSECT_SKIP,
    DISSECT_APPEND,
    DISSECT_INDIRECT /* the name is the value of another field */
};

struct dissect_field {
    enum dissect_kind kind;
    struct slice name;
    struct slice joiner;    /* in front of what is appended */
    struct slice delimiter; /* behind the field; of the last one empty */
    bool greedy;            /* the delimiter may repeat */
    unsigned order;         /* DISSECT_APPEND */
};

struct dissect {
    struct slice prefix;
    struct dissect_field *fields;
    size_t n; /* with a field to skip at the end, when text stands there */
};

/* -1: no field, or a field that means nothing; *err names it. */
int dissect_compile(struct arena *a, struct slice pattern, struct dissect *out, struct err *err);
/* The text of each field in values[0..n), aliasing the text. False: a delimiter is missing. */
bool dissect_match(const struct dissect *d, struct slice text, struct slice *values);

#endif
