/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/regex_translate.h"
#include "tests/unit/oracle.h"

/* ---- the same as Oniguruma, on every subject ---- */

static const char *const same[] = {
    /* assertions that neighbours decide, and such that they do not */
    "b\\b-",
    "(?:a\\b|ab)c",
    "(?>a\\b|ab)c",
    "a(?<!b)b(?!a)c",
    "\\w+\\b[ ]?\\B",
    "(a(?!b)|a)b",
    "a(.*?)b",
    "a(.*?)bc",
    "(?:b|a(.+?))c$",
    "b(.*?)(?:c|cD)",
    "a(.*?)\\Bb",
    /* where PCRE2 optimizes too much: regex_fence.h */
    "(?>\\w\\w+?)$",
    "(?>a+?)b",
    "(?>b+|a)a",
    "(?:a|)c*b",
    "(?:b|ab|)c*+a",
    "[^b]?(?:ab)?+[^b]",
    "\\w*(?>(?:ab)?)a",
    "\\w*(?>|b)a",
    "(a|b)*+c",
    "^[ab]?(?>\\S+c*+){2,}",
    "(?=a)[^b]*a",
    "(?:(?=[b])a?b|c)",
    "(?=(?=a)\\w)[ab]??a",
    "(?=[aé])b?a",
    "(?i:a*\\s?+[ab])",
    "x?(?:(a)|b)*+[bc]",
    /* plain things, and text that looks like syntax */
    "abc",
    "a|b",
    "a|",
    "",
    "^a",
    "a$",
    "^$",
    "a.c",
    "]",
    "}",
    "{",
    "a{",
    "a{x",
    "a{,}",
    "a{1,2,3}",
    "x{ 1}",
    "a{-1}",
    "(IP:[mysql][slowlog][ip])?",
    "a\\/b",
    "#a b",
    "-",
    "\\-",
    "\\ ",
    /* repeats */
    "a*",
    "a+",
    "a?",
    "a*?",
    "a+?",
    "a??",
    "a*+b",
    "a++b",
    "a?+a",
    "a{2}",
    "a{2,}",
    "a{2,3}",
    "a{,2}b",
    "a{2}?",
    "a{2}?b",
    "a{2}+",
    "a{2,3}?",
    "a{2,3}+b",
    "a{2,}?",
    "a{,2}?b",
    "a?*",
    "a+*b",
    "a**",
    "a{2}{2}",
    "a+?*",
    "a*??",
    "(a?)*",
    "(a+)+b",
    "(a*)*",
    "(a*)+",
    "(?:a+)?b",
    "(?:a?)+b",
    "(?:a|b)*c",
    "(?:ab)+",
    "(ab)+",
    "(a|ab)(c|bcd)",
    "(|a)+",
    "(a|)+b",
    "(?:)*a",
    "()*a",
    ".?*b",
    "(.|\\n)*b",
    "(?:.|\\n)*",
    "(?:\\n|.)+b",
    "(?:.|a|\\n){2}",
    "((.|\\n)*?)b",
    "(?:a{2,3}){2}",
    "(?:a{2})+",
    "(?:x+x+)+y",
    "([a-z]([a-z0-9.])+)+:",
    /* classes */
    "[abc]",
    "[^abc]",
    "[a-c]+",
    "[]a]",
    "[^]a]",
    "[a\\]b]",
    "[a-]",
    "[-a]",
    "[--a]",
    "[a-c-e]",
    "[a-c-]",
    "[.-_]",
    "[\\b]",
    "[\\n\\t]",
    "[\\x41-\\x43]",
    "[\\u0041]",
    "[a[bc]]+",
    "[a[^bc]]+",
    "[^a[bc]]+",
    "[^a[^bc]]",
    "[[a]]",
    "[a-z&&[^b]]+",
    "[a-z&&b-d]+",
    "[^a-z&&b-d]+",
    "[a-z&&[^b-d]&&[^x]]+",
    "[[:alnum:]_]+",
    "[[[:alnum:]]_.]+",
    "[[:^alnum:]]+",
    "[[:alpha:]]+",
    "[[:digit:]]+",
    "[[:space:]]+",
    "[[:upper:]]+",
    "[[:lower:]]+",
    "[[:xdigit:]]+",
    "[[:word:]]+",
    "[[:blank:]]+",
    "[[:cntrl:]]+",
    "[[:graph:]]+",
    "[[:print:]]+",
    "[[:^graph:]]+",
    "[^[:print:]]+",
    "[^[:^word:]]+",
    "[[:^word:]a]+",
    "[\\w]+",
    "[^\\w]+",
    "[\\W]+",
    "[^\\W]+",
    "[\\d-]+",
    "[\\s\\S]",
    "[\\S]+",
    "[\\D]+",
    "[\\h]+",
    "[\\H]+",
    "[^\\H]+",
    "[a-c\\d]+",
    "[\\w.-]+",
    "[a\\-z]+",
    "[&&a]",
    "[a&b]+",
    "[a&&]",
    "[\\[\\]]+",
    "[#]",
    "[:alnum:]]",
    "[.a.]",
    "[=a=]",
    "[::]",
    "[ ]",
    "[ä]",
    "[^ä]+",
    "[a-é]+",
    "[é-ü]+",
    "[^é-ü]+",
    "[\\é]",
    "[/[[[:alnum:]]_%!$@:.,+~-]*]+",
    "(/[[[:alnum:]]_%!$@:.,+~-]*)+",
    /* shorthands and escapes */
    "\\w+",
    "\\W+",
    "\\d+",
    "\\D+",
    "\\s+",
    "\\S+",
    "\\h+",
    "\\H+",
    "\\bfoo\\b",
    "\\b\\w+\\b",
    "\\B.",
    "\\Aa",
    "a\\z",
    "a\\Z",
    "\\n",
    "\\t",
    "\\x41",
    "\\x4",
    "\\xc3\\xa4",
    "\\u00e4",
    "\\012",
    "\\0",
    "\\cA",
    "\\C-a",
    "\\e",
    "\\a",
    "\\v",
    "\\f",
    "\\q\\i\\j\\l",
    "\\U",
    "\\Qa",
    "a\\E",
    "\\%",
    "\\ä",
    "\\R",
    "a\\Rb",
    "\\p{L}+",
    "\\p{Lu}",
    "\\P{L}+",
    "\\p{^L}+",
    "\\p{Alpha}+",
    "\\p{Alnum}+",
    "\\p{Punct}+",
    "\\p{Space}",
    "\\p{Word}+",
    "\\p{Greek}+",
    "\\p{Uppercase_Letter}",
    "\\p{Letter}+",
    "\\p{White_Space}",
    "\\p{Any}",
    "\\p{Han}",
    "[\\p{L}\\d]+",
    "[^\\p{L}]+",
    "[\\P{L}]+",
    "\\pL",
    /* groups */
    "(a)(b)?",
    "(a)|(b)",
    "(?:a)(b)",
    "(?<x>a)(b)",
    "(?<x>a)(?<y>b)?",
    "(?'x'a)",
    "(?>a+)b",
    "(?>a|ab)c",
    "a(?=b)",
    "a(?!b)",
    "(?<=a)b",
    "(?<!a)b",
    "(?<=a|bc)d",
    "(?<=(?:a|bc))d",
    "(?<=(a|b))c",
    "(?<![0-9.+-])[0-9]+",
    "(?<=^)a",
    "(?<=\\ba)b",
    "(?<=[a-z&&[^b]])c",
    "(?<=[^a-z&&[^b]])c",
    "(?<![a-z&&[^b]&&\\w])c",
    "(?<=[[:alpha:]&&[^b]]|\\.)[bc]",
    "(?<=[\\p{L}&&[^\\p{Lu}]]b)c?",
    "(?<=[[^a][^b]])c",
    "(?<=x|[ab](?:é|b))c",
    "(a)\\1",
    "(a|b)\\1",
    "(?i)(a)\\1",
    "(?<x>a|b)\\k<x>",
    "(?<x>a)|(?<x>b)\\k<x>",
    "(?:(?<x>a)|(?<x>b))+\\k<x>",
    "(a)(b)\\k<-1>",
    "(a)(b)\\k<2>",
    "(?<x>a|b\\g<x>c)",
    "(?<p>\\((?:[^()]|\\g<p>)*\\))",
    "(?#note)a",
    "a(?#note)+",
    "(a)(?(1)b|c)",
    "(a)?(?(1)b|c)",
    "(?<x>a)?(?(<x>)b|c)",
    "(a)?(?(1)b)",
    /* flags */
    "(?i)abc",
    "(?i:a)b",
    "a(?i)b|c",
    "a(?i)b|c(?-i)d",
    "(?i)a(?-i)b",
    "(?i)é",
    "(?i)É",
    "(?i)[a-c]+",
    "(?i)[\\w]+",
    "(?i)[^a]+",
    "(?i)[[:upper:]]+",
    "(?i)[[:lower:]]+",
    "(?i)k",
    "(?i)ſ",
    "(?m)a.b",
    "(?m:a.b).",
    "(?-m:a.b)",
    "(?x) a b # c\n c",
    "(?x: a [ ] b)",
    "(?x)a \\ b",
    "(?x) a *",
    "(?mi-x:A.B)",
    "(?i-m:a.)",
    "(a(?i)b)c",
    "(?:a(?i)b|c)d",
    "(?-i)a",
    "(?i)(?-i)A",
    "(?i)stra\\u00dfe",
};

static const char *const subjects[] = {
    "",
    "a",
    "b",
    "ab",
    "aa",
    "aaa",
    "aaaa",
    "abc",
    "ABC",
    "aB",
    "Ab",
    "ac",
    "cd",
    "bcd",
    "abcd",
    "aab",
    "a\nb",
    "\na\n",
    "b\na",
    "a\n",
    "a\r\nb",
    "a]b",
    "[a]",
    "{",
    "a{",
    "a{x",
    "a{,}",
    "x{ 1}",
    "-",
    "a-c",
    "a.c",
    "_",
    "a_b",
    "foo bar",
    "foo",
    "xfoo",
    "foo1 2,3",
    "12",
    "1.5 -7",
    "deadBEEF xyz",
    "AB:CD",
    "\t",
    " ",
    "a b",
    "a \n b",
    "x y\tz",
    "\\",
    "a\\b",
    "a/b/c.d",
    "/usr/lib/x",
    "qijl",
    "U",
    "Qa",
    "aE",
    "pL",
    "%",
    "é",
    "É",
    "h\xc3\xa9llo",
    "\xc3\xa9t\xc3\xa9 abc",
    "ä",
    "Äa",
    "ü",
    "cafe\xcc\x81 x",
    "a\xcc\x81",
    "\xd9\xa3\xd9\xa4 12",
    "\xe2\x85\xa7",
    "foo\xc2\xa0"
    "bar",
    "\xe1\xa0\x8e",
    "\xe6\x97\xa5\xe6\x9c\xac",
    "a\xe6\x97\xa5",
    "\xce\xb1\xce\x92",
    "\xf0\x9f\x98\x80",
    "\xc2\xb2\xc2\xbd",
    "\xe2\x84\xaa",
    "k",
    "K",
    "\xc5\xbf",
    "s",
    "\xe2\x80\xa8x",
    "\xc2\x85",
    "\x01",
    "\x1b\x07\x0b\x0c",
    "A",
    "!\"#$%&'()*+",
    "(a(b)c)",
    "((x)",
    "bac",
    "aba",
    "bb",
    "aaab",
    "ababc",
    "xxxxxxxxxxxxy",
    "xxxxxxxxxxxxxxxxxxxx",
    "abc.def:",
    "[mysql]",
    "aAbB",
    "bC",
    "aBd",
    "cD",
    "stra\xc3\x9f"
    "e",
    "STRASSE",
    "a#b",
    "cab",
    "acc",
};

START_TEST(matches_like_oniguruma)
{
    for (int newline = 0; newline <= 1; newline++) {
        struct regex_scratch *scratch = regex_scratch_new();
        struct slice pattern = slice_of(same[_i]);
        struct err err = { 0 };
        struct regex *re;
        struct oracle oracle;
        char why[128];

        ck_assert_msg(oracle_init(&oracle, pattern, newline, false, why), "/%s/: oracle: %s",
                      same[_i], why);
        re = regex_new(pattern, (struct regex_options){ .dot_newline = newline }, &err);
        ck_assert_msg(re != NULL, "/%s/: %s", same[_i], err.msg);
        for (size_t i = 0; i < COUNT(subjects); i++)
            oracle_compare(&oracle, re, scratch, same[_i], slice_of(subjects[i]));
        oracle_fini(&oracle);
        regex_free(re);
        regex_scratch_free(scratch);
    }
}
END_TEST

/* ---- chance patterns: what the engine optimizes wrongly shows here ---- */

struct chance {
    uint64_t state;
    struct buf text;
};

static uint32_t
roll(struct chance *c, uint32_t below)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return (uint32_t)((c->state >> 11) % below);
}

static void
add(struct chance *c, const char *s)
{
    buf_append(&c->text, slice_of(s));
}

static bool chance_branches(struct chance *c, unsigned depth);

/* What they return: it takes a character for sure, and so may be repeated. An empty turn of a
 * repeat is another thing to Oniguruma. */
static bool
chance_group(struct chance *c, unsigned depth)
{
    static const char *const open[] = { "(?:", "(?:", "(?>", "(?>", "(", "(?=", "(?!" };
    uint32_t which = roll(c, COUNT(open));
    bool solid;

    add(c, open[which]);
    solid = chance_branches(c, depth - 1) && which < 5;
    add(c, ")");
    return solid;
}

/* No dot: Oniguruma takes \b.++ for one that matches at the start of a line only. */
static bool
chance_item(struct chance *c, unsigned depth)
{
    static const char *const atoms[] = { "a",    "b",    "c",   "\\w",  "[ab]",
                                         "[bc]", "[^a]", "\\W", "[^b]", "\\S" };
    static const char *const repeats[] = { "+", "+?", "++", "{2}", "{1,2}", "{2,}", "{2,}?",
                                           "*", "?",  "*?", "??",  "*+",    "?+" };
    uint32_t what = roll(c, depth == 0 ? 10 : 16), repeat = roll(c, 2 * COUNT(repeats));
    bool solid = true;

    if (what == 10) {
        add(c, (const char *const[]){ "^", "$", "\\b", "\\B" }[roll(c, 4)]);
        return false;
    }
    if (what < 10)
        add(c, atoms[what]);
    else
        solid = chance_group(c, depth);
    if (!solid || repeat >= COUNT(repeats))
        return solid;
    add(c, repeats[repeat]);
    return repeat < 7;
}

static bool
chance_branches(struct chance *c, unsigned depth)
{
    bool solid = true;

    for (uint32_t branches = roll(c, 3) == 0 ? 2 : 1; branches > 0; branches--) {
        bool one = false;

        for (uint32_t n = roll(c, 8) == 0 ? 0 : 1 + roll(c, 3); n > 0; n--)
            one |= chance_item(c, depth);
        if (branches > 1)
            add(c, "|");
        solid &= one;
    }
    return solid;
}

#define CHANCE_PATTERNS 4000
#define CHANCE_SUBJECTS 12

START_TEST(chance_patterns_match_like_oniguruma)
{
    struct chance c = { .state = 88172645463325252u + (uint64_t)_i * 1000003u };
    struct regex_scratch *scratch = regex_scratch_new();

    for (unsigned n = 0; n < CHANCE_PATTERNS; n++) {
        struct oracle oracle;
        struct regex *re;
        char why[128];

        buf_clear(&c.text);
        chance_branches(&c, 1 + roll(&c, 3));
        buf_cstr(&c.text);
        if (!oracle_init(&oracle, buf_slice(&c.text), true, false, why))
            continue;
        re = regex_new(buf_slice(&c.text), (struct regex_options){ .dot_newline = true }, NULL);
        ck_assert_msg(re != NULL, "/%s/", buf_cstr(&c.text));
        for (unsigned k = 0; k < CHANCE_SUBJECTS; k++) {
            char subject[9];
            uint32_t length = roll(&c, sizeof subject);

            for (uint32_t i = 0; i < length; i++)
                subject[i] = "abcabcabc-\n"[roll(&c, 11)];
            oracle_compare(&oracle, re, scratch, buf_cstr(&c.text),
                           (struct slice){ subject, length });
        }
        oracle_fini(&oracle);
        regex_free(re);
    }
    regex_scratch_free(scratch);
    buf_fini(&c.text);
}
END_TEST

/* ---- where Ruby is not Oniguruma ---- */

static const struct {
    const char *pattern, *subject;
    const char *want; /* NULL: no match */
} ruby[] = {
    { "[[:punct:]]+", "a$+<=>^`|~b", "$+<=>^`|~" },
    { "\\p{Punct}+", "a$+!b", "!" },
    { "(?u)\\w+", "\xc3\xa9t", "\xc3\xa9t" },
    { "(?u)\\d+", "\xd9\xa3", "\xd9\xa3" },
    { "(?a)[[:alpha:]]+", "\xc3\xa9t", "t" },
    { "(?a)\\bt", "\xc3\xa9t", "t" },
    { "(?d)\\w+", "\xc3\xa9t", "t" },
    { "(?u)[\\W]+", "\xc3\xa9-t", "-" },
    { "(?u)\\W+", "\xc3\xa9-t", "-" },
    { "(?a)[[:^alpha:]]+", "t\xc3\xa9t", "\xc3\xa9" },
    { "^*", "x", "" },
    { "(?:^)+a", "b\na", "a" },
    { "\\b*a", "ba", "a" },
    { "(?=a)*b", "b", "b" },
    { "\\u{e4}", "\xc3\xa4", "\xc3\xa4" },
    { "\\u{1F600}", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
    { "(?i)\\w", "\xe2\x84\xaa", NULL },
    { "\\pL", "pL", "pL" },
    { "a{2}?b", "b", "b" },
    { "[[:lower:]]", "\xc2\xaa", "\xc2\xaa" },
    { "[[:word:]]+", "e\xcc\x81", "e\xcc\x81" },
    { "\\y\\N\\O", "yNO", "yNO" },
};

START_TEST(matches_like_ruby)
{
    struct regex_scratch *scratch = regex_scratch_new();
    struct err err = { 0 };
    struct regex *re = regex_new(slice_of(ruby[_i].pattern), (struct regex_options){ 0 }, &err);
    enum regex_result got;

    ck_assert_msg(re != NULL, "/%s/: %s", ruby[_i].pattern, err.msg);
    got = regex_search(re, scratch, slice_of(ruby[_i].subject), 0);
    ck_assert_int_eq(got, ruby[_i].want == NULL ? REGEX_NO_MATCH : REGEX_MATCH);
    if (got == REGEX_MATCH)
        ck_assert_slice(regex_group(scratch, 0), slice_of(ruby[_i].want));
    regex_free(re);
    regex_scratch_free(scratch);
}
END_TEST

/* ---- refused, with the place ---- */

static const struct {
    const char *pattern;
    uint64_t pos;
    const char *says;
} refused[] = {
    { "(a", 0, "unmatched parenthesis" },
    { "a)", 1, "unmatched close parenthesis" },
    { "*a", 0, "target of repeat operator is not specified" },
    { "a|+", 2, "target of repeat operator is not specified" },
    { "{2}", 0, "target of repeat operator is not specified" },
    { "[a", 0, "premature end of char-class" },
    { "x[]", 1, "empty char-class" },
    { "[z-a]", 1, "empty range in char class" },
    { "[a-\\d]", 1, "char-class value at end of range" },
    { "[\\w-.]+", 3, "unmatched range specifier" },
    { "[[:alpha:]-z]", 10, "unmatched range specifier" },
    { "[[:foo:]]", 1, "invalid POSIX bracket type" },
    { "x{3,1}", 1, "reversed" },
    { "x{70000}", 1, "too big number" },
    { "(?P<n>a)", 0, "undefined group option" },
    { "(?s:a)", 0, "undefined group option" },
    { "(?i-a)b", 0, "undefined group option" },
    { "(?i", 0, "end pattern in group" },
    { "(?#x", 0, "end pattern in group" },
    { "(?<1a>x)", 0, "invalid group name <1a>" },
    { "(?<-a>x)", 0, "invalid group name <-a>" },
    { "(?<>x)", 3, "group name is empty" },
    { "(?<a)", 3, "invalid group name" },
    { "(?<=a)*b", 6, "a lookbehind" },
    { "(?<=a(?=b))c", 5, "invalid pattern in look-behind" },
    { "(?<!(a))c", 4, "invalid pattern in look-behind" },
    { "(?<n>a)\\1", 7, "numbered backref/call is not allowed" },
    { "(?<n>a)\\g<1>", 7, "numbered backref/call is not allowed" },
    { "(a)\\2", 3, "invalid backref number/name" },
    { "\\k<n>", 0, "undefined name <n> reference" },
    { "(?<n>a)(?<n>b)\\g<n>", 14, "multiplex definition name <n>" },
    { "a\\", 1, "too short escape sequence" },
    { "\\x{41}", 0, "invalid hex escape" },
    { "\\xff", 0, "invalid multibyte escape" },
    { "\\u12", 0, "invalid Unicode escape" },
    { "\\u{110000}", 0, "invalid Unicode range" },
    { "\\ud800", 0, "invalid Unicode range" },
    { "\\p{IsL}", 0, "invalid character property name {IsL}" },
    { "\\p{InGreek}", 0, "invalid character property name {InGreek}" },
    { "\\p{L", 0, "invalid character property name" },
    { "(?~abc)", 0, "absent operator" },
    { "(a)(?(1)b|c|d)", 3, "invalid conditional pattern" },
    { "a\xff", 0, "not UTF-8 at offset 1" },
};

START_TEST(refuses_and_says_where)
{
    struct err err = { 0 };
    struct regex *re = regex_new(slice_of(refused[_i].pattern), (struct regex_options){ 0 }, &err);

    ck_assert_msg(re == NULL, "/%s/ is accepted", refused[_i].pattern);
    ck_assert_int_eq(err.code, ERR_CONFIG);
    ck_assert_msg(err.pos == refused[_i].pos, "/%s/: at %d: %s", refused[_i].pattern, (int)err.pos,
                  err.msg);
    ck_assert_msg(strstr(err.msg, refused[_i].says) != NULL, "/%s/: %s", refused[_i].pattern,
                  err.msg);
}
END_TEST

START_TEST(refuses_what_the_engine_refuses)
{
    static const char *const patterns[] = { "(?<=a|(?:bc|d))x", "(?<=a*)b", "\\p{Klingon}" };

    for (size_t i = 0; i < COUNT(patterns); i++) {
        struct err err = { 0 };

        ck_assert(regex_new(slice_of(patterns[i]), (struct regex_options){ 0 }, &err) == NULL);
        ck_assert_ptr_nonnull(strstr(err.msg, "regular expression: "));
    }
}
END_TEST

START_TEST(depth_has_a_limit)
{
    struct buf text = { 0 };
    struct err err = { 0 };

    for (int i = 0; i < 100000; i++)
        buf_byte(&text, '(');
    ck_assert(regex_new(buf_slice(&text), (struct regex_options){ 0 }, &err) == NULL);
    ck_assert_ptr_nonnull(strstr(err.msg, "more than 200 levels"));
    buf_clear(&text);
    for (int i = 0; i < 100000; i++)
        buf_append(&text, SLICE("(?i)"));
    ck_assert(regex_new(buf_slice(&text), (struct regex_options){ 0 }, &err) == NULL);
    buf_clear(&text);
    buf_byte(&text, 'a');
    for (int i = 0; i < 100000; i++)
        buf_byte(&text, '*');
    ck_assert(regex_new(buf_slice(&text), (struct regex_options){ 0 }, &err) == NULL);
    ck_assert_ptr_nonnull(strstr(err.msg, "more than 200 levels"));
    buf_fini(&text);
}
END_TEST

/* ---- what is written ---- */

static const struct {
    const char *pattern;
    enum re_form form;
    const char *want;
} written[] = {
    { "(?:(?:a))b", FORM_ASCII, "ab" },
    { "(?:(.|\\n)*)(?<x>\\w)", FORM_ASCII, "(?s:.)*(\\w)" },
    { "\\w\\D\\h", FORM_UTF, "[0-9A-Za-z_][^0-9][0-9A-Fa-f]" },
    { "[\\W]", FORM_ASCII, "[\\x{0}-/:-@\\[-\\^`{-\\xff]" },
    { "ä?", FORM_ASCII, "(?:(?!)(?s:.))?" },
    { "a(?i)b|c", FORM_UTF, "a(?i:b|c)" },
    { "(?:a+)*", FORM_UTF, "a*" },
    { "(?<a>x)(y)\\k<a>", FORM_UTF, "(x)y\\g{1}" },
    { "\\p{Greek}[\\p{Lu}]", FORM_UTF, "[\\p{sc:greek}][\\p{Lu}]" },
    { "(?:[a-f0-9]{1,20}:(?:one|two|three|four|five|six|seven))x"
      "(?:[a-f0-9]{1,20}:(?:one|two|three|four|five|six|seven))",
      FORM_UTF_SHARED,
      "(?:(?1)x(?1))(?(DEFINE)([a-f0-9]{1,20}:(?:one|two|three|four|five|six|seven)))" },
    /* assertions that hold whenever a match comes by */
    { "-\\b\\w+\\b ", FORM_ASCII, "-\\w+ " },
    { "a\\Bb-\\B/", FORM_ASCII, "ab-/" },
    { "(a)(?:\\b) ", FORM_ASCII, "(a) " },
    { "(?:a|b\\d)\\b(?:-|/)?[ ]", FORM_ASCII, "(?:a|b\\d)(?:-|/)?[\\x{20}]" },
    { "/(?<![-.\\d])\\d", FORM_ASCII, "/\\d" },
    { "x(?<!ab|c)y", FORM_ASCII, "xy" },
    { "(?!<\\d)(?:2|\\d):", FORM_ASCII, "(?:2|\\d):" },
    { "\\d(?!\\d)(?:z?-)", FORM_ASCII, "\\dz?-" },
    /* a lazy dot before a character that must come */
    { "-(?:a|(.*?))-b", FORM_ASCII, "-(?:a|([^\\x{2d}\\n]*+(?:\\x{2d}[^\\x{2d}\\n]*+)*?))-b" },
    { "a.+?[b]", FORM_ASCII, "a.[^\\x{62}\\n]*+(?:\\x{62}[^\\x{62}\\n]*+)*?[b]" },
    { "a(?:.|\\n)*?b", FORM_UTF, "a[^\\x{62}]*+(?:\\x{62}[^\\x{62}]*+)*?b" },
    { "(?:a.*?)?b", FORM_ASCII, "(?:a[^\\x{62}\\n]*+(?:\\x{62}[^\\x{62}\\n]*+)*?)?b" },
    { ".*?b", FORM_ASCII, ".*?b" },
    { "a.*?\\n", FORM_ASCII, "a.*?\\x{a}" },
    { "a.*?[bc]", FORM_ASCII, "a.*?[bc]" },
    { "a.*?b?", FORM_ASCII, "a.*?b?" },
    { "(?>a.*?)b", FORM_ASCII, "(?:x){0}(?>a.*?)b" },
    { "(?:a.*?)+b", FORM_ASCII, "(?:a.*?)+b" },
    { "a.{2,}?b", FORM_ASCII, "a.{2,}?b" },
    { "a.*b", FORM_ASCII, "a.*b" },
    /* fences */
    { "a+(?>\\w+?)b", FORM_ASCII, "a+(?:x){0}(?>\\w+?)b" },
    { "a(?>\\w+)b", FORM_ASCII, "a(?>\\w+)b" },
    { "(?:a)?(?>\\w+?)b", FORM_ASCII, "a?(?:x){0}(?>\\w+?)b" },
    { "(?:ab)?(?>\\w+?)b", FORM_ASCII, "(?:ab)?(?>\\w+?)b" },
    { "(?:a|bc)d+", FORM_ASCII, "(?:a|bc)(?:x){0}d+" },
    { "(?:ab|bc)d+", FORM_ASCII, "(?:ab|bc)d+" },
    { "(?:a?|bc)d+", FORM_ASCII, "(?:a?|bc)d+" },
    { "a|bc", FORM_ASCII, "a|bc" },
    { "x(?:ab)?+", FORM_ASCII, "x(?:x){0}(?:ab)?+" },
    { "x(?>(?:ab)*)", FORM_ASCII, "x(?:x){0}(?>(?:ab)*)" },
    { "\\R*\\s", FORM_ASCII, "(?:\\R)*\\s" },
    { "x(a)*+", FORM_ASCII, "x(?:x){0}(?>(a)*)" },
    { "\\b(?=(?:ab|c))a?b", FORM_ASCII, "\\b(?=(?:ab|c)|(?!))a?b" },
    { "(?=\\h*:)a", FORM_ASCII, "(?=[0-9A-Fa-f]*:)a" },
    /* and that may fail, or the last word about another way */
    { "\\ba", FORM_ASCII, "\\ba" },
    { "a\\b", FORM_ASCII, "a\\b" },
    { "-?\\ba", FORM_ASCII, "-?\\ba" },
    { "a\\b-?b", FORM_ASCII, "a\\b-?b" },
    { "(?>a\\b|ab) ", FORM_ASCII, "(?>a\\b|ab) " },
    { "(?=a\\b|ab)a ", FORM_ASCII, "(?=a\\b|ab|(?!))a " },
    { "(?:a\\b)+ ", FORM_ASCII, "(?:a\\b)+ " },
    { "(?:a\\b|ab)?+ ", FORM_ASCII, "(?:x){0}(?:a\\b|ab)?+ " },
    { "(?:\\Ba-)*b", FORM_ASCII, "(?:\\Ba-)*b" },
    { ".\\b-", FORM_ASCII, ".\\b-" },
    { "[[:alpha:]]\\b-", FORM_ASCII, "[[:alpha:]]\\b-" },
    { "a(?!(b))c", FORM_ASCII, "a(?!(b))c" },
    { "a(?!b?)c", FORM_ASCII, "a(?!b?)c" },
    { "a(?=c)c", FORM_ASCII, "a(?=c)c" },
    { "-\\Ga", FORM_ASCII, "-\\Ga" },
    { "(?<n>a\\b-?) \\g<n>", FORM_ASCII, "(a\\b-?) (?1)" },
    { "(?i)k(?<!s)x", FORM_ASCII, "(?i:k(?<!s)x)" },
    { "(a)?(?(1)-|b)\\b ", FORM_ASCII, "(a)?(?(1)-|b)\\b " },
};

START_TEST(writes)
{
    struct arena arena;
    struct re_tree tree;
    struct buf out = { 0 };
    struct err err = { 0 };

    arena_init(&arena, NULL);
    ck_assert_int_eq(regex_translate(&arena, slice_of(written[_i].pattern),
                                     (struct re_flags){ .newline = false }, &tree, &err),
                     0);
    regex_print(&tree, (struct re_flags){ .newline = false }, written[_i].form, &out);
    ck_assert_slice(buf_slice(&out), slice_of(written[_i].want));
    buf_fini(&out);
    arena_fini(&arena);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, matches_like_oniguruma, 0, (int)COUNT(same));
    tcase_add_loop_test(tc, chance_patterns_match_like_oniguruma, 0, 4);
    tcase_add_loop_test(tc, matches_like_ruby, 0, (int)COUNT(ruby));
    tcase_add_loop_test(tc, refuses_and_says_where, 0, (int)COUNT(refused));
    tcase_add_test(tc, refuses_what_the_engine_refuses);
    tcase_add_test(tc, depth_has_a_limit);
    tcase_add_loop_test(tc, writes, 0, (int)COUNT(written));
}

UNIT_MAIN("regex_translate")
