/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ruby's regular expressions, text to tree: groups, repeats, atoms, references.
 *
 * Accepts what Ruby accepts, odd as it may look (a lone "{" or "]" is a character), and refuses
 * what Ruby refuses; see reference/grok-regex.md 4, rule 10, and 5. Pure: no PCRE2 here. */
#include "pipeline/regex_parse_priv.h"

#include "codec/utf8.h"

#include <stdarg.h>
#include <stdio.h>

static int parse_alt(struct re_parser *p, struct re_node **out);

/* Text around the place that a message is about. */
#define NEAR 24

int
re_fail(struct re_parser *p, size_t pos, const char *fmt, ...)
{
    size_t from = pos > NEAR ? pos - NEAR : 0;
    size_t to = p->text.n - pos > NEAR ? pos + NEAR : p->text.n;
    char what[200];
    va_list ap;

    while (from > 0 && (p->text.p[from] & 0xc0) == 0x80)
        from--;
    while (to < p->text.n && (p->text.p[to] & 0xc0) == 0x80)
        to++;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (p->err != NULL)
        p->err->pos = pos;
    return err_set(p->err, ERR_CONFIG, "%s at offset %zu of the regular expression, near \"%.*s\"",
                   what, pos, (int)(to - from), p->text.p + from);
}

static struct re_node *
new_node(struct re_parser *p, enum re_type type, size_t pos)
{
    struct re_node *n = arena_calloc(p->arena, 1, sizeof *n);

    n->type = type;
    n->pos = (uint32_t)pos;
    n->charset = p->flags.charset;
    return n;
}

static void
list_add(struct re_parser *p, struct re_list *l, struct re_node *n)
{
    if (l->n == l->cap) {
        uint32_t cap = l->cap == 0 ? 16 : l->cap * 2;
        struct re_node **at = arena_alloc(p->arena, cap * sizeof(struct re_node *));

        if (l->n > 0)
            memcpy(at, l->at, l->n * sizeof(struct re_node *));
        l->at = at;
        l->cap = cap;
    }
    l->at[l->n++] = n;
}

uint32_t
re_take_char(struct re_parser *p)
{
    uint32_t c;

    p->at += utf8_decode((struct slice){ p->text.p + p->at, p->text.n - p->at }, &c);
    if (c > 0x7f)
        p->tree->non_ascii = true;
    return c;
}

static int
hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Up to `most` digits of the base; how many there were. */
static unsigned
take_digits(struct re_parser *p, unsigned base, unsigned most, uint32_t *value)
{
    unsigned n = 0;

    *value = 0;
    for (; n < most && re_more(p); n++, p->at++) {
        int d = hex_digit(re_peek(p));

        if (d < 0 || d >= (int)base)
            break;
        *value = *value * base + (uint32_t)d;
    }
    return n;
}

static int
check_code(struct re_parser *p, size_t start, uint32_t code)
{
    if (code > REGEX_MAX_CHAR || (code >= 0xd800 && code <= 0xdfff))
        return re_fail(p, start, "invalid Unicode range: U+%X", code);
    if (code > 0x7f)
        p->tree->non_ascii = true;
    return 0;
}

/* \xC3\xA4 is one character written byte by byte. */
static int
take_utf8_bytes(struct re_parser *p, size_t start, uint32_t first, uint32_t *code)
{
    unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

    if (first < 0xc2 || first > 0xf4)
        return re_fail(p, start, "invalid multibyte escape");
    *code = first & (0x3fu >> more);
    for (unsigned i = 0; i < more; i++) {
        uint32_t byte;

        if (!re_skip(p, "\\x") || take_digits(p, 16, 2, &byte) == 0 || (byte & 0xc0) != 0x80)
            return re_fail(p, start, "invalid multibyte escape");
        *code = *code << 6 | (byte & 0x3f);
    }
    if (*code < least[more])
        return re_fail(p, start, "invalid multibyte escape");
    return check_code(p, start, *code);
}

static int
take_hex(struct re_parser *p, size_t start, uint32_t *code)
{
    if (take_digits(p, 16, 2, code) == 0)
        return re_fail(p, start, "invalid hex escape");
    return *code > 0x7f ? take_utf8_bytes(p, start, *code, code) : 0;
}

static int
take_unicode(struct re_parser *p, size_t start, uint32_t *code)
{
    if (!re_skip(p, "{")) {
        if (take_digits(p, 16, 4, code) != 4)
            return re_fail(p, start, "invalid Unicode escape");
        return check_code(p, start, *code);
    }
    while (re_skip(p, " ") || re_skip(p, "\t"))
        ;
    if (take_digits(p, 16, 6, code) == 0)
        return re_fail(p, start, "invalid Unicode escape");
    while (re_skip(p, " ") || re_skip(p, "\t"))
        ;
    if (!re_skip(p, "}"))
        return re_fail(p, start, "invalid Unicode escape: one character a \\u{} is supported");
    return check_code(p, start, *code);
}

/* \cX and \C-X. \M- makes bytes that are no UTF-8 text. */
static int
take_control(struct re_parser *p, size_t start, uint32_t *code)
{
    if (!re_more(p) || (unsigned char)re_peek(p) > 0x7f)
        return re_fail(p, start, "too short control sequence");
    *code = re_take_char(p);
    if (*code == '\\' && (!re_more(p) || re_take_escape(p, start, code) < 0))
        return re_fail(p, start, "too short control sequence");
    *code = *code == '?' ? 0x7f : *code & 0x1f;
    return 0;
}

int
re_take_escape(struct re_parser *p, size_t start, uint32_t *code)
{
    static const char from[] = "tnrfvae", to[] = "\t\n\r\f\v\a\x1b";
    char c = re_peek(p);
    const char *simple = c == '\0' ? NULL : strchr(from, c);

    if (c >= '0' && c <= '7') {
        take_digits(p, 8, 3, code);
        return *code > 0x7f ? re_fail(p, start, "invalid multibyte escape") : 0;
    }
    *code = re_take_char(p);
    if (simple != NULL)
        *code = (unsigned char)to[simple - from];
    else if (c == 'x')
        return take_hex(p, start, code);
    else if (c == 'u')
        return take_unicode(p, start, code);
    else if (c == 'c' || (c == 'C' && re_skip(p, "-")))
        return take_control(p, start, code);
    else if (c == 'M' && re_looking_at(p, "-"))
        return re_fail(p, start, "\\M- makes no UTF-8 text");
    return 0;
}

/* ---- references ---- */

static struct re_node *
new_ref(struct re_parser *p, enum re_type type, size_t pos)
{
    struct re_node *n = new_node(p, type, pos);

    list_add(p, &p->refs, n);
    return n;
}

/* A number of a group as a decimal text, with a sign relative to the groups opened so far. */
static int
ref_number(struct re_parser *p, size_t pos, struct slice text, uint32_t *out)
{
    int64_t n;

    if (!slice_to_int64(text, &n) || n > (int64_t)REGEX_GROUPS || n < -(int64_t)REGEX_GROUPS)
        return re_fail(p, pos, "invalid group name <%.*s>", SLICE_ARGS(text));
    if (text.p[0] == '-')
        n += (int64_t)p->captures.n + 1;
    else if (text.p[0] == '+')
        n += (int64_t)p->captures.n;
    if (n < 0 || (n == 0 && text.p[0] == '-'))
        return re_fail(p, pos, "invalid backref number/name");
    *out = (uint32_t)n;
    return 0;
}

static bool
looks_numeric(struct slice name)
{
    size_t i = name.n > 0 && (name.p[0] == '-' || name.p[0] == '+');

    if (i == name.n)
        return false;
    for (; i < name.n; i++)
        if (name.p[i] < '0' || name.p[i] > '9')
            return false;
    return true;
}

/* Behind "<" or "'": the text up to its partner. */
static int
take_name(struct re_parser *p, char close, struct slice *out)
{
    size_t start = p->at;

    while (re_more(p) && re_peek(p) != close && re_peek(p) != ')')
        p->at++;
    if (!re_more(p) || re_peek(p) != close)
        return re_fail(p, start, "invalid group name");
    *out = slice_between(p->text.p + start, p->text.p + p->at);
    p->at++;
    if (out->n == 0)
        return re_fail(p, start, "group name is empty");
    return 0;
}

/* Behind \k or \g, at the bracket. */
static int
take_reference(struct re_parser *p, enum re_type type, size_t start, struct re_node **out)
{
    char close = re_peek(p) == '<' ? '>' : '\'';
    struct re_node *n = new_ref(p, type, start);
    struct slice name;

    p->at++;
    if (take_name(p, close, &name) < 0)
        return -1;
    if (looks_numeric(name)) {
        if (ref_number(p, start, name, &n->level) < 0)
            return -1;
    } else {
        n->name = name;
    }
    *out = n;
    return 0;
}

/* \1 to \9 are references; \10 and more are if there are so many groups, else octal. */
static int
take_digit_escape(struct re_parser *p, size_t start, struct re_node **out)
{
    size_t from = p->at;
    uint32_t number;

    take_digits(p, 10, 6, &number);
    if (number <= 9 || number <= p->captures.n) {
        *out = new_ref(p, RE_BACKREF, start);
        (*out)->level = number;
        return 0;
    }
    p->at = from;
    *out = new_node(p, RE_CHAR, start);
    return re_take_escape(p, start, &(*out)->code);
}

/* ---- atoms ---- */

static int
take_property_atom(struct re_parser *p, size_t start, bool negated, struct re_node **out)
{
    struct re_set *set = arena_calloc(p->arena, 1, sizeof *set);
    struct set_item *item = arena_calloc(p->arena, 1, sizeof *item);

    set->unions = arena_calloc(p->arena, 1, sizeof *set->unions);
    set->unions->items = item;
    if (re_take_property(p, start, negated, item) < 0)
        return -1;
    *out = new_node(p, RE_SET, start);
    (*out)->set = set;
    return 0;
}

static int
parse_escape(struct re_parser *p, struct re_node **out)
{
    size_t start = p->at++;
    char c;

    if (!re_more(p))
        return re_fail(p, start, "too short escape sequence");
    c = re_peek(p);
    if (c != '\0' && strchr("wWdDsShH", c) != NULL) {
        *out = new_node(p, RE_SHORT, start);
        (*out)->letter = (char)(c | 0x20);
        (*out)->negated = (c & 0x20) == 0;
        p->at++;
        return 0;
    }
    if (c != '\0' && strchr("bBAZzGKRX", c) != NULL) {
        *out = new_node(p, RE_ASSERT, start);
        (*out)->letter = c;
        p->at++;
        return 0;
    }
    if (c >= '1' && c <= '9')
        return take_digit_escape(p, start, out);
    p->at++;
    if ((c == 'p' || c == 'P') && re_looking_at(p, "{"))
        return take_property_atom(p, start, c == 'P', out);
    if (c == 'k' && (re_looking_at(p, "<") || re_looking_at(p, "'")))
        return take_reference(p, RE_BACKREF, start, out);
    if (c == 'g' && (re_looking_at(p, "<") || re_looking_at(p, "'")))
        return take_reference(p, RE_CALL, start, out);
    p->at--;
    *out = new_node(p, RE_CHAR, start);
    return re_take_escape(p, start, &(*out)->code);
}

/* Takes what the extended form ignores, and comments, in front of a token. */
static int
skip_ignored(struct re_parser *p)
{
    while (re_more(p)) {
        size_t start = p->at;

        if (re_skip(p, "(?#")) {
            while (re_more(p) && re_peek(p) != ')')
                p->at += re_peek(p) == '\\' && p->at + 1 < p->text.n ? 2 : 1;
            if (!re_skip(p, ")"))
                return re_fail(p, start, "end pattern in group");
        } else if (p->flags.extended && strchr(" \t\n\v\f\r", re_peek(p)) != NULL &&
                   re_peek(p) != '\0') {
            p->at++;
        } else if (p->flags.extended && re_peek(p) == '#') {
            while (re_more(p) && re_peek(p) != '\n')
                p->at++;
        } else {
            break;
        }
    }
    return 0;
}

/* ---- groups ---- */

/* The body up to the closing parenthesis; flags set inside end with it. */
static int
take_body(struct re_parser *p, size_t start, struct re_node *group)
{
    struct re_flags outer = p->flags;

    if (parse_alt(p, &group->child) < 0)
        return -1;
    p->flags = outer;
    if (!re_skip(p, ")"))
        return re_fail(p, start, "end pattern with unmatched parenthesis");
    return 0;
}

static int
take_group(struct re_parser *p, size_t start, enum re_group kind, struct re_node **out)
{
    *out = new_node(p, RE_GROUP, start);
    (*out)->group = kind;
    if (kind == GROUP_CAPTURE)
        list_add(p, &p->captures, *out);
    return take_body(p, start, *out);
}

static int
take_named_group(struct re_parser *p, size_t start, char close, struct re_node **out)
{
    struct slice name;

    if (take_name(p, close, &name) < 0)
        return -1;
    if (name.p[0] == '-' || (name.p[0] >= '0' && name.p[0] <= '9'))
        return re_fail(p, start, "invalid group name <%.*s>", SLICE_ARGS(name));
    *out = new_node(p, RE_GROUP, start);
    (*out)->group = GROUP_CAPTURE;
    (*out)->name = name;
    list_add(p, &p->captures, *out);
    p->tree->named = true;
    return take_body(p, start, *out);
}

/* Letters up to ")" or ":", neither of which is taken. */
static int
take_flags(struct re_parser *p, size_t start, struct re_flags *f)
{
    bool on = true;

    for (; re_more(p); p->at++)
        switch (re_peek(p)) {
        case '-': on = false; break;
        case 'i': f->icase = on; break;
        case 'm': f->newline = on; break;
        case 'x': f->extended = on; break;
        case 'a':
        case 'd':
        case 'u':
            if (!on)
                return re_fail(p, start, "undefined group option");
            f->charset = re_peek(p) == 'a'   ? CHARSET_ASCII
                         : re_peek(p) == 'u' ? CHARSET_UNICODE
                                             : CHARSET_DEFAULT;
            break;
        case ')':
        case ':': p->tree->icase |= f->icase; return 0;
        default: return re_fail(p, start, "undefined group option");
        }
    return re_fail(p, start, "end pattern in group");
}

/* (?i:body), or (?i), which reaches to the end of the enclosing group and binds its alternatives:
 * a(?i)b|c is a(?i:b|c). */
static int
take_flag_group(struct re_parser *p, size_t start, struct re_node **out)
{
    struct re_flags outer = p->flags, inner = p->flags;

    if (take_flags(p, start, &inner) < 0)
        return -1;
    *out = new_node(p, RE_GROUP, start);
    (*out)->group = inner.icase == outer.icase ? GROUP_PLAIN : GROUP_CASE;
    (*out)->icase = inner.icase;
    p->flags = inner;
    if (re_skip(p, ":")) {
        if (take_body(p, start, *out) < 0)
            return -1;
    } else {
        p->at++;
        if (parse_alt(p, &(*out)->child) < 0)
            return -1;
    }
    p->flags = outer;
    return 0;
}

static int
take_cond_ref(struct re_parser *p, struct re_node *cond)
{
    size_t start = p->at;
    struct slice name;

    if (re_skip(p, "<") || re_skip(p, "'")) {
        if (take_name(p, p->text.p[p->at - 1] == '<' ? '>' : '\'', &name) < 0)
            return -1;
    } else {
        while (re_more(p) && re_peek(p) != ')')
            p->at++;
        name = slice_between(p->text.p + start, p->text.p + p->at);
        if (!looks_numeric(name))
            return re_fail(p, start, "invalid conditional pattern");
    }
    if (!re_skip(p, ")"))
        return re_fail(p, start, "invalid conditional pattern");
    if (looks_numeric(name))
        return ref_number(p, start, name, &cond->level);
    cond->name = name;
    return 0;
}

/* Behind "(?(". */
static int
take_cond(struct re_parser *p, size_t start, struct re_node **out)
{
    struct re_node *cond = new_ref(p, RE_COND, start), *body = new_node(p, RE_GROUP, start);
    unsigned branches = 0;

    *out = cond;
    if (take_cond_ref(p, cond) < 0 || take_body(p, start, body) < 0)
        return -1;
    if (body->child->type != RE_ALT) {
        cond->child = body->child;
        return 0;
    }
    cond->child = body->child->child;
    for (struct re_node *b = cond->child; b != NULL; b = b->next)
        branches++;
    if (branches > 2)
        return re_fail(p, start, "invalid conditional pattern");
    return 0;
}

static int
parse_group(struct re_parser *p, struct re_node **out)
{
    static const struct {
        const char *open;
        enum re_group kind;
    } kinds[] = {
        { "(?:", GROUP_PLAIN },  { "(?=", GROUP_AHEAD },   { "(?!", GROUP_NOT_AHEAD },
        { "(?>", GROUP_ATOMIC }, { "(?<=", GROUP_BEHIND }, { "(?<!", GROUP_NOT_BEHIND },
    };
    size_t start = p->at;

    for (size_t i = 0; i < COUNT(kinds); i++)
        if (re_skip(p, kinds[i].open))
            return take_group(p, start, kinds[i].kind, out);
    if (re_skip(p, "(?<"))
        return take_named_group(p, start, '>', out);
    if (re_skip(p, "(?'"))
        return take_named_group(p, start, '\'', out);
    if (re_skip(p, "(?("))
        return take_cond(p, start, out);
    if (re_looking_at(p, "(?~"))
        return re_fail(p, start, "the absent operator (?~ is not supported");
    if (re_skip(p, "(?"))
        return take_flag_group(p, start, out);
    p->at++;
    return take_group(p, start, GROUP_CAPTURE, out);
}

/* ---- repeats ---- */

struct quantifier {
    uint32_t min, max;
    bool interval, fixed;
};

/* {n} {n,} {n,m} {,m}; anything else is text, and nothing is taken. 1: there is one. */
static int
take_interval(struct re_parser *p, struct quantifier *q)
{
    size_t start = p->at++;
    unsigned low, high = 0;
    bool comma;

    low = take_digits(p, 10, 7, &q->min);
    comma = re_skip(p, ",");
    if (comma)
        high = take_digits(p, 10, 7, &q->max);
    if (low + high == 0 || !re_skip(p, "}")) {
        p->at = start;
        return 0;
    }
    if (!comma)
        q->max = q->min;
    else if (high == 0)
        q->max = REPEAT_FOREVER;
    if (q->min > REGEX_REPEAT || (q->max != REPEAT_FOREVER && q->max > REGEX_REPEAT))
        return re_fail(p, start, "too big number in a repeat range: more than %u", REGEX_REPEAT);
    if (q->min > q->max)
        return re_fail(p, start, "repeat range {%u,%u} is reversed", q->min, q->max);
    q->interval = true;
    q->fixed = !comma;
    return 1;
}

/* 1: took one, 0: there is none, -1: a bad one. */
static int
take_quantifier(struct re_parser *p, struct quantifier *q)
{
    *q = (struct quantifier){ .max = REPEAT_FOREVER };
    if (!re_more(p))
        return 0;
    switch (re_peek(p)) {
    case '*': break;
    case '+': q->min = 1; break;
    case '?': q->max = 1; break;
    case '{': return take_interval(p, q);
    default: return 0;
    }
    p->at++;
    return 1;
}

/* x{2}? is an optional pair and x{1,2}+ a repeated one: only the others have such suffixes. */
static enum re_greed
take_greed(struct re_parser *p, const struct quantifier *q)
{
    if (!q->fixed && re_skip(p, "?"))
        return GREED_MIN;
    if (!q->interval && re_skip(p, "+"))
        return GREED_POSSESSIVE;
    return GREED_MAX;
}

static int
take_repeats(struct re_parser *p, struct re_node **node)
{
    for (unsigned n = 0;; n++) {
        struct quantifier q;
        struct re_node *r;
        size_t start;
        int got;

        if (skip_ignored(p) < 0)
            return -1;
        start = p->at;
        got = take_quantifier(p, &q);
        if (got <= 0)
            return got;
        if ((*node)->type == RE_GROUP &&
            ((*node)->group == GROUP_BEHIND || (*node)->group == GROUP_NOT_BEHIND))
            return re_fail(p, start, "target of repeat operator is invalid: a lookbehind");
        if (n + p->depth >= REGEX_DEPTH)
            return re_fail(p, start, "more than %d levels of groups and repeats", REGEX_DEPTH);
        r = new_node(p, RE_REPEAT, (*node)->pos);
        r->min = q.min;
        r->max = q.max;
        r->greed = take_greed(p, &q);
        r->child = *node;
        *node = r;
    }
}

/* ---- sequences ---- */

static int
parse_atom(struct re_parser *p, struct re_node **out)
{
    size_t start = p->at;
    struct quantifier q;
    int got = take_quantifier(p, &q);

    if (got != 0)
        return got < 0 ? -1 : re_fail(p, start, "target of repeat operator is not specified");
    switch (re_peek(p)) {
    case '(': return parse_group(p, out);
    case '\\': return parse_escape(p, out);
    case '[':
        p->at++;
        *out = new_node(p, RE_SET, start);
        return re_take_set(p, &(*out)->set);
    case '.':
        *out = new_node(p, RE_ANY, start);
        (*out)->newline = p->flags.newline;
        break;
    case '^':
    case '$':
        *out = new_node(p, RE_ASSERT, start);
        (*out)->letter = re_peek(p);
        break;
    default:
        *out = new_node(p, RE_CHAR, start);
        (*out)->code = re_take_char(p);
        return 0;
    }
    p->at++;
    return 0;
}

static int
parse_branch(struct re_parser *p, struct re_node **out)
{
    struct re_node *cat = new_node(p, RE_CAT, p->at), **tail = &cat->child;

    *out = cat;
    for (;;) {
        struct re_node *piece;

        if (skip_ignored(p) < 0)
            return -1;
        if (!re_more(p) || re_peek(p) == '|' || re_peek(p) == ')')
            return 0;
        if (parse_atom(p, &piece) < 0 || take_repeats(p, &piece) < 0)
            return -1;
        *tail = piece;
        tail = &piece->next;
    }
}

static int
parse_alt(struct re_parser *p, struct re_node **out)
{
    struct re_node *alt = new_node(p, RE_ALT, p->at), **tail = &alt->child;

    if (++p->depth > REGEX_DEPTH)
        return re_fail(p, p->at, "more than %d levels of groups and repeats", REGEX_DEPTH);
    do {
        if (parse_branch(p, tail) < 0)
            return -1;
        tail = &(*tail)->next;
    } while (re_skip(p, "|"));
    p->depth--;
    *out = alt->child->next == NULL ? alt->child : alt;
    return 0;
}

/* ---- numbers ---- */

/* Named groups turn plain parentheses into mere grouping, as in Ruby. */
static int
number_groups(struct re_parser *p)
{
    struct re_tree *t = p->tree;

    t->names = arena_calloc(p->arena, p->captures.n + 1, sizeof(struct slice));
    for (uint32_t i = 0; i < p->captures.n; i++) {
        struct re_node *n = p->captures.at[i];

        if (t->named && n->name.n == 0) {
            n->group = GROUP_PLAIN;
            continue;
        }
        n->number = ++t->groups;
        t->names[t->groups] = n->name;
    }
    if (t->groups > REGEX_GROUPS)
        return re_fail(p, 0, "%u groups are more than %u", t->groups, REGEX_GROUPS);
    return 0;
}

static int
resolve_name(struct re_parser *p, struct re_node *ref)
{
    const struct re_tree *t = p->tree;
    uint32_t count = 0;

    for (uint32_t i = t->groups; i >= 1; i--)
        count += slice_eq(t->names[i], ref->name);
    ref->numbers = arena_alloc(p->arena, (count + 1) * sizeof(uint32_t));
    ref->count = 0;
    for (uint32_t i = t->groups; i >= 1; i--)
        if (slice_eq(t->names[i], ref->name))
            ref->numbers[ref->count++] = i;
    if (ref->count == 0)
        return re_fail(p, ref->pos, "undefined name <%.*s> reference", SLICE_ARGS(ref->name));
    if (ref->count > 1 && ref->type == RE_CALL)
        return re_fail(p, ref->pos, "multiplex definition name <%.*s> call", SLICE_ARGS(ref->name));
    return 0;
}

static int
resolve(struct re_parser *p, struct re_node *ref)
{
    if (ref->name.n > 0)
        return resolve_name(p, ref);
    if (p->tree->named && ref->level > 0)
        return re_fail(p, ref->pos, "numbered backref/call is not allowed beside named groups");
    if (ref->level > p->tree->groups || (ref->level == 0 && ref->type != RE_CALL))
        return re_fail(p, ref->pos, "invalid backref number/name");
    ref->numbers = arena_alloc(p->arena, sizeof(uint32_t));
    ref->numbers[0] = ref->level;
    ref->count = 1;
    return 0;
}

/* ---- the whole ---- */

/* Where the text stops being UTF-8; its length if nowhere. */
static size_t
first_bad_byte(struct slice s)
{
    struct slice rest = s;
    unsigned bad;

    while (rest.n > 0) {
        unsigned n = utf8_next(rest, &bad);

        if (n == 0)
            break;
        rest.p += n;
        rest.n -= n;
    }
    return s.n - rest.n;
}

int
regex_parse(struct arena *arena, struct slice pattern, struct re_flags flags, struct re_tree *tree,
            struct err *err)
{
    struct re_parser p = { arena, pattern, 0, flags, 0, tree, { 0 }, { 0 }, err };
    size_t bad;

    *tree = (struct re_tree){ .icase = flags.icase };
    if (pattern.n > REGEX_BYTES)
        return err_set(err, ERR_LIMIT, "regular expression of %zu bytes exceeds limit %zu",
                       pattern.n, REGEX_BYTES);
    bad = first_bad_byte(pattern);
    if (bad < pattern.n)
        return err_set(err, ERR_CONFIG, "regular expression is not UTF-8 at offset %zu", bad);
    if (parse_alt(&p, &tree->root) < 0)
        return -1;
    if (re_more(&p))
        return re_fail(&p, p.at, "unmatched close parenthesis");
    if (number_groups(&p) < 0)
        return -1;
    if (p.refs.n > REGEX_REFS)
        return re_fail(&p, p.refs.at[REGEX_REFS]->pos, "more than %u references to groups",
                       REGEX_REFS);
    for (uint32_t i = 0; i < p.refs.n; i++)
        if (resolve(&p, p.refs.at[i]) < 0)
            return -1;
    return 0;
}
