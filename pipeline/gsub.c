/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/gsub.h"

#include "pipeline/regex.h"

#include <stdlib.h>

struct gsub {
    struct regex *regex;          /* NULL: the pattern has placeholders */
    struct template *pattern;     /* the same, as a template; NULL: none */
    struct template *replacement; /* NULL: literal */
    struct slice literal;
};

/* The last pattern that was made for an event: most often the next one has the same. */
struct gsub_scratch {
    struct regex_scratch *regex;
    struct regex *made;
    struct buf made_from, pattern, replacement;
};

static int
compile_part(const struct plugin_context *ctx, struct slice text, struct template **out,
             struct slice *literal, struct err *err)
{
    if (template_compile(ctx->arena, text, ctx->escape, out, err) < 0)
        return -1;
    if (template_is_literal(*out, literal))
        *out = NULL;
    return 0;
}

int
gsub_compile(const struct plugin_context *ctx, struct slice pattern, struct slice replacement,
             struct gsub **out, struct err *err)
{
    struct gsub *g = arena_calloc(ctx->arena, 1, sizeof *g);
    struct slice literal;

    *out = g;
    if (compile_part(ctx, pattern, &g->pattern, &literal, err) < 0 ||
        compile_part(ctx, replacement, &g->replacement, &g->literal, err) < 0)
        return -1;
    if (g->pattern != NULL)
        return 0;
    g->regex = regex_new(pattern, (struct regex_options){ 0 }, err);
    return g->regex == NULL ? err_prefix(err, "gsub") : 0;
}

void
gsub_free(struct gsub **g)
{
    if (*g == NULL)
        return;
    regex_free((*g)->regex);
    *g = NULL;
}

struct gsub_scratch *
gsub_scratch_new(void)
{
    struct gsub_scratch *s = xcalloc(1, sizeof *s);

    s->regex = regex_scratch_new();
    return s;
}

void
gsub_scratch_free(struct gsub_scratch **s)
{
    if (*s == NULL)
        return;
    regex_scratch_free((*s)->regex);
    regex_free((*s)->made);
    buf_fini(&(*s)->made_from);
    buf_fini(&(*s)->pattern);
    buf_fini(&(*s)->replacement);
    free(*s);
    *s = NULL;
}

static const struct regex *
pattern_of(const struct gsub *g, struct gsub_scratch *s, struct event *ev, struct err *err)
{
    struct buf swap;

    if (g->regex != NULL)
        return g->regex;
    buf_clear(&s->pattern);
    template_render(g->pattern, ev, &s->pattern);
    if (s->made != NULL && slice_eq(buf_slice(&s->pattern), buf_slice(&s->made_from)))
        return s->made;
    regex_free(s->made);
    s->made = regex_new(buf_slice(&s->pattern), (struct regex_options){ 0 }, err);
    swap = s->made_from;
    s->made_from = s->pattern;
    s->pattern = swap;
    return s->made;
}

int
gsub_run(const struct gsub *g, struct gsub_scratch *s, struct event *ev, struct slice text,
         struct buf *out, struct err *err)
{
    const struct regex *re = pattern_of(g, s, ev, err);
    struct slice replacement = g->literal;

    if (re == NULL)
        return -1;
    if (g->replacement != NULL) {
        buf_clear(&s->replacement);
        template_render(g->replacement, ev, &s->replacement);
        replacement = buf_slice(&s->replacement);
    }
    switch (regex_gsub(re, s->regex, text, replacement, out)) {
    case REGEX_MATCH: return 1;
    case REGEX_NO_MATCH: return 0;
    case REGEX_BAD_TEXT: return err_set(err, ERR_INVALID_UTF8, "gsub: the text is no UTF-8");
    case REGEX_TIMEOUT: return err_set(err, ERR_LIMIT, "gsub: the search took too long");
    }
    UNREACHABLE("regex_result");
}
