/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/regex_miss.h"

/* Wildcards with something behind them that must match: a miss costs about the length of the text
 * to this power. */
#define WILDCARDS 3

static const char *const nested =
    "a repeat inside a repeat can divide a text in exponentially many ways; put something fixed "
    "between its turns";
static const char *const wildcards =
    "what one wildcard (DATA, GREEDYDATA, .*) gives up the next one tries, so a miss costs a power "
    "of the length; use narrower patterns such as NOTSPACE";
static const char *const everywhere =
    "no text is part of all its matches and it may begin anywhere, so a miss tries every place of "
    "the text; begin it with ^";

static bool
takes_text(const struct re_node *n)
{
    return n->type != RE_ASSERT &&
           (n->type != RE_GROUP || n->group <= GROUP_ATOMIC || n->group == GROUP_CASE);
}

/* Through groups around one thing. */
static const struct re_node *
bare(const struct re_node *n)
{
    for (;;) {
        if (n->type == RE_GROUP && takes_text(n))
            n = n->child;
        else if (n->type == RE_CAT && n->child != NULL && n->child->next == NULL)
            n = n->child;
        else
            return n;
    }
}

static bool
is_open_ended(const struct re_node *n)
{
    return n->type == RE_REPEAT && n->max == REPEAT_FOREVER && n->greed != GREED_POSSESSIVE;
}

static bool
is_wildcard(const struct re_node *n)
{
    return is_open_ended(n) && bare(n->child)->type == RE_ANY;
}

/* ---- repeats in repeats ---- */

/* (x+ ?)*: nothing in a turn has to stand where one repeat ends and the next begins. */
static bool
can_divide(const struct re_node *turn)
{
    const struct re_node *n = bare(turn);
    unsigned open = 0;

    if (is_open_ended(n))
        return true;
    if (n->type != RE_CAT)
        return false;
    for (const struct re_node *c = n->child; c != NULL; c = c->next) {
        const struct re_node *b = bare(c);

        if (!takes_text(b))
            return false; /* \b and the like tie the ends down */
        if (is_open_ended(b) && b->min > 0)
            open++;
        else if (b->type != RE_REPEAT || b->min > 0)
            return false;
    }
    return open == 1;
}

static bool
has_nested(const struct re_node *n)
{
    if (is_open_ended(n) && can_divide(n->child))
        return true;
    if (n->type == RE_GROUP && n->group == GROUP_ATOMIC)
        return false;
    for (const struct re_node *c = n->child; c != NULL; c = c->next)
        if (has_nested(c))
            return true;
    return false;
}

/* ---- wildcards ---- */

/* How many are open where something has to match; *open: so far. */
static unsigned
count_wildcards(const struct re_node *n, unsigned *open)
{
    unsigned most = 0, here;

    n = bare(n);
    if (is_wildcard(n)) {
        ++*open;
        return 0;
    }
    if (n->type != RE_CAT) {
        bool must = takes_text(n) && (n->type != RE_REPEAT || n->min > 0);

        return must ? *open : 0;
    }
    for (const struct re_node *c = n->child; c != NULL; c = c->next)
        if ((here = count_wildcards(c, open)) > most)
            most = here;
    return most;
}

/* ---- the beginning ---- */

/* ^ and \A; or .*, which finds nothing later that it does not find at first. */
static bool
is_held(const struct re_node *n)
{
    n = bare(n);
    if (n->type == RE_CAT)
        return n->child != NULL && is_held(n->child);
    if (n->type == RE_ASSERT)
        return n->letter == '^' || n->letter == 'A' || n->letter == 'G';
    if (n->type == RE_ALT) {
        for (const struct re_node *c = n->child; c != NULL; c = c->next)
            if (!is_held(c))
                return false;
        return true;
    }
    return is_wildcard(n) && n->min == 0 && bare(n->child)->newline;
}

static bool
is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Text that most lines do not have. */
static bool
is_telling(const struct regex_gate *gate)
{
    for (unsigned i = 0; i < gate->n; i++)
        if (strchr(" .:/-,=", gate->text[i]) == NULL && !is_letter_or_digit(gate->text[i]))
            return true;
    return gate->n > 2;
}

/* More than a quarter of the letters: then most places of a line are worth a try. */
static bool
is_wide(const struct re_set *set)
{
    uint32_t letters = 0;

    if (set->negated)
        return true;
    for (const struct set_item *i = set->unions->items; i != NULL; i = i->next) {
        if (i->kind != SET_RANGE)
            return i->kind != SET_SHORT || i->letter == 'w' || i->negated;
        for (uint32_t c = 'a'; c <= 'z'; c++)
            letters += i->lo <= c && c <= i->hi;
    }
    return letters > 7;
}

/* Whether it may begin with nearly any character; *past: it may be empty, so what follows counts,
 * too. */
static bool
begins_wide(const struct re_node *n, bool *past)
{
    bool wide = false, here, all = false;

    *past = !takes_text(n);
    switch (n->type) {
    case RE_ANY: return true;
    case RE_SHORT: return n->letter == 'w' || n->negated;
    case RE_SET: return is_wide(n->set);
    case RE_GROUP: return takes_text(n) && begins_wide(n->child, past);
    case RE_REPEAT:
        wide = begins_wide(n->child, past);
        *past |= n->min == 0;
        return wide;
    case RE_CAT:
        *past = true;
        for (const struct re_node *c = n->child; c != NULL && *past && !wide; c = c->next)
            wide = begins_wide(c, past);
        return wide;
    case RE_ALT:
        for (const struct re_node *c = n->child; c != NULL; c = c->next) {
            wide |= begins_wide(c, &here);
            all |= here;
        }
        *past = all;
        return wide;
    case RE_CHAR:
    case RE_ASSERT:
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: return false;
    }
    UNREACHABLE("re_type");
}

const char *
regex_miss_reason(const struct re_tree *tree, const struct regex_gate *gate)
{
    unsigned open = 0;
    bool past;

    if (has_nested(tree->root))
        return nested;
    if (is_telling(gate))
        return NULL;
    if (count_wildcards(tree->root, &open) >= WILDCARDS)
        return wildcards;
    return !is_held(tree->root) && begins_wide(tree->root, &past) ? everywhere : NULL;
}
