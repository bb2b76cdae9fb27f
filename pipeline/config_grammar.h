/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logstash's grammar: text to a syntax tree that says what was written where, and nothing about
 * what it means (config-language.md 1). Meaning is config_parse.c's.
 *
 * Alternatives are tried in Logstash's order, since the order decides what a text is and what an
 * error says. Depth and number of parts are limited, with a position. */
#ifndef PIPELINE_CONFIG_GRAMMAR_H
#define PIPELINE_CONFIG_GRAMMAR_H

#include "pipeline/config_lex.h"

/* Brackets of any kind inside one another; hand-written configs stay below twenty. */
#define CONFIG_DEPTH 200
/* Parts (names, values, operators, blocks) of one file: what bounds memory. */
#define CONFIG_PARTS 2000000

enum syntax_kind {
    SYNTAX_ROOT,    /* SECTION* */
    SYNTAX_SECTION, /* WORD, then PLUGIN and BRANCH */
    SYNTAX_PLUGIN,  /* WORD or STRING, then OPTION* */
    SYNTAX_OPTION,  /* WORD or STRING, value */
    SYNTAX_WORD,
    SYNTAX_BAREWORD,
    SYNTAX_STRING, /* quotes included */
    SYNTAX_NUMBER,
    SYNTAX_ARRAY,     /* values, or what an operand may be */
    SYNTAX_HASH,      /* ENTRY* */
    SYNTAX_ENTRY,     /* key, value */
    SYNTAX_BRANCH,    /* ARM+: if, else if, else */
    SYNTAX_ARM,       /* CONDITION unless it is the else, then PLUGIN and BRANCH */
    SYNTAX_CONDITION, /* expression, OPERATOR, expression, ... */
    SYNTAX_OPERATOR,
    SYNTAX_NOT,     /* CONDITION or SELECTOR */
    SYNTAX_COMPARE, /* operand, OPERATOR, operand: all of in, not in, ==, =~, ... */
    SYNTAX_SELECTOR,
    SYNTAX_REGEX, /* slashes included */
    SYNTAX_CALL   /* BAREWORD, operands */
};

struct syntax {
    enum syntax_kind kind;
    uint32_t at, end; /* bytes of the text */
    struct syntax *kids, *last, *next;
};

struct syntax_tree {
    struct syntax *root; /* NULL: it does not parse */
    uint32_t context;    /* where the last complete section ended, for the error text */
    const char *limit;   /* not NULL: this limit was hit, at limit_at */
    uint32_t limit_at;
};

/* lx was initialised on the text; keeps the failures. Everything in the arena. */
struct syntax_tree config_grammar_parse(struct config_lexer *lx, struct arena *a);

#endif
