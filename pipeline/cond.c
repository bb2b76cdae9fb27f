/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/cond_priv.h"

#include "codec/base/buf.h"
#include "codec/base/name_index.h"
#include "codec/number.h"
#include "pipeline/regex.h"

#include <stdlib.h>

/* ---- patterns ---- */

struct cond_pool {
    struct arena arena; /* the texts */
    struct name_index places;
    struct regex **at;
    size_t n, cap;
};

struct cond_pool *
cond_pool_new(void)
{
    struct cond_pool *p = xcalloc(1, sizeof *p);

    arena_init(&p->arena, NULL);
    return p;
}

void
cond_pool_free(struct cond_pool **p)
{
    if (*p == NULL)
        return;
    for (size_t i = 0; i < (*p)->n; i++)
        regex_free((*p)->at[i]);
    free((*p)->at);
    name_index_fini(&(*p)->places);
    arena_fini(&(*p)->arena);
    free(*p);
    *p = NULL;
}

static const struct regex *
pool_regex(struct cond_pool *p, const struct plugin_context *ctx, struct slice pattern,
           struct err *err)
{
    const size_t *place = name_index_get(&p->places, pattern);
    struct regex *made;
    bool found;

    if (place != NULL)
        return p->at[*place];
    made = regex_new(pattern, (struct regex_options){ .store = ctx->regexes }, err);
    if (made == NULL)
        return NULL;
    if (p->n == p->cap) {
        p->cap = p->cap > 0 ? 2 * p->cap : 8;
        p->at = xrealloc(p->at, p->cap * sizeof(struct regex *));
    }
    name_index_put(&p->places, arena_copy(&p->arena, pattern), p->n, &found);
    p->at[p->n++] = made;
    return made;
}

/* ---- operands ---- */

struct compiling {
    const struct plugin_context *ctx;
    struct cond_pool *pool;
    bool failed;
};

static void
fail(struct compiling *c, struct config_pos pos, const char *text)
{
    c->failed = true;
    findings_add(c->ctx->findings, FINDING_ERROR, pos, NULL, "%s", text);
}

/* The text form of a scalar, as `in` compares with it: 5, 5.0, 10000000000.0. */
static struct slice
text_form(struct arena *a, const struct opt_value *v)
{
    char text[400];

    if (opt_is_text(v))
        return arena_copy(a, v->text);
    if (v->kind == OV_INT)
        return arena_printf(a, "%lld", (long long)v->number);
    return arena_copy(a, (struct slice){ text, number_print_plain(v->real, text, sizeof text) });
}

int
cond_text_order(const void *x, const void *y)
{
    return slice_cmp(*(const struct slice *)x, *(const struct slice *)y);
}

/* Lists in the list are never equal to a text. */
static struct cond_list
list_constant(struct compiling *c, const struct opt_value *v)
{
    struct cond_list list = { .value = v };

    list.texts = arena_calloc(c->ctx->arena, v->n, sizeof *list.texts);
    for (size_t i = 0; i < v->n; i++)
        if (v->list[i].kind == OV_INT || v->list[i].kind == OV_DOUBLE || opt_is_text(&v->list[i]))
            list.texts[list.n++] = text_form(c->ctx->arena, &v->list[i]);
    if (list.n > 1)
        qsort(list.texts, list.n, sizeof *list.texts, cond_text_order);
    return list;
}

/* The configuration may go. Lists only hold scalars and lists: what else is left is compared with
 * nothing. */
static struct opt_value
copied(struct compiling *c, const struct opt_value *v)
{
    struct opt_value copy = *v;

    copy.text = arena_copy(c->ctx->arena, v->text);
    copy.pairs = NULL;
    copy.plugin = NULL;
    copy.list = arena_calloc(c->ctx->arena, v->n, sizeof *copy.list);
    for (size_t i = 0; v->kind == OV_LIST && i < v->n; i++)
        copy.list[i] = copied(c, &v->list[i]);
    return copy;
}

static const struct opt_value *
kept(struct compiling *c, const struct opt_value *v)
{
    struct opt_value *copy = arena_alloc(c->ctx->arena, sizeof *copy);

    *copy = copied(c, v);
    return copy;
}

static struct cond_operand
constant(struct compiling *c, const struct opt_value *v)
{
    struct cond_operand o = { .kind = COND_TEXT, .number = v->number, .real = v->real };

    switch (v->kind) {
    case OV_INT: o.kind = COND_INT; break;
    case OV_DOUBLE: o.kind = COND_DOUBLE; break;
    case OV_LIST:
    case OV_HASH:
        o.kind = COND_LIST;
        o.list = list_constant(c, kept(c, v));
        return o;
    default: break;
    }
    o.text = text_form(c->ctx->arena, v);
    return o;
}

static struct cond_operand
operand(struct compiling *c, const struct operand *o)
{
    struct cond_operand out = { .kind = COND_FIELD };
    struct err err = { 0 };

    if (o->kind == OPERAND_VALUE)
        return constant(c, &o->value);
    if (o->kind == OPERAND_REGEX)
        return (struct cond_operand){ .kind = COND_TEXT,
                                      .text = arena_copy(c->ctx->arena, o->text) };
    if (fieldref_compile(c->ctx->arena, arena_copy(c->ctx->arena, o->text), c->ctx->escape,
                         &out.ref, &err) < 0)
        fail(c, o->pos, err.msg);
    return out;
}

/* ---- constants against constants ---- */

static bool
equal_constants(const struct cond_operand *a, const struct cond_operand *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case COND_TEXT: return slice_eq(a->text, b->text);
    case COND_INT: return a->number == b->number;
    case COND_DOUBLE: return a->real >= b->real && a->real <= b->real;
    default: return opt_value_equal(a->list.value, b->list.value, true);
    }
}

static int
order_of(const struct cond_operand *a, const struct cond_operand *b)
{
    if (a->kind == COND_TEXT)
        return slice_cmp(a->text, b->text);
    if (a->kind == COND_INT)
        return (a->number > b->number) - (a->number < b->number);
    return (a->real > b->real) - (a->real < b->real);
}

static bool
holds(enum condition_kind kind, int order)
{
    switch (kind) {
    case CONDITION_LT: return order < 0;
    case CONDITION_LTE: return order <= 0;
    case CONDITION_GT: return order > 0;
    default: return order >= 0;
    }
}

/* ---- comparisons ---- */

static bool
is_ordering(enum condition_kind kind)
{
    return kind == CONDITION_LT || kind == CONDITION_LTE || kind == CONDITION_GT ||
           kind == CONDITION_GTE;
}

static enum condition_kind
swapped(enum condition_kind kind)
{
    switch (kind) {
    case CONDITION_LT: return CONDITION_GT;
    case CONDITION_LTE: return CONDITION_GTE;
    case CONDITION_GT: return CONDITION_LT;
    case CONDITION_GTE: return CONDITION_LTE;
    default: return kind;
    }
}

static void
fold(struct compiling *c, struct cond *out, const struct config_condition *t)
{
    out->constant = true;
    if (!is_ordering(out->kind)) {
        out->answer = equal_constants(&out->a, &out->b) == (out->kind != CONDITION_NEQ);
        return;
    }
    if (out->a.kind != out->b.kind || out->a.kind == COND_LIST)
        fail(c, t->pos, "Two constants of different types cannot be compared");
    else
        out->answer = holds(out->kind, order_of(&out->a, &out->b));
}

static void
comparison(struct compiling *c, struct cond *out, const struct config_condition *t)
{
    out->a = operand(c, &t->a);
    out->b = operand(c, &t->b);
    if (out->a.kind != COND_FIELD && out->b.kind != COND_FIELD) {
        fold(c, out, t);
    } else if (out->a.kind != COND_FIELD && t->kind != CONDITION_IN) {
        struct cond_operand field = out->b;

        out->b = out->a;
        out->a = field;
        out->kind = swapped(t->kind);
    }
}

static void
match(struct compiling *c, struct cond *out, const struct config_condition *t)
{
    struct err err = { 0 };

    out->a = operand(c, &t->a);
    out->regex = pool_regex(c->pool, c->ctx, t->b.text, &err);
    if (out->regex == NULL) {
        c->failed = true;
        findings_add(c->ctx->findings, FINDING_ERROR, t->b.pos, NULL,
                     "Invalid pattern in a condition: %s", err.msg);
    }
}

static bool
true_text(struct slice s)
{
    return s.n > 0 && !slice_eq(s, SLICE("false"));
}

static void
truthy(struct compiling *c, struct cond *out, const struct config_condition *t)
{
    out->a = operand(c, &t->a);
    if (out->a.kind == COND_FIELD)
        return;
    out->constant = true;
    out->answer = out->a.kind != COND_TEXT || true_text(out->a.text);
}

/* ---- trees ---- */

static struct cond *
compile(struct compiling *c, const struct config_condition *t)
{
    struct cond *first = NULL, **at = &first;

    /* To the right a chain may be long: a loop. To the left only brackets lead. */
    for (;; t = t->right) {
        struct cond *out = arena_calloc(c->ctx->arena, 1, sizeof *out);

        *at = out;
        out->kind = t->kind;
        switch (t->kind) {
        case CONDITION_TRUTHY: truthy(c, out, t); return first;
        case CONDITION_NOT: out->left = compile(c, t->left); return first;
        case CONDITION_MATCH: match(c, out, t); return first;
        case CONDITION_AND:
        case CONDITION_OR:
        case CONDITION_XOR:
        case CONDITION_NAND: break;
        default: comparison(c, out, t); return first;
        }
        out->left = compile(c, t->left);
        at = (struct cond **)(void *)&out->right;
    }
}

int
cond_compile(const struct config_condition *tree, const struct plugin_context *ctx,
             struct cond_pool *pool, struct cond **out)
{
    struct compiling c = { ctx, pool, false };

    *out = compile(&c, tree);
    return c.failed ? -1 : 0;
}
