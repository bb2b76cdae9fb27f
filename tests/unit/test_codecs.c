/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"
#include "tests/unit/log_lines.h"

#include "codec/codec.h"
#include "codec/json_write.h"
#include "codec/template.h"
#include "codec/text_codec.h"

#include <stdio.h>

static struct arena arena;
static struct plugin_context ctx;

static void
set_up(void)
{
    static const struct log log = { .logger = "test" };

    arena_init(&arena, NULL);
    ctx = (struct plugin_context){ .arena = &arena, .log = &log };
    log_lines_start();
}

static void
tear_down(void)
{
    log_lines_stop();
    arena_fini(&arena);
}

static int
charset_of(const char *name)
{
    int i = 0;

    while (charset_names[i] != NULL && strcmp(charset_names[i], name) != 0)
        i++;
    ck_assert_ptr_nonnull(charset_names[i]);
    return i;
}

/* The options as their defaults are. */
static struct text_conf
conf_of(const char *charset, bool ecs)
{
    return (struct text_conf){ .charset = charset_of(charset),
                               .ecs_compatibility = ecs ? ECS_V8 : ECS_DISABLED,
                               .delimiter = SLICE("\n") };
}

static const struct codec_type *
prepared(const char *name, struct text_conf *c)
{
    const struct codec_type *type = codec_find(slice_of(name));
    struct err err = { 0 };

    ck_assert_ptr_nonnull(type);
    ck_assert_msg(type->prepare(c, &ctx, &err) == 0, "%s", err.msg);
    return type;
}

/* Events as JSON without @timestamp and @version, one a line. */
static void
print_events(struct batch *b, struct buf *out)
{
    for (uint32_t i = 0; i < b->n; i++) {
        struct event *ev = b->events[i];
        struct timestamp t;

        ck_assert(event_timestamp(ev, &t));
        value_remove_key(&b->arena, &ev->data, SLICE("@timestamp"));
        value_remove_key(&b->arena, &ev->data, SLICE("@version"));
        ev->data.flags |= V_CHANGED;
        value_write(&ev->data, out);
        buf_byte(out, '\n');
    }
}

static const struct timestamp noon = { 1704196800, 0 };

static const struct {
    const char *name;
    const char *codec;
    const char *charset;
    bool ecs;
    struct slice in;
    const char *want; /* NULL: no event */
    const char *log;
} decodings[] = {
    { "plain", "plain", "UTF-8", false, SLICE_INIT("a b\r\n"), "{\"message\":\"a b\\r\\n\"}\n",
      "" },
    { "plain keeps the text", "plain", "UTF-8", true, SLICE_INIT("a"),
      "{\"message\":\"a\",\"event\":{\"original\":\"a\"}}\n", "" },
    { "an empty message is an event", "plain", "UTF-8", false, SLICE_INIT(""),
      "{\"message\":\"\"}\n", "" },
    { "a byte order mark stays", "plain", "UTF-8", false, SLICE_INIT("\xEF\xBB\xBFx"),
      "{\"message\":\"\xEF\xBB\xBFx\"}\n", "" },
    { "not UTF-8: the literal of all of it", "plain", "UTF-8", false,
      SLICE_INIT("\xC3\xA9 \"q\" \\ #{x} \xFF\xE2\x82\n"),
      "{\"message\":\"\xC3\xA9 \\\\\\\"q\\\\\\\" \\\\\\\\ \\\\#{x} \\\\xFF\\\\xE2\\\\x82\\\\n\"}\n",
      "WARN Received an event that has a different character encoding than you configured.\n" },
    { "ISO-8859-1", "plain", "ISO-8859-1", false, SLICE_INIT("caf\xE9"),
      "{\"message\":\"caf\xC3\xA9\"}\n", "" },
    { "Windows-1252 has holes", "plain", "Windows-1252", false, SLICE_INIT("\x80\x81."),
      "{\"message\":\"\xE2\x82\xAC\xEF\xBF\xBD.\"}\n", "" },
    { "Shift_JIS, cut", "plain", "Shift_JIS", false, SLICE_INIT("\x93\xFA\x96"),
      "{\"message\":\"\xE6\x97\xA5\xEF\xBF\xBD\"}\n", "" },
    { "BINARY", "plain", "BINARY", false, SLICE_INIT("a\xC3\xA9"),
      "{\"message\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\"}\n", "" },
    { "US-ASCII", "plain", "US-ASCII", false, SLICE_INIT("a\xE9z"),
      "{\"message\":\"a\xEF\xBF\xBDz\"}\n", "" },
    { "line", "line", "UTF-8", false, SLICE_INIT("a\r\n\nb\nrest"),
      "{\"message\":\"a\\r\"}\n{\"message\":\"\"}\n{\"message\":\"b\"}\n{\"message\":\"rest\"}\n",
      "" },
    { "line without a rest", "line", "UTF-8", false, SLICE_INIT("a\n"), "{\"message\":\"a\"}\n",
      "" },
    { "line keeps the text", "line", "UTF-8", true, SLICE_INIT("a\n"),
      "{\"message\":\"a\",\"event\":{\"original\":\"a\"}}\n", "" },
    { "json object", "json", "UTF-8", false, SLICE_INIT("{\"a\":1} x"), "{\"a\":1}\n", "" },
    { "json keeps the text", "json", "UTF-8", true, SLICE_INIT("{\"a\":1}"),
      "{\"a\":1,\"event\":{\"original\":\"{\\\"a\\\":1}\"}}\n", "" },
    { "json: the event has it already", "json", "UTF-8", true,
      SLICE_INIT("{\"event\":{\"original\":\"o\"}}"), "{\"event\":{\"original\":\"o\"}}\n", "" },
    { "json: event is a text", "json", "UTF-8", true, SLICE_INIT("{\"event\":\"e\"}"),
      "{\"event\":\"e\"}\n", "" },
    { "json list", "json", "UTF-8", true, SLICE_INIT("[{\"a\":1},{\"a\":2}]"),
      "{\"a\":1}\n{\"a\":2}\n", "" },
    { "json list: equal keys in a member", "json", "UTF-8", false,
      SLICE_INIT("[{\"a\":0,\"b\":{\"c\":1,\"c\":2}},{\"a\":1,\"x\":0,\"\\u0061\":2}]"),
      "{\"a\":0,\"b\":{\"c\":1,\"c\":2}}\n{\"x\":0,\"\\u0061\":2}\n", "" },
    { "json list of one", "json", "UTF-8", true, SLICE_INIT("[{}]"),
      "{\"event\":{\"original\":\"[{}]\"}}\n", "" },
    { "json: nothing", "json", "UTF-8", true, SLICE_INIT(" \n"), NULL, "" },
    { "json: empty list", "json", "UTF-8", true, SLICE_INIT("[]"), NULL, "" },
    { "json: a number", "json", "UTF-8", true, SLICE_INIT("5"),
      "{\"message\":\"5\",\"tags\":[\"_jsonparsefailure\"]}\n",
      "ERROR JSON parse error, original data now in message field\n" },
    { "json: a list with a number", "json", "UTF-8", false, SLICE_INIT("[{},5]"),
      "{\"message\":\"[{},5]\",\"tags\":[\"_jsonparsefailure\"]}\n",
      "ERROR JSON parse error, original data now in message field\n" },
    { "json: cut", "json", "UTF-8", false, SLICE_INIT("{\"a\""),
      "{\"message\":\"{\\\"a\\\"\",\"tags\":[\"_jsonparsefailure\"]}\n",
      "ERROR JSON parse error, original data now in message field\n" },
    { "json: a bad byte makes it a literal", "json", "UTF-8", false, SLICE_INIT("{\"a\":\"\xFF\"}"),
      "{\"message\":\"{\\\\\\\"a\\\\\\\":\\\\\\\"\\\\xFF\\\\\\\"}\",\"tags\":[\"_"
      "jsonparsefailure\"]}\n",
      "WARN Received an event that has a different character encoding than you configured.\n"
      "ERROR JSON parse error, original data now in message field\n" },
    { "json_lines", "json_lines", "UTF-8", true,
      SLICE_INIT("{\"a\":1}\r\n\n  \n{\"a\":2} {\"a\":3}\n[{\"a\":4},{\"a\":5}]\n{\"a\":6}"),
      "{\"a\":1}\n{\"a\":2}\n{\"a\":4}\n{\"a\":5}\n{\"a\":6}\n", "" },
    { "json_lines: failures are a warning", "json_lines", "UTF-8", true, SLICE_INIT("x\n{}\n"),
      "{\"message\":\"x\",\"tags\":[\"_jsonparsefailure\"]}\n{}\n",
      "WARN JSON parse error, original data now in message field\n" },
};

static void
decode_in_steps(const struct codec_type *type, const struct text_conf *c, struct slice in,
                size_t step, struct buf *out)
{
    struct batch *b = batch_new(NULL);
    struct decoder d;

    decoder_init(&d, type, c);
    for (size_t at = 0; at < in.n || at == 0; at += step)
        type->decode(&d, (struct slice){ in.p + at, in.n - at < step ? in.n - at : step }, noon, b);
    if (type->flush != NULL)
        type->flush(&d, noon, b);
    print_events(b, out);
    decoder_fini(&d);
    batch_recycle(&b);
}

/* A codec that splits does so however the stream was cut. */
START_TEST(text_to_events)
{
    struct text_conf c;
    const struct codec_type *type;

    set_up();
    c = conf_of(decodings[_i].charset, decodings[_i].ecs);
    type = prepared(decodings[_i].codec, &c);
    for (size_t step = decodings[_i].in.n + 1; step > 0; step = type->splits ? step - 1 : 0) {
        struct buf out = { 0 };
        const char *want = decodings[_i].want == NULL ? "" : decodings[_i].want;

        log_lines_clear();
        decode_in_steps(type, &c, decodings[_i].in, step, &out);
        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(want)), "%s, step %zu:\n%.*swant:\n%s",
                      decodings[_i].name, step, SLICE_ARGS(buf_slice(&out)), want);
        ck_assert_msg(strcmp(log_lines(), decodings[_i].log) == 0, "%s: log \"%s\"",
                      decodings[_i].name, log_lines());
        buf_fini(&out);
    }
    tear_down();
}
END_TEST

START_TEST(a_target_receives_the_object)
{
    struct text_conf c;
    const struct codec_type *type;
    struct err err = { 0 };
    struct buf out = { 0 };

    set_up();
    c = conf_of("UTF-8", false);
    ck_assert_int_eq(fieldref_compile(&arena, SLICE("[in][here]"), ESCAPE_NONE, &c.target, &err),
                     0);
    type = prepared("json", &c);
    decode_in_steps(type, &c, SLICE("{\"a\":1,\"@timestamp\":\"2020-01-01\"}"), 100, &out);
    decode_in_steps(type, &c, SLICE("no"), 100, &out);
    ck_assert_slice(buf_slice(&out),
                    SLICE("{\"in\":{\"here\":{\"a\":1,\"@timestamp\":\"2020-01-01\"}}}\n"
                          "{\"message\":\"no\",\"tags\":[\"_jsonparsefailure\"]}\n"));
    buf_fini(&out);
    tear_down();
}
END_TEST

static const struct {
    const char *name;
    const char *delimiter;
    uint64_t limit;
    const char *in, *want;
    bool complains;
} splits[] = {
    { "two bytes", "ab", 0, "{}ab{}aab{}a", "{}\n{}\n{}\n", false },
    { "at the limit", "\n", 8, "{\"a\":10}\n{\"a\":2}\n", "{\"a\":10}\n{\"a\":2}\n", false },
    { "over the limit", "\n", 7, "{\"a\":10}\n{\"a\":2}\n", "{\"a\":2}\n", true },
    { "far over the limit", "||", 7, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx||{\"a\":2}||", "{\"a\":2}\n",
      true },
    { "over the limit at the end", "\n", 3, "{}\nxxxxxx", "{}\n", true },
};

START_TEST(delimiters_and_limits_at_any_cut)
{
    size_t n = strlen(splits[_i].in);

    for (size_t step = 1; step <= n; step++) {
        struct text_conf c;
        const struct codec_type *type;
        struct buf out = { 0 };

        set_up();
        c = conf_of("UTF-8", false);
        c.delimiter = slice_of(splits[_i].delimiter);
        c.decode_size_limit_bytes = splits[_i].limit;
        type = prepared("json_lines", &c);
        decode_in_steps(type, &c, (struct slice){ splits[_i].in, n }, step, &out);
        if (strcmp(splits[_i].delimiter, "ab") == 0) /* "{}a" is an object, and more behind it */
            ck_assert_str_eq(log_lines(), "");
        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(splits[_i].want)), "%s, step %zu: %.*s",
                      splits[_i].name, step, SLICE_ARGS(buf_slice(&out)));
        ck_assert_int_eq(strstr(log_lines(), "exceeded the sizeLimit") != NULL,
                         splits[_i].complains);
        buf_fini(&out);
        tear_down();
    }
}
END_TEST

START_TEST(a_line_over_its_limit_is_not_kept)
{
    struct text_conf c;
    const struct codec_type *type;
    struct batch *b = batch_new(NULL);
    struct decoder d;

    set_up();
    c = conf_of("UTF-8", false);
    c.decode_size_limit_bytes = 1000;
    type = prepared("json_lines", &c);
    decoder_init(&d, type, &c);
    for (int i = 0; i < 1000; i++)
        type->decode(&d, SLICE("0123456789012345678901234567890123456789"), noon, b);
    ck_assert_uint_le(d.rest.cap, 8000);
    ck_assert_uint_eq(b->n, 0);
    decoder_fini(&d);
    batch_recycle(&b);
    tear_down();
}
END_TEST

START_TEST(a_bad_delimiter_is_refused)
{
    struct text_conf c;
    struct err err = { 0 };

    set_up();
    c = conf_of("UTF-8", false);
    c.delimiter = SLICE("");
    ck_assert_int_eq(codec_find(SLICE("line"))->prepare(&c, &ctx, &err), -1);
    ck_assert_str_eq(err.msg, "delimiter: must not be empty");
    tear_down();
}
END_TEST

/* Every name in the list, so that none of them fails only when a text arrives. */
START_TEST(all_sets_can_be_converted)
{
    for (int i = 0; charset_names[i] != NULL; i++) {
        struct charset_converter *c = NULL;
        struct err err = { 0 };
        struct slice out;

        ck_assert_msg(charset_check(i, &err) == 0, "%s", err.msg);
        if (strncmp(charset_names[i], "UTF-", 4) != 0 &&
            strncmp(charset_names[i], "UCS-", 4) != 0 &&
            strncmp(charset_names[i], "IBM037", 6) != 0 &&
            strncmp(charset_names[i], "ebcdic", 6) != 0) {
            charset_convert(&c, i, SLICE("Az09 {}"), &out);
            ck_assert_slice(out, SLICE("Az09 {}"));
        }
        charset_free(&c);
    }
}
END_TEST

static const struct {
    const char *codec;
    const char *event;
    const char *format; /* NULL: the default */
    const char *want;
} encodings[] = {
    { "plain", "{\"message\":\"hello\",\"host\":\"web\"}", NULL,
      "2024-01-02T03:04:05.678Z web hello" },
    { "plain", "{\"message\":\"hello\",\"host\":{\"name\":\"web\"}}", NULL,
      "2024-01-02T03:04:05.678Z {name=web} hello" },
    { "plain", "{\"message\":[\"a\",\"b\"],\"host\":null}", NULL,
      "2024-01-02T03:04:05.678Z %{host} [a, b]" },
    { "plain", "{}", NULL, "2024-01-02T03:04:05.678Z %{host} %{message}" },
    { "plain", "{\"a\":{\"x\":1},\"l\":[1,{\"x\":1}]}", "%{a} %{l} %{no}",
      "{\"x\":1} 1,{x=1} %{no}" },
    { "line", "{\"a\":1.0}", "%{a}", "1.0\n" },
    { "json", "{\"a\":\"\xC3\xA9/\\u0001\",\"b\":null}", NULL,
      "{\"a\":\"\xC3\xA9/\\u0001\",\"b\":null,\"@timestamp\":\"2024-01-02T03:04:05.678Z\","
      "\"@version\":\"1\"}" },
    { "json_lines", "{\"a\":1}", NULL,
      "{\"a\":1,\"@timestamp\":\"2024-01-02T03:04:05.678Z\",\"@version\":\"1\"}\n" },
    { "dots", "{}", NULL, "." },
};

/* Text of the event with @timestamp and @version behind what was given, whatever the order is. */
START_TEST(events_to_text)
{
    struct text_conf c, in;
    struct batch *b = batch_new(NULL);
    const struct codec_type *type = codec_find(slice_of(encodings[_i].codec));
    struct decoder d;
    struct buf out = { 0 };
    struct err err = { 0 };
    struct event *ev;

    set_up();
    in = conf_of("UTF-8", false);
    decoder_init(&d, prepared("json", &in), &in);
    d.type->decode(&d, slice_of(encodings[_i].event), (struct timestamp){ 1704164645, 678000000 },
                   b);
    ck_assert_uint_eq(b->n, 1);
    ev = b->events[0];
    c = conf_of("UTF-8", false);
    if (encodings[_i].format != NULL)
        ck_assert_int_eq(template_compile(&arena, slice_of(encodings[_i].format), ESCAPE_NONE,
                                          &c.format, &err),
                         0);
    if (type->prepare != NULL)
        ck_assert_int_eq(type->prepare(&c, &ctx, &err), 0);
    value_remove_key(&b->arena, &ev->data, SLICE("@version"));
    value_assign(value_put(&b->arena, &ev->data, SLICE("@version")),
                 value_str(&b->arena, SLICE("1")));
    type->encode(&c, ev, &out);
    ck_assert_slice(buf_slice(&out), slice_of(encodings[_i].want));
    buf_fini(&out);
    decoder_fini(&d);
    batch_recycle(&b);
    tear_down();
}
END_TEST

START_TEST(codecs_are_found_by_name)
{
    ck_assert_ptr_null(codec_find(SLICE("jso")));
    ck_assert_ptr_null(codec_find(SLICE("")));
    for (size_t i = 0; codec_all()[i] != NULL; i++)
        ck_assert_ptr_eq(codec_find(slice_of(codec_all()[i]->name)), codec_all()[i]);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, text_to_events, 0, (int)COUNT(decodings));
    tcase_add_test(tc, a_target_receives_the_object);
    tcase_add_loop_test(tc, delimiters_and_limits_at_any_cut, 0, (int)COUNT(splits));
    tcase_add_test(tc, a_line_over_its_limit_is_not_kept);
    tcase_add_test(tc, a_bad_delimiter_is_refused);
    tcase_add_test(tc, all_sets_can_be_converted);
    tcase_add_loop_test(tc, events_to_text, 0, (int)COUNT(encodings));
    tcase_add_test(tc, codecs_are_found_by_name);
}

UNIT_MAIN("codecs")
