/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "codec/zoneinfo.h"
#include "pipeline/config_parse.h"
#include "pipeline/plan.h"

#include <time.h>

/* ---- plugins of the test ---- */

static int disposed;

struct conf {
    struct slice text;
    struct codec_use codec;
};

static const struct option rows[] = {
    OPT_STR(struct conf, text, .help = "text"),
    OPT_CODEC(struct conf, codec, .help = "codec"),
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    ck_assert_ptr_nonnull(ctx->id);
    ck_assert_ptr_nonnull(ctx->given);
    if (slice_eq(c->text, SLICE("bad")))
        return err_set(err, ERR_CONFIG, "text is bad");
    return 0;
}

static void
dispose(void *conf)
{
    (void)conf;
    disposed++;
}

static enum verdict
keep(const void *conf, void *local, struct event *ev)
{
    (void)conf;
    (void)local;
    (void)ev;
    return EVENT_KEEP;
}

static const struct filter_type plain = { .name = "plain",
                                          .conf_size = sizeof(struct conf),
                                          .options = rows,
                                          .prepare = prepare,
                                          .dispose = dispose,
                                          .apply = keep };
static const struct filter_type failing = {
    .name = "failing", .tag_on_failure = "_a,_b", .ordered = true, .apply = keep
};
static const struct sink_type nowhere = { .name = "nowhere", .default_codec = "json_lines" };
static const struct sink_type *const sinks[] = { &nowhere, NULL };
static const struct input_type never = { .name = "never" };
static const struct input_type *const inputs[] = { &never, NULL };

static const struct filter_type *
find_filter(struct slice name)
{
    if (slice_eq(name, slice_of(plain.name)))
        return &plain;
    return slice_eq(name, slice_of(failing.name)) ? &failing : NULL;
}

static const struct sink_type *
find_sink(struct slice name)
{
    return slice_eq(name, slice_of(nowhere.name)) ? &nowhere : NULL;
}

static const struct input_type *
find_input(struct slice name)
{
    return slice_eq(name, slice_of(never.name)) ? &never : NULL;
}

static const struct plan_registry registry = { .find_sink = find_sink,
                                               .find_input = find_input,
                                               .sinks = sinks,
                                               .inputs = inputs,
                                               .find_filter = find_filter };

static struct findings findings;

static void
set_up(void)
{
    disposed = 0;
}

static void
tear_down(void)
{
    findings_fini(&findings);
}

static struct plan *
compile(struct slice text)
{
    struct config_source source = { "a.conf", text };
    struct plan_settings settings = { .pipeline_id = "main" };
    struct config *config = config_parse(&source, 1, false, &findings);
    struct plan *plan = NULL;

    if (config != NULL)
        plan = plan_compile(config, &settings, &registry, NULL, NULL, zone_offset, timestamp_now,
                            &findings);
    config_free(&config);
    return plan;
}

/* ---- tests ---- */

START_TEST(a_whole_pipeline)
{
    struct plan *p = compile(SLICE("input { if [x] { never { } } else if [y] { never { } } }\n"
                                   "filter { plain { id => \"one\" } if [a] { failing { } } else "
                                   "if [b] { plain { } } else { plain { } } }\n"
                                   "output { nowhere { } if [c] { nowhere { codec => line } } }"));

    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq(p->input_n, 2);
    ck_assert_uint_eq(p->filter_n, 4);
    ck_assert_uint_eq(p->output_n, 2);
    ck_assert_uint_eq(p->filters.n, 2);
    ck_assert_int_eq(p->filters.at[1].kind, STEP_IF);
    ck_assert_int_eq(p->filters.at[1].branch.otherwise->at[0].kind, STEP_IF);
    ck_assert_uint_eq(p->filters.at[1].branch.otherwise->at[0].branch.otherwise->n, 1);
    ck_assert(p->lane);
    ck_assert_str_eq(p->filter[0]->ctx.id, "one");
    ck_assert_uint_eq(strlen(p->filter[2]->ctx.id), 64);
    ck_assert_str_ne(p->filter[2]->ctx.id, p->filter[3]->ctx.id);
    ck_assert_uint_eq(p->filter[1]->common.tag_on_failure.n, 2);
    ck_assert_slice(p->filter[1]->common.tag_on_failure.at[1], SLICE("_b"));
    ck_assert_str_eq(p->output[0]->common.codec.type->name, "json_lines");
    ck_assert(!p->output[0]->common.codec.given);
    ck_assert_str_eq(p->output[1]->common.codec.type->name, "line");
    ck_assert_uint_eq(p->output[1]->index, 1);
    ck_assert_str_eq(p->input[0]->common.codec.type->name, "plain");
    plan_drop(&p);
    ck_assert_int_eq(disposed, 3);
}
END_TEST

START_TEST(ids_are_stable)
{
    struct slice text = SLICE("filter { plain { text => \"a\" } plain { text => \"a\" } }");
    struct plan *x = compile(text), *y = compile(text);

    ck_assert_str_eq(x->filter[1]->ctx.id, y->filter[1]->ctx.id);
    ck_assert_str_ne(x->filter[0]->ctx.id, x->filter[1]->ctx.id);
    plan_drop(&x);
    plan_drop(&y);
}
END_TEST

START_TEST(the_last_count_frees)
{
    struct plan *p = compile(SLICE("filter { plain { } }")), *held = plan_hold(p);

    plan_drop(&p);
    ck_assert_ptr_null(p);
    ck_assert_int_eq(disposed, 0);
    plan_drop(&held);
    ck_assert_int_eq(disposed, 1);
}
END_TEST

/* Each is refused with these texts, in this order. */
static const struct {
    const char *text;
    const char *errors[3];
    uint32_t line, column; /* of the first */
} refused[] = {
    { "filter {\n plian { } }\noutput { nowere { } }",
      { "Unable to configure plugins: (PluginLoadingError) Couldn't find any filter plugin named "
        "'plian'. Are you sure this is correct?",
        "Couldn't find any output plugin named 'nowere'" },
      2,
      2 },
    { "input { neve { } }", { "Couldn't find any input plugin named 'neve'" }, 1, 9 },
    { "filter { plain { text => \"bad\" } plain { txt => 1 } plain { codec => nope } }",
      { "(ConfigurationError) filter plain: text is bad", "Unknown setting 'txt' for plain",
        "Couldn't find any codec plugin named 'nope'" },
      1,
      10 },
    { "filter { plain { id => \"a\" } if [x] { plain { id => \"b\" } } plain { id => \"a\" } }",
      { "Config has duplicate Ids: \nID: a\n" },
      1,
      75 },
    { "filter { plain { id => \"a\" codec => json { id => \"a\" } } }",
      { "Config has duplicate Ids: \nID: a\n" },
      1,
      24 },
    { "filter { plain { add_field => { \"x\" => \"%{+epoch}\" } } }", { "%{+epoch}" }, 1, 31 },
    { "filter { plain { add_tag => [\"a\", \"%{+epoch}\"] } }", { "%{+epoch}" }, 1, 35 },
    { "filter { plain { tag_on_failure => [\"a\"] } }",
      { "Unknown setting 'tag_on_failure' for plain" },
      1,
      18 },
    { "filter { failing { tags => [\"a\"] } }", { "obsolete" }, 1, 20 },
    { "filter { if [a] =~ /(/ { } if [b] =~ /)/ { } }",
      { "Invalid pattern", "Invalid pattern" },
      1,
      20 },
};

START_TEST(refused_with_all_errors)
{
    size_t want = 0, n = 0;

    ck_assert_ptr_null(compile(slice_of(refused[_i].text)));
    ck_assert_uint_eq(findings.at[0].pos.line, refused[_i].line);
    ck_assert_uint_eq(findings.at[0].pos.column, refused[_i].column);
    while (want < 3 && refused[_i].errors[want] != NULL)
        want++;
    for (size_t i = 0; i < findings.n; i++) {
        if (findings.at[i].level != FINDING_ERROR)
            continue;
        ck_assert_msg(n < want && strstr(findings.at[i].text, refused[_i].errors[n]) != NULL,
                      "%s: %s", refused[_i].text, findings.at[i].text);
        n++;
    }
    ck_assert_uint_eq(n, want);
}
END_TEST

START_TEST(the_nearest_plugin_is_offered)
{
    ck_assert_ptr_null(compile(SLICE("filter { mutat { } } output { nowher { } }")));
    ck_assert_str_eq(findings.at[0].hint, "did you mean `mutate`?");
    ck_assert_str_eq(findings.at[1].hint, "did you mean `nowhere`?");
}
END_TEST

static double
seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
time_of(size_t plugins)
{
    struct buf text = { 0 };
    struct plan *p;
    double from;

    buf_append(&text, SLICE("filter {\n"));
    for (size_t i = 0; i < plugins; i++)
        buf_printf(&text, "plain { text => \"t%zu\" add_tag => [\"x\"] }\n", i);
    buf_append(&text, SLICE("}\n"));
    from = seconds();
    p = compile(buf_slice(&text));
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq(p->filter_n, plugins);
    plan_drop(&p);
    buf_fini(&text);
    return seconds() - from;
}

START_TEST(a_hundred_thousand_plugins_are_linear)
{
    double few = time_of(10000), many = time_of(100000);

    ck_assert_msg(many < 30 * few + 0.5, "%g s and %g s", few, many);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_whole_pipeline);
    tcase_add_test(tc, ids_are_stable);
    tcase_add_test(tc, the_last_count_frees);
    tcase_add_loop_test(tc, refused_with_all_errors, 0, (int)COUNT(refused));
    tcase_add_test(tc, the_nearest_plugin_is_offered);
    tcase_add_test(tc, a_hundred_thousand_plugins_are_linear);
}

UNIT_MAIN("plan")
