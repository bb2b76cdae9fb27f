/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "pipeline/config_check.h"
#include "pipeline/config_print.h"

/* What a person reads for a text: the whole of it. */
static const struct {
    const char *name, *text, *shown;
} shown[] = {
    { "one error with its caret", "input {\n\ttcp { port = 1 }\n}\n",
      "a.conf:2:13: error: Expected one of [ \\t\\r\\n], \"#\", \"=>\" at line 2, column 13 (byte "
      "21) after input {\n\ttcp { port \n"
      "     2 | \ttcp { port = 1 }\n"
      "       | \t           ^\n"
      "       = options are written with =>\n\n" },
    { "the caret counts characters", "filter { kv { \u00e9 => 1 } }",
      "a.conf:1:15: error: Expected one of [ \\t\\r\\n], \"#\", [A-Za-z0-9_-], '\"', \"'\", \"}\" "
      "at "
      "line 1, column 15 (byte 15) after filter { kv { \n"
      "     1 | filter { kv { \u00e9 => 1 } }\n"
      "       |               ^\n"
      "       = the character here is U+00E9, which stands only in strings and comments\n\n" },
    { "findings stand in the order of the text",
      "filter {\n if [b] in [\"x\"] { }\n kv { a => 010 }\n if [a] { } else if [a] { }\n}",
      "a.conf:2:12: warning: A list of one member is a field reference in Logstash: `in [\"x\"]` "
      "asks for a field of that name and is false when there is none\n"
      "     2 |  if [b] in [\"x\"] { }\n"
      "       |            ^\n"
      "       = write `==`, or a list of two: [\"a\", \"a\"]\n\n"
      "a.conf:3:12: warning: A leading zero means octal: 010 is 8\n"
      "     3 |  kv { a => 010 }\n"
      "       |            ^\n"
      "       = write the number without the leading zero, or in quotes\n\n"
      "a.conf:4:13: warning: This branch is never reached: line 4 asks the same\n"
      "     4 |  if [a] { } else if [a] { }\n"
      "       |             ^\n\n" },
};

static struct findings
check(const struct config_source *source)
{
    struct findings f = { 0 };
    struct config *c = config_parse(source, 1, false, &f);

    if (c != NULL)
        config_check(c, &f);
    config_free(&c);
    return f;
}

START_TEST(as_a_person_reads_it)
{
    struct config_source source = { "a.conf", slice_of(shown[_i].text) };
    struct config_print p = { .sources = &source, .sources_n = 1 };
    struct findings f = check(&source);
    struct buf out = { 0 };

    config_print_text(&p, &f, &out);
    ck_assert_slice(buf_slice(&out), slice_of(shown[_i].shown));
    buf_fini(&out);
    findings_fini(&f);
}
END_TEST

START_TEST(as_a_machine_reads_it)
{
    struct config_source source = { "a.conf", SLICE("filter { \"\001") };
    struct config_print p = { .sources = &source, .sources_n = 1 };
    struct findings f = check(&source);
    struct buf out = { 0 };

    config_print_json(&p, &f, &out);
    ck_assert_slice(
        buf_slice(&out),
        SLICE(
            "{\"findings\":[{\"level\":\"error\",\"file\":\"a.conf\",\"line\":1,\"column\":12,"
            "\"message\":\"Expected one of '\\\\\\\"', any character, '\\\"' at line 1, column 12 "
            "(byte 12) after filter { \\\"\\u0001\",\"hint\":\"a quote is not closed; a string "
            "cannot end in a backslash, since \\\\\\\" and \\\\' never close it\",\"source\":"
            "\"filter { \\\"\\u0001\"}],\"errors\":1,\"dropped\":0}\n"));
    buf_fini(&out);
    findings_fini(&f);
}
END_TEST

START_TEST(a_long_line_is_cut_around_the_place)
{
    struct buf text = { 0 }, out = { 0 };
    struct config_source source = { "a.conf", { 0 } };
    struct config_print p = { .sources = &source, .sources_n = 1, .colors = true };
    struct findings f;
    const char *caret, *brace;

    buf_append(&text, SLICE("filter { "));
    for (int i = 0; i < 10000; i++)
        buf_append(&text, SLICE("kv { } "));
    buf_append(&text, SLICE("kv ; "));
    for (int i = 0; i < 10000; i++)
        buf_append(&text, SLICE("kv { } "));
    source.text = buf_slice(&text);
    f = check(&source);
    config_print_text(&p, &f, &out);
    ck_assert_uint_lt(out.n, 18000); /* the context of the message is the larger part */
    caret = strrchr(buf_cstr(&out), '^');
    brace = strrchr(buf_cstr(&out), ';');
    ck_assert(caret != NULL && brace != NULL && caret > brace);
    ck_assert(strstr(buf_cstr(&out), "...") != NULL);
    buf_fini(&text);
    buf_fini(&out);
    findings_fini(&f);
}
END_TEST

START_TEST(levels_can_be_left_out)
{
    struct config_source source = { "a.conf", SLICE("filter { kv { a => 010 } }") };
    struct config_print p = { .sources = &source, .sources_n = 1, .least = FINDING_ERROR };
    struct findings f = check(&source);
    struct buf out = { 0 };

    ck_assert_uint_eq(f.n, 1);
    config_print_text(&p, &f, &out);
    ck_assert_uint_eq(out.n, 0);
    findings_fini(&f);
}
END_TEST

/* Hints beside syntax errors. */
static const struct {
    const char *text, *hint;
} hints[] = {
    { "filter { kv { a => 1, b => 2 } }", "without commas" },
    { "filter { kv { a => { \"b\": 1 } } }", "written with =>" },
    { "filter { if [a] = 1 { } }", "to compare, write ==" },
    { "filter { if [a] AND [b] { } }", "in lower case" },
    { "filter { if [a] && [b] { } }", "in lower case" },
    { "filter { if [a] { } elsif [b] { } }", "write else if" },
    { "filter { if not [a] { } }", "write !([field])" },
    { "filter { if aa == 1 { } }", "fields stand in brackets" },
    { "filters { kv { } }", "did you mean `filter`?" },
    { "imput { kv { } }", "did you mean `input`?" },
    { "input { a {} } ouptut { }", "did you mean `output`?" },
    { "filter { kv { a => \"C:\\\" } }", "cannot end in a backslash" },
};

START_TEST(syntax_errors_have_hints)
{
    struct config_source source = { "a.conf", slice_of(hints[_i].text) };
    struct findings f = check(&source);

    ck_assert_uint_eq(f.errors, 1);
    ck_assert_msg(f.at[0].hint != NULL && strstr(f.at[0].hint, hints[_i].hint) != NULL, "%s: %s",
                  hints[_i].text, f.at[0].hint != NULL ? f.at[0].hint : "none");
    findings_fini(&f);
}
END_TEST

/* Traps that need the finished tree. NULL: nothing to warn of. */
static const struct {
    const char *text, *warning;
} lint[] = {
    { "filter { mutate { replace => { \"a\" => \"1\" } rename => { \"a\" => \"b\" } } }",
      "mutate runs `rename` before `replace`" },
    { "filter { mutate { uppercase => [\"b\"] rename => { \"a\" => \"b\" } } }",
      "mutate runs `rename` before `uppercase`" },
    { "filter { mutate { lowercase => \"[a]\" gsub => [\"a\", \"x\", \"y\"] } }",
      "mutate runs `gsub` before `lowercase`" },
    { "filter { mutate { rename => { \"a\" => \"b\" } replace => { \"b\" => \"1\" } } }", NULL },
    { "filter { mutate { lowercase => \"a\" gsub => [\"b\", \"a\", \"y\"] } }", NULL },
    { "filter { if \"a\" { } }", "The condition is a constant" },
    { "filter { if [a] { } else { if [b] { } else if [a] == 1 { } else if [b] { } } }",
      "This branch is never reached" },
    { "filter { if [a] in [\"x\", \"y\"] { } else if [a] in [\"x\", \"z\"] { } }", NULL },
    { "filter { if [a] and [b] and [c] or [d] { } }", "Logstash groups" },
    { "filter { if [a] and [b] or [c] and [d] { } }", NULL },
    { "filter { if ([a] and [b] and [c]) or [d] { } }", NULL },
    { "filter { kv { a => { \"k\" => 1 'k' => 2 } } }", "is written twice, in different quotes" },
    { "output { if [a] { } else { if [b] { if [] { } } } }", "The condition is a constant" },
    /* mutate: the common options come last */
    { "filter { mutate { add_field => { \"n\" => \"1\" } convert => { \"n\" => \"integer\" } } }",
      "mutate runs `convert` before `add_field`" },
    { "filter { mutate { remove_field => [\"n\"] copy => { \"n\" => \"m\" } } }",
      "mutate runs `copy` before `remove_field`" },
    { "filter { mutate { copy => { \"n\" => \"m\" } remove_field => [\"n\"] } }", NULL },
    /* conditions */
    { "filter { if [a] != \"x\" or [a] != \"y\" { } }", "This is always true: [a]" },
    { "filter { if [a] == 1 and [b] and [a] == 2 { } }", "This is never true: [a]" },
    { "filter { if [a] != \"x\" or [b] != \"y\" { } }", NULL },
    { "filter { if [a] == \"x\" or [a] == \"y\" { } }", NULL },
    { "filter { if [a] != \"x\" and [a] != \"y\" { } }", NULL },
    { "filter { if \"a\" in [\"a\", \"b\"] { } }", "Between two constants `in`" },
    { "filter { if [a] == \"say \\\"no\\\"\" { } }", "The backslash in front of a quote" },
    { "filter { if [a] in ['x', 'it\\'s'] { } }", "The backslash in front of a quote" },
    { "filter { if [a] == \"x-${ENV:y}\" { } }", "In a condition a variable is replaced only" },
    { "filter { if [a] == \"${ENV:y}\" { } }", NULL },
    /* options given twice */
    { "input { stdin { type => \"x\" type => \"x\" } }",
      "they count as one only while they are equal" },
    { "filter { kv { add_tag => \"a\" add_tag => [\"b\"] } }",
      "this whole list becomes one member" },
    { "filter { kv { add_tag => [\"a\"] add_tag => \"b\" } }", NULL },
    /* date patterns */
    { "output { file { path => \"/a/%{+yyyy.MM.DD}\" } }", "DD counts the days of the year" },
    { "output { file { path => \"/a/%{+YYYY.ww}\" } }", "is not the year of the week" },
    { "output { file { path => \"/a/%{+xxxx.ww}/%{+yyyy.DDD}/%{+YYYY.MM.dd}\" } }", NULL },
    { "output { file { path => \"/a/%{{YYYY-MM-dd}}\" } }", "YYYY is the year of the week here" },
    { "output { file { path => \"/a/%{{yyyy-MM-dd}}\" } }", NULL },
    { "filter { date { match => [\"t\", \"yyyy-mm-dd\"] } }", "mm are minutes" },
    { "filter { date { match => [\"t\", \"yyyy-MM-dd HH:MM:ss\"] } }", "MM are months" },
    { "filter { date { match => [\"t\", \"ISO8601\", \"dd/MMM/yyyy hh:mm\"] } }",
      "hh are hours from 1 to 12" },
    { "filter { date { match => [\"t\", \"MMM d hh:mm a\", \"yyyy 'o''clock' MM dd\"] } }", NULL },
    /* texts */
    { "filter { kv { add_field => { \"x\" => \"%{name\" } } }", "a placeholder without an end" },
    { "filter { kv { prefix => \"100%{\" } }", NULL },
    { "filter { csv { separator => \"\\t\" } }", "a backslash and a letter" },
    { "filter { kv { field_split => \"\\t\" } }", NULL },
    { "input { stdin { codec => line { delimiter => \"\\r\\n\" } } }", "a backslash and a letter" },
    { "filter { kv { remove_field => \"a, b\" } }", "one name with a comma in it" },
    { "output { elasticsearch { index => \"Logs-%{[Host][Name]}\" } }", "with capital letters" },
    { "output { elasticsearch { index => \"logs-%{[Host][Name]}-%{+YYYY.MM.dd}\" } }", NULL },
};

START_TEST(traps_of_the_tree_are_warned_of)
{
    struct config_source source = { "a.conf", slice_of(lint[_i].text) };
    struct findings f = check(&source);

    ck_assert_uint_eq(f.errors, 0);
    ck_assert_msg(f.n == (lint[_i].warning != NULL), "%s: %zu", lint[_i].text, f.n);
    if (f.n > 0) {
        ck_assert_int_eq(f.at[0].level, FINDING_WARN);
        ck_assert_msg(strstr(f.at[0].text, lint[_i].warning) != NULL, "%s", f.at[0].text);
        ck_assert_uint_gt(f.at[0].pos.column, 1);
        ck_assert(f.at[0].hint != NULL || strstr(f.at[0].text, "never reached") != NULL);
    }
    findings_fini(&f);
}
END_TEST

/* It goes to the log of a run, too. */
START_TEST(a_warning_does_not_repeat_a_password)
{
    struct config_source source = {
        "a.conf", SLICE_INIT("output { elasticsearch { password => \"hush%{hush\" } }")
    };
    struct findings f = check(&source);

    ck_assert_uint_eq(f.n, 1);
    ck_assert_uint_eq(f.at[0].pos.column, 38);
    ck_assert_msg(strstr(f.at[0].text, "hush") == NULL, "%s", f.at[0].text);
    findings_fini(&f);
}
END_TEST

START_TEST(files_whose_numbers_differ_in_length)
{
    static const struct config_source sources[] = { { "/c/10-b.conf", SLICE_INIT("") },
                                                    { "/c/2-a.conf", SLICE_INIT("") } };
    struct findings f = { 0 };
    struct config *c = config_parse(sources, 2, false, &f);

    config_check(c, &f);
    ck_assert_uint_eq(f.n, 1);
    ck_assert(strstr(f.at[0].text, "/c/2-a.conf comes behind /c/10-b.conf") != NULL);
    ck_assert_uint_eq(f.at[0].pos.file, 1);
    ck_assert_str_eq(f.at[0].hint, "give the numbers the same length: 09, 10");
    config_free(&c);
    findings_fini(&f);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, as_a_person_reads_it, 0, (int)COUNT(shown));
    tcase_add_test(tc, as_a_machine_reads_it);
    tcase_add_test(tc, a_long_line_is_cut_around_the_place);
    tcase_add_test(tc, levels_can_be_left_out);
    tcase_add_loop_test(tc, syntax_errors_have_hints, 0, (int)COUNT(hints));
    tcase_add_loop_test(tc, traps_of_the_tree_are_warned_of, 0, (int)COUNT(lint));
    tcase_add_test(tc, a_warning_does_not_repeat_a_password);
    tcase_add_test(tc, files_whose_numbers_differ_in_length);
}

UNIT_MAIN("config_print")
