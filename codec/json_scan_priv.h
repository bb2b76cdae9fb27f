/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the files of the JSON scanner: what a walk over a container finds, and its two forms.
 *
 * A walk checks the whole container and notes where the members of its top level end; nodes are
 * made from those marks afterwards, so both forms share everything but the walk itself. */
#ifndef CODEC_JSON_SCAN_PRIV_H
#define CODEC_JSON_SCAN_PRIV_H

#include "codec/json_scan.h"

/* Marks that lie on the caller's stack: 128 members, more than any Beat sends. */
#define JSON_FEW_MARKS 256
/* A walk appends the marks of one block without looking at the room. */
#define JSON_BLOCK 64

struct json_walk {
    const char *text;
    size_t n;        /* at most UINT32_MAX */
    uint32_t depth;  /* limit; 1 is the root alone */
    size_t start;    /* the root's opening bracket stands here */
    size_t end;      /* out: behind its closing one */
    bool line_ends;  /* out: some between tokens */
    bool surrogates; /* out: some among the escapes, paired or not */
    bool wide;       /* out: some number is no int64, or nobody has looked */
    size_t slash[2]; /* out: first and last backslash, or further out; first > last: none */
    uint32_t *marks; /* out. Object: colon, comma, colon, ..., brace. Array: comma, ..., bracket */
    size_t marks_n, marks_cap;
    unsigned char *kinds; /* scalar form: what is open at each level, 1 for an object */
    uint32_t few_marks[JSON_FEW_MARKS];
    unsigned char few_kinds[JSON_DEPTH + 1];
};

void json_walk_init(struct json_walk *w, const char *text, size_t n, size_t start, uint32_t depth);
void json_walk_fini(struct json_walk *w);
void json_walk_more_marks(struct json_walk *w); /* room for another JSON_BLOCK of them */

static inline void
json_walk_room(struct json_walk *w)
{
    if (w->marks_cap - w->marks_n < JSON_BLOCK)
        json_walk_more_marks(w);
}

/* -1: *err says what and where. */
int json_walk_scalar(struct json_walk *w, struct err *err);

/* A vector form. */
struct json_vector {
    int (*walk)(struct json_walk *w); /* -1: the scalar form will say why */
    void (*known)(
        struct json_walk *w); /* for text that was checked before: marks and backslashes */
};
/* By enum json_isa, for those that are here; JSON_SCALAR has none. */
extern const struct json_vector json_vectors[];
bool json_isa_here(enum json_isa isa);

/* Whether p, a \\u and four hexadecimal digits, stands for half of a pair. */
static inline bool
json_is_surrogate(const char *p)
{
    return p[1] == 'u' && (p[2] | 0x20) == 'd' && p[3] >= '8';
}

/* Always -1: the message is what, and the place. */
int json_fail(struct err *err, enum err_code code, size_t at, const char *what);
/* Offset behind the string whose opening quote stands at `at`; 0 and *err when it is not valid. */
size_t json_string_end(const char *text, size_t at, size_t n, struct err *err);
/* Offset behind the number at `at`, which is `at` itself when there is none. */
size_t json_number_end(const char *text, size_t at, size_t n, enum value_type *type);
/* The same for true, false and null. */
size_t json_literal_end(const char *text, size_t at, size_t n, enum value_type *type);

static inline bool
json_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline size_t
json_skip_blanks(const char *text, size_t at, size_t n)
{
    while (at < n && json_is_blank(text[at]))
        at++;
    return at;
}

/* Nodes for what stands between the marks. */
void json_nodes_make(struct arena *a, const struct json_walk *w, struct kids *out);
/* One scalar, opaque containers included: raw is its exact text. */
struct value json_node(const struct json_walk *w, size_t from, size_t to);
/* Of equal keys the last one stays. True if any went. Keys may have ARENA_PAD bytes behind them. */
bool json_nodes_unique(struct arena *a, struct kids *kids);

#endif
