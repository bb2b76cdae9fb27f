/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

START_TEST(cases_of_the_reference)
{
    filter_cases_run("reference/cases/filters/csv.json");
}
END_TEST

/* ---- beyond them ---- */

static const struct {
    const char *name, *options, *event, *want;
} events[] = {
    { "an empty text may be skipped", "skip_empty_rows => true add_tag => 'ok'",
      "{\"message\":\"\"}", "{\"message\":\"\",\"tags\":[\"_csvskippedemptyfield\"]}" },
    { "a quote of two bytes, doubled", "quote_char => '\xc2\xab'",
      "{\"message\":\"\xc2\xab"
      "a\xc2\xab\xc2\xab,b\xc2\xab,c\"}",
      "{\"message\":\"\xc2\xab"
      "a\xc2\xab\xc2\xab,b\xc2\xab,c\",\"column1\":\"a\xc2\xab,b\",\"column2\":\"c\"}" },
    { "doubled quotes only", "", "{\"message\":\"\\\"\\\"\\\"\\\",\\\"\\\"\\\"\\\"\\\"\\\"\"}",
      "{\"message\":\"\\\"\\\"\\\"\\\",\\\"\\\"\\\"\\\"\\\"\\\"\",\"column1\":\"\\\"\",\"column2\":"
      "\"\\\"\\\"\"}" },
    { "a column that is no reference", "columns => ['a', '[b']", "{\"message\":\"1,2\"}",
      "{\"message\":\"1,2\",\"a\":\"1\",\"tags\":[\"_csvparsefailure\"]}" },
    { "times of all shapes",
      "columns => ['a','b','c','d'] convert => { 'a' => 'date_time' 'b' => 'date_time' 'c' => "
      "'date_time' 'd' => 'date_time' }",
      "{\"message\":\"2024-01-02,2024-01-02T03:04,2024-01-02 03:04:05.5-05:30,2024-02-30\"}",
      "{\"message\":\"2024-01-02,2024-01-02T03:04,2024-01-02 "
      "03:04:05.5-05:30,2024-02-30\",\"a\":\"2024-01-02T00:00:00.000Z\",\"b\":\"2024-01-02T03:04:"
      "00.000Z\",\"c\":\"2024-01-02T08:34:05.500Z\",\"d\":\"2024-02-30\"}" },
    { "a null name of a detected column", "columns => []", "{\"message\":\"1\"}",
      "{\"message\":\"1\",\"column1\":\"1\"}" },
    { "a big integer", "convert => { 'column1' => 'integer' }",
      "{\"message\":\"123456789012345678901\"}",
      "{\"message\":\"123456789012345678901\",\"column1\":123456789012345678901}" },
    { "the header is dropped", "columns => ['a'] skip_header => true", "{\"message\":\"a\"}",
      NULL },
};

START_TEST(events_and_their_fields)
{
    filter_expect("csv", events[_i].name, events[_i].options, events[_i].event, events[_i].want);
}
END_TEST

START_TEST(first_record_names_the_columns)
{
    struct err err = { 0 };
    struct chain *c = chain_new(SLICE("filter { csv { autodetect_column_names => true } }"),
                                ECS_DISABLED, false, &err);
    struct batch *b = batch_new(NULL);
    struct fieldref at = fieldref_key(&b->arena, SLICE("x y")),
                    second = fieldref_key(&b->arena, SLICE("column2"));
    struct event *ev;

    ck_assert_msg(c != NULL, "%s", err.msg);
    ck_assert(!chain_run(c, chain_event(b, SLICE("{\"message\":\"x y,\"}"))));
    ev = chain_event(b, SLICE("{\"message\":\"1,2\"}"));
    ck_assert(chain_run(c, ev));
    ck_assert_slice(value_text(&b->arena, event_get(ev, &at)), SLICE("1"));
    ck_assert_slice(value_text(&b->arena, event_get(ev, &second)), SLICE("2"));
    chain_free(c);
    batch_recycle(&b);
}
END_TEST

START_TEST(a_row_has_a_limit)
{
    struct err err = { 0 };
    struct chain *c = chain_new(SLICE("filter { csv { } }"), ECS_DISABLED, false, &err);
    struct batch *b = batch_new(NULL);
    struct buf text = { 0 };
    struct fieldref tags = fieldref_key(&b->arena, SLICE("tags"));
    struct event *ev;

    buf_printf(&text, "{\"message\":\"");
    for (int i = 0; i < 100000; i++)
        buf_byte(&text, ',');
    buf_printf(&text, "\"}");
    ev = chain_event(b, buf_slice(&text));
    ck_assert(chain_run(c, ev));
    ck_assert_ptr_nonnull(event_get(ev, &tags));
    buf_fini(&text);
    chain_free(c);
    batch_recycle(&b);
}
END_TEST

static const struct {
    const char *options, *message;
} refusals[] = {
    { "separator => ''", "separator must not be empty" },
    { "quote_char => '\"\"'", "quote_char \"\"\"\" is more than one character" },
    { "convert => { 'a' => 'int' }",
      "convert of a: \"int\" is none of integer, float, date, date_time, boolean" },
};

START_TEST(configs_that_cannot_work)
{
    filter_refuses("csv", refusals[_i].options, refusals[_i].message);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
    tcase_add_test(tc, first_record_names_the_columns);
    tcase_add_test(tc, a_row_has_a_limit);
    tcase_add_loop_test(tc, configs_that_cannot_work, 0, (int)COUNT(refusals));
}

UNIT_MAIN("filter_csv")
