/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/feeder.h"

#include "codec/base/error.h"
#include "codec/base/log.h"
#include "codec/base/thread.h"
#include "pipeline/ready.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define WINDOWS_MOST 16
/* Decoding needs more than the text itself: nodes and events. */
#define GUESS_RATIO 4
#define RETRY_NS    5000000

static struct slice
machine_name(struct arena *a)
{
    char name[256] = "";

    if (gethostname(name, sizeof name - 1) < 0)
        return SLICE("localhost");
    return arena_copy(a, slice_of(name));
}

struct feeder *
feeder_new(const struct feeder_spec *spec, const void *conf, const struct input_common *common,
           const struct input_env *env, const struct plugin_context *ctx, struct err *err)
{
    static atomic_uint feeders; /* makes their ids differ; no loop has this number */
    struct feeder *f = xcalloc(1, spec->size);
    struct input *input = &f->base;

    f->base = (struct input){ .type = spec->type, .conf = conf, .common = common, .env = *env };
    f->run = spec->run;
    f->conn = (struct conn_id){ .loop = UINT16_MAX, .slot = atomic_fetch_add(&feeders, 1) };
    f->host = machine_name(ctx->arena);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (f->wake < 0)
        err_errno(err, "eventfd");
    if (f->wake >= 0 && decoration_compile(ctx->arena, common, ctx, &f->decoration, err) == 0 &&
        fieldref_compile(ctx->arena, slice_of(spec->host), ESCAPE_NONE, &f->host_path, err) == 0 &&
        (spec->number == NULL || fieldref_compile(ctx->arena, slice_of(spec->number), ESCAPE_NONE,
                                                  &f->number_path, err) == 0))
        return f;
    feeder_close(&input);
    return NULL;
}

static struct feeder *
feeder_of(struct input *input)
{
    return (struct feeder *)(void *)input;
}

void
feeder_close(struct input **input)
{
    struct feeder *f = feeder_of(*input);

    *input = NULL;
    if (f == NULL)
        return;
    if (f->under_way > 0)
        log_warn(f->base.env.log,
                 "%u pieces of input were not settled when the stop had to end; %s cannot be asked "
                 "for them again",
                 f->under_way, f->base.type->name);
    decoder_fini(&f->decoder);
    if (f->wake >= 0)
        close(f->wake);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

int
feeder_start(struct input *input, struct err *err)
{
    struct feeder *f = feeder_of(input);

    if (thread_start(&f->thread, input->type->name, f->run, f, err) < 0)
        return -1;
    f->running = true;
    return 0;
}

void
feeder_stop(struct input *input)
{
    struct feeder *f = feeder_of(input);
    uint64_t one = 1;

    pthread_mutex_lock(&f->lock);
    f->stopping = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    if (write(f->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        UNREACHABLE("an eventfd takes a count");
    if (f->running)
        pthread_join(f->thread, NULL);
    f->running = false;
}

bool
feeder_stopping(struct feeder *f)
{
    bool stopping;

    pthread_mutex_lock(&f->lock);
    stopping = f->stopping;
    pthread_mutex_unlock(&f->lock);
    return stopping;
}

bool
feeder_wait(struct feeder *f)
{
    const struct timespec pause = { .tv_nsec = RETRY_NS };
    bool stopping;

    while (budget_level(f->base.env.share) >= BUDGET_TIGHT && !feeder_stopping(f))
        nanosleep(&pause, NULL);
    pthread_mutex_lock(&f->lock);
    while (f->under_way >= WINDOWS_MOST && !f->stopping)
        pthread_cond_wait(&f->changed, &f->lock);
    stopping = f->stopping;
    pthread_mutex_unlock(&f->lock);
    return !stopping;
}

void
feeder_give(struct feeder *f, struct slice bytes)
{
    struct window *w = window_new(f->base.env.share);
    struct window_block *b = window_block(w, bytes.n);

    memcpy(b->data, bytes.p, bytes.n);
    b->n = bytes.n;
    window_part(w, (struct slice){ b->data, bytes.n });
    w->conn = f->conn;
    w->input = f;
    w->guess = bytes.n * GUESS_RATIO + 4096;
    w->whole = true;
    pthread_mutex_lock(&f->lock);
    f->under_way++;
    pthread_mutex_unlock(&f->lock);
    atomic_fetch_add_explicit(&f->base.stats.windows, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&f->base.stats.bytes, bytes.n, memory_order_relaxed);
    ready_give(f->base.env.ready, f->base.env.pipeline, &w);
}

bool
feeder_first_look(struct window *w)
{
    if (w->peer == w)
        return false;
    w->peer = w;
    budget_release(w->share, BUDGET_BATCH, w->room);
    w->room = 0;
    return true;
}

void
feeder_settled(void *to, struct done *d)
{
    struct feeder *f = to;

    (void)d;
    pthread_mutex_lock(&f->lock);
    f->under_way--;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

void
feeder_ended(struct feeder *f)
{
    if (f->base.env.ended != NULL)
        f->base.env.ended(f->base.env.ended_arg, &f->base);
}

void
feeder_decorate(const struct feeder *f, struct event *ev)
{
    decoration_apply(f->decoration, ev);
    if (!event_has(ev, &f->host_path))
        event_set_str(ev, &f->host_path, f->host);
}
