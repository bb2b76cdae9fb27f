/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/text_case.h"

#include "tests/unit/unit.h"

#include <stdio.h>

static const struct {
    const char *in, *upper, *lower, *capital;
} words[] = {
    { "", "", "", "" },
    { "abc-9", "ABC-9", "abc-9", "Abc-9" },
    { "xY zW", "XY ZW", "xy zw", "Xy zw" },
    { "straße é", "STRASSE É", "straße é", "Straße é" },
    { "ßa", "SSA", "ßa", "Ssa" },
    { "éCOLE", "ÉCOLE", "école", "École" },
    { "ﬃ", "FFI", "ﬃ", "Ffi" },
    { "ǆ", "Ǆ", "ǆ", "ǅ" },
    { "İ", "İ", "i̇", "İ" },
    { "ΣΑΣ", "ΣΑΣ", "σασ", "Σασ" },
    { "ÿ", "Ÿ", "ÿ", "Ÿ" },
    { "日本", "日本", "日本", "日本" },
    { "𐐨", "𐐀", "𐐨", "𐐀" },
    { "a\xff"
      "b",
      "A\xff"
      "B",
      "a\xff"
      "b",
      "A\xff"
      "b" },
    { "\xc3", "\xc3", "\xc3", "\xc3" },
};

static void
check(struct slice in, enum text_case how, const char *want)
{
    struct buf out = { 0 };

    text_case_print(in, how, &out);
    ck_assert_slice(buf_slice(&out), slice_of(want));
    ck_assert(text_case_differs(in, how) || slice_eq(in, slice_of(want)));
    buf_fini(&out);
}

START_TEST(word_in_each_case)
{
    struct slice in = slice_of(words[_i].in);

    check(in, CASE_UPPER, words[_i].upper);
    check(in, CASE_LOWER, words[_i].lower);
    check(in, CASE_CAPITAL, words[_i].capital);
}
END_TEST

/* Every length around a word, and in each a letter of two bytes at every place: all of it is turned
 * and nothing else. */
START_TEST(any_length)
{
    static const char lower[] = "a@z[b`{y/0abcdefghijkl", upper[] = "A@Z[B`{Y/0ABCDEFGHIJKL";

    for (size_t n = 0; n < sizeof lower; n++)
        for (size_t at = 0; at <= n; at++) {
            char in[32], want[32];

            snprintf(in, sizeof in, "%.*s\xc3\xa9%.*s", (int)at, lower, (int)(n - at), lower + at);
            snprintf(want, sizeof want, "%.*s\xc3\x89%.*s", (int)at, upper, (int)(n - at),
                     upper + at);
            check(slice_of(in), CASE_UPPER, want);
            check(slice_of(want), CASE_LOWER, in);
        }
    for (size_t n = 0; n < sizeof lower; n++) {
        char want[32];

        snprintf(want, sizeof want, "%.*s", (int)n, upper);
        check((struct slice){ lower, n }, CASE_UPPER, want);
        ck_assert(!text_case_differs((struct slice){ upper, n }, CASE_UPPER));
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, any_length);
    tcase_add_loop_test(tc, word_in_each_case, 0, (int)COUNT(words));
}

UNIT_MAIN("text_case")
