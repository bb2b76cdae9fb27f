/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/json_write.h"
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

#include <time.h>

START_TEST(cases_of_the_reference)
{
    filter_cases_run("reference/cases/filters/kv.json");
}
END_TEST

/* ---- beyond them ---- */

static const struct {
    const char *name, *options, *event, *want;
} events[] = {
    { "trim cuts only the ends", "trim_value => '<>' trim_key => '-'",
      "{\"message\":\"-a-b-=<x>y>\"}", "{\"message\":\"-a-b-=<x>y>\",\"a-b\":\"x>y\"}" },
    { "equal values of a list once", "allow_duplicate_values => false",
      "{\"message\":\"a=1 b=1 a=2 a=2 a=1 b=2 a=3\"}",
      "{\"message\":\"a=1 b=1 a=2 a=2 a=1 b=2 "
      "a=3\",\"a\":[\"1\",\"2\",\"3\"],\"b\":[\"1\",\"2\"]}" },
    { "maps beside text in a list", "recursive => true", "{\"message\":\"a=(x=1) a=2\"}",
      "{\"message\":\"a=(x=1) a=2\",\"a\":[{\"x\":\"1\"},\"2\"]}" },
    { "inner lists of equal values once", "recursive => true allow_duplicate_values => false",
      "{\"message\":\"a=(x=1 x=2 x=2) b=(x=2 x=3)\"}",
      "{\"message\":\"a=(x=1 x=2 x=2) b=(x=2 "
      "x=3)\",\"a\":{\"x\":[\"1\",\"2\"]},\"b\":{\"x\":[\"2\",\"3\"]}}" },
    { "a group in the operator's pattern", "field_split_pattern => '(;|,)'",
      "{\"message\":\"a=1;b=2,c=3\"}",
      "{\"message\":\"a=1;b=2,c=3\",\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}" },
    { "typed defaults", "default_keys => { 'n' => 5 'l' => ['x', 'y'] }", "{\"message\":\"n=1\"}",
      "{\"message\":\"n=1\",\"n\":\"1\",\"l\":[\"x\",\"y\"]}" },
    { "no prefix at all", "prefix => []", "{\"message\":\"a=1\"}",
      "{\"message\":\"a=1\",\"a\":\"1\"}" },
    { "nothing found, no defaults, no success", "add_tag => 'ok'", "{\"message\":\"x\"}",
      "{\"message\":\"x\"}" },
    { "a target replaces what was there", "target => 'kv'",
      "{\"message\":\"a=1\",\"kv\":{\"b\":2}}", "{\"message\":\"a=1\",\"kv\":{\"a\":\"1\"}}" },
    { "time is up", "field_split_pattern => '(?:x|xx)+y' timeout_millis => 30",
      "{\"message\":\"a="
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx z y\"}",
      "{\"message\":\"a="
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx z "
      "y\",\"tags\":[\"_kv_filter_timeout\"]}" },
};

START_TEST(events_and_their_fields)
{
    filter_expect("kv", events[_i].name, events[_i].options, events[_i].event, events[_i].want);
}
END_TEST

/* Pairs lie side by side in the batch and leave so: what happens to them on the way must show. */
static const struct {
    const char *name, *config, *event, *want;
} beside[] = {
    { "one after the other", "kv { } kv { source => 'other' } kv { source => 'third' }",
      "{\"message\":\"a=1 b=2\",\"other\":\"c=3\",\"third\":\"d=4 a=5\"}",
      "{\"message\":\"a=1 b=2\",\"other\":\"c=3\",\"third\":\"d=4 "
      "a=5\",\"a\":\"5\",\"b\":\"2\",\"c\":\"3\",\"d\":\"4\"}" },
    { "an object behind them", "kv { } json { source => 'other' } kv { source => 'third' }",
      "{\"message\":\"a=1 b=2\",\"other\":\"{\\\"x\\\":1,\\\"y\\\":2}\",\"third\":\"d=4\"}",
      "{\"message\":\"a=1 "
      "b=2\",\"other\":\"{\\\"x\\\":1,\\\"y\\\":2}\",\"third\":\"d=4\",\"a\":\"1\",\"b\":\"2\","
      "\"x\":"
      "1,\"y\":2,\"d\":\"4\"}" },
    { "one goes, one is called something else",
      "kv { target => 'kv' } mutate { remove_field => '[kv][b]' rename => { '[kv][d]' => '[kv][z]' "
      "} "
      "}",
      "{\"message\":\"a=1 b=2 c=3 d=4 e=5\"}",
      "{\"message\":\"a=1 b=2 c=3 d=4 "
      "e=5\",\"kv\":{\"a\":\"1\",\"c\":\"3\",\"e\":\"5\",\"z\":\"4\"}}" },
    { "one is changed, one comes twice",
      "kv { target => 'kv' } mutate { update => { '[kv][b]' => 'new' } }",
      "{\"message\":\"a=1 b=2 c=3 a=4\"}",
      "{\"message\":\"a=1 b=2 c=3 "
      "a=4\",\"kv\":{\"a\":[\"1\",\"4\"],\"b\":\"new\",\"c\":\"3\"}}" },
    { "what needs escapes, and a long one", "kv { target => 'kv' }",
      "{\"message\":\"a=1 b=\\\"x y\\\" c=\\\\ d=\\t e\\\"=5 "
      "f="
      "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
      "23"
      "4567890123456789012345678901234567890123456789 g=7\"}",
      "{\"message\":\"a=1 b=\\\"x y\\\" c=\\\\ d=\\t e\\\"=5 "
      "f="
      "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
      "23"
      "4567890123456789012345678901234567890123456789 "
      "g=7\",\"kv\":{\"a\":\"1\",\"b\":\"x y\",\"c\":\"\\\\ "
      "d=\\t\",\"e\\\"\":\"5\",\"f\":"
      "\"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
      "0123"
      "4567890123456789012345678901234567890123456789\",\"g\":\"7\"}}" },
    { "empty ones", "kv { target => 'kv' allow_empty_values => true }",
      "{\"message\":\"a= b=\\\"\\\" c=3\"}",
      "{\"message\":\"a= b=\\\"\\\" c=3\",\"kv\":{\"a\":\"b=\\\"\\\"\",\"c\":\"3\"}}" },
    { "the texts of a list", "kv { target => 'kv' }",
      "{\"message\":[\"a=1 b=2\",\"b=3 c=4\",\"\"]}",
      "{\"message\":[\"a=1 b=2\",\"b=3 "
      "c=4\",\"\"],\"kv\":{\"a\":\"1\",\"b\":[\"2\",\"3\"],\"c\":\"4\"}}" },
};

START_TEST(pairs_that_leave_side_by_side)
{
    struct buf config = { 0 };

    buf_printf(&config, "filter { %s }", beside[_i].config);
    chain_expect(beside[_i].name, buf_slice(&config), ECS_DISABLED, beside[_i].event,
                 beside[_i].want);
    buf_fini(&config);
}
END_TEST

/* Keys in changing order, some new, some gone: what an event before had does not show. */
START_TEST(events_of_changing_keys)
{
    struct err err = { 0 };
    struct chain *c =
        chain_new(SLICE("filter { kv { target => 'kv' } }"), ECS_DISABLED, false, &err);

    ck_assert_msg(c != NULL, "%s", err.msg);
    for (unsigned round = 0; round < 2000; round++) {
        struct batch *b = batch_new(NULL);
        struct buf text = { 0 }, want = { 0 };
        struct event *ev;
        struct value *kv;

        buf_printf(&text, "{\"message\":\"");
        buf_byte(&want, '{');
        for (unsigned i = 0; i < 12; i++) {
            unsigned key = (round * 7 + i * (1 + round % 11)) % 500;

            buf_printf(&text, "key%u-%u=%u ", i, key, round);
            buf_printf(&want, "%s\"key%u-%u\":\"%u\"", i > 0 ? "," : "", i, key, round);
        }
        buf_printf(&text, "\"}");
        buf_byte(&want, '}');
        ev = chain_event(b, buf_slice(&text));
        ck_assert(chain_run(c, ev));
        kv = value_get(event_arena(ev), &ev->data, SLICE("kv"));
        buf_clear(&text);
        value_write(kv, &text);
        ck_assert_slice(buf_slice(&text), buf_slice(&want));
        buf_fini(&text);
        buf_fini(&want);
        batch_recycle(&b);
    }
    chain_free(c);
}
END_TEST

static const char *const hostile[] = { "", "allow_duplicate_values => false", "recursive => true",
                                       "target => 'kv'" };

/* A hundred thousand keys, one key as often, and values in values: quadratic work would take
 * minutes. */
START_TEST(many_keys_are_cheap)
{
    struct arena a;
    struct err err = { 0 };
    struct chain *c;
    struct batch *b = batch_new(NULL);
    struct buf text = { 0 };
    struct event *ev;
    clock_t begin = clock();

    arena_init(&a, NULL);
    buf_printf(&text, "{\"message\":\"");
    for (int i = 0; i < 100000; i++)
        buf_printf(&text, "k%d=%d same=%d ", i, i, i);
    for (int i = 0; i < 20000; i++)
        buf_printf(&text, "z=");
    buf_printf(&text, "\"}");
    c = chain_new(arena_printf(&a, "filter { kv { %s } }", hostile[_i]), ECS_DISABLED, false, &err);
    ck_assert_msg(c != NULL, "%s", err.msg);
    ev = chain_event(b, buf_slice(&text));
    ck_assert(chain_run(c, ev));
    ck_assert_msg((clock() - begin) / CLOCKS_PER_SEC < 20, "%s", hostile[_i]);
    chain_free(c);
    batch_recycle(&b);
    buf_fini(&text);
    arena_fini(&a);
}
END_TEST

/* Megabytes of what is cut at the ends, but not at an end. */
START_TEST(runs_inside_are_cheap)
{
    struct err err = { 0 };
    struct chain *c = chain_new(SLICE("filter { kv { trim_value => ' ' trim_key => '-' } }"),
                                ECS_DISABLED, false, &err);
    struct batch *b = batch_new(NULL);
    struct buf text = { 0 };
    struct event *ev;
    struct value *v;
    clock_t begin = clock();

    ck_assert_msg(c != NULL, "%s", err.msg);
    buf_printf(&text, "{\"message\":\"-k");
    for (int i = 0; i < 1 << 20; i++)
        buf_byte(&text, '-');
    buf_printf(&text, "k--=\\\" x");
    for (int i = 0; i < 1 << 20; i++)
        buf_byte(&text, ' ');
    buf_printf(&text, "x  \\\"\"}");
    ev = chain_event(b, buf_slice(&text));
    ck_assert(chain_run(c, ev));
    ck_assert_uint_eq(value_count(&b->arena, &ev->data), 4);
    v = value_at(&b->arena, &ev->data, 3);
    ck_assert_uint_eq(value_key(&b->arena, v).n, (1u << 20) + 2);
    ck_assert_uint_eq(value_text(&b->arena, v).n, (1u << 20) + 2);
    ck_assert_int_lt((clock() - begin) / CLOCKS_PER_SEC, 20);
    chain_free(c);
    batch_recycle(&b);
    buf_fini(&text);
}
END_TEST

static const struct {
    const char *options, *message;
} refusals[] = {
    { "field_split_pattern => ''", "field_split_pattern must not be empty" },
    { "value_split_pattern => ''", "value_split_pattern must not be empty" },
    { "trim_key => 'z-a'",
      "trim: empty range in char class at offset 2 of the regular expression" },
};

START_TEST(configs_that_cannot_work)
{
    filter_refuses("kv", refusals[_i].options, refusals[_i].message);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
    tcase_add_loop_test(tc, pairs_that_leave_side_by_side, 0, (int)COUNT(beside));
    tcase_add_test(tc, events_of_changing_keys);
    tcase_add_loop_test(tc, many_keys_are_cheap, 0, (int)COUNT(hostile));
    tcase_add_test(tc, runs_inside_are_cheap);
    tcase_add_loop_test(tc, configs_that_cannot_work, 0, (int)COUNT(refusals));
}

UNIT_MAIN("filter_kv")
