/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/route.h"

#include "codec/base/error.h"
#include "pipeline/run.h"

#include <stdlib.h>

static void
route_event(struct plan_local *l, const struct block *block, struct event *ev, struct view **by)
{
    struct plan *plan = plan_local_plan(l);

    for (size_t i = 0; i < block->n && !ev->cancelled; i++) {
        const struct step *step = &block->at[i];

        if (step->kind == STEP_IF) {
            bool truth = plan_truth(l, step->branch.cond, ev);

            if (!ev->cancelled)
                route_event(l, truth ? step->branch.then : step->branch.otherwise, ev, by);
            continue;
        }
        ASSERT(step->kind == STEP_OUTPUT);
        struct view **v = &by[step->output->index];

        if (*v == NULL)
            *v = view_new(step->output->sink, plan->share);
        step->output->type->encode(step->output->sink, *v, ev);
    }
}

size_t
route_encode(struct plan_local *local, struct batch *b, size_t *room, struct view **views)
{
    struct plan *plan = plan_local_plan(local);
    size_t n = 0;

    for (size_t i = 0; i < plan->output_n; i++)
        views[i] = NULL;
    for (uint32_t i = 0; i < b->n; i++)
        if (!b->events[i]->cancelled)
            route_event(local, &plan->outputs, b->events[i], views);
    for (size_t i = 0; i < plan->output_n; i++) {
        struct view *v = views[i];

        if (v == NULL)
            continue;
        if (v->n == 0) {
            view_free(&v);
            continue;
        }
        if (v->sink->type->finish != NULL)
            v->sink->type->finish(v->sink, v);
        view_charge_from(v, room);
        views[n++] = v;
    }
    return n;
}
