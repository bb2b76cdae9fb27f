/* SPDX-License-Identifier: GPL-3.0-or-later */
/* beats_send: sends windows to a beats input and judges the answers. See --help. */
#include "tools/beats_send/sender.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* A thread of its own but for the first group, which has the main thread. */
struct part {
    struct sender_group *group;
    pthread_t thread;
};

static double
seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct tls_context *
make_tls(const struct options *o, struct err *err)
{
    struct tls_options t = { .certificate = o->certificate,
                             .key = o->key,
                             .authorities = { &o->authority, o->authority != NULL ? 1 : 0 },
                             .verification = o->insecure ? TLS_VERIFY_NONE : TLS_VERIFY_FULL };

    return tls_client_new(&t, err);
}

static void *
run_part(void *arg)
{
    struct part *p = arg;

    sender_group_run(p->group);
    tls_thread_fini();
    return NULL;
}

static int
run_groups(const struct sender_setup *setup, struct counts *counts, struct err *err)
{
    const struct options *o = setup->options;
    struct part *parts = xcalloc(o->threads, sizeof parts[0]);
    unsigned first = 0, made = 0, started = 1;
    int result = 0;

    for (; made < o->threads; made++) {
        unsigned n = o->connections / o->threads + (made < o->connections % o->threads);

        parts[made].group = sender_group_new(setup, made, first, n, err);
        if (parts[made].group == NULL) {
            result = -1;
            break;
        }
        first += n;
    }
    for (; result == 0 && started < o->threads; started++)
        if (pthread_create(&parts[started].thread, NULL, run_part, &parts[started]) != 0)
            result = err_set(err, ERR_IO, "cannot start thread %u", started);
    if (result == 0)
        sender_group_run(parts[0].group);
    for (unsigned i = 1; i < started && result == 0; i++)
        pthread_join(parts[i].thread, NULL);
    for (unsigned i = 0; i < made; i++)
        sender_group_free(&parts[i].group, counts);
    free(parts);
    return result;
}

static int
run_with(const struct options *o, struct report *report, struct err *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *peer = NULL;
    struct counts *counts = xcalloc(1, sizeof *counts);
    struct source source;
    struct sender_setup setup = { .options = o, .source = &source, .report = report };
    double start = seconds_now();
    int result = source_init(&source, o, (uint64_t)(start * 1000), err);
    int found;

    if (result == 0 && (found = getaddrinfo(o->host, o->port, &hints, &peer)) != 0)
        result = err_set(err, ERR_IO, "%s port %s: %s", o->host, o->port, gai_strerror(found));
    if (result == 0 && o->tls && (setup.tls = make_tls(o, err)) == NULL)
        result = -1;
    setup.peer = peer;
    if (result == 0) {
        start = seconds_now(); /* what was made before does not count */
        source.start_ms = (uint64_t)(start * 1000);
        result = run_groups(&setup, counts, err);
        report_print(report, counts, seconds_now() - start);
    }
    if (setup.tls != NULL)
        tls_context_free(&setup.tls);
    if (peer != NULL)
        freeaddrinfo(peer);
    source_fini(&source);
    free(counts);
    return result;
}

int
main(int argc, char **argv)
{
    struct err err = { 0 };
    struct options o;
    struct report report;
    int status = options_parse(argc, argv, &o, &err);

    if (status > 0)
        return 0;
    if (status < 0) {
        fprintf(stderr, "beats_send: %s\n", err.msg);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    status = tls_start(&err);
    if (status == 0)
        status = report_init(&report, &o, &err);
    if (status == 0) {
        status = run_with(&o, &report, &err);
        for (uint64_t i = 0; i < report.faults && i < REPORT_FAULTS; i++)
            fprintf(stderr, "beats_send: %s\n", report.fault[i]);
        if (report.faults > 0)
            status = -1;
        report_fini(&report);
    }
    if (err.code != ERR_NONE)
        fprintf(stderr, "beats_send: %s\n", err.msg);
    tls_stop();
    return status == 0 ? 0 : 1;
}
