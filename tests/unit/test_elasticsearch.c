/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The elasticsearch output against a scripted server: the cases of elasticsearch/ that need one, in
 * a fiftieth of their time. */
#include "tests/unit/unit.h"

#include "codec/json_scan.h"
#include "server/net/loop.h"
#include "server/net/resolver.h"
#include "sinks/es_conf.h"
#include "sinks/gzip.h"
#include "sinks/sinks.h"
#include "tests/unit/es_case.h"
#include "tests/unit/es_cluster_stub.h"
#include "tests/unit/log_lines.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define FASTER 50

static void
pause_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}

/* ---- the output ---- */

struct output {
    struct arena arena;
    struct opt_plugin plugin;
    struct plugin_context ctx;
    struct findings findings;
    struct es_conf *conf;
    struct sink_common common;
    struct loop *loop;
    struct resolver *resolver;
    struct sink *sink;
    struct buf refusal;
    atomic_bool failed;
    const char *members;
};

static const char *
setting(void *arg, const char *option)
{
    return strcmp(option, "gzip_members") == 0 ? ((struct output *)arg)->members : NULL;
}

static void
on_failed(void *arg, struct sink *s)
{
    (void)s;
    ((struct output *)arg)->failed = true;
}

/* Deadlines are looked at by the loop's tick, four times a second; here more often. */
static struct ticker {
    struct mail mail;
    atomic_bool out;
} ticker;

static void
on_tick(struct loop *loop, struct mail *mail)
{
    (void)mail;
    loop_tick(loop);
    atomic_store(&ticker.out, false);
}

static void
tick(struct loop *loop)
{
    if (atomic_exchange(&ticker.out, true))
        return;
    ticker.mail.fn = on_tick;
    loop_mail(loop, &ticker.mail);
}

/* In the cases seconds pass; here they are shortened. */
static void
hurry(struct es_conf *c)
{
    c->retry_initial_interval /= FASTER;
    c->retry_max_interval /= FASTER;
    c->resurrect_delay /= FASTER;
}

static void
output_open(struct output *o, json_t *config, const char *ecs, const char *address)
{
    static const struct log log = { .logger = "test" };
    const struct sink_type *type = sink_find(SLICE("elasticsearch"));
    struct opt_value options;
    struct option_reader reader;
    struct err err = { 0 };
    struct sink_env env;
    int got;

    memset(o, 0, sizeof *o);
    arena_init(&o->arena, NULL);
    options = es_case_option(&o->arena, config, address);
    o->plugin = (struct opt_plugin){ SLICE("elasticsearch"), { 0 }, options.pairs, options.n };
    o->ctx = (struct plugin_context){ .arena = &o->arena,
                                      .log = &log,
                                      .findings = &o->findings,
                                      .given = &o->plugin,
                                      .pipeline_id = "main",
                                      .ecs = strcmp(ecs, "disabled") == 0 ? ECS_DISABLED : ECS_V8 };
    reader = (struct option_reader){ .arena = &o->arena,
                                     .findings = &o->findings,
                                     .plugin_type = "output" };
    o->conf = calloc(1, type->conf_size);
    got = options_read(&reader, &o->plugin, es_options, o->conf, sink_common_options, &o->common);
    if (got == 0)
        got = type->prepare(o->conf, &o->ctx, &err);
    o->ctx.findings = NULL;
    ck_assert_msg(got == 0, "%s", err.msg);
    hurry(o->conf);
    o->loop = loop_new(1, NULL, &err);
    o->resolver = resolver_start(&err);
    ck_assert_int_eq(loop_start(o->loop, &err), 0);
    env = (struct sink_env){ .loop = o->loop,
                             .resolver = o->resolver,
                             .log = &log,
                             .ctx = &o->ctx,
                             .common = &o->common,
                             .setting = setting,
                             .setting_arg = o,
                             .failed = on_failed,
                             .failed_arg = o };
    o->sink = type->open(o->conf, &env, &err);
    if (o->sink == NULL)
        buf_append(&o->refusal, slice_of(err.msg));
}

static void
output_close(struct output *o)
{
    if (o->sink != NULL)
        o->sink->type->close(&o->sink);
    resolver_stop(&o->resolver);
    loop_stop(o->loop);
    loop_free(&o->loop);
    findings_fini(&o->findings);
    buf_fini(&o->refusal);
    free(o->conf);
    arena_fini(&o->arena);
}

static json_t *
expand(json_t *v)
{
    json_t *out = json_object(), *member;
    const char *key;

    json_object_foreach(v, key, member)
    {
        const char *unit = json_string_value(json_object_get(member, "repeat"));
        size_t n = (size_t)json_integer_value(json_object_get(member, "times"));

        if (unit == NULL) {
            json_object_set(out, key, member);
            continue;
        }
        char *text = malloc(n + 1);

        memset(text, unit[0], n);
        json_object_set_new(out, key, json_stringn(text, n));
        free(text);
    }
    return out;
}

static void
output_give(struct output *o, json_t *c)
{
    struct batch *b = batch_new(NULL);
    struct view *v = view_new(o->sink, NULL);
    json_t *event, *made = json_object_get(c, "generated_events");
    json_int_t count = json_integer_value(json_object_get(made, "count"));
    size_t i;

    json_array_foreach(json_object_get(c, "events"), i, event)
    {
        o->sink->type->encode(o->sink, v, es_case_event(b, event));
    }
    made = expand(json_object_get(made, "template"));
    for (json_int_t k = 0; k < count; k++)
        o->sink->type->encode(o->sink, v, es_case_event(b, made));
    json_decref(made);
    if (v->n > 0) {
        o->sink->type->finish(o->sink, v);
        o->sink->type->give(o->sink, &v);
    }
    view_free(&v);
    batch_recycle(&b);
}

/* ---- comparing ---- */

static void
check_header(const char *name, const struct stub_request *r, const char *key, json_t *want)
{
    struct slice got = stub_header(r, key);
    json_t *choices = json_object_get(want, "one_of"), *v;
    size_t i;

    if (json_is_string(want)) {
        ck_assert_msg(slice_eq(got, slice_of(json_string_value(want))), "%s: %s: %.*s, want %s",
                      name, key, SLICE_ARGS(got), json_string_value(want));
    } else if (json_is_true(json_object_get(want, "absent"))) {
        ck_assert_msg(got.p == NULL, "%s: %s: %.*s", name, key, SLICE_ARGS(got));
    } else if (choices != NULL) {
        bool found = false;

        json_array_foreach(choices, i, v)
        {
            found = found || slice_eq(got, slice_of(json_string_value(v)));
        }
        ck_assert_msg(found, "%s: %s: %.*s", name, key, SLICE_ARGS(got));
    } else {
        ck_assert_msg(got.n > 0, "%s: no %s", name, key);
    }
}

static bool
contains(json_t *wanted, json_t *got)
{
    const char *key;
    json_t *v;

    if (!json_is_object(wanted) || !json_is_object(got))
        return json_equal(wanted, got);
    json_object_foreach(wanted, key, v)
    {
        if (!contains(v, json_object_get(got, key)))
            return false;
    }
    return true;
}

static void
check_request(const char *name, json_t *wanted, const struct stub_request *r)
{
    const char *method = json_string_value(json_object_get(wanted, "method")), *key;
    const char *path = json_string_value(json_object_get(wanted, "path"));
    json_t *v, *count = json_object_get(wanted, "line_count"), *body;
    struct buf plain = { 0 };

    ck_assert_msg(strcmp(r->method, method) == 0 && strcmp(r->target, path) == 0,
                  "%s: %s %s, want %s %s", name, r->method, r->target, method, path);
    json_object_foreach(json_object_get(wanted, "headers"), key, v)
    {
        check_header(name, r, key, v);
    }
    es_stub_plain(r, &plain);
    if (json_object_get(wanted, "body_lines") != NULL)
        es_case_lines(name, json_object_get(wanted, "body_lines"), buf_slice(&plain));
    if (count != NULL) {
        json_int_t got = 0;

        for (size_t i = 0; i < plain.n; i++)
            got += plain.p[i] == '\n';
        ck_assert_msg(got == json_integer_value(count), "%s: %lld lines", name, (long long)got);
    }
    body = json_loadb(plain.p == NULL ? "" : plain.p, plain.n, 0, NULL);
    if (json_object_get(wanted, "body") != NULL)
        ck_assert_msg(json_equal(json_object_get(wanted, "body"), body), "%s: %.*s", name,
                      SLICE_ARGS(buf_slice(&plain)));
    if (json_object_get(wanted, "body_contains") != NULL)
        ck_assert_msg(contains(json_object_get(wanted, "body_contains"), body), "%s: %.*s", name,
                      SLICE_ARGS(buf_slice(&plain)));
    json_decref(body);
    buf_fini(&plain);
}

static void
check_requests(const char *name, json_t *wanted, bool all, struct http_stub *stub)
{
    size_t next = 0;

    for (size_t i = 0; i < http_stub_count(stub); i++) {
        const struct stub_request *r = http_stub_request(stub, i);

        if (!all && strcmp(r->method, "POST") != 0)
            continue;
        ck_assert_msg(next < json_array_size(wanted), "%s: a request too many: %s %s", name,
                      r->method, r->target);
        check_request(name, json_array_get(wanted, next++), r);
    }
    ck_assert_msg(next == json_array_size(wanted), "%s: %zu requests, want %zu\n%s", name, next,
                  json_array_size(wanted), log_lines_tail());
}

static void
check_logs(const char *name, json_t *outcome)
{
    json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(outcome, "logs"), i, entry)
    {
        const char *part = json_string_value(json_object_get(entry, "contains"));
        json_t *times = json_object_get(entry, "times");
        unsigned n = log_lines_count(part);

        ck_assert_msg(n > 0 && (times == NULL || n == (unsigned)json_integer_value(times)),
                      "%s: %u log lines with: %s\n%s", name, n, part, log_lines_tail());
    }
    json_array_foreach(json_object_get(outcome, "logs_absent"), i, entry)
    {
        const char *part = json_string_value(json_object_get(entry, "contains"));

        ck_assert_msg(log_lines_count(part) == 0, "%s: a log line with: %s\n%s", name, part,
                      log_lines_tail());
    }
}

/* ---- cases ---- */

static size_t
posts_wanted(json_t *requests)
{
    size_t n = 0, i;
    json_t *r;

    json_array_foreach(requests, i, r)
    {
        n += strcmp(json_string_value(json_object_get(r, "method")), "POST") == 0;
    }
    return n;
}

static bool
is_settled(struct output *o)
{
    struct sink_stats *s = &o->sink->stats;

    return atomic_load(&s->done) + atomic_load(&s->refused) == atomic_load(&s->given);
}

static void
run_case(json_t *c, const char *name, json_t *outcome, json_t *requests)
{
    const char *ecs = json_string_value(
        json_object_get(json_object_get(c, "settings"), "pipeline.ecs_compatibility"));
    const char *path =
        json_string_value(json_object_get(json_object_get(c, "output_config"), "path"));
    struct es_cluster_stub cluster = { .cluster = json_object_get(c, "cluster"),
                                       .answers = json_object_get(c, "scripted_responses"),
                                       .prefix = path == NULL ? "" : path };
    struct http_stub *stub = http_stub_start(es_stub_answer, &cluster);
    bool listed = strcmp(json_string_value(json_object_get(c, "startup")), "listed") == 0;
    struct output o;

    log_lines_clear();
    snprintf(cluster.address, sizeof cluster.address, "127.0.0.1:%u", http_stub_port(stub));
    output_open(&o, json_object_get(c, "output_config"), ecs, cluster.address);
    if (json_object_get(outcome, "config_error_contains") != NULL) {
        const char *want = json_string_value(json_object_get(outcome, "config_error_contains"));

        buf_cstr(&o.refusal);
        ck_assert_msg(o.sink == NULL && strstr(o.refusal.p, want) != NULL, "%s: \"%s\"", name,
                      o.refusal.p);
        output_close(&o);
        http_stub_stop(&stub);
        return;
    }
    ck_assert_msg(o.sink != NULL, "%s: %.*s", name, SLICE_ARGS(buf_slice(&o.refusal)));
    output_give(&o, c);
    for (int i = 0; i < 2000; i++) {
        if (json_is_true(json_object_get(outcome, "pipeline_shutdown")) ? o.failed
            : json_is_true(json_object_get(outcome, "no_bulk_request"))
                ? log_lines_count("Could not connect to a compatible version") >= 3
                : cluster.posts >= posts_wanted(requests) && is_settled(&o))
            break;
        tick(o.loop);
        pause_ms(5);
    }
    if (requests != NULL)
        check_requests(name, requests, listed, stub);
    check_logs(name, outcome);
    if (json_is_true(json_object_get(outcome, "pipeline_shutdown")))
        ck_assert_msg(o.failed, "%s: goes on\n%s", name, log_lines_tail());
    else if (!json_is_true(json_object_get(outcome, "no_bulk_request")))
        ck_assert_msg(is_settled(&o), "%s: not settled\n%s", name, log_lines_tail());
    output_close(&o);
    http_stub_stop(&stub);
}

static const char *const not_here[] = {
    "sniffing-basic",              /* not built */
    "startup-unreachable-then-ok", /* the listener comes later: below */
    "hosts-one-unreachable",       /* port 1 may be anything here; below */
};

static bool
can_run(json_t *c, const char *name, json_t *outcome)
{
    for (size_t i = 0; i < COUNT(not_here); i++)
        if (strcmp(not_here[i], name) == 0)
            return false;
    if (json_is_true(json_object_get(json_object_get(c, "settings"), "dead_letter_queue.enable")) &&
        (json_object_get(outcome, "dlq") != NULL ||
         json_object_get(json_object_get(c, "output_config"), "dlq_custom_codes") != NULL))
        return false;
    return json_object_get(c, "raw_events") == NULL &&
           !json_is_true(json_object_get(c, "needs_tls"));
}

static const char *const files[] = { "startup",          "partial_failures",
                                     "request_failures", "transport_and_auth",
                                     "batching",         "actions" };

START_TEST(cases_of_the_reference)
{
    json_t *cases = es_case_load(files[_i]), *c;
    const char *only = getenv("CASE");
    size_t i, ran = 0;

    log_lines_start();
    json_array_foreach(cases, i, c)
    {
        const char *name = json_string_value(json_object_get(c, "name"));
        json_t *better = json_object_get(c, "recommended");
        json_t *outcome = json_object_get(better, "expected_outcome");
        json_t *requests = json_object_get(better, "expected_requests");

        outcome = outcome != NULL ? outcome : json_object_get(c, "expected_outcome");
        requests = requests != NULL ? requests : json_object_get(c, "expected_requests");
        if (!can_run(c, name, outcome) || (only != NULL && strcmp(only, name) != 0))
            continue;
        run_case(c, name, outcome, requests);
        ran++;
    }
    ck_assert(ran > 0 || only != NULL);
    log_lines_stop();
    json_decref(cases);
}
END_TEST

/* ---- what the cases do not have ---- */

struct scene {
    struct es_cluster_stub cluster;
    struct http_stub *stub;
    struct output o;
    json_t *config, *answers, *version;
};

/* The outputs of a test that fails stay behind. */
static struct scene *
scene_start(const char *config, const char *answers, stub_fn *fn)
{
    struct scene *s = calloc(1, sizeof *s);

    log_lines_start();
    s->config = json_loads(config, 0, NULL);
    s->answers = json_loads(answers, 0, NULL);
    s->version = json_loads("{\"version\":\"8.17.0\"}", 0, NULL);
    ck_assert(s->config != NULL && s->answers != NULL);
    s->cluster.cluster = s->version;
    s->cluster.answers = s->answers;
    s->cluster.prefix = "";
    s->stub = http_stub_start(fn, &s->cluster);
    snprintf(s->cluster.address, sizeof s->cluster.address, "127.0.0.1:%u",
             http_stub_port(s->stub));
    output_open(&s->o, s->config, "v8", s->cluster.address);
    ck_assert_msg(s->o.sink != NULL, "%.*s", SLICE_ARGS(buf_slice(&s->o.refusal)));
    return s;
}

static void
scene_give(struct scene *s, const char *const *events, size_t n)
{
    struct batch *b = batch_new(NULL);
    struct view *v = view_new(s->o.sink, NULL);
    struct err err = { 0 };

    for (size_t i = 0; i < n; i++) {
        struct event *ev = batch_add(b);
        char *copy = arena_copy_padded(&b->arena, slice_of(events[i]));

        ck_assert_int_eq(json_scan_object(&b->arena, copy, strlen(events[i]), 100, &ev->data, &err),
                         0);
        s->o.sink->type->encode(s->o.sink, v, ev);
    }
    s->o.sink->type->finish(s->o.sink, v);
    s->o.sink->type->give(s->o.sink, &v);
    batch_recycle(&b);
}

static void
scene_settle(struct scene *s)
{
    for (int i = 0; i < 2000 && !is_settled(&s->o); i++) {
        tick(s->o.loop);
        pause_ms(5);
    }
    ck_assert_msg(is_settled(&s->o), "not settled\n%s", log_lines_tail());
}

static const struct stub_request *
scene_post(struct scene *s, size_t wanted)
{
    for (size_t i = 0, post = 0; i < http_stub_count(s->stub); i++) {
        const struct stub_request *r = http_stub_request(s->stub, i);

        if (strcmp(r->method, "POST") == 0 && post++ == wanted)
            return r;
    }
    ck_abort_msg("no bulk request %zu\n%s", wanted, log_lines_tail());
    return NULL;
}

static void
scene_end(struct scene *s)
{
    output_close(&s->o);
    http_stub_stop(&s->stub);
    json_decref(s->config);
    json_decref(s->answers);
    json_decref(s->version);
    log_lines_stop();
    free(s);
}

#define PLAIN                                                                    \
    "{\"hosts\":[\"http://${MOCK}\"],\"index\":\"i\",\"manage_template\":false," \
    "\"compression_level\":0}"

static const char *const two[] = { "{\"k\":1}", "{\"a\":{\"b\":1,\"b\":2},\"k\":2}" };

START_TEST(equal_keys_are_repaired_once)
{
    struct scene *s = scene_start(
        PLAIN,
        "[{\"body\":{\"errors\":true,\"items\":[{\"index\":{\"status\":201}},{\"index\":{"
        "\"status\":"
        "400,\"error\":{\"type\":\"document_parsing_exception\",\"caused_by\":{\"reason\":"
        "\"Duplicate field 'b'\"}}}}]}},"
        "{\"body\":{\"errors\":true,\"items\":[{\"index\":{\"status\":400,\"error\":{\"type\":"
        "\"x\",\"reason\":\"Duplicate field 'b'\"}}}]}}]",
        es_stub_answer);

    scene_give(s, two, 2);
    scene_settle(s);
    ck_assert_slice(buf_slice(&scene_post(s, 0)->body),
                    SLICE(
                        "{\"index\":{\"_index\":\"i\"}}\n{\"k\":1}\n{\"index\":{\"_index\":\"i\"}}"
                        "\n{\"a\":{\"b\":1,\"b\":2},\"k\":2}\n"));
    ck_assert_slice(buf_slice(&scene_post(s, 1)->body),
                    SLICE("{\"index\":{\"_index\":\"i\"}}\n{\"a\":{\"b\":2},\"k\":2}\n"));
    ck_assert_uint_eq(s->cluster.posts, 2); /* refused again, it is refused */
    ck_assert_uint_eq(atomic_load(&s->o.sink->stats.refused), 1);
    ck_assert_uint_eq(log_lines_count("Could not index event to Elasticsearch."), 1);
    scene_end(s);
}
END_TEST

START_TEST(a_server_says_when_to_come_again)
{
    struct scene *s =
        scene_start(PLAIN, "[{\"status\":503,\"headers\":{\"Retry-After\":\"1\"},\"body\":\"\"}]",
                    es_stub_answer);

    scene_give(s, two, 1);
    scene_settle(s);
    ck_assert_uint_ge(scene_post(s, 1)->ms - scene_post(s, 0)->ms, 990);
    scene_end(s);
}
END_TEST

static void
on_request_gzip(void *arg, struct stub_request *r, struct stub_answer *out)
{
    struct buf plain;

    es_stub_answer(arg, r, out);
    plain = out->body;
    out->body = (struct buf){ 0 };
    gzip_member(buf_slice(&plain), 1, &out->body);
    buf_append(&out->headers, SLICE("Content-Encoding: gzip\r\n"));
    buf_fini(&plain);
}

START_TEST(compressed_answers_are_read)
{
    struct scene *s = scene_start(PLAIN, "[]", on_request_gzip);

    scene_give(s, two, 2);
    scene_settle(s);
    ck_assert_uint_eq(s->cluster.posts, 1);
    ck_assert_uint_eq(atomic_load(&s->o.sink->stats.done), 2);
    ck_assert_uint_eq(log_lines_count("ERROR"), 0);
    scene_end(s);
}
END_TEST

START_TEST(many_views_over_a_troubled_cluster)
{
    struct scene *s = scene_start(
        "{\"hosts\":[\"http://${MOCK}\"],\"index\":\"i\",\"manage_template\":false}",
        "[{\"auto\":true},{\"status\":503,\"body\":\"\"},{\"action\":\"close\"},{\"status\":429,"
        "\"body\":\"\"},{\"body\":{\"errors\":false,\"items\":[]}},{\"body\":\"<html>\"},"
        "{\"status\":413,\"body\":\"\"},{\"status\":413,\"body\":\"\"},{\"action\":\"refuse\","
        "\"seconds\":1}]",
        es_stub_answer);

    for (int i = 0; i < 50; i++)
        scene_give(s, two, 2);
    scene_settle(s);
    ck_assert_uint_eq(atomic_load(&s->o.sink->stats.given), 100);
    ck_assert_uint_eq(atomic_load(&s->o.sink->stats.done), 100);
    scene_end(s);
}
END_TEST

START_TEST(a_host_that_is_down_does_not_stop_the_others)
{
    struct scene *s =
        scene_start("{\"hosts\":[\"http://127.0.0.1:1\",\"http://${MOCK}\"],\"index\":\"i\","
                    "\"manage_template\":false}",
                    "[]", es_stub_answer);

    for (int i = 0; i < 10; i++)
        scene_give(s, two, 2);
    scene_settle(s);
    ck_assert_uint_eq(atomic_load(&s->o.sink->stats.done), 20);
    ck_assert_uint_ge(log_lines_count("Attempted to resurrect connection to dead ES instance"), 1);
    ck_assert_uint_eq(log_lines_count("ERROR"), 0);
    scene_end(s);
}
END_TEST

/* The answer never comes; what is under way is given up, and nobody waits for it. */
START_TEST(closing_does_not_wait_for_answers)
{
    struct scene *s =
        scene_start(PLAIN, "[{\"action\":\"timeout\",\"seconds\":20}]", es_stub_answer);

    scene_give(s, two, 2);
    for (int i = 0; i < 1000 && s->cluster.posts == 0; i++)
        pause_ms(5);
    ck_assert_uint_eq(s->cluster.posts, 1);
    scene_end(s);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, cases_of_the_reference, 0, (int)COUNT(files));
    tcase_add_test(tc, equal_keys_are_repaired_once);
    tcase_add_test(tc, a_server_says_when_to_come_again);
    tcase_add_test(tc, compressed_answers_are_read);
    tcase_add_test(tc, many_views_over_a_troubled_cluster);
    tcase_add_test(tc, a_host_that_is_down_does_not_stop_the_others);
    tcase_add_test(tc, closing_does_not_wait_for_answers);
}

UNIT_MAIN("elasticsearch")
