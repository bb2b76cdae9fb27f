/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/ports.h"

/* An address and port as written; no name is looked up. */
struct place {
    struct slice host;
    int64_t port;
};

static bool
place_of(const struct plan_input *in, struct place *out)
{
    return in->type->listens != NULL && in->type->listens(in->conf, &out->host, &out->port) &&
           out->port != 0;
}

static bool
is_everywhere(struct slice host)
{
    return slice_eq(host, SLICE("0.0.0.0")) || slice_eq(host, SLICE("::"));
}

static bool
clash(const struct plan_input *x, const struct plan_input *y)
{
    struct place a, b;

    return place_of(x, &a) && place_of(y, &b) && a.port == b.port &&
           (is_everywhere(a.host) || is_everywhere(b.host) || slice_eq(a.host, b.host));
}

static struct config_pos
port_pos(const struct plan_input *in)
{
    for (size_t i = 0; in->ctx.given != NULL && i < in->ctx.given->n; i++)
        if (slice_eq(in->ctx.given->options[i].key, SLICE("port")))
            return in->ctx.given->options[i].value.pos;
    return in->ctx.pos;
}

/* The first of the plan's inputs, up to most, that has what `in` wants; true if there is one. */
static bool
find_clash(const struct plan_input *in, const struct plan *plan, size_t most,
           struct findings *findings)
{
    struct place place;

    for (size_t i = 0; i < most; i++) {
        if (!clash(in, plan->input[i]))
            continue;
        place_of(in, &place);
        findings_add(findings, FINDING_ERROR, port_pos(in), NULL,
                     "port %lld is taken by the input %s at line %u of pipeline \"%s\"",
                     (long long)place.port, plan->input[i]->type->name,
                     plan->input[i]->ctx.pos.line, plan->settings.pipeline_id);
        return true;
    }
    return false;
}

void
ports_check(const struct plan *plan, struct plan *const *before, size_t n,
            struct findings *findings)
{
    for (size_t i = 0; i < plan->input_n; i++) {
        const struct plan_input *in = plan->input[i];
        bool found = find_clash(in, plan, i, findings);

        for (size_t k = 0; k < n && !found; k++)
            if (before[k] != NULL)
                found = find_clash(in, before[k], before[k]->input_n, findings);
    }
}
