/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files that give a syntax tree its meaning share: config_parse.c (sections and blocks),
 * config_value.c (values, options and their merging), config_condition.c (grouping). Private to
 * them. Problems are findings; building goes on, so that one run shows them all. */
#ifndef PIPELINE_CONFIG_BUILD_H
#define PIPELINE_CONFIG_BUILD_H

#include "pipeline/config_grammar.h"
#include "pipeline/config_parse.h"

struct config_build {
    struct arena *arena; /* of the config */
    struct slice text;   /* of the file; lives as long as the config */
    const struct config_lines *lines;
    uint32_t file;
    bool support_escapes;
    const char *section; /* "filter" */
    struct findings *findings;
};

struct slice build_text(const struct config_build *b, const struct syntax *s);
struct slice build_brief(const struct config_build *b, const struct syntax *s); /* for messages */
struct config_pos build_pos(const struct config_build *b, const struct syntax *s);
size_t build_count(const struct syntax *first); /* it and those after it */

/* A string's text between its quotes, escapes as the setting says. */
struct slice build_string(const struct config_build *b, const struct syntax *s);
struct opt_value build_value(const struct config_build *b, const struct syntax *s);
struct opt_plugin build_plugin(const struct config_build *b, const struct syntax *s);
struct config_condition *build_condition(const struct config_build *b, const struct syntax *s);

/* Folds the values that one option was given, in order (config-language.md 4). n > 0. */
struct opt_value config_merge(struct arena *a, const struct opt_value *const *given, size_t n,
                              bool *incompatible);

#endif
