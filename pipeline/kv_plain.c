/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/kv_plain.h"

#include "pipeline/regex_tree.h"

#define FIELD 1u  /* in field_split */
#define VALUE 2u  /* in value_split */
#define STOP  4u  /* ends a key, unless behind a backslash */
#define SLASH 8u  /* a backslash */
#define OPEN  16u /* a value that begins with it may be quoted */
#define CLOSE 32u /* and the bits above it: the closing character of each quote */

/* Pairs between two looks at the clock; each is of two bytes at least. */
#define PAIRS_UNWATCHED (KV_UNWATCHED / 2)
#define NOWHERE         SIZE_MAX

/* ---- compiling ---- */

static bool
add_ranges(const struct re_set *set, bool negated, uint16_t bit, uint16_t *bits)
{
    if (set->negated != negated || set->unions->next != NULL)
        return false;
    for (const struct set_item *i = set->unions->items; i != NULL; i = i->next) {
        if (i->kind != SET_RANGE || i->hi > 0x7f)
            return false;
        for (uint32_t c = i->lo; c <= i->hi; c++)
            bits[c] |= bit;
    }
    return true;
}

/* The bracket as the expression has it, for bodies side by side may mean something else. */
static bool
read_bracket(const char *open, struct slice one, struct slice two, uint16_t bit, uint16_t *bits)
{
    struct buf text = { 0 };
    struct re_tree tree;
    struct arena a;
    bool plain = false;

    arena_init(&a, NULL);
    buf_printf(&text, "%s%.*s%.*s]", open, SLICE_ARGS(one), SLICE_ARGS(two));
    if (regex_parse(&a, buf_slice(&text), (struct re_flags){ 0 }, &tree, NULL) == 0) {
        const struct re_node *n = tree.root;

        while (n->type == RE_CAT && n->child != NULL && n->child->next == NULL)
            n = n->child;
        plain = n->type == RE_SET && add_ranges(n->set, open[1] == '^', bit, bits);
    }
    arena_fini(&a);
    buf_fini(&text);
    return plain;
}

/* Of quotes and brackets; quotes first. */
enum { QUOTES = 5, QUOTES_ONLY = 2 };
static const char opening[QUOTES] = { '"', '\'', '(', '[', '<' };
static const char closing[QUOTES] = { '"', '\'', ')', ']', '>' };

bool
kv_plain_compile(const struct kv_syntax *x, struct kv_plain *out)
{
    *out = (struct kv_plain){ .strict = x->strict };
    for (unsigned i = 0; i < (x->brackets ? QUOTES : QUOTES_ONLY); i++) {
        out->bits[(unsigned char)opening[i]] |= OPEN;
        out->bits[(unsigned char)closing[i]] |= (uint16_t)(CLOSE << i);
    }
    if (x->field_split_pattern.p != NULL || x->value_split_pattern.p != NULL ||
        !read_bracket("[", x->field_split, SLICE(""), FIELD, out->bits) ||
        !read_bracket("[", x->value_split, SLICE(""), VALUE, out->bits) ||
        !read_bracket("[^", x->value_split, x->field_split, STOP, out->bits) ||
        out->bits['\\'] != 0)
        return false;
    out->bits['\\'] = SLASH;
    return true;
}

/* ---- scanning ---- */

struct scan {
    const struct kv_plain *k;
    struct slice text;
    size_t dead[QUOTES]; /* a value in these quotes that begins before has no end */
};

static inline bool
has(const struct scan *s, size_t at, unsigned bits)
{
    return (s->k->bits[(unsigned char)s->text.p[at]] & bits) != 0;
}

/* Moves *at to the next character that has one of the bits, or to the end: then false. *slashes is
 * how many backslashes stand right before it, from *at on; an even number of them escapes each
 * other. */
static inline bool
find_next(const struct scan *s, unsigned bits, size_t *at, size_t *slashes)
{
    size_t i = *at, run = 0;

    while (i < s->text.n) {
        if (has(s, i, bits)) {
            *at = i;
            *slashes = run;
            return true;
        }
        run = has(s, i, SLASH) ? run + 1 : 0;
        i++;
    }
    *at = i;
    return false;
}

static inline size_t
skip_blanks(const struct scan *s, size_t at)
{
    while (!s->k->strict && at < s->text.n && s->text.p[at] == ' ')
        at++;
    return at;
}

/* Behind the separator of key and value that begins here, or NOWHERE. */
static inline size_t
behind_split(const struct scan *s, size_t at)
{
    size_t blanks = skip_blanks(s, at);

    if (blanks < s->text.n && has(s, blanks, VALUE))
        return skip_blanks(s, blanks + 1);
    if (blanks > at && has(s, at, VALUE)) /* the last blank is the separator */
        return blanks;
    return NOWHERE;
}

/* A key from here: where it ends, and *value where its value may begin. Without a key NOWHERE, and
 * *value is where no key was found to begin before.
 *
 * Of a separator behind an even number of backslashes: the key ends there if it can, and else goes
 * on, as if only the last escaped it. Behind an odd number the key goes on, and ends there if it
 * cannot elsewhere. */
static inline size_t
find_key(const struct scan *s, size_t from, size_t *value)
{
    size_t at = from, slashes, fallback = NOWHERE;

    for (; find_next(s, STOP, &at, &slashes); at++) {
        size_t behind = at > from ? behind_split(s, at) : NOWHERE;

        if (behind != NOWHERE && slashes % 2 == 0) {
            *value = behind;
            return at;
        }
        if (slashes == 0 || s->text.p[at] == '\n')
            break;
        if (behind != NOWHERE)
            fallback = at;
    }
    *value = fallback == NOWHERE ? at : behind_split(s, fallback);
    return fallback;
}

/* Where a field ends: before a separator, a line end, or the end. */
static bool
is_end(const struct scan *s, size_t at)
{
    return at == s->text.n || s->text.p[at] == '\n' || has(s, at, FIELD);
}

/* The closing character of a value in quotes or brackets that begins here, or NOWHERE; the rule for
 * backslashes is that of keys. */
static size_t
find_close(struct scan *s, size_t from, unsigned quote)
{
    size_t at = from, slashes, fallback = NOWHERE;

    if (from < s->dead[quote])
        return NOWHERE;
    for (; find_next(s, CLOSE << quote, &at, &slashes); at++) {
        if (is_end(s, at + 1)) {
            if (slashes % 2 == 0)
                return at;
            fallback = at;
        }
        if (slashes == 0)
            break;
    }
    if (fallback == NOWHERE)
        s->dead[quote] = at;
    return fallback;
}

static inline size_t
find_bare_end(const struct scan *s, size_t from)
{
    size_t at = from, slashes;

    for (; find_next(s, FIELD, &at, &slashes); at++)
        if (slashes % 2 == 0 || s->text.p[at] == '\n')
            break;
    return at;
}

static size_t
find_quoted_end(struct scan *s, size_t from)
{
    for (unsigned i = 0; i < QUOTES; i++)
        if (s->text.p[from] == opening[i])
            return find_close(s, from + 1, i);
    return NOWHERE;
}

/* The value from here; where the pair ends, its separator included. */
static inline size_t
take_value(struct scan *s, size_t from, struct slice *value)
{
    size_t end = NOWHERE, behind;

    if (from < s->text.n && has(s, from, OPEN))
        end = find_quoted_end(s, from);
    if (end != NOWHERE) {
        *value = slice_between(s->text.p + from + 1, s->text.p + end);
        behind = end + 1;
    } else {
        behind = find_bare_end(s, from);
        *value = slice_between(s->text.p + from, s->text.p + behind);
    }
    return behind < s->text.n && has(s, behind, FIELD) ? behind + 1 : behind;
}

enum regex_result
kv_plain_text(const struct kv_plain *k, struct slice text, uint64_t deadline_ms,
              struct kv_pairs *out)
{
    struct scan s = { .k = k, .text = text };
    unsigned pairs = 0;

    for (size_t at = 0; at < text.n;) {
        struct kv_pair pair;
        size_t value, end = find_key(&s, at, &value);

        if (end == NOWHERE) {
            at = value + 1;
            continue;
        }
        pair.key = slice_between(text.p + at, text.p + end);
        at = take_value(&s, value, &pair.value);
        kv_pairs_push(out, pair);
        if (++pairs % PAIRS_UNWATCHED == 0 && deadline_ms > 0 && regex_now_ms() >= deadline_ms)
            return REGEX_TIMEOUT;
    }
    return pairs > 0 ? REGEX_MATCH : REGEX_NO_MATCH;
}
