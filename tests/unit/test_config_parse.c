/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/random.h"
#include "tests/unit/unit.h"

#include <sys/resource.h>

#include "codec/base/buf.h"
#include "pipeline/config_grammar.h"
#include "pipeline/config_parse.h"

static struct config *
parse(struct slice text, struct findings *f)
{
    struct config_source source = { "a.conf", text };

    return config_parse(&source, 1, false, f);
}

/* The text of the first error, and its place. */
static const struct {
    const char *name, *text, *error;
    uint32_t line, column;
} refused[] = {
    { "a lone CR in a comment", "filter { # a\rb\n }", "Expected \"\\n\" at line 1, column 14", 1,
      14 },
    { "the text ends in a comment", "filter { # a",
      "Expected one of [^\\r\\n], \"\\r\", \"\\n\", [ \\t\\r\\n], \"#\", \"if\"", 1, 13 },
    { "context begins behind the last section", "input { a {} }\n\nfilter { kv }",
      "Expected one of [ \\t\\r\\n], \"#\", \"{\" at line 3, column 13 (byte 29) after filter { "
      "kv ",
      3, 13 },
    { "blanks in front are no context", "\n\n inputs {}",
      "Expected one of [ \\t\\r\\n], \"#\", \"{\" at line 3, column 7 (byte 9) after input", 3, 7 },
    { "octal with a nine", "filter { kv { a => 09 } }", "invalid value for Integer(): \"09\"", 1,
      20 },
    { "negative octal is fine, this is not", "filter { kv { a => -9223372036854775809 } }",
      "Integer out of range: -9223372036854775809", 1, 20 },
    { "full block in an array", "filter { kv { a => [ b1 { c => 1 } ] } }",
      "A plugin block (`b1`) inside an array is not supported", 1, 22 },
    { "the second of two equal keys", "filter { kv { a => { \"k\" => 1\n \"k\" => 2 } } }",
      "Duplicate keys found in your configuration: [\"k\"]\nAt line: 1, column 20 (byte 20)\nafter "
      "filter { kv { a => {",
      2, 2 },
};

START_TEST(refused_with_text_and_place)
{
    struct findings f = { 0 };
    struct config *c = parse(slice_of(refused[_i].text), &f);

    ck_assert_msg(c == NULL, "%s: taken", refused[_i].name);
    ck_assert_uint_ge(f.n, 1);
    ck_assert_msg(strncmp(f.at[0].text, refused[_i].error, strlen(refused[_i].error)) == 0,
                  "%s: %s", refused[_i].name, f.at[0].text);
    ck_assert_uint_eq(f.at[0].pos.line, refused[_i].line);
    ck_assert_uint_eq(f.at[0].pos.column, refused[_i].column);
    findings_fini(&f);
}
END_TEST

START_TEST(errors_of_all_files_in_one_run)
{
    struct config_source sources[] = {
        { "1.conf", SLICE("filter { kv }") },
        { "2.conf", SLICE("filter { kv {} }") },
        { "3.conf", SLICE("filter {\n kv { a => 08 b => { \"x\" => 1 \"x\" => 2 } } }") },
        { "4.conf", SLICE("\xff") },
    };
    struct findings f = { 0 };

    ck_assert_ptr_null(config_parse(sources, COUNT(sources), false, &f));
    ck_assert_uint_eq(f.errors, 4);
    ck_assert_uint_eq(f.at[0].pos.file, 0);
    ck_assert_uint_eq(f.at[1].pos.file, 2);
    ck_assert_uint_eq(f.at[1].pos.line, 2);
    ck_assert_uint_eq(f.at[2].pos.file, 2);
    ck_assert_uint_eq(f.at[3].pos.file, 3);
    ck_assert(strstr(f.at[3].text, "not valid UTF-8: byte 0xff at offset 0") != NULL);
    findings_fini(&f);
}
END_TEST

START_TEST(sections_join_in_file_order)
{
    struct config_source sources[] = {
        { "1.conf", SLICE("filter { f1 {} } output { o1 {} }") },
        { "2.conf", SLICE("") },
        { "3.conf", SLICE("filter { f2 {} } filter { f3 {} } input { i1 {} }") },
    };
    struct findings f = { 0 };
    struct config *c = config_parse(sources, COUNT(sources), false, &f);

    ck_assert_ptr_nonnull(c);
    ck_assert_uint_eq(c->filter.n, 3);
    ck_assert_slice(c->filter.at[2].plugin.name, SLICE("f3"));
    ck_assert_uint_eq(c->filter.at[2].pos.file, 2);
    ck_assert_uint_eq(c->input.n, 1);
    ck_assert_uint_eq(c->output.n, 1);
    config_free(&c);
    findings_fini(&f);
}
END_TEST

/* Each shape is nested from the limit downwards and one beyond it. */
static const struct {
    const char *name, *head, *open, *core, *close, *tail;
    unsigned most;
} deep[] = {
    { "arrays", "filter { kv { a => ", "[", "1", "]", " } }", CONFIG_DEPTH - 1 },
    { "hashes", "filter { kv { a => ", "{ kk => ", "1", "}", " } }", CONFIG_DEPTH - 1 },
    { "blocks", "output { kv { a => ", "kv { a => ", "1", " } ", " } }", CONFIG_DEPTH - 1 },
    { "ifs", "filter { ", "if [a] { ", "kv {}", " } ", " }", CONFIG_DEPTH },
    { "brackets", "filter { if ", "(", "[a]", ")", " {} }", CONFIG_DEPTH - 1 },
    { "negations", "filter { if ", "!(", "[a]", ")", " {} }", CONFIG_DEPTH - 1 },
    { "calls", "filter { if ", "ff(", "[a]", ")", " == 1 {} }", CONFIG_DEPTH - 1 },
};

static struct buf
nest(int i, unsigned times)
{
    struct buf b = { 0 };

    buf_append(&b, slice_of(deep[i].head));
    for (unsigned n = 0; n < times; n++)
        buf_append(&b, slice_of(deep[i].open));
    buf_append(&b, slice_of(deep[i].core));
    for (unsigned n = 0; n < times; n++)
        buf_append(&b, slice_of(deep[i].close));
    buf_append(&b, slice_of(deep[i].tail));
    return b;
}

static const char limit_text[] = "The configuration is too large to be meant: deeper than";

START_TEST(depth_is_limited_with_a_position)
{
    struct findings f = { 0 };
    struct buf fits = nest(_i, deep[_i].most - 1), over = nest(_i, deep[_i].most + 1),
               way_over = nest(_i, 10000);
    struct config *c = parse(buf_slice(&fits), &f);

    for (size_t i = 0; i < f.n; i++)
        ck_assert_msg(strstr(f.at[i].text, limit_text) == NULL, "%s: %s", deep[_i].name,
                      f.at[i].text);
    config_free(&c);
    findings_fini(&f);
    ck_assert_ptr_null(parse(buf_slice(&over), &f));
    ck_assert_msg(strstr(f.at[0].text, limit_text) != NULL, "%s: %s", deep[_i].name, f.at[0].text);
    ck_assert_uint_gt(f.at[0].pos.column, CONFIG_DEPTH);
    findings_fini(&f);
    ck_assert_ptr_null(parse(buf_slice(&way_over), &f));
    ck_assert(strstr(f.at[0].text, limit_text) != NULL);
    findings_fini(&f);
    buf_fini(&fits);
    buf_fini(&over);
    buf_fini(&way_over);
}
END_TEST

/* Ten megabytes of each: an answer, with a position when it is a refusal. */
static const struct {
    const char *name, *head, *unit, *tail;
    bool taken;
} huge[] = {
    { "100,000 plugins", "filter { ", "mutate { add_tag => [\"a\"] } ", "}", true },
    { "open braces", "filter ", "{", "", false },
    { "open arrays", "filter { kv { a => ", "[", "", false },
    { "one long string", "filter { kv { a => \"", "xxxxxxxxxxxxxxxx", "\" } }", true },
    { "a string without an end", "filter { kv { a => \"", "\\\"", "", false },
    { "one comment", "#", "cccccccccccc", "", true },
    { "comments", "filter { kv {", "# c\n", "} }", true },
    { "one option again and again", "filter { kv {", " a => 1", " } }", false },
    { "keys of one hash", "filter { kv { a => {", " kk => 1", " } } }", false },
    { "a chain of or", "filter { if [a]", " or [a]", " { } }", false },
    { "else if", "filter { if [a] { }", " else if [a] { }", " }", false },
    { "many tiny plugins", "filter {", "a{}", "}", false },
    { "words without an end", "filter { kv { a => bb", "c", "", false },
    { "quotes", "filter { kv { a => ", "\"'", " } }", false },
};

/* Of this process; sanitizers keep what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PEAK_BYTES ((size_t)8 << 30)
#else
#define PEAK_BYTES ((size_t)512 << 20)
#endif

static size_t
peak_bytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss << 10;
}

START_TEST(ten_megabytes_are_answered)
{
    bool plugins = _i == 0;
    size_t n = plugins ? 100000 : (10u << 20) / strlen(huge[_i].unit);
    struct buf b = { 0 };
    struct findings f = { 0 };
    struct config *c;

    buf_append(&b, slice_of(huge[_i].head));
    while (n-- > 0)
        buf_append(&b, slice_of(huge[_i].unit));
    buf_append(&b, slice_of(huge[_i].tail));
    c = parse(buf_slice(&b), &f);
    ck_assert_msg((c != NULL) == huge[_i].taken, "%s: %.200s", huge[_i].name,
                  f.n > 0 ? f.at[0].text : "");
    if (c == NULL)
        ck_assert_uint_gt(f.at[0].pos.line, 0);
    if (plugins)
        ck_assert_uint_eq(c->filter.n, 100000);
    ck_assert_msg(peak_bytes() < PEAK_BYTES, "%s: %zu MB", huge[_i].name, peak_bytes() >> 20);
    config_free(&c);
    findings_fini(&f);
    buf_fini(&b);
}
END_TEST

/* Texts thrown together from bytes, and from the words of the language: refused with a place in
 * the text, or a tree. */
START_TEST(random_texts_are_answered)
{
    static const char *const words[] = {
        "filter", "input", "output", "{",        "}",    "(",   ")",  "[",      "]",     "=>",
        "if",     "else",  "in",     "not",      "and",  "==",  "=~", "/",      "\"",    "'",
        "#",      "\n",    "kv",     "a1",       "5",    "-",   ",",  "[a][b]", "\\",    "${A}",
        "\r",     "!",     "%{x}",   "\xc3\xa9", "\xff", "[a]", " ",  "mutate", "\"x\"",
    };
    struct rng rng = { { (uint64_t)_i + 1, 20240506 } };
    struct buf b = { 0 };

    for (int round = 0; round < 4000; round++) {
        struct findings f = { 0 };
        struct config *c;

        buf_clear(&b);
        if (_i % 2 == 0)
            buf_append(&b, SLICE("filter { "));
        for (uint64_t n = 1 + rng_below(&rng, 40); n > 0; n--) {
            if (_i == 2)
                buf_byte(&b, (char)rng_next(&rng));
            else
                buf_append(&b, slice_of(words[rng_below(&rng, COUNT(words))]));
            if (_i < 2 && rng_below(&rng, 2) == 0)
                buf_byte(&b, ' ');
        }
        buf_cstr(&b);
        c = parse(buf_slice(&b), &f);
        ck_assert_msg((c == NULL) == (f.errors > 0), "%.*s", SLICE_ARGS(buf_slice(&b)));
        for (size_t i = 0; i < f.n; i++)
            ck_assert_msg(f.at[i].pos.line > 0 && f.at[i].pos.column > 0 &&
                              f.at[i].pos.column <= b.n + 1,
                          "%.*s", SLICE_ARGS(buf_slice(&b)));
        config_free(&c);
        findings_fini(&f);
    }
    buf_fini(&b);
}
END_TEST

START_TEST(too_many_bytes_are_refused_unread)
{
    struct config_source source = { "a.conf", { "", (size_t)CONFIG_BYTES + 1 } };
    struct findings f = { 0 };

    ck_assert_ptr_null(config_parse(&source, 1, false, &f));
    ck_assert(strstr(f.at[0].text, "more than 67108864 bytes") != NULL);
    findings_fini(&f);
}
END_TEST

/* What is legal and says something else than it seems to. */
static const struct {
    const char *text, *warning;
} traps[] = {
    { "filter { if [a] in [\"x\"] { } }", "A list of one member is a field reference" },
    { "input { if [a] { kv { } } }", "A condition in the input section has no effect" },
    { "filter { if [a] == [1, 2] { } }", "counts as its first member only" },
    { "filter { if ff([a]) { } }", "There are no functions in conditions" },
    { "filter { kv { a => [ b1 { } ] } }", "inside an array is ignored" },
};

START_TEST(traps_are_warned_of)
{
    struct findings f = { 0 };
    struct config *c = parse(slice_of(traps[_i].text), &f);

    ck_assert_ptr_nonnull(c);
    ck_assert_uint_eq(f.n, 1);
    ck_assert_int_eq(f.at[0].level, FINDING_WARN);
    ck_assert_msg(strstr(f.at[0].text, traps[_i].warning) != NULL, "%s", f.at[0].text);
    ck_assert_uint_gt(f.at[0].pos.column, 1);
    ck_assert_ptr_nonnull(f.at[0].hint);
    config_free(&c);
    findings_fini(&f);
}
END_TEST

/* What cannot be seen, or looks like another character: the hint says which it is. */
static const struct {
    const char *text, *hint;
    uint32_t line, column;
} strangers[] = {
    { "\xEF\xBB\xBFinput { }", "U+FEFF, a byte order mark", 1, 1 },
    { "# a\nfilter { kv { a\xC2\xA0=> 1 } }", "U+00A0, a no-break space", 2, 16 },
    { "filter {\n\xC2\xA0 kv { } }", "U+00A0, a no-break space", 2, 1 },
    { "filter { }\n\xE2\x80\x8B", "U+200B, a space without width", 2, 1 },
    { "filter { kv { a => \xE2\x80\x9Cx\xE2\x80\x9D } }", "U+201C, a typographic quote; write \"",
      1, 20 },
    { "filter { kv { \xC3\xBC => 1 } }", "U+00FC, which stands only in strings and comments", 1,
      15 },
    { "filter { \x01 }", "U+0001, which stands only in strings and comments", 1, 10 },
};

START_TEST(a_character_that_cannot_be_seen_is_named)
{
    struct findings f = { 0 };

    ck_assert_ptr_null(parse(slice_of(strangers[_i].text), &f));
    ck_assert_uint_eq(f.n, 1);
    ck_assert_ptr_nonnull(f.at[0].hint);
    ck_assert_msg(strstr(f.at[0].hint, strangers[_i].hint) != NULL, "%s", f.at[0].hint);
    ck_assert_uint_eq(f.at[0].pos.line, strangers[_i].line);
    ck_assert_uint_eq(f.at[0].pos.column, strangers[_i].column);
    findings_fini(&f);
}
END_TEST

START_TEST(in_strings_and_comments_any_character_stands)
{
    struct findings f = { 0 };
    struct config *c =
        parse(SLICE("# \xC2\xA0\nfilter { kv { a => \"\xC2\xA0\xEF\xBB\xBF\" } }"), &f);

    ck_assert_ptr_nonnull(c);
    ck_assert_uint_eq(f.n, 0);
    config_free(&c);
    findings_fini(&f);
}
END_TEST

START_TEST(an_escaped_quote_is_a_pair_whatever_stands_before)
{
    struct findings f = { 0 };
    struct config *c = parse(SLICE("filter { kv { a => \"C:\\\\\" b\" } }"), &f);

    ck_assert_ptr_nonnull(c);
    ck_assert_slice(c->filter.at[0].plugin.options[0].value.text, SLICE("C:\\\\\" b"));
    config_free(&c);
    findings_fini(&f);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, refused_with_text_and_place, 0, (int)COUNT(refused));
    tcase_add_test(tc, errors_of_all_files_in_one_run);
    tcase_add_test(tc, sections_join_in_file_order);
    tcase_add_loop_test(tc, depth_is_limited_with_a_position, 0, (int)COUNT(deep));
    tcase_add_loop_test(tc, ten_megabytes_are_answered, 0, (int)COUNT(huge));
    tcase_add_loop_test(tc, random_texts_are_answered, 0, 3);
    tcase_add_test(tc, too_many_bytes_are_refused_unread);
    tcase_add_loop_test(tc, traps_are_warned_of, 0, (int)COUNT(traps));
    tcase_add_loop_test(tc, a_character_that_cannot_be_seen_is_named, 0, (int)COUNT(strangers));
    tcase_add_test(tc, in_strings_and_comments_any_character_stands);
    tcase_add_test(tc, an_escaped_quote_is_a_pair_whatever_stands_before);
}

UNIT_MAIN("config_parse")
