/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

#include <stdio.h>

START_TEST(cases_of_the_reference)
{
    filter_cases_run("reference/cases/filters/dissect.json");
}
END_TEST

/* ---- beyond them ---- */

static const struct {
    const char *name, *options, *event, *want;
} events[] = {
    { "null has failed", "mapping => { 'm' => '%{a}' }", "{\"m\":null}",
      "{\"m\":null,\"tags\":[\"_dissectfailure\"]}" },
    { "a scalar in the way", "mapping => { 'm' => '%{a} %{[m][x]}' }", "{\"m\":\"1 2\"}",
      "{\"m\":\"1 2\",\"a\":\"1\",\"tags\":[\"_dissectfailure\"]}" },
    { "an illegal name", "mapping => { 'm' => '%{[a}' }", "{\"m\":\"1\"}",
      "{\"m\":\"1\",\"tags\":[\"_dissectfailure\"]}" },
    { "conversion after a failure",
      "mapping => { 'm' => '%{a},%{b}' } convert_datatype => { 'm' => 'float' }",
      "{\"m\":\"1.50\"}", "{\"m\":1.50,\"tags\":[\"_dissectfailure\"]}" },
    { "the failure does not stop the next mapping",
      "mapping => { 'm' => '%{a},%{b}' 'o' => '%{c}' } add_tag => 'ok'",
      "{\"m\":\"1\",\"o\":\"2\"}",
      "{\"m\":\"1\",\"o\":\"2\",\"c\":\"2\",\"tags\":[\"_dissectfailure\",\"ok\"]}" },
    { "a mapping sees what the one before found",
      "mapping => { 'm' => '%{a} %{b}' 'a' => '%{c}-%{d}' }", "{\"m\":\"x-y z\"}",
      "{\"m\":\"x-y z\",\"a\":\"x-y\",\"b\":\"z\",\"c\":\"x\",\"d\":\"y\"}" },
    { "an unclosed field is text", "mapping => { 'm' => '%{a} %{b' }", "{\"m\":\"1 %{b\"}",
      "{\"m\":\"1 %{b\",\"a\":\"1\"}" },
    { "escapes come through", "mapping => { 'm' => '%{a},%{b}' }", "{\"m\":\"x\\\"y,\\n\"}",
      "{\"m\":\"x\\\"y,\\n\",\"a\":\"x\\\"y\",\"b\":\"\\n\"}" },
    { "some are there already, one comes twice", "mapping => { 'm' => '%{a} %{b} %{c} %{a} %{m}' }",
      "{\"m\":\"1 2 3 4 5\",\"b\":{\"x\":1},\"c\":\"old\"}",
      "{\"m\":\"5\",\"b\":\"2\",\"c\":\"3\",\"a\":\"4\"}" },
    { "above what came before", "mapping => { 'm' => '%{[a][b]} %{a} %{c}' }", "{\"m\":\"1 2 3\"}",
      "{\"m\":\"1 2 3\",\"a\":\"2\",\"c\":\"3\"}" },
    { "nothing between delimiters", "mapping => { 'm' => 'x%{a},%{b},%{c}' }", "{\"m\":\"x1,,\"}",
      "{\"m\":\"x1,,\",\"a\":\"1\",\"b\":\"\",\"c\":\"\"}" },
    { "characters of several bytes", "mapping => { 'm' => '%{a}\xc3\xa9%{b}' }",
      "{\"m\":\"\xc3\xa8\xc3\xa9\xe2\x82\xac\"}",
      "{\"m\":\"\xc3\xa8\xc3\xa9\xe2\x82\xac\",\"a\":\"\xc3\xa8\",\"b\":\"\xe2\x82\xac\"}" },
};

START_TEST(events_and_their_fields)
{
    filter_expect("dissect", events[_i].name, events[_i].options, events[_i].event,
                  events[_i].want);
}
END_TEST

/* A delimiter at each place of a text, which is looked through in steps. */
START_TEST(fields_of_any_length)
{
    static const char left[] = "0123456789,;:_abcdefghijklmnopqrstuvwxyz";
    static const char right[] = "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210!#$&";

    for (int n = 0; n <= 40; n++) {
        char event[128], want[256];

        snprintf(event, sizeof event, "{\"m\":\"x%.*s-%.*s\"}", n, left, 40 - n, right);
        snprintf(want, sizeof want, "{\"m\":\"x%.*s-%.*s\",\"a\":\"x%.*s\",\"b\":\"%.*s\"}", n,
                 left, 40 - n, right, n, left, 40 - n, right);
        filter_expect("dissect", "any length", "mapping => { 'm' => '%{a}-%{b}' }", event, want);
    }
}
END_TEST

/* More than are looked for at once. */
START_TEST(a_hundred_fields)
{
    struct buf options = { 0 }, event = { 0 }, want = { 0 };

    buf_printf(&options, "mapping => { 'm' => '");
    buf_printf(&event, "{\"f99\":\"old\",\"f2\":\"old\",\"m\":\"");
    buf_printf(&want, "{\"m\":\"");
    for (int i = 0; i < 100; i++) {
        buf_printf(&options, "%%{f%d} ", i);
        buf_printf(&event, "%d ", i);
        buf_printf(&want, "%d ", i);
    }
    buf_printf(&options, "' }");
    buf_printf(&event, "\"}");
    buf_printf(&want, "\"");
    for (int i = 0; i < 100; i++)
        buf_printf(&want, ",\"f%d\":\"%d\"", i, i);
    buf_append(&want, (struct slice){ "}", 2 });
    buf_append(&event, (struct slice){ "", 1 });
    buf_append(&options, (struct slice){ "", 1 });
    filter_expect("dissect", "a hundred", options.p, event.p, want.p);
    buf_fini(&options);
    buf_fini(&event);
    buf_fini(&want);
}
END_TEST

static const struct {
    const char *options, *message;
} refusals[] = {
    { "mapping => { 'm' => 'text' }", "mapping of m: \"text\" has no field" },
    { "mapping => { 'm' => '%{&+a}' }",
      "mapping of m: %{&+a}: a field cannot be appended and indirect" },
    { "mapping => { 'm' => '%{&}' }", "mapping of m: %{&}: a field without a name" },
    { "convert_datatype => { 'm' => 'long' }",
      "convert_datatype of m: long is neither int nor float" },
};

START_TEST(configs_that_cannot_work)
{
    filter_refuses("dissect", refusals[_i].options, refusals[_i].message);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
    tcase_add_test(tc, fields_of_any_length);
    tcase_add_test(tc, a_hundred_fields);
    tcase_add_loop_test(tc, configs_that_cannot_work, 0, (int)COUNT(refusals));
}

UNIT_MAIN("filter_dissect")
