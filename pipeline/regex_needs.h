/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts of a pattern, one of which every match contains, whatever the case of its letters: so that
 * many patterns need not be tried on a text (literal_index.h). */
#ifndef PIPELINE_REGEX_NEEDS_H
#define PIPELINE_REGEX_NEEDS_H

#include "codec/base/arena.h"

#define REGEX_NEEDS 512

struct regex_needs {
    struct slice *at; /* lower case, in the arena */
    size_t n;         /* 0: nothing can be said */
    unsigned score;   /* higher is rarer */
};

/* How rare a text is in the subjects at hand, from 1; 0: no use. */
typedef unsigned regex_rarity_fn(struct slice text);

struct regex_needs regex_needs_find(struct arena *a, struct slice pattern, regex_rarity_fn *rarity);

#endif
