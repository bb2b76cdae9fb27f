/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input contract (design 2): on the loop, bytes become windows; on a worker, a window becomes a
 * batch; when its done is settled, the input answers.
 *
 * conf is const. An input's struct starts with struct input; its loops and the workers share it, so
 * what is not set before start is atomic or belongs to one loop. */
#ifndef PIPELINE_INPUT_H
#define PIPELINE_INPUT_H

#include "codec/codec.h"
#include "pipeline/done.h"

struct acceptor;
struct bus;
struct input;
struct loop;
struct ready;

struct input_common {
    struct slice id;
    bool enable_metric;
    struct codec_use codec;
    struct slice type;
    struct opt_hash add_field;
    struct opt_templates tags;
};
extern const struct option input_common_options[];

/* What a running input may use; lives longer than the input. */
struct input_env {
    struct ready *ready;        /* where whole windows go */
    uint32_t pipeline;          /* index of its pipeline in the ready list */
    uint16_t number;            /* of the process's plugins: conn_id.input */
    struct budget_share *share; /* of the pipeline */
    struct loop *const *loops;
    size_t loops_n;
    struct acceptor *acceptor; /* of the process; network inputs only */
    struct bus *bus;           /* between pipelines */
    const struct log *log;
    const struct plugin_context *ctx;
    const char *(*setting)(void *arg, const char *option); /* headrig.yml; see sink.h */
    void *setting_arg;
    /* The input has ended by itself (stdin, a counted generator); any thread, once. */
    void (*ended)(void *arg, struct input *in);
    void *ended_arg;
};

struct input_stats {
    _Atomic uint64_t events, windows, bytes, errors;
    _Atomic uint64_t connections; /* open now */
};

struct input {
    const struct input_type *type;
    const void *conf;
    const struct input_common *common;
    struct input_env env;
    struct input_stats stats;
};

/* What became of a window on a worker. */
enum windowed {
    WINDOW_BATCH, /* *out is the next batch, decorated; call again */
    WINDOW_END,
    WINDOW_BACK /* no room: put it back into the ready list (w->guess is better now) */
};

struct input_type {
    const char *name;
    const char *alias; /* second name; NULL: none */
    size_t conf_size;
    const struct option *options;
    const char *default_codec; /* "plain" when NULL */
    bool reloadable;
    bool passive;          /* has no events of its own: the process may end although it has not */
    bool cannot_ask_again; /* nobody repeats what was not settled (stdin): the account's `lost` */
    int (*prepare)(void *conf, const struct plugin_context *ctx, struct err *err);
    void (*dispose)(void *conf);
    /* After prepare: what stands in files (certificates, keys), for `-t` too; may keep what it made
     * in conf, and dispose frees it. The TLS library has started. NULL: nothing to check. */
    int (*check)(void *conf, const struct plugin_context *ctx, struct err *err);
    /* Where it will listen, so that two that clash are found before they start. False, or NULL:
     * nowhere. port 0: any free one. */
    bool (*listens)(const void *conf, struct slice *host, int64_t *port);
    /* Takes its address on the bus for `in`, whose env says the pipeline: by open, and by a check
     * of a bus that nobody uses. -1: the address is taken. NULL: it has none. */
    int (*join)(const void *conf, struct bus *b, struct input *in, struct err *err);
    /* Binds and reads nothing yet: ports and keys are checked before anything starts. Main. */
    struct input *(*open)(const void *conf, const struct input_common *common,
                          const struct input_env *env, struct err *err);
    int (*start)(struct input *in, struct err *err);
    /* Per worker state, made at its first window of this input; NULL: none. */
    void *(*worker_new)(struct input *in);
    void (*worker_free)(struct input *in, void *state);
    /* On a worker, until it says WINDOW_END or WINDOW_BACK. done: acks are added here; the input
     * also finds what must be told to the loop. */
    enum windowed (*decode)(struct input *in, void *state, struct window *w, struct done *done,
                            struct batch **out);
    /* Called when done is settled, any thread; NULL: nothing to answer. */
    settled_fn *settled;
    /* No new connections, no more reading; whole windows go on. Main thread. */
    void (*stop)(struct input *in);
    /* Writes what the input knows of itself to its log; main thread, while it runs. NULL: nothing.
     */
    void (*report)(struct input *in);
    /* Every window has been answered or is given up: close everything, free. */
    void (*close)(struct input **in);
};

/* The registry is server/inputs.c. */
typedef const struct input_type *input_find_fn(struct slice name);

/* Common decoration: type unless present, add_field, tags. Compiled once. */
struct decoration;
int decoration_compile(struct arena *a, const struct input_common *common,
                       const struct plugin_context *ctx, struct decoration **out, struct err *err);
void decoration_apply(const struct decoration *d, struct event *ev);

#endif
