/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/config_grammar.h"

struct grammar {
    struct config_lexer *lx;
    struct arena *arena;
    uint32_t depth, parts;
    const char *limit; /* once set, every rule fails, and so does the text */
    uint32_t limit_at;
};

/* A rule: the part that stands here, or NULL, the lexer where it was, failures noted. */
typedef struct syntax *rule_fn(struct grammar *g);
static rule_fn plugin, value, condition, expression, operand, branch;

/* ---- building ---- */

static bool
over_limit(struct grammar *g, const char *limit)
{
    if (g->limit == NULL) {
        g->limit = limit;
        g->limit_at = g->lx->at;
    }
    return false;
}

static struct syntax *
part_new(struct grammar *g, enum syntax_kind kind, uint32_t at)
{
    struct syntax *s;

    if (++g->parts > CONFIG_PARTS)
        over_limit(g, "more parts than");
    s = arena_calloc(g->arena, 1, sizeof *s);
    *s = (struct syntax){ .kind = kind, .at = at, .end = g->lx->at };
    return s;
}

/* False, and nothing added, for a NULL kid. */
static bool
part_add(struct syntax *s, struct syntax *kid)
{
    if (kid == NULL)
        return false;
    if (s->last != NULL)
        s->last->next = kid;
    else
        s->kids = kid;
    s->last = kid;
    return true;
}

static struct syntax *
part_end(struct grammar *g, struct syntax *s)
{
    s->end = g->lx->at;
    return s;
}

static struct syntax *
no_part(struct grammar *g, uint32_t at)
{
    g->lx->at = at;
    return NULL;
}

/* A terminal as a leaf. */
static struct syntax *
leaf(struct grammar *g, enum syntax_kind kind, bool (*terminal)(struct config_lexer *lx))
{
    uint32_t at = g->lx->at;

    if (g->limit != NULL)
        return NULL;
    return terminal(g->lx) ? part_new(g, kind, at) : NULL;
}

/* A rule one level deeper. */
static struct syntax *
deeper(struct grammar *g, rule_fn *rule)
{
    struct syntax *s = NULL;

    if (g->limit != NULL)
        return NULL;
    if (g->depth >= CONFIG_DEPTH) {
        over_limit(g, "deeper than");
        return NULL;
    }
    g->depth++;
    s = rule(g);
    g->depth--;
    return s;
}

/* ---- names and values ---- */

static struct syntax *
name(struct grammar *g)
{
    struct syntax *s = leaf(g, SYNTAX_WORD, config_lex_word);

    return s != NULL ? s : leaf(g, SYNTAX_STRING, config_lex_string);
}

static struct syntax *
option(struct grammar *g)
{
    uint32_t at = g->lx->at;
    struct syntax *key = name(g), *s;

    if (key == NULL)
        return NULL;
    s = part_new(g, SYNTAX_OPTION, at);
    part_add(s, key);
    config_lex_blank(g->lx);
    if (!LEX(g->lx, "=>"))
        return no_part(g, at);
    config_lex_blank(g->lx);
    return part_add(s, deeper(g, value)) ? part_end(g, s) : no_part(g, at);
}

/* An option must be followed by white space if there is another; a comment does not do. */
static void
options(struct grammar *g, struct syntax *s)
{
    uint32_t end;

    if (!part_add(s, option(g)))
        return;
    for (end = g->lx->at; config_lex_white(g->lx); end = g->lx->at) {
        config_lex_blank(g->lx);
        if (!part_add(s, option(g)))
            break;
    }
    g->lx->at = end;
}

static struct syntax *
plugin(struct grammar *g)
{
    uint32_t at = g->lx->at;
    struct syntax *called = name(g), *s;

    if (called == NULL)
        return NULL;
    config_lex_blank(g->lx);
    if (!LEX(g->lx, "{"))
        return no_part(g, at);
    s = part_new(g, SYNTAX_PLUGIN, at);
    part_add(s, called);
    config_lex_blank(g->lx);
    options(g, s);
    config_lex_blank(g->lx);
    return LEX(g->lx, "}") ? part_end(g, s) : no_part(g, at);
}

/* member { , member } between brackets: arrays, and the arguments of calls. */
static bool
members(struct grammar *g, struct syntax *s, rule_fn *member)
{
    uint32_t end = g->lx->at;
    bool more = part_add(s, deeper(g, member));

    if (more)
        end = g->lx->at;
    while (more) {
        config_lex_blank(g->lx);
        if (!LEX(g->lx, ","))
            break;
        config_lex_blank(g->lx);
        more = part_add(s, deeper(g, member));
        if (more)
            end = g->lx->at;
    }
    g->lx->at = end;
    config_lex_blank(g->lx);
    return g->limit == NULL;
}

static struct syntax *
array(struct grammar *g)
{
    uint32_t at = g->lx->at;
    struct syntax *s;

    if (!LEX(g->lx, "["))
        return NULL;
    s = part_new(g, SYNTAX_ARRAY, at);
    config_lex_blank(g->lx);
    if (!members(g, s, value) || !LEX(g->lx, "]"))
        return no_part(g, at);
    return part_end(g, s);
}

static struct syntax *
entry(struct grammar *g)
{
    uint32_t at = g->lx->at;
    struct syntax *key = leaf(g, SYNTAX_NUMBER, config_lex_number), *s;

    if (key == NULL)
        key = leaf(g, SYNTAX_BAREWORD, config_lex_bareword);
    if (key == NULL)
        key = leaf(g, SYNTAX_STRING, config_lex_string);
    if (key == NULL)
        return NULL;
    s = part_new(g, SYNTAX_ENTRY, at);
    part_add(s, key);
    config_lex_blank(g->lx);
    if (!LEX(g->lx, "=>"))
        return no_part(g, at);
    config_lex_blank(g->lx);
    return part_add(s, deeper(g, value)) ? part_end(g, s) : no_part(g, at);
}

/* Entries need nothing between them. */
static struct syntax *
hash(struct grammar *g)
{
    uint32_t at = g->lx->at;
    struct syntax *s;

    if (!LEX(g->lx, "{"))
        return NULL;
    s = part_new(g, SYNTAX_HASH, at);
    do
        config_lex_blank(g->lx);
    while (part_add(s, entry(g)));
    return LEX(g->lx, "}") ? part_end(g, s) : no_part(g, at);
}

static struct syntax *
value(struct grammar *g)
{
    struct syntax *s = plugin(g);

    if (s == NULL)
        s = leaf(g, SYNTAX_BAREWORD, config_lex_bareword);
    if (s == NULL)
        s = leaf(g, SYNTAX_STRING, config_lex_string);
    if (s == NULL)
        s = leaf(g, SYNTAX_NUMBER, config_lex_number);
    if (s == NULL)
        s = array(g);
    if (s == NULL)
        s = hash(g);
    return s;
}

/* ---- conditions ---- */

static struct syntax *
call(struct grammar *g)
{
    uint32_t at = g->lx->at;
    struct syntax *called = leaf(g, SYNTAX_BAREWORD, config_lex_bareword), *s;

    if (called == NULL)
        return NULL;
    config_lex_blank(g->lx);
    if (!LEX(g->lx, "("))
        return no_part(g, at);
    s = part_new(g, SYNTAX_CALL, at);
    part_add(s, called);
    config_lex_blank(g->lx);
    if (!members(g, s, operand) || !LEX(g->lx, ")"))
        return no_part(g, at);
    return part_end(g, s);
}

static struct syntax *
operand(struct grammar *g)
{
    struct syntax *s = leaf(g, SYNTAX_STRING, config_lex_string);

    if (s == NULL)
        s = leaf(g, SYNTAX_NUMBER, config_lex_number);
    if (s == NULL)
        s = leaf(g, SYNTAX_SELECTOR, config_lex_selector);
    if (s == NULL)
        s = array(g);
    if (s == NULL)
        s = call(g);
    if (s == NULL)
        s = leaf(g, SYNTAX_REGEX, config_lex_regex);
    return s;
}

/* ( condition ), the lexer in front of the bracket; the condition alone. */
static struct syntax *
bracketed(struct grammar *g)
{
    uint32_t at = g->lx->at;
    struct syntax *s;

    if (!LEX(g->lx, "("))
        return NULL;
    config_lex_blank(g->lx);
    s = deeper(g, condition);
    if (s == NULL)
        return no_part(g, at);
    config_lex_blank(g->lx);
    return LEX(g->lx, ")") ? s : no_part(g, at);
}

static struct syntax *
negative(struct grammar *g)
{
    uint32_t at = g->lx->at, inner;
    struct syntax *s, *kid;

    if (!LEX(g->lx, "!"))
        return NULL;
    s = part_new(g, SYNTAX_NOT, at);
    config_lex_blank(g->lx);
    inner = g->lx->at;
    kid = bracketed(g);
    if (kid == NULL) {
        g->lx->at = inner;
        kid = leaf(g, SYNTAX_SELECTOR, config_lex_selector);
    }
    return part_add(s, kid) ? part_end(g, s) : no_part(g, at);
}

static struct syntax *
string_or_regex(struct grammar *g)
{
    struct syntax *s = leaf(g, SYNTAX_STRING, config_lex_string);

    return s != NULL ? s : leaf(g, SYNTAX_REGEX, config_lex_regex);
}

/* `not` must be followed by a space, what blanks follow then is free. */
static bool
not_in(struct config_lexer *lx)
{
    if (!LEX(lx, "not "))
        return false;
    config_lex_blank(lx);
    return LEX(lx, "in");
}

static bool
in(struct config_lexer *lx)
{
    return LEX(lx, "in");
}

static bool
comparison(struct config_lexer *lx)
{
    return LEX(lx, "==") || LEX(lx, "!=") || LEX(lx, "<=") || LEX(lx, ">=") || LEX(lx, "<") ||
           LEX(lx, ">");
}

static bool
match(struct config_lexer *lx)
{
    return LEX(lx, "=~") || LEX(lx, "!~");
}

static const struct {
    bool (*operator)(struct config_lexer *lx);
    rule_fn *right;
} comparisons[] = {
    { in, operand },
    { not_in, operand },
    { comparison, operand },
    { match, string_or_regex },
};

/* An operand, alone or compared. */
static struct syntax *
compared(struct grammar *g)
{
    uint32_t at = g->lx->at, behind;
    struct syntax *left = operand(g), *s, *op;

    if (left == NULL)
        return NULL;
    behind = g->lx->at;
    for (size_t i = 0; i < COUNT(comparisons); i++) {
        g->lx->at = behind;
        config_lex_blank(g->lx);
        op = leaf(g, SYNTAX_OPERATOR, comparisons[i].operator);
        if (op == NULL)
            continue;
        config_lex_blank(g->lx);
        s = part_new(g, SYNTAX_COMPARE, at);
        part_add(s, left);
        part_add(s, op);
        if (part_add(s, comparisons[i].right(g)))
            return part_end(g, s);
        left->next = NULL;
    }
    g->lx->at = behind;
    return left;
}

static struct syntax *
expression(struct grammar *g)
{
    struct syntax *s = bracketed(g);

    if (s == NULL)
        s = negative(g);
    if (s == NULL)
        s = compared(g);
    return s;
}

static bool
boolean_operator(struct config_lexer *lx)
{
    return LEX(lx, "and") || LEX(lx, "or") || LEX(lx, "xor") || LEX(lx, "nand");
}

static struct syntax *
condition(struct grammar *g)
{
    uint32_t at = g->lx->at, end;
    struct syntax *first = expression(g), *s;

    if (first == NULL)
        return NULL;
    s = part_new(g, SYNTAX_CONDITION, at);
    part_add(s, first);
    for (;;) {
        struct syntax *op, *next, *last = s->last;

        end = g->lx->at;
        config_lex_blank(g->lx);
        op = leaf(g, SYNTAX_OPERATOR, boolean_operator);
        if (op == NULL)
            break;
        config_lex_blank(g->lx);
        next = expression(g);
        if (next == NULL)
            break;
        last->next = op;
        op->next = next;
        s->last = next;
    }
    g->lx->at = end;
    return part_end(g, s);
}

/* ---- blocks ---- */

/* { branch or plugin ... } into s. */
static bool
body(struct grammar *g, struct syntax *s)
{
    if (!LEX(g->lx, "{"))
        return false;
    for (;;) {
        struct syntax *item;

        config_lex_blank(g->lx);
        item = deeper(g, branch);
        if (item == NULL)
            item = plugin(g);
        if (!part_add(s, item))
            return LEX(g->lx, "}");
    }
}

/* if, or else if (the else was read): condition and body. */
static struct syntax *
arm_if(struct grammar *g, uint32_t at)
{
    struct syntax *s;

    if (!LEX(g->lx, "if"))
        return no_part(g, at);
    s = part_new(g, SYNTAX_ARM, at);
    config_lex_blank(g->lx);
    if (!part_add(s, condition(g)))
        return no_part(g, at);
    config_lex_blank(g->lx);
    return body(g, s) ? part_end(g, s) : no_part(g, at);
}

static struct syntax *
arm_else_if(struct grammar *g)
{
    uint32_t at = g->lx->at;

    if (!LEX(g->lx, "else"))
        return NULL;
    config_lex_blank(g->lx);
    return arm_if(g, at);
}

static struct syntax *
arm_else(struct grammar *g)
{
    uint32_t at = g->lx->at;
    struct syntax *s;

    if (!LEX(g->lx, "else"))
        return NULL;
    s = part_new(g, SYNTAX_ARM, at);
    config_lex_blank(g->lx);
    return body(g, s) ? part_end(g, s) : no_part(g, at);
}

static struct syntax *
branch(struct grammar *g)
{
    uint32_t at = g->lx->at, end;
    struct syntax *first = arm_if(g, at), *s;

    if (first == NULL)
        return NULL;
    s = part_new(g, SYNTAX_BRANCH, at);
    part_add(s, first);
    do {
        end = g->lx->at;
        config_lex_blank(g->lx);
    } while (part_add(s, arm_else_if(g)));
    if (!part_add(s, arm_else(g)))
        g->lx->at = end;
    return part_end(g, s);
}

static bool
section_name(struct config_lexer *lx)
{
    return LEX(lx, "input") || LEX(lx, "filter") || LEX(lx, "output");
}

static struct syntax *
section(struct grammar *g)
{
    uint32_t at = g->lx->at;
    struct syntax *called = leaf(g, SYNTAX_WORD, section_name), *s;

    if (called == NULL)
        return NULL;
    s = part_new(g, SYNTAX_SECTION, at);
    part_add(s, called);
    config_lex_blank(g->lx);
    return body(g, s) ? part_end(g, s) : no_part(g, at);
}

struct syntax_tree
config_grammar_parse(struct config_lexer *lx, struct arena *a)
{
    struct grammar g = { .lx = lx, .arena = a };
    struct syntax *root = part_new(&g, SYNTAX_ROOT, 0);

    do
        config_lex_blank(lx);
    while (part_add(root, section(&g)));
    return (struct syntax_tree){
        .root = lx->at == lx->n && g.limit == NULL ? part_end(&g, root) : NULL,
        .context = lx->at,
        .limit = g.limit,
        .limit_at = g.limit_at,
    };
}
