/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a text costs that a pattern does not match, as far as the pattern's form tells: most of the
 * time that grok takes goes there (reference/grok-regex.md 7). Pure. */
#ifndef PIPELINE_REGEX_MISS_H
#define PIPELINE_REGEX_MISS_H

#include "pipeline/regex_gate.h"

/* NULL: little. Else why it is dear, and what helps: a constant. */
const char *regex_miss_reason(const struct re_tree *tree, const struct regex_gate *gate);

#endif
