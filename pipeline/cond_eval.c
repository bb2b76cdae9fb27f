/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions against events (config-language.md 6). Everything that can be known before is in the
 * compiled condition; here fields are looked up and compared. */
#include "pipeline/cond_priv.h"

#include "codec/base/buf.h"
#include "codec/number.h"
#include "pipeline/regex.h"

#include <stdlib.h>

struct evaluation {
    struct event *ev;
    struct arena *arena;
    struct regex_scratch *scratch;
    struct err *err;
};

static enum truth
truth_of(bool b)
{
    return b ? COND_TRUE : COND_FALSE;
}

static struct value *
field(const struct evaluation *e, const struct cond_operand *o)
{
    return event_get(e->ev, &o->ref);
}

/* ---- truth ---- */

static bool
is_true(const struct evaluation *e, struct value *v)
{
    struct slice text;

    if (v == NULL || v->type == V_NULL)
        return false;
    if (v->type == V_BOOL)
        return value_to_bool(v);
    if (v->type != V_STRING)
        return true;
    text = value_text(e->arena, v);
    return text.n > 0 && !slice_eq(text, SLICE("false"));
}

/* ---- equality ---- */

static bool
equals_constant(const struct evaluation *e, struct value *v, const struct cond_operand *c)
{
    if (v == NULL)
        return false;
    switch (c->kind) {
    case COND_TEXT: return v->type == V_STRING && slice_eq(value_text(e->arena, v), c->text);
    case COND_INT: return v->type == V_INT && value_to_int(v) == c->number;
    case COND_DOUBLE: {
        double d = v->type == V_DOUBLE ? value_to_double(v) : 0;

        return v->type == V_DOUBLE && d >= c->real && d <= c->real;
    }
    default: return false;
    }
}

static bool
equal_fields(const struct evaluation *e, struct value *x, struct value *y)
{
    if (x == NULL || y == NULL)
        return x == y;
    return value_equal(e->arena, x, y);
}

static bool
is_equal(const struct evaluation *e, const struct cond *c)
{
    struct value *v = field(e, &c->a);

    if (c->b.kind == COND_FIELD)
        return equal_fields(e, v, field(e, &c->b));
    return equals_constant(e, v, &c->b);
}

/* ---- order ---- */

static enum truth
cannot(const struct evaluation *e, const struct cond *c, const char *why)
{
    struct slice left = c->a.ref.text, right = c->b.kind == COND_FIELD ? c->b.ref.text : c->b.text;

    err_set(e->err, ERR_TYPE, "condition evaluation error, %s (%.*s compared with %.*s)", why,
            (int)(left.n < 100 ? left.n : 100), left.p, (int)(right.n < 100 ? right.n : 100),
            right.p);
    return COND_FAILED;
}

static enum truth
ordered(enum condition_kind kind, int order)
{
    switch (kind) {
    case CONDITION_LT: return truth_of(order < 0);
    case CONDITION_LTE: return truth_of(order <= 0);
    case CONDITION_GT: return truth_of(order > 0);
    default: return truth_of(order >= 0);
    }
}

static int
order_of_doubles(double x, double y)
{
    return (x > y) - (x < y);
}

/* Both are numbers. Integers of any size are compared exactly. */
static int
order_of_numbers(struct value *x, struct value *y)
{
    bool x_whole = x->type == V_INT || x->type == V_BIGINT;
    bool y_whole = y->type == V_INT || y->type == V_BIGINT;

    if (x->type == V_INT && y->type == V_INT) {
        int64_t a = value_to_int(x), b = value_to_int(y);

        return (a > b) - (a < b);
    }
    if (x_whole && y_whole)
        return number_cmp(value_raw_text(x), true, value_raw_text(y), true);
    return order_of_doubles(value_to_double(x), value_to_double(y));
}

static int
order_with_number(struct value *v, const struct cond_operand *c)
{
    if (v->type == V_INT && c->kind == COND_INT) {
        int64_t n = value_to_int(v);

        return (n > c->number) - (n < c->number);
    }
    if (v->type == V_BIGINT && c->kind == COND_INT)
        return number_cmp(value_raw_text(v), true, c->text, true);
    return order_of_doubles(value_to_double(v), c->kind == COND_INT ? (double)c->number : c->real);
}

static enum truth
compare_with_constant(const struct evaluation *e, const struct cond *c, struct value *v)
{
    if (v->type == V_STRING && c->b.kind == COND_TEXT)
        return ordered(c->kind, slice_cmp(value_text(e->arena, v), c->b.text));
    if (value_is_number(v) && (c->b.kind == COND_INT || c->b.kind == COND_DOUBLE))
        return ordered(c->kind, order_with_number(v, &c->b));
    return cannot(e, c, "a number and a text have no order");
}

static enum truth
compare_fields(const struct evaluation *e, const struct cond *c, struct value *x, struct value *y)
{
    if (x->type == V_STRING && y->type == V_STRING)
        return ordered(c->kind, slice_cmp(value_text(e->arena, x), value_text(e->arena, y)));
    if (value_is_number(x) && value_is_number(y))
        return ordered(c->kind, order_of_numbers(x, y));
    return cannot(e, c, "the types of the two fields have no order");
}

static enum truth
compare(const struct evaluation *e, const struct cond *c)
{
    struct value *x = field(e, &c->a), *y = NULL;

    if (x == NULL)
        return cannot(e, c, "the field on the left is missing");
    if (value_is_container(x))
        return cannot(e, c, "a list or map has no order");
    if (c->b.kind == COND_FIELD) {
        y = field(e, &c->b);
        if (y == NULL)
            return cannot(e, c, "the field on the right is missing");
    }
    /* These count as equal to anything. */
    if (x->type == V_BOOL || x->type == V_NULL || x->type == V_TIMESTAMP)
        return ordered(c->kind, 0);
    return y != NULL ? compare_fields(e, c, x, y) : compare_with_constant(e, c, x);
}

/* ---- in ---- */

static bool
contains(struct slice whole, struct slice part)
{
    return part.n == 0 || slice_find(whole, part, 0) != SIZE_MAX;
}

static bool
constant_in_field(const struct evaluation *e, const struct cond_operand *c, struct value *v)
{
    if (v == NULL)
        return false;
    if (v->type == V_STRING)
        return c->kind == COND_TEXT && contains(value_text(e->arena, v), c->text);
    if (v->type != V_ARRAY)
        return false;
    for (uint32_t i = 0; i < value_count(e->arena, v); i++)
        if (equals_constant(e, value_at(e->arena, v, i), c))
            return true;
    return false;
}

static bool
is_listed(const struct cond_list *list, struct slice text)
{
    return list->n > 0 &&
           bsearch(&text, list->texts, list->n, sizeof text, cond_text_order) != NULL;
}

/* Digits of the largest double, its sign, and more behind the point than anybody writes. */
#define PLAIN 400

/* By text form: 5 is found as "5", null as "". */
static bool
field_in_list(const struct evaluation *e, struct value *v, const struct cond_list *list)
{
    struct buf text = { 0 };
    bool found;

    if (v == NULL || value_is_container(v))
        return false;
    if (v->type == V_STRING)
        return is_listed(list, value_text(e->arena, v));
    if (v->type == V_DOUBLE)
        text.n = number_print_plain(value_to_double(v), buf_reserve(&text, PLAIN), PLAIN);
    else
        value_render(e->arena, v, &text);
    found = is_listed(list, buf_slice(&text));
    buf_fini(&text);
    return found;
}

static bool
field_in_field(const struct evaluation *e, struct value *x, struct value *y)
{
    if (x == NULL || y == NULL || value_is_container(x))
        return false;
    if (y->type == V_ARRAY) {
        for (uint32_t i = 0; i < value_count(e->arena, y); i++)
            if (value_equal(e->arena, x, value_at(e->arena, y, i)))
                return true;
        return false;
    }
    if (x->type == V_STRING && y->type == V_STRING)
        return contains(value_text(e->arena, y), value_text(e->arena, x));
    return value_equal(e->arena, x, y);
}

static bool
is_in(const struct evaluation *e, const struct cond *c)
{
    struct value *v;

    if (c->a.kind != COND_FIELD)
        return constant_in_field(e, &c->a, field(e, &c->b));
    v = field(e, &c->a);
    if (c->b.kind == COND_FIELD)
        return field_in_field(e, v, field(e, &c->b));
    if (c->b.kind == COND_LIST)
        return field_in_list(e, v, &c->b.list);
    return v != NULL && v->type == V_STRING && contains(c->b.text, value_text(e->arena, v));
}

/* ---- patterns ---- */

static enum truth
matches(const struct evaluation *e, const struct cond *c)
{
    struct slice subject = c->a.text;

    if (c->a.kind == COND_FIELD) {
        struct value *v = field(e, &c->a);

        if (v == NULL || v->type != V_STRING)
            return COND_FALSE;
        subject = value_text(e->arena, v);
    }
    switch (regex_search(c->regex, e->scratch, subject, 0)) {
    case REGEX_MATCH: return COND_TRUE;
    case REGEX_NO_MATCH: return COND_FALSE;
    case REGEX_BAD_TEXT:
        err_set(e->err, ERR_PARSE, "condition evaluation error, the text is not UTF-8");
        return COND_FAILED;
    case REGEX_TIMEOUT:
        err_set(e->err, ERR_LIMIT, "condition evaluation error, the pattern takes too long");
        return COND_FAILED;
    }
    UNREACHABLE("regex result");
}

/* ---- trees ---- */

static enum truth evaluate(const struct evaluation *e, const struct cond *c);

static enum truth
negated(enum truth t)
{
    return t == COND_FAILED ? t : t == COND_TRUE ? COND_FALSE : COND_TRUE;
}

static enum truth
exclusive(const struct evaluation *e, const struct cond *c)
{
    enum truth left = evaluate(e, c->left), right;

    if (left == COND_FAILED)
        return left;
    right = evaluate(e, c->right);
    return right == COND_FAILED ? right : truth_of(left != right);
}

static enum truth
leaf(const struct evaluation *e, const struct cond *c)
{
    if (c->constant)
        return truth_of(c->answer);
    switch (c->kind) {
    case CONDITION_TRUTHY: return truth_of(is_true(e, field(e, &c->a)));
    case CONDITION_EQ: return truth_of(is_equal(e, c));
    case CONDITION_NEQ: return truth_of(!is_equal(e, c));
    case CONDITION_IN: return truth_of(is_in(e, c));
    case CONDITION_MATCH: return matches(e, c);
    default: return compare(e, c);
    }
}

static enum truth
evaluate(const struct evaluation *e, const struct cond *c)
{
    for (;; c = c->right) {
        enum truth left;

        switch (c->kind) {
        case CONDITION_NOT: return negated(evaluate(e, c->left));
        case CONDITION_XOR: return exclusive(e, c);
        case CONDITION_NAND: {
            left = evaluate(e, c->left);
            return negated(left != COND_TRUE ? left : evaluate(e, c->right));
        }
        case CONDITION_AND:
        case CONDITION_OR: break;
        default: return leaf(e, c);
        }
        left = evaluate(e, c->left);
        if (left == COND_FAILED || left == truth_of(c->kind == CONDITION_OR))
            return left;
    }
}

enum truth
cond_eval(const struct cond *c, struct event *ev, struct regex_scratch *scratch, struct err *err)
{
    struct evaluation e = { ev, event_arena(ev), scratch, err };

    return evaluate(&e, c);
}
