/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The terminals of the pipeline language, and what was expected where reading got furthest.
 *
 * Logstash's grammar is a PEG; its syntax errors name the furthest character that any attempt
 * reached and every terminal that failed there, in the order first tried. So each terminal here
 * notes its failure, and config_grammar.c tries the alternatives in Logstash's order
 * (config-language.md 1, 2, 12.1). Works on one file's text, which must be valid UTF-8 and stay
 * alive. One thread; no allocation but the arena's. */
#ifndef PIPELINE_CONFIG_LEX_H
#define PIPELINE_CONFIG_LEX_H

#include "codec/base/arena.h"
#include "codec/option.h"

/* Failures kept for the furthest place; the grammar has fewer terminals than this. */
#define CONFIG_EXPECTED_MAX 128

struct config_lexer {
    const char *text;
    uint32_t n;
    uint32_t at; /* next byte */
    uint32_t furthest;
    const char *expected[CONFIG_EXPECTED_MAX]; /* spelled as Logstash prints them */
    uint32_t expected_n;
    uint8_t *quoted; /* a bit for each byte where a string or pattern was read before */
};

void config_lexer_init(struct config_lexer *lx, struct arena *a, struct slice text);

/* Notes that a terminal was wanted here and is not. Always false. */
bool config_lex_fail(struct config_lexer *lx, const char *token);

/* Terminals: true and moved behind it, or false and not moved. */
bool config_lex_literal(struct config_lexer *lx, struct slice literal, const char *token);
bool config_lex_white(struct config_lexer *lx);    /* at least one white space character */
void config_lex_blank(struct config_lexer *lx);    /* white space and comments, maybe none */
bool config_lex_word(struct config_lexer *lx);     /* A-Z a-z 0-9 _ - */
bool config_lex_bareword(struct config_lexer *lx); /* two characters or more */
bool config_lex_number(struct config_lexer *lx);
bool config_lex_string(struct config_lexer *lx); /* with its quotes */
bool config_lex_regex(struct config_lexer *lx);  /* with its slashes */
bool config_lex_selector(struct config_lexer *lx);

#define LEX(lx, lit) config_lex_literal(lx, SLICE(lit), "\"" lit "\"")

/* Lines and columns of a text; asking is cheap everywhere in a text of any length. */
struct config_lines;
struct config_lines *config_lines_new(struct arena *a, struct slice text);
/* Line and column, from 1, in characters. */
struct config_pos config_lines_pos(const struct config_lines *l, uint32_t file, size_t offset);
/* Characters in front of the offset. */
size_t config_lines_chars(const struct config_lines *l, size_t offset);

/* Logstash's sentence: Expected one of ... at line L, column C (byte B) after CONTEXT. context:
 * where the last complete section ended. */
struct buf;
void config_lex_explain(const struct config_lexer *lx, const struct config_lines *lines,
                        uint32_t context, struct buf *out);

#endif
