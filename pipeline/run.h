/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a batch through the filters of a plan, filter by filter over runs of events that fit the
 * cache (design 2). Order is kept, also after conditionals.
 *
 * A worker's state for a plan is its plan_local: the local state of each filter and scratch space.
 */
#ifndef PIPELINE_RUN_H
#define PIPELINE_RUN_H

#include "pipeline/edits.h"
#include "pipeline/plan.h"

/* On a worker. Cancelled events are gone from the batch afterwards; events that filters made stand
 * behind their parents. */
void plan_run(struct plan_local *local, struct batch *b);

/* The truth of a condition with the rule for failing ones (config-language.md 6.6): the event is
 * cancelled, counted and logged; false. */
bool plan_truth(struct plan_local *local, const struct cond *cond, struct event *ev);
struct plan *plan_local_plan(struct plan_local *local);
/* Events that failing conditions cancelled. */
uint64_t plan_local_failed(const struct plan_local *local);

#endif
