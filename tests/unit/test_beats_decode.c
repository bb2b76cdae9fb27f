/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the beats input makes of a window's events (lumberjack-and-beats-input.md 3, 8): a real
 * input without connections; windows are handed to its worker side. */
#include "server/beats_priv.h"
#include "tests/unit/beats_plan.h"
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "codec/json_write.h"
#include "codec/lj_encode.h"

#include <arpa/inet.h>

struct bench {
    struct findings findings;
    struct plan *plan;
    struct budget budget;
    struct budget_share share;
    struct loop *loop;
    struct acceptor *acceptor;
    struct ready *ready;
    struct input *in;
    void *worker;
    struct done *done;
    struct err err;
};

static const char *
no_setting(void *close_bad, const char *option)
{
    return close_bad != NULL && strcmp(option, "on_bad_event") == 0 ? "close" : NULL;
}

static void
bench_init(struct bench *b, const char *options, bool close_bad)
{
    static const struct log log = { .logger = "test" };
    static int yes;
    struct buf text = { 0 };
    struct input_env env;

    *b = (struct bench){ 0 };
    buf_printf(&text, "beats { port => 0 host => \"127.0.0.1\" %s }", options);
    b->plan = beats_plan(buf_cstr(&text), &b->findings);
    buf_fini(&text);
    ck_assert_ptr_nonnull(b->plan);
    budget_init(&b->budget, (size_t)64 << 20);
    budget_join(&b->budget, &b->share);
    b->loop = loop_new(0, &b->budget, &b->err);
    ck_assert_int_eq(loop_start(b->loop, &b->err), 0);
    b->acceptor = acceptor_new(&b->loop, 1, &b->budget, &log, &b->err);
    ck_assert_int_eq(acceptor_start(b->acceptor, &b->err), 0);
    b->ready = ready_new(1);
    env = (struct input_env){ .ready = b->ready,
                              .share = &b->share,
                              .loops = &b->loop,
                              .loops_n = 1,
                              .acceptor = b->acceptor,
                              .log = &log,
                              .setting = no_setting,
                              .setting_arg = close_bad ? &yes : NULL };
    b->in = input_beats.open(b->plan->input[0]->conf, &b->plan->input[0]->common, &env, &b->err);
    ck_assert_msg(b->in != NULL, "%s", b->err.msg);
    ck_assert_int_eq(input_beats.start(b->in, &b->err), 0);
    b->worker = input_beats.worker_new(b->in);
}

static void
bench_fini(struct bench *b)
{
    input_beats.worker_free(b->in, b->worker);
    input_beats.stop(b->in);
    input_beats.close(&b->in);
    acceptor_free(&b->acceptor);
    loop_stop(b->loop);
    loop_free(&b->loop);
    ready_free(&b->ready);
    ck_assert_int_eq(b->share.used, 0);
    budget_leave(&b->share);
    plan_drop(&b->plan);
    findings_fini(&b->findings);
    arena_thread_trim();
}

static struct beats_peer *
make_peer(bool verified)
{
    struct address a = { .n = sizeof(struct sockaddr_in) };
    struct sockaddr_in *sa = (void *)&a.sa;
    struct beats_peer *p;

    sa->sin_family = AF_INET;
    inet_pton(AF_INET, "192.0.2.7", &sa->sin_addr);
    p = beats_peer_new(&a, IP_JAVA);
    p->info = xcalloc(1, sizeof *p->info);
    *p->info = (struct tls_info){ .version = "TLSv1.3",
                                  .cipher = "TLS_AES_256_GCM_SHA384",
                                  .verified = verified,
                                  .subject = "CN=web-1,O=Acme" };
    return p;
}

static struct window *
make_window(struct bench *b, const struct buf *frames, struct beats_peer *peer)
{
    struct window *w = window_new(&b->share);
    struct window_block *block = window_block(w, frames->n + ARENA_PAD);

    memcpy(block->data, frames->p, frames->n);
    block->n = frames->n;
    window_part(w, (struct slice){ block->data, frames->n });
    w->whole = true;
    w->peer = peer;
    w->peer_drop = beats_peer_drop;
    return w;
}

static void
settled(void *to, struct done *d)
{
    (void)to;
    (void)d;
}

static void
print_event(const struct event *ev, struct buf *out)
{
    buf_append(out, SLICE("data "));
    value_write(&ev->data, out);
    buf_append(out, SLICE("\nmeta "));
    value_write(&ev->meta, out);
    buf_byte(out, '\n');
}

/* All events of the frames as text; owed: the ACKs of the window. */
static void
decode(struct bench *b, const struct buf *frames, bool verified, struct buf *out, uint32_t *owed)
{
    struct window *w = make_window(b, frames, make_peer(verified));
    struct batch *batch = NULL;

    b->done = done_new(settled, NULL, b->plan);
    while (input_beats.decode(b->in, b->worker, w, b->done, &batch) == WINDOW_BATCH) {
        for (uint32_t i = 0; i < batch->n; i++)
            print_event(batch->events[i], out);
        batch_recycle(&batch);
    }
    if (owed != NULL)
        *owed = b->done->acks.n;
    lj_acks_fini(&b->done->acks);
    done_drop(&b->done);
    window_free(&w);
}

static void
put_window(struct buf *frames, const struct slice *payloads, uint32_t n)
{
    lj_put_window(frames, '2', n);
    for (uint32_t i = 0; i < n; i++)
        lj_put_json(frames, '2', i + 1, payloads[i]);
}

/* ---- one event ---- */

#define BARE "enrich => none"

static const struct {
    const char *name, *options;
    struct slice payload;
    const char *data, *meta;
} one[] = {
    { "text, by the default codec", "", SLICE_INIT("{\"message\":\"hello\"}"),
      "{\"message\":\"hello\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\","
      "\"event\":{\"original\":\"hello\"},\"tags\":[\"beats_input_codec_plain_applied\"]}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "no text: raw", "", SLICE_INIT("{\"a\":1}"),
      "{\"a\":1,\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"tags\":[\"beats_"
      "input_raw_event\"]}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "nothing added", BARE, SLICE_INIT("{\"message\":\"hello\"}"),
      "{\"message\":\"hello\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}",
      "{}" },
    { "line becomes the message", BARE, SLICE_INIT("{\"line\":\"hello\"}"),
      "{\"message\":\"hello\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}",
      "{}" },
    { "message wins, line stays", BARE, SLICE_INIT("{\"message\":\"m\",\"line\":\"l\"}"),
      "{\"message\":\"m\",\"line\":\"l\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05."
      "000Z\"}",
      "{}" },
    { "null counts as absent", BARE, SLICE_INIT("{\"message\":null,\"line\":\"l\"}"),
      "{\"message\":\"l\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}", "{}" },
    { "empty text is text", BARE, SLICE_INIT("{\"message\":\"\"}"),
      "{\"message\":\"\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}", "{}" },
    { "number as text", BARE, SLICE_INIT("{\"message\":5}"),
      "{\"message\":\"5\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}", "{}" },
    { "event keeps its keys", "", SLICE_INIT("{\"message\":\"m\",\"event\":{\"dataset\":\"app\"}}"),
      "{\"message\":\"m\",\"event\":{\"dataset\":\"app\",\"original\":\"m\"},\"@version\":\"1\",\"@"
      "timestamp\":\"2026-01-02T03:04:05.000Z\",\"tags\":[\"beats_input_codec_plain_applied\"]}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "the Beat's own original stays", "",
      SLICE_INIT("{\"message\":\"m\",\"event\":{\"original\":\"o\"}}"),
      "{\"message\":\"m\",\"event\":{\"original\":\"o\"},\"@version\":\"1\",\"@timestamp\":\"2026-"
      "01-02T03:04:05.000Z\",\"tags\":[\"beats_input_codec_plain_applied\"]}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "event that is no object", "", SLICE_INIT("{\"message\":\"m\",\"event\":\"x\"}"),
      "{\"message\":\"m\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"_"
      "event\":\"x\",\"tags\":[\"_eventparsefailure\",\"beats_input_codec_plain_applied\"],"
      "\"event\":{\"original\":\"m\"}}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "address without ECS", "ecs_compatibility => disabled", SLICE_INIT("{\"a\":1}"),
      "{\"a\":1,\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"tags\":[\"beats_"
      "input_raw_event\"]}",
      "{\"ip_address\":\"192.0.2.7\"}" },
    { "type, fields and tags of the configuration",
      BARE " tags => [\"t\"] type => \"y\" add_field => { \"env\" => \"prod\" }",
      SLICE_INIT("{\"a\":1,\"tags\":[\"b\"]}"),
      "{\"a\":1,\"tags\":[\"b\",\"t\"],\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05."
      "000Z\",\"type\":\"y\",\"env\":\"prod\"}",
      "{}" },
    { "tags: the Beat's, ours, the codec's", "tags => [\"t\"]",
      SLICE_INIT("{\"message\":\"m\",\"tags\":[\"b\"]}"),
      "{\"message\":\"m\",\"tags\":[\"b\",\"t\",\"beats_input_codec_plain_applied\"],\"@version\":"
      "\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"event\":{\"original\":\"m\"}}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "tags that are a number", BARE, SLICE_INIT("{\"a\":1,\"tags\":7}"),
      "{\"a\":1,\"@version\":\"1\",\"_tags\":[7],\"tags\":[\"_tagsparsefailure\"],\"@timestamp\":"
      "\"2026-01-02T03:04:05.000Z\"}",
      "{}" },
    { "tags that hold a number", BARE, SLICE_INIT("{\"a\":1,\"tags\":[1]}"),
      "{\"a\":1,\"@version\":\"1\",\"_tags\":[[1]],\"tags\":[\"_tagsparsefailure\"],\"@timestamp\":"
      "\"2026-01-02T03:04:05.000Z\"}",
      "{}" },
    { "tags that are an object", BARE, SLICE_INIT("{\"message\":\"m\",\"tags\":{\"a\":1}}"),
      "{\"message\":\"m\",\"@version\":\"1\",\"_tags\":[{\"a\":1}],\"tags\":[\"_tagsparsefailure\"]"
      ",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}",
      "{}" },
    { "@metadata that is a string", BARE, SLICE_INIT("{\"a\":1,\"@metadata\":\"x\"}"),
      "{\"a\":1,\"_@metadata\":\"x\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05."
      "000Z\",\"tags\":[\"_metadataparsefailure\"]}",
      "{}" },
    { "@metadata that is a list, with text", BARE,
      SLICE_INIT("{\"message\":\"m\",\"@metadata\":[1]}"),
      "{\"message\":\"m\",\"_@metadata\":[1],\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:"
      "05.000Z\",\"tags\":[\"_metadataparsefailure\"]}",
      "{}" },
    { "@metadata that is null", "", SLICE_INIT("{\"a\":1,\"@metadata\":null}"),
      "{\"a\":1,\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"tags\":[\"beats_"
      "input_raw_event\"]}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "@metadata merged", "",
      SLICE_INIT("{\"a\":1,\"@metadata\":{\"beat\":\"fb\",\"input\":{\"x\":1}}}"),
      "{\"a\":1,\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"tags\":[\"beats_"
      "input_raw_event\"]}",
      "{\"beat\":\"fb\",\"input\":{\"x\":1,\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "beat that is a string, with text", BARE, SLICE_INIT("{\"message\":\"m\",\"beat\":\"x\"}"),
      "{\"message\":\"m\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"_beat\":"
      "\"x\",\"tags\":[\"_beatparsefailure\"]}",
      "{}" },
    { "beat that is a list", BARE, SLICE_INIT("{\"a\":1,\"beat\":[]}"),
      "{\"a\":1,\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"_beat\":[],"
      "\"tags\":[\"_beatparsefailure\"]}",
      "{}" },
    { "time of the Beat", BARE, SLICE_INIT("{\"a\":1,\"@timestamp\":\"2024-05-01T12:00:00.123Z\"}"),
      "{\"a\":1,\"@timestamp\":\"2024-05-01T12:00:00.123Z\",\"@version\":\"1\"}", "{}" },
    { "bad time, raw", BARE, SLICE_INIT("{\"a\":1,\"@timestamp\":\"never\"}"),
      "{\"a\":1,\"@version\":\"1\",\"_@timestamp\":\"never\",\"@timestamp\":\"2026-01-02T03:04:05."
      "000Z\",\"tags\":[\"_timestampparsefailure\"]}",
      "{}" },
    { "bad time, with text: lost", BARE, SLICE_INIT("{\"message\":\"m\",\"@timestamp\":\"never\"}"),
      "{\"message\":\"m\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}", "{}" },
    { "number as time, with text: lost", BARE, SLICE_INIT("{\"message\":\"m\",\"@timestamp\":5}"),
      "{\"message\":\"m\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}", "{}" },
    { "keys with brackets and dots stay as they are", BARE,
      SLICE_INIT("{\"message\":\"m\",\"a[\":1,\"[b][c]\":2,\"d.e\":3}"),
      "{\"message\":\"m\",\"a[\":1,\"[b][c]\":2,\"d.e\":3,\"@version\":\"1\",\"@timestamp\":\"2026-"
      "01-02T03:04:05.000Z\"}",
      "{}" },
    { "bad JSON", "", SLICE_INIT("{\"a\":"),
      "{\"message\":\"{\\\"a\\\":\",\"tags\":[\"_jsonparsefailure\",\"beats_input_raw_event\"],\"@"
      "version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "no object", "", SLICE_INIT("[1]"),
      "{\"message\":\"[1]\",\"tags\":[\"_jsonparsefailure\",\"beats_input_raw_event\"],\"@"
      "version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "bad UTF-8", BARE, SLICE_INIT("{\"a\":\"\xff\"}"),
      "{\"message\":\"{\\\"a\\\":\\\""
      "\xef\xbf\xbd"
      "\\\"}\",\"tags\":[\"_jsonparsefailure\"],\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:"
      "04:05.000Z\"}",
      "{}" },
    { "half a surrogate pair", BARE, SLICE_INIT("{\"a\":\"\\ud800\"}"),
      "{\"a\":\"\\ufffd\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}", "{}" },
    { "host name of old Beats", BARE " add_hostname => true",
      SLICE_INIT("{\"a\":1,\"beat\":{\"hostname\":\"h\"}}"),
      "{\"a\":1,\"beat\":{\"hostname\":\"h\"},\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:"
      "05.000Z\"}",
      "{\"input\":{\"beats\":{\"host\":{\"name\":\"h\"}}}}" },
    { "host name of old Beats without ECS",
      BARE " add_hostname => true ecs_compatibility => disabled",
      SLICE_INIT("{\"a\":1,\"beat\":{\"hostname\":\"h\"}}"),
      "{\"a\":1,\"beat\":{\"hostname\":\"h\"},\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:"
      "05.000Z\",\"host\":\"h\"}",
      "{}" },
    { "codec json: the Beat's fields win", BARE " codec => json",
      SLICE_INIT("{\"message\":\"{\\\"b\\\":2,\\\"c\\\":3}\",\"c\":4}"),
      "{\"b\":2,\"c\":4,\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"event\":{"
      "\"original\":\"{\\\"b\\\":2,\\\"c\\\":3}\"}}",
      "{}" },
    { "codec json, original", "codec => json", SLICE_INIT("{\"message\":\"{\\\"b\\\":2}\"}"),
      "{\"b\":2,\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"event\":{"
      "\"original\":\"{\\\"b\\\":2}\"},\"tags\":[\"beats_input_codec_json_applied\"]}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "codec json, bad text: the Beat's tags win", BARE " codec => json",
      SLICE_INIT("{\"message\":\"nope\",\"tags\":[\"b\"]}"),
      "{\"message\":\"nope\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\","
      "\"tags\":[\"b\"]}",
      "{}" },
    { "codec json, event that is no object", "codec => json",
      SLICE_INIT("{\"message\":\"{}\",\"event\":\"x\"}"),
      "{\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"event\":{\"original\":\"{}"
      "\"},\"_event\":\"x\",\"tags\":[\"_eventparsefailure\",\"beats_input_codec_json_applied\"]}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
    { "codec plain by name", "codec => plain", SLICE_INIT("{\"message\":\"m\"}"),
      "{\"message\":\"m\",\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\",\"event\":"
      "{\"original\":\"m\"},\"tags\":[\"beats_input_codec_plain_applied\"]}",
      "{\"input\":{\"beats\":{\"host\":{\"ip\":\"192.0.2.7\"}}}}" },
};

START_TEST(event_as_it_goes_on)
{
    struct bench b;
    struct buf frames = { 0 }, out = { 0 }, wanted = { 0 };

    bench_init(&b, one[_i].options, false);
    put_window(&frames, &one[_i].payload, 1);
    decode(&b, &frames, true, &out, NULL);
    buf_printf(&wanted, "data %s\nmeta %s\n", one[_i].data, one[_i].meta);
    ck_assert_msg(slice_eq(buf_slice(&out), buf_slice(&wanted)), "%s:\n%s", one[_i].name,
                  buf_cstr(&out));
    buf_fini(&wanted);
    buf_fini(&frames);
    buf_fini(&out);
    bench_fini(&b);
}
END_TEST

/* ---- what TLS adds ---- */

#define TLS                                                                                \
    "ssl_enabled => true ssl_certificate => @server-p256.pem ssl_key => @server-p256.key " \
    "ssl_certificate_authorities => @ca.pem ssl_client_authentication => \"optional\" "    \
    "enrich => [\"ssl_peer_metadata\"] "

static const struct {
    const char *options;
    bool verified;
    const char *meta;
} tls[] = {
    { TLS, true,
      "{\"input\":{\"beats\":{\"tls\":{\"version_protocol\":\"TLSv1.3\",\"cipher\":\"TLS_AES_256_"
      "GCM_"
      "SHA384\",\"client\":{\"subject\":\"CN=web-1,O=Acme\"}}}},\"tls_peer\":{\"status\":"
      "\"verified\"}}" },
    { TLS, false, "{\"tls_peer\":{\"status\":\"unverified\"}}" },
    { TLS "ecs_compatibility => disabled", true,
      "{\"tls_peer\":{\"status\":\"verified\",\"protocol\":\"TLSv1.3\",\"subject\":\"CN=web-1,O="
      "Acme\","
      "\"cipher_suite\":\"TLS_AES_256_GCM_SHA384\"}}" },
};

START_TEST(certificate_of_the_peer)
{
    struct bench b;
    struct buf frames = { 0 }, out = { 0 };
    const char *meta;

    bench_init(&b, tls[_i].options, false);
    put_window(&frames, &SLICE("{\"a\":1}"), 1);
    decode(&b, &frames, tls[_i].verified, &out, NULL);
    meta = strstr(buf_cstr(&out), "meta ");
    ck_assert_ptr_nonnull(meta);
    ck_assert_msg(strncmp(meta + 5, tls[_i].meta, strlen(tls[_i].meta)) == 0, "%s", meta);
    buf_fini(&frames);
    buf_fini(&out);
    bench_fini(&b);
}
END_TEST

/* ---- windows ---- */

static uint64_t
counted(const struct bench *b, enum lj_bad_event kind)
{
    return atomic_load(&((struct beats_input *)(void *)b->in)->bad_events[kind]);
}

/* Bad in every way, between good ones. */
static void
put_poison(struct buf *frames, struct buf *deep)
{
    struct slice payloads[7] = { SLICE("{\"n\":1}"),        SLICE("{"),        SLICE("[]"),
                                 SLICE("{\"a\":\"\xc3\"}"), SLICE("\"text\""), { NULL, 0 },
                                 SLICE("{\"n\":7}") };

    for (unsigned i = 0; i < 1001; i++)
        buf_append(deep, SLICE("{\"a\":"));
    payloads[5] = buf_slice(deep);
    for (unsigned i = 0; i < 1001; i++)
        buf_byte(deep, '}');
    payloads[5] = buf_slice(deep);
    put_window(frames, payloads, COUNT(payloads));
}

static unsigned
lines_with(struct buf *out, const char *words)
{
    unsigned n = 0;

    for (const char *p = buf_cstr(out); (p = strstr(p, words)) != NULL; p++)
        n++;
    return n;
}

START_TEST(poison_is_quarantined_in_its_place_and_counted)
{
    struct bench b;
    struct buf frames = { 0 }, deep = { 0 }, out = { 0 };
    uint32_t owed;

    bench_init(&b, "", false);
    put_poison(&frames, &deep);
    decode(&b, &frames, true, &out, &owed);
    ck_assert_uint_eq(owed, 1);
    ck_assert_uint_eq(lines_with(&out, "data {"), 7);
    ck_assert_uint_eq(lines_with(&out, "[\"_jsonparsefailure\",\"beats_input_raw_event\"]"), 5);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "data {\"message\":\"[]\""));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "data {\"message\":\"\\\"text\\\"\""));
    ck_assert_uint_eq(counted(&b, LJ_BAD_JSON), 1);
    ck_assert_uint_eq(counted(&b, LJ_NOT_OBJECT), 2);
    ck_assert_uint_eq(counted(&b, LJ_BAD_UTF8), 1);
    ck_assert_uint_eq(counted(&b, LJ_TOO_DEEP), 1);
    ck_assert_uint_eq(atomic_load(&b.in->stats.events), 7);
    buf_fini(&frames);
    buf_fini(&deep);
    buf_fini(&out);
    bench_fini(&b);
}
END_TEST

START_TEST(close_owes_nothing_for_the_bad_window)
{
    struct bench b;
    struct buf frames = { 0 }, deep = { 0 }, out = { 0 };
    uint32_t owed;

    bench_init(&b, "", true);
    put_poison(&frames, &deep);
    decode(&b, &frames, true, &out, &owed);
    ck_assert_uint_eq(owed, 0);
    ck_assert_uint_eq(counted(&b, LJ_BAD_JSON), 1);
    buf_fini(&frames);
    buf_fini(&deep);
    buf_fini(&out);
    bench_fini(&b);
}
END_TEST

START_TEST(pairs_of_version_1)
{
    static const struct slice pairs[] = { SLICE_INIT("line"),   SLICE_INIT("hello"),
                                          SLICE_INIT("host"),   SLICE_INIT("web-1"),
                                          SLICE_INIT("offset"), SLICE_INIT("42"),
                                          SLICE_INIT("host"),   SLICE_INIT("web-2") };
    struct bench b;
    struct buf frames = { 0 }, out = { 0 };

    bench_init(&b, BARE, false);
    lj_put_window(&frames, '1', 1);
    lj_put_data(&frames, '1', 1, pairs, COUNT(pairs) / 2);
    decode(&b, &frames, true, &out, NULL);
    ck_assert_str_eq(buf_cstr(&out),
                     "data {\"offset\":\"42\",\"host\":\"web-2\",\"message\":\"hello\","
                     "\"@version\":\"1\",\"@timestamp\":\"2026-01-02T03:04:05.000Z\"}\n"
                     "meta {}\n");
    buf_fini(&frames);
    buf_fini(&out);
    bench_fini(&b);
}
END_TEST

/* What one event's @metadata became does not show in the next one's, whether it is the same or not.
 */
START_TEST(each_event_as_if_it_were_alone)
{
    static const struct slice payloads[] = {
        SLICE_INIT("{\"n\":1,\"@metadata\":{\"beat\":\"fb\"},\"beat\":{\"hostname\":\"h1\"}}"),
        SLICE_INIT("{\"n\":2,\"@metadata\":{\"beat\":\"fb\"}}"),
        SLICE_INIT("{\"n\":3,\"@metadata\":{\"beat\":\"fb\"},\"beat\":{\"hostname\":\"h3\"}}"),
        SLICE_INIT("{\"n\":4,\"@metadata\":{\"beat\":\"mb\"}}"),
        SLICE_INIT("{\"n\":5}"),
        SLICE_INIT("{\"n\":6,\"@metadata\":{}}"),
        SLICE_INIT("{\"n\":7,\"@metadata\":{\"input\":{\"beats\":{\"x\":1}}}}"),
        SLICE_INIT("{\"n\":8,\"@metadata\":{\"input\":{\"beats\":{\"x\":1}}}}"),
        SLICE_INIT("{\"n\":9,\"@metadata\":[]}"),
        SLICE_INIT("{\"n\":10,\"@metadata\":{\"beat\":\"fb\"}}"),
    };
    static const char *const options[] = { "", "add_hostname => true",
                                           "ecs_compatibility => disabled", BARE };
    struct buf frames = { 0 }, together = { 0 }, alone = { 0 };
    struct bench b;

    bench_init(&b, options[_i], false);
    put_window(&frames, payloads, COUNT(payloads));
    decode(&b, &frames, true, &together, NULL);
    for (size_t i = 0; i < COUNT(payloads); i++) {
        buf_clear(&frames);
        put_window(&frames, &payloads[i], 1);
        decode(&b, &frames, true, &alone, NULL);
    }
    ck_assert_slice(buf_slice(&together), buf_slice(&alone));
    buf_fini(&frames);
    buf_fini(&together);
    buf_fini(&alone);
    bench_fini(&b);
}
END_TEST

/* Nobody's log. */
static void
swallow(void *ctx, const struct log *log, enum log_level level, struct slice message,
        const struct log_param *params, size_t n)
{
    (void)ctx, (void)log, (void)level, (void)message, (void)params, (void)n;
}

static void
start_all(void)
{
    struct err err = { 0 };

    ck_assert_int_eq(tls_start(&err), 0);
    log_set_handler(swallow, NULL);
}

static void
add_tests(TCase *tc)
{
    tcase_add_unchecked_fixture(tc, start_all, tls_stop);
    tcase_add_loop_test(tc, certificate_of_the_peer, 0, (int)COUNT(tls));
    tcase_add_test(tc, poison_is_quarantined_in_its_place_and_counted);
    tcase_add_test(tc, close_owes_nothing_for_the_bad_window);
    tcase_add_test(tc, pairs_of_version_1);
    tcase_add_loop_test(tc, each_event_as_if_it_were_alone, 0, 4);
    tcase_add_loop_test(tc, event_as_it_goes_on, 0, (int)COUNT(one));
}

UNIT_MAIN("beats_decode")
