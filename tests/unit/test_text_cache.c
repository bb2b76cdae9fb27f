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

/* Keys that differ in a digit or two, wherever it stands, are spread over the sets: of a fifth of
 * what there is room for nearly all stay. */
START_TEST(keys_that_are_alike_are_spread)
{
    static const char *const formats[] = { "key number %u", "%u",
                                           "Mozilla/5.0 (X11; rv:%u.0) Gecko",
                                           "%08u is a key of more than sixteen bytes",
                                           "a key of more than sixteen bytes, %06u" };
    struct text_cache *c = text_cache_new(5000, 1 << 20);
    unsigned there = 0;
    struct slice value;

    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < 1000; i++) {
            char text[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            struct slice key = { text, (size_t)snprintf(text, sizeof text, formats[_i], i) };
#pragma GCC diagnostic pop

            if (pass == 0)
                text_cache_put(c, key, SLICE("x"));
            else
                there += text_cache_get(c, key, &value);
        }
    ck_assert_uint_ge(there, 990);
    text_cache_free(&c);
}
END_TEST

/* Announced as a filter does it, not at all, and by somebody who asks for others than announced:
 * what is found is the same. */
START_TEST(announced_or_not)
{
    enum { KEYS = 300 };
    static char texts[KEYS][32];
    struct text_cache *c = text_cache_new(1000, 1 << 20);
    struct slice keys[KEYS], value;

    for (unsigned i = 0; i < KEYS; i++) {
        keys[i] = key_of(texts[i], i);
        if (i % 3 != 0)
            text_cache_put(c, keys[i], keys[i]);
    }
    for (unsigned i = 0, next = 0; i < KEYS; i++) {
        for (; _i > 0 && next < KEYS && next < i + TEXT_CACHE_AHEAD; next++)
            if (_i == 1 || next % 5 != 0)
                text_cache_ahead(c, keys[next]);
        ck_assert_msg(text_cache_get(c, keys[i], &value) == (i % 3 != 0), "%u", i);
        ck_assert(i % 3 == 0 || slice_eq(value, keys[i]));
    }
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
    tcase_add_loop_test(tc, keys_that_are_alike_are_spread, 0, 5);
    tcase_add_loop_test(tc, announced_or_not, 0, 3);
    tcase_add_test(tc, bytes_are_bounded);
    tcase_add_test(tc, long_texts_are_not_kept);
}

UNIT_MAIN("text_cache")
