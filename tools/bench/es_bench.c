/* SPDX-License-Identifier: GPL-3.0-or-later */
/* es_bench: what one event costs from a decoded batch to a bulk body, on one core.
 *
 * 2,048 events of 64 simulated Beats, encoded as the elasticsearch output does; then the body is
 * compressed. Medians and spreads of the CPU time over the runs. */
#include "codec/base/log.h"
#include "codec/batch.h"
#include "codec/json_scan.h"
#include "sinks/es_write.h"
#include "sinks/view_gzip.h"
#include "tools/beats_send/corpus.h"
#include "tools/bench/bench.h"

#include <stdlib.h>

#define EVENTS 2048
#define BEATS  64
#define PASSES 20
#define RUNS   31

struct way {
    const char *name;
    const char *index; /* NULL: data streams */
    int gzip_level;
};

static const struct way ways[] = {
    { "index", "bench", 0 },
    { "index by day", "bench-%{+yyyy.MM.dd}", 0 },
    { "index by field", "%{[@metadata][beat]}-bench", 0 },
    { "data stream", NULL, 0 },
    { "index, gzip 1", "bench", 1 },
};

static struct batch *
make_batch(void)
{
    struct corpus beats[BEATS];
    struct batch *b = batch_new(NULL);
    struct buf text = { 0 };
    struct err err = { 0 };

    for (unsigned i = 0; i < BEATS; i++)
        corpus_init(&beats[i], CORPUS_LOGS, i + 42);
    for (unsigned i = 0; i < EVENTS; i++) {
        struct event *ev = batch_add(b);
        struct slice copy;

        buf_clear(&text);
        corpus_event(&beats[i % BEATS], (struct slice){ 0 }, &text);
        copy = arena_copy(&b->arena, buf_slice(&text));
        if (json_scan_object(&b->arena, (char *)(uintptr_t)copy.p, copy.n, JSON_DEPTH, &ev->data,
                             &err) < 0 ||
            event_construct(ev, (struct timestamp){ 0, 0 }, NULL, true, &err) < 0)
            exit(1);
    }
    buf_fini(&text);
    return b;
}

/* Views are made anew each time, as on a worker. Returns nanoseconds an event. */
static double
encode_all(struct es_writer *w, struct batch *b, int gzip_level, size_t *bytes)
{
    static const struct sink_type type = { .view_fini = es_view_fini };
    struct sink sink = { .type = &type };
    struct body_pool *pool = body_pool_new(NULL);
    double start = bench_cpu_ns();

    for (int pass = 0; pass < PASSES; pass++) {
        struct view *v = view_new(&sink, NULL);

        body_pool_take(pool, &v->body);
        for (uint32_t i = 0; i < b->n; i++)
            es_write(w, v, b->events[i]);
        es_write_end(w, v);
        if (gzip_level > 0)
            view_gzip(v, gzip_level, 20 << 20, pool);
        *bytes = v->body.n;
        body_pool_give(pool, &v->body);
        view_free(&v);
    }
    body_pool_free(&pool);
    return (bench_cpu_ns() - start) / (EVENTS * PASSES);
}

static void
bench_way(const struct way *way, struct batch *b)
{
    static const struct log log = { .logger = "bench" };
    struct arena a;
    struct plugin_context ctx = { .arena = &a, .log = &log, .ecs = ECS_V8 };
    struct es_conf conf = { .data_stream = way->index == NULL ? ES_TRUE : ES_FALSE,
                            .data_stream_auto_routing = true,
                            .data_stream_sync_fields = true,
                            .data_stream_dataset = SLICE("generic"),
                            .data_stream_namespace = SLICE("default"),
                            .dlq_on_failed_indexname_interpolation = true,
                            .ecs_compatibility = -1,
                            .version_type = -1,
                            .timeout = 60,
                            .retry_initial_interval = 2,
                            .retry_max_interval = 64 };
    struct es_writer w;
    struct err err = { 0 };
    double runs[RUNS], median, spread;
    size_t bytes = 0;

    arena_init(&a, NULL);
    if ((way->index != NULL &&
         template_compile(&a, slice_of(way->index), ESCAPE_NONE, &conf.index, &err) < 0) ||
        es_conf_prepare(&conf, &ctx, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    es_writer_init(&w, &conf, &log);
    for (size_t i = 0; i < RUNS; i++)
        runs[i] = encode_all(&w, b, way->gzip_level, &bytes);
    median = bench_median(runs, RUNS, &spread);
    printf("%-16s %6.0f ns an event, spread %.0f %%, %zu bytes\n", way->name, median, spread,
           bytes / EVENTS);
    arena_fini(&a);
}

int
main(void)
{
    struct batch *b = make_batch();

    bench_machine();
    for (size_t i = 0; i < COUNT(ways); i++)
        bench_way(&ways[i], b);
    batch_recycle(&b);
    return 0;
}
