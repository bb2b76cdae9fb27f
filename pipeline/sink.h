/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sink contract: what the operator calls an output (design 7).
 *
 * Workers encode events into a view and give it; from there on the sink owns it, on its home loop
 * or its own thread, until it is settled: every item done, refused for good, or a dead letter. Then
 * view_free() drops the window's done. Workers never wait for a sink.
 *
 * conf is const and shared. A sink's struct starts with struct sink. */
#ifndef PIPELINE_SINK_H
#define PIPELINE_SINK_H

#include "codec/codec.h"
#include "pipeline/done.h"

struct sink;
struct sink_common;
struct loop;
struct resolver;

/* One item of a view: what a retry or a dead letter needs to find it again. */
struct view_item {
    uint64_t at;    /* offset in the plain (uncompressed) body */
    uint32_t len;   /* bytes, everything that belongs to the item (action line and document) */
    uint16_t aux;   /* the sink's own: action, ... */
    uint16_t event; /* index in its batch, when kept */
};

/* A gzip member of a compressed body. Items lie in one member each. */
struct view_member {
    uint64_t plain_at; /* where its text stood in the plain body */
    size_t plain_n;
    size_t at, n; /* in the body */
};

/* One output's share of a batch. Items that are left to retry are index lists of sink_queue.c. */
struct view {
    struct view *next;
    struct sink *sink;
    struct done *done;       /* one count, dropped by view_free */
    struct buf body;         /* encoded; charged to the share as BUDGET_VIEW */
    uint64_t plain_bytes;    /* of the body before compression */
    struct view_item *items; /* heap */
    uint32_t n, cap;
    struct view_member *members; /* of a compressed body, heap; NULL: the body is plain */
    uint32_t members_n;
    struct event **events; /* of view_keep, heap: they live as long as the done does */
    uint32_t events_cap;
    struct budget_share *share;
    size_t charged;
    void *extra;        /* the sink's own; freed by sink_type.view_fini */
    size_t extra_bytes; /* what it holds, once finish is through; charged with the view */
};

struct view *view_new(struct sink *sink, struct budget_share *share);
/* Settled: releases the charge and drops the done. *v may be NULL. */
void view_free(struct view **v);
/* Given up at the end of a stop: the sender gets no answer, and sends again. */
void view_abandon(struct view **v);
struct view_item *view_add(struct view *v); /* zeroed, at the end; at is set to plain body end */
/* For a sink with keeps_events: the event itself is the next of v->n items. */
void view_keep(struct view *v, struct event *ev);
/* Counts items in the sink's stats: n were given to it; so many of them were taken, or refused. */
void view_given(struct view *v, uint64_t n);
void view_settled(struct view *v, uint64_t done, uint64_t refused);
/* Charges what body and items hold now; called after growth. */
void view_charge(struct view *v);
/* The same before it is given: first from *room, which was reserved as BUDGET_VIEW. */
void view_charge_from(struct view *v, size_t *room);

/* What a running sink may use; lives longer than the sink. */
struct sink_env {
    struct budget_share *share;
    struct loop *loop; /* its home loop; NULL for tools and tests of thread sinks */
    struct resolver *resolver;
    const struct log *log; /* with plugin id */
    const struct plugin_context *ctx;
    const struct sink_common *common; /* its codec is never without a type */
    /* Value of one of our own settings (headrig.yml), by option: "fsync", "gzip_members"; NULL when
     * not set. The text as written. */
    const char *(*setting)(void *arg, const char *option);
    void *setting_arg;
    struct bus *bus;   /* between pipelines */
    uint32_t pipeline; /* index of its own in the ready list */
    /* It cannot work for a reason that only the operator can remove, found after open: the pipeline
     * should stop. Any thread, once; the sink has logged it. NULL: nobody listens. */
    void (*failed)(void *arg, struct sink *s);
    void *failed_arg;
};

/* Counters that any thread may read; written by the sink. */
struct sink_stats {
    _Atomic uint64_t given, done, retried, refused, requests, failures;
    _Atomic uint64_t no_sender; /* of those under way: nobody would send them again */
};

struct sink {
    const struct sink_type *type;
    const void *conf;
    struct sink_env env;
    struct sink_stats stats;
};

struct sink_type {
    const char *name;
    size_t conf_size;
    const struct option *options;
    const char *default_codec; /* "plain" when NULL */
    int (*prepare)(void *conf, const struct plugin_context *ctx, struct err *err);
    void (*dispose)(void *conf);
    /* Before workers start: files open, threads run, first connections are tried. -1 ends the
     * start of the pipeline. Called on the main thread. */
    struct sink *(*open)(const void *conf, const struct sink_env *env, struct err *err);
    /* The pipeline of this index sends to its addresses on the bus: by connect, and by a check of a
     * bus that nobody uses. -1: nobody listens, or a circle. NULL: it sends to none. */
    int (*join)(const void *conf, struct bus *b, uint32_t from, const struct log *log,
                struct err *err);
    /* Every input and output of all pipelines is open. -1 ends the start. May be NULL. Main. */
    int (*connect)(struct sink *s, struct err *err);
    bool keeps_events; /* view_keep is used: batches stay, sealed, until their done is 0 */
    /* On a worker: one event appended to the view. Nothing appended (no item) when the event is not
     * for this sink after all, or is refused at once: then the sink logs and counts it itself. */
    void (*encode)(struct sink *s, struct view *v, struct event *ev);
    /* On a worker, after the last event of the batch: compress. May be NULL. */
    void (*finish)(struct sink *s, struct view *v);
    /* Any worker; takes the view. Never blocks. */
    void (*give)(struct sink *s, struct view **v);
    /* Main thread. No more views come; what was given is still worked on. Calls idle(arg), from any
     * thread, once nothing is left (at once if nothing is). */
    void (*drain)(struct sink *s, void (*idle)(void *arg), void *arg);
    /* Main thread, after drain or when its time is up: views still held are dropped *unsettled*
     * (their done is never dropped: no ACK). Frees the sink. */
    void (*close)(struct sink **s);
    void (*view_fini)(struct view *v); /* frees v->extra; may be NULL */
};

/* Fills the base of a sink's struct. */
void sink_init(struct sink *s, const struct sink_type *type, const void *conf,
               const struct sink_env *env);

/* The registry is sinks/sinks.c; main hands it to the pipeline, which names no sink itself. */
typedef const struct sink_type *sink_find_fn(struct slice name);

struct sink_common {
    struct slice id;
    bool enable_metric;
    struct codec_use codec;
    const struct opt_value *workers; /* deprecated, ignored */
};
extern const struct option sink_common_options[];

#endif
