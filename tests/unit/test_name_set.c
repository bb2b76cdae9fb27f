/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/name_set.h"

#include "codec/json_scan.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static struct value
object_of(struct arena *a, struct slice json)
{
    struct value v;
    struct err err;

    ck_assert_int_eq(json_scan_object(a, arena_copy_padded(a, json), json.n, JSON_DEPTH, &v, &err),
                     0);
    return v;
}

#define LONG_NAME "01234567890123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
    const char *name, *json;
    uint64_t found; /* of a, bb, cc, and a long one */
} objects[] = {
    { "none", "{}", 0 },
    { "others of the same length", "{\"b\":1,\"dd\":2,\"ca\":3}", 0 },
    { "all",
      "{\"cc\":1,\"x\":0,\"bb\":2,\"a\":3,\""
      "0123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789"
      "\":4}",
      15 },
    { "a key with escapes", "{\"c\\u0063\":1,\"b\":2}", 4 },
    { "another long one",
      "{\""
      "0123456789012345678901234567890123456789"
      "012345678901234567890123456789012345678"
      "\":4}",
      0 },
};

START_TEST(names_that_an_object_has)
{
    static const char *const names[] = { "a", "bb", "cc", LONG_NAME };
    struct name_set set = { 0 };
    uint32_t at[NAME_SET_MOST];
    struct arena a;
    struct value object;

    arena_init(&a, NULL);
    for (unsigned i = 0; i < COUNT(names); i++)
        ck_assert_int_eq(name_set_add(&set, slice_of(names[i])), (int)i);
    ck_assert_int_eq(name_set_add(&set, SLICE("bb")), -1);
    object = object_of(&a, slice_of(objects[_i].json));
    ck_assert_msg(name_set_find(&set, &a, &object, at) == objects[_i].found, "%s",
                  objects[_i].name);
    for (unsigned i = 0; i < COUNT(names); i++)
        if (objects[_i].found >> i & 1)
            ck_assert_slice(value_key(&a, value_at(&a, &object, at[i])), slice_of(names[i]));
    arena_fini(&a);
}
END_TEST

START_TEST(no_more_than_bits)
{
    struct name_set set = { 0 };
    static char names[NAME_SET_MOST + 1][8];
    struct buf json = { 0 };
    struct arena a;
    struct value object;

    arena_init(&a, NULL);
    for (unsigned i = 0; i <= NAME_SET_MOST; i++) {
        int n = snprintf(names[i], sizeof names[i], "n%u", i);

        buf_printf(&json, "%c\"%s\":1", i == 0 ? '{' : ',', names[i]);
        ck_assert_int_eq(name_set_add(&set, (struct slice){ names[i], (size_t)n }),
                         i < NAME_SET_MOST ? (int)i : -1);
    }
    buf_byte(&json, '}');
    object = object_of(&a, buf_slice(&json));
    ck_assert(name_set_find(&set, &a, &object, NULL) == UINT64_MAX);
    buf_fini(&json);
    arena_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, names_that_an_object_has, 0, (int)COUNT(objects));
    tcase_add_test(tc, no_more_than_bits);
}

UNIT_MAIN("name_set")
