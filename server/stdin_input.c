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

#define PIECE ((size_t)64 << 10) /* with the byte that says what it is */

struct conf {
    struct plugin_context ctx;
    int ecs_compatibility;
};

struct stdin_input {
    struct feeder feeder;
    struct codec_use codec;
    int idle_ms; /* without text, until the codec gives out what it has gathered; -1: never */
};

/* The first byte of a window; behind TEXT comes what was read. */
enum piece_kind { PIECE_TEXT = 't', PIECE_IDLE = 'i', PIECE_END = 'e' };

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

enum got { GOT_TEXT, GOT_NOTHING, GOT_END };

/* GOT_NOTHING: nothing came for so long; wait_ms -1: without a limit. */
static enum got
read_piece(struct stdin_input *in, int wait_ms, char *piece, size_t *n)
{
    struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                            { .fd = in->feeder.wake, .events = POLLIN } };

    for (;;) {
        int ready = poll(fds, COUNT(fds), wait_ms);
        ssize_t got;

        if (ready < 0 && errno != EINTR)
            return GOT_END;
        if (ready == 0)
            return GOT_NOTHING;
        if (ready < 0)
            continue;
        if (fds[1].revents != 0)
            return GOT_END;
        got = read(STDIN_FILENO, piece, PIECE - 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            log_error(in->feeder.base.env.log, "standard input: %s", strerror(errno));
        if (got <= 0)
            return GOT_END;
        *n = (size_t)got;
        return GOT_TEXT;
    }
}

static void
give(struct stdin_input *in, char *piece, enum piece_kind kind, size_t n)
{
    piece[0] = (char)kind;
    feeder_give(&in->feeder, (struct slice){ piece, n + 1 });
}

static void *
run(void *arg)
{
    struct stdin_input *in = arg;
    char *piece = xmalloc(PIECE);
    enum got got = GOT_NOTHING;
    size_t n = 0;

    if (isatty(STDIN_FILENO))
        puts("The stdin plugin is now waiting for input:");
    while (got != GOT_END && feeder_wait(&in->feeder)) {
        got = read_piece(in, got == GOT_TEXT ? in->idle_ms : -1, piece + 1, &n);
        if (got == GOT_TEXT)
            give(in, piece, PIECE_TEXT, n);
        else if (got == GOT_NOTHING)
            give(in, piece, PIECE_IDLE, 0);
    }
    give(in, piece, PIECE_END, 0); /* the decoder may hold a last line without its end */
    free(piece);
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
    const struct codec_type *codec = in->codec.type;
    struct decoder *d = &in->feeder.decoder;
    struct timestamp now = c->ctx.now();
    struct slice text;
    struct batch *b;

    (void)state;
    (void)done;
    if (!feeder_first_look(w))
        return WINDOW_END;
    b = batch_new(w->share);
    text = slice_between(w->parts[0].p + 1, w->parts[0].p + w->parts[0].n);
    switch ((enum piece_kind)w->parts[0].p[0]) {
    case PIECE_TEXT: codec->decode(d, text, now, b); break;
    case PIECE_IDLE: codec->give_out(d, now, b); break;
    case PIECE_END:
        if (codec->flush != NULL)
            codec->flush(d, now, b);
        break;
    }
    for (uint32_t i = 0; i < b->n; i++)
        feeder_decorate(&in->feeder, b->events[i]);
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
    struct feeder_spec spec = { .type = &input_stdin,
                                .size = sizeof(struct stdin_input),
                                .run = run,
                                .host = ecs_is_on(c->ecs_compatibility, &c->ctx)
                                            ? "[host][hostname]"
                                            : "host" };
    struct feeder *f = feeder_new(&spec, conf, common, env, &c->ctx, err);
    struct stdin_input *in = (struct stdin_input *)f;

    if (f == NULL)
        return NULL;
    in->codec = common->codec;
    if (choose_codec(in, c, err) < 0) {
        struct input *input = &f->base;

        feeder_close(&input);
        return NULL;
    }
    decoder_init(&f->decoder, in->codec.type, in->codec.conf);
    f->decoder.stream = true;
    in->idle_ms =
        in->codec.type->give_out_ms == NULL ? -1 : in->codec.type->give_out_ms(in->codec.conf);
    return &f->base;
}

static const struct option options[] = { OPT_ECS(struct conf), OPT_END };

const struct input_type input_stdin = {
    .name = "stdin",
    .conf_size = sizeof(struct conf),
    .options = options,
    .default_codec = "line",
    .prepare = prepare,
    .open = open_input,
    .cannot_ask_again = true,
    .start = feeder_start,
    .decode = decode,
    .settled = feeder_settled,
    .stop = feeder_stop,
    .close = feeder_close,
};
