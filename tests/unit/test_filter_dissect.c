/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

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
};

START_TEST(events_and_their_fields)
{
    filter_expect("dissect", events[_i].name, events[_i].options, events[_i].event,
                  events[_i].want);
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
    tcase_add_loop_test(tc, configs_that_cannot_work, 0, (int)COUNT(refusals));
}

UNIT_MAIN("filter_dissect")
