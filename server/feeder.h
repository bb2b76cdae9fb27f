/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What inputs with a thread of their own share (stdin, generator, heartbeat): the thread, a bound
 * on windows under way, and the hand-over. Blocking is allowed here: it is nobody else's thread.
 *
 * All windows of a feeder count as one connection, so that they are decoded one after the other. */
#ifndef SERVER_FEEDER_H
#define SERVER_FEEDER_H

#include "pipeline/input.h"

#include <pthread.h>
#include <stdatomic.h>

struct feeder {
    struct input base; /* first: an input's struct starts with struct input */
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned under_way; /* windows that are not settled */
    bool stopping;
    int wake; /* eventfd: readable once stopping, for poll */
    struct conn_id conn;
    struct decoration *decoration;
};

/* 0, or -1 and everything is undone. */
int feeder_init(struct feeder *f, const struct input_type *type, const void *conf,
                const struct input_common *common, const struct input_env *env,
                const struct plugin_context *ctx, struct err *err);
void feeder_fini(struct feeder *f);
/* run is called on the thread; when it returns the input has ended. */
int feeder_start(struct feeder *f, void *(*run)(void *f), const char *name, struct err *err);
/* Tells the thread and waits for it. */
void feeder_stop(struct feeder *f);
bool feeder_stopping(struct feeder *f);

/* Waits until there is room for a window and the budget is not tight; false: stopping. */
bool feeder_wait(struct feeder *f);
/* A window of n bytes of the feeder's own making; the decoder finds them in parts[0]. */
void feeder_give(struct feeder *f, struct slice bytes);
/* On a worker: true at the first call for the window, whose room is then given back, for the batch
 * charges what it really takes. A feeder's window is one batch. */
bool feeder_first_look(struct window *w);
/* input_type.settled of all feeders. */
void feeder_settled(void *to, struct done *d);
/* The run is over by itself: says so. */
void feeder_ended(struct feeder *f);

/* The machine's name. */
struct slice feeder_host(struct arena *a);
/* Puts the text at the path if nothing is there and nothing stands in the way. */
void feeder_put_absent(struct event *ev, const struct fieldref *at, struct slice text);

#endif
