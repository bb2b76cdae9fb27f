/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

#define JSON(text)   "{\"m\":\"" text "\"}"
#define FAILED(text) "{\"m\":\"" text "\",\"tags\":[\"_jsonparsefailure\"]}"

static const struct {
    const char *name, *options, *event, *want;
} events[] = {
    { "the last of several documents", "target => 't'", JSON("{\\\"a\\\":1} [2]\\n 3.50"),
      "{\"m\":\"{\\\"a\\\":1} [2]\\n 3.50\",\"t\":3.50}" },
    { "text behind the last one", "", JSON("{\\\"a\\\":1} x"), FAILED("{\\\"a\\\":1} x") },
    { "a byte order mark", "", JSON("\\ufeff{\\\"a\\\":1}"),
      "{\"m\":\"\\ufeff{\\\"a\\\":1}\",\"a\":1}" },
    { "Java's text of a decimal, deep inside", "target => 't'",
      JSON("{\\\"a\\\":[{\\\"b\\\":1e5}]}"),
      "{\"m\":\"{\\\"a\\\":[{\\\"b\\\":1e5}]}\",\"t\":{\"a\":[{\"b\":1E+5}]}}" },
    { "a text that looks like a decimal", "target => 't'",
      JSON("[\\\"1e5 \\\\\\\\\\\",\\\"1.5\\\"]"),
      "{\"m\":\"[\\\"1e5 \\\\\\\\\\\",\\\"1.5\\\"]\",\"t\":[\"1e5 \\\\\",\"1.5\"]}" },
    { "blank text is null", "target => 't'", JSON(" \\t"), "{\"m\":\" \\t\",\"t\":null}" },
    { "what the source becomes itself", "", JSON("{\\\"m\\\":{\\\"x\\\":1}}"),
      "{\"m\":{\"x\":1}}" },
    { "a time that is none", "remove_field => 'm'", JSON("{\\\"@timestamp\\\":\\\"soon\\\"}"),
      "{\"_@timestamp\":\"soon\",\"tags\":[\"_timestampparsefailure\"]}" },
    { "a time that is a number", "remove_field => 'm'", JSON("{\\\"@timestamp\\\":5.0}"),
      "{\"_@timestamp\":\"0.5e1\",\"tags\":[\"_timestampparsefailure\"]}" },
    { "metadata is replaced", "remove_field => 'm'", JSON("{\\\"@metadata\\\":{\\\"x\\\":1}}"),
      "{\"@metadata\":{\"x\":1}}" },
    { "metadata that is no object", "", JSON("{\\\"a\\\":1,\\\"@metadata\\\":2,\\\"b\\\":3}"),
      "{\"m\":\"{\\\"a\\\":1,\\\"@metadata\\\":2,\\\"b\\\":3}\",\"a\":1,"
      "\"tags\":[\"_jsonparsefailure\"]}" },
    { "a target that takes no such value", "target => 'tags'", JSON("5"), FAILED("5") },
    { "nothing but syntax is skipped", "skip_on_invalid_json => true target => 'tags'", JSON("5"),
      FAILED("5") },
    { "brackets reach what a plain key has made", "remove_field => 'm'",
      JSON("{\\\"a\\\":{\\\"x\\\":1},\\\"[a][b]\\\":2}"), "{\"a\":{\"x\":1,\"b\":2}}" },
    { "a plain key replaces what brackets have made", "remove_field => 'm'",
      JSON("{\\\"[a][b]\\\":2,\\\"a\\\":3}"), "{\"a\":3}" },
};

START_TEST(events_and_their_fields)
{
    struct arena a;

    arena_init(&a, NULL);
    chain_expect(events[_i].name,
                 arena_printf(&a, "filter { json { source => 'm' %s } }", events[_i].options),
                 ECS_DISABLED, events[_i].event, events[_i].want);
    arena_fini(&a);
}
END_TEST

/* {"k0":0,...} with every seventh key in brackets, over an event that has some of the names: the
 * table of names and the search give the same. */
START_TEST(many_members)
{
    struct err err = { 0 };
    struct chain *c = chain_new(SLICE("filter { json { source => 'm' remove_field => 'm' } }"),
                                ECS_DISABLED, false, &err);
    struct batch *b = batch_new(NULL);
    struct event *ev = chain_event(b, SLICE("{\"m\":\"\",\"k3\":\"old\",\"k700\":\"old\"}"));
    struct buf text = { 0 };
    struct fieldref m = fieldref_key(&b->arena, SLICE("m"));
    unsigned n = 1000;

    ck_assert_msg(c != NULL, "%s", err.msg);
    for (unsigned i = 0; i < n; i++)
        buf_printf(&text, i % 7 == 0 ? "%c\"[k%u]\":%u" : "%c\"k%u\":%u", i == 0 ? '{' : ',', i, i);
    buf_byte(&text, '}');
    ck_assert_int_eq(event_set_str(ev, &m, buf_slice(&text)), 0);
    ck_assert(chain_run(c, ev));
    ck_assert_uint_eq(value_count(&b->arena, &ev->data), n + 2); /* @timestamp, @version */
    for (unsigned i = 0; i < n; i++) {
        struct value *v = value_get(&b->arena, &ev->data, arena_printf(&b->arena, "k%u", i));

        ck_assert(v != NULL && v->type == V_INT);
        ck_assert_int_eq(value_to_int(v), i);
    }
    buf_fini(&text);
    batch_recycle(&b);
    chain_free(c);
}
END_TEST

/* Over the limit of Jackson: an error, not a number. */
START_TEST(a_number_that_is_too_long)
{
    struct err err = { 0 };
    struct chain *c = chain_new(SLICE("filter { json { source => 'm' target => 't' } }"),
                                ECS_DISABLED, false, &err);
    struct batch *b = batch_new(NULL);
    struct buf text = { 0 };
    struct fieldref m = fieldref_key(&b->arena, SLICE("m"));
    struct fieldref t = fieldref_key(&b->arena, SLICE("t"));

    ck_assert_msg(c != NULL, "%s", err.msg);
    for (unsigned digits = 10000; digits <= 10001; digits++) {
        struct event *ev = chain_event(b, SLICE("{\"m\":\"\"}"));

        buf_clear(&text);
        buf_append(&text, SLICE("[[{\"a\":"));
        for (unsigned i = 0; i < digits; i++)
            buf_byte(&text, '1');
        buf_append(&text, SLICE("}]]"));
        ck_assert_int_eq(event_set_str(ev, &m, buf_slice(&text)), 0);
        chain_run(c, ev);
        ck_assert_int_eq(event_has(ev, &t), digits == 10000);
    }
    buf_fini(&text);
    batch_recycle(&b);
    chain_free(c);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
    tcase_add_test(tc, many_members);
    tcase_add_test(tc, a_number_that_is_too_long);
}

UNIT_MAIN("filter_json")
