/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/convert.h"

#include "codec/json_write.h"
#include "tests/unit/unit.h"

/* want: JSON text; NULL: refused; the case files have more */
static const struct {
    const char *in;
    enum convert_to to;
    const char *want;
} texts[] = {
    { "42", CONVERT_INTEGER, "42" },
    { "\t 1,000 ", CONVERT_INTEGER, "1000" },
    { "-0", CONVERT_INTEGER, "0" },
    { "08", CONVERT_INTEGER, "8" },
    { "1_0", CONVERT_INTEGER, "10" },
    { "1__0", CONVERT_INTEGER, NULL },
    { "_1", CONVERT_INTEGER, NULL },
    { "1_", CONVERT_INTEGER, NULL },
    { "-3.99", CONVERT_INTEGER, "-3" },
    { "-.9", CONVERT_INTEGER, "0" },
    { "12e-1", CONVERT_INTEGER, "1" },
    { "9223372036854775808", CONVERT_INTEGER, "9223372036854775808" },
    { "-9223372036854775809.5", CONVERT_INTEGER, "-9223372036854775809" },
    { "1e22", CONVERT_INTEGER, "10000000000000000000000" },
    { "1e2000000000", CONVERT_INTEGER, NULL },
    { "-0x1a", CONVERT_INTEGER, "-26" },
    { "0xffffffffffffffff", CONVERT_INTEGER, "18446744073709551615" },
    { "0x", CONVERT_INTEGER, NULL },
    { "0xg", CONVERT_INTEGER, NULL },
    { "0b11", CONVERT_INTEGER, NULL },
    { "0o17", CONVERT_INTEGER, NULL },
    { "infinity", CONVERT_INTEGER, NULL },
    { "", CONVERT_INTEGER, NULL },
    { " ", CONVERT_INTEGER, NULL },
    { ",", CONVERT_INTEGER, NULL },
    { "\xff", CONVERT_INTEGER, NULL },
    { "1.234.567,89", CONVERT_INTEGER_EU, "1234567" },
    { "1e400", CONVERT_FLOAT, "\"Infinity\"" },
    { "5.", CONVERT_FLOAT, NULL },
    { "1_000.5", CONVERT_FLOAT, "1000.5" },
    { "-0", CONVERT_FLOAT, "-0.0" },
    { "007.5", CONVERT_FLOAT, "7.5" },
    { "1.234,5", CONVERT_FLOAT_EU, "1234.5" },
    { "yes", CONVERT_BOOLEAN, "true" },
    { "YES\r", CONVERT_BOOLEAN, "\"YES\\r\"" },
    { "x\nno", CONVERT_BOOLEAN, "false" },
    { "x\n\ny", CONVERT_BOOLEAN, "true" },
    { "x\n", CONVERT_BOOLEAN, "\"x\\n\"" },
    { "0é0", CONVERT_BOOLEAN, "false" },
    { "1\xff"
      "0",
      CONVERT_BOOLEAN,
      "\"1\xef\xbf\xbd"
      "0\"" },
    { "12", CONVERT_STRING, "\"12\"" },
};

static void
check(struct arena *a, struct value *v, enum convert_to to, const char *want)
{
    struct buf scratch = { 0 }, out = { 0 };
    struct value got;
    struct err err = { 0 };
    bool changed;
    int result = convert_value(a, v, to, &scratch, &got, &changed, &err);

    ck_assert_int_eq(result, want == NULL ? -1 : 0);
    if (want != NULL) {
        value_write(changed ? &got : v, &out);
        ck_assert_slice(buf_slice(&out), slice_of(want));
    } else {
        ck_assert_int_eq(err.code, ERR_PARSE);
    }
    buf_fini(&scratch);
    buf_fini(&out);
}

START_TEST(text_to_each_type)
{
    struct arena a;
    struct value v;

    arena_init(&a, NULL);
    v = value_str(&a, slice_of(texts[_i].in));
    check(&a, &v, texts[_i].to, texts[_i].want);
    arena_fini(&a);
}
END_TEST

START_TEST(ten_megabytes_of_digits_are_linear)
{
    struct arena a;
    struct value v, got;
    struct buf scratch = { 0 };
    size_t n = 10u << 20;
    char *digits = xmalloc(n);
    bool changed;

    memset(digits, '7', n);
    arena_init(&a, NULL);
    v = value_str(&a, (struct slice){ digits, n });
    ck_assert_int_eq(convert_value(&a, &v, CONVERT_INTEGER, &scratch, &got, &changed, NULL), 0);
    ck_assert_int_eq(got.type, V_BIGINT);
    ck_assert_uint_eq(got.len, n);
    memset(digits, ',', n);
    v = value_str(&a, (struct slice){ digits, n });
    ck_assert_int_eq(convert_value(&a, &v, CONVERT_FLOAT, &scratch, &got, &changed, NULL), -1);
    buf_fini(&scratch);
    arena_fini(&a);
    free(digits);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, text_to_each_type, 0, (int)COUNT(texts));
    tcase_add_test(tc, ten_megabytes_of_digits_are_linear);
}

UNIT_MAIN("convert")
