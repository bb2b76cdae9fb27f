/* SPDX-License-Identifier: GPL-3.0-or-later */
/* output null: takes everything at once. */
#include "pipeline/sink.h"

#include "codec/base/error.h"

#include <stdlib.h>

extern const struct sink_type sink_null;

static struct sink *
open_sink(const void *conf, const struct sink_env *env, struct err *err)
{
    struct sink *s = xcalloc(1, sizeof *s);

    (void)err;
    sink_init(s, &sink_null, conf, env);
    return s;
}

/* Counted, not kept. */
static void
encode(struct sink *s, struct view *v, struct event *ev)
{
    (void)s;
    (void)ev;
    v->n++;
}

static void
give(struct sink *s, struct view **v)
{
    s->stats.given += (*v)->n;
    s->stats.done += (*v)->n;
    view_free(v);
}

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

const struct sink_type sink_null = {
    .name = "null",
    .open = open_sink,
    .encode = encode,
    .give = give,
    .drain = drain,
    .close = close_sink,
};
