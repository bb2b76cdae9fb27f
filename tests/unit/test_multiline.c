/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codec multiline, its pattern compiled as a plan does it. */
#include "tests/unit/unit.h"

#include "codec/codec.h"
#include "codec/json_write.h"
#include "pipeline/config_parse.h"
#include "pipeline/line_pattern.h"

static const struct timestamp noon = { 1704196800, 0 };

struct gatherer {
    struct arena arena;
    struct config *config;
    struct findings findings;
    struct plugin_context ctx;
    const struct codec_type *type;
    void *conf;
    struct decoder d;
    struct batch *b;
};

/* -1 with *err: the options are refused. */
static int
begin(struct gatherer *g, const char *options, enum ecs_mode ecs, struct err *err)
{
    struct config_source source = { "a.conf", { NULL, 0 } };
    struct option_reader reader = { .arena = &g->arena, .findings = &g->findings };

    *g = (struct gatherer){ .type = codec_find(SLICE("multiline")) };
    arena_init(&g->arena, NULL);
    g->b = batch_new(NULL);
    g->ctx = (struct plugin_context){ .arena = &g->arena,
                                      .ecs = ecs,
                                      .line_patterns = &grok_line_patterns };
    source.text = arena_printf(&g->arena, "input { stdin { codec => multiline { %s } } }", options);
    g->config = config_parse(&source, 1, false, &g->findings);
    ck_assert_ptr_nonnull(g->config);
    g->conf = arena_calloc(&g->arena, 1, g->type->conf_size);
    ck_assert_int_eq(options_read(&reader, g->config->input.at[0].plugin.options[0].value.plugin,
                                  g->type->options, g->conf, codec_common_options, NULL),
                     0);
    if (g->type->prepare(g->conf, &g->ctx, err) < 0)
        return -1;
    decoder_init(&g->d, g->type, g->conf);
    g->d.stream = true;
    return 0;
}

static void
end(struct gatherer *g)
{
    decoder_fini(&g->d);
    g->type->dispose(g->conf);
    batch_recycle(&g->b);
    config_free(&g->config);
    findings_fini(&g->findings);
    arena_fini(&g->arena);
}

/* What has come out so far, without the times: one event a line. */
static void
events(struct gatherer *g, struct buf *out)
{
    buf_clear(out);
    for (uint32_t i = 0; i < g->b->n; i++) {
        struct event *ev = g->b->events[i];

        value_remove_key(&g->b->arena, &ev->data, SLICE("@timestamp"));
        value_remove_key(&g->b->arena, &ev->data, SLICE("@version"));
        ev->data.flags |= V_CHANGED;
        value_write(&ev->data, out);
        buf_byte(out, '\n');
    }
    buf_cstr(out);
}

static void
read_text(struct gatherer *g, const char *text)
{
    g->type->decode(&g->d, slice_of(text), noon, g->b);
}

#define INDENTED "pattern => '^\\s' what => previous "
#define M(text)  "{\"message\":\"" text "\"}\n"
#define MM(text) "{\"message\":\"" text "\",\"tags\":[\"multiline\"]}\n"

static const struct {
    const char *name, *options, *text, *want;
} texts[] = {
    { "lines that go on", INDENTED, "a\n b\n c\nd\n", MM("a\\n b\\n c") M("d") },
    { "the first line goes on from nothing", INDENTED, " a\nb\n", M(" a") M("b") },
    { "a last line without its end", INDENTED, "a\n b", MM("a\\n b") },
    { "a matching line wants the next", "pattern => '\\\\$' what => next", "a\\\nb\nc\n",
      MM("a\\\\\\nb") M("c") },
    { "what does not match goes on", "pattern => '^%{YEAR}-' negate => true what => previous",
      "2026-1 a\nb\n2026-2 c\n", MM("2026-1 a\\nb") M("2026-2 c") },
    { "a tag of its own", INDENTED "multiline_tag => 'several'", "a\n b\n",
      "{\"message\":\"a\\n b\",\"tags\":[\"several\"]}\n" },
    { "no tag", INDENTED "multiline_tag => ''", "a\n b\n", M("a\\n b") },
    { "at most two lines and the one that shows it", INDENTED "max_lines => 2", "a\n b\n c\n d\n",
      "{\"message\":\"a\\n b\\n "
      "c\",\"tags\":[\"multiline\",\"multiline_codec_max_lines_reached\"]}\n" M(" d") },
    { "so many bytes", INDENTED "max_bytes => 3", "aa\n b\n c\n",
      "{\"message\":\"aa\\n "
      "b\",\"tags\":[\"multiline\",\"multiline_codec_max_bytes_reached\"]}\n" M(" c") },
};

START_TEST(lines_to_events)
{
    struct gatherer g;
    struct buf out = { 0 };

    ck_assert_int_eq(begin(&g, texts[_i].options, ECS_DISABLED, NULL), 0);
    for (const char *p = texts[_i].text; *p != '\0'; p++) /* cut everywhere */
        read_text(&g, (char[]){ *p, '\0' });
    g.type->flush(&g.d, noon, g.b);
    events(&g, &out);
    ck_assert_msg(strcmp(out.p, texts[_i].want) == 0, "%s: %s", texts[_i].name, out.p);
    buf_fini(&out);
    end(&g);
}
END_TEST

START_TEST(what_is_quiet_for_long_comes_out)
{
    struct gatherer g;
    struct buf out = { 0 };

    ck_assert_int_eq(begin(&g, INDENTED "auto_flush_interval => 1.5", ECS_DISABLED, NULL), 0);
    ck_assert_int_eq(g.type->give_out_ms(g.conf), 1500);
    read_text(&g, "a\n b\n c"); /* the third has no end yet */
    g.type->give_out(&g.d, noon, g.b);
    events(&g, &out);
    ck_assert_str_eq(out.p, MM("a\\n b\\n c"));
    g.type->give_out(&g.d, noon, g.b);
    ck_assert_uint_eq(g.b->n, 1);
    read_text(&g, "c\nd\n");
    g.type->flush(&g.d, noon, g.b);
    events(&g, &out);
    ck_assert_str_eq(out.p, MM("a\\n b\\n c") M("c") M("d"));
    buf_fini(&out);
    end(&g);
}
END_TEST

START_TEST(without_an_interval_it_waits)
{
    struct gatherer g;

    ck_assert_int_eq(begin(&g, INDENTED, ECS_DISABLED, NULL), 0);
    ck_assert_int_eq(g.type->give_out_ms(g.conf), -1);
    end(&g);
}
END_TEST

START_TEST(the_original_is_all_lines)
{
    struct gatherer g;
    struct buf out = { 0 };

    ck_assert_int_eq(begin(&g, INDENTED, ECS_V8, NULL), 0);
    read_text(&g, "a\n b\n");
    g.type->flush(&g.d, noon, g.b);
    events(&g, &out);
    ck_assert_str_eq(out.p, "{\"message\":\"a\\n b\",\"event\":{\"original\":\"a\\n b\"},\"tags\":["
                            "\"multiline\"]}\n");
    buf_fini(&out);
    end(&g);
}
END_TEST

static const struct {
    const char *options, *message;
} refused[] = {
    { "pattern => '%{NOPE}' what => next", "pattern: " },
    { "pattern => '(' what => next", "pattern: " },
    { INDENTED "auto_flush_interval => 1000001",
      "auto_flush_interval: 1000001 is more than 1000000 seconds" },
};

START_TEST(refused_options)
{
    struct gatherer g;
    struct err err = { 0 };

    ck_assert_int_eq(begin(&g, refused[_i].options, ECS_DISABLED, &err), -1);
    ck_assert_msg(strncmp(err.msg, refused[_i].message, strlen(refused[_i].message)) == 0, "%s",
                  err.msg);
    end(&g);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, lines_to_events, 0, (int)COUNT(texts));
    tcase_add_test(tc, what_is_quiet_for_long_comes_out);
    tcase_add_test(tc, without_an_interval_it_waits);
    tcase_add_test(tc, the_original_is_all_lines);
    tcase_add_loop_test(tc, refused_options, 0, (int)COUNT(refused));
}

UNIT_MAIN("multiline")
