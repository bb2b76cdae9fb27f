/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the two halves of the pattern parser: regex_parse.c (groups, repeats, atoms) and
 * regex_set.c (bracket expressions and properties). */
#ifndef PIPELINE_REGEX_PARSE_PRIV_H
#define PIPELINE_REGEX_PARSE_PRIV_H

#include "pipeline/regex_tree.h"

struct re_list {
    struct re_node **at;
    uint32_t n, cap;
};

struct re_parser {
    struct arena *arena;
    struct slice text;
    size_t at;
    struct re_flags flags; /* in force here */
    unsigned depth;
    struct re_tree *tree;
    struct re_list captures; /* named and plain, in the order in which they open */
    struct re_list refs;     /* to be resolved when all groups are known */
    struct err *err;
};

/* Always -1; the message ends in the offset and the text around it. */
int re_fail(struct re_parser *p, size_t pos, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static inline bool
re_more(const struct re_parser *p)
{
    return p->at < p->text.n;
}

static inline char
re_peek(const struct re_parser *p)
{
    return p->text.p[p->at];
}

static inline bool
re_looking_at(const struct re_parser *p, const char *what)
{
    size_t n = strlen(what);

    return p->text.n - p->at >= n && memcmp(p->text.p + p->at, what, n) == 0;
}

static inline bool
re_skip(struct re_parser *p, const char *what)
{
    if (!re_looking_at(p, what))
        return false;
    p->at += strlen(what);
    return true;
}

/* The next code point; the pattern was validated, so there is one. */
uint32_t re_take_char(struct re_parser *p);
/* What stands behind a backslash and means one code point (\n, \x41, \u{41}, \012, \cA, or the
 * character itself). The backslash is taken, the rest is not. */
int re_take_escape(struct re_parser *p, size_t start, uint32_t *code);
/* Behind "[". */
int re_take_set(struct re_parser *p, struct re_set **out);
/* Behind \p or \P, at the brace. */
int re_take_property(struct re_parser *p, size_t start, bool negated, struct set_item *out);

#endif
