/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What inputs with a thread of their own share (stdin, generator, heartbeat): their lifecycle, the
 * thread, a decoder, a bound on windows under way, and the hand-over. Blocking is allowed here: it
 * is nobody else's thread. What such an input has read cannot be asked for again.
 *
 * All windows of a feeder count as one connection, so that they are decoded one after the other. */
#ifndef SERVER_FEEDER_H
#define SERVER_FEEDER_H

#include "pipeline/input.h"

#include <pthread.h>
#include <stdatomic.h>

typedef void *feeder_run_fn(void *f);

struct feeder {
    struct input base; /* first: an input's struct starts with struct input */
    feeder_run_fn *run;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned under_way; /* windows that are not settled */
    bool stopping;
    int wake; /* eventfd: readable once stopping, for poll */
    struct conn_id conn;
    struct decoration *decoration;
    struct decoder decoder; /* of whoever decodes the window under way; type NULL: none */
    struct fieldref host_path, number_path; /* as in feeder_spec */
    struct slice host;
};

/* What one kind of feeder is; its struct starts with struct feeder. */
struct feeder_spec {
    const struct input_type *type;
    size_t size;
    feeder_run_fn *run; /* on the thread; when it returns the input has ended */
    const char *host;   /* where the machine's name goes */
    const char *number; /* where the input's own count goes; NULL: it has none */
};

/* Zeroed but for the feeder; NULL with *err. Its decoder is the caller's to begin. */
struct feeder *feeder_new(const struct feeder_spec *spec, const void *conf,
                          const struct input_common *common, const struct input_env *env,
                          const struct plugin_context *ctx, struct err *err);

/* start, stop, settled and close of every feeder's input_type. stop tells the thread and waits for
 * it; close says what was never settled. */
int feeder_start(struct input *input, struct err *err);
void feeder_stop(struct input *input);
void feeder_settled(void *to, struct done *d);
void feeder_close(struct input **input);
bool feeder_stopping(struct feeder *f);

/* Waits until there is room for a window and the budget is not tight; false: stopping. */
bool feeder_wait(struct feeder *f);
/* A window of n bytes of the feeder's own making; the decoder finds them in parts[0]. */
void feeder_give(struct feeder *f, struct slice bytes);
/* On a worker: true at the first call for the window, whose room is then given back, for the batch
 * charges what it really takes. A feeder's window is one batch. */
bool feeder_first_look(struct window *w);
/* The run is over by itself: says so. */
void feeder_ended(struct feeder *f);
/* The common options, then the machine's name if nothing is at its place. */
void feeder_decorate(const struct feeder *f, struct event *ev);

#endif
