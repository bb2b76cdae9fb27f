/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The imaginary plugins of the cases (cases/README.md), and plans with them. */
#ifndef TESTS_CASES_PROBE_H
#define TESTS_CASES_PROBE_H

#include "pipeline/plan.h"
#include "tests/cases/cases.h"

/* What one case sees of the world. */
struct probe_world {
    const struct tree *env; /* variables; may be NULL */
    const char *data;       /* value of LS_CASE_DATA; NULL: not set */
    struct plan_settings settings;
    const char *now;  /* ISO text; NULL: a fixed day */
    const char *zone; /* of the process; NULL: UTC */
};

/* One case at a time. NULL with findings: refused; they are the caller's. */
struct plan *probe_plan(struct case_run *r, const struct probe_world *world, struct slice config,
                        struct findings *findings);
struct timestamp probe_now(void);
zone_fn probe_zone;

/* The options of a plugin as it received them, in the form of the cases. */
struct tree *probe_options(struct arena *a, const struct plan_filter *f);

/* Events from JSON, as the input of a pipeline makes them. */
struct batch *probe_batch(struct case_run *r, const struct tree *events, size_t n);
/* An event as JSON; what the test did not mention of @timestamp and @version is left out, and
 * @metadata is shown unless it is empty. mentioned NULL: all is shown. */
struct tree *probe_event(struct case_run *r, struct event *ev, const struct tree *mentioned);

/* What probe_out collected in this plan: by name, lists of events. */
struct tree *probe_outputs(struct case_run *r, struct plan *plan, struct batch *b,
                           const struct tree *mentioned);

#endif
