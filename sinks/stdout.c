/* SPDX-License-Identifier: GPL-3.0-or-later */
/* output stdout: each event through the codec to standard output, nothing added
 * (outputs-other.md 3). Has a thread of its own, since whoever reads may be slow.
 *
 * A write error, also a reader that went away, loses nothing: it is tried again for ever, and what
 * is not written is not acknowledged. */
#include "sinks/sink_thread.h"

#include "codec/base/clock.h"
#include "codec/base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define COMPLAINT_MS 60000

struct stdout_sink {
    struct sink base;
    struct sink_thread *thread;
    size_t written; /* of the view under way */
    unsigned failures;
    struct log_throttle complaint;
};

extern const struct sink_type sink_stdout;

static void
encode(struct sink *s, struct view *v, struct event *ev)
{
    const struct codec_use *codec = &s->env.common->codec;
    struct view_item *item = view_add(v);

    codec->type->encode(codec->conf, ev, &v->body);
    item->len = (uint32_t)(v->body.n - item->at);
}

static void
complain(struct stdout_sink *o, int why)
{
    uint64_t swallowed;

    o->base.stats.failures++;
    if (log_throttle_pass(&o->complaint, clock_mono_ms(), COMPLAINT_MS, &swallowed))
        log_error(o->base.env.log, "cannot write to standard output, will retry: %s",
                  strerror(why));
}

static unsigned
write_view(struct sink *s, struct view *v)
{
    struct stdout_sink *o = (struct stdout_sink *)s;

    while (o->written < v->body.n) {
        ssize_t n = write(STDOUT_FILENO, v->body.p + o->written, v->body.n - o->written);

        if (n >= 0) {
            o->written += (size_t)n;
            o->failures = 0;
        } else if (errno == EAGAIN) { /* somebody made it non-blocking, e.g. a shared terminal */
            poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, 100);
            return 1;
        } else if (errno != EINTR) {
            complain(o, errno);
            return sink_thread_pause(++o->failures);
        }
    }
    o->written = 0;
    return 0;
}

static struct sink *
open_sink(const void *conf, const struct sink_env *env, struct err *err)
{
    struct stdout_sink *o = xcalloc(1, sizeof *o);

    sink_init(&o->base, &sink_stdout, conf, env);
    o->thread = sink_thread_start(&o->base, "stdout", write_view, err);
    if (o->thread != NULL)
        return &o->base;
    free(o);
    return NULL;
}

static void
give(struct sink *s, struct view **v)
{
    sink_thread_give(((struct stdout_sink *)s)->thread, v);
}

static void
drain(struct sink *s, void (*idle)(void *arg), void *arg)
{
    sink_thread_drain(((struct stdout_sink *)s)->thread, idle, arg);
}

static void
close_sink(struct sink **s)
{
    struct stdout_sink *o = (struct stdout_sink *)*s;

    *s = NULL;
    sink_thread_stop(&o->thread);
    free(o);
}

const struct sink_type sink_stdout = {
    .name = "stdout",
    .default_codec = "rubydebug",
    .open = open_sink,
    .encode = encode,
    .give = give,
    .drain = drain,
    .close = close_sink,
};
