/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grok_bench: what one line costs in grok, on one core: the search alone, and the filter on an
 * event of nine fields, captures stored. For each, median and spread of the CPU time over the runs
 * (default 9, argument 1), the forms taking turns; argument 2 is the number of one form. */
#include "codec/batch.h"
#include "codec/json_scan.h"
#include "pipeline/filter.h"
#include "pipeline/grok.h"
#include "tools/bench/bench.h"

#define EVENTS 2048
#define PASSES 5
#define RUNS   101

extern const struct filter_type filter_grok;

#define ACCESS                                                                                   \
    "203.0.113.%u - frank [10/Oct/2024:13:55:%02u -0700] \\\"GET /apache_pb/%u/index.html?a=%u " \
    "HTTP/1.1\\\" 200 %u \\\"https://www.example.com/start/%u.html\\\" \\\"Mozilla/5.0 (X11; "   \
    "Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\\\""

static const struct {
    const char *name, *pattern, *line; /* of JSON: quotes are escaped */
    bool ecs;
} forms[] = {
    { "COMBINEDAPACHELOG, match", "%{COMBINEDAPACHELOG}", ACCESS, false },
    { "the same, ECS", "%{COMBINEDAPACHELOG}", ACCESS, true },
    { "the same, not ASCII", "%{COMBINEDAPACHELOG}", ACCESS " \xc3\xa9", false },
    { "COMBINEDAPACHELOG, unrelated line", "%{COMBINEDAPACHELOG}",
      "Jan %u 03:04:%02u web%u sshd[%u]: Accepted publickey for root from 10.0.%u.7 port %u ssh2: "
      "RSA SHA256:abcdefghijklmnopqrstuvwxyz0123456789",
      false },
    { "COMBINEDAPACHELOG, cut line", "%{COMBINEDAPACHELOG}",
      "203.0.113.%u - frank [10/Oct/2024:13:55:%02u -0700] \\\"GET /apache_pb/%u/index.html?a=%u "
      "HTTP/1.1\\\" 200 %u \\\"https://www.example.com/start/%u.html",
      false },
    { "^COMBINEDAPACHELOG, cut line", "^%{COMBINEDAPACHELOG}",
      "203.0.113.%u - frank [10/Oct/2024:13:55:%02u -0700] \\\"GET /apache_pb/%u/index.html?a=%u "
      "HTTP/1.1\\\" 200 %u \\\"https://www.example.com/start/%u.html",
      false },
    { "SYSLOGLINE, match", "%{SYSLOGLINE}",
      "Jan %u 03:04:%02u web%u sshd[%u]: Accepted publickey for root from 10.0.%u.7 port %u ssh2",
      false },
};

struct form {
    struct grok *grok;
    struct regex_scratch *scratch;
    void *conf, *local;
    char *texts;
    size_t at[EVENTS + 1];
    double search[RUNS], filter[RUNS];
};

static void
die(const char *what, const struct err *err)
{
    fprintf(stderr, "grok_bench: %s: %s\n", what, err->msg);
    exit(1);
}

/* Events as JSON texts, with the line as their message. */
static void
make_texts(struct form *f, const char *line)
{
    struct buf all = { 0 };
    char message[1024];

    for (unsigned i = 0; i < EVENTS; i++) {
        f->at[i] = all.n;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(message, sizeof message, line, i % 9 + 1, i % 60, i, i % 7, i * 3, i % 1000);
#pragma GCC diagnostic pop
        buf_printf(&all,
                   "{\"@timestamp\":\"2024-01-02T03:04:05.678Z\",\"message\":\"%s\","
                   "\"host\":{\"name\":\"web%u\"},\"agent\":{\"type\":\"filebeat\"},\"ecs\":{},"
                   "\"log\":{\"offset\":%u},\"input\":{\"type\":\"log\"},\"fields\":{},"
                   "\"@version\":\"1\"}",
                   message, i % 9, i * 200);
    }
    f->at[EVENTS] = all.n;
    memset(buf_reserve(&all, ARENA_PAD), 0, ARENA_PAD);
    f->texts = all.p;
}

static void
make_filter(struct form *f, struct arena *a, const char *pattern, bool ecs)
{
    static struct opt_pair match;
    struct plugin_context ctx = { .arena = a, .ecs = ecs ? ECS_V8 : ECS_DISABLED };
    struct option_reader reader = { .arena = a, .plugin_type = "filter" };
    struct opt_pair option = { .key = SLICE_INIT("match"),
                               .value = { .kind = OV_HASH, .pairs = &match, .n = 1 } };
    struct opt_plugin plugin = { .name = SLICE_INIT("grok"), .options = &option, .n = 1 };
    struct findings findings = { 0 };
    struct err err = { 0 };

    match = (struct opt_pair){ .key = SLICE_INIT("message"),
                               .value = { .kind = OV_STRING, .text = slice_of(pattern) } };
    reader.findings = &findings;
    f->conf = arena_calloc(a, 1, filter_grok.conf_size);
    f->local = arena_calloc(a, 1, filter_grok.local_size);
    if (options_read(&reader, &plugin, filter_grok.options, f->conf, NULL, NULL) < 0)
        die(findings.at[0].text, &err);
    if (filter_grok.prepare(f->conf, &ctx, &err) < 0 ||
        filter_grok.start(f->conf, f->local, &err) < 0)
        die(pattern, &err);
}

static void
make_form(struct form *f, struct arena *a, unsigned i)
{
    struct grok_patterns *patterns = grok_patterns_new(forms[i].ecs ? GROK_ECS : GROK_LEGACY);
    struct err err = { 0 };

    f->grok = grok_new(patterns, slice_of(forms[i].pattern), true, &err);
    if (f->grok == NULL)
        die(forms[i].pattern, &err);
    grok_patterns_free(patterns);
    f->scratch = regex_scratch_new();
    make_texts(f, forms[i].line);
    make_filter(f, a, forms[i].pattern, forms[i].ecs);
}

static struct batch *
make_batch(const struct form *f)
{
    struct batch *b = batch_new(NULL);

    for (unsigned i = 0; i < EVENTS; i++) {
        size_t n = f->at[i + 1] - f->at[i];
        char *copy = arena_bytes(&b->arena, n + ARENA_PAD);
        struct event *ev = batch_add(b);
        struct err err = { 0 };

        memcpy(copy, f->texts + f->at[i], n);
        memset(copy + n, 0, ARENA_PAD);
        if (json_scan_object(&b->arena, copy, n, JSON_DEPTH, &ev->data, &err) < 0)
            die("an event", &err);
    }
    return b;
}

static void
run_search(struct form *f, struct batch *b, double *ns)
{
    struct fieldref message = fieldref_key(&b->arena, SLICE("message"));
    struct slice lines[EVENTS];
    double start;

    for (unsigned i = 0; i < EVENTS; i++)
        lines[i] = value_text(&b->arena, event_get(b->events[i], &message));
    start = bench_cpu_ns();
    for (unsigned i = 0; i < EVENTS; i++)
        regex_search(grok_regex(f->grok), f->scratch, lines[i], 0);
    *ns += bench_cpu_ns() - start;
}

static void
run_filter(struct form *f, struct batch *b, double *ns)
{
    double start = bench_cpu_ns();

    for (unsigned i = 0; i < EVENTS; i++)
        filter_grok.apply(f->conf, f->local, b->events[i]);
    *ns += bench_cpu_ns() - start;
}

static void
run(struct form *f, unsigned i)
{
    double search = 0, filter = 0;

    for (unsigned pass = 0; pass < PASSES; pass++) {
        struct batch *b = make_batch(f);

        run_search(f, b, &search);
        run_filter(f, b, &filter);
        batch_recycle(&b);
    }
    f->search[i] = search / PASSES / EVENTS;
    f->filter[i] = filter / PASSES / EVENTS;
}

int
main(int argc, char **argv)
{
    unsigned runs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 9;
    unsigned first = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    unsigned end = argc > 2 ? first + 1 : COUNT(forms);
    static struct form form[COUNT(forms)];
    struct arena arena;
    char engine[64];

    if (runs < 1 || runs > RUNS || end > COUNT(forms)) {
        fprintf(stderr, "usage: grok_bench [runs 1..%d [form 0..%zu]]\n", RUNS, COUNT(forms) - 1);
        return 2;
    }
    arena_init(&arena, NULL);
    for (unsigned i = first; i < end; i++)
        make_form(&form[i], &arena, i);
    bench_machine();
    printf("%s, %d events, %u runs\n", regex_engine(engine, sizeof engine), EVENTS, runs);
    for (unsigned r = 0; r < runs; r++)
        for (unsigned i = first; i < end; i++)
            run(&form[i], r);
    for (unsigned i = first; i < end; i++) {
        double spread[2];
        double search = bench_median(form[i].search, runs, &spread[0]);
        double filter = bench_median(form[i].filter, runs, &spread[1]);

        printf("%-36s search %6.0f ns (spread %.0f %%)  filter %6.0f ns (spread %.0f %%)\n",
               forms[i].name, search, spread[0], filter, spread[1]);
    }
    arena_fini(&arena);
    return 0;
}
