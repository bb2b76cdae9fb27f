/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workers: one pool of as many threads as cores. Each takes a window, decodes, filters, encodes,
 * seals, gives the views away, and drops its count of done last (design 2, 3). Never waits for an
 * output. */
#ifndef PIPELINE_WORKER_H
#define PIPELINE_WORKER_H

#include "pipeline/plan.h"
#include "pipeline/ready.h"

struct workers;

/* plans[i] is what pipeline i of the ready list runs; the pool holds a count on each. */
struct workers *workers_start(struct ready *ready, struct plan *const *plans, size_t plans_n,
                              unsigned threads, struct err *err);
/* After ready_stop: waits for the threads, frees their state. */
void workers_stop(struct workers **w);
/* Windows that a worker has taken and not finished. */
unsigned workers_busy(const struct workers *w);
uint64_t workers_filtered(const struct workers *w); /* events that came out of filters */

#endif
