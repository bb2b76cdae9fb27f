/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/ruby_number.h"
#include "tests/unit/unit.h"

static const struct {
    const char *text, *want; /* NULL: no integer */
} integers[] = {
    { "0", "0" },
    { "007", "7" },
    { "08", NULL },
    { "0_7", "7" },
    { " 7 ", "7" },
    { "\t-12\n", "-12" },
    { "+5", "5" },
    { "-0", "0" },
    { "1_000", "1000" },
    { "1__0", NULL },
    { "_1", NULL },
    { "1_", NULL },
    { "0x1A", "26" },
    { "-0X1a", "-26" },
    { "0x", NULL },
    { "0x_1", NULL },
    { "0b101", "5" },
    { "0b12", NULL },
    { "0o17", "15" },
    { "0d19", "19" },
    { "", NULL },
    { "-", NULL },
    { "- 1", NULL },
    { "1.5", NULL },
    { "1e3", NULL },
    { "12abc", NULL },
    { "12345678901234567890123", "12345678901234567890123" },
    { "0xffffffffffffffff", "18446744073709551615" },
    { "0x10000000000000000", NULL },
};

START_TEST(strict_integers)
{
    struct buf got = { 0 };
    bool ok = ruby_integer(slice_of(integers[_i].text), &got);

    ck_assert_msg(ok == (integers[_i].want != NULL), "%s", integers[_i].text);
    ck_assert_str_eq(buf_cstr(&got), ok ? integers[_i].want : "");
    buf_fini(&got);
}
END_TEST

static const struct {
    const char *text;
    bool ok;
    double want;
} floats[] = {
    { "2.5", true, 2.5 },     { ".5", true, 0.5 },   { "-.5", true, -0.5 },
    { "5.", false, 0 },       { "1e3", true, 1000 }, { "1.5E-2", true, 0.015 },
    { "1e", false, 0 },       { "1e+", false, 0 },   { "1_000.2_5", true, 1000.25 },
    { "1_.5", false, 0 },     { "._5", false, 0 },   { "0x10", true, 16 },
    { "-0x10", true, -16 },   { " 7 ", true, 7 },    { "NaN", false, 0 },
    { "Infinity", false, 0 }, { "", false, 0 },      { ".", false, 0 },
    { "-", false, 0 },        { "1 2", false, 0 },   { "007", true, 7 },
    { "12abc", false, 0 },
};

START_TEST(strict_floats)
{
    double got = 0;

    ck_assert_msg(ruby_float(slice_of(floats[_i].text), &got) == floats[_i].ok, "%s",
                  floats[_i].text);
    ck_assert_double_eq(got, floats[_i].want);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, strict_integers, 0, (int)COUNT(integers));
    tcase_add_loop_test(tc, strict_floats, 0, (int)COUNT(floats));
}

UNIT_MAIN("ruby_number")
