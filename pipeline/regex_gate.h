/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text that every match of a pattern must contain, and its search: a line without it is not
 * given to the engine, which would try every position (reference/grok-regex.md 7). */
#ifndef PIPELINE_REGEX_GATE_H
#define PIPELINE_REGEX_GATE_H

#include "pipeline/regex_tree.h"

#define GATE_BYTES 16

struct regex_gate {
    unsigned char n, rare; /* n 0: there is none; rare: offset of the byte searched for */
    char text[GATE_BYTES];
};

void regex_gate_find(const struct re_tree *tree, bool icase, struct regex_gate *gate);
/* False: the subject holds no match. */
bool regex_gate_open(const struct regex_gate *gate, struct slice subject);

#endif
