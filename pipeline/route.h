/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Routes the events of a batch to outputs and encodes them, on the worker, before sealing. */
#ifndef PIPELINE_ROUTE_H
#define PIPELINE_ROUTE_H

#include "pipeline/plan.h"

/* A view for each output that gets events, in views[] (room for plan->output_n), charged first from
 * *room. Returns how many. */
size_t route_encode(struct plan_local *local, struct batch *b, size_t *room, struct view **views);

#endif
