/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/regex_store.h"

#include "codec/base/arena.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <time.h>

static struct regex *
compile(const char *pattern, bool dot_newline)
{
    struct err err = { 0 };
    struct regex *re =
        regex_new(slice_of(pattern), (struct regex_options){ .dot_newline = dot_newline }, &err);

    ck_assert_msg(re != NULL, "/%s/: %s", pattern, err.msg);
    return re;
}

/* ---- gsub ---- */

static const struct {
    const char *pattern, *subject, *replacement;
    const char *want; /* NULL: no match */
} subs[] = {
    { "a", "banana", "o", "bonono" },
    { "x", "banana", "o", NULL },
    { "x*", "abxc", "-", "-a-b--c-" },
    { "$", "a\n", "!", "a!\n!" },
    { "^", "a\nb", "> ", "> a\n> b" },
    { "", "ab", ".", ".a.b." },
    { "", "", ".", "." },
    { "", "\xc3\xa9x", ".", ".\xc3\xa9.x." },
    { "(a)(b)?", "abac", "<\\2\\1>", "<ba><a>c" },
    { "b", "abc", "[\\0\\&]", "a[bb]c" },
    { "b", "abc", "[\\`|\\']", "a[a|c]c" },
    { "(?<x>b)(c)", "abcd", "\\k<x>\\1\\2", "abbd" },
    { "(?<x>b)|(?<x>c)", "abcd", "<\\k<x>>", "a<b><c>d" },
    { "b", "abc", "\\\\", "a\\c" },
    { "b", "abc", "\\n\\k<no>\\", "a\\n\\k<no>\\c" },
    { "(b)", "abc", "\\k<1>", "abc" },
    { "b", "abc", "", "ac" },
    { "\\s+", "a  b\tc", "_", "a_b_c" },
    { "[\\\\?#]", "a\\b?c#", ".", "a.b.c." },
    { "(?<=a)b", "abab", "x", "axax" },
    { "\\Ga", "aab", "x", "xxb" },
    { "a.c", "a\nc abc", "x", "a\nc x" },
    { "\xc3\xa9", "\xc3\xa9t\xc3\xa9", "e", "ete" },
};

START_TEST(gsub)
{
    struct regex *re = compile(subs[_i].pattern, false);
    struct regex_scratch *s = regex_scratch_new();
    struct buf out = { 0 };
    enum regex_result got =
        regex_gsub(re, s, slice_of(subs[_i].subject), slice_of(subs[_i].replacement), &out);

    ck_assert_int_eq(got, subs[_i].want == NULL ? REGEX_NO_MATCH : REGEX_MATCH);
    ck_assert_slice(buf_slice(&out), slice_of(subs[_i].want == NULL ? "" : subs[_i].want));
    buf_fini(&out);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

/* ---- text ---- */

static const struct slice bad_text[] = {
    SLICE_INIT("a\xff"),
    SLICE_INIT("\xc3"),
    SLICE_INIT("\xed\xa0\x80"),
    SLICE_INIT("\xc0\x80 a"),
};

START_TEST(bad_utf8_is_not_a_mismatch)
{
    static const char *const patterns[] = { "a", "zzz", "." };

    for (size_t i = 0; i < COUNT(patterns); i++) {
        struct regex *re = compile(patterns[i], true);
        struct regex_scratch *s = regex_scratch_new();
        struct buf out = { 0 };

        ck_assert_int_eq(regex_search(re, s, bad_text[_i], 0), REGEX_BAD_TEXT);
        ck_assert_int_eq(regex_gsub(re, s, bad_text[_i], SLICE("x"), &out), REGEX_BAD_TEXT);
        ck_assert_ptr_null(regex_group(s, 0).p);
        buf_fini(&out);
        regex_scratch_free(s);
        regex_free(re);
    }
}
END_TEST

START_TEST(nul_bytes_are_characters)
{
    struct regex *re = compile("a.b\\0", true);
    struct regex_scratch *s = regex_scratch_new();

    ck_assert_int_eq(regex_search(re, s, SLICE("xa\0b\0"), 0), REGEX_MATCH);
    ck_assert_uint_eq(regex_group(s, 0).n, 4);
    ck_assert_int_eq(regex_search(re, s, SLICE("a\0b"), 0), REGEX_NO_MATCH);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

/* ---- limits ---- */

static uint64_t
clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static const struct {
    const char *name, *pattern, *unit, *tail;
    size_t times;
} explosive[] = {
    { "exponential", "(?:a|aa)+$", "a", "!", 60 },
    { "exponential, named", "^(?<x>(?:a|a)+)b", "a", "!b", 40 },
    { "a power of the length", "a*a*a*a*a*a*b\\z", "a", "!bx", 2000 },
    { "every position is slow", "(?:x|.)*?(?:x|.)*?(?:x|.)*?y\\z", "ab", "yx", 1500 },
    { "beyond ASCII", "(?:\xc3\xa9|\xc3\xa9\xc3\xa9)+$", "\xc3\xa9", "!", 60 },
};

START_TEST(timeout_stops_the_search)
{
    struct regex *re = compile(explosive[_i].pattern, true);
    struct regex_scratch *s = regex_scratch_new();
    struct buf text = { 0 };
    uint64_t start, took;
    enum regex_result got;

    for (size_t i = 0; i < explosive[_i].times; i++)
        buf_append(&text, slice_of(explosive[_i].unit));
    buf_append(&text, slice_of(explosive[_i].tail));
    regex_scratch_timeout(s, 200);
    start = clock_ms();
    got = regex_search(re, s, buf_slice(&text), 0);
    took = clock_ms() - start;
    ck_assert_msg(got == REGEX_TIMEOUT, "%s: result %d after %d ms", explosive[_i].name, (int)got,
                  (int)took);
    /* Bounds, not measurements: the machine is shared, sanitizers are slow. */
    ck_assert_msg(took < 10000, "%s: %d ms", explosive[_i].name, (int)took);
    buf_fini(&text);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

static const struct {
    const char *name, *pattern, *head, *unit, *tail;
    size_t times;
} long_text[] = {
    { "any, repeated", "^(.|\\n)*b$", "", "a\n", "b", 100000 },
    { "any, captured", "(?<x>(?:.|\\n)*)z", "", "aaaaa", "z", 20000 },
    { "quoted with escapes", "\"(?>\\\\.|[^\\\\\"]+)+\"", "\"", "x\\\"", "\"", 22000 },
    { "a path", "(?:/[\\w.]*)+", "", "/ab", "", 30000 },
    { "alternatives", "(?:ab|cd)+e", "", "abcd", "e", 30000 },
    { "words", "(?:\\b\\w+\\b\\s*)*!", "", "ab ", "!", 3000 },
};

START_TEST(long_text_matches)
{
    struct regex *re = compile(long_text[_i].pattern, true);
    struct regex_scratch *s = regex_scratch_new();
    struct buf text = { 0 };

    buf_append(&text, slice_of(long_text[_i].head));
    for (size_t i = 0; i < long_text[_i].times; i++)
        buf_append(&text, slice_of(long_text[_i].unit));
    buf_append(&text, slice_of(long_text[_i].tail));
    ck_assert_msg(regex_search(re, s, buf_slice(&text), 0) == REGEX_MATCH, "%s",
                  long_text[_i].name);
    ck_assert_uint_eq(regex_group(s, 0).n, text.n);
    buf_fini(&text);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

/* Tried once, not at each place of the text, which would take minutes. */
START_TEST(what_begins_with_anything_is_tried_once)
{
    static const char *const patterns[] = { "(?<a>.*) x", "(?:.*?)x\\z", "(?<a>(?:.|\\n)*)x",
                                            "(?<a>.*)(?<b>.)x|.*y" };
    struct regex *re = compile(patterns[_i], true);
    struct regex_scratch *s = regex_scratch_new();
    struct buf text = { 0 };

    buf_append(&text, SLICE(" x"));
    text.p[1] = '-';
    while (text.n < 4u << 20)
        buf_append(&text, SLICE("some words "));
    buf_append(&text, SLICE("y x"));
    text.p[text.n - 1] = 'z';
    regex_scratch_timeout(s, 8000);
    ck_assert_int_ne(regex_search(re, s, buf_slice(&text), 0), REGEX_TIMEOUT);
    buf_fini(&text);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

/* 64 KB of code would be too few for the parts written out. */
START_TEST(repeated_parts_are_shared)
{
    static const char part[] =
        "(?:(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(?:\\.(?:25[0-5]|2[0-4]\\d|"
        "1\\d\\d|[1-9]?\\d)){3}|\\b[[:alnum:]]{1,30}\\b)";
    struct buf pattern = { 0 };
    struct regex_scratch *s = regex_scratch_new();
    struct regex *re;

    for (int i = 0; i < 300; i++)
        buf_printf(&pattern, "(?:(?<g%d>%s)[,;])?", i, part);
    re = compile(buf_cstr(&pattern), true);
    ck_assert_int_eq(regex_search(re, s, SLICE("10.1.2.3,abc;1.2.3.4,"), 0), REGEX_MATCH);
    ck_assert_slice(regex_group(s, 3), SLICE("1.2.3.4"));
    ck_assert_int_eq(regex_search(re, s, SLICE("10.1.2.3,\xc3\xa9t\xc3\xa9;1.2.3.4,"), 0),
                     REGEX_MATCH);
    ck_assert_slice(regex_group(s, 2), SLICE("\xc3\xa9t\xc3\xa9"));
    ck_assert_uint_eq(regex_groups(re), 300);
    ck_assert_slice(regex_group_name(re, 300), SLICE("g299"));
    buf_fini(&pattern);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

/* ---- the gate ---- */

static const struct {
    const char *pattern, *subject;
    bool match;
} gated[] = {
    { "\\w+\\] \"x", "a] \"x", true },
    { "\\w+\\] \"x", "a] 'x ]", false },
    { "a(?:b)?c\\]", "ac]", true },
    { "a(?i:BC)d", "abcd", true },
    { "(?i)Error:", "xERROR:", true },
    { "(?!foo)ba", "ba", true },
    { "(?:x]){0}y", "y", true },
    { "(?:x]){2}y", "x]x]y", true },
    { "foo[.]bar", "foo.bar", true },
    { "foo[.]bar", "foo-bar", false },
    { "abcdefghijklmnopqrstuvwxyz", "-abcdefghijklmnopqrstuvwxyz-", true },
    { "]", "", false },
    { "]]]]", "]]]", false },
    { "x\\Ry", "x\r\ny", true },
};

START_TEST(gate_never_hides_a_match)
{
    struct regex *re = compile(gated[_i].pattern, false);
    struct regex_scratch *s = regex_scratch_new();

    ck_assert_msg((regex_search(re, s, slice_of(gated[_i].subject), 0) == REGEX_MATCH) ==
                      gated[_i].match,
                  "/%s/ on \"%s\"", gated[_i].pattern, gated[_i].subject);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

START_TEST(base_case_flag_counts_for_the_gate)
{
    struct err err = { 0 };
    struct regex *re = regex_new(SLICE("error] x"), (struct regex_options){ .icase = true }, &err);
    struct regex_scratch *s = regex_scratch_new();

    ck_assert_int_eq(regex_search(re, s, SLICE("ERROR] X"), 0), REGEX_MATCH);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

/* ---- uap-core's dialect ---- */

START_TEST(java_patterns_are_not_translated)
{
    struct err err = { 0 };
    struct regex *re =
        regex_new(SLICE("^(Foo) (\\d+)$"), (struct regex_options){ .java = true }, &err);
    struct regex_scratch *s = regex_scratch_new();

    ck_assert_msg(re != NULL, "%s", err.msg);
    ck_assert_uint_eq(regex_groups(re), 2);
    ck_assert_int_eq(regex_search(re, s, SLICE("Foo 12"), 0), REGEX_MATCH);
    ck_assert_slice(regex_group(s, 2), SLICE("12"));
    ck_assert_int_eq(regex_search(re, s, SLICE("x\nFoo 12"), 0), REGEX_NO_MATCH);
    ck_assert_int_eq(regex_search(re, s, SLICE("Foo \xd9\xa3"), 0), REGEX_NO_MATCH);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

/* ---- threads ---- */

static void *
search_often(void *arg)
{
    const struct regex *re = arg;
    struct regex_scratch *s = regex_scratch_new();
    uintptr_t found = 0;

    for (int i = 0; i < 200; i++) {
        found += regex_search(re, s, SLICE("key=value"), 0) == REGEX_MATCH;
        found += regex_search(re, s, SLICE("key=valu\xc3\xa9"), 0) == REGEX_MATCH;
    }
    regex_scratch_free(s);
    return (void *)found;
}

START_TEST(first_use_from_many_threads)
{
    for (int round = 0; round < 20; round++) {
        struct regex *re = compile("(?<k>\\w+)=(?<v>\\S+)", false);
        pthread_t threads[4];

        for (size_t i = 0; i < COUNT(threads); i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, search_often, re), 0);
        for (size_t i = 0; i < COUNT(threads); i++) {
            void *found;

            ck_assert_int_eq(pthread_join(threads[i], &found), 0);
            ck_assert_uint_eq((uintptr_t)found, 400);
        }
        regex_free(re);
    }
}
END_TEST

/* ---- shared patterns ---- */

START_TEST(equal_patterns_are_one)
{
    struct regex_store *store = regex_store_new();
    struct regex_options plain = { .store = store }, icase = { .store = store, .icase = true };
    struct regex *a = regex_new(SLICE("a+"), plain, NULL), *b = regex_new(SLICE("a+"), plain, NULL);
    struct regex *other = regex_new(SLICE("a+"), icase, NULL);
    struct regex_scratch *s = regex_scratch_new();
    struct err err = { 0 };

    ck_assert_ptr_eq(a, b);
    ck_assert_ptr_ne(a, other);
    ck_assert_ptr_null(regex_new(SLICE("a("), plain, &err));
    ck_assert_msg(strstr(err.msg, "parenthesis") != NULL, "%s", err.msg);
    ck_assert_uint_eq(regex_store_count(store), 2);
    regex_free(a);
    ck_assert_int_eq(regex_search(b, s, SLICE("xa"), 0), REGEX_MATCH);
    ck_assert_int_eq(regex_search(other, s, SLICE("XA"), 0), REGEX_MATCH);
    regex_free(b);
    ck_assert_uint_eq(regex_store_count(store), 1);
    /* The last pattern takes the store along. */
    regex_store_drop(&store);
    ck_assert_ptr_null(store);
    ck_assert_int_eq(regex_search(other, s, SLICE("XA"), 0), REGEX_MATCH);
    regex_free(other);
    regex_scratch_free(s);
}
END_TEST

static void *
take_often(void *store)
{
    for (int i = 0; i < 300; i++) {
        struct regex *re = regex_new(SLICE("x|y"), (struct regex_options){ .store = store }, NULL);

        ck_assert_ptr_nonnull(re);
        regex_free(re);
    }
    arena_thread_trim();
    return NULL;
}

START_TEST(shared_by_many_threads)
{
    struct regex_store *store = regex_store_new();
    pthread_t threads[4];

    for (size_t i = 0; i < COUNT(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_often, store), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(regex_store_count(store), 0);
    regex_store_drop(&store);
}
END_TEST

START_TEST(searches_on_from_a_place)
{
    struct regex *re = compile("\\b(\\d)", false);
    struct regex_scratch *s = regex_scratch_new();

    ck_assert_int_eq(regex_search(re, s, SLICE("1 2"), 1), REGEX_MATCH);
    ck_assert_slice(regex_group(s, 1), SLICE("2"));
    ck_assert_int_eq(regex_search_on(re, s, 0), REGEX_MATCH);
    ck_assert_slice(regex_group(s, 1), SLICE("1"));
    ck_assert_int_eq(regex_search_on(re, s, 3), REGEX_NO_MATCH);
    ck_assert_int_eq(regex_search_on(re, s, 4), REGEX_NO_MATCH);
    ck_assert_int_eq(regex_search(re, s, (struct slice){ 0 }, 0), REGEX_NO_MATCH);
    regex_scratch_free(s);
    regex_free(re);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, gsub, 0, (int)COUNT(subs));
    tcase_add_loop_test(tc, bad_utf8_is_not_a_mismatch, 0, (int)COUNT(bad_text));
    tcase_add_test(tc, nul_bytes_are_characters);
    tcase_add_loop_test(tc, timeout_stops_the_search, 0, (int)COUNT(explosive));
    tcase_add_loop_test(tc, long_text_matches, 0, (int)COUNT(long_text));
    tcase_add_test(tc, repeated_parts_are_shared);
    tcase_add_loop_test(tc, gate_never_hides_a_match, 0, (int)COUNT(gated));
    tcase_add_test(tc, base_case_flag_counts_for_the_gate);
    tcase_add_test(tc, java_patterns_are_not_translated);
    tcase_add_test(tc, first_use_from_many_threads);
    tcase_add_loop_test(tc, what_begins_with_anything_is_tried_once, 0, 4);
    tcase_add_test(tc, equal_patterns_are_one);
    tcase_add_test(tc, shared_by_many_threads);
    tcase_add_test(tc, searches_on_from_a_place);
}

UNIT_MAIN("regex")
