/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Grok patterns by name: one of the two sets in the binary, and what is laid over it.
 *
 * Later definitions replace earlier ones: the set, files in the order given, pattern_definitions
 * (filters.md 5.1). Made while a plan is compiled, by one thread; compiled patterns do not need it
 * any more. */
#ifndef PIPELINE_GROK_PATTERNS_H
#define PIPELINE_GROK_PATTERNS_H

#include "codec/base/error.h"
#include "codec/base/slice.h"

enum grok_set { GROK_LEGACY, GROK_ECS };

struct grok_patterns;
struct regex_store;

struct grok_patterns *grok_patterns_new(enum grok_set set);
void grok_patterns_free(struct grok_patterns *p);
/* Where grok_new() looks for a pattern that is compiled already, and leaves it; NULL: nowhere. */
void grok_patterns_share(struct grok_patterns *p, struct regex_store *store);
struct regex_store *grok_patterns_store(const struct grok_patterns *p);
/* Copies both texts. */
void grok_patterns_add(struct grok_patterns *p, struct slice name, struct slice text);
/* Reads files of lines `NAME regex`: path is one, or a glob of some, or a folder, of which the
 * files that match `pattern` are read, in order of name. How many; -1: one could not be read. */
int grok_patterns_load(struct grok_patterns *p, const char *path, const char *pattern,
                       struct err *err);
/* False: no such pattern. *text lives as long as p and until the name is added anew. */
bool grok_patterns_find(const struct grok_patterns *p, struct slice name, struct slice *text);
/* The names of a set, for tests and tools, sorted; NULL behind the last. */
const char *grok_set_name(enum grok_set set, size_t i);

#endif
