/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Assertions of a pattern that hold wherever a match can come by, because of the characters that
 * stand before and behind them: `\b` between a quote and \w+, or a number's `(?<![.0-9])` behind a
 * blank. Patterns that are put together of others are full of them, and each costs every match.
 * Pure. */
#ifndef PIPELINE_REGEX_SURE_H
#define PIPELINE_REGEX_SURE_H

#include "pipeline/regex_tree.h"

/* Takes them out of the tree: each becomes an empty sequence. Groups keep their numbers. */
void regex_drop_sure(struct re_tree *tree);

#endif
