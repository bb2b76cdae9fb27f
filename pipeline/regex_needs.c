/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/regex_needs.h"

#include "pipeline/regex_tree.h"

#define RUN_BYTES 64

struct finder {
    struct arena *arena;
    struct slice pattern;
    regex_rarity_fn *rarity;
    struct regex_needs best;
    char run[RUN_BYTES]; /* characters that stand side by side in every match */
    size_t n;
};

static void
offer(struct finder *f, const struct regex_needs *needs)
{
    if (needs->n > 0 && needs->score > f->best.score)
        f->best = *needs;
}

static void
flush(struct finder *f)
{
    struct slice text = { f->run, f->n };
    struct regex_needs one = { .n = 1, .score = f->rarity(text) };

    if (f->n > 0 && one.score > f->best.score) {
        one.at = arena_alloc(f->arena, sizeof one.at[0]);
        one.at[0] = arena_copy(f->arena, text);
        offer(f, &one);
    }
    f->n = 0;
}

static void
add(struct finder *f, uint32_t c)
{
    if (c == 0 || c > 0x7f || f->n == RUN_BYTES)
        flush(f);
    if (c == 0 || c > 0x7f)
        return;
    f->run[f->n++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* [Aa] is a way to write a letter of either case, [.] a dot. */
static void
add_set(struct finder *f, const struct re_set *set)
{
    uint32_t letter = 0;

    for (const struct set_item *i = set->unions->items; i != NULL; i = i->next) {
        uint32_t c = i->lo >= 'A' && i->lo <= 'Z' ? i->lo + ('a' - 'A') : i->lo;

        if (set->negated || set->unions->next != NULL || i->kind != SET_RANGE || i->negated ||
            i->lo != i->hi || (letter != 0 && c != letter)) {
            flush(f);
            return;
        }
        letter = c;
    }
    add(f, letter);
}

/* The dialects differ in what a backslash before a letter or a digit means. */
static bool
is_escape(const struct finder *f, const struct re_node *node)
{
    char c = node->pos + 1 < f->pattern.n ? f->pattern.p[node->pos + 1] : '\0';

    return f->pattern.p[node->pos] == '\\' &&
           ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
}

static void walk(struct finder *f, const struct re_node *node);

static struct regex_needs
needs_of(const struct finder *outer, const struct re_node *node)
{
    struct finder f = { .arena = outer->arena, .pattern = outer->pattern, .rarity = outer->rarity };

    walk(&f, node);
    flush(&f);
    return f.best;
}

/* One text of each branch; a branch without makes all of it say nothing. */
static void
walk_branches(struct finder *f, const struct re_node *alternatives)
{
    struct regex_needs all = { .score = UINT32_MAX };

    flush(f);
    all.at = arena_alloc(f->arena, REGEX_NEEDS * sizeof all.at[0]);
    for (const struct re_node *branch = alternatives->child; branch != NULL;
         branch = branch->next) {
        struct regex_needs one = needs_of(f, branch);

        if (one.n == 0 || all.n + one.n > REGEX_NEEDS)
            return;
        memcpy(all.at + all.n, one.at, one.n * sizeof all.at[0]);
        all.n += one.n;
        if (one.score < all.score)
            all.score = one.score;
    }
    offer(f, &all);
}

static void
walk_group(struct finder *f, const struct re_node *node)
{
    switch (node->group) {
    case GROUP_PLAIN:
    case GROUP_CAPTURE:
    case GROUP_ATOMIC:
    case GROUP_CASE: walk(f, node->child); break;
    case GROUP_AHEAD:
    case GROUP_NOT_AHEAD:
    case GROUP_BEHIND:
    case GROUP_NOT_BEHIND: break; /* takes no text */
    }
}

static void
walk(struct finder *f, const struct re_node *node)
{
    switch (node->type) {
    case RE_CHAR: add(f, is_escape(f, node) ? 0 : node->code); break;
    case RE_SET: add_set(f, node->set); break;
    case RE_CAT:
        for (const struct re_node *c = node->child; c != NULL; c = c->next)
            walk(f, c);
        break;
    case RE_ALT: walk_branches(f, node); break;
    case RE_GROUP: walk_group(f, node); break;
    case RE_REPEAT:
        if (node->min > 0)
            walk(f, node->child);
        flush(f);
        break;
    case RE_ASSERT:
        if (node->letter == 'R' || node->letter == 'X')
            flush(f);
        break;
    case RE_ANY:
    case RE_SHORT:
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: flush(f); break;
    }
}

/* `(?i)` on its own: in Ruby it takes in the branches that follow, in Java only the rest of its
 * own. */
static bool
has_lone_option(struct slice pattern)
{
    if (slice_find_byte(pattern, '|', 0) == SIZE_MAX)
        return false;
    for (size_t at = 0; (at = slice_find(pattern, SLICE("(?"), at)) != SIZE_MAX;) {
        at += 2;
        while (at < pattern.n && ((pattern.p[at] >= 'a' && pattern.p[at] <= 'z') ||
                                  (pattern.p[at] >= 'A' && pattern.p[at] <= 'Z') ||
                                  pattern.p[at] == '-' || pattern.p[at] == '^'))
            at++;
        if (at < pattern.n && pattern.p[at] == ')')
            return true;
    }
    return false;
}

struct regex_needs
regex_needs_find(struct arena *a, struct slice pattern, regex_rarity_fn *rarity)
{
    struct finder f = { .arena = a, .pattern = pattern, .rarity = rarity };
    struct re_flags flags = { 0 };
    struct re_tree tree;

    /* \Q quotes in one dialect and is a letter in the other; \E alone is nothing there, so that a
     * quantifier behind it belongs to what stands before. */
    if (slice_find(pattern, SLICE("\\Q"), 0) != SIZE_MAX ||
        slice_find(pattern, SLICE("\\E"), 0) != SIZE_MAX || has_lone_option(pattern) ||
        regex_parse(a, pattern, flags, &tree, NULL) < 0)
        return (struct regex_needs){ 0 };
    return needs_of(&f, tree.root);
}
