/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a pattern need not look for, because of the characters that stand beside it. Patterns that
 * are put together of others are full of it, and each piece costs every match:
 * - assertions that hold wherever a match can come by: `\b` between a quote and \w+, or a number's
 *   `(?<![.0-9])` behind a blank;
 * - a lazy dot before a character that must come next, as in `"(.*?)"`: it may run to each place
 *   where that character is, instead of trying the rest of the pattern everywhere.
 * Edits the tree, touches nothing else. */
#ifndef PIPELINE_REGEX_SURE_H
#define PIPELINE_REGEX_SURE_H

#include "pipeline/regex_tree.h"

/* Takes such assertions out of the tree: each becomes an empty sequence. Groups keep their numbers.
 * Lazy dots get their `until`. */
void regex_drop_sure(struct re_tree *tree);

#endif
