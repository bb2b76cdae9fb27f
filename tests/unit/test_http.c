/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The http output against a scripted server. */
#include "tests/unit/unit.h"

#include "server/net/loop.h"
#include "server/net/resolver.h"
#include "sinks/gzip.h"
#include "sinks/http_conf.h"
#include "sinks/sinks.h"
#include "tests/unit/es_case.h"
#include "tests/unit/http_stub.h"
#include "tests/unit/log_lines.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

/* ---- the server: one letter a request ---- */

struct script {
    const char *answers; /* o(k), 5(03), 4(00), n(ot modified: 304), r(edirect), c(lose), 9: 429 */
    size_t at;
};

static void
on_request(void *arg, struct stub_request *r, struct stub_answer *out)
{
    struct script *s = arg;
    char what = s->answers[s->at] == '\0' ? 'o' : s->answers[s->at++];

    (void)r;
    switch (what) {
    case '5': out->status = 503; break;
    case '4': out->status = 400; break;
    case '9': out->status = 429; break;
    case 'n': out->status = 304; break;
    case 'c': out->status = 0; break;
    case 'r':
        out->status = 302;
        buf_append(&out->headers, SLICE("Location: /there?x=1\r\n"));
        break;
    }
    buf_append(&out->body, SLICE("said"));
}

/* ---- the output ---- */

struct output {
    struct arena arena;
    struct opt_plugin plugin;
    struct plugin_context ctx;
    struct findings findings;
    struct http_conf *conf;
    struct sink_common common;
    struct loop *loop;
    struct resolver *resolver;
    struct sink *sink;
    struct buf refusal;
    struct http_stub *stub;
    struct script script;
    char address[32];
};

static void
output_prepare(struct output *o, const char *config_text)
{
    static const struct log log = { .logger = "test" };
    const struct sink_type *type = sink_find(SLICE("http"));
    json_t *config = json_loads(config_text, 0, NULL);
    struct opt_value options;
    struct option_reader reader;
    struct err err = { 0 };

    ck_assert_ptr_nonnull(config);
    arena_init(&o->arena, NULL);
    options = es_case_option(&o->arena, config, o->address);
    o->plugin = (struct opt_plugin){ SLICE("http"), { 0 }, options.pairs, options.n };
    o->ctx = (struct plugin_context){
        .arena = &o->arena, .log = &log, .findings = &o->findings, .given = &o->plugin
    };
    reader = (struct option_reader){ .arena = &o->arena,
                                     .findings = &o->findings,
                                     .plugin_type = "output" };
    o->conf = calloc(1, type->conf_size);
    if (options_read(&reader, &o->plugin, http_options, o->conf, sink_common_options, &o->common) ==
            0 &&
        type->prepare(o->conf, &o->ctx, &err) < 0)
        buf_append(&o->refusal, slice_of(err.msg));
    for (size_t i = 0; i < o->findings.n; i++)
        if (o->findings.at[i].level == FINDING_ERROR)
            buf_append(&o->refusal, slice_of(o->findings.at[i].text));
    o->ctx.findings = NULL;
    json_decref(config);
}

static void
output_open(struct output *o, const char *config, const char *answers)
{
    struct err err = { 0 };
    struct sink_env env;

    log_lines_start();
    o->script.answers = answers;
    o->stub = http_stub_start(on_request, &o->script);
    snprintf(o->address, sizeof o->address, "127.0.0.1:%u", http_stub_port(o->stub));
    output_prepare(o, config);
    ck_assert_msg(o->refusal.n == 0, "%.*s", SLICE_ARGS(buf_slice(&o->refusal)));
    o->loop = loop_new(1, NULL, &err);
    o->resolver = resolver_start(&err);
    ck_assert_int_eq(loop_start(o->loop, &err), 0);
    env = (struct sink_env){ .loop = o->loop,
                             .resolver = o->resolver,
                             .log = o->ctx.log,
                             .ctx = &o->ctx,
                             .common = &o->common };
    o->sink = sink_find(SLICE("http"))->open(o->conf, &env, &err);
    ck_assert_msg(o->sink != NULL, "%s", err.msg);
}

static void
output_close(struct output *o)
{
    if (o->sink != NULL) {
        o->sink->type->close(&o->sink);
        resolver_stop(&o->resolver);
        loop_stop(o->loop);
        loop_free(&o->loop);
        http_stub_stop(&o->stub);
    }
    log_lines_stop();
    findings_fini(&o->findings);
    buf_fini(&o->refusal);
    free(o->conf);
    arena_fini(&o->arena);
    free(o);
}

static void
output_give(struct output *o, const char *const *events, size_t n)
{
    struct batch *b = batch_new(NULL);
    struct view *v = view_new(o->sink, NULL);

    for (size_t i = 0; i < n; i++) {
        json_t *event = json_loads(events[i], 0, NULL);

        ck_assert_ptr_nonnull(event);
        o->sink->type->encode(o->sink, v, es_case_event(b, event));
        json_decref(event);
    }
    o->sink->type->finish(o->sink, v);
    if (v->n > 0)
        o->sink->type->give(o->sink, &v);
    view_free(&v);
    batch_recycle(&b);
}

/* Retries wait for the loop's tick, and half a second before it. */
static void
wait_settled(struct output *o, uint64_t events)
{
    struct sink_stats *s = &o->sink->stats;
    const struct timespec pause = { 0, 2000000 };

    for (int i = 0; i < 5000; i++) {
        if (atomic_load(&s->done) + atomic_load(&s->refused) == events)
            return;
        nanosleep(&pause, NULL);
    }
    ck_abort_msg("not settled\n%s", log_lines());
}

#define T "\"@timestamp\":\"2024-01-02T03:04:05.678Z\",\"@version\":\"1\""
static const char *const one[] = { "{" T ",\"id\":\"a b\",\"n\":1}" };
static const char *const three[] = { "{" T ",\"n\":1}", "{" T ",\"n\":2}", "{" T ",\"n\":3}" };

static const struct {
    const char *name, *config, *target, *type, *body;
} requests[] = {
    { "json", "{\"url\":\"http://${MOCK}/%{n}?q=%{n}\",\"http_method\":\"post\"}", "/1?q=1",
      "application/json", "{" T ",\"id\":\"a b\",\"n\":1}" },
    { "no path", "{\"url\":\"http://${MOCK}\",\"http_method\":\"put\"}", "/", "application/json",
      "{" T ",\"id\":\"a b\",\"n\":1}" },
    { "mapping",
      "{\"url\":\"http://${MOCK}/\",\"http_method\":\"post\",\"mapping\":{\"a\":\"%{id}\","
      "\"b\":{\"c\":[\"%{n}\",\"x\"]},\"d\":5}}",
      "/", "application/json", "{\"a\":\"a b\",\"b\":{\"c\":[\"1\",\"x\"]},\"d\":\"5\"}" },
    { "form",
      "{\"url\":\"http://${MOCK}/\",\"http_method\":\"post\",\"format\":\"form\",\"mapping\":"
      "{\"a key\":\"%{id}&\xC3\xA9\",\"b\":{\"c\":\"1\"}}}",
      "/", "application/x-www-form-urlencoded",
      "a+key=a+b%26%C3%A9&b=%7B%22c%22+%3D%3E+%221%22%7D" },
    { "message",
      "{\"url\":\"http://${MOCK}/\",\"http_method\":\"post\",\"format\":\"message\",\"message\":"
      "\"n is %{n}\",\"content_type\":\"text/x\"}",
      "/", "text/x", "n is 1" },
    { "batch",
      "{\"url\":\"http://${MOCK}/b\",\"http_method\":\"post\",\"format\":\"json_batch\","
      "\"mapping\":{\"n\":\"%{n}\"}}",
      "/b", "application/json", "[{\"n\":\"1\"}]" },
};

START_TEST(what_an_event_becomes)
{
    struct output *o = calloc(1, sizeof *o); /* outlives a test that fails */
    const struct stub_request *r;

    output_open(o, requests[_i].config, "");
    output_give(o, one, 1);
    wait_settled(o, 1);
    ck_assert_uint_eq(http_stub_count(o->stub), 1);
    r = http_stub_request(o->stub, 0);
    ck_assert_str_eq(r->target, requests[_i].target);
    ck_assert_slice(stub_header(r, "Content-Type"), slice_of(requests[_i].type));
    ck_assert_slice(buf_slice(&r->body), slice_of(requests[_i].body));
    ck_assert(slice_starts(stub_header(r, "User-Agent"), SLICE("Headrig/")));
    ck_assert_uint_eq(atomic_load(&o->sink->stats.done), 1);
    output_close(o);
}
END_TEST

START_TEST(headers_and_credentials)
{
    struct output *o = calloc(1, sizeof *o); /* outlives a test that fails */
    const struct stub_request *r;
    static const char *const events[] = { "{" T ",\"h\":\"v\\r\\nInjected: yes\"}" };

    output_open(o,
                "{\"url\":\"http://${MOCK}/\",\"http_method\":\"post\",\"user\":\"u\","
                "\"password\":\"p\",\"http_compression\":true,"
                "\"headers\":{\"X-H\":\"%{h}\",\"content-type\":\"mine\",\"User-Agent\":\"me\"}}",
                "");
    output_give(o, events, 1);
    wait_settled(o, 1);
    r = http_stub_request(o->stub, 0);
    ck_assert_slice(stub_header(r, "X-H"), SLICE("v  Injected: yes"));
    ck_assert_ptr_null(stub_header(r, "Injected").p);
    ck_assert_slice(stub_header(r, "Content-Type"), SLICE("application/json"));
    ck_assert_slice(stub_header(r, "User-Agent"), SLICE("me"));
    ck_assert_slice(stub_header(r, "Authorization"), SLICE("Basic dTpw"));
    ck_assert_slice(stub_header(r, "Content-Encoding"), SLICE("gzip"));
    struct buf plain = { 0 };
    struct err err = { 0 };

    ck_assert_int_eq(gzip_any(buf_slice(&r->body), 1 << 20, &plain, &err), 0);
    ck_assert(slice_starts(buf_slice(&plain), SLICE("{\"@timestamp\"")));
    buf_fini(&plain);
    output_close(o);
}
END_TEST

START_TEST(a_batch_is_one_array)
{
    struct output *o = calloc(1, sizeof *o); /* outlives a test that fails */
    struct buf plain = { 0 };
    struct err err = { 0 };
    const struct stub_request *r;

    output_open(o,
                "{\"url\":\"http://${MOCK}/b\",\"http_method\":\"post\",\"format\":"
                "\"json_batch\",\"headers\":{\"X\":\"%{n}\"},\"http_compression\":true,"
                "\"mapping\":{\"n\":\"%{n}\"}}",
                "5");
    output_give(o, three, 3);
    wait_settled(o, 3);
    r = http_stub_request(o->stub, 1);
    ck_assert_int_eq(gzip_any(buf_slice(&r->body), 1 << 20, &plain, &err), 0);
    ck_assert_slice(buf_slice(&plain), SLICE("[{\"n\":\"1\"},{\"n\":\"2\"},{\"n\":\"3\"}]"));
    ck_assert_slice(stub_header(r, "X"), SLICE("%{n}")); /* as written: there is no one event */
    ck_assert_slice(buf_slice(&r->body), buf_slice(&http_stub_request(o->stub, 0)->body));
    ck_assert_uint_eq(http_stub_count(o->stub), 2);
    buf_fini(&plain);
    output_close(o);
}
END_TEST

static const struct {
    const char *name, *options, *answers;
    unsigned requests;
    uint64_t done, refused;
    const char *log;
} outcomes[] = {
    { "taken", "", "o", 1, 1, 0, "" },
    { "retryable", "", "5o", 2, 1, 0,
      "WARN Encountered a retryable HTTP request in HTTP output, will retry" },
    { "429 is quiet", "", "9o", 2, 1, 0, "" },
    { "refused", "", "4", 1, 0, 1, "ERROR Encountered non-2xx HTTP code 400" },
    { "3xx to a post", "", "r", 1, 0, 1, "ERROR Encountered non-2xx HTTP code 302" },
    { "ignorable", ",\"ignorable_codes\":[400,418]", "4", 1, 1, 0, "" },
    { "own retryable", ",\"retryable_codes\":[400]", "4o", 2, 1, 0, "will retry" },
    { "own retryable replace ours", ",\"retryable_codes\":[400]", "5", 1, 0, 1, "code 503" },
    { "closed", "", "co", 2, 1, 0, "ERROR Could not fetch URL" },
    { "no retries", ",\"retry_failed\":false", "5", 1, 0, 1, "won't retry" },
    { "no retries, closed, not idempotent", ",\"retry_failed\":false", "c", 1, 0, 1,
      "ERROR Could not fetch URL" },
    { "repeated at once", ",\"retry_failed\":false,\"retry_non_idempotent\":true", "co", 2, 1, 0,
      "" },
    { "repeated once only", ",\"retry_failed\":false,\"retry_non_idempotent\":true", "cco", 2, 0, 1,
      "ERROR Could not fetch URL" },
};

START_TEST(what_an_answer_means)
{
    struct output *o = calloc(1, sizeof *o); /* outlives a test that fails */
    char config[256];

    snprintf(config, sizeof config, "{\"url\":\"http://${MOCK}/\",\"http_method\":\"post\"%s}",
             outcomes[_i].options);
    output_open(o, config, outcomes[_i].answers);
    output_give(o, one, 1);
    wait_settled(o, 1);
    ck_assert_msg(http_stub_count(o->stub) == outcomes[_i].requests &&
                      atomic_load(&o->sink->stats.done) == outcomes[_i].done &&
                      atomic_load(&o->sink->stats.refused) == outcomes[_i].refused,
                  "%s: %zu requests\n%s", outcomes[_i].name, http_stub_count(o->stub), log_lines());
    ck_assert_msg(strstr(log_lines(), outcomes[_i].log) != NULL, "%s: %s", outcomes[_i].name,
                  log_lines());
    if (outcomes[_i].log[0] == '\0')
        ck_assert_str_eq(log_lines(), "");
    output_close(o);
}
END_TEST

START_TEST(redirects_of_get_are_followed_without_a_body)
{
    struct output *o = calloc(1, sizeof *o); /* outlives a test that fails */
    const struct stub_request *r;

    output_open(o, "{\"url\":\"http://${MOCK}/here\",\"http_method\":\"get\"}", "rro");
    output_give(o, one, 1);
    wait_settled(o, 1);
    ck_assert_uint_eq(http_stub_count(o->stub), 3);
    ck_assert_uint_gt(http_stub_request(o->stub, 0)->body.n, 0);
    r = http_stub_request(o->stub, 2);
    ck_assert_str_eq(r->target, "/there?x=1");
    ck_assert_uint_eq(r->body.n, 0);
    ck_assert_uint_eq(atomic_load(&o->sink->stats.done), 1);
    output_close(o);
}
END_TEST

START_TEST(redirects_have_an_end)
{
    struct output *o = calloc(1, sizeof *o); /* outlives a test that fails */

    output_open(o, "{\"url\":\"http://${MOCK}/here\",\"http_method\":\"get\"}", "rrrrrrrrr");
    output_give(o, one, 1);
    wait_settled(o, 1);
    ck_assert_uint_eq(http_stub_count(o->stub), 6);
    ck_assert_uint_eq(atomic_load(&o->sink->stats.refused), 1);
    output_close(o);
}
END_TEST

START_TEST(events_without_a_url_are_refused_alone)
{
    struct output *o = calloc(1, sizeof *o); /* outlives a test that fails */
    static const char *const events[] = { "{" T "}", "{" T ",\"p\":\"a b\"}",
                                          "{" T ",\"p\":\"ok\"}" };

    output_open(o, "{\"url\":\"http://${MOCK}/%{p}\",\"http_method\":\"post\"}", "");
    output_give(o, events, 3);
    wait_settled(o, 3);
    ck_assert_uint_eq(http_stub_count(o->stub), 1);
    ck_assert_str_eq(http_stub_request(o->stub, 0)->target, "/ok");
    ck_assert_uint_eq(atomic_load(&o->sink->stats.refused), 2);
    ck_assert_ptr_nonnull(strstr(log_lines(), "ERROR Could not fetch URL"));
    output_close(o);
}
END_TEST

START_TEST(events_of_a_batch_go_side_by_side)
{
    struct output *o = calloc(1, sizeof *o); /* outlives a test that fails */
    const char *events[100];

    for (size_t i = 0; i < COUNT(events); i++)
        events[i] = three[i % 3];
    output_open(o, "{\"url\":\"http://${MOCK}/\",\"http_method\":\"post\"}", "5o5o5");
    output_give(o, events, COUNT(events));
    wait_settled(o, COUNT(events));
    ck_assert_uint_eq(http_stub_count(o->stub), 103);
    ck_assert_uint_eq(atomic_load(&o->sink->stats.done), 100);
    output_close(o);
}
END_TEST

static const char *const refusals[][2] = {
    { "{\"http_method\":\"post\"}", "url" },
    { "{\"url\":\"http://h\"}", "http_method" },
    { "{\"url\":\"ftp://h\",\"http_method\":\"post\"}", "the scheme is not http or https" },
    { "{\"url\":\"http://a b\",\"http_method\":\"post\"}", "URI is not valid" },
    { "{\"url\":\"http://h\",\"http_method\":\"post\",\"format\":\"message\"}",
      "message must be set if message format is used" },
    { "{\"url\":\"http://h\",\"http_method\":\"post\",\"user\":\"u\"}",
      "user and password need each other" },
    { "{\"url\":\"http://h\",\"http_method\":\"post\",\"proxy\":\"http://p\"}",
      "forward proxies are not supported" },
    { "{\"url\":\"http://h\",\"http_method\":\"post\",\"headers\":{\"a b\":\"c\"}}",
      "is no name of a header" },
    { "{\"url\":\"http://h\",\"http_method\":\"post\",\"ssl_certificate\":\"${FILE}\"}",
      "need each other" },
    { "{\"url\":\"http://h/%{+Q}\",\"http_method\":\"post\"}", "url" },
    { "{\"url\":\"http://h\",\"http_method\":\"post\",\"mapping\":{\"a\":[\"%{[b}\"]}}",
      "mapping" },
};

START_TEST(refused_by_name)
{
    struct output *o = calloc(1, sizeof *o);

    strcpy(o->address, "127.0.0.1:1");
    output_prepare(o, refusals[_i][0]);
    buf_cstr(&o->refusal);
    ck_assert_msg(strstr(o->refusal.p, refusals[_i][1]) != NULL, "%s: \"%s\"", refusals[_i][0],
                  o->refusal.p);
    output_close(o);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, what_an_event_becomes, 0, (int)COUNT(requests));
    tcase_add_test(tc, headers_and_credentials);
    tcase_add_test(tc, a_batch_is_one_array);
    tcase_add_loop_test(tc, what_an_answer_means, 0, (int)COUNT(outcomes));
    tcase_add_test(tc, redirects_of_get_are_followed_without_a_body);
    tcase_add_test(tc, redirects_have_an_end);
    tcase_add_test(tc, events_without_a_url_are_refused_alone);
    tcase_add_test(tc, events_of_a_batch_go_side_by_side);
    tcase_add_loop_test(tc, refused_by_name, 0, (int)COUNT(refusals));
}

UNIT_MAIN("http")
