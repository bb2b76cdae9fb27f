/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ruby's regular expressions, written for PCRE2 with the same meaning
 * (reference/grok-regex.md 4).
 *
 * A pattern has two forms: one for subjects of ASCII only, compiled without UTF, smaller and
 * faster; and one for code points, compiled with PCRE2_UTF and PCRE2_UCP. Both want
 * PCRE2_MULTILINE, newline LF, and PCRE2_DOTALL if re_flags.newline was set. Pure, any thread. */
#ifndef PIPELINE_REGEX_TRANSLATE_H
#define PIPELINE_REGEX_TRANSLATE_H

#include "codec/base/buf.h"
#include "pipeline/regex_tree.h"

/* Parses, refuses what PCRE2 cannot do, and simplifies. The same pattern gives the same tree. */
int regex_translate(struct arena *arena, struct slice pattern, struct re_flags flags,
                    struct re_tree *tree, struct err *err) __attribute__((warn_unused_result));

enum re_form {
    FORM_ASCII,
    FORM_UTF,
    /* What repeats is written once and called: for PCRE2's limit of 64 KB. */
    FORM_ASCII_SHARED,
    FORM_UTF_SHARED
};

void regex_print(const struct re_tree *tree, struct re_flags flags, enum re_form form,
                 struct buf *out);
/* The ASCII form says the same about ASCII subjects. Not so when letters beyond ASCII fold to
 * letters within. */
bool regex_has_ascii_form(const struct re_tree *tree);

#endif
