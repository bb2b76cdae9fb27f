/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs the cases of elasticsearch/ that need no server: refused configurations, and the lines of
 * the first bulk request. */
#include "tests/unit/unit.h"

#include "codec/base/log.h"
#include "codec/json_write.h"
#include "sinks/es_write.h"
#include "tests/unit/es_case.h"
#include "tests/unit/log_lines.h"

#include <stdio.h>

struct setup {
    struct arena arena;
    struct opt_plugin plugin;
    struct plugin_context ctx;
    struct findings findings;
    struct es_conf conf;
    struct sink_common common;
    struct buf refusal; /* all errors; empty: accepted */
};

static void
setup_init(struct setup *s, json_t *config, const char *ecs)
{
    static const struct log log = { .logger = "test" };
    struct opt_value options;
    struct option_reader reader;
    struct err err = { 0 };

    memset(s, 0, sizeof *s);
    arena_init(&s->arena, NULL);
    options = es_case_option(&s->arena, config, "127.0.0.1:9200");
    s->plugin = (struct opt_plugin){ SLICE("elasticsearch"), { 0 }, options.pairs, options.n };
    s->ctx = (struct plugin_context){ .arena = &s->arena,
                                      .log = &log,
                                      .findings = &s->findings,
                                      .given = &s->plugin,
                                      .ecs = strcmp(ecs, "disabled") == 0 ? ECS_DISABLED : ECS_V8 };
    reader = (struct option_reader){ .arena = &s->arena,
                                     .findings = &s->findings,
                                     .plugin_type = "output" };
    if (options_read(&reader, &s->plugin, es_options, &s->conf, sink_common_options, &s->common) ==
            0 &&
        es_conf_prepare(&s->conf, &s->ctx, &err) < 0)
        buf_printf(&s->refusal, "%s\n", err.msg);
    for (size_t i = 0; i < s->findings.n; i++) {
        const struct finding *f = &s->findings.at[i];

        if (f->level == FINDING_ERROR)
            buf_printf(&s->refusal, "%s\n", f->text);
        else
            log_lines_add(f->level == FINDING_INFO ? LOG_INFO : LOG_WARN, f->text);
    }
}

static void
setup_fini(struct setup *s)
{
    findings_fini(&s->findings);
    buf_fini(&s->refusal);
    arena_fini(&s->arena);
}

static void
check_logs(const char *name, json_t *outcome)
{
    json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(outcome, "logs"), i, entry)
    {
        const char *part = json_string_value(json_object_get(entry, "contains"));

        ck_assert_msg(strstr(log_lines(), part) != NULL, "%s: no log line with: %s\n%s", name, part,
                      log_lines_tail());
    }
}

static void
write_case(const char *name, struct setup *s, json_t *c, json_t *requests)
{
    struct batch *b = batch_new(NULL);
    struct sink_type type = { .view_fini = es_view_fini };
    struct sink sink = { .type = &type };
    struct view *v = view_new(&sink, NULL);
    struct es_writer w;
    json_t *event;
    size_t i;
    const char *version =
        json_string_value(json_object_get(json_object_get(c, "cluster"), "version"));

    es_writer_init(&w, &s->conf, s->ctx.log);
    atomic_store(&w.uses_alias, s->conf.wants_alias);
    atomic_store(&w.major, version == NULL ? 0u : (unsigned)atoi(version));
    json_array_foreach(json_object_get(c, "events"), i, event)
    {
        es_write(&w, v, es_case_event(b, event));
    }
    es_write_end(&w, v);
    es_case_lines(name, json_object_get(json_array_get(requests, 0), "body_lines"),
                  buf_slice(&v->body));
    for (i = 0; i < v->n; i++)
        ck_assert_uint_eq(v->items[i].at + v->items[i].len,
                          i + 1 < v->n ? v->items[i + 1].at : v->body.n);
    ck_assert_uint_eq(v->n + w.refused, json_array_size(json_object_get(c, "events")));
    view_free(&v);
    batch_recycle(&b);
}

static bool
refused_as_wanted(json_t *outcome, struct slice refusal)
{
    const char *want = json_string_value(json_object_get(outcome, "config_error_contains"));
    char *text = strndup(refusal.p == NULL ? "" : refusal.p, refusal.n);
    bool found = refusal.n > 0 && (want == NULL || strstr(text, want) != NULL);

    if (json_is_true(json_object_get(outcome, "config_error_order_insensitive")))
        found = strstr(text, "\"action\"") != NULL && strstr(text, "\"manage_template\"") != NULL;
    free(text);
    return found;
}

static void
check_case(json_t *c)
{
    const char *name = json_string_value(json_object_get(c, "name"));
    const char *ecs = json_string_value(
        json_object_get(json_object_get(c, "settings"), "pipeline.ecs_compatibility"));
    bool dead_letters =
        json_is_true(json_object_get(json_object_get(c, "settings"), "dead_letter_queue.enable"));
    json_t *better = json_object_get(c, "recommended");
    json_t *outcome = json_object_get(better, "expected_outcome");
    json_t *requests = json_object_get(better, "expected_requests");
    bool refusal;
    struct setup s;

    if (outcome == NULL)
        outcome = json_object_get(c, "expected_outcome");
    if (requests == NULL)
        requests = json_object_get(c, "expected_requests");
    refusal = json_object_get(outcome, "config_error_contains") != NULL ||
              json_object_get(outcome, "config_error") != NULL;
    if (dead_letters && (refusal || json_object_get(outcome, "dlq") != NULL))
        return; /* there is no dead letter queue */
    if (json_object_get(c, "raw_events") != NULL || json_object_get(c, "generated_events") != NULL)
        return;
    log_lines_clear();
    setup_init(&s, json_object_get(c, "output_config"), ecs);
    if (refusal) {
        ck_assert_msg(refused_as_wanted(outcome, buf_slice(&s.refusal)), "%s: \"%.*s\"", name,
                      SLICE_ARGS(buf_slice(&s.refusal)));
    } else {
        ck_assert_msg(s.refusal.n == 0, "%s: %.*s", name, SLICE_ARGS(buf_slice(&s.refusal)));
        write_case(name, &s, c, requests);
        if (json_array_size(json_object_get(c, "scripted_responses")) == 0 &&
            json_object_get(outcome, "pipeline_shutdown") == NULL)
            check_logs(name, outcome);
    }
    setup_fini(&s);
}

static const char *const files[] = {
    "actions",      "index_and_documents", "routing_pipeline_version",
    "data_streams", "config_errors",       "batching"
};

START_TEST(cases_of_the_reference)
{
    json_t *cases, *c;
    size_t i;

    log_lines_start();
    cases = es_case_load(files[_i]);
    ck_assert_uint_ge(json_array_size(cases), 5);
    json_array_foreach(cases, i, c)
    {
        check_case(c);
    }
    json_decref(cases);
    log_lines_stop();
}
END_TEST

/* Options whose values reach the headers; the requests themselves are checked with a server. */
START_TEST(headers_and_targets)
{
    json_t *cases, *c;
    size_t i;

    cases = es_case_load("transport_and_auth");
    json_array_foreach(cases, i, c)
    {
        json_t *request = json_array_get(json_object_get(c, "expected_requests"), 0);
        json_t *want = json_object_get(json_object_get(request, "headers"), "Authorization");
        struct setup s;

        setup_init(&s, json_object_get(c, "output_config"), "v8");
        ck_assert_msg(s.refusal.n == 0, "%s", json_string_value(json_object_get(c, "name")));
        if (json_is_string(want))
            ck_assert_slice(s.conf.authorization, slice_of(json_string_value(want)));
        else if (json_object_get(want, "absent") != NULL)
            ck_assert_uint_eq(s.conf.authorization.n, 0);
        setup_fini(&s);
    }
    json_decref(cases);
}
END_TEST

static json_t *
config_of(const char *text)
{
    json_t *config = json_loads(text, 0, NULL);

    ck_assert_ptr_nonnull(config);
    return config;
}

static const struct {
    const char *config, *want;
} refusals[] = {
    { "{\"hosts\":[],\"index\":\"a\"}", "hosts: must not be empty" },
    { "{\"hosts\":[\"\"],\"index\":\"a\"}", "hosts: must not be empty" },
    { "{\"hosts\":\" \",\"index\":\"a\"}", "hosts: must not be empty" },
    { "{\"hosts\":\"es1/path\"}", "URI is not valid - host is not specified" },
    { "{\"hosts\":\"es_1\"}", "URI is not valid - host is not specified" },
    { "{\"cloud_id\":\"x:YSRiJGM=\",\"hosts\":\"h\"}", "Both cloud_id and hosts specified" },
    { "{\"user\":\"u\",\"password\":\"p\",\"cloud_auth\":\"a:b\"}",
      "Multiple authentication options are specified" },
    { "{\"compression_level\":1,\"http_compression\":true}",
      "Both `compression_level` and (deprecated) `http_compression` were set." },
    { "{\"compression_level\":10}", "compression_level" },
    { "{\"action\":\"update\",\"index\":\"a\"}", "needs a document_id" },
    { "{\"data_stream\":\"true\",\"data_stream_dataset\":\"a b\"}", "data_stream_dataset" },
    { "{\"data_stream\":\"true\",\"data_stream_namespace\":\"\"}", "are not in 1..100" },
    { "{\"index\":\"%{[a}\"}", "[a" },
    { "{\"join_field\":\"[a\",\"index\":\"x\"}", "join_field" },
    { "{\"proxy\":\"http://p:1\"}", "proxy: forward proxies are not supported" },
    { "{\"hosts\":\"https://h\",\"ssl_keystore_path\":\"/etc/passwd\"}",
      "`ssl_keystore_path` in plugin `elasticsearch` is not supported. JKS and PKCS#12 stores" },
    { "{\"hosts\":\"https://h\",\"ssl_truststore_path\":\"/etc/passwd\"}",
      "`ssl_truststore_path` in plugin `elasticsearch` is not supported" },
    { "{\"timeout\":0}", "must be positive" },
};

START_TEST(refused_by_name)
{
    json_t *config = config_of(refusals[_i].config);
    struct setup s;

    setup_init(&s, config, "v8");
    buf_cstr(&s.refusal);
    ck_assert_msg(s.refusal.n > 0 && strstr(s.refusal.p, refusals[_i].want) != NULL, "%s: \"%s\"",
                  refusals[_i].config, s.refusal.p);
    setup_fini(&s);
    json_decref(config);
}
END_TEST

/* One event after the other through one writer; the text, not only its meaning. */
static void
write_text(const char *config_text, const char *const *events, size_t n, struct buf *out)
{
    json_t *config = config_of(config_text);
    struct setup s;
    struct batch *b = batch_new(NULL);
    struct sink_type type = { .view_fini = es_view_fini };
    struct sink sink = { .type = &type };
    struct view *v = view_new(&sink, NULL);
    struct es_writer w;

    setup_init(&s, config, "v8");
    ck_assert_msg(s.refusal.n == 0, "%.*s", SLICE_ARGS(buf_slice(&s.refusal)));
    es_writer_init(&w, &s.conf, s.ctx.log);
    for (size_t i = 0; i < n; i++) {
        json_t *event = json_loads(events[i], 0, NULL);
        struct event *ev = es_case_event(b, event);
        struct buf before = { 0 }, after = { 0 };

        value_write(&ev->data, &before);
        es_write(&w, v, ev);
        value_write(&ev->data, &after);
        ck_assert_slice(buf_slice(&after), buf_slice(&before)); /* other outputs see it too */
        buf_fini(&before);
        buf_fini(&after);
        json_decref(event);
    }
    es_write_end(&w, v);
    buf_append(out, buf_slice(&v->body));
    view_free(&v);
    batch_recycle(&b);
    setup_fini(&s);
    json_decref(config);
}

#define T "\"@timestamp\":\"2024-01-02T03:04:05.678Z\",\"@version\":\"1\""

START_TEST(the_index_changes_from_event_to_event)
{
    static const char *const events[] = { "{" T ",\"i\":\"a\"}", "{" T ",\"i\":\"a\"}",
                                          "{" T ",\"i\":\"b\\\"\"}", "{" T ",\"i\":\"a\"}" };
    struct buf out = { 0 };

    write_text("{\"index\":\"x-%{i}\"}", events, COUNT(events), &out);
    ck_assert_slice(buf_slice(&out),
                    SLICE("{\"index\":{\"_index\":\"x-a\"}}\n{" T ",\"i\":\"a\"}\n"
                          "{\"index\":{\"_index\":\"x-a\"}}\n{" T ",\"i\":\"a\"}\n"
                          "{\"index\":{\"_index\":\"x-b\\\"\"}}\n{" T ",\"i\":\"b\\\"\"}\n"
                          "{\"index\":{\"_index\":\"x-a\"}}\n{" T ",\"i\":\"a\"}\n"));
    buf_fini(&out);
}
END_TEST

START_TEST(the_index_of_a_day_is_kept_for_that_day_only)
{
    static const char *const events[] = {
        "{\"@timestamp\":\"1969-12-31T23:59:59.999Z\"}",
        "{\"@timestamp\":\"1970-01-01T00:00:00.000Z\"}",
        ("{\"@timestamp\":\"1970-01-01T23:59:59.999Z\",\"@metadata\":{\"_ingest_document\":"
         "{\"index\":\"own\"}}}"),
        "{\"@timestamp\":\"1970-01-01T23:59:59.999Z\"}",
        "{\"@timestamp\":\"1970-01-02T00:00:00.000Z\"}",
    };
    static const char *const want[] = { "ecs-logstash-1969.12.31", "ecs-logstash-1970.01.01", "own",
                                        "ecs-logstash-1970.01.01", "ecs-logstash-1970.01.02" };
    struct buf out = { 0 };
    struct slice rest, line;

    write_text("{\"data_stream\":\"false\",\"ilm_enabled\":\"false\"}", events, COUNT(events),
               &out);
    rest = buf_slice(&out);
    for (size_t i = 0; i < COUNT(want); i++) {
        char expected[128];

        snprintf(expected, sizeof expected, "{\"index\":{\"_index\":\"%s\"}}", want[i]);
        ck_assert(slice_split(&rest, '\n', &line));
        ck_assert_slice(line, slice_of(expected));
        ck_assert(slice_split(&rest, '\n', &line));
    }
    buf_fini(&out);
}
END_TEST

START_TEST(streams_change_from_event_to_event)
{
    static const char *const events[] = {
        "{" T "}",
        "{" T
        ",\"data_stream\":{\"type\":\"logs\",\"dataset\":\"generic\",\"namespace\":\"default\"}}",
        "{" T ",\"data_stream\":{\"dataset\":\"d\",\"type\":null,\"namespace\":7,\"x\":1}}",
        "{" T "}",
    };
    struct buf out = { 0 };

    write_text("{}", events, COUNT(events), &out);
    ck_assert_slice(
        buf_slice(&out),
        SLICE(
            "{\"create\":{\"_index\":\"logs-generic-default\"}}\n{" T
            ",\"data_stream\":{\"type\":\"logs\",\"dataset\":\"generic\",\"namespace\":\"default\"}"
            "}\n"
            "{\"create\":{\"_index\":\"logs-generic-default\"}}\n{" T
            ",\"data_stream\":{\"type\":\"logs\",\"dataset\":\"generic\",\"namespace\":\"default\"}"
            "}\n"
            "{\"create\":{\"_index\":\"logs-d-7\"}}\n{" T
            ",\"data_stream\":{\"dataset\":\"d\",\"type\":\"logs\",\"namespace\":\"7\",\"x\":1}}\n"
            "{\"create\":{\"_index\":\"logs-generic-default\"}}\n{" T
            ",\"data_stream\":{\"type\":\"logs\",\"dataset\":\"generic\",\"namespace\":\"default\"}"
            "}\n"));
    buf_fini(&out);
}
END_TEST

START_TEST(an_upsert_over_several_lines_stays_on_one)
{
    static const char *const events[] = { "{" T "}" };
    struct buf out = { 0 };

    write_text("{\"index\":\"i\",\"action\":\"update\",\"document_id\":\"1\","
               "\"upsert\":\"{\\n  \\\"n\\\": 1\\n}\\n\"}",
               events, 1, &out);
    ck_assert_slice(buf_slice(&out),
                    SLICE("{\"update\":{\"_id\":\"1\",\"_index\":\"i\",\"retry_on_conflict\":1}}\n"
                          "{\"doc\":{" T "},\"upsert\":{   \"n\": 1 }}\n"));
    buf_fini(&out);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, cases_of_the_reference, 0, (int)COUNT(files));
    tcase_add_test(tc, headers_and_targets);
    tcase_add_loop_test(tc, refused_by_name, 0, (int)COUNT(refusals));
    tcase_add_test(tc, the_index_changes_from_event_to_event);
    tcase_add_test(tc, the_index_of_a_day_is_kept_for_that_day_only);
    tcase_add_test(tc, streams_change_from_event_to_event);
    tcase_add_test(tc, an_upsert_over_several_lines_stays_on_one);
}

UNIT_MAIN("es_write")
