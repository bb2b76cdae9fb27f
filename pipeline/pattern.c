/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/pattern.h"

#include <stdlib.h>

struct pattern {
    struct regex *regex;   /* NULL: the text has placeholders */
    struct template *text; /* then */
};

struct pattern_made {
    const struct pattern *of;
    struct regex *regex; /* NULL: the text is no pattern */
    struct buf text;
};

int
pattern_compile(const struct plugin_context *ctx, struct slice text, bool interpolate,
                struct pattern **out, struct err *err)
{
    struct pattern *p = arena_calloc(ctx->arena, 1, sizeof *p);
    struct slice literal;

    *out = p;
    if (interpolate) {
        if (template_compile(ctx->arena, text, ctx->escape, &p->text, err) < 0)
            return -1;
        if (!template_is_literal(p->text, &literal))
            return 0;
    }
    p->regex = regex_new(text, (struct regex_options){ .store = ctx->regexes }, err);
    return p->regex == NULL ? -1 : 0;
}

void
pattern_free(struct pattern **p)
{
    if (*p == NULL)
        return;
    regex_free((*p)->regex);
    *p = NULL;
}

void
pattern_scratch_init(struct pattern_scratch *s)
{
    *s = (struct pattern_scratch){ .regex = regex_scratch_new() };
}

void
pattern_scratch_fini(struct pattern_scratch *s)
{
    for (size_t i = 0; i < s->n; i++) {
        regex_free(s->made[i].regex);
        buf_fini(&s->made[i].text);
    }
    free(s->made);
    buf_fini(&s->text);
    regex_scratch_free(s->regex);
    *s = (struct pattern_scratch){ 0 };
}

static struct pattern_made *
made_of(const struct pattern *p, struct pattern_scratch *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->made[i].of == p)
            return &s->made[i];
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 4 : s->cap * 2;
        s->made = xrealloc(s->made, s->cap * sizeof s->made[0]);
    }
    s->made[s->n] = (struct pattern_made){ .of = p };
    return &s->made[s->n++];
}

const struct regex *
pattern_of(const struct pattern *p, struct pattern_scratch *s, struct event *ev, struct err *err)
{
    struct pattern_made *made;
    struct buf swap;

    if (p->regex != NULL)
        return p->regex;
    made = made_of(p, s);
    buf_clear(&s->text);
    template_render(p->text, ev, &s->text);
    if (made->regex != NULL && slice_eq(buf_slice(&s->text), buf_slice(&made->text)))
        return made->regex;
    regex_free(made->regex);
    made->regex = regex_new(buf_slice(&s->text), (struct regex_options){ 0 }, err);
    swap = made->text;
    made->text = s->text;
    s->text = swap;
    return made->regex;
}

bool
pattern_matches(const struct pattern *p, struct pattern_scratch *s, struct event *ev,
                struct slice subject)
{
    const struct regex *re = pattern_of(p, s, ev, NULL);

    return re != NULL && regex_search(re, s->regex, subject, 0) == REGEX_MATCH;
}
