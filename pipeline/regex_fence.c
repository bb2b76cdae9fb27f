/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For the machine code, goes over the tree as PCRE2 goes over its code: into groups that stand
 * once, and no further than to the first thing that it does not look into. Where it is not known
 * whether PCRE2 goes on, it is taken to: a fence too many costs a little speed. */
#include "pipeline/regex_fence.h"

#define NO_LENGTH UINT32_MAX

struct look {
    bool stopped;
    bool ran;      /* past an iterator or something of no fixed length */
    bool iterates; /* past an iterator */
    bool varies;   /* past one that is not always reached at the same place */
    bool uneven;   /* past branches of unequal length */
};

static uint32_t look_at(struct re_node *n, struct look *l);

static uint32_t
add_length(uint32_t a, uint32_t b)
{
    return a == NO_LENGTH || b >= NO_LENGTH - a ? NO_LENGTH : a + b;
}

static uint32_t
look_at_all(struct re_node *list, struct look *l)
{
    uint32_t length = 0;

    for (struct re_node *c = list; c != NULL && !l->stopped; c = c->next)
        length = add_length(length, look_at(c, l));
    return length;
}

static uint32_t
look_at_branches(struct re_node *n, struct look *l)
{
    struct look before = *l;
    uint32_t length = 0;
    bool even = true;

    for (struct re_node *c = n->child; c != NULL; c = c->next) {
        struct look one = before;
        uint32_t it = look_at(c, &one);

        l->stopped |= one.stopped;
        l->ran |= one.ran;
        l->iterates |= one.iterates;
        l->varies |= one.varies;
        l->uneven |= one.uneven;
        even &= c == n->child || it == length;
        length = it;
    }
    l->uneven |= !even;
    return even ? length : NO_LENGTH;
}

/* A lazy repeat, or branches. */
static bool
has_choice(const struct re_node *n)
{
    if (n->type == RE_ALT || (n->type == RE_REPEAT && n->greed == GREED_MIN))
        return true;
    for (const struct re_node *c = n->child; c != NULL; c = c->next)
        if (has_choice(c))
            return true;
    return false;
}

static uint32_t
look_at_group(struct re_node *n, struct look *l)
{
    struct look in = *l;
    uint32_t length;

    switch (n->group) {
    case GROUP_PLAIN:
    case GROUP_CAPTURE:
    case GROUP_CASE: return look_at(n->child, l);
    case GROUP_ATOMIC:
        in.iterates = in.varies = false;
        length = look_at(n->child, &in);
        n->fence = in.varies || (in.iterates && has_choice(n->child));
        in.stopped |= n->fence;
        in.iterates |= l->iterates;
        in.varies |= l->varies;
        *l = in;
        return length;
    case GROUP_AHEAD:
    case GROUP_NOT_AHEAD:
    case GROUP_BEHIND:
    case GROUP_NOT_BEHIND: l->stopped = true; break;
    }
    return 0;
}

static const struct re_node *
body_of(const struct re_node *n)
{
    const struct re_node *c = n->child;

    while ((c->type == RE_CAT && c->child != NULL && c->child->next == NULL) ||
           (c->type == RE_GROUP && c->group == GROUP_PLAIN))
        c = c->child;
    return c;
}

static bool
is_single(const struct re_node *n)
{
    return n->type == RE_CHAR || n->type == RE_ANY || n->type == RE_SHORT || n->type == RE_SET;
}

static uint32_t
look_at_iterator(struct re_node *n, struct look *l)
{
    if (n->min == n->max)
        return n->min;
    if (n->max == REPEAT_FOREVER) {
        n->fence = l->stopped = !l->ran && l->uneven;
        l->iterates = true;
        l->varies |= l->ran;
    }
    l->ran = true;
    return NO_LENGTH;
}

/* A repeated group is written out as often as it must be there, then follows one with a bracket
 * that PCRE2 does not look into. */
static uint32_t
look_at_repeat(struct re_node *n, struct look *l)
{
    const struct re_node *body = body_of(n);
    uint32_t length;

    if (is_single(body))
        return look_at_iterator(n, l);
    if (n->min == 0 || n->greed == GREED_POSSESSIVE || (n->min == 1 && n->max == REPEAT_FOREVER)) {
        l->stopped = true;
        return NO_LENGTH;
    }
    length = look_at(n->child, l);
    l->stopped |= n->min != n->max;
    if (length != 0 && length != NO_LENGTH)
        length = n->min < NO_LENGTH / length ? n->min * length : NO_LENGTH;
    return n->min == n->max ? length : NO_LENGTH;
}

/* In characters; NO_LENGTH: not always the same. */
static uint32_t
look_at(struct re_node *n, struct look *l)
{
    switch (n->type) {
    case RE_CHAR:
    case RE_ANY:
    case RE_SHORT:
    case RE_SET: return 1;
    case RE_ASSERT:
        if (n->letter != 'R' && n->letter != 'X')
            return 0;
        l->ran = true;
        return NO_LENGTH;
    case RE_CAT: return look_at_all(n->child, l);
    case RE_ALT: return look_at_branches(n, l);
    case RE_GROUP: return look_at_group(n, l);
    case RE_REPEAT: return look_at_repeat(n, l);
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: break;
    }
    l->stopped = true;
    return NO_LENGTH;
}

/* ---- what may be empty ---- */

static bool may_be_empty(const struct re_node *n);

static bool
all_may_be_empty(const struct re_node *list)
{
    for (; list != NULL; list = list->next)
        if (!may_be_empty(list))
            return false;
    return true;
}

static bool
may_be_empty(const struct re_node *n)
{
    switch (n->type) {
    case RE_CHAR:
    case RE_ANY:
    case RE_SHORT:
    case RE_SET: return false;
    case RE_ASSERT: return n->letter != 'R' && n->letter != 'X';
    case RE_CAT: return all_may_be_empty(n->child);
    case RE_ALT:
        for (const struct re_node *c = n->child; c != NULL; c = c->next)
            if (may_be_empty(c))
                return true;
        return false;
    case RE_GROUP: return n->group > GROUP_ATOMIC || may_be_empty(n->child);
    case RE_REPEAT: return n->min == 0 || may_be_empty(n->child);
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: break;
    }
    return true;
}

static bool
is_atomic(const struct re_node *n)
{
    return (n->type == RE_GROUP && n->group == GROUP_ATOMIC) ||
           (n->type == RE_REPEAT && n->greed == GREED_POSSESSIVE && !is_single(body_of(n)));
}

static void
fence_empty(struct re_node *n)
{
    if (is_atomic(n) && may_be_empty(n))
        n->fence = true;
    for (struct re_node *c = n->child; c != NULL; c = c->next)
        fence_empty(c);
}

/* ---- lookaheads at the start ---- */

static bool
is_zero_width(const struct re_node *n)
{
    return (n->type == RE_ASSERT && may_be_empty(n)) || (n->type == RE_CAT && n->child == NULL) ||
           (n->type == RE_GROUP && n->group > GROUP_ATOMIC && n->group != GROUP_CASE);
}

/* PCRE2 takes [a] for a. [aé] is that, too, in the form for subjects of ASCII. */
static bool
may_be_one_char(const struct set_item *item)
{
    unsigned ranges = 0;

    for (; item != NULL; item = item->next) {
        if (item->kind == SET_SHORT)
            return false;
        ranges += item->kind == SET_RANGE && item->lo < 0x80;
    }
    return ranges <= 1;
}

static bool
begins_with_char(const struct re_node *n)
{
    switch (n->type) {
    case RE_CHAR: return true;
    case RE_SET: return may_be_one_char(n->set->unions->items);
    case RE_CAT:
        for (const struct re_node *c = n->child; c != NULL; c = c->next)
            if (!is_zero_width(c))
                return begins_with_char(c);
        return false;
    case RE_ALT:
        for (const struct re_node *c = n->child; c != NULL; c = c->next)
            if (begins_with_char(c))
                return true;
        return false;
    case RE_GROUP: return begins_with_char(n->child);
    case RE_REPEAT: return n->min > 0 && begins_with_char(n->child);
    case RE_ANY:
    case RE_SHORT:
    case RE_ASSERT:
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: break;
    }
    return false;
}

/* False: what comes behind the node is not at the start. */
static bool
fence_start(struct re_node *n)
{
    bool start = true;

    switch (n->type) {
    case RE_ASSERT: return true;
    case RE_CAT:
        for (struct re_node *c = n->child; c != NULL && start; c = c->next)
            start = fence_start(c);
        return start;
    case RE_ALT:
        for (struct re_node *c = n->child; c != NULL; c = c->next)
            start &= fence_start(c);
        return start;
    case RE_GROUP:
        if (n->group == GROUP_AHEAD) {
            n->fence = begins_with_char(n->child);
            fence_start(n->child);
        }
        return n->group > GROUP_ATOMIC && n->group != GROUP_CASE ? true : fence_start(n->child);
    case RE_REPEAT: return fence_start(n->child) && n->min > 0;
    case RE_CHAR:
    case RE_ANY:
    case RE_SHORT:
    case RE_SET:
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: break;
    }
    return false;
}

static bool
is_fenced(const struct re_node *n)
{
    if (n->fence)
        return true;
    for (const struct re_node *c = n->child; c != NULL; c = c->next)
        if (is_fenced(c))
            return true;
    return false;
}

bool
regex_fence(struct re_tree *tree)
{
    look_at(tree->root, &(struct look){ .stopped = false });
    fence_empty(tree->root);
    fence_start(tree->root);
    return is_fenced(tree->root);
}
