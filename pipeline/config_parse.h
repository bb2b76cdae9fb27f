/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pipeline text to a syntax tree with positions (config-language.md 1 to 5, 12).
 *
 * Each file is parsed on its own; sections are combined in file order. Bounded: depth and size
 * limits are errors with a position. */
#ifndef PIPELINE_CONFIG_PARSE_H
#define PIPELINE_CONFIG_PARSE_H

#include "codec/option.h"

struct config_source {
    const char *name; /* path, or "config string" */
    struct slice text;
};

enum condition_kind {
    CONDITION_TRUTHY, /* one operand */
    CONDITION_NOT,
    CONDITION_AND,
    CONDITION_OR,
    CONDITION_EQ,
    CONDITION_NEQ,
    CONDITION_LT,
    CONDITION_LTE,
    CONDITION_GT,
    CONDITION_GTE,
    CONDITION_IN,
    CONDITION_MATCH, /* =~; the right side is a pattern text */
    CONDITION_XOR,
    CONDITION_NAND
};

enum operand_kind { OPERAND_FIELD, OPERAND_VALUE, OPERAND_REGEX };

struct operand {
    enum operand_kind kind;
    struct config_pos pos;
    struct slice text;      /* field reference, or pattern */
    struct opt_value value; /* string, number, list */
};

/* Grouped as config-language.md 5.1 says; `not in` and `!~` are a NOT around the other. Chains lean
 * to the right without a limit; only to the left are they bounded by the depth of brackets. */
struct config_condition {
    enum condition_kind kind;
    struct config_pos pos;
    struct config_condition *left, *right; /* NOT: left; comparisons: NULL */
    struct operand a, b;                   /* comparisons; TRUTHY: a */
    bool bare; /* TRUTHY: an operand of and, or, !, not a condition of its own */
};

enum node_kind { NODE_PLUGIN, NODE_IF };

struct config_node {
    enum node_kind kind;
    struct config_pos pos;
    struct opt_plugin plugin;
    struct config_condition *condition; /* NODE_IF */
    struct config_node *then, *otherwise;
    size_t then_n, otherwise_n;
};

struct config_section {
    struct config_node *at;
    size_t n;
};

struct config {
    struct arena arena;
    struct config_source *sources; /* texts are copied */
    size_t sources_n;
    struct config_section input, filter, output;
};

/* Bytes of all sources together. */
#define CONFIG_BYTES (64u << 20)
/* Branches of one if: each `else if` stands inside the one before. */
#define CONFIG_ELSE_IFS 1000

/* Every file's problems are findings; NULL when one is an error. */
struct config *config_parse(const struct config_source *sources, size_t n, bool support_escapes,
                            struct findings *findings);
void config_free(struct config **c);

#endif
