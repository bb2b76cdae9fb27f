/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where PCRE2 would miss matches or find wrong ones, because it optimizes too much.
 *
 * Machine code remembers near the start of a pattern how far an iterator such as \w+ ran, and lets
 * it fail at once at the next start position when that lies in the same run: whatever follows has
 * been tried there. That is not so
 * - in an atomic group, if the iterator is lazy, one branch of several, or reached at several
 *   places: what the group settled for at the first position is not what it takes, or refuses, at
 *   the next: (?>\w\w+?)$ misses;
 * - behind branches of unequal length: the iterator is reached at several places from one start
 *   position: (?:a|b|)c*b misses.
 * And whoever runs it, an iterator is made possessive if what follows begins with nothing that it
 * takes; behind an atomic group that may be empty it looks no further: \W*(?>(?:ab)?)\W misses.
 * A lookahead at the start tells the first character of a match, and then a character that must
 * come later is sought behind it, though it may be the same: (?=b)a?b misses b.
 *
 * Found by chance patterns in PCRE2 10.42; 10.43 mends the first, not all. A group that is repeated
 * no times costs nothing at run time, and these optimizations end at it: a fence in front of such a
 * place leaves the pattern its machine code, and what stands before its memory. The lookahead gets
 * a branch that never matches. Edits nothing but re_node.fence. */
#ifndef PIPELINE_REGEX_FENCE_H
#define PIPELINE_REGEX_FENCE_H

#include "pipeline/regex_tree.h"

/* True: there is a fence. */
bool regex_fence(struct re_tree *tree);

#endif
