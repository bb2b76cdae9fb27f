/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/kv_keys.h"

#include "tests/unit/unit.h"

#include <stdio.h>

static struct kv_key *
find(struct kv_keys *k, const char *key)
{
    return kv_keys_find(k, slice_of(key));
}

START_TEST(a_place_lasts_as_long_as_its_map)
{
    struct kv_keys k;
    struct kv_key *a;

    kv_keys_init(&k);
    kv_keys_begin(&k);
    a = find(&k, "a");
    ck_assert_uint_eq(a->place, UINT32_MAX);
    a->place = 5;
    ck_assert_uint_eq(find(&k, "b")->place, UINT32_MAX);
    ck_assert_ptr_eq(find(&k, "a"), a);
    ck_assert_uint_eq(a->place, 5);
    ck_assert_slice(((struct slice){ a->text, a->n + 4u }), SLICE("\"a\":\""));
    kv_keys_begin(&k);
    ck_assert_ptr_eq(find(&k, "a"), a);
    ck_assert_uint_eq(a->place, UINT32_MAX);
    kv_keys_fini(&k);
}
END_TEST

START_TEST(the_one_that_comes_next_is_remembered)
{
    struct kv_keys k;
    const struct kv_key *b;

    kv_keys_init(&k);
    kv_keys_begin(&k);
    find(&k, "a");
    b = find(&k, "b");
    kv_keys_begin(&k);
    find(&k, "a");
    ck_assert_ptr_eq(&k.at[*k.next], b);
    kv_keys_fini(&k);
}
END_TEST

static const struct {
    const char *name, *key;
} unknown[] = {
    { "nothing", "" },
    { "what needs escapes", "a\"b" },
    { "no UTF-8", "a\xff" },
    { "one byte too many", "01234567890123456789012345678901234567890123456" },
};

START_TEST(keys_that_have_no_place)
{
    struct kv_keys k;

    kv_keys_init(&k);
    kv_keys_begin(&k);
    ck_assert_msg(find(&k, unknown[_i].key) == NULL, "%s", unknown[_i].name);
    ck_assert(find(&k, "0123456789012345678901234567890123456789012345") != NULL);
    kv_keys_fini(&k);
}
END_TEST

/* More keys than there are places: who has one keeps it, who has none gets none later. */
START_TEST(a_map_of_many_keys)
{
    static struct kv_key *found[3 * KV_KEYS];
    struct kv_keys k;
    unsigned none = 0;
    char key[16];

    kv_keys_init(&k);
    kv_keys_begin(&k);
    for (unsigned i = 0; i < COUNT(found); i++) {
        snprintf(key, sizeof key, "key%u", i);
        found[i] = find(&k, key);
        if (found[i] != NULL)
            found[i]->place = i;
        none += found[i] == NULL;
    }
    ck_assert_uint_ge(none, COUNT(found) - KV_KEYS);
    for (unsigned i = 0; i < COUNT(found); i++) {
        snprintf(key, sizeof key, "key%u", i);
        ck_assert_ptr_eq(find(&k, key), found[i]);
        ck_assert(found[i] == NULL || found[i]->place == i);
    }
    kv_keys_fini(&k);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, a_place_lasts_as_long_as_its_map);
    tcase_add_test(tc, the_one_that_comes_next_is_remembered);
    tcase_add_loop_test(tc, keys_that_have_no_place, 0, (int)COUNT(unknown));
    tcase_add_test(tc, a_map_of_many_keys);
}

UNIT_MAIN("kv_keys")
