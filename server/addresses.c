/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/addresses.h"

#include "pipeline/bus.h"
#include "pipeline/input.h"
#include "pipeline/sink.h"

#include <stdlib.h>

/* Inputs that only say which pipeline they are of, as many as all plans have. */
static struct input *
stand_ins(struct plan *const *plans, size_t n)
{
    size_t all = 1;

    for (size_t i = 0; i < n; i++)
        all += plans[i]->input_n;
    return xcalloc(all, sizeof(struct input));
}

static void
join_inputs(const struct plan *plan, uint32_t pipeline, struct bus *bus, struct input **next,
            struct findings *findings)
{
    for (size_t i = 0; i < plan->input_n; i++) {
        const struct plan_input *in = plan->input[i];
        struct input *stand_in = (*next)++;
        struct err err;

        stand_in->env.pipeline = pipeline;
        if (in->type->join != NULL && in->type->join(in->conf, bus, stand_in, &err) < 0)
            findings_add(findings, FINDING_ERROR, in->ctx.pos, NULL, "%s", err.msg);
    }
}

static void
join_outputs(const struct plan *plan, uint32_t pipeline, struct bus *bus, struct findings *findings)
{
    for (size_t i = 0; i < plan->output_n; i++) {
        const struct plan_output *out = plan->output[i];
        struct log log = { .logger = "logstash.outputs.pipeline" };
        struct err err;

        if (out->type->join != NULL && out->type->join(out->conf, bus, pipeline, &log, &err) < 0)
            findings_add(findings, FINDING_ERROR, out->ctx.pos, NULL, "%s", err.msg);
    }
}

void
addresses_check(struct plan *const *plans, size_t n, struct findings *findings)
{
    struct bus *bus = bus_new();
    struct input *inputs = stand_ins(plans, n), *next = inputs;

    for (size_t i = 0; i < n; i++)
        join_inputs(plans[i], (uint32_t)i, bus, &next, &findings[i]);
    for (size_t i = 0; i < n; i++)
        join_outputs(plans[i], (uint32_t)i, bus, &findings[i]);
    bus_free(&bus);
    free(inputs);
}
