/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Input stdin: standard input, piece by piece, through a codec that splits
 * (reference/inputs-basic.md 3). End of file stops the input. */
#include "codec/base/error.h"
#include "codec/base/log.h"
#include "codec/text_codec.h"
#include "pipeline/ecs.h"
#include "server/feeder.h"
#include "server/inputs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE ((size_t)64 << 10)

struct conf {
    struct plugin_context ctx;
    int ecs_compatibility;
};

struct stdin_input {
    struct feeder feeder;
    struct codec_use codec;
    struct decoder decoder; /* of whoever decodes the window under way */
    struct fieldref host_ref;
    struct slice host;
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    (void)err;
    c->ctx = *ctx;
    return 0;
}

/* ---- the codec ---- */

/* A stream needs a codec that splits: plain gives way to line, json to json_lines, with all its
 * options. */
static const struct codec_type *
stream_twin(const struct codec_type *type)
{
    if (strcmp(type->name, "plain") == 0)
        return codec_find(SLICE("line"));
    if (strcmp(type->name, "json") == 0)
        return codec_find(SLICE("json_lines"));
    return type;
}

static int
choose_codec(struct stdin_input *in, const struct conf *c, struct err *err)
{
    const struct codec_type *type = in->codec.type, *twin = stream_twin(type);
    bool json = strcmp(twin->name, "json_lines") == 0;
    struct text_conf *own;

    if (twin != type)
        log_info(in->feeder.base.env.log, "Automatically switching from %s to %s codec", type->name,
                 twin->name);
    else if (!json)
        return 0;
    own = arena_calloc(c->ctx.arena, 1, sizeof *own);
    *own = *(const struct text_conf *)in->codec.conf;
    if (own->delimiter.p == NULL)
        own->delimiter = SLICE("\n");
    in->codec.type = twin;
    in->codec.conf = own;
    if (twin != type && twin->prepare(own, &c->ctx, err) < 0)
        return -1;
    if (json) { /* the line's own text, by the input's mode */
        own->ecs = ecs_is_on(c->ecs_compatibility, &c->ctx);
        own->keeps_original = true;
    }
    return 0;
}

/* ---- reading ---- */

/* False: end of file, or stopping. */
static bool
read_piece(struct stdin_input *in, char *piece, size_t *n)
{
    struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                            { .fd = in->feeder.wake, .events = POLLIN } };

    for (;;) {
        ssize_t got;

        if (poll(fds, COUNT(fds), -1) < 0 && errno != EINTR)
            return false;
        if (fds[1].revents != 0)
            return false;
        if (fds[0].revents == 0)
            continue;
        got = read(STDIN_FILENO, piece, PIECE);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            log_error(in->feeder.base.env.log, "standard input: %s", strerror(errno));
        if (got <= 0)
            return false;
        *n = (size_t)got;
        return true;
    }
}

static void *
run(void *arg)
{
    struct stdin_input *in = arg;
    char *piece = xmalloc(PIECE);
    size_t n;

    if (isatty(STDIN_FILENO))
        puts("The stdin plugin is now waiting for input:");
    while (feeder_wait(&in->feeder) && read_piece(in, piece, &n))
        feeder_give(&in->feeder, (struct slice){ piece, n });
    free(piece);
    /* The decoder may hold a last line without its end: an empty window asks for it. */
    feeder_give(&in->feeder, SLICE(""));
    feeder_ended(&in->feeder);
    return NULL;
}

/* ---- on workers ---- */

/* Windows of one feeder are decoded one after the other, so its one decoder needs no lock. */
static enum windowed
decode(struct input *input, void *state, struct window *w, struct done *done, struct batch **out)
{
    struct stdin_input *in = (struct stdin_input *)(void *)input;
    const struct conf *c = input->conf;
    struct timestamp now = c->ctx.now();
    struct batch *b;

    (void)state;
    (void)done;
    if (!feeder_first_look(w))
        return WINDOW_END;
    b = batch_new(w->share);
    if (w->parts[0].n > 0)
        in->codec.type->decode(&in->decoder, w->parts[0], now, b);
    else if (in->codec.type->flush != NULL)
        in->codec.type->flush(&in->decoder, now, b);
    for (uint32_t i = 0; i < b->n; i++) {
        decoration_apply(in->feeder.decoration, b->events[i]);
        feeder_put_absent(b->events[i], &in->host_ref, in->host);
    }
    atomic_fetch_add_explicit(&input->stats.events, b->n, memory_order_relaxed);
    *out = b;
    return WINDOW_BATCH;
}

/* ---- lifecycle ---- */

static void
close_input(struct input **input)
{
    struct stdin_input *in = (struct stdin_input *)(void *)*input;

    if (in == NULL)
        return;
    decoder_fini(&in->decoder);
    feeder_fini(&in->feeder);
    free(in);
    *input = NULL;
}

static struct input *
open_input(const void *conf, const struct input_common *common, const struct input_env *env,
           struct err *err)
{
    const struct conf *c = conf;
    struct stdin_input *in = xcalloc(1, sizeof *in);
    struct input *input = &in->feeder.base;
    bool ecs = ecs_is_on(c->ecs_compatibility, &c->ctx);

    in->codec = common->codec;
    if (feeder_init(&in->feeder, &input_stdin, conf, common, env, &c->ctx, err) < 0 ||
        choose_codec(in, c, err) < 0 ||
        fieldref_compile(c->ctx.arena, ecs ? SLICE("[host][hostname]") : SLICE("host"), ESCAPE_NONE,
                         &in->host_ref, err) < 0) {
        close_input(&input);
        return NULL;
    }
    decoder_init(&in->decoder, in->codec.type, in->codec.conf);
    in->decoder.stream = true;
    in->host = feeder_host(c->ctx.arena);
    return input;
}

static int
start(struct input *input, struct err *err)
{
    return feeder_start((struct feeder *)(void *)input, run, "stdin", err);
}

static void
stop(struct input *input)
{
    feeder_stop((struct feeder *)(void *)input);
}

static const struct option options[] = { OPT_ECS(struct conf), OPT_END };

const struct input_type input_stdin = {
    .name = "stdin",
    .conf_size = sizeof(struct conf),
    .options = options,
    .default_codec = "line",
    .prepare = prepare,
    .open = open_input,
    .start = start,
    .decode = decode,
    .settled = feeder_settled,
    .stop = stop,
    .close = close_input,
};
