/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns from anywhere: parsing, printing in every form, compiling, one search.
 *
 * What the translator accepts, PCRE2 may refuse only for reasons of its own (lookbehind without a
 * length, size, unknown script): a syntax error in printed text is a bug. */
#include "pipeline/regex.h"
#include "pipeline/regex_translate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const may_refuse[] = {
    "lookbehind assertion", "too large", "too big",
    "unknown property",     "too many",  "too complicated",
    "\\K is not allowed",   "too long",  "not supported",
    "property name",        "\\C",       "recursive",
};

static void
check_reason(const char *msg)
{
    if (strncmp(msg, "regular expression: ", 20) != 0)
        return; /* the translator's own */
    for (size_t i = 0; i < COUNT(may_refuse); i++)
        if (strstr(msg, may_refuse[i]) != NULL)
            return;
    fprintf(stderr, "refused by the engine: %s\n", msg);
    abort();
}

static void
print_all(struct slice pattern, bool newline)
{
    struct re_flags flags = { .newline = newline };
    struct arena arena;
    struct re_tree tree;
    struct buf out = { 0 };

    arena_init(&arena, NULL);
    if (regex_translate(&arena, pattern, flags, &tree, NULL) == 0)
        for (int form = FORM_ASCII; form <= FORM_UTF_SHARED; form++) {
            buf_clear(&out);
            regex_print(&tree, flags, (enum re_form)form, &out);
        }
    buf_fini(&out);
    arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slice subjects[] = { SLICE_INIT("foo.bar [a] \"x y\" 12:34"),
                                             SLICE_INIT("h\xc3\xa9llo\n[K] e\xcc\x81") };
    struct slice pattern = { (const char *)data, size };
    struct err err = { 0 };
    struct regex *re;
    struct regex_scratch *scratch;
    struct buf out = { 0 };

    if (size > 4096)
        return 0;
    print_all(pattern, size % 2 == 0);
    re = regex_new(pattern, (struct regex_options){ .dot_newline = size % 2 == 0 }, &err);
    if (re == NULL) {
        check_reason(err.msg);
        return 0;
    }
    scratch = regex_scratch_new();
    regex_scratch_timeout(scratch, 20);
    for (size_t i = 0; i < COUNT(subjects); i++) {
        buf_clear(&out);
        regex_gsub(re, scratch, subjects[i], pattern, &out);
    }
    buf_fini(&out);
    regex_scratch_free(scratch);
    regex_free(re);
    return 0;
}
