/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/decimal.h"

#include "tests/unit/unit.h"

/* java, ruby, integer, json; NULL text: no decimal at all */
static const struct {
    const char *in, *java, *ruby, *integer, *json;
} numbers[] = {
    { "1.5", "1.5", "0.15e1", "1", "1.5" },
    { "1.50", "1.50", "0.15e1", "1", "1.50" },
    { "-1.99", "-1.99", "-0.199e1", "-1", "-1.99" },
    { "1e5", "1E+5", "0.1e6", "100000", "1e5" },
    { "1.25E2", "125", "0.125e3", "125", "1.25e2" },
    { "12e1", "1.2E+2", "0.12e3", "120", "12e1" },
    { "0.0", "0.0", "0.0", "0", "0.0" },
    { "-0.0", "0.0", "0.0", "0", "-0.0" },
    { "0e5", "0E+5", "0.0", "0", "0e5" },
    { "0.000001", "0.000001", "0.1e-5", "0", "0.000001" },
    { "0.0000001", "1E-7", "0.1e-6", "0", "0.0000001" },
    { "0.00000012", "1.2E-7", "0.12e-6", "0", "0.00000012" },
    { "100000000000000000000000.0", "100000000000000000000000.0", "0.1e24",
      "100000000000000000000000", "100000000000000000000000.0" },
    { "123456789012345678901234567890.123", "123456789012345678901234567890.123",
      "0.123456789012345678901234567890123e30", "123456789012345678901234567890",
      "123456789012345678901234567890.123" },
    { "007", "7", "0.7e1", "7", "7" },
    { "+7", "7", "0.7e1", "7", "7" },
    { ".5", "0.5", "0.5e0", "0", "0.5" },
    { "5.", "5", "0.5e1", "5", "5" },
    { "1.5e-3", "0.0015", "0.15e-2", "0", "1.5e-3" },
    { "99.99e1", "999.9", "0.9999e3", "999", "99.99e1" },
    { "", NULL, NULL, NULL, NULL },
    { ".", NULL, NULL, NULL, NULL },
    { "-", NULL, NULL, NULL, NULL },
    { "1e", NULL, NULL, NULL, NULL },
    { "1e9999999999", NULL, NULL, NULL, NULL },
    { "1 ", NULL, NULL, NULL, NULL },
    { "1.2.3", NULL, NULL, NULL, NULL },
    { "--1", NULL, NULL, NULL, NULL },
    { "NaN", NULL, NULL, NULL, NULL },
};

START_TEST(every_form)
{
    struct buf out = { 0 };
    struct decimal d;
    bool ok = decimal_parse(slice_of(numbers[_i].in), &d);

    ck_assert_msg(ok == (numbers[_i].java != NULL), "%s", numbers[_i].in);
    if (!ok)
        return;
    decimal_print_java(&d, &out);
    ck_assert_slice(buf_slice(&out), slice_of(numbers[_i].java));
    buf_clear(&out);
    decimal_print_ruby(&d, &out);
    ck_assert_slice(buf_slice(&out), slice_of(numbers[_i].ruby));
    buf_clear(&out);
    ck_assert(decimal_print_integer(&d, &out));
    ck_assert_slice(buf_slice(&out), slice_of(numbers[_i].integer));
    buf_clear(&out);
    decimal_print_json(&d, &out);
    ck_assert_slice(buf_slice(&out), slice_of(numbers[_i].json));
    buf_fini(&out);
}
END_TEST

START_TEST(an_exponent_cannot_blow_up)
{
    struct buf out = { 0 };
    struct decimal d;

    ck_assert(decimal_parse(SLICE("1e2000000000"), &d));
    ck_assert(!decimal_print_integer(&d, &out));
    decimal_print_java(&d, &out);
    ck_assert_slice(buf_slice(&out), SLICE("1E+2000000000"));
    buf_clear(&out);
    ck_assert(decimal_parse(SLICE("1e-2000000000"), &d));
    ck_assert(decimal_print_integer(&d, &out));
    ck_assert_slice(buf_slice(&out), SLICE("0"));
    buf_fini(&out);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, every_form, 0, (int)COUNT(numbers));
    tcase_add_test(tc, an_exponent_cannot_blow_up);
}

UNIT_MAIN("decimal")
