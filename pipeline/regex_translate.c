/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/regex_translate.h"

#include "codec/base/hash.h"
#include "pipeline/regex_fence.h"
#include "pipeline/regex_set.h"
#include "pipeline/regex_sure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what is refused ---- */

static int refuse(const struct re_node *n, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
refuse(const struct re_node *n, struct err *err, const char *fmt, ...)
{
    char what[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (err != NULL)
        err->pos = n->pos;
    return err_set(err, ERR_CONFIG, "%s at offset %u of the regular expression", what,
                   (unsigned)n->pos);
}

/* `behind` and `not_behind`: inside a lookbehind, a negative one. Ruby refuses these, too. */
static int
check(const struct re_node *n, bool behind, bool not_behind, struct err *err)
{
    if (n->type == RE_GROUP) {
        if (behind && (n->group == GROUP_AHEAD || n->group == GROUP_NOT_AHEAD))
            return refuse(n, err, "invalid pattern in look-behind: a lookahead");
        if (not_behind && n->group == GROUP_CAPTURE)
            return refuse(n, err, "invalid pattern in look-behind: a capture in a negative one");
        behind |= n->group == GROUP_BEHIND || n->group == GROUP_NOT_BEHIND;
        not_behind |= n->group == GROUP_NOT_BEHIND;
    }
    if (n->type == RE_COND && n->count > 1)
        return refuse(n, err, "a condition on a group name that is used more than once");
    for (const struct re_node *c = n->child; c != NULL; c = c->next)
        if (check(c, behind, not_behind, err) < 0)
            return -1;
    return 0;
}

/* ---- simplifying ---- */

/* The node itself, without groups around it that neither capture nor decide. */
static struct re_node *
inner(struct re_node *n)
{
    for (;;) {
        if (n->type == RE_CAT && n->child != NULL && n->child->next == NULL)
            n = n->child;
        else if (n->type == RE_GROUP && n->group == GROUP_PLAIN)
            n = n->child;
        else
            return n;
    }
}

static bool
is_star_like(const struct re_node *n)
{
    return n->type == RE_REPEAT && n->greed == GREED_MAX && n->min <= 1 &&
           (n->max == 1 || n->max == REPEAT_FOREVER);
}

/* (?:x+)* is x*: as Ruby does. Else a failing match tries every way to cut the run into pieces. */
static void
merge_repeats(struct re_node *n)
{
    struct re_node *in = inner(n->child);

    if (!is_star_like(n) || !is_star_like(in))
        return;
    if (in->min < n->min)
        n->min = in->min;
    if (in->max > n->max)
        n->max = in->max;
    n->child = in->child;
}

/* (?:.|\n) is a dot that matches newline; repeated over a long text the group would need a
 * megabyte of stack. */
static void
merge_any(struct re_node *n)
{
    struct re_node *in = inner(n->child), *dot = NULL;
    bool newline = false;

    if (in->type != RE_ALT)
        return;
    for (struct re_node *b = in->child; b != NULL; b = b->next) {
        struct re_node *one = inner(b);

        if (one->type == RE_ANY)
            dot = one;
        else if (one->type == RE_CHAR && one->code == '\n')
            newline = true;
        else if (one->type != RE_CHAR)
            return;
    }
    if (dot == NULL || !(newline || dot->newline))
        return;
    dot->newline = true;
    dot->next = NULL;
    n->child = dot;
}

static void
simplify(struct re_node *n)
{
    for (struct re_node *c = n->child; c != NULL; c = c->next)
        simplify(c);
    if (n->type != RE_REPEAT)
        return;
    merge_repeats(n);
    merge_any(n);
}

int
regex_translate(struct arena *arena, struct slice pattern, struct re_flags flags,
                struct re_tree *tree, struct err *err)
{
    if (regex_parse(arena, pattern, flags, tree, err) < 0)
        return -1;
    if (check(tree->root, false, false, err) < 0)
        return -1;
    simplify(tree->root);
    regex_drop_sure(tree);
    regex_fence(tree);
    return 0;
}

bool
regex_has_ascii_form(const struct re_tree *tree)
{
    return !(tree->icase && tree->non_ascii);
}

/* ---- writing ---- */

/* regex_fence.h */
#define FENCE "(?:x){0}"

/* The one letter of which Ruby's (?i) knows that it is two; PCRE2 folds one to one. */
#define SHARP_S 0xdfu

/* A body shorter than that costs less than its call. */
#define SHARE_BYTES  48
#define SHARE_BODIES 512

struct share {
    struct buf body;
    uint64_t hash;
};

struct writer {
    const struct re_tree *tree;
    struct re_flags flags;
    bool utf, icase;
    struct share *shared; /* NULL: nothing is shared */
    uint32_t shared_n;
    struct buf *out;
};

static void print(struct writer *w, const struct re_node *n);

static void
text(struct writer *w, const char *s)
{
    buf_append(w->out, slice_of(s));
}

/* The number of the group that the body has or gets; 0: there is no room for another. Takes the
 * body. */
static uint32_t
share_body(struct writer *w, struct buf *body)
{
    uint64_t hash = hash_bytes(buf_slice(body), 0);
    uint32_t i = 0;

    while (i < w->shared_n &&
           !(w->shared[i].hash == hash && slice_eq(buf_slice(&w->shared[i].body), buf_slice(body))))
        i++;
    if (i == w->shared_n) {
        if (i == SHARE_BODIES)
            return 0;
        w->shared[w->shared_n++] = (struct share){ *body, hash };
    } else {
        buf_fini(body);
    }
    return w->tree->groups + 1 + i;
}

static void
print_char(struct writer *w, uint32_t c)
{
    if (c == SHARP_S && w->utf && w->icase)
        text(w, "(?:\\x{df}|ss)");
    else if (c > 0x7f && !w->utf)
        text(w, REGEX_NO_CHAR); /* no ASCII subject has it */
    else if (c > 0x7f || c < 0x20 || c == 0x7f)
        buf_printf(w->out, "\\x{%x}", c);
    else {
        if (strchr("\\^$.[|()?*+{", (int)c) != NULL)
            buf_byte(w->out, '\\');
        buf_byte(w->out, (char)c);
    }
}

/* Combining marks are word characters in Ruby and not in PCRE2's \b: spelled out, in the form for
 * code points. */
static void
print_boundary(struct writer *w, const struct re_node *n)
{
    const char *word = n->charset == CHARSET_ASCII ? "0-9A-Za-z_" : regex_boundary_body;
    bool at = n->letter == 'b';
    struct buf body = { 0 };
    uint32_t number = 0;

    if (!w->utf) {
        buf_printf(w->out, "\\%c", n->letter);
        return;
    }
    buf_printf(&body, "(?<=[%s])(?%c[%s])|(?<![%s])(?%c[%s])", word, at ? '!' : '=', word, word,
               at ? '=' : '!', word);
    if (w->shared != NULL)
        number = share_body(w, &body);
    if (number > 0) {
        buf_printf(w->out, "(?%u)", number);
        return;
    }
    text(w, "(?:");
    buf_append(w->out, buf_slice(&body));
    text(w, ")");
    buf_fini(&body);
}

static void
print_assert(struct writer *w, const struct re_node *n)
{
    if (n->letter == 'b' || n->letter == 'B') {
        print_boundary(w, n);
        return;
    }
    if (n->letter != '^' && n->letter != '$')
        buf_byte(w->out, '\\');
    buf_byte(w->out, n->letter);
}

static void
print_refs(struct writer *w, const struct re_node *n)
{
    if (n->count > 1)
        text(w, "(?:");
    for (uint32_t i = 0; i < n->count; i++)
        buf_printf(w->out, "%s\\g{%u}", i > 0 ? "|" : "", n->numbers[i]);
    if (n->count > 1)
        text(w, ")");
}

static void
print_branches(struct writer *w, const struct re_node *n)
{
    for (const struct re_node *c = n->child; c != NULL; c = c->next) {
        print(w, c);
        if (c->next != NULL)
            text(w, "|");
    }
}

static bool
is_s(const struct re_node *n)
{
    return n != NULL && n->type == RE_CHAR && (n->code | 0x20) == 's';
}

static void
print_cat(struct writer *w, const struct re_node *n)
{
    for (const struct re_node *c = n->child; c != NULL; c = c->next) {
        if (w->utf && w->icase && is_s(c) && is_s(c->next)) {
            text(w, "(?:ss|\\x{df})");
            c = c->next;
        } else {
            print(w, c);
        }
    }
}

/* What a repeat may follow without parentheses. */
static bool
is_atom(const struct writer *w, const struct re_node *n)
{
    switch (n->type) {
    case RE_CHAR:
    case RE_ANY:
    case RE_SHORT:
    case RE_SET:
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: return true;
    /* In brackets: PCRE2 takes \s for nothing that \R takes, and \R*? for an iterator. */
    case RE_ASSERT: return false;
    case RE_GROUP: return n->group != GROUP_PLAIN || w->shared != NULL;
    case RE_CAT:
    case RE_ALT:
    case RE_REPEAT: break;
    }
    return false;
}

static void
print_wrapped(struct writer *w, const struct re_node *n)
{
    text(w, "(?:");
    print(w, n);
    text(w, ")");
}

static const struct re_node *
inner_const(const struct re_node *n)
{
    return inner((struct re_node *)(uintptr_t)n);
}

/* A lazy dot runs to the first place where the character is, then to the next, never back. */
static void
print_until(struct writer *w, const struct re_node *n)
{
    const char *newline = n->child->newline ? "" : "\\n";
    unsigned c = (unsigned char)n->until;

    if (n->min > 0)
        print(w, n->child);
    buf_printf(w->out, "[^\\x{%x}%s]*+(?:\\x{%x}[^\\x{%x}%s]*+)*?", c, newline, c, c, newline);
}

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

/* With (x)*+ PCRE2's machine code leaves in the group what it held at an earlier start position,
 * with (?>(x)*) it does not. */
static bool
is_dirty(const struct re_node *n)
{
    return n->greed == GREED_POSSESSIVE && n->min == 0 && n->max == REPEAT_FOREVER &&
           captures(n->child);
}

static void
print_repeat(struct writer *w, const struct re_node *n)
{
    const struct re_node *child = n->child;
    bool atomic = is_dirty(n);

    /* Case-blind, what is a single one may be written in brackets, and these are atomic then. */
    if (n->fence || (w->utf && w->icase && n->greed == GREED_POSSESSIVE && n->min == 0))
        text(w, FENCE);
    if (n->until != 0) {
        print_until(w, n);
        return;
    }
    if (atomic)
        text(w, "(?>");
    if (w->shared == NULL || is_atom(w, inner_const(child)))
        child = inner_const(child);
    if (is_atom(w, child))
        print(w, child);
    else
        print_wrapped(w, child);
    if (n->min == 0 && n->max == REPEAT_FOREVER)
        text(w, "*");
    else if (n->min == 1 && n->max == REPEAT_FOREVER)
        text(w, "+");
    else if (n->min == 0 && n->max == 1)
        text(w, "?");
    else if (n->max == REPEAT_FOREVER)
        buf_printf(w->out, "{%u,}", n->min);
    else if (n->min == n->max)
        buf_printf(w->out, "{%u}", n->min);
    else
        buf_printf(w->out, "{%u,%u}", n->min, n->max);
    if (n->greed == GREED_MIN)
        text(w, "?");
    else if (n->greed == GREED_POSSESSIVE && !atomic)
        text(w, "+");
    if (atomic)
        text(w, ")");
}

/* ---- sharing ---- */

/* A body that stands for itself wherever it is: no captures, no references. */
static bool
is_closed(const struct re_node *n)
{
    if (n->type == RE_BACKREF || n->type == RE_CALL || n->type == RE_COND ||
        (n->type == RE_GROUP && n->group == GROUP_CAPTURE) ||
        (n->type == RE_ASSERT && n->letter == 'K'))
        return false;
    for (const struct re_node *c = n->child; c != NULL; c = c->next)
        if (!is_closed(c))
            return false;
    return true;
}

static void
print_shared(struct writer *w, const struct re_node *n)
{
    struct buf *out = w->out, body = { 0 };
    uint32_t number = 0;

    w->out = &body;
    print(w, n->child);
    w->out = out;
    if (body.n >= SHARE_BYTES && w->icase == w->flags.icase && is_closed(n))
        number = share_body(w, &body);
    if (number > 0) {
        buf_printf(out, "(?%u)", number);
        return;
    }
    text(w, "(?:");
    buf_append(out, buf_slice(&body));
    text(w, ")");
    buf_fini(&body);
}

static void
print_definitions(struct writer *w)
{
    if (w->shared_n == 0)
        return;
    text(w, "(?(DEFINE)");
    for (uint32_t i = 0; i < w->shared_n; i++) {
        text(w, "(");
        buf_append(w->out, buf_slice(&w->shared[i].body));
        text(w, ")");
        buf_fini(&w->shared[i].body);
    }
    text(w, ")");
}

/* ---- groups ---- */

static void
print_case(struct writer *w, const struct re_node *n)
{
    bool outer = w->icase;

    text(w, n->icase ? "(?i:" : "(?-i:");
    w->icase = n->icase;
    print(w, n->child);
    w->icase = outer;
    text(w, ")");
}

static void
print_group(struct writer *w, const struct re_node *n)
{
    static const char *const open[] = {
        [GROUP_PLAIN] = "(?:",       [GROUP_CAPTURE] = "(",     [GROUP_ATOMIC] = "(?>",
        [GROUP_AHEAD] = "(?=",       [GROUP_NOT_AHEAD] = "(?!", [GROUP_BEHIND] = "(?<=",
        [GROUP_NOT_BEHIND] = "(?<!",
    };
    const struct re_node *body = n->child;

    if (n->group == GROUP_CASE) {
        print_case(w, n);
        return;
    }
    if (n->group == GROUP_PLAIN && w->shared != NULL) {
        print_shared(w, n);
        return;
    }
    /* A group that is the whole body: PCRE2 wants its alternatives at top level here. */
    if (n->group == GROUP_BEHIND || n->group == GROUP_NOT_BEHIND)
        body = inner_const(body);
    if (n->group == GROUP_PLAIN && inner_const(body)->type != RE_ALT) {
        print(w, body);
        return;
    }
    if (n->fence && n->group == GROUP_ATOMIC)
        text(w, FENCE);
    text(w, open[n->group]);
    print(w, body);
    text(w, n->fence && n->group == GROUP_AHEAD ? "|(?!))" : ")");
}

static void
print_short(struct writer *w, const struct re_node *n)
{
    /* Ruby's \w does not fold: without this K would be one, as the Kelvin sign. */
    bool fold = w->utf && w->icase;

    if (fold)
        text(w, "(?-i:");
    regex_short_print(n->letter, n->negated, n->charset, w->utf, w->out);
    if (fold)
        text(w, ")");
}

static void
print(struct writer *w, const struct re_node *n)
{
    switch (n->type) {
    case RE_CHAR: print_char(w, n->code); break;
    case RE_ANY:
        text(w, n->newline == w->flags.newline ? "." : n->newline ? "(?s:.)" : "\\N");
        break;
    case RE_SHORT: print_short(w, n); break;
    case RE_SET: regex_set_print(n->set, n->charset, w->utf, w->icase, w->out); break;
    case RE_ASSERT: print_assert(w, n); break;
    case RE_CAT: print_cat(w, n); break;
    case RE_ALT: print_branches(w, n); break;
    case RE_GROUP: print_group(w, n); break;
    case RE_REPEAT: print_repeat(w, n); break;
    case RE_BACKREF: print_refs(w, n); break;
    case RE_CALL: buf_printf(w->out, "(?%u)", n->numbers[0]); break;
    case RE_COND:
        buf_printf(w->out, "(?(%u)", n->numbers[0]);
        print_branches(w, n);
        text(w, ")");
        break;
    }
}

void
regex_print(const struct re_tree *tree, struct re_flags flags, enum re_form form, struct buf *out)
{
    struct writer w = { .tree = tree,
                        .flags = flags,
                        .utf = form == FORM_UTF || form == FORM_UTF_SHARED,
                        .icase = flags.icase,
                        .out = out };

    if (form == FORM_UTF_SHARED || form == FORM_ASCII_SHARED) {
        w.shared = xcalloc(SHARE_BODIES, sizeof *w.shared);
        /* Definitions come last, so the alternatives need a group of their own. */
        text(&w, "(?:");
        print(&w, tree->root);
        text(&w, ")");
        print_definitions(&w);
        free(w.shared);
        return;
    }
    print(&w, tree->root);
}
