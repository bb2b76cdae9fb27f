/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every filter that needs no file, under events made up to hurt; what they say of values of the
 * wrong type. */
#include "tests/unit/filter_cases.h"
#include "codec/json_write.h"
#include "tests/unit/hostile.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

static const char *const blocks[] = {
    "filter { mutate { rename => { 'v' => '[w][x]' } copy => { '[w][x]' => '[v][y]' } } }",
    "filter { mutate { convert => { 'v' => 'integer' } } }",
    "filter { mutate { convert => { 'v' => 'float' } } }",
    "filter { mutate { convert => { 'v' => 'boolean' } } }",
    "filter { mutate { convert => { 'v' => 'string' } strip => ['v'] } }",
    "filter { mutate { gsub => ['v', '[a-z]', '<\\0>'] } }",
    "filter { mutate { gsub => ['v', '%{v}', '%{v}'] } }",
    "filter { mutate { uppercase => ['v'] capitalize => ['v'] lowercase => ['v'] } }",
    "filter { mutate { split => { 'v' => '' } } }",
    "filter { mutate { split => { 'v' => ' ' } join => { 'v' => ',' } } }",
    "filter { mutate { merge => { 'v' => ['v', 'other'] } } }",
    "filter { mutate { replace => { '[v][a]' => '%{v}' } } }",
    "filter { grok { match => { 'v' => '%{COMBINEDAPACHELOG}' } } }",
    "filter { grok { match => { 'v' => ['%{IPORHOST:a} %{WORD:b}', '%{GREEDYDATA:v}'] } } }",
    "filter { grok { match => { 'v' => ['%{URI:a}', '%{QS:b}', '%{UNIXPATH:c}'] } break_on_match "
    "=> false timeout_millis => 500 } }",
    "filter { grok { match => { 'v' => '(?<a>(?:x|xx)+)+y' } timeout_millis => 100 } }",
    "filter { date { match => ['v', 'ISO8601', 'MMM dd yyyy HH:mm:ss', 'UNIX', 'UNIX_MS', "
    "'TAI64N'] } }",
    "filter { date { match => ['v', 'yyyy', 'E', 'SSSSSSSSS', 'ZZZ'] timezone => '%{v}' } }",
    "filter { kv { source => 'v' } }",
    "filter { kv { source => 'v' target => 'v' recursive => true } }",
    "filter { kv { source => 'v' field_split => '.' value_split => ':' trim_key => 'a' "
    "trim_value => ' ' remove_char_value => ',' allow_duplicate_values => false } }",
    "filter { kv { source => 'v' value_split_pattern => '=|:' field_split_pattern => '[, ]+' "
    "timeout_millis => 500 } }",
    "filter { csv { source => 'v' } }",
    "filter { csv { source => 'v' target => 'v' separator => '.' skip_empty_columns => true } }",
    "filter { csv { source => 'v' columns => ['v', '[v][x]'] convert => { 'v' => 'float' } } }",
    "filter { dissect { mapping => { 'v' => '%{a} %{b->} %{+a}' } } }",
    "filter { dissect { mapping => { 'v' => '%{?v}.%{&v}=%{[v][x]}' } convert_datatype => { 'v' "
    "=> 'int' } } }",
    "filter { throttle { key => '%{v}' after_count => 1 add_tag => 't' max_counters => 5 } }",
    "filter { json { source => 'v' } }",
    "filter { json { source => 'v' target => 't' } }",
    "filter { translate { source => 'v' dictionary => { 'a' => 'b' } } }",
    "filter { translate { source => 'v' exact => false dictionary => { 'aa' => 'b' 'a' => '' } } }",
    "filter { translate { source => 'v' regex => true dictionary => { '(a|b)+$' => 'b' } } }",
    "filter { translate { source => 'v' iterate_on => 'v' dictionary => { 'a' => 'b' } } }",
    "filter { translate { source => 'v' target => 't' iterate_on => 'other' "
    "dictionary => { 'x' => 'y' } } }",
    "filter { fingerprint { source => ['v'] } }",
    "filter { fingerprint { source => ['v', 'other'] concatenate_sources => true method => "
    "'MURMUR3_128' } }",
    "filter { fingerprint { concatenate_all_fields => true method => 'MURMUR3' } }",
    "filter { fingerprint { source => ['v'] method => 'IPV4_NETWORK' key => '8' } }",
    "filter { fingerprint { source => ['v'] method => 'PUNCTUATION' } }",
    "filter { urldecode { field => 'v' } }",
    "filter { urldecode { all_fields => true charset => 'ISO-8859-1' } }",
    "filter { uuid { target => '[v][id]' } }",
    "filter { de_dot { } }",
    "filter { de_dot { recursive => true } }",
    "filter { de_dot { recursive => true nested => true } }",
    "filter { de_dot { fields => ['v'] recursive => true nested => true } }",
    "filter { prune { whitelist_names => ['^v'] whitelist_values => { 'v' => 'a+b' } } }",
    "filter { prune { interpolate => true blacklist_names => ['%{v}'] } }",
    "filter { cidr { address => ['%{v}'] network => ['%{v}', '10.0.0.0/8'] } }",
    "filter { cidr { address_field => 'v' network => ['10.0.0.0/8'] } }",
    "filter { syslog_pri { syslog_pri_field_name => 'v' } }",
    "filter { truncate { length_bytes => 3 } }",
    "filter { clone { clones => ['a', 'b'] } }",
    "filter { split { field => 'v' } }",
    "filter { split { field => 'v' terminator => 'a' target => 't' } }",
    "filter { drop { percentage => 50 } }",
};

START_TEST(filter_survives)
{
    hostile_run(blocks[_i]);
}
END_TEST

/* ---- values of the wrong type ---- */

#define OBJECT "{\"a\":{\"b\":1}}"

/* The event is {"v": value}; what comes out has these tags, or none. */
static const struct {
    const char *filter, *options, *value, *tags;
} tags[] = {
    { "grok", "match => { 'v' => '%{INT:i}' }", "\"\"", "[\"_grokparsefailure\"]" },
    { "grok", "match => { 'v' => '%{INT:i}' }", "null", "[\"_grokparsefailure\"]" },
    { "grok", "match => { 'v' => '%{INT:i}' }", "5", NULL },
    { "grok", "match => { 'v' => 'true' }", "true", NULL },
    { "grok", "match => { 'v' => '%{INT:i}' }", "[]", "[\"_grokparsefailure\"]" },
    { "grok", "match => { 'none' => '%{INT:i}' }", "1", "[\"_grokparsefailure\"]" },
    { "date", "match => ['v', 'ISO8601']", "\"\"", "[\"_dateparsefailure\"]" },
    { "date", "match => ['v', 'ISO8601']", "null", NULL },
    { "date", "match => ['none', 'ISO8601']", "1", NULL },
    { "date", "match => ['v', 'ISO8601']", "2024", "[\"_dateparsefailure\"]" },
    { "date", "match => ['v', 'UNIX']", "2024", NULL },
    { "date", "match => ['v', 'UNIX']", "true", "[\"_dateparsefailure\"]" },
    { "date", "match => ['v', 'UNIX']", "123456789012345678901", "[\"_dateparsefailure\"]" },
    { "date", "match => ['v', 'UNIX']", "[1]", "[\"_dateparsefailure\"]" },
    { "date", "match => ['v', 'UNIX']", OBJECT, "[\"_dateparsefailure\"]" },
    { "json", "source => 'v'", "\"\"", "[\"_jsonparsefailure\"]" },
    { "json", "source => 'v'", "null", NULL },
    { "json", "source => 'v'", "\"{\"", "[\"_jsonparsefailure\"]" },
    { "json", "source => 'v'", "\"[1]\"", "[\"_jsonparsefailure\"]" },
    { "json", "source => 'v' target => 't'", "\"[1]\"", NULL },
    { "kv", "source => 'v'", "5", NULL },
    { "kv", "source => 'v'", "null", NULL },
    { "kv", "source => 'v'", OBJECT, NULL },
    { "kv", "source => 'v'", "\"[=1\"", "[\"_kv_filter_error\"]" },
    { "kv", "source => 'v'", "\"@timestamp=x\"", "[\"_kv_filter_error\"]" },
    { "dissect", "mapping => { 'v' => '%{a} %{b}' }", "\"\"", "[\"_dissectfailure\"]" },
    { "dissect", "mapping => { 'v' => '%{a} %{b}' }", "null", "[\"_dissectfailure\"]" },
    { "dissect", "mapping => { 'none' => '%{a} %{b}' }", "1", NULL },
    { "dissect", "mapping => { 'v' => '%{a}.%{b}' }", "1.5", NULL },
    { "dissect", "convert_datatype => { 'v' => 'int' }", "null",
      "[\"_dataconversionnullvalue_v_int\"]" },
    { "dissect", "convert_datatype => { 'v' => 'int' }", "\"x\"",
      "[\"_dataconversionuncoercible_v_int\"]" },
    { "csv", "source => 'v'", "\"\"", "[\"_csvparsefailure\"]" },
    { "csv", "source => 'v' skip_empty_rows => true", "\"\"", "[\"_csvskippedemptyfield\"]" },
    { "csv", "source => 'v'", "null", NULL },
    { "csv", "source => 'v'", "false", NULL },
    { "csv", "source => 'v'", "5", "[\"_csvparsefailure\"]" },
    { "csv", "source => 'v'", OBJECT, "[\"_csvparsefailure\"]" },
    { "csv", "source => 'v'", "\"a\\\"b\"", "[\"_csvparsefailure\"]" },
    { "mutate", "rename => { 'v' => '@timestamp' }", "\"x\"", "[\"_mutate_error\"]" },
    { "mutate", "convert => { 'v' => 'integer' }", OBJECT, NULL },
    { "mutate", "gsub => ['v', 'a', 'b']", "5", NULL },
    { "mutate", "uppercase => ['v']", OBJECT, NULL },
    { "mutate", "split => { 'v' => ',' }", "5", NULL },
    { "translate", "source => 'v' dictionary => { 'a' => 'b' }", OBJECT, NULL },
    { "translate", "source => 'v' dictionary => { 'a' => 'b' }", "null", NULL },
    { "split", "field => 'v'", "5", "[\"_split_type_failure\"]" },
    { "split", "field => 'v'", OBJECT, "[\"_split_type_failure\"]" },
    { "split", "field => 'none'", "1", "[\"_split_type_failure\"]" },
    { "syslog_pri", "syslog_pri_field_name => 'v'", "\"200\"", "[\"_syslogpriparsefailure\"]" },
};

START_TEST(tags_are_those_of_logstash)
{
    struct arena a;
    struct err err = { 0 };
    struct batch *b = batch_new(NULL);
    struct chain *c;
    struct event *ev;
    struct value *got;
    struct buf text = { 0 };

    arena_init(&a, NULL);
    c = chain_new(arena_printf(&a, "filter { %s { %s } }", tags[_i].filter, tags[_i].options),
                  ECS_DISABLED, false, &err);
    ck_assert_msg(c != NULL, "%s", err.msg);
    ev = chain_event(b, arena_printf(&a, "{\"v\":%s}", tags[_i].value));
    ck_assert(chain_run(c, ev));
    got = value_get(&b->arena, &ev->data, SLICE("tags"));
    if (got != NULL)
        value_write(got, &text);
    ck_assert_msg(slice_eq(buf_slice(&text), slice_of(tags[_i].tags == NULL ? "" : tags[_i].tags)),
                  "%s { %s } of %s: %s", tags[_i].filter, tags[_i].options, tags[_i].value,
                  buf_cstr(&text));
    buf_fini(&text);
    chain_free(c);
    batch_recycle(&b);
    arena_fini(&a);
}
END_TEST

/* ---- texts that JSON cannot write, or of ten megabytes ---- */

#define NOT_UTF8 "a=b\xff c,d e f g"

static const struct {
    const char *filter, *options;
    const char *bad, *big; /* tags of either, NULL: none */
} texts[] = {
    { "grok", "match => { 'v' => '%{INT:i}' }", "_grokparsefailure", "_grokparsefailure" },
    { "grok", "match => { 'v' => 'a' }", "_grokparsefailure", NULL },
    { "grok", "match => { 'v' => '(a|aa)+[^a]' } timeout_millis => 100", "_grokparsefailure",
      "_groktimeout" },
    { "mutate", "gsub => ['v', 'a', 'b']", "_mutate_error", NULL },
    { "mutate", "convert => { 'v' => 'integer' }", "_mutate_error", "_mutate_error" },
    { "mutate", "replace => { 'v' => 'x' }", NULL, NULL },
    { "date", "match => ['v', 'ISO8601']", "_dateparsefailure", "_dateparsefailure" },
    { "date", "match => ['v', 'UNIX', 'TAI64N', 'MMM dd']", "_dateparsefailure",
      "_dateparsefailure" },
    { "json", "source => 'v'", "_jsonparsefailure", "_jsonparsefailure" },
    { "kv", "source => 'v'", "_kv_filter_error", NULL },
    { "dissect", "mapping => { 'v' => '%{a} %{b}' }", NULL, "_dissectfailure" },
    { "csv", "source => 'v'", NULL, NULL },
    { "translate", "source => 'v' dictionary => { 'a' => 'b' }", NULL, NULL },
    { "fingerprint", "source => ['v']", NULL, NULL },
    { "drop", "percentage => 0", NULL, NULL },
};

static void
expect_tag(const char *filter, const char *options, struct slice text, const char *tag)
{
    struct batch *b = batch_new(NULL);
    struct buf got = { 0 }, want = { 0 };
    struct event *ev = chain_event(b, SLICE("{\"v\":null}"));
    struct fieldref at = fieldref_key(&b->arena, SLICE("v"));
    struct err err = { 0 };
    struct chain *c = chain_new(arena_printf(&b->arena, "filter { %s { %s } }", filter, options),
                                ECS_DISABLED, false, &err);
    struct value *found;

    ck_assert_msg(c != NULL, "%s", err.msg);
    ck_assert_int_eq(event_set(ev, &at, value_str(&b->arena, text), NULL), 0);
    ck_assert(chain_run(c, ev));
    found = value_get(&b->arena, &ev->data, SLICE("tags"));
    if (found != NULL)
        value_write(found, &got);
    if (tag != NULL)
        buf_printf(&want, "[\"%s\"]", tag);
    ck_assert_msg(slice_eq(buf_slice(&got), buf_slice(&want)), "%s { %s } of %zu bytes: %s", filter,
                  options, text.n, buf_cstr(&got));
    buf_fini(&got);
    buf_fini(&want);
    chain_free(c);
    batch_recycle(&b);
}

START_TEST(tags_of_odd_texts)
{
    size_t n = (size_t)10 << 20;
    char *big = xmalloc(n);

    memset(big, 'a', n);
    expect_tag(texts[_i].filter, texts[_i].options, SLICE(NOT_UTF8), texts[_i].bad);
    expect_tag(texts[_i].filter, texts[_i].options, (struct slice){ big, n }, texts[_i].big);
    free(big);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, tags_are_those_of_logstash, 0, (int)COUNT(tags));
    tcase_add_loop_test(tc, tags_of_odd_texts, 0, (int)COUNT(texts));
    tcase_add_loop_test(tc, filter_survives, 0, (int)COUNT(blocks));
}

UNIT_MAIN("filters_hostile")
