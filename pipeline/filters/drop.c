/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter drop: cancels events, all or a share of them (filters.md 14). */
#include "codec/base/random.h"
#include "pipeline/filter.h"

struct conf {
    double percentage;
};

static const struct option options[] = {
    OPT_NUMBER(struct conf, percentage, .dflt = "100", .help = "share of the events to drop"),
    OPT_END,
};

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
    double dice;

    (void)ev;
    if (c->percentage < 100) {
        dice = (double)(rng_next(local) >> 11) * 0x1p-53; /* 0 .. below 1 */
        if (dice * 100 >= c->percentage)
            return EVENT_SKIP; /* what stays is not decorated either */
    }
    return EVENT_DROP;
}

const struct filter_type filter_drop = {
    .name = "drop",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct rng),
    .options = options,
    .start = start,
    .apply = apply,
};
