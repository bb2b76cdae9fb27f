/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name, *options, *event, *want;
} events[] = {
    { "each of several sources starts anew from a text", "merge => { 'a' => ['b', 'c'] }",
      "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}", "{\"a\":[\"1\",\"3\"],\"b\":\"2\",\"c\":\"3\"}" },
    { "a source that is missing leaves an empty list", "merge => { 'a' => 'b' }", "{}",
      "{\"a\":[]}" },
    { "a merged object is a copy", "merge => { 'a' => 'b' } add_field => { '[a][n][x]' => '1' }",
      "{\"a\":{},\"b\":{\"n\":{}}}", "{\"a\":{\"n\":{\"x\":\"1\"}},\"b\":{\"n\":{}}}" },
    { "a value is lost when its new place is refused", "rename => { 'a' => '[s][x]' }",
      "{\"a\":1,\"s\":\"t\"}", "{\"s\":\"t\",\"tags\":[\"_mutate_error\"]}" },
    { "names with placeholders", "rename => { '%{f}' => '[new][%{f}]' }", "{\"f\":\"a\",\"a\":1}",
      "{\"f\":\"a\",\"new\":{\"a\":1}}" },
    { "a placeholder that makes an illegal name", "rename => { '%{f}' => 'x' }", "{\"f\":\"[a\"}",
      "{\"f\":\"[a\",\"tags\":[\"_mutate_error\"]}" },
    { "what came before a failure stays",
      "replace => { 'a' => 'new' } convert => { 'b' => 'integer' } uppercase => ['a'] "
      "add_tag => 'no'",
      "{\"b\":\"x\"}", "{\"a\":\"new\",\"b\":\"x\",\"tags\":[\"_mutate_error\"]}" },
    { "tags stay texts", "convert => { 'tags' => 'integer' }", "{\"tags\":[\"1\"]}",
      "{\"tags\":[\"1\",\"_mutate_error\"]}" },
    { "tags in capital letters", "uppercase => ['tags']", "{\"tags\":[\"a\"]}",
      "{\"tags\":[\"A\"]}" },
    { "inside tags nothing is set", "uppercase => ['[tags][0]']", "{\"tags\":[\"a\"]}",
      "{\"tags\":[\"a\",\"_mutate_error\"]}" },
    { "a literal with a quote", "replace => { 'a' => 'x\"y' }", "{}", "{\"a\":\"x\\\"y\"}" },
    { "gsub on members of a list", "gsub => ['a', 'x', 'y']", "{\"a\":[\"x\",1,[\"x\"],null]}",
      "{\"a\":[\"y\",1,[\"x\"],null]}" },
    { "a pattern of the event that is none", "gsub => ['a', '%{p}', 'y']",
      "{\"a\":\"x\",\"p\":\"(\"}", "{\"a\":\"x\",\"p\":\"(\",\"tags\":[\"_mutate_error\"]}" },
    { "a separator at the ends", "split => { 'a' => 'ab' }", "{\"a\":\"abxababyab\"}",
      "{\"a\":[\"\",\"x\",\"\",\"y\"]}" },
    { "objects in a join", "join => { 'a' => '-' }", "{\"a\":[[],{},1.0,12345678901234567890]}",
      "{\"a\":\"-{}-1.0-12345678901234567890\"}" },
    { "strip: NUL at the end only", "strip => ['a']", "{\"a\":\" \\u0000x\\u0000 \"}",
      "{\"a\":\"\\u0000x\"}" },
    { "metadata as a place",
      "rename => { 'a' => '[@metadata][b]' } copy => { '[@metadata][b]' => 'c' }", "{\"a\":1}",
      "{\"c\":1,\"@metadata\":{\"b\":1}}" },
    { "coerce leaves what is there", "coerce => { 'a' => 'x' 'b' => '%{a}' 'c' => 'y' }",
      "{\"a\":false,\"b\":null}", "{\"a\":false,\"b\":\"false\"}" },
};

START_TEST(events_and_their_fields)
{
    struct arena a;

    arena_init(&a, NULL);
    chain_expect(events[_i].name, arena_printf(&a, "filter { mutate { %s } }", events[_i].options),
                 ECS_DISABLED, events[_i].event, events[_i].want);
    arena_fini(&a);
}
END_TEST

static const struct {
    const char *options, *error;
} refused[] = {
    { "convert => { 'a' => 'int' }", "convert: \"int\" is not one of string, integer" },
    { "gsub => ['a', 'b', 'c', 'd']", "gsub: 4 members are no multiple of 3" },
    { "gsub => ['a', '(', 'c']", "gsub: " },
    { "replace => { 'a' => '%{[x}' }", "Invalid FieldReference: `[x`" },
};

START_TEST(refused_at_the_start)
{
    struct arena a;
    struct err err = { 0 };

    arena_init(&a, NULL);
    ck_assert_ptr_null(chain_new(arena_printf(&a, "filter { mutate { %s } }", refused[_i].options),
                                 ECS_DISABLED, false, &err));
    ck_assert_msg(strstr(err.msg, refused[_i].error) != NULL, "%s", err.msg);
    arena_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
    tcase_add_loop_test(tc, refused_at_the_start, 0, (int)COUNT(refused));
}

UNIT_MAIN("filter_mutate")
