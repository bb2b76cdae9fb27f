/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bracket expressions: reading Ruby's, with nesting and intersection, and writing PCRE2's.
 *
 * What PCRE2 can say in one class becomes one class; a union with something negated becomes an
 * alternation, an intersection a lookahead. Each still matches exactly one character. The bodies
 * of the POSIX names are Onigmo's definitions in PCRE2's properties, compared over all code
 * points; PCRE2's own names differ from them by thousands. */
#include "pipeline/regex_set.h"

#include "pipeline/regex_parse_priv.h"

#include <stdio.h>

const char regex_word_body[] = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
const char regex_boundary_body[] =
    "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";

/* For subjects with code points; `inverse` means that the body lists what is not in it. */
static const struct posix {
    const char *name, *body;
    bool inverse;
    bool single; /* one property, so that \P negates it */
} posix[] = {
    { "alnum", "\\p{Alphabetic}\\p{Nd}", false, false },
    { "alpha", "\\p{Alphabetic}", false, true },
    { "ascii", "\\x{0}-\\x{7f}", false, false },
    { "blank", "\\p{Zs}\\t", false, false },
    { "cntrl", "\\p{Cc}", false, true },
    { "digit", "\\p{Nd}", false, true },
    { "graph", "\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}", true, false },
    { "lower", "\\p{Lowercase}", false, true },
    { "print", "\\p{Cc}\\p{Cn}\\p{Cs}\\x{2028}\\x{2029}", true, false },
    { "punct", "[:punct:]", false, false },
    { "space", "\\p{White_Space}", false, true },
    { "upper", "\\p{Uppercase}", false, true },
    { "word", regex_word_body, false, false },
    { "xdigit", "0-9A-Fa-f", false, false },
};

/* ---- properties ---- */

/* General categories by their long names, which PCRE2 does not know. */
static const struct {
    const char *name, *category;
} categories[] = {
    { "other", "C" },
    { "control", "Cc" },
    { "format", "Cf" },
    { "unassigned", "Cn" },
    { "privateuse", "Co" },
    { "surrogate", "Cs" },
    { "letter", "L" },
    { "casedletter", "L&" },
    { "lc", "L&" },
    { "lowercaseletter", "Ll" },
    { "modifierletter", "Lm" },
    { "otherletter", "Lo" },
    { "titlecaseletter", "Lt" },
    { "uppercaseletter", "Lu" },
    { "mark", "M" },
    { "combiningmark", "M" },
    { "spacingmark", "Mc" },
    { "enclosingmark", "Me" },
    { "nonspacingmark", "Mn" },
    { "number", "N" },
    { "decimalnumber", "Nd" },
    { "letternumber", "Nl" },
    { "othernumber", "No" },
    { "punctuation", "P" },
    { "punct", "P" },
    { "connectorpunctuation", "Pc" },
    { "dashpunctuation", "Pd" },
    { "closepunctuation", "Pe" },
    { "finalpunctuation", "Pf" },
    { "initialpunctuation", "Pi" },
    { "otherpunctuation", "Po" },
    { "openpunctuation", "Ps" },
    { "symbol", "S" },
    { "currencysymbol", "Sc" },
    { "modifiersymbol", "Sk" },
    { "mathsymbol", "Sm" },
    { "othersymbol", "So" },
    { "separator", "Z" },
    { "lineseparator", "Zl" },
    { "paragraphseparator", "Zp" },
    { "spaceseparator", "Zs" },
    { "any", "Any" },
};

/* Properties of two values that PCRE2 knows under the same name. */
static const char *const binaries[] = {
    "alphabetic",
    "bidimirrored",
    "cased",
    "caseignorable",
    "changeswhencasefolded",
    "changeswhencasemapped",
    "changeswhenlowercased",
    "changeswhentitlecased",
    "changeswhenuppercased",
    "dash",
    "defaultignorablecodepoint",
    "deprecated",
    "diacritic",
    "emoji",
    "emojicomponent",
    "emojimodifier",
    "emojimodifierbase",
    "emojipresentation",
    "extendedpictographic",
    "extender",
    "graphemebase",
    "graphemeextend",
    "hexdigit",
    "idcontinue",
    "ideographic",
    "idstart",
    "joincontrol",
    "logicalorderexception",
    "lowercase",
    "math",
    "noncharactercodepoint",
    "patternsyntax",
    "patternwhitespace",
    "quotationmark",
    "radical",
    "regionalindicator",
    "sentenceterminal",
    "softdotted",
    "terminalpunctuation",
    "unifiedideograph",
    "uppercase",
    "variationselector",
    "whitespace",
    "xidcontinue",
    "xidstart",
};

#define PROP_NAME 40

/* "White_Space", "white space" and "WhiteSpace" are the same name. */
static bool
property_name(struct slice in, char out[PROP_NAME])
{
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];

        if (c == ' ' || c == '_' || c == '-')
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) || n + 1 == PROP_NAME)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n > 0;
}

static const struct posix *
find_posix(const char *name)
{
    for (size_t i = 0; i < COUNT(posix); i++)
        if (strcmp(posix[i].name, name) == 0)
            return &posix[i];
    return NULL;
}

/* PCRE2's name of a property, or NULL if no table knows it: then it is taken for a script. */
static const char *
known_property(const char *name)
{
    for (size_t i = 0; i < COUNT(categories); i++)
        if (strcmp(categories[i].name, name) == 0)
            return categories[i].category;
    for (size_t i = 0; i < COUNT(binaries); i++)
        if (strcmp(binaries[i], name) == 0)
            return binaries[i];
    if (strlen(name) <= 2 && strchr("clmnpsz", name[0]) != NULL)
        for (size_t i = 0; i < COUNT(categories); i++) {
            const char *c = categories[i].category;

            if ((c[0] | 0x20) == name[0] && (c[1] == name[1] || c[1] == '\0') &&
                strlen(c) == strlen(name))
                return c;
        }
    return NULL;
}

int
re_take_property(struct re_parser *p, size_t start, bool negated, struct set_item *out)
{
    char name[PROP_NAME];
    struct slice text;
    size_t close;

    p->at++;
    if (re_skip(p, "^"))
        negated = !negated;
    close = slice_find_byte(p->text, '}', p->at);
    if (close == SIZE_MAX)
        return re_fail(p, start, "invalid character property name");
    text = slice_between(p->text.p + p->at, p->text.p + close);
    if (!property_name(text, name))
        return re_fail(p, start, "invalid character property name {%.*s}",
                       text.n > 60 ? 60 : (int)text.n, text.p);
    p->at = close + 1;
    out->negated = negated;
    out->kind = SET_PROP;
    if (strcmp(name, "assigned") == 0) {
        out->body = "Cn";
        out->negated = !negated;
        return 0;
    }
    out->body = known_property(name);
    if (out->body != NULL)
        return 0;
    if (find_posix(name) != NULL) {
        out->kind = SET_POSIX;
        out->body = find_posix(name)->name;
        return 0;
    }
    if (memcmp(name, "in", 2) == 0 || memcmp(name, "is", 2) == 0)
        return re_fail(p, start, "invalid character property name {%.*s}", SLICE_ARGS(text));
    out->body = arena_printf(p->arena, "sc:%s", name).p;
    return 0;
}

/* ---- reading ---- */

/* What the last member was decides what a dash behind it means. */
enum member { MEMBER_NONE, MEMBER_CHAR, MEMBER_CLASS, MEMBER_RANGE };

struct set_reader {
    struct re_parser *p;
    struct re_set *set;
    struct set_union *last;
    size_t start;
    enum member member;
};

static struct set_union *
new_union(struct re_parser *p)
{
    struct set_union *u = arena_calloc(p->arena, 1, sizeof *u);

    u->tail = &u->items;
    return u;
}

static struct set_item *
add_item(struct set_reader *r, enum set_kind kind, enum member member)
{
    struct set_item *item = arena_calloc(r->p->arena, 1, sizeof *item);

    item->kind = kind;
    *r->last->tail = item;
    r->last->tail = &item->next;
    r->member = member;
    return item;
}

static void
add_range(struct set_reader *r, uint32_t lo, uint32_t hi, enum member member)
{
    struct set_item *item = add_item(r, SET_RANGE, member);

    item->lo = lo;
    item->hi = hi;
}

/* "[:" and a name that nobody knows, up to ":]", is an error, and not a set of these characters. */
static bool
is_unknown_posix(const struct re_parser *p)
{
    size_t at = p->at + 2;

    for (size_t n = 0; n < 20 && at < p->text.n && p->text.p[at] != ':' && p->text.p[at] != ']';
         n++)
        at++;
    return p->text.n - at >= 2 && memcmp(p->text.p + at, ":]", 2) == 0;
}

/* At "[:": a known name up to ":]", or nothing is taken. */
static bool
take_posix(struct set_reader *r)
{
    struct re_parser *p = r->p;
    size_t from = p->at + 2;
    bool negated = from < p->text.n && p->text.p[from] == '^';

    from += negated;
    for (size_t i = 0; i < COUNT(posix); i++) {
        size_t n = strlen(posix[i].name);
        struct set_item *item;

        if (p->text.n - from < n + 2 || memcmp(p->text.p + from, posix[i].name, n) != 0 ||
            memcmp(p->text.p + from + n, ":]", 2) != 0)
            continue;
        item = add_item(r, SET_POSIX, MEMBER_CLASS);
        item->negated = negated;
        item->body = posix[i].name;
        p->at = from + n + 2;
        return true;
    }
    return false;
}

/* A nested union without negation is part of the outer one. */
static int
take_nested(struct set_reader *r)
{
    struct re_set *inner;

    r->p->at++;
    if (re_take_set(r->p, &inner) < 0)
        return -1;
    r->member = MEMBER_RANGE;
    if (!inner->negated && inner->unions->next == NULL) {
        *r->last->tail = inner->unions->items;
        if (inner->unions->items != NULL)
            r->last->tail = inner->unions->tail;
    } else {
        add_item(r, SET_NESTED, MEMBER_RANGE)->set = inner;
    }
    return 0;
}

/* One character or class behind a backslash, which is taken. */
static int
take_set_escape(struct set_reader *r, size_t start, uint32_t *code, bool *is_char)
{
    struct re_parser *p = r->p;
    struct set_item item = { 0 }, *added;
    char c;

    if (!re_more(p))
        return re_fail(p, start, "end pattern at escape");
    c = re_peek(p);
    *is_char = false;
    if (c != '\0' && strchr("wWdDsShH", c) != NULL) {
        p->at++;
        added = add_item(r, SET_SHORT, MEMBER_CLASS);
        added->letter = (char)(c | 0x20);
        added->negated = (c & 0x20) == 0;
        return 0;
    }
    if ((c == 'p' || c == 'P') && p->at + 1 < p->text.n && p->text.p[p->at + 1] == '{') {
        p->at++;
        if (re_take_property(p, start, c == 'P', &item) < 0)
            return -1;
        added = add_item(r, item.kind, MEMBER_CLASS);
        added->negated = item.negated;
        added->body = item.body;
        return 0;
    }
    *is_char = true;
    if (c == 'b') {
        p->at++;
        *code = '\b';
        return 0;
    }
    return re_take_escape(p, start, code);
}

/* Whatever stands at the end of a range; it must be one character. */
static int
take_range_end(struct set_reader *r, uint32_t lo, size_t start)
{
    struct re_parser *p = r->p;
    struct set_union *u = r->last;
    struct set_item **tail = u->tail;
    uint32_t hi = 0;
    bool is_char = true;

    if (re_skip(p, "\\")) {
        if (take_set_escape(r, start, &hi, &is_char) < 0)
            return -1;
    } else {
        hi = re_take_char(p);
    }
    if (!is_char)
        return re_fail(p, start, "char-class value at end of range");
    if (lo > hi)
        return re_fail(p, start, "empty range in char class");
    ASSERT(u->tail == tail);
    add_range(r, lo, hi, MEMBER_RANGE);
    return 0;
}

/* A dash ends the set or stands before "&&": then it is one. Else a range follows. */
static bool
dash_makes_range(const struct re_parser *p)
{
    struct re_parser ahead = *p;

    return re_skip(&ahead, "-") && re_more(&ahead) && re_peek(&ahead) != ']' &&
           !re_looking_at(&ahead, "&&") && re_peek(&ahead) != '[';
}

static int
take_member(struct set_reader *r)
{
    struct re_parser *p = r->p;
    size_t start = p->at;
    uint32_t code;
    bool is_char = true;

    if (re_looking_at(p, "[:")) {
        if (take_posix(r))
            return 0;
        if (is_unknown_posix(p))
            return re_fail(p, start, "invalid POSIX bracket type");
    }
    if (re_peek(p) == '[')
        return take_nested(r);
    if (re_peek(p) == '-' && r->member == MEMBER_CLASS && dash_makes_range(p))
        return re_fail(p, start, "unmatched range specifier in char-class");
    if (re_peek(p) == '-' && r->member == MEMBER_RANGE) {
        /* [a-z-9]: a dash behind a range is a dash. */
        p->at++;
        add_range(r, '-', '-', MEMBER_RANGE);
        return 0;
    }
    if (re_skip(p, "\\")) {
        if (take_set_escape(r, start, &code, &is_char) < 0)
            return -1;
        if (!is_char)
            return 0;
    } else {
        code = re_take_char(p);
    }
    if (dash_makes_range(p)) {
        p->at++;
        return take_range_end(r, code, start);
    }
    add_range(r, code, code, MEMBER_CHAR);
    return 0;
}

/* "]" as first member is a character, if another one closes the set. */
static int
take_first_close(struct set_reader *r)
{
    struct re_parser *p = r->p;

    if (!re_looking_at(p, "]"))
        return 0;
    if (slice_find_byte(p->text, ']', p->at + 1) == SIZE_MAX)
        return re_fail(p, r->start, "empty char-class");
    if (dash_makes_range(&(struct re_parser){ .text = p->text, .at = p->at + 1 }))
        return take_member(r);
    p->at++;
    add_range(r, ']', ']', MEMBER_CHAR);
    return 0;
}

int
re_take_set(struct re_parser *p, struct re_set **out)
{
    struct set_reader r = { .p = p, .start = p->at - 1 };

    r.set = *out = arena_calloc(p->arena, 1, sizeof *r.set);
    r.set->unions = r.last = new_union(p);
    r.set->negated = re_skip(p, "^");
    if (++p->depth > REGEX_DEPTH)
        return re_fail(p, r.start, "more than %d levels of char-classes", REGEX_DEPTH);
    if (take_first_close(&r) < 0)
        return -1;
    while (re_more(p) && re_peek(p) != ']') {
        if (re_skip(p, "&&")) {
            r.last = r.last->next = new_union(p);
            r.member = MEMBER_NONE;
        } else if (take_member(&r) < 0) {
            return -1;
        }
    }
    p->depth--;
    if (!re_skip(p, "]"))
        return re_fail(p, r.start, "premature end of char-class");
    return 0;
}

/* ---- writing ---- */

struct set_printer {
    enum re_charset charset;
    bool utf, icase;
    struct buf *out;
};

static void
text(struct set_printer *w, const char *s)
{
    buf_append(w->out, slice_of(s));
}

/* The shorthands as bodies of a bracket, and what is not in them. */
static const char *
short_body(char letter, bool negated, bool utf)
{
    switch (letter) {
    case 'w':
        return !negated ? "0-9A-Za-z_"
               : utf    ? "\\x{0}-/:-@\\[-\\^`{-\\x{10ffff}"
                        : "\\x{0}-/:-@\\[-\\^`{-\\xff";
    case 'd': return !negated ? "0-9" : utf ? "\\x{0}-/:-\\x{10ffff}" : "\\x{0}-/:-\\xff";
    case 's':
        return !negated ? "\\t-\\r "
               : utf    ? "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{10ffff}"
                        : "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\xff";
    default:
        return !negated ? "0-9A-Fa-f"
               : utf    ? "\\x{0}-/:-@G-`g-\\x{10ffff}"
                        : "\\x{0}-/:-@G-`g-\\xff";
    }
}

/* Unicode's meaning of a shorthand has a POSIX name. \h has none. */
static const char *
unicode_short(char letter)
{
    return letter == 'w' ? "word" : letter == 'd' ? "digit" : letter == 's' ? "space" : NULL;
}

/* Members of a bracket that PCRE2 can put beside others. */
static bool
is_plain(const struct set_printer *w, const struct set_item *item)
{
    const struct posix *row;

    if (item->kind == SET_NESTED)
        return false;
    if (item->kind == SET_SHORT && w->utf && w->charset == CHARSET_UNICODE && item->letter != 'h')
        row = find_posix(unicode_short(item->letter));
    else if (item->kind == SET_POSIX && w->utf && w->charset != CHARSET_ASCII)
        row = find_posix(item->body);
    else
        return true;
    return item->negated == row->inverse || (row->single && !row->inverse) ||
           strcmp(row->name, "punct") == 0;
}

static bool
all_plain(const struct set_printer *w, const struct set_union *u)
{
    for (const struct set_item *item = u->items; item != NULL; item = item->next)
        if (!is_plain(w, item))
            return false;
    return true;
}

/* ":", "." and "=" are escaped so that no text looks like [:name:] to PCRE2. */
static void
print_code(struct set_printer *w, uint32_t c)
{
    bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

    if (c <= 0x20 || c >= 0x7f) {
        buf_printf(w->out, "\\x{%x}", c);
        return;
    }
    if (!letter && c != '_' && c != '/' && c != '%')
        buf_byte(w->out, '\\');
    buf_byte(w->out, (char)c);
}

static void
print_range(struct set_printer *w, const struct set_item *item)
{
    uint32_t hi = !w->utf && item->hi > 0x7f ? 0x7f : item->hi;

    if (item->lo > hi)
        return;
    print_code(w, item->lo);
    if (hi > item->lo + 1)
        buf_byte(w->out, '-');
    if (hi > item->lo)
        print_code(w, hi);
}

/* POSIX names where only ASCII counts: PCRE2's own do. With (?a) in a subject of code points they
 * would not, so those are spelled out by \w-like ranges of the first 128. */
static void
print_posix_ascii(struct set_printer *w, const char *name, bool negated)
{
    static const struct {
        const char *name, *in, *out;
    } rows[] = {
        { "alnum", "0-9A-Za-z", "\\x{0}-/:-@\\[-`{-\\x{10ffff}" },
        { "alpha", "A-Za-z", "\\x{0}-@\\[-`{-\\x{10ffff}" },
        { "ascii", "\\x{0}-\\x{7f}", "\\x{80}-\\x{10ffff}" },
        { "blank", " \\t", "\\x{0}-\\x{8}\\x{a}-\\x{1f}!-\\x{10ffff}" },
        { "cntrl", "\\x{0}-\\x{1f}\\x{7f}", " -~\\x{80}-\\x{10ffff}" },
        { "digit", "0-9", "\\x{0}-/:-\\x{10ffff}" },
        { "graph", "!-~", "\\x{0}- \\x{7f}-\\x{10ffff}" },
        { "lower", "a-z", "\\x{0}-`{-\\x{10ffff}" },
        { "print", " -~", "\\x{0}-\\x{1f}\\x{7f}-\\x{10ffff}" },
        { "punct", "!-/:-@\\[-`{-~", "\\x{0}- 0-9A-Za-z\\x{7f}-\\x{10ffff}" },
        { "space", "\\t-\\r ", "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{10ffff}" },
        { "upper", "A-Z", "\\x{0}-@\\[-\\x{10ffff}" },
        { "word", "0-9A-Za-z_", "\\x{0}-/:-@\\[-\\^`{-\\x{10ffff}" },
        { "xdigit", "0-9A-Fa-f", "\\x{0}-/:-@G-`g-\\x{10ffff}" },
    };

    if (!w->utf) {
        buf_printf(w->out, "[:%s%s:]", negated ? "^" : "", name);
        return;
    }
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            text(w, negated ? rows[i].out : rows[i].in);
}

/* Case means nothing under (?i). */
static bool
print_folded(struct set_printer *w, const struct posix *row, bool negated)
{
    if (!w->icase || (strcmp(row->name, "lower") != 0 && strcmp(row->name, "upper") != 0))
        return false;
    if (negated)
        text(w, w->utf ? "\\x{0}-\\x{10ffff}" : "\\x{0}-\\xff");
    else if (!w->utf || w->charset == CHARSET_ASCII)
        text(w, "A-Za-z");
    else
        text(w, row->name[0] == 'u' ? "\\p{Uppercase}\\p{CWU}" : "\\p{Lowercase}\\p{CWL}");
    return true;
}

/* item must be plain. */
static void
print_posix(struct set_printer *w, const struct posix *row, bool negated)
{
    if (print_folded(w, row, negated))
        return;
    if (!w->utf || w->charset == CHARSET_ASCII) {
        print_posix_ascii(w, row->name, negated);
    } else if (negated == row->inverse) {
        text(w, row->body);
    } else if (row->single) {
        text(w, "\\P");
        text(w, row->body + 2);
    } else {
        text(w, "[:^punct:]");
    }
}

static void
print_item(struct set_printer *w, const struct set_item *item)
{
    switch (item->kind) {
    case SET_RANGE: print_range(w, item); break;
    case SET_SHORT:
        if (w->utf && w->charset == CHARSET_UNICODE && item->letter != 'h')
            print_posix(w, find_posix(unicode_short(item->letter)), item->negated);
        else
            text(w, short_body(item->letter, item->negated, w->utf));
        break;
    case SET_POSIX: print_posix(w, find_posix(item->body), item->negated); break;
    case SET_PROP: buf_printf(w->out, "\\%c{%s}", item->negated ? 'P' : 'p', item->body); break;
    case SET_NESTED: UNREACHABLE("a nested set is no plain member");
    }
}

/* A whole bracket of the plain members. Without any it matches nothing, or with `negated` all. */
static void
print_bracket(struct set_printer *w, const struct set_union *u, bool negated)
{
    size_t before = w->out->n;

    text(w, negated ? "[^" : "[");
    size_t empty = w->out->n;
    for (const struct set_item *item = u->items; item != NULL; item = item->next)
        if (is_plain(w, item))
            print_item(w, item);
    if (w->out->n > empty) {
        buf_byte(w->out, ']');
        return;
    }
    w->out->n = before;
    text(w, negated ? "(?s:.)" : REGEX_NO_CHAR);
}

/* A POSIX name or shorthand that is no plain member: the body of its row lists the opposite. */
static void
print_opposite(struct set_printer *w, const struct set_item *item)
{
    const struct posix *row =
        find_posix(item->kind == SET_SHORT ? unicode_short(item->letter) : item->body);

    text(w, "[^");
    text(w, row->body);
    text(w, "]");
}

static void print_set(struct set_printer *w, const struct re_set *set);

static void
print_union(struct set_printer *w, const struct set_union *u, bool negated)
{
    if (all_plain(w, u)) {
        print_bracket(w, u, negated);
        return;
    }
    text(w, negated ? "(?:(?!" : "(?:");
    print_bracket(w, u, false);
    for (const struct set_item *item = u->items; item != NULL; item = item->next) {
        if (is_plain(w, item))
            continue;
        buf_byte(w->out, '|');
        if (item->kind == SET_NESTED)
            print_set(w, item->set);
        else
            print_opposite(w, item);
    }
    text(w, negated ? ")(?s:.))" : ")");
}

static void
print_set(struct set_printer *w, const struct re_set *set)
{
    const struct set_union *u = set->unions;

    if (u->next == NULL) {
        print_union(w, u, set->negated);
        return;
    }
    text(w, set->negated ? "(?:(?!" : "(?:");
    for (; u->next != NULL; u = u->next) {
        text(w, "(?=");
        print_union(w, u, false);
        text(w, ")");
    }
    print_union(w, u, false);
    text(w, set->negated ? ")(?s:.))" : ")");
}

void
regex_set_print(const struct re_set *set, enum re_charset charset, bool utf, bool icase,
                struct buf *out)
{
    struct set_printer w = { charset, utf, icase, out };

    print_set(&w, set);
}

void
regex_short_print(char letter, bool negated, enum re_charset charset, bool utf, struct buf *out)
{
    struct set_item item = { .kind = SET_SHORT, .letter = letter, .negated = negated };
    struct set_union u = { .items = &item };
    struct set_printer w = { charset, utf, false, out };

    if (!utf && letter != 'h') {
        buf_printf(out, "\\%c", negated ? letter & ~0x20 : letter);
        return;
    }
    if (negated && is_plain(&w, &item)) {
        item.negated = false;
        print_bracket(&w, &u, true);
        return;
    }
    print_union(&w, &u, false);
}
