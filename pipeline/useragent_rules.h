/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a user agent calls itself, by the rules of a regexes.yaml of uap-core: three lists of
 * patterns, the first that is found wins (filters.md 20).
 *
 * Built once, const afterwards; any number of workers ask. */
#ifndef PIPELINE_USERAGENT_RULES_H
#define PIPELINE_USERAGENT_RULES_H

#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "pipeline/regex.h"

/* What is longer is judged by its front. */
#define USERAGENT_BYTES ((size_t)16 << 10)

struct useragent_rules;

/* family and up to four parts of a version; absent ones have n 0. */
struct useragent_name {
    struct slice family;
    struct slice part[4];
};

struct useragent {
    struct useragent_name agent, os;
    struct slice device;
};

/* Errors name the file and the rule. */
struct useragent_rules *useragent_rules_load(const char *path, struct err *err);
void useragent_rules_free(struct useragent_rules **r); /* *r may be NULL */

/* Results alias rules and scratch; good until the next call with that scratch. "Other" where no
 * rule fits. */
struct useragent_scratch {
    struct regex_scratch *regex;
    uint64_t *may_match;
    struct buf text; /* the agent, when it had to be repaired */
    struct buf made; /* replacements with groups in them */
};

void useragent_scratch_init(struct useragent_scratch *s, const struct useragent_rules *r);
void useragent_scratch_fini(struct useragent_scratch *s);

void useragent_parse(const struct useragent_rules *r, struct useragent_scratch *s,
                     struct slice text, struct useragent *out);

#endif
