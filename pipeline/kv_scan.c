/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/kv_scan.h"

#include "codec/utf8.h"
#include "pipeline/kv_plain.h"
#include "pipeline/regex_tree.h"

/* Pairs between two looks at the clock. */
#define PAIRS_UNWATCHED 64u

/* A bracket of the operator's characters, or his pattern, in a group. */
static void
print_split(struct slice body, struct slice pattern, struct buf *out)
{
    if (pattern.p != NULL)
        buf_printf(out, "(?:%.*s)", SLICE_ARGS(pattern));
    else
        buf_printf(out, "[%.*s]", SLICE_ARGS(body));
}

/* Blanks around it belong to it, unless strict. */
static void
print_value_split(const struct kv_syntax *x, struct buf *out)
{
    const char *blanks = x->strict ? "" : " *";

    buf_printf(out, "%s", blanks);
    print_split(x->value_split, x->value_split_pattern, out);
    buf_printf(out, "%s", blanks);
}

static bool
has_patterns(const struct kv_syntax *x)
{
    return x->field_split_pattern.p != NULL || x->value_split_pattern.p != NULL;
}

/* ---- backslashes ---- */

/* What the matches of a separator begin with. */
enum first {
    FIRST_ANY,   /* nobody knows */
    FIRST_EMPTY, /* no backslash, or there is nothing */
    FIRST_OTHER  /* no backslash */
};

static bool
set_has_backslash(const struct re_set *set)
{
    if (set->negated || set->unions->next != NULL)
        return true;
    for (const struct set_item *i = set->unions->items; i != NULL; i = i->next)
        if (i->kind == SET_SHORT ? i->negated
                                 : i->kind != SET_RANGE || (i->lo <= '\\' && i->hi >= '\\'))
            return true;
    return false;
}

/* The parser bounds the depth. */
static enum first
first_of(const struct re_node *n)
{
    enum first first = FIRST_OTHER, f;

    switch (n->type) {
    case RE_CHAR: return n->code == '\\' ? FIRST_ANY : FIRST_OTHER;
    case RE_SHORT: return n->negated ? FIRST_ANY : FIRST_OTHER;
    case RE_SET: return set_has_backslash(n->set) ? FIRST_ANY : FIRST_OTHER;
    case RE_CAT:
        for (n = n->child; n != NULL; n = n->next)
            if ((f = first_of(n)) != FIRST_EMPTY)
                return f;
        return FIRST_EMPTY;
    case RE_ALT:
        for (n = n->child; n != NULL; n = n->next)
            if ((f = first_of(n)) < first)
                first = f;
        return first;
    case RE_GROUP: return n->group == GROUP_PLAIN && n->child ? first_of(n->child) : FIRST_ANY;
    case RE_REPEAT:
        f = first_of(n->child);
        return f == FIRST_OTHER && n->min == 0 ? FIRST_EMPTY : f;
    case RE_ANY:
    case RE_ASSERT:
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: break;
    }
    return FIRST_ANY;
}

/* Put between brackets, the text is what is in them: nothing of it ends the class. */
static bool
stays_in_class(struct slice body)
{
    for (size_t i = 0; i < body.n; i++)
        if (body.p[i] == '\\')
            i++;
        else if (body.p[i] == ']' || body.p[i] == '[')
            return false;
    return true;
}

/* A separator never begins with a backslash, and has no group of its own. */
static bool
spares_backslashes(struct slice body, struct slice pattern)
{
    struct buf text = { 0 };
    struct re_tree tree;
    struct arena a;
    bool spares;

    if (pattern.p == NULL && !stays_in_class(body))
        return false;
    arena_init(&a, NULL);
    print_split(body, pattern, &text);
    spares = regex_parse(&a, buf_slice(&text), (struct re_flags){ 0 }, &tree, NULL) == 0 &&
             tree.groups == 0 && first_of(tree.root) == FIRST_OTHER;
    arena_fini(&a);
    buf_fini(&text);
    return spares;
}

/* ---- keys and values ---- */

/* Texts that an expression is put together from. */
struct parts {
    bool patterns, linear;
    struct buf field, key_end, value_end; /* a separator; where keys and bare values may end */
};

/* A backslash takes the next character along. Said like that, a run of backslashes may be cut in
 * more ways than there are particles, and a text without a match has them all tried. Where no
 * separator begins with a backslash only two of them differ: the character behind the run is taken
 * along, or the text ends before it. Behind an even number it ends first, if it can. */
static void
print_run(const char *end, const char *any, struct buf *out)
{
    buf_printf(out, "(?:\\\\\\\\)++(?!\\\\)(?=%s)|\\\\++%s|(?:\\\\\\\\)*+\\\\(?!\\\\)(?=%s)", end,
               any, end);
}

/* One piece of a text that no `stop` begins in, but for what a backslash takes along. */
static void
print_piece(const struct parts *p, const char *stop, const char *end, struct buf *out)
{
    struct buf any = { 0 };

    if (p->patterns)
        buf_printf(&any, ".");
    else
        buf_printf(&any, "(?:.|(?!%s)\\n)", stop);
    buf_printf(out, "(?:(?!%s)[^\\\\%s]|", stop, p->patterns ? "\\n" : "");
    buf_byte(&any, '\0');
    print_run(end, any.p, out);
    buf_byte(out, ')');
    buf_fini(&any);
}

static void
print_key(const struct kv_syntax *x, const struct parts *p, struct buf *out)
{
    buf_byte(out, '(');
    if (p->linear)
        print_piece(p, p->key_end.p, p->key_end.p, out);
    else if (p->patterns)
        buf_printf(out, "(?:(?!%s)(?:\\\\.|.))", p->key_end.p);
    else
        buf_printf(out, "(?:\\\\.|[^%.*s%.*s])", SLICE_ARGS(x->value_split),
                   SLICE_ARGS(x->field_split));
    buf_printf(out, "+)");
}

/* open and close as they stand in an expression; bracketed: close as it stands in a bracket. */
static void
print_quoted(const struct parts *p, const char *open, const char *close, const char *bracketed,
             struct buf *out)
{
    buf_printf(out, "%s((?:", open);
    if (p->linear) {
        buf_printf(out, "[^%s\\\\]|", bracketed);
        print_run(close, "[^\\\\]", out);
    } else {
        buf_printf(out, "\\\\.|[^%s]", bracketed);
    }
    buf_printf(out, ")*)%s|", close);
}

/* Quoted, bracketed, or bare; each form has one group. */
static void
print_value(const struct kv_syntax *x, const struct parts *p, struct buf *out)
{
    buf_printf(out, "(?:");
    print_quoted(p, "\"", "\"", "\"", out);
    print_quoted(p, "'", "'", "'", out);
    if (x->brackets) {
        print_quoted(p, "\\(", "\\)", ")", out);
        print_quoted(p, "\\[", "\\]", "\\]", out);
        print_quoted(p, "<", ">", ">", out);
    }
    buf_byte(out, '(');
    if (p->linear)
        print_piece(p, p->field.p, p->value_end.p, out);
    else if (p->patterns)
        buf_printf(out, "(?:(?!%s)(?:\\\\.|.))", p->field.p);
    else
        buf_printf(out, "(?:\\\\.|[^%.*s])", SLICE_ARGS(x->field_split));
    buf_printf(out, "+))?");
}

static void
parts_init(struct parts *p, const struct kv_syntax *x)
{
    *p = (struct parts){ .patterns = has_patterns(x) };
    p->linear = !x->by_regex && spares_backslashes(x->field_split, x->field_split_pattern) &&
                spares_backslashes(x->value_split, x->value_split_pattern);
    print_split(x->field_split, x->field_split_pattern, &p->field);
    if (!p->patterns) { /* a range may lie across the seam */
        struct buf both = { 0 };

        buf_append(&both, x->value_split);
        buf_append(&both, x->field_split);
        p->linear = p->linear && spares_backslashes(buf_slice(&both), (struct slice){ NULL, 0 });
        buf_fini(&both);
    }
    if (p->patterns) {
        buf_printf(&p->key_end, "(?:");
        print_value_split(x, &p->key_end);
        buf_printf(&p->key_end, "|%.*s)", SLICE_ARGS(buf_slice(&p->field)));
    } else {
        buf_printf(&p->key_end, "[%.*s%.*s]", SLICE_ARGS(x->value_split),
                   SLICE_ARGS(x->field_split));
    }
    buf_printf(&p->value_end, "(?:%.*s|$)", SLICE_ARGS(buf_slice(&p->field)));
    buf_byte(&p->field, '\0');
    buf_byte(&p->key_end, '\0');
    buf_byte(&p->value_end, '\0');
}

static void
parts_fini(struct parts *p)
{
    buf_fini(&p->field);
    buf_fini(&p->key_end);
    buf_fini(&p->value_end);
}

static void
print_pair(const struct kv_syntax *x, struct buf *out)
{
    struct parts p;

    parts_init(&p, x);
    print_key(x, &p, out);
    print_value_split(x, out);
    print_value(x, &p, out);
    buf_append(out, slice_of(p.value_end.p));
    parts_fini(&p);
}

int
kv_scan_compile(const struct kv_syntax *syntax, struct kv_scan *out, struct err *err)
{
    struct buf text = { 0 };

    *out = (struct kv_scan){ 0 };
    out->is_plain = !syntax->by_regex && kv_plain_compile(syntax, &out->plain);
    if (out->is_plain)
        return 0;
    print_value_split(syntax, &text);
    out->split = regex_new(buf_slice(&text), (struct regex_options){ .store = syntax->store }, err);
    buf_clear(&text);
    print_pair(syntax, &text);
    if (out->split != NULL)
        out->pair =
            regex_new(buf_slice(&text), (struct regex_options){ .store = syntax->store }, err);
    buf_fini(&text);
    return out->pair == NULL ? err_prefix(err, "field_split and value_split") : 0;
}

void
kv_scan_fini(struct kv_scan *k)
{
    regex_free(k->pair);
    regex_free(k->split);
    *k = (struct kv_scan){ 0 };
}

/* The first group behind the key that took part, as in Ruby: a group in the operator's own pattern
 * may come in between. */
static struct kv_pair
pair_of(const struct regex *re, const struct regex_scratch *s)
{
    struct kv_pair pair = { regex_group(s, 1), SLICE_INIT("") };

    for (unsigned i = 2; i <= regex_groups(re); i++) {
        struct slice group = regex_group(s, i);

        if (group.p != NULL) {
            pair.value = group;
            break;
        }
    }
    return pair;
}

static enum regex_result
scan_by_regex(const struct kv_scan *k, struct regex_scratch *s, struct slice text,
              uint64_t deadline_ms, struct kv_pairs *out)
{
    enum regex_result got = regex_search(k->split, s, text, 0);
    unsigned pairs = 0;

    if (got == REGEX_MATCH)
        got = regex_search_on(k->pair, s, 0);
    while (got == REGEX_MATCH) {
        struct slice whole = regex_group(s, 0);
        size_t end = (size_t)(whole.p - text.p) + whole.n;

        kv_pairs_push(out, pair_of(k->pair, s));
        if (++pairs % PAIRS_UNWATCHED == 0 && deadline_ms > 0 && regex_now_ms() >= deadline_ms)
            return REGEX_TIMEOUT;
        got = regex_search_on(k->pair, s, end);
    }
    if (got != REGEX_NO_MATCH)
        return got;
    return pairs > 0 ? REGEX_MATCH : REGEX_NO_MATCH;
}

enum regex_result
kv_scan_text(const struct kv_scan *k, struct regex_scratch *s, struct slice text, bool valid,
             uint64_t deadline_ms, struct kv_pairs *out)
{
    if (!k->is_plain)
        return scan_by_regex(k, s, text, deadline_ms, out);
    if (!valid && !utf8_valid(text))
        return REGEX_BAD_TEXT;
    return kv_plain_text(&k->plain, text, deadline_ms, out);
}
