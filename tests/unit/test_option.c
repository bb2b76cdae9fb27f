/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "codec/codec.h"
#include "codec/template.h"

struct conf {
    struct slice text, secret;
    int64_t whole;
    double real;
    bool flag;
    uint64_t bytes;
    int mode;
    struct fieldref field;
    struct template *line;
    struct opt_list list, uris;
    struct opt_fieldrefs fields;
    struct opt_templates lines;
    struct opt_hash hash;
    struct codec_use codec;
    const struct opt_value *any;
};

static const char *const modes[] = { "on", "off", NULL };

static const struct option rows[] = {
    OPT_STR(struct conf, text, .dflt = "t", .help = "text"),
    OPT_PASSWORD(struct conf, secret, .help = "secret"),
    OPT_INT(struct conf, whole, .dflt = "7", .min = 1, .max = 65535, .help = "whole number"),
    OPT_NUMBER(struct conf, real, .dflt = "0.5", .help = "number"),
    OPT_BOOL(struct conf, flag, .dflt = "true", .help = "flag"),
    OPT_BYTES(struct conf, bytes, .dflt = "1 kib", .help = "bytes"),
    OPT_ENUM(struct conf, mode, .choices = modes, .help = "one of two"),
    OPT_FIELDREF(struct conf, field, .dflt = "[a][b]", .help = "field"),
    OPT_TEMPLATE(struct conf, line, .help = "template"),
    OPT_LIST(struct conf, list, .dflt = "x, y", .help = "list"),
    OPT_URIS(struct conf, uris, .help = "uris"),
    OPT_FIELDREFS(struct conf, fields, .help = "fields"),
    OPT_TEMPLATES(struct conf, lines, .help = "templates"),
    OPT_HASH(struct conf, hash, .help = "hash"),
    OPT_CODEC(struct conf, codec, .help = "codec"),
    OPT_ANY(struct conf, any, .help = "anything"),
    OPT_NOTE("jvm", OPTION_IGNORED, .note = "There is no JVM.", .help = "ignored"),
    OPT_NOTE("soon", OPTION_LATER, .help = "later"),
    OPT_NOTE("never", OPTION_REFUSED, .note = "Write text instead.", .help = "refused"),
    OPT_NOTE("gone", OPTION_OBSOLETE, .note = "Use text.", .help = "obsolete"),
    OPT_END,
};

static struct arena arena;
static struct findings findings;

static void
set_up(void)
{
    arena_init(&arena, NULL);
}

static void
tear_down(void)
{
    findings_fini(&findings);
    arena_fini(&arena);
}

static int
read_block(struct opt_pair *options, size_t n, struct conf *conf)
{
    struct option_reader r = {
        .arena = &arena, .findings = &findings, .plugin_type = "filter", .find_codec = codec_find
    };
    struct opt_plugin block = {
        .name = SLICE("kv"), .pos = { 0, 1, 10 }, .options = options, .n = n
    };

    *conf = (struct conf){ 0 };
    return options_read(&r, &block, rows, conf, NULL, NULL);
}

static struct opt_value
text_value(const char *text)
{
    return (struct opt_value){ .kind = OV_STRING, .pos = { 0, 2, 3 }, .text = slice_of(text) };
}

static struct opt_pair
text_pair(const char *key, const char *text)
{
    return (struct opt_pair){ slice_of(key), { 0, 2, 1 }, text_value(text) };
}

START_TEST(defaults_fill_the_struct)
{
    struct conf c;

    ck_assert_int_eq(read_block(NULL, 0, &c), 0);
    ck_assert_slice(c.text, SLICE("t"));
    ck_assert_ptr_null(c.secret.p);
    ck_assert_int_eq(c.whole, 7);
    ck_assert(c.real > 0.49 && c.real < 0.51);
    ck_assert(c.flag);
    ck_assert_uint_eq(c.bytes, 1024);
    ck_assert_int_eq(c.mode, -1);
    ck_assert_uint_eq(c.field.n, 2);
    ck_assert_ptr_null(c.line);
    ck_assert_uint_eq(c.list.n, 2);
    ck_assert_slice(c.list.at[1], SLICE("y"));
    ck_assert(!c.list.given);
    ck_assert(!c.hash.given);
    ck_assert_ptr_null(c.codec.type);
    ck_assert_ptr_null(c.any);
}
END_TEST

START_TEST(given_values_fill_the_struct)
{
    struct opt_value two[2] = { text_value("a"), text_value("%{b}") };
    struct opt_value both = { .kind = OV_LIST, .list = two, .n = 2 };
    struct opt_pair given[] = {
        text_pair("text", ""),           text_pair("whole", "65535"),
        text_pair("real", "2"),          text_pair("flag", "false"),
        text_pair("bytes", "2.5 kb"),    text_pair("mode", "off"),
        text_pair("field", "c"),         text_pair("line", "%{x}"),
        text_pair("uris", "h:1  i://j"), { SLICE("lines"), { 0, 1, 1 }, both },
        text_pair("codec", "json"),
    };
    struct conf c;

    ck_assert_int_eq(read_block(given, COUNT(given), &c), 0);
    ck_assert(c.text.p != NULL && c.text.n == 0);
    ck_assert_int_eq(c.whole, 65535);
    ck_assert(c.real > 1.9 && !c.flag);
    ck_assert_uint_eq(c.bytes, 2500);
    ck_assert_int_eq(c.mode, 1);
    ck_assert_slice(c.field.text, SLICE("c"));
    ck_assert_slice(template_source(c.line), SLICE("%{x}"));
    ck_assert_uint_eq(c.uris.n, 2);
    ck_assert_slice(c.uris.at[0], SLICE("//h:1"));
    ck_assert_slice(c.uris.at[1], SLICE("i://j"));
    ck_assert_uint_eq(c.lines.n, 2);
    ck_assert(c.lines.given);
    ck_assert_str_eq(c.codec.type->name, "json");
    ck_assert(c.codec.given);
    ck_assert_uint_eq(findings.n, 0);
}
END_TEST

/* One option refused: the reason, as part of Logstash's text. */
static const struct {
    const char *key, *value, *reason;
} refused[] = {
    { "whole", "0", "Expected a number from 1 to 65535, got 0" },
    { "whole", "65536", "Expected a number from 1 to 65535, got 65536" },
    { "whole", "1.5", "Expected a whole number, got 1.5" },
    { "whole", "-0", "Expected number, got \"-0\" (type -0)" },
    { "whole", "99999999999999999999", "(type 99999999999999999999)" },
    { "real", "1e3", "Expected number, got \"1e3\" (type 1e3)" },
    { "flag", "TRUE", "Expected boolean 'true' or 'false', got \"TRUE\"" },
    { "bytes", "-1", "Unparseable filesize: -1." },
    { "bytes", "1 xb", "Unparseable filesize: 1 xb." },
    { "bytes", "9999999999 gb", "Unparseable filesize: 9999999999 gb." },
    { "mode", "ON", "Expected one of [\"on\", \"off\"], got [\"ON\"]" },
    { "field", "[x", "Expected a valid field reference, got `\"[x\"`" },
    { "hash", "x", "This field must contain an even number of items, got 1" },
    { "uris", "http://u:secret@h/{x}", "http://u:xxxxxx@h/{x}" },
};

START_TEST(refused_with_reason_and_place)
{
    struct opt_pair given[] = { text_pair(refused[_i].key, refused[_i].value) };
    struct conf c;

    ck_assert_int_eq(read_block(given, 1, &c), -1);
    ck_assert_uint_eq(findings.errors, 1);
    ck_assert_msg(strstr(findings.at[0].text, refused[_i].reason) != NULL, "%s",
                  findings.at[0].text);
    ck_assert(findings.at[0].entry);
    ck_assert_uint_eq(findings.at[0].pos.line, 2);
    ck_assert_uint_eq(findings.at[0].pos.column, 3);
    ck_assert(strstr(findings_reason(&findings), "Something is wrong with your configuration") !=
              NULL);
}
END_TEST

START_TEST(all_bad_values_in_one_run)
{
    struct opt_pair given[] = { text_pair("whole", "x"), text_pair("text", "ok"),
                                text_pair("flag", "y") };
    struct conf c;

    ck_assert_int_eq(read_block(given, COUNT(given), &c), -1);
    ck_assert_uint_eq(findings.errors, 2);
}
END_TEST

/* Known options that do not simply work. */
static const struct {
    const char *key;
    enum finding_level level;
    const char *text;
} states[] = {
    { "jvm", FINDING_INFO, "has no effect here. There is no JVM." },
    { "soon", FINDING_WARN, "has no effect yet" },
    { "never", FINDING_ERROR, "is not supported. Write text instead." },
    { "gone", FINDING_ERROR,
      "(ConfigurationError) The setting `gone` in plugin `kv` is obsolete and is no longer "
      "available. Use text." },
};

START_TEST(states_of_options)
{
    struct opt_pair given[] = { text_pair(states[_i].key, "x") };
    struct conf c;

    ck_assert_int_eq(read_block(given, 1, &c), states[_i].level == FINDING_ERROR ? -1 : 0);
    ck_assert_uint_eq(findings.n, 1);
    ck_assert_int_eq(findings.at[0].level, states[_i].level);
    ck_assert_msg(strstr(findings.at[0].text, states[_i].text) != NULL, "%s", findings.at[0].text);
}
END_TEST

START_TEST(the_nearest_name_is_offered)
{
    struct opt_pair given[] = { text_pair("fiels", "x"), text_pair("zzzzzzzzz", "x") };
    struct conf c;

    ck_assert_int_eq(read_block(given, COUNT(given), &c), -1);
    ck_assert_str_eq(findings.at[0].text, "Unknown setting 'fiels' for kv");
    ck_assert_str_eq(findings.at[0].hint, "did you mean `field`?");
    ck_assert_ptr_null(findings.at[1].hint);
}
END_TEST

START_TEST(a_template_that_cannot_work_is_refused_at_its_place)
{
    struct opt_pair given[] = { text_pair("line", "%{+epoch}") };
    struct conf c;

    ck_assert_int_eq(read_block(given, 1, &c), -1);
    ck_assert(strstr(findings.at[0].text, "%{+epoch}") != NULL);
    ck_assert_uint_eq(findings.at[0].pos.column, 3);
}
END_TEST

START_TEST(unknown_codecs_are_named)
{
    struct opt_pair given[] = { text_pair("codec", "nope") };
    struct conf c;

    ck_assert_int_eq(read_block(given, 1, &c), -1);
    ck_assert(strstr(findings.at[0].text,
                     "(PluginLoadingError) Couldn't find any codec plugin named 'nope'") != NULL);
}
END_TEST

START_TEST(findings_are_bounded_and_counted)
{
    for (int i = 0; i < FINDINGS_MAX; i++)
        findings_add(&findings, FINDING_WARN, (struct config_pos){ 0 }, NULL, "w%d", i);
    ck_assert_uint_lt(findings.n, FINDINGS_MAX); /* warnings leave room for errors */
    ck_assert_ptr_null(findings_reason(&findings));
    for (int i = 0; i < FINDINGS_MAX; i++)
        findings_add(&findings, FINDING_ERROR, (struct config_pos){ 0 }, NULL, "e%d", i);
    ck_assert_str_eq(findings_reason(&findings), "e0");
    ck_assert_uint_eq(findings.n, FINDINGS_MAX);
    ck_assert_uint_eq(findings.dropped, FINDINGS_MAX);
    ck_assert_uint_eq(findings.errors, FINDINGS_MAX);
}
END_TEST

/* Values as Ruby's inspect shows them. */
static const struct {
    struct slice text;
    const char *want;
} texts[] = {
    { SLICE_INIT("a\"b\\c"), "\"a\\\"b\\\\c\"" },
    { SLICE_INIT("\n\t\r\033\001"), "\"\\n\\t\\r\\e\\u0001\"" },
    { SLICE_INIT("#{x} #y #$z"), "\"\\#{x} #y \\#$z\"" },
    { SLICE_INIT("\xc3\xa9"), "\"\xc3\xa9\"" },
    { SLICE_INIT("\0"), "\"\\u0000\"" },
};

START_TEST(texts_are_shown_as_ruby_does)
{
    struct opt_value v = { .kind = OV_STRING, .text = texts[_i].text };
    struct buf out = { 0 };

    opt_value_print(&v, &out);
    ck_assert_slice(buf_slice(&out), slice_of(texts[_i].want));
    buf_fini(&out);
}
END_TEST

static const struct {
    const char *uri, *shown;
} uris[] = {
    { "http://u:p@h:9200/x", "http://u:xxxxxx@h:9200/x" },
    { "//u:p@h", "//u:xxxxxx@h" },
    { "http://u@h:1", "http://u@h:1" },
    { "http://h/a:b@c", "http://h/a:b@c" },
    { "http://u:p@q@h", "http://u:xxxxxx@h" },
    { "http://u:@h", "http://u:xxxxxx@h" },
};

START_TEST(passwords_in_uris_are_hidden)
{
    struct buf out = { 0 };

    option_uri_print(slice_of(uris[_i].uri), &out);
    ck_assert_slice(buf_slice(&out), slice_of(uris[_i].shown));
    buf_fini(&out);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, defaults_fill_the_struct);
    tcase_add_test(tc, given_values_fill_the_struct);
    tcase_add_loop_test(tc, refused_with_reason_and_place, 0, (int)COUNT(refused));
    tcase_add_test(tc, all_bad_values_in_one_run);
    tcase_add_loop_test(tc, states_of_options, 0, (int)COUNT(states));
    tcase_add_test(tc, the_nearest_name_is_offered);
    tcase_add_test(tc, a_template_that_cannot_work_is_refused_at_its_place);
    tcase_add_test(tc, unknown_codecs_are_named);
    tcase_add_test(tc, findings_are_bounded_and_counted);
    tcase_add_loop_test(tc, texts_are_shown_as_ruby_does, 0, (int)COUNT(texts));
    tcase_add_loop_test(tc, passwords_in_uris_are_hidden, 0, (int)COUNT(uris));
}

UNIT_MAIN("option")
