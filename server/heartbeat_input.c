/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Input heartbeat: one event an interval, the first at once (reference/inputs-basic.md 5). The
 * thread makes windows of a number; the events are made on workers. */
#include "codec/base/clock.h"
#include "codec/base/error.h"
#include "codec/base/log.h"
#include "pipeline/ecs.h"
#include "server/feeder.h"
#include "server/inputs.h"

#include <poll.h>
#include <stdlib.h>

enum sequence { SEQUENCE_NONE, SEQUENCE_EPOCH, SEQUENCE_COUNT };

struct conf {
    struct plugin_context ctx;
    struct slice message;
    int64_t interval, count, threads;
    int sequence, ecs_compatibility;
    bool no_message; /* `message` was the old way to ask for a sequence */
};

struct heartbeat {
    struct feeder feeder;
    const struct conf *conf;
};

static const char *const sequences[] = { "none", "epoch", "sequence", NULL };

#define C struct conf
static const struct option options[] = {
    OPT_STR(C, message, .dflt = "ok", .help = "text of the event"),
    OPT_INT(C, interval, .dflt = "60", .min = 0, .max = 86400 * 366,
            .help = "seconds from one event to the next"),
    OPT_INT(C, count, .dflt = "-1", .min = -1, .max = INT64_MAX, .help = "events; -1: no end"),
    OPT_INT(C, threads, .dflt = "1", .min = 1, .max = 64, .help = "taken as 1"),
    OPT_ENUM(C, sequence, .choices = sequences,
             .help = "a number in each event: seconds since 1970, or a counter from 1"),
    OPT_ECS(C),
    OPT_END,
};
#undef C

/* The old spelling: message => "epoch" or "sequence". */
static void
read_message(struct conf *c, const struct plugin_context *ctx)
{
    bool epoch = slice_eq(c->message, SLICE("epoch"));

    if (!epoch && !slice_eq(c->message, SLICE("sequence")))
        return;
    if (ecs_is_on(c->ecs_compatibility, ctx)) {
        findings_add(ctx->findings, FINDING_WARN, ctx->pos, "write sequence => ...",
                     "`message => \"%.*s\"` is an ordinary text when ecs_compatibility is on",
                     SLICE_ARGS(c->message));
        return;
    }
    findings_add(ctx->findings, FINDING_DEPRECATION, ctx->pos, "write sequence => ...",
                 "`message => \"%.*s\"` is deprecated as a way to ask for a sequence",
                 SLICE_ARGS(c->message));
    c->sequence = epoch ? SEQUENCE_EPOCH : SEQUENCE_COUNT;
    c->no_message = true;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    (void)err;
    c->ctx = *ctx;
    if (c->sequence < 0) {
        c->sequence = SEQUENCE_NONE;
        if (ctx->findings != NULL)
            read_message(c, ctx);
    }
    return 0;
}

/* ---- the thread ---- */

/* False: stopping. */
static bool
sleep_until(struct heartbeat *h, int64_t due)
{
    struct pollfd fd = { .fd = h->feeder.wake, .events = POLLIN };

    for (;;) {
        int64_t left = due - (int64_t)clock_mono_ms();

        if (left <= 0)
            return !feeder_stopping(&h->feeder);
        if (poll(&fd, 1, left > 60000 ? 60000 : (int)left) > 0)
            return false;
    }
}

static void *
run(void *arg)
{
    struct heartbeat *h = arg;
    int64_t due = (int64_t)clock_mono_ms();

    for (int64_t n = 1; h->conf->count < 0 || n <= h->conf->count; n++) {
        if (!sleep_until(h, due) || !feeder_wait(&h->feeder))
            break;
        due += h->conf->interval * 1000;
        feeder_give(&h->feeder, (struct slice){ (const char *)&n, sizeof n });
    }
    feeder_ended(&h->feeder);
    return NULL;
}

/* ---- on workers ---- */

static enum windowed
decode(struct input *input, void *state, struct window *w, struct done *done, struct batch **out)
{
    struct heartbeat *h = (struct heartbeat *)(void *)input;
    const struct conf *c = h->conf;
    struct timestamp now = c->ctx.now();
    struct batch *b;
    struct event *ev;
    int64_t n;

    (void)state;
    (void)done;
    if (!feeder_first_look(w))
        return WINDOW_END;
    memcpy(&n, w->parts[0].p, sizeof n);
    b = batch_new(w->share);
    ev = batch_add(b);
    if (!c->no_message)
        value_assign(value_put(&b->arena, &ev->data, SLICE("message")),
                     value_str(&b->arena, c->message));
    event_construct(ev, now, c->ctx.zone, true, NULL);
    event_set_str(ev, &h->feeder.host_path, h->feeder.host);
    if (c->sequence != SEQUENCE_NONE)
        event_set(ev, &h->feeder.number_path,
                  value_int(&b->arena, c->sequence == SEQUENCE_EPOCH ? now.sec : n), NULL);
    decoration_apply(h->feeder.decoration, ev);
    atomic_fetch_add_explicit(&input->stats.events, 1, memory_order_relaxed);
    *out = b;
    return WINDOW_BATCH;
}

/* ---- opening ---- */

static struct input *
open_input(const void *conf, const struct input_common *common, const struct input_env *env,
           struct err *err)
{
    const struct conf *c = conf;
    bool ecs = ecs_is_on(c->ecs_compatibility, &c->ctx);
    struct feeder_spec spec = { .type = &input_heartbeat,
                                .size = sizeof(struct heartbeat),
                                .run = run,
                                .host = ecs ? "[host][name]" : "host",
                                .number = ecs ? "[event][sequence]" : "clock" };
    struct feeder *f = feeder_new(&spec, conf, common, env, &c->ctx, err);
    struct heartbeat *h = (struct heartbeat *)f;

    if (f == NULL)
        return NULL;
    h->conf = c;
    return &f->base;
}

const struct input_type input_heartbeat = {
    .name = "heartbeat",
    .conf_size = sizeof(struct conf),
    .options = options,
    .default_codec = "plain",
    .reloadable = true,
    .prepare = prepare,
    .open = open_input,
    .cannot_ask_again = true,
    .start = feeder_start,
    .decode = decode,
    .settled = feeder_settled,
    .stop = feeder_stop,
    .close = feeder_close,
};
