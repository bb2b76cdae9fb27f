/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/config_check.h"

#include "codec/base/buf.h"
#include "codec/base/name_index.h"

#include <stdlib.h>

/* ---- mutate ---- */

/* The order in which Logstash runs the operations of one block, whatever the text says. */
static const struct {
    const char *name;
    bool targets;   /* values are fields too */
    unsigned every; /* in a flat list, which members are fields: each so-manieth */
} operations[] = {
    { "coerce", false, 2 },       { "rename", true, 1 },      { "update", false, 2 },
    { "replace", false, 2 },      { "convert", false, 2 },    { "gsub", false, 3 },
    { "uppercase", false, 1 },    { "capitalize", false, 1 }, { "lowercase", false, 1 },
    { "strip", false, 1 },        { "split", false, 2 },      { "join", false, 2 },
    { "merge", true, 1 },         { "copy", true, 1 },        { "add_field", false, 2 },
    { "remove_field", false, 1 },
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

/* ---- conditions ---- */

/* Leaves of a chain of or, or of and, that are compared with each other. */
#define CHECK_LEAVES 32

struct leaves {
    const struct config_condition *at[CHECK_LEAVES];
    size_t n;
};

static bool
is_field_and_text(const struct config_condition *c)
{
    return c->a.kind == OPERAND_FIELD && c->b.kind == OPERAND_VALUE && c->b.value.kind != OV_LIST;
}

/* Chains lean to the right without a limit; to the left the parser bounds the depth. */
static void
collect(const struct config_condition *c, enum condition_kind joint, enum condition_kind kind,
        struct leaves *out)
{
    for (; c->kind == joint; c = c->right)
        collect(c->left, joint, kind, out);
    if (c->kind == kind && is_field_and_text(c) && out->n < CHECK_LEAVES)
        out->at[out->n++] = c;
}

/* `[a] != 1 or [a] != 2`, and `[a] == 1 and [a] == 2`. */
static void
check_chain_of(const struct config_condition *c, bool is_or, struct findings *findings)
{
    struct leaves l = { .n = 0 };

    collect(c, is_or ? CONDITION_OR : CONDITION_AND, is_or ? CONDITION_NEQ : CONDITION_EQ, &l);
    for (size_t i = 1; i < l.n; i++)
        for (size_t k = 0; k < i; k++)
            if (slice_eq(l.at[i]->a.text, l.at[k]->a.text) &&
                !opt_value_equal(&l.at[i]->b.value, &l.at[k]->b.value, true)) {
                findings_add(findings, FINDING_WARN, l.at[i]->pos,
                             is_or ? "write `and`, or `not in [...]`" : "write `or`, or `in [...]`",
                             is_or ? "This is always true: %.*s is always different from one of two"
                                   : "This is never true: %.*s cannot equal two values at once",
                             SLICE_ARGS(l.at[i]->a.text));
                return;
            }
}

/* A constant with a variable in it is not replaced; one with \" keeps its backslash. */
static void
check_constant_text(const struct opt_value *v, struct findings *findings)
{
    size_t dollar, end;

    for (size_t i = 0; v->kind == OV_LIST && i < v->n; i++)
        check_constant_text(&v->list[i], findings);
    if (!opt_is_text(v))
        return;
    if (slice_find(v->text, SLICE("\\\""), 0) != SIZE_MAX ||
        slice_find(v->text, SLICE("\\'"), 0) != SIZE_MAX)
        findings_add(findings, FINDING_WARN, v->pos,
                     "write it between quotes of the other kind, without a backslash",
                     "The backslash in front of a quote stays in the text, as long as "
                     "config.support_escapes is off");
    dollar = slice_find(v->text, SLICE("${"), 0);
    end = dollar == SIZE_MAX ? SIZE_MAX : slice_find_byte(v->text, '}', dollar);
    if (end != SIZE_MAX && (dollar > 0 || end + 1 < v->text.n))
        findings_add(findings, FINDING_WARN, v->pos, "put the whole text into the variable",
                     "In a condition a variable is replaced only when the text is nothing else");
}

static void
check_condition(const struct config_condition *c, enum condition_kind above,
                struct findings *findings)
{
    for (; c != NULL; above = c->kind, c = c->right) {
        if (c->kind == CONDITION_OR && above != CONDITION_OR)
            check_chain_of(c, true, findings);
        if (c->kind == CONDITION_AND && above != CONDITION_AND)
            check_chain_of(c, false, findings);
        if (c->kind == CONDITION_IN && c->a.kind == OPERAND_VALUE && c->b.kind == OPERAND_VALUE)
            findings_add(findings, FINDING_WARN, c->pos, "ask for a field: [name] in ...",
                         "Between two constants `in` only asks whether they are equal");
        if (c->a.kind == OPERAND_VALUE)
            check_constant_text(&c->a.value, findings);
        if (c->b.kind == OPERAND_VALUE)
            check_constant_text(&c->b.value, findings);
        check_condition(c->left, c->kind, findings);
    }
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
            config_check_texts(&node->plugin, findings);
            continue;
        }
        check_chain(node, findings);
        for (;; node = &node->otherwise[0]) {
            check_constant(node, findings);
            check_condition(node->condition, CONDITION_NOT, findings);
            check_nodes(node->then, node->then_n, findings);
            if (node->otherwise_n != 1 || node->otherwise[0].kind != NODE_IF)
                break;
        }
        check_nodes(node->otherwise, node->otherwise_n, findings);
    }
}

/* ---- files ---- */

/* The number that a file's name begins with, and its folder; false: it begins with none. */
static bool
numbered(const char *path, struct slice *folder, unsigned long *number)
{
    const char *name = strrchr(path, '/');

    name = name != NULL ? name + 1 : path;
    *folder = slice_between(path, name);
    if (*name < '0' || *name > '9')
        return false;
    *number = strtoul(name, NULL, 10);
    return true;
}

/* Files come in the order of their names as text: 10.conf before 9.conf. */
static void
check_file_order(const struct config *c, struct findings *findings)
{
    struct slice folder, before;
    unsigned long number, last = 0;

    for (size_t i = 1; i < c->sources_n; i++) {
        if (!numbered(c->sources[i].name, &folder, &number) ||
            !numbered(c->sources[i - 1].name, &before, &last) || !slice_eq(folder, before) ||
            number >= last)
            continue;
        findings_add(findings, FINDING_WARN, (struct config_pos){ (uint32_t)i, 1, 1 },
                     "give the numbers the same length: 09, 10",
                     "Files are read in the order of their names as text: %s comes behind %s",
                     c->sources[i].name, c->sources[i - 1].name);
        return;
    }
}

void
config_check(const struct config *c, struct findings *findings)
{
    check_file_order(c, findings);
    check_nodes(c->input.at, c->input.n, findings);
    check_nodes(c->filter.at, c->filter.n, findings);
    check_nodes(c->output.at, c->output.n, findings);
}
