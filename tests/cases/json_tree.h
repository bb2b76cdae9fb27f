/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON for the case files: a plain tree that keeps the digits of numbers, so that 5 is not 5.0 and
 * no integer is too big. Own reader, since the product's is what is under test. */
#ifndef TESTS_CASES_JSON_TREE_H
#define TESTS_CASES_JSON_TREE_H

#include "codec/base/arena.h"
#include "codec/base/buf.h"

enum tree_kind { TREE_NULL, TREE_BOOL, TREE_NUMBER, TREE_STRING, TREE_ARRAY, TREE_OBJECT };

struct tree {
    enum tree_kind kind;
    bool truth;
    struct slice text; /* strings without escapes; numbers as written */
    struct slice key;  /* in an object */
    struct tree *kids, *next;
    size_t n;
};

/* NULL: no JSON; *at is then where. */
struct tree *tree_parse(struct arena *a, struct slice text, size_t *at);
/* NULL: no such member, or t is no object (or NULL). */
const struct tree *tree_get(const struct tree *t, const char *key);
/* Text of a member; p NULL when there is none. */
struct slice tree_text(const struct tree *t, const char *key);
bool tree_is_true(const struct tree *t, const char *key);
void tree_write(const struct tree *t, struct buf *out);
/* Order of members is free, classes of numbers count. The first difference is said in *why. */
bool tree_equal(const struct tree *got, const struct tree *want, struct buf *why);

/* Building. */
struct tree *tree_new(struct arena *a, enum tree_kind kind);
struct tree *tree_string(struct arena *a, struct slice text);
struct tree *tree_add(struct tree *into, struct tree *kid);
struct tree *tree_set(struct arena *a, struct tree *object, struct slice key, struct tree *kid);

#endif
