/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/nearest.h"
#include "tests/unit/unit.h"

static const struct {
    const char *a, *b;
    size_t want;
} pairs[] = {
    { "", "", 0 },         { "", "abc", 3 },       { "abc", "", 3 },           { "abc", "abc", 0 },
    { "abc", "ABC", 0 },   { "abc", "abd", 1 },    { "kitten", "sitting", 3 }, { "ab", "ba", 2 },
    { "port", "prot", 2 }, { "hots", "hosts", 1 },
};

START_TEST(distance)
{
    ck_assert_uint_eq(nearest_distance(slice_of(pairs[_i].a), slice_of(pairs[_i].b)),
                      pairs[_i].want);
    ck_assert_uint_eq(nearest_distance(slice_of(pairs[_i].b), slice_of(pairs[_i].a)),
                      pairs[_i].want);
}
END_TEST

START_TEST(name_that_is_near_enough)
{
    static const char *const names[] = { "add_field", "add_tag", "remove_field" };
    char longer[300];

    ck_assert_str_eq(nearest_name(SLICE("add_feild"), names, 3), "add_field");
    ck_assert_str_eq(nearest_name(SLICE("add_tags"), names, 3), "add_tag");
    ck_assert_ptr_null(nearest_name(SLICE("codec"), names, 3));
    ck_assert_ptr_null(nearest_name(SLICE(""), names, 3));
    memset(longer, 'x', sizeof longer);
    ck_assert_ptr_null(nearest_name((struct slice){ longer, sizeof longer }, names, 3));
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, distance, 0, (int)COUNT(pairs));
    tcase_add_test(tc, name_that_is_near_enough);
}

UNIT_MAIN("nearest")
