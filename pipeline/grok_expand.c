/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/grok_expand.h"

#include "pipeline/regex_tree.h"

/* One `%{SYNTAX:semantic=definition rest}`. */
struct reference {
    struct slice whole, syntax, name; /* name: syntax and semantic, the group's name */
    struct slice definition;          /* p NULL: none */
    bool semantic;
};

/* `%{A=regex}` defines A for the rest of the pattern it stands in. */
struct local_definition {
    struct slice name, text;
};

#define DEFINITIONS 64

struct expander {
    const struct grok_patterns *patterns;
    struct slice pattern;
    bool named_only;
    struct local_definition local[DEFINITIONS];
    size_t local_n;
    struct slice stack[GROK_DEPTH]; /* what is left of each text under way */
    size_t depth;
    unsigned replacements;
    struct buf *out;
    struct err *err;
};

/* A to z as Ruby's class has it: with the characters between the cases. */
static bool
in_syntax(char c)
{
    return (c >= 'A' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
in_semantic(char c)
{
    return in_syntax(c) || c == '@' || c == ':' || c == '.' || c == '-';
}

static size_t
run(struct slice s, size_t at, bool (*in)(char c))
{
    while (at < s.n && in(s.p[at]))
        at++;
    return at;
}

/* At "=": a definition with balanced braces; where it ends, or `at` if it is none. */
static size_t
definition_end(struct slice s, size_t at)
{
    size_t from = at + 1, depth = 0;

    for (size_t i = from; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        else if (s.p[i] == '{')
            depth++;
        else if (s.p[i] == '}' && depth-- == 0)
            return i > from ? i : at;
    }
    return at;
}

/* At "%{"; false: it is only text. */
static bool
parse_reference(struct slice s, size_t at, struct reference *r)
{
    size_t syntax = run(s, at + 2, in_syntax), name = syntax, end;

    *r = (struct reference){ 0 };
    if (syntax == at + 2)
        return false;
    if (syntax < s.n && s.p[syntax] == ':' && run(s, syntax + 1, in_semantic) > syntax + 1) {
        name = run(s, syntax + 1, in_semantic);
        r->semantic = true;
    }
    end = name;
    if (end < s.n && s.p[end] == '=') {
        end = definition_end(s, name);
        if (end > name)
            r->definition = slice_between(s.p + name + 1, s.p + end);
    }
    end = slice_find_byte(s, '}', end);
    if (end == SIZE_MAX)
        return false;
    r->whole = slice_between(s.p + at, s.p + end + 1);
    r->syntax = slice_between(s.p + at + 2, s.p + syntax);
    r->name = slice_between(s.p + at + 2, s.p + name);
    return true;
}

static int
too_deep(struct expander *x)
{
    return err_set(x->err, ERR_LIMIT, "Deep recursion pattern compilation of \"%.*s\"",
                   x->pattern.n > 200 ? 200 : (int)x->pattern.n, x->pattern.p);
}

static int
define(struct expander *x, const struct reference *r)
{
    if (x->local_n == DEFINITIONS)
        return err_set(x->err, ERR_LIMIT, "more than %d inline definitions", DEFINITIONS);
    x->local[x->local_n++] = (struct local_definition){ r->syntax, r->definition };
    return 0;
}

static bool
find(const struct expander *x, struct slice name, struct slice *text)
{
    for (size_t i = x->local_n; i-- > 0;)
        if (slice_eq(x->local[i].name, name)) {
            *text = x->local[i].text;
            return true;
        }
    return grok_patterns_find(x->patterns, name, text);
}

/* Opens the group of a reference and puts its text on the stack. */
static int
enter(struct expander *x, const struct reference *r)
{
    struct slice text;

    if (++x->replacements > GROK_REPLACEMENTS || x->depth == GROK_DEPTH)
        return too_deep(x);
    if (r->definition.p != NULL && define(x, r) < 0)
        return -1;
    if (!find(x, r->syntax, &text))
        return err_set(x->err, ERR_CONFIG, "pattern %.*s not defined",
                       r->whole.n > 200 ? 200 : (int)r->whole.n, r->whole.p);
    if (x->named_only && !r->semantic)
        buf_append(x->out, SLICE("(?:"));
    else
        buf_printf(x->out, "(?<%.*s>", SLICE_ARGS(r->name));
    x->stack[x->depth++] = text;
    return 0;
}

/* Copies up to the next reference and enters it, or up to the end and closes the group. */
static int
step(struct expander *x)
{
    struct slice *s = &x->stack[x->depth - 1];
    struct reference r;
    size_t at = 0;

    while ((at = slice_find(*s, SLICE("%{"), at)) != SIZE_MAX && !parse_reference(*s, at, &r))
        at++;
    if (x->out->n + s->n > REGEX_BYTES)
        return err_set(x->err, ERR_LIMIT, "grok pattern expands to more than %zu bytes",
                       REGEX_BYTES);
    if (at == SIZE_MAX) {
        buf_append(x->out, *s);
        if (--x->depth > 0)
            buf_byte(x->out, ')');
        return 0;
    }
    buf_append(x->out, (struct slice){ s->p, at });
    *s = slice_between(r.whole.p + r.whole.n, s->p + s->n);
    return enter(x, &r);
}

int
grok_expand(const struct grok_patterns *patterns, struct slice text, bool named_captures_only,
            struct buf *out, struct err *err)
{
    struct expander x = { .patterns = patterns,
                          .pattern = text,
                          .named_only = named_captures_only,
                          .stack = { text },
                          .depth = 1,
                          .out = out,
                          .err = err };

    while (x.depth > 0)
        if (step(&x) < 0)
            return -1;
    return 0;
}
