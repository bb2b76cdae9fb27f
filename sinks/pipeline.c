/* SPDX-License-Identifier: GPL-3.0-or-later */
/* output pipeline: events to other pipelines of this process, by address.
 *
 * A view names events of the sealed batch, which its done keeps; the receiving input makes its own
 * nodes over them. One view goes to one address; more addresses get views of their own, so that
 * each is settled by itself. */
#include "codec/base/error.h"
#include "codec/base/log.h"
#include "pipeline/bus.h"
#include "pipeline/sink.h"

#include <stdlib.h>

extern const struct sink_type sink_pipeline;

struct conf {
    struct opt_list send_to;
    bool ensure_delivery;
};

struct pipeline_sink {
    struct sink base;
};

#define C struct conf
static const struct option options[] = {
    OPT_LIST(C, send_to, .required = true, .help = "addresses of pipeline inputs"),
    OPT_BOOL(C, ensure_delivery, .dflt = "true",
             .help = "false: an address that nobody listens on loses its events, counted"),
    OPT_END,
};
#undef C

static struct sink *
open_sink(const void *conf, const struct sink_env *env, struct err *err)
{
    struct pipeline_sink *s = xcalloc(1, sizeof *s);

    (void)err;
    sink_init(&s->base, &sink_pipeline, conf, env);
    return &s->base;
}

static int
join(const void *conf, struct bus *b, uint32_t from, const struct log *log, struct err *err)
{
    const struct conf *c = conf;

    for (size_t i = 0; i < c->send_to.n; i++) {
        if (bus_connect(b, from, c->send_to.at[i], err) == 0)
            continue;
        if (c->ensure_delivery)
            return -1;
        log_warn(log, "%s; its events are lost, as ensure_delivery is false", err->msg);
    }
    return 0;
}

static int
connect_sink(struct sink *s, struct err *err)
{
    return join(s->conf, s->env.bus, s->env.pipeline, s->env.log, err);
}

/* The event itself is the item: the receiver reads it from the kept batch. */
static void
encode(struct sink *s, struct view *v, struct event *ev)
{
    (void)s;
    view_keep(v, ev);
}

static struct view *
copy_view(const struct view *v)
{
    struct view *copy = view_new(v->sink, v->share);

    for (uint32_t i = 0; i < v->n; i++)
        view_keep(copy, v->events[i]);
    view_charge(copy);
    copy->done = done_hold(v->done);
    return copy;
}

/* Nobody listens only where delivery need not be ensured. */
static void
send_one(struct sink *s, struct slice address, struct view *v)
{
    bus_send_fn *send;
    struct input *in = bus_find(s->env.bus, address, &send);

    if (in == NULL) {
        view_settled(v, 0, v->n);
        view_free(&v);
        return;
    }
    send(in, v);
}

static void
give(struct sink *s, struct view **view)
{
    const struct conf *c = s->conf;
    struct view *v = *view;

    *view = NULL;
    view_given(v, v->n * c->send_to.n);
    for (size_t i = 0; i + 1 < c->send_to.n; i++)
        send_one(s, c->send_to.at[i], copy_view(v));
    send_one(s, c->send_to.at[c->send_to.n - 1], v);
}

/* What is under way belongs to the other pipelines, which drain by themselves. */
static void
drain(struct sink *s, void (*idle)(void *arg), void *arg)
{
    (void)s;
    idle(arg);
}

static void
close_sink(struct sink **s)
{
    free(*s);
    *s = NULL;
}

const struct sink_type sink_pipeline = {
    .name = "pipeline",
    .conf_size = sizeof(struct conf),
    .options = options,
    .keeps_events = true,
    .open = open_sink,
    .join = join,
    .connect = connect_sink,
    .encode = encode,
    .give = give,
    .drain = drain,
    .close = close_sink,
};
