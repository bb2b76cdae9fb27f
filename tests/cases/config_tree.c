/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/cases/config_tree.h"

static struct tree *
number(struct arena *a, double d, bool whole, int64_t n)
{
    struct tree *t = tree_new(a, TREE_NUMBER);

    t->text = whole ? arena_printf(a, "%lld", (long long)n) : arena_printf(a, "%.17g", d);
    if (!whole && strpbrk(arena_cstr(a, t->text), ".en") == NULL)
        t->text = arena_printf(a, "%.*s.0", SLICE_ARGS(t->text));
    return t;
}

static struct tree *plugin(struct arena *a, const struct opt_plugin *p, const char *type);

struct tree *
config_value_tree(struct arena *a, const struct opt_value *v)
{
    struct tree *t;

    switch (v->kind) {
    case OV_INT: return number(a, 0, true, v->number);
    case OV_DOUBLE: return number(a, v->real, false, 0);
    case OV_LIST:
        t = tree_new(a, TREE_ARRAY);
        for (size_t i = 0; i < v->n; i++)
            tree_add(t, config_value_tree(a, &v->list[i]));
        return t;
    case OV_HASH:
        t = tree_new(a, TREE_OBJECT);
        for (size_t i = 0; i < v->n; i++)
            tree_set(a, t, v->pairs[i].key, config_value_tree(a, &v->pairs[i].value));
        return t;
    case OV_PLUGIN: return plugin(a, v->plugin, "codec");
    default: return opt_is_null(v) ? tree_new(a, TREE_NULL) : tree_string(a, v->text);
    }
}

static struct tree *
plugin(struct arena *a, const struct opt_plugin *p, const char *type)
{
    struct tree *t = tree_new(a, TREE_OBJECT), *options = tree_new(a, TREE_OBJECT);

    for (size_t i = 0; i < p->n; i++)
        tree_set(a, options, p->options[i].key, config_value_tree(a, &p->options[i].value));
    tree_set(a, t, SLICE("plugin"), tree_string(a, p->name));
    tree_set(a, t, SLICE("type"), tree_string(a, slice_of(type)));
    tree_set(a, t, SLICE("line"), number(a, 0, true, p->pos.line));
    tree_set(a, t, SLICE("column"), number(a, 0, true, p->pos.column));
    return tree_set(a, t, SLICE("options"), options);
}

/* ---- conditions ---- */

static struct tree *
one(struct arena *a, const char *key, struct tree *kid)
{
    return tree_set(a, tree_new(a, TREE_OBJECT), slice_of(key), kid);
}

static struct tree *
two(struct arena *a, const char *key, struct tree *left, struct tree *right)
{
    return one(a, key, tree_add(tree_add(tree_new(a, TREE_ARRAY), left), right));
}

static struct tree *
operand(struct arena *a, const struct operand *o)
{
    if (o->kind == OPERAND_FIELD)
        return one(a, "field", tree_string(a, o->text));
    if (o->kind == OPERAND_REGEX)
        return one(a, "regex", tree_string(a, o->text));
    return one(a, "value", config_value_tree(a, &o->value));
}

static struct tree *condition(struct arena *a, const struct config_condition *c);

static struct tree * not(struct arena * a, const struct config_condition *c)
{
    return one(a, "not", condition(a, c));
}

/* The reference expands these two while it builds. */
static struct tree *
exclusive(struct arena *a, const struct config_condition *c)
{
    return two(a, "or", two(a, "and", not(a, c->left), condition(a, c->right)),
               two(a, "and", condition(a, c->left), not(a, c->right)));
}

static struct tree *
condition(struct arena *a, const struct config_condition *c)
{
    static const char *const names[] = {
        [CONDITION_EQ] = "eq", [CONDITION_NEQ] = "neq",
        [CONDITION_LT] = "lt", [CONDITION_LTE] = "lte",
        [CONDITION_GT] = "gt", [CONDITION_GTE] = "gte",
        [CONDITION_IN] = "in", [CONDITION_MATCH] = "regex_match",
    };

    switch (c->kind) {
    case CONDITION_TRUTHY: return c->bare ? operand(a, &c->a) : one(a, "truthy", operand(a, &c->a));
    case CONDITION_NOT: return not(a, c->left);
    case CONDITION_AND: return two(a, "and", condition(a, c->left), condition(a, c->right));
    case CONDITION_OR: return two(a, "or", condition(a, c->left), condition(a, c->right));
    case CONDITION_XOR: return exclusive(a, c);
    case CONDITION_NAND:
        return one(a, "not", two(a, "and", condition(a, c->left), condition(a, c->right)));
    default: return two(a, names[c->kind], operand(a, &c->a), operand(a, &c->b));
    }
}

/* ---- blocks ---- */

static struct tree *
nodes(struct arena *a, const struct config_node *at, size_t n, const char *type)
{
    struct tree *list = tree_new(a, TREE_ARRAY), *t;

    for (size_t i = 0; i < n; i++) {
        if (at[i].kind == NODE_PLUGIN) {
            tree_add(list, plugin(a, &at[i].plugin, type));
            continue;
        }
        t = one(a, "if", condition(a, at[i].condition));
        tree_set(a, t, SLICE("then"), nodes(a, at[i].then, at[i].then_n, type));
        tree_set(a, t, SLICE("else"), nodes(a, at[i].otherwise, at[i].otherwise_n, type));
        tree_add(list, t);
    }
    return list;
}

struct tree *
config_tree(struct arena *a, const struct config *c)
{
    struct tree *t = one(a, "input", nodes(a, c->input.at, c->input.n, "input"));

    tree_set(a, t, SLICE("filter"), nodes(a, c->filter.at, c->filter.n, "filter"));
    return tree_set(a, t, SLICE("output"), nodes(a, c->output.at, c->output.n, "output"));
}
