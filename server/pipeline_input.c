/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Input pipeline: events that `pipeline` outputs of this process send to its address.
 *
 * A view of the sender becomes a window without bytes; on a worker its events are made anew from
 * the sender's sealed batch. When the window is settled, so is the view: acknowledgement is carried
 * through. */
#include "codec/base/error.h"
#include "pipeline/bus.h"
#include "pipeline/ready.h"
#include "pipeline/sink.h"
#include "server/inputs.h"

#include <stdlib.h>

/* Nodes and text of an event anew. */
#define EVENT_GUESS 2048

struct conf {
    struct plugin_context ctx;
    struct slice address;
};

struct pipeline_input {
    struct input base;
    struct decoration *decoration;
    _Atomic uint32_t windows;
};

static const struct option options[] = {
    OPT_STR(struct conf, address, .required = true, .help = "what outputs name in send_to"),
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    (void)err;
    c->ctx = *ctx;
    return 0;
}

/* Nobody answers any more: the sender's window is given up. */
static void
drop_view(void *view)
{
    struct view *v = view;

    view_abandon(&v);
}

/* On the sender's worker. */
static void
receive(struct input *base, struct view *v)
{
    struct pipeline_input *in = (struct pipeline_input *)(void *)base;
    struct window *w = window_new(base->env.share);

    w->conn = (struct conn_id){ .loop = UINT16_MAX - 1, .slot = base->env.pipeline };
    w->number = atomic_fetch_add(&in->windows, 1);
    w->input = in;
    w->peer = v;
    w->peer_drop = drop_view;
    w->guess = v->n * EVENT_GUESS;
    atomic_fetch_add_explicit(&base->stats.windows, 1, memory_order_relaxed);
    ready_give(base->env.ready, base->env.pipeline, &w);
}

static void
import_event(struct pipeline_input *in, struct batch *b, const struct event *from)
{
    struct event *ev = batch_add(b);

    ev->data = value_import(&b->arena, &from->data);
    ev->meta = value_import(&b->arena, &from->meta);
    decoration_apply(in->decoration, ev);
}

static enum windowed
decode(struct input *input, void *state, struct window *w, struct done *done, struct batch **out)
{
    struct pipeline_input *in = (struct pipeline_input *)(void *)input;
    struct view *v = w->peer;
    struct batch *b;

    (void)state;
    if (v == NULL)
        return WINDOW_END;
    w->peer = NULL; /* the view is the done's from here on */
    w->peer_drop = NULL;
    done->origin = v;
    done->no_sender = v->done != NULL && v->done->no_sender;
    budget_release(w->share, BUDGET_BATCH, w->room);
    w->room = 0;
    b = batch_new(w->share);
    for (uint32_t i = 0; i < v->n; i++)
        import_event(in, b, v->events[i]);
    atomic_fetch_add_explicit(&input->stats.events, b->n, memory_order_relaxed);
    *out = b;
    return WINDOW_BATCH;
}

static void
settled(void *to, struct done *d)
{
    struct view *v = d->origin;

    (void)to;
    d->origin = NULL;
    view_settled(v, v->n, 0);
    view_free(&v);
}

static void
close_input(struct input **input)
{
    free(*input);
    *input = NULL;
}

static int
join(const void *conf, struct bus *b, struct input *in, struct err *err)
{
    const struct conf *c = conf;

    return bus_listen(b, c->address, in, receive, err);
}

static struct input *
open_input(const void *conf, const struct input_common *common, const struct input_env *env,
           struct err *err)
{
    const struct conf *c = conf;
    struct pipeline_input *in = xcalloc(1, sizeof *in);
    struct input *base = &in->base;

    in->base =
        (struct input){ .type = &input_pipeline, .conf = conf, .common = common, .env = *env };
    if (decoration_compile(c->ctx.arena, common, &c->ctx, &in->decoration, err) < 0 ||
        join(conf, env->bus, base, err) < 0) {
        close_input(&base);
        return NULL;
    }
    return base;
}

static int
start(struct input *input, struct err *err)
{
    (void)input;
    (void)err;
    return 0;
}

static void
stop(struct input *input)
{
    (void)input; /* it ends when nobody sends */
}

const struct input_type input_pipeline = {
    .name = "pipeline",
    .conf_size = sizeof(struct conf),
    .options = options,
    .default_codec = "plain",
    .reloadable = true,
    .passive = true,
    .prepare = prepare,
    .join = join,
    .open = open_input,
    .start = start,
    .decode = decode,
    .settled = settled,
    .stop = stop,
    .close = close_input,
};
