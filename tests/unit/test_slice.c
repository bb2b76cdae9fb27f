/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

START_TEST(take_moves_only_when_whole)
{
    struct slice in = SLICE("\0\0\1\2x"), rest;
    uint32_t n;

    ck_assert(slice_take_be32(&in, &n));
    ck_assert_uint_eq(n, 0x102);
    ck_assert(!slice_take(&in, 2, &rest));
    ck_assert_uint_eq(in.n, 1);
    ck_assert(slice_take(&in, 1, &rest));
    ck_assert_slice(rest, SLICE("x"));
}
END_TEST

static const struct {
    struct slice text;
    bool ok;
    int64_t want;
} numbers[] = {
    { SLICE_INIT("0"), true, 0 },
    { SLICE_INIT("-9223372036854775808"), true, INT64_MIN },
    { SLICE_INIT("9223372036854775807"), true, INT64_MAX },
    { SLICE_INIT("9223372036854775808"), false, 0 },
    { SLICE_INIT("-9223372036854775809"), false, 0 },
    { SLICE_INIT("+7"), true, 7 },
    { SLICE_INIT(""), false, 0 },
    { SLICE_INIT("-"), false, 0 },
    { SLICE_INIT("1 "), false, 0 },
};

START_TEST(int64_to_its_ends)
{
    int64_t got = 0;

    ck_assert_int_eq(slice_to_int64(numbers[_i].text, &got), numbers[_i].ok);
    ck_assert_int_eq(got, numbers[_i].want);
}
END_TEST

START_TEST(split_gives_the_last_piece_too)
{
    struct slice in = SLICE("a,,b"), piece;

    ck_assert(slice_split(&in, ',', &piece));
    ck_assert_slice(piece, SLICE("a"));
    ck_assert(slice_split(&in, ',', &piece));
    ck_assert_slice(piece, SLICE(""));
    ck_assert(slice_split(&in, ',', &piece));
    ck_assert_slice(piece, SLICE("b"));
    ck_assert(!slice_split(&in, ',', &piece));
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, take_moves_only_when_whole);
    tcase_add_loop_test(tc, int64_to_its_ends, 0, (int)COUNT(numbers));
    tcase_add_test(tc, split_gives_the_last_piece_too);
}

UNIT_MAIN("slice")
