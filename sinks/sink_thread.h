/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread of a sink whose writing may block (file, stdout): views in, in order, one at a time.
 *
 * A view is settled when the sink has written all of it; what cannot be written is tried again
 * after a while, for ever. */
#ifndef SINKS_SINK_THREAD_H
#define SINKS_SINK_THREAD_H

#include "pipeline/sink.h"

struct sink_thread;

/* On the sink's thread. 0: the view is written, it is settled now. Otherwise it is given again
 * after so many milliseconds; the sink remembers how far it came. */
typedef unsigned sink_write_fn(struct sink *s, struct view *v);

/* name: of the thread, at most 15 bytes. */
struct sink_thread *sink_thread_start(struct sink *s, const char *name, sink_write_fn *write,
                                      struct err *err);
/* Any thread. Takes the view. */
void sink_thread_give(struct sink_thread *t, struct view **v);
/* As sink_type.drain. */
void sink_thread_drain(struct sink_thread *t, void (*idle)(void *arg), void *arg);
/* Waits for a write under way; views that are left are dropped unsettled. *t may be NULL. */
void sink_thread_stop(struct sink_thread **t);

/* Doubling, from 100 ms to 5 s; failures from 1. */
unsigned sink_thread_pause(unsigned failures);

#endif
