/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two sets are known at each place: what the last character that the match took may be, and what
 * the next one must be, or the match fails there anyway. Both may hold too much, never too little,
 * and what is not understood is "anything". What follows counts as far as failing here or a little
 * later makes no difference: not beyond the end of an atomic group, a lookaround or a repeat. */
#include "pipeline/regex_sure.h"

#include <stdlib.h>

struct chars {
    uint64_t ascii[2];
    bool other; /* beyond ASCII, or no character at all */
};

static const struct chars none = { 0 };
static const struct chars anything = { { UINT64_MAX, UINT64_MAX }, true };
static const struct chars word = { { UINT64_C(0x03ff000000000000), UINT64_C(0x07fffffe87fffffe) },
                                   false };

/* ---- sets ---- */

static void
add_range(struct chars *s, uint32_t lo, uint32_t hi)
{
    for (uint32_t c = lo; c <= hi && c < 0x80; c++)
        s->ascii[c / 64] |= UINT64_C(1) << (c % 64);
    s->other |= hi >= 0x80;
}

static void
add_all(struct chars *s, struct chars more)
{
    s->ascii[0] |= more.ascii[0];
    s->ascii[1] |= more.ascii[1];
    s->other |= more.other;
}

static struct chars
either(struct chars a, struct chars b)
{
    add_all(&a, b);
    return a;
}

static bool
overlap(struct chars a, struct chars b)
{
    return ((a.ascii[0] & b.ascii[0]) | (a.ascii[1] & b.ascii[1])) != 0 || (a.other && b.other);
}

static bool
is_within(struct chars a, struct chars b)
{
    return ((a.ascii[0] & ~b.ascii[0]) | (a.ascii[1] & ~b.ascii[1])) == 0 && (!a.other || b.other);
}

static struct chars
complement(struct chars s)
{
    return (struct chars){ { ~s.ascii[0], ~s.ascii[1] }, true };
}

static struct chars
short_chars(char letter, bool negated, enum re_charset charset)
{
    struct chars s = { 0 };

    switch (letter) {
    case 'w': s = word; break;
    case 'd': add_range(&s, '0', '9'); break;
    case 's':
        add_range(&s, '\t', '\r');
        add_range(&s, ' ', ' ');
        break;
    case 'h':
        add_range(&s, '0', '9');
        add_range(&s, 'A', 'F');
        add_range(&s, 'a', 'f');
        break;
    default: return anything;
    }
    if (negated)
        return complement(s);
    s.other = charset == CHARSET_UNICODE;
    return s;
}

/* Classes by name and intersections are not taken apart. */
static struct chars
set_chars(const struct re_set *set, enum re_charset charset)
{
    struct chars s = { 0 };

    if (set->unions->next != NULL)
        return anything;
    for (const struct set_item *i = set->unions->items; i != NULL; i = i->next) {
        if (i->kind == SET_RANGE)
            add_range(&s, i->lo, i->hi);
        else if (i->kind == SET_SHORT)
            add_all(&s, short_chars(i->letter, i->negated, charset));
        else
            return anything;
    }
    return set->negated ? complement(s) : s;
}

/* ---- what a node begins with ---- */

static struct chars first_of(const struct re_node *n, bool *empty);

static struct chars
first_of_all(const struct re_node *list, bool *empty)
{
    struct chars s = none;

    *empty = true;
    for (const struct re_node *c = list; c != NULL && *empty; c = c->next)
        add_all(&s, first_of(c, empty));
    return s;
}

static struct chars
first_of_any(const struct re_node *list, bool *empty)
{
    struct chars s = none;

    *empty = false;
    for (const struct re_node *c = list; c != NULL; c = c->next) {
        bool one;

        add_all(&s, first_of(c, &one));
        *empty |= one;
    }
    return s;
}

/* *empty: it may take no character at all. */
static struct chars
first_of(const struct re_node *n, bool *empty)
{
    struct chars s = none;

    *empty = false;
    switch (n->type) {
    case RE_CHAR: add_range(&s, n->code, n->code); return s;
    case RE_ANY: return anything;
    case RE_SHORT: return short_chars(n->letter, n->negated, n->charset);
    case RE_SET: return set_chars(n->set, n->charset);
    case RE_ASSERT: *empty = n->letter != 'R' && n->letter != 'X'; return *empty ? none : anything;
    case RE_CAT: return first_of_all(n->child, empty);
    case RE_ALT: return first_of_any(n->child, empty);
    case RE_GROUP:
        if (n->group <= GROUP_ATOMIC)
            return first_of(n->child, empty);
        *empty = true;
        return n->group == GROUP_CASE ? anything : none;
    case RE_REPEAT:
        s = first_of(n->child, empty);
        *empty |= n->min == 0;
        return s;
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: break;
    }
    *empty = true;
    return anything;
}

/* ---- the walk ---- */

static bool
captures(const struct re_node *n)
{
    if (n->type == RE_GROUP && n->group == GROUP_CAPTURE)
        return true;
    for (const struct re_node *c = n->child; c != NULL; c = c->next)
        if (captures(c))
            return true;
    return false;
}

static bool
calls(const struct re_node *n)
{
    if (n->type == RE_CALL)
        return true;
    for (const struct re_node *c = n->child; c != NULL; c = c->next)
        if (calls(c))
            return true;
    return false;
}

static void
drop(struct re_node *n)
{
    *n = (struct re_node){ .type = RE_CAT, .pos = n->pos, .next = n->next };
}

static bool
boundary_holds(bool at, struct chars before, struct chars next)
{
    bool in[2] = { is_within(before, word), is_within(next, word) };
    bool out[2] = { !before.other && !overlap(before, word), !next.other && !overlap(next, word) };

    return at ? (in[0] && out[1]) || (out[0] && in[1]) : (in[0] && in[1]) || (out[0] && out[1]);
}

static struct chars walk(struct re_node *n, struct chars before, struct chars next);

/* What must come behind each of the list, the last being followed by `next`. */
static void
find_behind(const struct re_node *list, size_t count, struct chars next, struct chars *behind)
{
    bool *empty = xcalloc(count + 1, sizeof *empty);
    size_t i = 0;

    /* First what each begins with, one place too early. */
    for (const struct re_node *c = list; c != NULL; c = c->next, i++)
        behind[i] = first_of(c, &empty[i]);
    behind[count] = next;
    for (i = count; i-- > 0;)
        if (empty[i])
            add_all(&behind[i], behind[i + 1]);
    memmove(behind, behind + 1, count * sizeof *behind);
    free(empty);
}

static struct chars
walk_cat(struct re_node *n, struct chars before, struct chars next)
{
    size_t count = 0, i = 0;
    struct chars *behind; /* each child */

    for (const struct re_node *c = n->child; c != NULL; c = c->next)
        count++;
    behind = xcalloc(count + 1, sizeof *behind);
    find_behind(n->child, count, next, behind);
    for (struct re_node *c = n->child; c != NULL; c = c->next)
        before = walk(c, before, behind[i++]);
    free(behind);
    return before;
}

static struct chars
walk_alt(struct re_node *n, struct chars before, struct chars next)
{
    struct chars last = none;

    for (struct re_node *c = n->child; c != NULL; c = c->next)
        add_all(&last, walk(c, before, next));
    return last;
}

/* The one ASCII character that there is; 0: none, or more. */
static char
only_one(struct chars s)
{
    if (s.other || __builtin_popcountll(s.ascii[0]) + __builtin_popcountll(s.ascii[1]) != 1)
        return 0;
    return (char)(s.ascii[0] != 0 ? __builtin_ctzll(s.ascii[0]) : 64 + __builtin_ctzll(s.ascii[1]));
}

/* Not at the start of a pattern, where PCRE2 knows better: there a lazy dot that fails once fails
 * everywhere. */
static bool
may_run(const struct re_node *n, struct chars before, char until)
{
    return n->child->type == RE_ANY && n->greed == GREED_MIN && n->min <= 1 &&
           n->max == REPEAT_FOREVER && !before.other && (n->child->newline || until != '\n');
}

/* From the second turn on, before and next are the body's own. */
static struct chars
walk_repeat(struct re_node *n, struct chars before, struct chars next)
{
    bool once = n->max == 1 && n->greed != GREED_POSSESSIVE;
    struct chars last = walk(n->child, n->max == 1 ? before : anything, once ? next : anything);

    if (may_run(n, before, only_one(next)))
        n->until = only_one(next);
    return n->min == 0 ? either(last, before) : last;
}

static struct chars
walk_group(struct re_node *n, struct chars before, struct chars next)
{
    struct chars body;
    bool empty;

    switch (n->group) {
    case GROUP_PLAIN:
    case GROUP_CAPTURE: return walk(n->child, before, next);
    case GROUP_ATOMIC: return walk(n->child, before, anything);
    case GROUP_AHEAD: walk(n->child, before, anything); break;
    case GROUP_NOT_AHEAD:
        body = first_of(n->child, &empty);
        if (!empty && !overlap(body, next) && !captures(n->child))
            drop(n);
        else
            walk(n->child, before, anything);
        break;
    case GROUP_BEHIND: walk(n->child, anything, anything); break;
    case GROUP_NOT_BEHIND:
        body = walk(n->child, anything, anything);
        if (!overlap(body, before) && !captures(n->child))
            drop(n);
        break;
    case GROUP_CASE: return anything;
    }
    return before;
}

/* Returns what the last character may be, once the match is past the node. */
static struct chars
walk(struct re_node *n, struct chars before, struct chars next)
{
    bool empty;

    switch (n->type) {
    case RE_CHAR:
    case RE_ANY:
    case RE_SHORT:
    case RE_SET: return first_of(n, &empty);
    case RE_CAT: return walk_cat(n, before, next);
    case RE_ALT: return walk_alt(n, before, next);
    case RE_REPEAT: return walk_repeat(n, before, next);
    case RE_GROUP: return walk_group(n, before, next);
    case RE_ASSERT:
        if (n->letter == 'R' || n->letter == 'X')
            break;
        if ((n->letter == 'b' || n->letter == 'B') &&
            boundary_holds(n->letter == 'b', before, next))
            drop(n);
        return before;
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: break;
    }
    return anything;
}

/* A group that is called stands in several places; letters that fold are more than they seem. */
void
regex_drop_sure(struct re_tree *tree)
{
    if (!tree->icase && !calls(tree->root))
        walk(tree->root, anything, anything);
}
