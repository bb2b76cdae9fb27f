/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/name_index.h"

#include <stdio.h>

START_TEST(names_keep_their_numbers)
{
    static char names[1000][8];
    struct name_index x = { 0 };
    bool found;

    ck_assert_ptr_null(name_index_get(&x, SLICE("a")));
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(names[i], sizeof names[i], "n%zu", i);
        ck_assert_uint_eq(*name_index_put(&x, slice_of(names[i]), i, &found), i);
        ck_assert(!found);
    }
    for (size_t i = 0; i < COUNT(names); i++) {
        ck_assert_uint_eq(*name_index_put(&x, slice_of(names[i]), 7, &found), i);
        ck_assert(found);
    }
    ck_assert_uint_eq(x.n, COUNT(names));
    ck_assert_uint_eq(*name_index_put(&x, (struct slice){ 0 }, 5, &found), 5);
    ck_assert(!found);
    ck_assert_uint_eq(*name_index_get(&x, SLICE("")), 5);
    name_index_fini(&x);
    ck_assert_ptr_null(name_index_get(&x, SLICE("n1")));
}
END_TEST

static const struct {
    const char *a, *b;
    unsigned distance;
} pairs[] = {
    { "mutate", "mutate", 0 }, { "mutat", "mutate", 1 },   { "mutaet", "mutate", 1 },
    { "Mutate", "mutate", 0 }, { "kv", "vk", 1 },          { "", "abc", 3 },
    { "abc", "", 3 },          { "kitten", "sitting", 3 }, { "abcdef", "uvwxyz", 5 },
};

START_TEST(distances_count_slips)
{
    ck_assert_uint_eq(name_distance(slice_of(pairs[_i].a), slice_of(pairs[_i].b), 4),
                      pairs[_i].distance);
}
END_TEST

START_TEST(the_nearest_wins_and_far_ones_do_not_count)
{
    unsigned best = 100;

    ck_assert(name_is_nearer(SLICE("souce"), SLICE("sources"), &best));
    ck_assert(name_is_nearer(SLICE("souce"), SLICE("source"), &best));
    ck_assert(!name_is_nearer(SLICE("souce"), SLICE("sauce_"), &best));
    best = 100;
    ck_assert(!name_is_nearer(SLICE("ab"), SLICE("cd"), &best));
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, names_keep_their_numbers);
    tcase_add_loop_test(tc, distances_count_slips, 0, (int)COUNT(pairs));
    tcase_add_test(tc, the_nearest_wins_and_far_ones_do_not_count);
}

UNIT_MAIN("name_index")
