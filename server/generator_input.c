/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Input generator: the same lines again and again, numbered by rounds
 * (reference/inputs-basic.md 4). A window is a range of rounds; the events are made on workers. */
#include "codec/base/error.h"
#include "codec/base/log.h"
#include "pipeline/ecs.h"
#include "server/feeder.h"
#include "server/inputs.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS_A_WINDOW 125

struct conf {
    struct plugin_context ctx;
    struct slice message;
    struct opt_list lines;
    int64_t count, threads;
    int ecs_compatibility;
};

struct range {
    uint64_t from;
    uint32_t n;
    bool last;
};

struct generator {
    struct feeder feeder;
    const struct conf *conf;
    struct slice *lines;
    size_t lines_n;
};

#define C struct conf
static const struct option options[] = {
    OPT_STR(C, message, .dflt = "Hello world!", .help = "text of an event; stdin: one line of it"),
    OPT_LIST(C, lines, .help = "texts of a round; wins over message"),
    OPT_INT(C, count, .dflt = "0", .min = 0, .max = INT64_MAX, .help = "rounds; 0: no end"),
    OPT_INT(C, threads, .dflt = "1", .min = 1, .max = 64, .help = "each counts for itself"),
    OPT_ECS(C),
    OPT_END,
};
#undef C

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    (void)err;
    c->ctx = *ctx;
    return 0;
}

/* One line of standard input, with its newline; the message of `stdin`. */
static struct slice
line_of_stdin(struct arena *a)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, stdin);
    struct slice got = n > 0 ? arena_copy(a, (struct slice){ line, (size_t)n }) : SLICE("");

    free(line);
    return got;
}

static void
choose_lines(struct generator *g)
{
    const struct conf *c = g->conf;

    g->lines = c->lines.at;
    g->lines_n = c->lines.n;
    if (g->lines_n > 0)
        return;
    g->lines = arena_calloc(c->ctx.arena, 1, sizeof g->lines[0]);
    g->lines[0] = slice_eq(c->message, SLICE("stdin")) ? line_of_stdin(c->ctx.arena) : c->message;
    g->lines_n = 1;
}

static void *
run(void *arg)
{
    struct generator *g = arg;
    uint64_t count = (uint64_t)g->conf->count, round = 0;

    choose_lines(g);
    while ((count == 0 || round < count) && feeder_wait(&g->feeder)) {
        struct range r = { .from = round, .n = ROUNDS_A_WINDOW };

        if (count > 0 && count - round < r.n)
            r.n = (uint32_t)(count - round);
        round += r.n;
        r.last = round == count;
        feeder_give(&g->feeder, (struct slice){ (const char *)&r, sizeof r });
    }
    feeder_ended(&g->feeder);
    return NULL;
}

/* ---- on workers ---- */

static void
decorate(struct generator *g, struct batch *b, uint32_t from, const uint64_t *round)
{
    for (uint32_t i = from; i < b->n; i++) {
        struct event *ev = b->events[i];

        feeder_decorate(&g->feeder, ev);
        if (round != NULL)
            event_set(ev, &g->feeder.number_path, value_int(&b->arena, (int64_t)*round), NULL);
    }
}

static enum windowed
decode(struct input *input, void *state, struct window *w, struct done *done, struct batch **out)
{
    struct generator *g = (struct generator *)(void *)input;
    struct decoder *d = &g->feeder.decoder;
    struct timestamp now = g->conf->ctx.now();
    struct range r;
    struct batch *b;

    (void)state;
    (void)done;
    if (!feeder_first_look(w))
        return WINDOW_END;
    memcpy(&r, w->parts[0].p, sizeof r);
    b = batch_new(w->share);
    for (uint64_t round = r.from; round < r.from + r.n; round++) {
        uint32_t from = b->n;

        for (size_t i = 0; i < g->lines_n; i++)
            d->type->decode(d, g->lines[i], now, b);
        decorate(g, b, from, &round);
    }
    if (r.last && d->type->flush != NULL) {
        uint32_t from = b->n;

        d->type->flush(d, now, b);
        decorate(g, b, from, NULL);
    }
    atomic_fetch_add_explicit(&input->stats.events, b->n, memory_order_relaxed);
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
    struct feeder_spec spec = { .type = &input_generator,
                                .size = sizeof(struct generator),
                                .run = run,
                                .host = ecs ? "[host][name]" : "host",
                                .number = ecs ? "[event][sequence]" : "sequence" };
    struct feeder *f = feeder_new(&spec, conf, common, env, &c->ctx, err);
    struct generator *g = (struct generator *)f;

    if (f == NULL)
        return NULL;
    g->conf = c;
    decoder_init(&f->decoder, common->codec.type, common->codec.conf);
    if (c->threads > 1)
        log_warn(env->log, "generator: threads => %lld is taken as 1", (long long)c->threads);
    return &f->base;
}

const struct input_type input_generator = {
    .name = "generator",
    .conf_size = sizeof(struct conf),
    .options = options,
    .default_codec = "plain",
    .prepare = prepare,
    .open = open_input,
    .cannot_ask_again = true,
    .start = feeder_start,
    .decode = decode,
    .settled = feeder_settled,
    .stop = feeder_stop,
    .close = feeder_close,
};
