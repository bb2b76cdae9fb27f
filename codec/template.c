/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A template is a list of pieces, made in one pass over the text: what is literal, a field with the
 * placeholder that stays when it is missing, or a form of the time. Rendering appends straight to
 * the caller's buffer and allocates nothing. */
#include "codec/template.h"

#include "codec/date_pattern.h"

#include <stdlib.h>

#define PIECES 4096

enum kind { LITERAL, FIELD, EPOCH, DATE, DATE_NOW };

struct piece {
    enum kind kind;
    struct slice text; /* of the template: the literal, or the whole placeholder */
    union {
        struct fieldref field;
        const struct date_pattern *date;
    };
};

struct template
{
    struct slice source;
    size_t n;
    struct piece at[];
};

/* ---- compiling ---- */

struct compiler {
    struct arena *arena;
    enum escape_style style;
    struct slice text;
    struct template *out; /* grows on the heap, ends in the arena */
    size_t cap;
};

static int
add(struct compiler *c, struct piece p, struct err *err)
{
    if (c->out->n == PIECES)
        return err_set(err, ERR_LIMIT, "template of more than %d parts", PIECES);
    if (c->out->n == c->cap) {
        c->cap = c->cap * 2;
        c->out = xrealloc(c->out, sizeof *c->out + c->cap * sizeof c->out->at[0]);
    }
    c->out->at[c->out->n++] = p;
    return 0;
}

static int
add_literal(struct compiler *c, size_t from, size_t to, struct err *err)
{
    if (from == to)
        return 0;
    return add(c,
               (struct piece){ .kind = LITERAL,
                               .text = slice_between(c->text.p + from, c->text.p + to) },
               err);
}

/* `%{{pattern}}`; TIME_NOW stands for the current time in the form of a timestamp. */
static int
java_piece(struct compiler *c, struct slice pattern, struct piece *p, struct err *err)
{
    struct date_pattern *date = NULL;

    p->kind = DATE;
    if (slice_eq(pattern, SLICE("TIME_NOW")))
        p->kind = DATE_NOW;
    else if (date_pattern_java(c->arena, pattern, &date, err) < 0)
        return -1;
    p->date = date;
    return 0;
}

static int
joda_piece(struct compiler *c, struct slice pattern, struct piece *p, struct err *err)
{
    struct date_pattern *date;

    p->kind = DATE;
    if (date_pattern_joda(c->arena, pattern, &date, err) < 0)
        return -1;
    p->date = date;
    return 0;
}

/* What stands between `%{` and the first `}`, which is at `end`; *next is behind the placeholder.
 * The order of the questions is the reference's. */
static int
piece_of(struct compiler *c, size_t from, size_t end, size_t *next, struct piece *p,
         struct err *err)
{
    struct slice body = slice_between(c->text.p + from + 2, c->text.p + end);

    *next = end + 1;
    p->text = slice_between(c->text.p + from, c->text.p + end + 1);
    if (slice_starts(SLICE("+%s"), body)) {
        p->kind = EPOCH;
        return 0;
    }
    if (body.p[0] == '{') {
        if (end + 1 == c->text.n) { /* can only be a slip: what it begins never ends */
            p->kind = LITERAL;
            return 0;
        }
        if (c->text.p[end + 1] == '}') {
            *next = end + 2;
            p->text.n++;
            return java_piece(c, (struct slice){ body.p + 1, body.n - 1 }, p, err);
        }
    }
    if (body.p[0] == '+')
        return joda_piece(c, (struct slice){ body.p + 1, body.n - 1 }, p, err);
    p->kind = FIELD;
    return fieldref_compile(c->arena, body, c->style, &p->field, err);
}

static int
compile(struct compiler *c, struct err *err)
{
    size_t from = 0;

    for (;;) {
        struct piece p = { 0 };
        size_t open = slice_find(c->text, SLICE("%{"), from);
        size_t end = open == SIZE_MAX ? SIZE_MAX : slice_find_byte(c->text, '}', open + 2);

        if (end == SIZE_MAX)
            return add_literal(c, from, c->text.n, err);
        if (add_literal(c, from, open, err) < 0)
            return -1;
        if (piece_of(c, open, end, &from, &p, err) < 0) {
            if (err != NULL)
                err->pos += open;
            return err_prefix(err, "%.*s", SLICE_ARGS(p.text));
        }
        if (add(c, p, err) < 0)
            return -1;
    }
}

int
template_compile(struct arena *a, struct slice text, enum escape_style style, struct template **out,
                 struct err *err)
{
    struct compiler c = { .arena = a, .style = style, .text = arena_copy(a, text), .cap = 4 };
    int status;

    c.out = xcalloc(1, sizeof *c.out + c.cap * sizeof c.out->at[0]);
    c.out->source = c.text;
    if (err != NULL)
        err->pos = 0;
    status = compile(&c, err);
    if (status == 0) {
        size_t bytes = sizeof *c.out + c.out->n * sizeof c.out->at[0];

        *out = arena_alloc(a, bytes);
        memcpy(*out, c.out, bytes);
    }
    free(c.out);
    return status;
}

bool
template_is_literal(const struct template *t, struct slice *text)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].kind != LITERAL)
            return false;
    *text = t->source;
    return true;
}

struct slice
template_source(const struct template *t)
{
    return t->source;
}

/* ---- rendering ---- */

static void
render_field(const struct piece *p, struct event *ev, struct buf *out)
{
    struct value *v = event_get(ev, &p->field);

    if (v == NULL || v->type == V_NULL)
        buf_append(out, p->text);
    else if (v->type == V_STRING)
        buf_append(out, value_text(event_arena(ev), v));
    else
        value_render(event_arena(ev), v, out);
}

static void
render_now(struct buf *out)
{
    char *to = buf_reserve(out, TIMESTAMP_TEXT);

    out->n += timestamp_print(timestamp_now(), to);
}

static void
render_piece(const struct piece *p, struct event *ev, struct buf *out)
{
    struct timestamp t;

    switch (p->kind) {
    case LITERAL: buf_append(out, p->text); return;
    case FIELD: render_field(p, ev, out); return;
    case DATE_NOW: render_now(out); return;
    case EPOCH:
        if (event_timestamp(ev, &t))
            buf_int(out, t.sec);
        return;
    case DATE:
        if (event_timestamp(ev, &t))
            date_pattern_print(p->date, t, out);
        return;
    }
}

void
template_render(const struct template *t, struct event *ev, struct buf *out)
{
    for (size_t i = 0; i < t->n; i++)
        render_piece(&t->at[i], ev, out);
}
