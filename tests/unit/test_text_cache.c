/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/text_cache.h"

#include "codec/base/error.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static struct slice
key_of(char text[32], unsigned i)
{
    return (struct slice){ text, (size_t)snprintf(text, 32, "key number %u", i) };
}

START_TEST(what_was_put_is_there)
{
    struct text_cache *c = text_cache_new(1000, 1 << 20);
    struct slice value;
    char text[32];

    for (unsigned i = 0; i < 500; i++) {
        struct slice key = key_of(text, i);

        ck_assert(!text_cache_get(c, key, &value));
        text_cache_put(c, key, (struct slice){ text + 4, key.n - 4 });
        ck_assert(text_cache_get(c, key, &value));
        ck_assert_slice(value, ((struct slice){ text + 4, key.n - 4 }));
    }
    text_cache_put(c, SLICE(""), SLICE("of the empty key"));
    ck_assert(text_cache_get(c, SLICE(""), &value));
    ck_assert_slice(value, SLICE("of the empty key"));
    text_cache_free(&c);
}
END_TEST

/* The one asked for all the time survives any number of others in its set. */
START_TEST(the_oldest_of_a_set_goes)
{
    struct text_cache *c = text_cache_new(1, 1 << 20);
    struct slice value;
    char text[32];

    text_cache_put(c, SLICE("kept"), SLICE("1"));
    for (unsigned i = 0; i < 100; i++) {
        text_cache_put(c, key_of(text, i), SLICE("x"));
        ck_assert(text_cache_get(c, SLICE("kept"), &value));
    }
    ck_assert(!text_cache_get(c, key_of(text, 0), &value));
    ck_assert(text_cache_get(c, key_of(text, 99), &value));
    text_cache_free(&c);
}
END_TEST

START_TEST(bytes_are_bounded)
{
    struct text_cache *c = text_cache_new(100000, 10000);
    unsigned there = 0;
    struct slice value;
    char text[32], big[1000] = { 0 };

    for (unsigned i = 0; i < 1000; i++)
        text_cache_put(c, key_of(text, i), (struct slice){ big, sizeof big });
    for (unsigned i = 0; i < 1000; i++)
        there += text_cache_get(c, key_of(text, i), &value);
    ck_assert_uint_le(there, 9);
    ck_assert_uint_ge(there, 1);
    text_cache_free(&c);
}
END_TEST

START_TEST(long_texts_are_not_kept)
{
    struct text_cache *c = text_cache_new(10, 1 << 20);
    char *big = xcalloc(1, TEXT_CACHE_ENTRY + 1);
    struct slice value;

    text_cache_put(c, (struct slice){ big, TEXT_CACHE_ENTRY + 1 }, SLICE("x"));
    ck_assert(!text_cache_get(c, (struct slice){ big, TEXT_CACHE_ENTRY + 1 }, &value));
    text_cache_put(c, (struct slice){ big, TEXT_CACHE_ENTRY }, SLICE("x"));
    ck_assert(text_cache_get(c, (struct slice){ big, TEXT_CACHE_ENTRY }, &value));
    text_cache_free(&c);
    free(big);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, what_was_put_is_there);
    tcase_add_test(tc, the_oldest_of_a_set_goes);
    tcase_add_test(tc, bytes_are_bounded);
    tcase_add_test(tc, long_texts_are_not_kept);
}

UNIT_MAIN("text_cache")
