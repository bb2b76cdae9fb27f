/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/config_check.h"

#include "codec/base/buf.h"
#include "codec/base/name_index.h"

/* ---- mutate ---- */

/* The order in which Logstash runs the operations of one block, whatever the text says. */
static const struct {
    const char *name;
    bool targets;   /* values are fields too */
    unsigned every; /* in a flat list, which members are fields: each so-manieth */
} operations[] = {
    { "coerce", false, 2 },    { "rename", true, 1 },      { "update", false, 2 },
    { "replace", false, 2 },   { "convert", false, 2 },    { "gsub", false, 3 },
    { "uppercase", false, 1 }, { "capitalize", false, 1 }, { "lowercase", false, 1 },
    { "strip", false, 1 },     { "split", false, 2 },      { "join", false, 2 },
    { "merge", true, 1 },      { "copy", true, 1 },
};

static size_t
operation_of(struct slice name)
{
    size_t i = 0;

    while (i < COUNT(operations) && !slice_eq(name, slice_of(operations[i].name)))
        i++;
    return i;
}

/* `a` and `[a]` are one field. */
static struct slice
field_name(struct slice s)
{
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']' &&
        slice_find_byte((struct slice){ s.p + 1, s.n - 1 }, '[', 0) == SIZE_MAX)
        return (struct slice){ s.p + 1, s.n - 2 };
    return s;
}

/* A field that an operation touches was last touched by an operation of a later rank: then the text
 * reads as if that had happened first. */
struct mutate_check {
    struct findings *findings;
    struct name_index last; /* of a field: rank + 1 of the operation written latest */
    struct config_pos pos;
    size_t rank;
    bool said;
};

static void
touch(struct mutate_check *m, struct slice field)
{
    bool found;
    size_t *last = name_index_put(&m->last, field_name(field), m->rank + 1, &found);

    if (found && *last > m->rank + 1 && !m->said) {
        m->said = true;
        findings_add(m->findings, FINDING_WARN, m->pos,
                     "write two mutate blocks, one behind the other",
                     "mutate runs `%s` before `%s`, whatever their order in the block, and both "
                     "touch the field %.*s",
                     operations[m->rank].name, operations[*last - 1].name,
                     (int)(field.n < 100 ? field.n : 100), field.p);
    }
    if (m->rank + 1 > *last)
        *last = m->rank + 1;
}

static void
touch_value(struct mutate_check *m, const struct opt_value *v)
{
    if (opt_is_text(v))
        touch(m, v->text);
    for (size_t i = 0; v->kind == OV_LIST && i < v->n; i += operations[m->rank].every)
        if (opt_is_text(&v->list[i]))
            touch(m, v->list[i].text);
    for (size_t i = 0; v->kind == OV_HASH && i < v->n; i++) {
        touch(m, v->pairs[i].key);
        if (operations[m->rank].targets && opt_is_text(&v->pairs[i].value))
            touch(m, v->pairs[i].value.text);
    }
}

static void
check_mutate(const struct opt_plugin *p, struct findings *findings)
{
    struct mutate_check m = { .findings = findings };

    for (size_t i = 0; i < p->n; i++) {
        m.rank = operation_of(p->options[i].key);
        m.pos = p->options[i].pos;
        if (m.rank < COUNT(operations))
            touch_value(&m, &p->options[i].value);
    }
    name_index_fini(&m.last);
}

/* ---- branches ---- */

static bool
equal_operands(const struct operand *x, const struct operand *y)
{
    if (x->kind != y->kind)
        return false;
    return x->kind == OPERAND_VALUE ? opt_value_equal(&x->value, &y->value, true)
                                    : slice_eq(x->text, y->text);
}

static bool
equal_conditions(const struct config_condition *x, const struct config_condition *y)
{
    for (; x != NULL && y != NULL; x = x->right, y = y->right)
        if (x->kind != y->kind || !equal_operands(&x->a, &y->a) || !equal_operands(&x->b, &y->b) ||
            !equal_conditions(x->left, y->left))
            return false;
    return x == y;
}

static void
check_constant(const struct config_node *node, struct findings *findings)
{
    const struct config_condition *c = node->condition;

    if (c->kind == CONDITION_TRUTHY && c->a.kind != OPERAND_FIELD)
        findings_add(findings, FINDING_WARN, c->pos,
                     "compare a field with it, or write the field in brackets: [name]",
                     "The condition is a constant: it does not look at the event");
}

/* An arm whose condition was asked before in the same chain is never reached. */
static void
check_chain(const struct config_node *first, struct findings *findings)
{
    const struct config_node *arms[CHECK_CHAIN];
    size_t n = 0;

    for (const struct config_node *node = first; n < CHECK_CHAIN; node = &node->otherwise[0]) {
        for (size_t i = 0; i < n; i++)
            if (equal_conditions(arms[i]->condition, node->condition)) {
                findings_add(findings, FINDING_WARN, node->pos, NULL,
                             "This branch is never reached: line %u asks the same",
                             arms[i]->pos.line);
                break;
            }
        arms[n++] = node;
        if (node->otherwise_n != 1 || node->otherwise[0].kind != NODE_IF)
            break;
    }
}

/* ---- trees ---- */

static void
check_nodes(const struct config_node *nodes, size_t n, struct findings *findings)
{
    for (size_t i = 0; i < n; i++) {
        const struct config_node *node = &nodes[i];

        if (node->kind == NODE_PLUGIN) {
            if (slice_eq(node->plugin.name, SLICE("mutate")))
                check_mutate(&node->plugin, findings);
            continue;
        }
        check_chain(node, findings);
        for (;; node = &node->otherwise[0]) {
            check_constant(node, findings);
            check_nodes(node->then, node->then_n, findings);
            if (node->otherwise_n != 1 || node->otherwise[0].kind != NODE_IF)
                break;
        }
        check_nodes(node->otherwise, node->otherwise_n, findings);
    }
}

void
config_check(const struct config *c, struct findings *findings)
{
    check_nodes(c->filter.at, c->filter.n, findings);
    check_nodes(c->output.at, c->output.n, findings);
}
