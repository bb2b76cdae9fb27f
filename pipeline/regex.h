/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regular expressions of Ruby's dialect, as Logstash's options have them, over PCRE2.
 *
 * A `struct regex` belongs to a plan, or to all that found it in one store, and is const for its
 * users: any number of workers search with it at once, each with a `struct regex_scratch` of its
 * own. Compiling is cheap; machine code is made at the first search and published through one
 * atomic pointer a form. Subjects are UTF-8; one that is not is REGEX_BAD_TEXT, as Ruby raises
 * there (reference/grok-regex.md 5).
 * \w \d \s are ASCII, \b and POSIX brackets Unicode; ^ and $ match at every line. */
#ifndef PIPELINE_REGEX_H
#define PIPELINE_REGEX_H

#include "codec/base/buf.h"
#include "codec/base/error.h"

struct regex;
struct regex_scratch;
struct regex_store; /* regex_store.h */

struct regex_options {
    bool dot_newline; /* grok and multiline; not gsub, kv, prune, translate, conditions */
    bool icase;
    bool java; /* uap-core's dialect: handed to PCRE2 as it stands, ^ and $ at the ends only */
    struct regex_store *store; /* where the same pattern may be already; NULL: compiled anew */
};

enum regex_result {
    REGEX_MATCH,
    REGEX_NO_MATCH,
    REGEX_BAD_TEXT, /* the subject is not UTF-8 */
    REGEX_TIMEOUT   /* time, or the memory a search may take, is used up */
};

/* NULL with *err: what, where (err->pos too). The pattern is copied. With a store it may be one
 * that others have too; regex_free() gives it back in either case. */
struct regex *regex_new(struct slice pattern, struct regex_options options, struct err *err);
void regex_free(struct regex *re);
unsigned regex_groups(const struct regex *re);
/* Of group 1 to regex_groups(); empty for one without a name. Lives as long as re. */
struct slice regex_group_name(const struct regex *re, unsigned group);

/* Why a text that it does not match is dear; NULL: it is not, as far as the pattern tells. */
const char *regex_dear_miss(const struct regex *re);

/* Belongs to one thread. Holds the engine's stack, up to 16 MiB when a pattern needs it. */
struct regex_scratch *regex_scratch_new(void);
void regex_scratch_free(struct regex_scratch *s);
/* For the searches that follow; 0: no limit. 30 s at first, Logstash's default. */
void regex_scratch_timeout(struct regex_scratch *s, uint64_t timeout_ms);

/* Milliseconds of a clock that does not jump, for deadlines over several searches. */
uint64_t regex_now_ms(void);

/* The leftmost match at or after `from`. The groups are in the scratch until its next search. */
enum regex_result regex_search(const struct regex *re, struct regex_scratch *s,
                               struct slice subject, size_t from);
/* The same for the subject of the last search, further on: cheaper, for loops over matches. */
enum regex_result regex_search_on(const struct regex *re, struct regex_scratch *s, size_t from);
/* Of the last match; 0 is the whole. p is NULL if the group took no part. Aliases the subject. */
struct slice regex_group(const struct regex_scratch *s, unsigned group);
/* The same for all groups at once: *n pairs of offsets in the subject, those of a group that took
 * no part REGEX_UNSET. Groups behind *n took none. */
#define REGEX_UNSET SIZE_MAX
const size_t *regex_spans(const struct regex_scratch *s, unsigned *n);

/* Ruby's gsub: every match, empty ones too, gives way to the replacement, in which \1 to \9,
 * \0, \&, \`, \', \k<name> and \\ are special. Appends the whole new text to *out when there was
 * a match; nothing if not. Not MATCH: what *out has is of no use. A sender may choose text and
 * replacement, so the new text is bounded. */
#define REGEX_GSUB_BYTES (256u << 20)
enum regex_result regex_gsub(const struct regex *re, struct regex_scratch *s, struct slice subject,
                             struct slice replacement, struct buf *out);

/* The engine's name and version, for --version. */
const char *regex_engine(char *text, size_t size);

#endif
