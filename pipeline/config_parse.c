/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/config_parse.h"

#include "codec/base/buf.h"
#include "codec/base/name_index.h"
#include "codec/utf8.h"
#include "pipeline/config_build.h"

#include <stdlib.h>

static struct config_node *nodes(const struct config_build *b, const struct syntax *first,
                                 size_t *n);

/* ---- blocks ---- */

/* The arms of an if become a chain: each in the else of the one before. */
static void
branch(const struct config_build *b, const struct syntax *s, struct config_node *node)
{
    size_t links = 0;

    for (const struct syntax *arm = s->kids; arm != NULL; arm = arm->next) {
        bool last_else = arm->kids == NULL || arm->kids->kind != SYNTAX_CONDITION;

        if (last_else) {
            node->otherwise = nodes(b, arm->kids, &node->otherwise_n);
            return;
        }
        if (arm != s->kids) {
            node->otherwise = arena_calloc(b->arena, 1, sizeof *node);
            node->otherwise_n = 1;
            node = node->otherwise;
        }
        node->kind = NODE_IF;
        node->pos = build_pos(b, arm);
        if (++links > CONFIG_ELSE_IFS) {
            findings_add(b->findings, FINDING_ERROR, node->pos, "split it, or use a dictionary",
                         "More than %d branches of one if", CONFIG_ELSE_IFS);
            return;
        }
        node->condition = build_condition(b, arm->kids);
        node->then = nodes(b, arm->kids->next, &node->then_n);
    }
}

static void
warn_input_condition(const struct config_build *b, const struct syntax *s)
{
    if (strcmp(b->section, "input") == 0)
        findings_add(b->findings, FINDING_WARN, build_pos(b, s),
                     "put the condition into the filter or output section",
                     "A condition in the input section has no effect: the inputs inside it run "
                     "unconditionally");
}

static struct config_node *
nodes(const struct config_build *b, const struct syntax *first, size_t *n)
{
    size_t count = build_count(first);
    struct config_node *all = arena_calloc(b->arena, count, sizeof *all);

    *n = 0;
    for (const struct syntax *s = first; s != NULL; s = s->next) {
        struct config_node *node = &all[(*n)++];

        if (s->kind == SYNTAX_BRANCH) {
            warn_input_condition(b, s);
            branch(b, s, node);
            continue;
        }
        node->kind = NODE_PLUGIN;
        node->plugin = build_plugin(b, s);
        node->pos = node->plugin.pos;
    }
    return all;
}

/* ---- sections ---- */

static struct {
    const char *name;
    size_t at;
} const sections[] = {
    { "input", offsetof(struct config, input) },
    { "filter", offsetof(struct config, filter) },
    { "output", offsetof(struct config, output) },
};

/* A section's nodes wait here until all files are read: then each kind is joined once. */
struct piece {
    struct config_node *at;
    size_t n;
    size_t section; /* index */
};

struct pieces {
    struct piece *at;
    size_t n, cap;
};

static void
section(struct config_build *b, const struct syntax *s, struct pieces *pieces)
{
    struct piece *p;

    if (pieces->n == pieces->cap) {
        pieces->cap = pieces->cap > 0 ? 2 * pieces->cap : 8;
        pieces->at = xrealloc(pieces->at, pieces->cap * sizeof *pieces->at);
    }
    p = &pieces->at[pieces->n++];
    p->section = 0;
    while (!slice_eq(build_text(b, s->kids), slice_of(sections[p->section].name)))
        p->section++;
    b->section = sections[p->section].name;
    p->at = nodes(b, s->kids->next, &p->n);
}

static void
join(struct config *c, const struct pieces *pieces)
{
    for (size_t i = 0; i < COUNT(sections); i++) {
        struct config_section *s = (struct config_section *)((char *)c + sections[i].at);
        size_t total = 0;

        for (size_t j = 0; j < pieces->n; j++)
            total += pieces->at[j].section == i ? pieces->at[j].n : 0;
        s->at = arena_calloc(&c->arena, total, sizeof *s->at);
        for (size_t j = 0; j < pieces->n; j++)
            if (pieces->at[j].section == i && pieces->at[j].n > 0) {
                memcpy(s->at + s->n, pieces->at[j].at, pieces->at[j].n * sizeof *s->at);
                s->n += pieces->at[j].n;
            }
    }
}

/* ---- files ---- */

static void
not_utf8(const struct config_build *b)
{
    struct slice rest = b->text;
    unsigned bad, n;

    while (rest.n > 0 && (n = utf8_next(rest, &bad)) > 0)
        rest = (struct slice){ rest.p + n, rest.n - n };
    findings_add(b->findings, FINDING_ERROR,
                 config_lines_pos(b->lines, b->file, (size_t)(rest.p - b->text.p)),
                 "save the file as UTF-8",
                 "The configuration is not valid UTF-8: byte 0x%02x at offset %zu",
                 rest.n > 0 ? (unsigned char)*rest.p : 0u, (size_t)(rest.p - b->text.p));
}

static bool
was_expected(const struct config_lexer *lx, const char *token)
{
    for (uint32_t i = 0; i < lx->expected_n; i++)
        if (strcmp(lx->expected[i], token) == 0)
            return true;
    return false;
}

static bool
separates(char c)
{
    return strchr(" \t\r\n{}[](),\"'#=", c) != NULL;
}

/* The word in which reading stopped, or else the one in front. */
static struct slice
word_at(const struct config_lexer *lx)
{
    uint32_t end = lx->furthest, at;

    while (end < lx->n && !separates(lx->text[end]))
        end++;
    if (end == lx->furthest)
        while (end > 0 && strchr(" \t\r\n", lx->text[end - 1]) != NULL)
            end--;
    for (at = end; at > 0 && !separates(lx->text[at - 1]); at--)
        ;
    return slice_between(lx->text + at, lx->text + end);
}

/* Characters that look like nothing, or like another one. */
static const struct {
    uint32_t code;
    const char *what;
} strangers[] = {
    { 0xFEFF, "a byte order mark, which cannot be seen; save the file without it" },
    { 0x00A0, "a no-break space, which looks like a space; write a space" },
    { 0x202F, "a no-break space, which looks like a space; write a space" },
    { 0x3000, "a wide space; write a space" },
    { 0x200B, "a space without width, which cannot be seen; take it out" },
    { 0x200E, "a mark for the direction of text, which cannot be seen; take it out" },
    { 0x2018, "a typographic quote; write '" },
    { 0x2019, "a typographic quote; write '" },
    { 0x201C, "a typographic quote; write \"" },
    { 0x201D, "a typographic quote; write \"" },
};

/* False: the character there is one that a configuration is made of. */
static bool
hint_at_stranger(const struct config_lexer *lx, struct buf *hint)
{
    const char *what = "which stands only in strings and comments";
    uint32_t code;

    if (lx->furthest == lx->n)
        return false;
    utf8_decode(slice_between(lx->text + lx->furthest, lx->text + lx->n), &code);
    if (code == '\t' || code == '\r' || code == '\n' || (code >= ' ' && code < 0x7F))
        return false;
    for (size_t i = 0; i < COUNT(strangers); i++)
        if (strangers[i].code == code)
            what = strangers[i].what;
    buf_printf(hint, "the character here is U+%04X, %s", (unsigned)code, what);
    return true;
}

/* What people write where the grammar wants something else; NULL: nothing to say. */
static const char *
hint_for(const struct config_lexer *lx, const struct syntax_tree *tree, struct buf *near)
{
    char next = lx->furthest < lx->n ? lx->text[lx->furthest] : '\0';
    struct slice word = word_at(lx);
    unsigned best = 100;

    if (tree->limit != NULL)
        return NULL;
    if (hint_at_stranger(lx, near))
        return buf_cstr(near);
    if (was_expected(lx, "any character"))
        return "a quote is not closed; a string cannot end in a backslash, since \\\" and \\' "
               "never "
               "close it";
    if (was_expected(lx, "\"=>\"") && next == '=')
        return "options are written with =>";
    if (was_expected(lx, "\"=>\"") && next == ':')
        return "keys and values of a hash are written with =>";
    if (was_expected(lx, "\"==\"") && next == '=')
        return "to compare, write ==";
    if (was_expected(lx, "\"and\"") && (next == 'A' || next == 'O' || next == '&' || next == '|'))
        return "boolean operators are and, or, xor, nand, in lower case";
    if (next == ',' && !was_expected(lx, "\",\""))
        return "options and hash entries are separated by white space, without commas";
    if (slice_eq(word, SLICE("elsif")) || slice_eq(word, SLICE("elif")))
        return "write else if";
    if (was_expected(lx, "\"(\"") && slice_eq(word, SLICE("not")))
        return "`not` stands only in front of `in`; write !([field])";
    if (was_expected(lx, "\"(\"") && word.n > 0)
        return "fields stand in brackets, text in quotes";
    for (size_t i = 0; i < COUNT(sections) && word.p == lx->text + tree->context; i++)
        if (name_is_nearer(word, slice_of(sections[i].name), &best)) {
            buf_clear(near);
            buf_printf(near, "did you mean `%s`?", sections[i].name);
        }
    return near->n > 0 ? buf_cstr(near) : NULL;
}

static void
does_not_parse(const struct config_build *b, const struct config_lexer *lx,
               const struct syntax_tree *tree)
{
    struct buf text = { 0 }, near = { 0 };
    uint32_t at = tree->limit != NULL ? tree->limit_at : lx->furthest;
    struct config_pos pos = config_lines_pos(b->lines, b->file, at);

    if (tree->limit != NULL)
        buf_printf(&text, "The configuration is too large to be meant: %s %d at line %u, column %u",
                   tree->limit,
                   strcmp(tree->limit, "deeper than") == 0 ? CONFIG_DEPTH : CONFIG_PARTS, pos.line,
                   pos.column);
    else
        config_lex_explain(lx, b->lines, tree->context, &text);
    findings_add(b->findings, FINDING_ERROR, pos, hint_for(lx, tree, &near), "%s", buf_cstr(&text));
    buf_fini(&near);
    buf_fini(&text);
}

static void
read_source(struct config_build *b, struct pieces *pieces)
{
    struct arena scratch;
    struct config_lexer lx;
    struct syntax_tree tree;

    arena_init(&scratch, NULL);
    b->lines = config_lines_new(&scratch, b->text);
    if (!utf8_valid(b->text)) {
        not_utf8(b);
    } else {
        config_lexer_init(&lx, &scratch, b->text);
        tree = config_grammar_parse(&lx, &scratch);
        if (tree.root == NULL)
            does_not_parse(b, &lx, &tree);
        else
            for (const struct syntax *s = tree.root->kids; s != NULL; s = s->next)
                section(b, s, pieces);
    }
    arena_fini(&scratch);
}

static void
copy_sources(struct config *c, const struct config_source *sources, size_t n)
{
    c->sources = arena_calloc(&c->arena, n, sizeof *c->sources);
    for (size_t i = 0; i < n; i++) {
        c->sources[i].name = arena_cstr(&c->arena, slice_of(sources[i].name));
        c->sources[i].text = arena_copy(&c->arena, sources[i].text);
    }
    c->sources_n = n;
}

static bool
sizes_fit(const struct config_source *sources, size_t n, struct findings *findings)
{
    size_t total = 0;

    for (size_t i = 0; i < n; i++) {
        if (sources[i].text.n > CONFIG_BYTES - total) {
            findings_add(findings, FINDING_ERROR, (struct config_pos){ .file = (uint32_t)i }, NULL,
                         "The configuration has more than %u bytes", CONFIG_BYTES);
            return false;
        }
        total += sources[i].text.n;
    }
    return true;
}

struct config *
config_parse(const struct config_source *sources, size_t n, bool support_escapes,
             struct findings *findings)
{
    size_t errors = findings->errors;
    struct pieces pieces = { 0 };
    struct config *c;

    if (!sizes_fit(sources, n, findings))
        return NULL;
    c = xcalloc(1, sizeof *c);
    arena_init(&c->arena, NULL);
    copy_sources(c, sources, n);
    for (size_t i = 0; i < n; i++) {
        struct config_build b = { .arena = &c->arena,
                                  .text = c->sources[i].text,
                                  .file = (uint32_t)i,
                                  .support_escapes = support_escapes,
                                  .findings = findings };

        read_source(&b, &pieces);
    }
    join(c, &pieces);
    free(pieces.at);
    if (findings->errors > errors)
        config_free(&c);
    return c;
}

void
config_free(struct config **c)
{
    if (*c == NULL)
        return;
    arena_fini(&(*c)->arena);
    free(*c);
    *c = NULL;
}
