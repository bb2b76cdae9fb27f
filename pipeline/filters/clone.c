/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter clone: copies of the event follow it (filters.md 18). */
#include "pipeline/ecs.h"
#include "pipeline/filter.h"

struct conf {
    struct opt_list clones;
    int ecs_compatibility;
    bool ecs;
    struct fieldref type;
};

static const struct option options[] = {
    OPT_LIST(struct conf, clones, .required = true,
             .help = "one copy for each name; the name becomes its type, or with ECS a tag"),
    OPT_ECS(struct conf),
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    (void)err;
    c->ecs = ecs_is_on(c->ecs_compatibility, ctx);
    c->type = fieldref_key(ctx->arena, SLICE("type"));
    return 0;
}

/* The common options are for the copies only. */
static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;

    (void)local;
    for (size_t i = 0; i < c->clones.n; i++) {
        struct event *copy = event_clone(ev);

        if (c->ecs)
            event_tag(copy, c->clones.at[i]);
        else
            event_set_str(copy, &c->type, c->clones.at[i]);
    }
    return EVENT_SKIP;
}

const struct filter_type filter_clone = {
    .name = "clone",
    .conf_size = sizeof(struct conf),
    .options = options,
    .prepare = prepare,
    .apply = apply,
};
