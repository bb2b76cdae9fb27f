/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter uuid: puts a random UUID (version 4) in a field (filters.md 23). */
#include "codec/base/random.h"
#include "pipeline/filter.h"

struct conf {
    struct fieldref target;
    bool overwrite;
};

static const struct option options[] = {
    OPT_FIELDREF(struct conf, target, .required = true, .help = "field that receives the UUID"),
    OPT_BOOL(struct conf, overwrite, .dflt = "false", .help = "replace a value that is there"),
    OPT_END,
};

/* Each worker seeds its own generator: no lock, no shared cache line. */
static int
start(const void *conf, void *local, struct err *err)
{
    (void)conf;
    return rng_seed(local, err);
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    const struct value *old = event_get(ev, &c->target);
    char text[UUID_TEXT];

    if (!c->overwrite && old != NULL && old->type != V_NULL)
        return EVENT_KEEP;
    uuid4_print(local, text);
    if (event_set_str(ev, &c->target, (struct slice){ text, sizeof text }) < 0)
        return EVENT_FAILED;
    return EVENT_KEEP;
}

const struct filter_type filter_uuid = {
    .name = "uuid",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct rng),
    .options = options,
    .start = start,
    .apply = apply,
};
