/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "pipeline/regex.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

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
    { "a list stops at the first match", "match => { 'm' => ['%{INT:i}', '%{WORD:w}'] }",
      "{\"m\":\"5 x\"}", "{\"m\":\"5 x\",\"i\":\"5\"}" },
    { "a list goes on",
      "match => { 'm' => ['%{INT:i}', 'none', '%{WORD:w}'] } break_on_match => "
      "false add_tag => ok",
      "{\"m\":\"5 x\"}", "{\"m\":\"5 x\",\"i\":\"5\",\"w\":\"5\",\"tags\":[\"ok\"]}" },
    { "of a list that goes on the last decides",
      "match => { 'm' => ['%{INT:i}', 'none'] } break_on_match => false", "{\"m\":\"5 x\"}",
      "{\"m\":\"5 x\",\"i\":\"5\",\"tags\":[\"_grokparsefailure\"]}" },
    { "a definition over the set's",
      "match => { 'm' => '%{INT:i}' } pattern_definitions => { 'INT' "
      "=> '[a-c]+' }",
      "{\"m\":\"5 abc\"}", "{\"m\":\"5 abc\",\"i\":\"abc\"}" },
    { "a definition of definitions",
      "match => { 'm' => '%{PAIR}' } pattern_definitions => { 'PAIR' "
      "=> '%{WORD:k}=%{NUM:v:int}' 'NUM' => '[0-9]+' }",
      "{\"m\":\"a=07\"}", "{\"m\":\"a=07\",\"k\":\"a\",\"v\":7}" },
    { "captures beside what is there, unless overwritten",
      "match => { 'm' => '%{WORD:a} %{WORD:b}' } overwrite => ['b']",
      "{\"m\":\"x y\",\"a\":\"1\",\"b\":\"2\"}",
      "{\"m\":\"x y\",\"a\":[\"1\",\"x\"],\"b\":\"y\"}" },
    { "types", "match => { 'm' => '%{INT:i:int} %{NUMBER:f:float} %{WORD:w:string}' }",
      "{\"m\":\"5 1.50 x\"}", "{\"m\":\"5 1.50 x\",\"i\":5,\"f\":1.5,\"w\":\"x\"}" },
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

/* A list of a hundred thousand texts, all into one field: quadratic work would take minutes. */
START_TEST(many_texts_are_cheap)
{
    struct err err = { 0 };
    struct chain *c = chain_new(SLICE("filter { grok { match => { 'm' => '%{WORD:[a][b]}' } } }"),
                                ECS_DISABLED, false, &err);
    struct batch *b = batch_new(NULL);
    struct buf text = { 0 };
    struct event *ev;
    struct value *list;
    clock_t begin = clock();

    ck_assert_msg(c != NULL, "%s", err.msg);
    buf_printf(&text, "{\"m\":[\"w0\"");
    for (int i = 1; i < 100000; i++)
        buf_printf(&text, ",\"w%d\"", i);
    buf_printf(&text, "]}");
    ev = chain_event(b, buf_slice(&text));
    ck_assert(chain_run(c, ev));
    list = value_get(&b->arena, value_get(&b->arena, &ev->data, SLICE("a")), SLICE("b"));
    ck_assert_uint_eq(value_count(&b->arena, list), 100000);
    ck_assert_slice(value_text(&b->arena, value_at(&b->arena, list, 99999)), SLICE("w99999"));
    ck_assert_int_lt((clock() - begin) / CLOCKS_PER_SEC, 20);
    chain_free(c);
    batch_recycle(&b);
    buf_fini(&text);
}
END_TEST

/* Files of a folder, chosen by name, under the definitions. */
START_TEST(patterns_of_a_folder)
{
    char dir[] = "/tmp/headrig-grok-XXXXXX", path[64];
    struct arena a;
    FILE *f;

    arena_init(&a, NULL);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/own.pat", dir);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs("SHOP [A-Z]{3}-%{INT}\nINT [0-4]+\nWORD [x-z]+\n", f);
    fclose(f);
    filter_expect("grok", "patterns_dir",
                  arena_cstr(&a, arena_printf(&a,
                                              "patterns_dir => '%s' patterns_files_glob => '*.pat' "
                                              "match => { 'm' => '%%{SHOP:s} %%{WORD:w}' } "
                                              "pattern_definitions => { 'WORD' => '[a-c]+' }",
                                              dir)),
                  "{\"m\":\"ABC-1239 xyz ABC-12 abc\"}",
                  "{\"m\":\"ABC-1239 xyz ABC-12 abc\",\"s\":\"ABC-12\",\"w\":\"abc\"}");
    filter_refuses("grok",
                   arena_cstr(&a, arena_printf(&a,
                                               "patterns_dir => '%s' patterns_files_glob => '*.x' "
                                               "match => { 'm' => '%%{SHOP:s}' }",
                                               dir)),
                   "pattern %{SHOP:s} not defined");
    unlink(path);
    rmdir(dir);
    arena_fini(&a);
}
END_TEST

/* A pattern that would take years is left when its time is up. */
START_TEST(time_is_kept)
{
    static const char event[] =
        "{\"m\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}";
    static const char *const options[] = {
        "match => { 'm' => '(?:a|aa)+$' } timeout_millis => 200",
        "match => { 'm' => ['(?:a|aa)+$', '(?:aa|a)+$'] } timeout_millis => 200 timeout_scope => "
        "event",
    };
    struct err err = { 0 };
    struct arena a;
    struct batch *b = batch_new(NULL);
    struct chain *c;
    struct event *ev;
    uint64_t from, took;

    arena_init(&a, NULL);
    c = chain_new(arena_printf(&a, "filter { grok { %s } }", options[_i]), ECS_DISABLED, false,
                  &err);
    ck_assert_msg(c != NULL, "%s", err.msg);
    ev = chain_event(b, slice_of(event));
    from = regex_now_ms();
    ck_assert(chain_run(c, ev));
    took = regex_now_ms() - from;
    ck_assert_slice(value_text(&b->arena,
                               value_at(&b->arena, value_get(&b->arena, &ev->data, SLICE("tags")),
                                        0)),
                    SLICE("_groktimeout"));
    /* Bounds, not measurements: the machine is shared, sanitizers are slow. */
    ck_assert_msg(took < 10000, "%d ms", (int)took);
    chain_free(c);
    batch_recycle(&b);
    arena_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, many_texts_are_cheap);
    tcase_add_test(tc, patterns_of_a_folder);
    tcase_add_loop_test(tc, time_is_kept, 0, 2);
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, a_field_that_becomes_a_list_is_warned_of, 0, (int)COUNT(traps));
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
}

UNIT_MAIN("filter_grok")
