/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/kv_scan.h"

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <time.h>

#define SPACE  SLICE_INIT(" ")
#define EQUALS SLICE_INIT("=")

static const struct {
    const char *name;
    struct kv_syntax syntax;
    const char *alphabet; /* of all texts up to a length */
    unsigned most;
} ways[] = {
    { "the defaults",
      { .field_split = SPACE, .value_split = EQUALS, .brackets = true },
      "a\\= \"",
      7 },
    { "brackets", { .field_split = SPACE, .value_split = EQUALS, .brackets = true }, "=\\( )", 7 },
    { "no brackets", { .field_split = SPACE, .value_split = EQUALS }, "a=()'", 6 },
    { "strict", { .field_split = SPACE, .value_split = EQUALS, .strict = true }, "a\\= \"", 6 },
    { "blanks in keys", { .field_split = SLICE_INIT(","), .value_split = EQUALS }, "a\\=, ", 7 },
    { "a blank between key and value",
      { .field_split = SLICE_INIT(","), .value_split = SLICE_INIT(" =") },
      "a\\=, ",
      7 },
    { "line ends",
      { .field_split = SPACE, .value_split = EQUALS, .brackets = true },
      "=\\\n \"",
      7 },
    { "line ends between pairs",
      { .field_split = SLICE_INIT("\\n"), .value_split = EQUALS, .brackets = true },
      "=\\\n <>",
      6 },
    { "one character is both",
      { .field_split = SLICE_INIT(" ="), .value_split = EQUALS },
      "a\\= \"",
      6 },
    { "a quote between pairs",
      { .field_split = SLICE_INIT("\""), .value_split = EQUALS },
      "a\\=\" ",
      7 },
    /* By an expression. */
    { "a class across the seam, which holds the backslash",
      { .field_split = SLICE_INIT("z"), .value_split = SLICE_INIT("A-") },
      "1\\-z",
      6 },
    { "such a class of punctuation",
      { .field_split = SLICE_INIT("|"), .value_split = SLICE_INIT("=-") },
      "1\\-|=",
      6 },
    { "a class that ends early",
      { .field_split = SLICE_INIT(" ]"), .value_split = EQUALS },
      "a\\=] ",
      6 },
    { "a class that ends early, of values",
      { .field_split = SPACE, .value_split = SLICE_INIT("|]") },
      "a\\|] ",
      6 },
    /* By an expression of our own. */
    { "patterns",
      { .field_split_pattern = SLICE_INIT("[;,]"),
        .value_split_pattern = SLICE_INIT("=+"),
        .brackets = true },
      "a\\=; \"",
      6 },
    { "patterns, brackets and line ends",
      { .field_split_pattern = SLICE_INIT(" "),
        .value_split_pattern = SLICE_INIT("="),
        .brackets = true },
      "=\\\n (]",
      6 },
    { "patterns, strict",
      { .field_split_pattern = SLICE_INIT("(?:;;|,)"),
        .value_split_pattern = SLICE_INIT("->|:"),
        .strict = true },
      "a\\;-><",
      6 },
    { "one pattern, blanks",
      { .field_split_pattern = SLICE_INIT(" ?;"), .value_split = EQUALS },
      "a\\=; '",
      6 },
    { "a class of white space",
      { .field_split = SLICE_INIT("\\s"), .value_split = EQUALS, .brackets = true },
      "a\\=\n '",
      6 },
    { "a class, line ends in values",
      { .field_split = SLICE_INIT(",\xc3\xa9"), .value_split = EQUALS },
      "a\\=\n,\"",
      6 },
};

static void
check_text(const struct kv_scan *plain, const struct kv_scan *regex, struct regex_scratch *s,
           struct slice text, const char *name)
{
    struct kv_pairs got = { 0 }, want = { 0 };
    enum regex_result result = kv_scan_text(plain, s, text, false, 0, &got);

    ck_assert_msg(result == kv_scan_text(regex, s, text, false, 0, &want) && got.n == want.n,
                  "%s: \"%.*s\"", name, SLICE_ARGS(text));
    for (size_t i = 0; i < got.n; i++)
        ck_assert_msg(got.at[i].key.p == want.at[i].key.p && got.at[i].key.n == want.at[i].key.n &&
                          slice_eq(got.at[i].value, want.at[i].value),
                      "%s: \"%.*s\", pair %zu", name, SLICE_ARGS(text), i);
    free(got.at);
    free(want.at);
}

/* Every text there is: each as a number whose digits are characters. */
START_TEST(pairs_are_those_of_the_expression)
{
    struct kv_syntax by_regex = ways[_i].syntax;
    struct regex_scratch *s = regex_scratch_new();
    struct kv_scan plain, regex;
    size_t letters = strlen(ways[_i].alphabet), texts = 1;

    by_regex.by_regex = true;
    ck_assert_int_eq(kv_scan_compile(&ways[_i].syntax, &plain, NULL), 0);
    ck_assert_int_eq(kv_scan_compile(&by_regex, &regex, NULL), 0);
    ck_assert(!regex.is_plain);
    for (size_t length = 1; length <= ways[_i].most; length++) {
        texts *= letters;
        for (size_t i = 0; i < texts; i++) {
            char text[16];
            size_t left = i;

            for (size_t k = 0; k < length; k++, left /= letters)
                text[k] = ways[_i].alphabet[left % letters];
            check_text(&plain, &regex, s, (struct slice){ text, length }, ways[_i].name);
        }
    }
    kv_scan_fini(&plain);
    kv_scan_fini(&regex);
    regex_scratch_free(s);
}
END_TEST

static const struct {
    const char *name;
    struct slice field_split, value_split;
    bool plain;
} bodies[] = {
    { "a range", SLICE_INIT("a-f"), EQUALS, true },
    { "escapes", SLICE_INIT("\\t\\]\\x20"), SLICE_INIT(":\\="), true },
    { "words", SLICE_INIT("\\s"), EQUALS, false },
    { "a class", SLICE_INIT("[:space:]"), EQUALS, false },
    { "all but", SLICE_INIT("^a-z="), EQUALS, false },
    { "beyond ASCII", SLICE_INIT("\xc3\xa9"), EQUALS, false },
    { "a backslash", SPACE, SLICE_INIT("=\\\\"), false },
    { "the end of the bracket", SPACE, SLICE_INIT("=]|[:"), false },
    { "beyond ASCII, beside a dash", SLICE_INIT("\xc3\xa9"), SLICE_INIT("+-"), false },
    { "both begin to exclude", SPACE, SLICE_INIT("^="), false },
};

/* Those that separate by an expression of their own are not plain. */
START_TEST(ways_that_are_plain)
{
    const struct kv_syntax *x = &ways[_i].syntax;
    bool patterns = x->field_split_pattern.p != NULL || x->value_split_pattern.p != NULL;
    struct kv_scan scan;

    ck_assert_int_eq(kv_scan_compile(x, &scan, NULL), 0);
    ck_assert_msg(scan.is_plain == (!patterns && strstr(ways[_i].name, "class") == NULL), "%s",
                  ways[_i].name);
    kv_scan_fini(&scan);
}
END_TEST

START_TEST(bodies_that_are_plain)
{
    struct kv_syntax syntax = { .field_split = bodies[_i].field_split,
                                .value_split = bodies[_i].value_split };
    struct kv_scan scan;

    ck_assert_int_eq(kv_scan_compile(&syntax, &scan, NULL), 0);
    ck_assert_msg(scan.is_plain == bodies[_i].plain, "%s", bodies[_i].name);
    kv_scan_fini(&scan);
}
END_TEST

/* ---- time ---- */

static const struct {
    const char *name, *head, *unit;
} hostile[] = {
    { "backslashes", "=", "\\" },
    { "backslashes in values", "a=\"", "\\" },
    { "pairs of them", "a=1 ", "\\\\ " },
    { "a long word", "a=1 ", "b" },
    { "escaped separators", "a=1 ", "\\ " },
    { "escaped separators of values", "a=1 ", "\\=" },
    { "brackets without an end", "", "a=( " },
    { "brackets with an escaped end", "a=(\\) ", "a=(x " },
    { "blanks", "a=1 x", " " },
    { "escaped quotes", "a=\"", "\\\" b=\"" },
};

/* Megabytes; anything quadratic takes minutes. */
START_TEST(time_is_linear)
{
    struct kv_syntax syntax = { .field_split = SPACE, .value_split = EQUALS, .brackets = true };
    struct buf text = { 0 };
    struct kv_scan scan;
    struct kv_pairs pairs = { 0 };
    clock_t begin;

    buf_append(&text, slice_of(hostile[_i].head));
    while (text.n < 4u << 20)
        buf_append(&text, slice_of(hostile[_i].unit));
    ck_assert_int_eq(kv_scan_compile(&syntax, &scan, NULL), 0);
    begin = clock();
    kv_scan_text(&scan, NULL, buf_slice(&text), false, 0, &pairs);
    ck_assert_msg((clock() - begin) / CLOCKS_PER_SEC < 5, "%s", hostile[_i].name);
    kv_scan_fini(&scan);
    free(pairs.at);
    buf_fini(&text);
}
END_TEST

/* Of each there is a number of ways to cut it that has as many digits as it has backslashes. */
static const struct {
    const char *name, *head, *unit, *tail;
} cuts[] = {
    { "a key of backslashes", "a:1,", "\\", "\n:" },
    { "escaped letters", "a:1,", "\\x", "\n:" },
    { "escaped separators", "a:1,", "\\;", "\n:" },
    { "escaped quotes", "a:\"", "\\\"", "," },
    { "escaped letters in quotes", "a:\"", "\\x", "\"x" },
    { "escaped brackets", "a:(", "\\)\\x", ")x" },
};

START_TEST(backslashes_are_cut_in_one_way)
{
    struct kv_syntax syntax = { .field_split_pattern = SLICE_INIT("[,;]"),
                                .value_split_pattern = SLICE_INIT(":"),
                                .brackets = true };
    struct regex_scratch *s = regex_scratch_new();
    struct kv_pairs pairs = { 0 };
    struct buf text = { 0 };
    struct kv_scan scan;
    clock_t begin;

    buf_append(&text, slice_of(cuts[_i].head));
    for (int i = 0; i < 500; i++)
        buf_append(&text, slice_of(cuts[_i].unit));
    buf_append(&text, slice_of(cuts[_i].tail));
    ck_assert_int_eq(kv_scan_compile(&syntax, &scan, NULL), 0);
    begin = clock();
    ck_assert(kv_scan_text(&scan, s, buf_slice(&text), false, 0, &pairs) != REGEX_TIMEOUT);
    ck_assert_msg((clock() - begin) / CLOCKS_PER_SEC < 5, "%s", cuts[_i].name);
    kv_scan_fini(&scan);
    regex_scratch_free(s);
    free(pairs.at);
    buf_fini(&text);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, pairs_are_those_of_the_expression, 0, (int)COUNT(ways));
    tcase_add_loop_test(tc, ways_that_are_plain, 0, (int)COUNT(ways));
    tcase_add_loop_test(tc, backslashes_are_cut_in_one_way, 0, (int)COUNT(cuts));
    tcase_add_loop_test(tc, bodies_that_are_plain, 0, (int)COUNT(bodies));
    tcase_add_loop_test(tc, time_is_linear, 0, (int)COUNT(hostile));
}

UNIT_MAIN("kv_scan")
