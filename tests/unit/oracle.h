/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oniguruma as judge of what a Ruby regular expression matches; for tests only.
 *
 * Oniguruma is given the pattern as the operator wrote it, but for two things in which it is not
 * Ruby: \w \d \s become their ASCII ranges, and group names, of which it refuses some, become
 * g1, g2, ... in order of appearance. */
#ifndef TESTS_UNIT_ORACLE_H
#define TESTS_UNIT_ORACLE_H

#include "codec/base/buf.h"
#include "pipeline/regex.h"
#include "tests/unit/unit.h"

#include <oniguruma.h>
#include <stdio.h>

struct oracle {
    regex_t *re;
    OnigRegion *region;
};

static inline const char *
oracle_short(char c, bool in_class)
{
    switch (c) {
    case 'w': return in_class ? "0-9A-Za-z_" : "[0-9A-Za-z_]";
    case 'W': return in_class ? "[^0-9A-Za-z_]" : "[^0-9A-Za-z_]";
    case 'd': return in_class ? "0-9" : "[0-9]";
    case 'D': return "[^0-9]";
    case 's': return in_class ? "\\t-\\r " : "[\\t-\\r ]";
    case 'S': return "[^\\t-\\r ]";
    default: return NULL;
    }
}

/* At "(?<": the whole of a named group's opening; 0: it is a lookbehind. */
static inline size_t
oracle_name(struct slice in, size_t at)
{
    size_t close;

    if (in.n - at < 4 || memcmp(in.p + at, "(?<", 3) != 0 || in.p[at + 3] == '=' ||
        in.p[at + 3] == '!')
        return 0;
    close = slice_find_byte(in, '>', at);
    return close == SIZE_MAX ? 0 : close + 1 - at;
}

static inline void
oracle_rewrite(struct slice in, bool rename, struct buf *out)
{
    unsigned depth = 0, names = 0;

    for (size_t i = 0; i < in.n; i++) {
        const char *s =
            in.p[i] == '\\' && i + 1 < in.n ? oracle_short(in.p[i + 1], depth > 0) : NULL;
        size_t name = rename && depth == 0 ? oracle_name(in, i) : 0;

        if (s != NULL) {
            buf_append(out, slice_of(s));
            i++;
        } else if (in.p[i] == '\\' && i + 1 < in.n) {
            buf_append(out, (struct slice){ in.p + i, 2 });
            i++;
        } else if (depth > 0 && slice_starts((struct slice){ in.p + i, in.n - i }, SLICE("[:")) &&
                   slice_find(in, SLICE(":]"), i) != SIZE_MAX) {
            size_t end = slice_find(in, SLICE(":]"), i) + 2;

            buf_append(out, slice_between(in.p + i, in.p + end));
            i = end - 1;
        } else if (name > 0) {
            buf_printf(out, "(?<g%u>", ++names);
            i += name - 1;
        } else {
            if (in.p[i] == '[')
                depth++;
            else if (in.p[i] == ']' && depth > 0)
                depth--;
            buf_byte(out, in.p[i]);
        }
    }
}

/* False if Oniguruma refuses it; its reason is in `why`. */
static inline bool
oracle_init(struct oracle *o, struct slice pattern, bool dot_newline, bool rename, char why[128])
{
    static bool started;
    struct buf text = { 0 };
    OnigErrorInfo info;
    int rc;

    if (!started) {
        OnigEncoding utf8 = ONIG_ENCODING_UTF8;
        onig_initialize(&utf8, 1);
        started = true;
    }
    oracle_rewrite(pattern, rename, &text);
    buf_cstr(&text);
    rc = onig_new(&o->re, (const OnigUChar *)text.p, (const OnigUChar *)text.p + text.n,
                  dot_newline ? ONIG_OPTION_MULTILINE : ONIG_OPTION_NONE, ONIG_ENCODING_UTF8,
                  ONIG_SYNTAX_RUBY, &info);
    buf_fini(&text);
    o->region = onig_region_new();
    if (rc == ONIG_NORMAL)
        return true;
    why[onig_error_code_to_str((OnigUChar *)why, rc, &info)] = '\0';
    o->re = NULL;
    return false;
}

static inline void
oracle_fini(struct oracle *o)
{
    onig_free(o->re);
    onig_region_free(o->region, 1);
}

/* 1, 0, or -1: it gave up (its own limits). */
static inline int
oracle_search(struct oracle *o, struct slice s)
{
    const OnigUChar *p = (const OnigUChar *)s.p;
    int at;

    onig_region_clear(o->region);
    at = onig_search(o->re, p, p + s.n, p, p + s.n, o->region, ONIG_OPTION_NONE);
    return at >= 0 ? 1 : at == ONIG_MISMATCH ? 0 : -1;
}

/* Both engines on one subject: the same answer, and the same text in every group. */
static inline void
oracle_compare(struct oracle *o, const struct regex *re, struct regex_scratch *scratch,
               const char *pattern, struct slice subject)
{
    int want = oracle_search(o, subject);
    enum regex_result got = regex_search(re, scratch, subject, 0);

    if (want < 0)
        return;
    ck_assert_msg(got == (want ? REGEX_MATCH : REGEX_NO_MATCH), "/%s/ on \"%.*s\": got %d, want %d",
                  pattern, SLICE_ARGS(subject), (int)got, want ? REGEX_MATCH : REGEX_NO_MATCH);
    if (!want)
        return;
    ck_assert_uint_eq(regex_groups(re) + 1, (unsigned)o->region->num_regs);
    for (int i = 0; i < o->region->num_regs; i++) {
        struct slice group = regex_group(scratch, (unsigned)i);
        int beg = o->region->beg[i], end = o->region->end[i];

        ck_assert_msg(beg < 0 ? group.p == NULL
                              : group.p == subject.p + beg && group.n == (size_t)(end - beg),
                      "/%s/ on \"%.*s\", group %d: got \"%.*s\", want \"%.*s\"", pattern,
                      SLICE_ARGS(subject), i, SLICE_ARGS(group), beg < 0 ? 4 : end - beg,
                      beg < 0 ? "none" : subject.p + beg);
    }
}

#endif
