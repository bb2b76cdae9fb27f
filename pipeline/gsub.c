/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/gsub.h"

int
gsub_compile(const struct plugin_context *ctx, struct slice pattern, struct slice replacement,
             struct gsub *out, struct err *err)
{
    *out = (struct gsub){ 0 };
    if (template_compile(ctx->arena, replacement, ctx->escape, &out->replacement, err) < 0)
        return err_prefix(err, "gsub");
    if (template_is_literal(out->replacement, &out->literal))
        out->replacement = NULL;
    if (pattern_compile(ctx, pattern, true, &out->pattern, err) < 0)
        return err_prefix(err, "gsub");
    return 0;
}

void
gsub_dispose(struct gsub *g)
{
    pattern_free(&g->pattern);
}

void
gsub_scratch_init(struct gsub_scratch *s)
{
    *s = (struct gsub_scratch){ 0 };
    pattern_scratch_init(&s->pattern);
}

void
gsub_scratch_fini(struct gsub_scratch *s)
{
    pattern_scratch_fini(&s->pattern);
    buf_fini(&s->replacement);
}

int
gsub_run(const struct gsub *g, struct gsub_scratch *s, struct event *ev, struct slice text,
         struct buf *out, struct err *err)
{
    const struct regex *re = pattern_of(g->pattern, &s->pattern, ev, err);
    struct slice replacement = g->literal;

    if (re == NULL)
        return -1;
    if (g->replacement != NULL) {
        buf_clear(&s->replacement);
        template_render(g->replacement, ev, &s->replacement);
        replacement = buf_slice(&s->replacement);
    }
    switch (regex_gsub(re, s->pattern.regex, text, replacement, out)) {
    case REGEX_MATCH: return 1;
    case REGEX_NO_MATCH: return 0;
    case REGEX_BAD_TEXT: return err_set(err, ERR_INVALID_UTF8, "gsub: the text is no UTF-8");
    case REGEX_TIMEOUT: return err_set(err, ERR_LIMIT, "gsub: the search took too long");
    }
    UNREACHABLE("regex_result");
}
