/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name, *options, *event, *want;
} events[] = {
    { "the key written first wins inside a text",
      "exact => false dictionary => ['ab','1','abc','2','b','3']", "{\"s\":\"abc b xabb\"}",
      "{\"s\":\"abc b xabb\",\"translation\":\"1c 3 x13\"}" },
    { "an empty key stands between characters", "exact => false dictionary => ['','-']",
      "{\"s\":\"aé\"}", "{\"s\":\"aé\",\"translation\":\"-a-é-\"}" },
    { "a list is looked up by its first member", "dictionary => { '7' => 'x' }", "{\"s\":[7,8]}",
      "{\"s\":[7,8],\"translation\":\"x\"}" },
    { "null is looked up as an empty text", "dictionary => { '' => 'x' }", "{\"s\":null}",
      "{\"s\":null,\"translation\":\"x\"}" },
    { "a target that is there stays", "dictionary => { 'a' => 'x' } fallback => 'f'",
      "{\"s\":\"a\",\"translation\":null}", "{\"s\":\"a\",\"translation\":null}" },
    { "unless it may be overridden", "override => true dictionary => { 'a' => 'x' }",
      "{\"s\":\"a\",\"translation\":null}", "{\"s\":\"a\",\"translation\":\"x\"}" },
    { "in place, but told not to override",
      "target => 's' override => false dictionary => { 'a' => 'x' }", "{\"s\":\"a\"}",
      "{\"s\":\"a\"}" },
    { "nested fields in a list of objects",
      "iterate_on => 'l' target => '[o][t]' dictionary => { 'a' => 1 }",
      "{\"l\":[{\"s\":\"a\"},5,{\"s\":[\"a\"]}]}",
      "{\"l\":[{\"s\":\"a\",\"o\":{\"t\":1}},5,{\"s\":[\"a\"],\"o\":{\"t\":1}}]}" },
    { "values of the config keep their type", "dictionary => { 'a' => [1, 'x', { 'y' => 2.5 }] }",
      "{\"s\":\"a\"}", "{\"s\":\"a\",\"translation\":[1,\"x\",{\"y\":2.5}]}" },
};

static struct slice
block(struct arena *a, const char *options)
{
    return arena_printf(a, "filter { translate { source => 's' %s } }", options);
}

START_TEST(events_and_their_fields)
{
    struct arena a;

    arena_init(&a, NULL);
    chain_expect(events[_i].name, block(&a, events[_i].options), ECS_DISABLED, events[_i].event,
                 events[_i].want);
    arena_fini(&a);
}
END_TEST

/* ---- files ---- */

static char path[64];

static void
write_file(const char *extension, const char *text)
{
    FILE *f;

    snprintf(path, sizeof path, "/tmp/headrig_test_%d%s", (int)getpid(), extension);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), f), strlen(text));
    ck_assert_int_eq(fclose(f), 0);
}

static const struct {
    const char *extension, *text, *error;
} bad_files[] = {
    { ".yml", "a: [1\nb: 2\n", "line 2, column 2" },
    { ".yml", "- a\n- b\n", "no mapping of keys to values" },
    { ".json", "{\"a\":1", "at byte 6" },
    { ".json", "[]", "no object" },
    { ".csv", "a,b\nc,\"d\n", "record 2: " },
    { ".csv", "a,\"b\" c\n", "record 1: " },
    { ".txt", "a,b", "a dictionary is a .yml, .yaml, .json or .csv file" },
};

START_TEST(bad_file_is_refused_by_name)
{
    struct err err = { 0 };
    struct arena a;
    struct slice config;

    arena_init(&a, NULL);
    write_file(bad_files[_i].extension, bad_files[_i].text);
    config = block(&a, arena_cstr(&a, arena_printf(&a, "dictionary_path => '%s'", path)));
    ck_assert_ptr_null(chain_new(config, ECS_DISABLED, false, &err));
    ck_assert_msg(strstr(err.msg, bad_files[_i].error) != NULL, "%s", err.msg);
    ck_assert_msg(strstr(err.msg, path) != NULL, "%s", err.msg);
    unlink(path);
    arena_fini(&a);
}
END_TEST

START_TEST(both_forms_are_refused)
{
    struct err err = { 0 };
    struct arena a;

    arena_init(&a, NULL);
    write_file(".csv", "a,1\n");
    ck_assert_ptr_null(
        chain_new(block(&a, arena_cstr(&a, arena_printf(&a,
                                                        "dictionary => { 'a' => 'b' } "
                                                        "dictionary_path => '%s'",
                                                        path))),
                  ECS_DISABLED, false, &err));
    ck_assert_msg(strstr(err.msg, "mutually exclusive") != NULL, "%s", err.msg);
    unlink(path);
    arena_fini(&a);
}
END_TEST

/* What the key gives now; NULL: nothing. */
static const char *
look_up(struct chain *c, struct arena *a, const char *key)
{
    struct batch *b = batch_new(NULL);
    struct event *ev = chain_event(b, arena_printf(a, "{\"s\":\"%s\"}", key));
    struct value *v;
    const char *text = NULL;

    ck_assert(chain_run(c, ev));
    v = value_get(&b->arena, &ev->data, SLICE("translation"));
    if (v != NULL)
        text = arena_cstr(a, value_text(&b->arena, v));
    batch_recycle(&b);
    return text;
}

/* Looks again until it gives what is wanted, for at most ten seconds. */
static bool
becomes(struct chain *c, struct arena *a, const char *key, const char *want)
{
    for (int tries = 0; tries < 1000; tries++) {
        const char *got = look_up(c, a, key);

        if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0))
            return true;
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    return false;
}

START_TEST(changed_file_is_read_again)
{
    bool merge = _i == 0;
    struct err err = { 0 };
    struct arena a;
    struct chain *c;

    arena_init(&a, NULL);
    write_file(".csv", "a,1\nb,2\n");
    c = chain_new(block(&a, arena_cstr(&a, arena_printf(&a,
                                                        "dictionary_path => '%s' "
                                                        "refresh_interval => 1 "
                                                        "refresh_behaviour => %s",
                                                        path, merge ? "merge" : "replace"))),
                  ECS_DISABLED, false, &err);
    ck_assert_msg(c != NULL, "%s", err.msg);
    ck_assert_str_eq(look_up(c, &a, "a"), "1");
    write_file(".csv", "a,new\nc,333\n");
    ck_assert(becomes(c, &a, "a", "new"));
    ck_assert_str_eq(look_up(c, &a, "c"), "333");
    ck_assert(becomes(c, &a, "b", merge ? "2" : NULL));
    write_file(".csv", "a,\"broken\n");
    ck_assert_str_eq(look_up(c, &a, "a"), "new");
    chain_free(c);
    unlink(path);
    arena_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
    tcase_add_loop_test(tc, bad_file_is_refused_by_name, 0, (int)COUNT(bad_files));
    tcase_add_test(tc, both_forms_are_refused);
    tcase_add_loop_test(tc, changed_file_is_read_again, 0, 2);
}

UNIT_MAIN("filter_translate")
