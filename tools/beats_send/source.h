/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where windows come from: events from a file or made up, numbered, encoded as frames.
 *
 * One source is shared by all connections: what is left, ids, the file and the rate stand behind
 * one lock, taken once a window. Each connection has a maker of its own. */
#ifndef TOOLS_BEATS_SEND_SOURCE_H
#define TOOLS_BEATS_SEND_SOURCE_H

#include "tools/beats_send/options.h"

#include <pthread.h>
#include <stdio.h>

struct source {
    const struct options *options;
    pthread_mutex_t lock;
    FILE *file;     /* NULL: made up */
    uint64_t taken; /* events handed out; ids count from 1 */
    uint64_t spent; /* of the rate */
    bool ended;     /* of the file, or all that were wanted */
    uint64_t start_ms;
    struct buf *ready; /* preencoded windows, options->preencode of them */
    uint32_t *ready_events;
};

/* One window of events, as frames. */
struct made {
    struct buf bytes;
    uint64_t first_id; /* of events ids in a row */
    uint32_t events;
    uint32_t first, last; /* sequence numbers */
};

struct maker {
    struct source *source;
    struct corpus corpus;
    struct buf frames, event, id, lines;
    uint64_t seq; /* version 1 counts on over windows */
    uint64_t windows;
};

int source_init(struct source *s, const struct options *o, uint64_t now_ms, struct err *err);
void source_fini(struct source *s);

void maker_init(struct maker *m, struct source *s, unsigned connection);
void maker_fini(struct maker *m);

enum making {
    MAKING_DONE,
    MAKING_LATER, /* the rate says so */
    MAKING_END
};

/* Into *out, whose buffer is reused. */
enum making maker_window(struct maker *m, uint64_t now_ms, struct made *out);
/* One of the preencoded ones; *bytes is the source's. */
enum making maker_ready(struct maker *m, uint64_t now_ms, struct slice *bytes, uint32_t *events);

#endif
