/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static const struct {
    double d;
    struct slice text;
} prints[] = {
    { 0.0, SLICE_INIT("0.0") },
    { -0.0, SLICE_INIT("-0.0") },
    { 5.0, SLICE_INIT("5.0") },
    { 1.5, SLICE_INIT("1.5") },
    { 0.1, SLICE_INIT("0.1") },
    { 0.1 + 0.2, SLICE_INIT("0.30000000000000004") },
    { 100000.0, SLICE_INIT("100000.0") },
    { 1234567.0, SLICE_INIT("1234567.0") },
    { 9999999.0, SLICE_INIT("9999999.0") },
    { 1e7, SLICE_INIT("1.0E7") },
    { 12345678.0, SLICE_INIT("1.2345678E7") },
    { 123456789.123, SLICE_INIT("1.23456789123E8") },
    { 1e21, SLICE_INIT("1.0E21") },
    { 1e22, SLICE_INIT("1.0E22") },
    { 2e23, SLICE_INIT("2.0E23") },
    { 1e100, SLICE_INIT("1.0E100") },
    { 0.001, SLICE_INIT("0.001") },
    { 0.00123, SLICE_INIT("0.00123") },
    { 0.0001, SLICE_INIT("1.0E-4") },
    { -1e-7, SLICE_INIT("-1.0E-7") },
    { 9007199254740993.0, SLICE_INIT("9.007199254740992E15") },
    { 0x1p-44, SLICE_INIT("5.684341886080802E-14") }, /* a power of two: the next one up */
    { 0x1p-1074, SLICE_INIT("4.9E-324") },            /* two digits although one would do */
    { 0x1p-1073, SLICE_INIT("9.9E-324") },
    { 0x1p-1022, SLICE_INIT("2.2250738585072014E-308") },
    { 0x0.fffffffffffffp-1022, SLICE_INIT("2.225073858507201E-308") },
    { DBL_MAX, SLICE_INIT("1.7976931348623157E308") },
    { 9.999999999999999e22, SLICE_INIT("1.0E23") },
    { (double)INFINITY, SLICE_INIT("Infinity") },
    { -(double)INFINITY, SLICE_INIT("-Infinity") },
    { (double)NAN, SLICE_INIT("NaN") },
};

START_TEST(shortest_digits)
{
    char out[NUMBER_TEXT];
    size_t n = number_print_double(prints[_i].d, out);

    ck_assert_slice(((struct slice){ out, n }), prints[_i].text);
}
END_TEST

static const struct {
    double d;
    size_t max;
    struct slice text;
} plain[] = {
    { 1e10, 100, SLICE_INIT("10000000000.0") },
    { 5.0, 100, SLICE_INIT("5.0") },
    { 0.0001, 100, SLICE_INIT("0.0001") },
    { -12.75, 100, SLICE_INIT("-12.75") },
    { 0.0, 100, SLICE_INIT("0.0") },
    { 1e10, 5, SLICE_INIT("10000") },
    { 1.25e15, 100, SLICE_INIT("1250000000000000.0") },
};

START_TEST(plain_notation)
{
    char out[400];
    size_t n = number_print_plain(plain[_i].d, out, plain[_i].max);

    ck_assert_slice(((struct slice){ out, n }), plain[_i].text);
}
END_TEST

START_TEST(plain_notation_of_the_extremes)
{
    char out[400];

    ck_assert_uint_eq(number_print_plain(-DBL_MAX, out, sizeof out), 1 + 309 + 2);
    ck_assert_uint_eq(number_print_plain(-0x1p-1074, out, sizeof out), 3 + 325);
}
END_TEST

static const struct {
    struct slice text;
    double want;
} reads[] = {
    { SLICE_INIT("0"), 0.0 },
    { SLICE_INIT("-0.0"), -0.0 },
    { SLICE_INIT("1e5"), 1e5 },
    { SLICE_INIT("1E+5"), 1e5 },
    { SLICE_INIT("12.50e-1"), 1.25 },
    { SLICE_INIT("0.30000000000000004"), 0.1 + 0.2 },
    { SLICE_INIT("9007199254740993"), 9007199254740992.0 }, /* a tie, to even */
    { SLICE_INIT("9007199254740993.00000000000000000001"), 9007199254740994.0 }, /* just no tie */
    { SLICE_INIT("0.000000000000000000000000000000000000000000001e45"), 1.0 },
    { SLICE_INIT("100000000000000000000000000000000000000000000e-44"), 1.0 },
    { SLICE_INIT("123456789012345678901234567890"), 123456789012345678901234567890.0 },
    { SLICE_INIT("2.2250738585072011e-308"), 2.2250738585072011e-308 },
    { SLICE_INIT("2.2250738585072012e-308"), 2.2250738585072012e-308 },
    { SLICE_INIT("4.9e-324"), 0x1p-1074 },
    { SLICE_INIT("2.4703282292062327208e-324"), 0.0 },
    { SLICE_INIT("2.4703282292062328e-324"), 0x1p-1074 },
    { SLICE_INIT("1.7976931348623157e308"), DBL_MAX },
    { SLICE_INIT("1.7976931348623158e308"), DBL_MAX },
    { SLICE_INIT("1.7976931348623159e308"), (double)INFINITY },
    { SLICE_INIT("-1e400"), -(double)INFINITY },
    { SLICE_INIT("1e99999999999999999999"), (double)INFINITY },
    { SLICE_INIT("1e-99999999999999999999"), 0.0 },
    { SLICE_INIT("0e99999999999999999999"), 0.0 },
    { SLICE_INIT("\"-Infinity\""), -(double)INFINITY },
};

START_TEST(digits_to_double)
{
    double got = number_to_double(reads[_i].text);

    ck_assert_msg(memcmp(&got, &reads[_i].want, sizeof got) == 0, "%.*s: %.17g",
                  SLICE_ARGS(reads[_i].text), got);
}
END_TEST

static double
random_double(uint64_t *state)
{
    double d;
    uint64_t bits;

    *state = *state * 6364136223846793005u + 1442695040888963407u;
    bits = *state ^ *state >> 29;
    memcpy(&d, &bits, sizeof d);
    return isfinite(d) ? d : 1.0;
}

/* libc is the oracle for reading; for printing, that one digit less would not read back. */
START_TEST(random_doubles_there_and_back)
{
    uint64_t state = 42;

    for (int i = 0; i < 20000; i++) {
        double d = random_double(&state), back, libc;
        char out[NUMBER_TEXT + 1], shorter[40];
        size_t n;
        int digits = 0;

        if (i % 4 != 0) /* most of them in the middle, where the quick ways are */
            d = ldexp(frexp(d, &(int){ 0 }), i % 120 - 60);
        n = number_print_double(d, out);
        out[n] = '\0';
        back = number_to_double((struct slice){ out, n });
        libc = strtod(out, NULL);
        ck_assert_msg(memcmp(&back, &d, sizeof d) == 0, "%s is not %.17g", out, d);
        ck_assert_msg(memcmp(&libc, &d, sizeof d) == 0, "%s is not %.17g", out, d);
        for (const char *p = out; *p != '\0' && *p != 'E'; p++)
            digits += *p >= '0' && *p <= '9' && (digits > 0 || *p != '0');
        if (digits > 2) {
            snprintf(shorter, sizeof shorter, "%.*e", digits - 2, d);
            ck_assert_msg(n < 3 || strtod(shorter, NULL) != d || out[n - 1] == '0',
                          "%s: %s would do", out, shorter);
        }
    }
}
END_TEST

START_TEST(long_digits_as_libc_reads_them)
{
    uint64_t state = 7;

    for (int i = 0; i < 2000; i++) {
        double d = random_double(&state), got, libc;
        char text[1200];
        int n = snprintf(text, sizeof text, "%.*e", i % 800, d);

        got = number_to_double((struct slice){ text, (size_t)n });
        libc = strtod(text, NULL);
        ck_assert_msg(memcmp(&got, &libc, sizeof got) == 0, "%s", text);
    }
}
END_TEST

static const struct {
    struct slice a, b;
    bool a_integer, b_integer;
    int want;
} orders[] = {
    { SLICE_INIT("5"), SLICE_INIT("5.0"), true, false, 0 },
    { SLICE_INIT("-0"), SLICE_INIT("0"), true, true, 0 },
    { SLICE_INIT("10"), SLICE_INIT("9"), true, true, 1 },
    { SLICE_INIT("-10"), SLICE_INIT("-9"), true, true, -1 },
    { SLICE_INIT("-1"), SLICE_INIT("1"), true, true, -1 },
    { SLICE_INIT("12345678901234567890"), SLICE_INIT("12345678901234567891"), true, true, -1 },
    { SLICE_INIT("9007199254740993"), SLICE_INIT("9007199254740992.0"), true, false, 1 },
    { SLICE_INIT("9007199254740992.0"), SLICE_INIT("9007199254740993"), false, true, -1 },
    { SLICE_INIT("5"), SLICE_INIT("5.5"), true, false, -1 },
    { SLICE_INIT("-5"), SLICE_INIT("-5.5"), true, false, 1 },
    { SLICE_INIT("0"), SLICE_INIT("-0.5"), true, false, 1 },
    { SLICE_INIT("1e300"), SLICE_INIT("1e-300"), false, false, 1 },
    { SLICE_INIT("1e400"), SLICE_INIT("99999999999999999999999"), false, true, 1 },
    { SLICE_INIT("-1e400"), SLICE_INIT("-99999999999999999999999"), false, true, -1 },
    { SLICE_INIT("\"NaN\""), SLICE_INIT("5"), false, true, 1 },
};

START_TEST(numeric_order)
{
    int got = number_cmp(orders[_i].a, orders[_i].a_integer, orders[_i].b, orders[_i].b_integer);

    ck_assert_int_eq((got > 0) - (got < 0), orders[_i].want);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, shortest_digits, 0, (int)COUNT(prints));
    tcase_add_loop_test(tc, plain_notation, 0, (int)COUNT(plain));
    tcase_add_test(tc, plain_notation_of_the_extremes);
    tcase_add_loop_test(tc, digits_to_double, 0, (int)COUNT(reads));
    tcase_add_test(tc, random_doubles_there_and_back);
    tcase_add_test(tc, long_digits_as_libc_reads_them);
    tcase_add_loop_test(tc, numeric_order, 0, (int)COUNT(orders));
}

UNIT_MAIN("number")
