/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened: counters of each thread, faults of all, the ledger, and the summary. */
#ifndef TOOLS_BEATS_SEND_REPORT_H
#define TOOLS_BEATS_SEND_REPORT_H

#include "tools/beats_send/options.h"

#include <pthread.h>
#include <stdio.h>

/* Buckets of time. */
#define REPORT_TIMES  1792
#define REPORT_FAULTS 8 /* texts that are kept */

/* One thread's. */
struct counts {
    uint64_t events_sent, events_acked, windows_sent, windows_acked, windows_resent;
    uint64_t bytes_sent, keepalives, partials, connects, lost, damaged, damaged_acked;
    uint64_t gap_most_ms; /* longest silence while a whole window waited */
    uint64_t ack_us[REPORT_TIMES], ack_most_us;
};

void counts_add(struct counts *to, const struct counts *from);
void counts_ack_time(struct counts *c, uint64_t us);

/* All threads'; locked inside. */
struct report {
    pthread_mutex_t lock;
    FILE *ledger; /* NULL: none */
    const char *prefix;
    uint64_t faults;
    char fault[REPORT_FAULTS][256];
};

int report_init(struct report *r, const struct options *o, struct err *err);
void report_fini(struct report *r);
/* A rule that the server broke, or a failure that ends the run. */
void report_fault(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* what: 'S' sent, 'A' acknowledged; n ids in a row. Written through at once. */
void report_ids(struct report *r, char what, uint64_t first, uint32_t n);
void report_print(const struct report *r, const struct counts *c, double seconds);

#endif
