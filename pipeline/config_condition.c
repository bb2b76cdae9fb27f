/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions: how Logstash groups them, and what it takes an operand for (config-language.md 5).
 *
 * What the reference refuses with an internal error while it builds is refused here in words. */
#include "pipeline/config_build.h"

static struct config_condition *expression(const struct config_build *b, const struct syntax *s);

static struct config_condition *
condition_new(const struct config_build *b, enum condition_kind kind, const struct syntax *s)
{
    struct config_condition *c = arena_calloc(b->arena, 1, sizeof *c);

    c->kind = kind;
    c->pos = build_pos(b, s);
    return c;
}

static struct config_condition *
negated(const struct config_build *b, const struct syntax *s, struct config_condition *inner)
{
    struct config_condition *c = condition_new(b, CONDITION_NOT, s);

    c->left = inner;
    return c;
}

/* ---- operands ---- */

static struct operand
operand(const struct config_build *b, const struct syntax *s)
{
    struct operand o = { .kind = OPERAND_VALUE, .pos = build_pos(b, s) };
    struct slice text = build_text(b, s);

    if (s->kind == SYNTAX_SELECTOR) {
        o.kind = OPERAND_FIELD;
        o.text = text;
    } else if (s->kind == SYNTAX_REGEX) {
        o.kind = OPERAND_REGEX;
        o.text = (struct slice){ text.p + 1, text.n - 2 };
    } else {
        o.value = build_value(b, s);
    }
    return o;
}

static void
bad_call(const struct config_build *b, const struct syntax *s)
{
    findings_add(b->findings, FINDING_ERROR, build_pos(b, s),
                 "compare a field with a text, a number, a list or another field",
                 "Function calls in conditions are not supported: %.*s",
                 SLICE_ARGS(build_brief(b, s->kids)));
}

/* The reference drops the name of a function and uses the field in it. */
static const struct syntax *
field_of_call(const struct config_build *b, const struct syntax *s)
{
    const struct syntax *first = s->kids->next;

    if (first == NULL || first->next != NULL || first->kind != SYNTAX_SELECTOR) {
        bad_call(b, s);
        return NULL;
    }
    findings_add(b->findings, FINDING_WARN, build_pos(b, s), "write the field alone",
                 "There are no functions in conditions: `%.*s` means %.*s",
                 SLICE_ARGS(build_brief(b, s)), SLICE_ARGS(build_brief(b, first)));
    return first;
}

/* The first text or number in a list, also in lists inside it; barewords do not count. */
static const struct syntax *
first_scalar(const struct syntax *s)
{
    const struct syntax *found = NULL;

    if (s->kind == SYNTAX_STRING || s->kind == SYNTAX_NUMBER)
        return s;
    if (s->kind == SYNTAX_ARRAY || s->kind == SYNTAX_HASH || s->kind == SYNTAX_ENTRY)
        for (const struct syntax *kid = s->kids; kid != NULL && found == NULL; kid = kid->next)
            found = first_scalar(kid);
    return found;
}

/* ---- comparisons ---- */

static bool
bad_operand(const struct config_build *b, const struct syntax *s, const char *operator)
{
    findings_add(b->findings, FINDING_ERROR, build_pos(b, s),
                 "a field, a text or a number can stand here",
                 "Invalid operand of %s: %.*s", operator, SLICE_ARGS(build_brief(b, s)));
    return false;
}

/* What really stands on a side of == and its like; NULL: nothing can. */
static const struct syntax *
comparable(const struct config_build *b, const struct syntax *s, bool right, const char *operator)
{
    const struct syntax *found = s;

    if (s->kind == SYNTAX_CALL)
        return field_of_call(b, s);
    if (s->kind == SYNTAX_REGEX)
        found = NULL;
    if (s->kind == SYNTAX_ARRAY)
        found = right ? first_scalar(s) : NULL;
    if (found == NULL)
        bad_operand(b, s, operator);
    else if (found != s)
        findings_add(b->findings, FINDING_WARN, build_pos(b, s),
                     "to ask for one of several values write `in`",
                     "A list to the right of %s counts as its first member only: %.*s", operator,
                     SLICE_ARGS(build_brief(b, found)));
    return found;
}

static const struct {
    const char *text;
    enum condition_kind kind;
} operators[] = {
    { "==", CONDITION_EQ },  { "!=", CONDITION_NEQ }, { "<=", CONDITION_LTE },
    { ">=", CONDITION_GTE }, { "<", CONDITION_LT },   { ">", CONDITION_GT },
};

static void
compare(const struct config_build *b, struct config_condition *c, const struct syntax *left,
        const char *operator, const struct syntax * right)
{
    for (size_t i = 0; i < COUNT(operators); i++)
        if (strcmp(operators[i].text, operator) == 0)
            c->kind = operators[i].kind;
    left = comparable(b, left, false, operator);
    right = comparable(b, right, true, operator);
    if (left == NULL || right == NULL)
        return;
    c->a = operand(b, left);
    c->b = operand(b, right);
}

/* `[x] in ["a"]`: the brackets are a field reference, which nobody means. */
static void
check_list_of_one(const struct config_build *b, const struct syntax *s)
{
    struct slice text = build_brief(b, s);

    if (s->kind != SYNTAX_SELECTOR || (text.p[1] != '"' && text.p[1] != '\''))
        return;
    findings_add(
        b->findings, FINDING_WARN, build_pos(b, s), "write `==`, or a list of two: [\"a\", \"a\"]",
        "A list of one member is a field reference in Logstash: `in %.*s` asks for a field "
        "of that name and is false when there is none",
        SLICE_ARGS(text));
}

static void
membership(const struct config_build *b, struct config_condition *c, const struct syntax *left,
           const struct syntax *right)
{
    c->kind = CONDITION_IN;
    check_list_of_one(b, right);
    if (left->kind == SYNTAX_CALL) {
        bad_call(b, left);
        return;
    }
    c->a = operand(b, left);
    if (right->kind == SYNTAX_CALL) { /* of a call on the right only its name is left */
        c->b = (struct operand){ .kind = OPERAND_VALUE, .pos = build_pos(b, right) };
        c->b.value = build_value(b, right->kids);
        findings_add(b->findings, FINDING_WARN, c->b.pos, "write the text in quotes",
                     "There are no functions in conditions: this means the text \"%.*s\"",
                     SLICE_ARGS(c->b.value.text));
        return;
    }
    c->b = operand(b, right);
}

static void
match(const struct config_build *b, struct config_condition *c, const struct syntax *left,
      const struct syntax *right)
{
    struct slice text = build_text(b, right);

    c->kind = CONDITION_MATCH;
    if (left->kind != SYNTAX_SELECTOR && left->kind != SYNTAX_STRING) {
        bad_operand(b, left, "=~");
        return;
    }
    c->a = operand(b, left);
    c->b = (struct operand){ .kind = OPERAND_REGEX, .pos = build_pos(b, right) };
    c->b.text = right->kind == SYNTAX_STRING ? build_string(b, right)
                                             : (struct slice){ text.p + 1, text.n - 2 };
}

static struct config_condition *
comparison(const struct config_build *b, const struct syntax *s)
{
    const struct syntax *left = s->kids, *op = left->next, *right = op->next;
    struct config_condition *c = condition_new(b, CONDITION_EQ, s);
    struct slice text = build_text(b, op);
    char operator[3] = { text.p[0], text.n > 1 ? text.p[1] : '\0' };

    if (slice_eq(text, SLICE("=~")) || slice_eq(text, SLICE("!~")))
        match(b, c, left, right);
    else if (text.p[0] == 'i' || text.p[0] == 'n')
        membership(b, c, left, right);
    else
        compare(b, c, left, operator, right);
    if (text.p[0] == 'n' || slice_eq(text, SLICE("!~")))
        return negated(b, s, c);
    return c;
}

/* ---- expressions ---- */

static struct config_condition *
truthy(const struct config_build *b, const struct syntax *s, bool bare)
{
    struct config_condition *c = condition_new(b, CONDITION_TRUTHY, s);

    c->bare = bare;
    if (s->kind == SYNTAX_CALL)
        s = field_of_call(b, s);
    if (s != NULL)
        c->a = operand(b, s);
    return c;
}

static struct config_condition *
expression(const struct config_build *b, const struct syntax *s)
{
    const struct syntax *kid = s->kids;

    switch (s->kind) {
    case SYNTAX_CONDITION: return build_condition(b, s);
    case SYNTAX_COMPARE: return comparison(b, s);
    case SYNTAX_NOT:
        return negated(b, s,
                       kid->kind == SYNTAX_CONDITION ? build_condition(b, kid)
                                                     : truthy(b, kid, true));
    default: return truthy(b, s, true);
    }
}

/* ---- grouping ---- */

static enum condition_kind
boolean_operator(const struct config_build *b, const struct syntax *s)
{
    switch (b->text.p[s->at]) {
    case 'a': return CONDITION_AND;
    case 'o': return CONDITION_OR;
    case 'x': return CONDITION_XOR;
    default: return CONDITION_NAND;
    }
}

static unsigned rank(enum condition_kind operator)
{
    return operator== CONDITION_AND ? 2 : 1;
}

/* xor and nand have no rank in the reference: each only alone between two operands. */
static void
check_mix(const struct config_build *b, const struct syntax *s)
{
    bool several = build_count(s->kids) > 3;

    for (const struct syntax *op = s->kids->next; several && op != NULL;
         op = op->next != NULL ? op->next->next : NULL) {
        enum condition_kind kind = boolean_operator(b, op);

        if (kind != CONDITION_XOR && kind != CONDITION_NAND)
            continue;
        findings_add(b->findings, FINDING_ERROR, build_pos(b, op),
                     "put it and its two operands in brackets",
                     "Unexpected operator %.*s: it cannot be combined with other operators at the "
                     "same level",
                     SLICE_ARGS(build_brief(b, op)));
        return;
    }
}

/* A constant alone is no condition that the reference can join. */
static void
check_joinable(const struct config_build *b, const struct config_condition *c)
{
    if (c->kind == CONDITION_TRUTHY && c->a.kind != OPERAND_FIELD && c->a.pos.line > 0)
        findings_add(b->findings, FINDING_ERROR, c->pos, "compare it, or write a field",
                     "A constant cannot be an operand of and, or, xor or nand");
}

/* Where ordinary precedence would group otherwise: two `and` in a row in front of an `or`. */
static void
warn_grouping(const struct config_build *b, const struct syntax *s)
{
    unsigned ands = 0;

    for (const struct syntax *op = s->kids->next; op != NULL;
         op = op->next != NULL ? op->next->next : NULL) {
        enum condition_kind kind = boolean_operator(b, op);

        if (kind == CONDITION_OR && ands > 1) {
            findings_add(b->findings, FINDING_WARN, build_pos(b, op),
                         "put the part with `and` in brackets",
                         "Logstash groups `a and b and c or d` as `a and ((b and c) or d)`: this "
                         "`or` does not reach to the left of the last two");
            return;
        }
        ands = kind == CONDITION_AND ? ands + 1 : 0;
    }
}

struct stacks {
    struct config_condition **operands, **joints;
    size_t operands_n, joints_n;
};

static void
reduce(struct stacks *s)
{
    struct config_condition *joint = s->joints[--s->joints_n];

    joint->right = s->operands[--s->operands_n];
    joint->left = s->operands[s->operands_n - 1];
    s->operands[s->operands_n - 1] = joint;
}

/* Not ordinary precedence: an operator that arrives lets at most one stronger one go before it. */
static struct config_condition *
grouped(const struct config_build *b, const struct syntax *s)
{
    size_t n = build_count(s->kids);
    struct stacks st = { arena_alloc(b->arena, (n + 1) * sizeof(void *)),
                         arena_alloc(b->arena, (n + 1) * sizeof(void *)), 0, 0 };

    for (const struct syntax *kid = s->kids; kid != NULL; kid = kid->next) {
        if (kid->kind == SYNTAX_OPERATOR) {
            enum condition_kind op = boolean_operator(b, kid);

            if (st.joints_n > 0 && rank(st.joints[st.joints_n - 1]->kind) > rank(op))
                reduce(&st);
            st.joints[st.joints_n++] = condition_new(b, op, kid);
            continue;
        }
        st.operands[st.operands_n] = expression(b, kid);
        check_joinable(b, st.operands[st.operands_n++]);
    }
    while (st.joints_n > 0)
        reduce(&st);
    return st.operands[0];
}

struct config_condition *
build_condition(const struct config_build *b, const struct syntax *s)
{
    struct config_condition *c;

    if (s->kids->next != NULL) {
        check_mix(b, s);
        warn_grouping(b, s);
        return grouped(b, s);
    }
    c = expression(b, s->kids);
    /* In brackets it was a condition of its own already. */
    if (c->kind == CONDITION_TRUTHY)
        c->bare = false;
    return c;
}
