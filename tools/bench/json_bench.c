/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_bench: what one event costs in the JSON scanner, on one core.
 *
 * 2,048 events of 64 simulated Beats; for each form the median and spread of the CPU time over the
 * runs (default 9, argument 1), the forms taking turns. */
#include "codec/batch.h"
#include "codec/json_scan.h"
#include "tools/beats_send/corpus.h"
#include "tools/bench/bench.h"

#define EVENTS 2048
#define BEATS  64
#define PASSES 20
#define RUNS   101

struct texts {
    char *bytes;
    size_t n, at[EVENTS + 1];
};

static void
make_texts(struct texts *t)
{
    struct corpus beats[BEATS];
    struct buf all = { 0 };

    for (unsigned i = 0; i < BEATS; i++)
        corpus_init(&beats[i], CORPUS_LOGS, i + 42);
    for (unsigned i = 0; i < EVENTS; i++) {
        t->at[i] = all.n;
        corpus_event(&beats[i % BEATS], (struct slice){ 0 }, &all);
    }
    t->at[EVENTS] = t->n = all.n;
    memset(buf_reserve(&all, ARENA_PAD), 0, ARENA_PAD);
    t->bytes = all.p;
}

/* Scans all events into an arena that goes with each pass. inner: also index what is inside. */
static double
scan_all(const struct texts *t, bool inner)
{
    double start = bench_cpu_ns();

    for (unsigned pass = 0; pass < PASSES; pass++) {
        struct arena a;

        arena_init(&a, NULL);
        for (unsigned i = 0; i < EVENTS; i++) {
            struct err err = { 0 };
            struct value v;

            if (json_scan_object(&a, t->bytes + t->at[i], t->at[i + 1] - t->at[i], JSON_DEPTH, &v,
                                 &err) < 0) {
                fprintf(stderr, "json_bench: event %u: %s\n", i, err.msg);
                exit(1);
            }
            for (uint32_t k = 0; inner && k < v.kids->n; k++)
                value_count(&a, &v.kids->at[k]);
        }
        arena_fini(&a);
    }
    return (bench_cpu_ns() - start) / PASSES / EVENTS;
}

static void
report(const char *name, double *ns, unsigned runs, double bytes)
{
    double spread, median = bench_median(ns, runs, &spread);

    printf("%-28s %7.0f ns/event  %6.0f MB/s  spread %.0f %%\n", name, median, bytes / median * 1e3,
           spread);
}

/* Median and spread of each form of this CPU, the forms taking turns. */
struct form {
    const char *name, *inner_name;
    double flat[RUNS], inner[RUNS];
};

static struct form forms[JSON_ISAS] = {
    [JSON_SCALAR] = { .name = "scalar", .inner_name = "scalar, all members indexed" },
    [JSON_AVX2] = { .name = "avx2", .inner_name = "avx2, all members indexed" },
    [JSON_AVX512] = { .name = "avx512", .inner_name = "avx512, all members indexed" },
};

int
main(int argc, char **argv)
{
    unsigned runs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 9;
    struct texts t;
    double mean;

    if (runs < 1 || runs > RUNS) {
        fprintf(stderr, "usage: json_bench [runs 1..%d]\n", RUNS);
        return 2;
    }
    make_texts(&t);
    mean = (double)t.n / EVENTS;
    bench_machine();
    printf("%d events, mean %.0f bytes, %u runs\n", EVENTS, mean, runs);
    for (unsigned i = 0; i < runs; i++)
        for (enum json_isa isa = 0; isa < JSON_ISAS && json_scan_use(isa); isa++) {
            forms[isa].flat[i] = scan_all(&t, false);
            forms[isa].inner[i] = scan_all(&t, true);
        }
    for (enum json_isa isa = 0; isa < JSON_ISAS && json_scan_use(isa); isa++) {
        report(forms[isa].name, forms[isa].flat, runs, mean);
        report(forms[isa].inner_name, forms[isa].inner, runs, mean);
    }
    free(t.bytes);
    arena_thread_trim();
    return 0;
}
