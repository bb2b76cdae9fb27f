/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

START_TEST(cases_of_the_reference)
{
    filter_cases_run("reference/cases/filters/grok.json");
}
END_TEST

/* ---- beyond them ---- */

static const struct {
    const char *name, *options, *event;
    const char *want; /* the event, without @timestamp and @version */
} events[] = {
    { "null is stored for a missing group",
      "match => { 'm' => '(?<a>x)?y' } keep_empty_captures => true", "{\"m\":\"y\"}",
      "{\"m\":\"y\",\"a\":null}" },
    { "an illegal field fails", "match => { 'm' => '%{WORD:[a}' }", "{\"m\":\"x\"}",
      "{\"m\":\"x\",\"tags\":[\"_grokparsefailure\"]}" },
    { "an illegal source fails", "match => { '[m' => '%{WORD:a}' }", "{\"m\":\"x\"}",
      "{\"m\":\"x\",\"tags\":[\"_grokparsefailure\"]}" },
    { "captures before a failure stay", "match => { 'm' => '%{WORD:a} %{WORD:[m][x]}' }",
      "{\"m\":\"x y\"}", "{\"m\":\"x y\",\"a\":\"x\",\"tags\":[\"_grokparsefailure\"]}" },
    { "a list that grows while it is read", "match => { 'm' => '%{WORD:m}' }",
      "{\"m\":[\"x\",\"y\"]}", "{\"m\":[\"x\",\"y\",\"x\",\"y\"]}" },
    { "tags take text", "match => { 'm' => '%{WORD:tags} %{WORD:tags}' }", "{\"m\":\"x y\"}",
      "{\"m\":\"x y\",\"tags\":[\"x\",\"y\"]}" },
    { "the time takes none", "match => { 'm' => '%{WORD:@timestamp}' }", "{\"m\":\"x\"}",
      "{\"m\":\"x\"}" },
    { "a map stays", "match => { 'm' => '%{WORD:a}' }", "{\"m\":\"x\",\"a\":{\"b\":1}}",
      "{\"m\":\"x\",\"a\":{\"b\":1}}" },
    { "overwrite with a target names the semantic",
      "match => { 'm' => '%{WORD:a}' } target => 't' overwrite => ['a']",
      "{\"m\":\"x\",\"t\":{\"a\":5}}", "{\"m\":\"x\",\"t\":{\"a\":\"x\"}}" },
    { "escapes in the text", "match => { 'm' => '%{QS:q} %{GREEDYDATA:r}' }",
      "{\"m\":\"\\\"a\\tb\\\" \\u00e9\\n\"}",
      "{\"m\":\"\\\"a\\tb\\\" \\u00e9\\n\",\"q\":\"\\\"a\\tb\\\"\",\"r\":\"\\u00e9\\n\"}" },
    { "time for the event",
      "match => { 'm' => ['^x$', '(?:a|aa)+$'] } timeout_millis => 50 timeout_scope => event",
      "{\"m\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}",
      "{\"m\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\",\"tags\":[\"_"
      "groktimeout\"]}" },
    { "time for a pattern, a tag of its own",
      "match => { 'm' => '(?:a|aa)+$' } timeout_millis => 50 tag_on_timeout => slow add_tag => no",
      "{\"m\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}",
      "{\"m\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\",\"tags\":["
      "\"slow\"]}" },
    { "a message at Exim's door, with a field that has no name here",
      "match => { 'm' => '%{EXIM}' }",
      "{\"m\":\"2026-01-02 03:04:05 1aBcDe-000123-Ab <= anna@b.example H=mx [192.0.2.1] P=esmtp "
      "X1=y "
      "S=77 for carl@d.example\"}",
      "{\"m\":\"2026-01-02 03:04:05 1aBcDe-000123-Ab <= anna@b.example H=mx [192.0.2.1] P=esmtp "
      "X1=y "
      "S=77 for carl@d.example\",\"timestamp\":\"2026-01-02 03:04:05\",\"exim_year\":\"2026\","
      "\"exim_month\":\"01\",\"exim_day\":\"02\",\"exim_time\":\"03:04:05\","
      "\"exim_msgid\":\"1aBcDe-000123-Ab\",\"exim_flags\":\"<=\",\"exim_sender_email\":"
      "\"anna@b.example\",\"remote_hostname\":\"mx\",\"remote_host\":\"192.0.2.1\",\"protocol\":"
      "\"esmtp\",\"exim_msg_size\":\"77\",\"exim_recipient_email\":\"carl@d.example\"}" },
    { "nonsense that compiles", "match => { 'm' => '(IP:[mysql][slowlog][ip])?%{WORD:a}' }",
      "{\"m\":\"x\"}", "{\"m\":\"x\",\"a\":\"x\"}" },
};

static const struct {
    const char *options, *warning;
} traps[] = {
    { "match => { 'message' => '%{WORD:a} %{GREEDYDATA:message}' }", "a list of the old text" },
    { "match => { 'message' => ['%{WORD:a}', '%{SYSLOGLINE}'] }", "a list of the old text" },
    { "match => { '[a][b]' => '%{WORD:[a][b]}' }", "a list of the old text" },
    { "match => { 'message' => '%{GREEDYDATA:message}' } overwrite => ['message']", NULL },
    { "match => { 'message' => '%{GREEDYDATA:message}' } target => 'x'", NULL },
    { "match => { 'message' => '%{GREEDYDATA:[a][message]}' }", NULL },
};

START_TEST(a_field_that_becomes_a_list_is_warned_of)
{
    filter_warns("grok", traps[_i].options, traps[_i].warning);
}
END_TEST

START_TEST(events_and_their_fields)
{
    filter_expect("grok", events[_i].name, events[_i].options, events[_i].event, events[_i].want);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, a_field_that_becomes_a_list_is_warned_of, 0, (int)COUNT(traps));
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
}

UNIT_MAIN("filter_grok")
