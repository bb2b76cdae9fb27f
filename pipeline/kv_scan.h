/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of key-value pairs: what one regular expression would find (filters.md 8), and does when
 * the separators are patterns; kv_plain.h does the rest. Patterns that begin with no backslash make
 * an expression that finds the same without the exponential time that Logstash's takes for
 * backslashes. What becomes of the pairs is the filter's. */
#ifndef PIPELINE_KV_SCAN_H
#define PIPELINE_KV_SCAN_H

#include "codec/base/error.h"
#include "pipeline/regex.h"

struct kv_syntax {
    struct slice field_split, value_split;                 /* bodies of a bracket */
    struct slice field_split_pattern, value_split_pattern; /* p NULL: not given */
    bool strict, brackets;
    bool by_regex;             /* in any case: for comparing */
    struct regex_store *store; /* of patterns; may be NULL */
};

/* Separators that are plain characters; see kv_plain.h. */
struct kv_plain {
    uint16_t bits[256];
    bool strict;
};

struct kv_scan {
    struct regex *pair, *split; /* NULL when plain */
    bool is_plain;
    struct kv_plain plain;
};

int kv_scan_compile(const struct kv_syntax *syntax, struct kv_scan *out, struct err *err);
void kv_scan_fini(struct kv_scan *k);

struct kv_pair {
    struct slice key, value; /* alias the text; value is empty when there is none */
};

/* What was found, behind what was there. */
struct kv_pairs {
    struct kv_pair *at;
    size_t n, cap;
};

static inline void
kv_pairs_push(struct kv_pairs *pairs, struct kv_pair pair)
{
    if (pairs->n == pairs->cap) {
        pairs->cap = pairs->cap == 0 ? 64 : pairs->cap * 2;
        pairs->at = xrealloc(pairs->at, pairs->cap * sizeof *pairs->at);
    }
    pairs->at[pairs->n++] = pair;
}

/* MATCH: there were some. valid: the text is known to be UTF-8. deadline_ms as regex_now_ms()
 * counts, 0: none; a plain scan of less than KV_UNWATCHED bytes does not look at it. The scratch is
 * for patterns. */
#define KV_UNWATCHED ((size_t)2048)
enum regex_result kv_scan_text(const struct kv_scan *k, struct regex_scratch *s, struct slice text,
                               bool valid, uint64_t deadline_ms, struct kv_pairs *out);

#endif
