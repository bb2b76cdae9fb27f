/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bracket expressions and properties, printed for PCRE2. Their parsing is in
 * regex_parse_priv.h. */
#ifndef PIPELINE_REGEX_SET_H
#define PIPELINE_REGEX_SET_H

#include "codec/base/buf.h"
#include "pipeline/regex_tree.h"

/* A character that there is not. It has a length, for lookbehinds. */
#define REGEX_NO_CHAR "(?:(?!)(?s:.))"

/* One character of the set, as an atom that may be repeated. `utf`: for code points; else for
 * subjects of ASCII only. */
void regex_set_print(const struct re_set *set, enum re_charset charset, bool utf, bool icase,
                     struct buf *out);
/* \w, \d, \s or \h outside brackets. */
void regex_short_print(char letter, bool negated, enum re_charset charset, bool utf,
                       struct buf *out);
/* The set of Unicode's word characters as the body of a bracket. */
extern const char regex_word_body[];
/* The same as \b sees it: below U+0100 Onigmo asks another table, in which a superscript is one. */
extern const char regex_boundary_body[];

#endif
