/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan: a compiled pipeline. Const once built, counted by each done under way (design 2, 6).
 *
 * Filters and outputs are trees of steps. Each worker keeps the local state of a plan's filters in
 * a struct plan_local of its own. */
#ifndef PIPELINE_PLAN_H
#define PIPELINE_PLAN_H

#include "codec/base/log.h"
#include "pipeline/cond.h"
#include "pipeline/filter.h"
#include "pipeline/input.h"
#include "pipeline/sink.h"

#include <stdatomic.h>

/* A filter, or an output, of the config. */
struct plan_filter {
    const struct filter_type *type;
    void *conf;
    struct filter_common common;
    struct plan_edits *edits; /* compiled common options */
    struct plugin_context ctx;
    uint32_t local; /* index of its local state */
    bool prepared;  /* dispose is due */
};

struct plan_output {
    const struct sink_type *type;
    void *conf;
    struct sink_common common;
    struct plugin_context ctx;
    struct sink *sink; /* set when the pipeline starts */
    uint32_t index;
    bool prepared;
};

struct plan_input {
    const struct input_type *type;
    void *conf;
    struct input_common common;
    struct plugin_context ctx;
    struct input *input; /* set when the pipeline starts */
    bool prepared;
};

enum step_kind { STEP_FILTER, STEP_OUTPUT, STEP_IF };

struct step {
    enum step_kind kind;
    struct config_pos pos;
    union {
        struct plan_filter *filter;
        struct plan_output *output;
        struct {
            struct cond *cond;
            struct block *then, *otherwise; /* may be empty, never NULL */
        } branch;
    };
};

struct block {
    struct step *at;
    size_t n;
};

struct plan_settings {
    const char *pipeline_id;
    uint32_t workers;    /* bound inside the pipeline */
    uint32_t batch_size; /* of a run */
    enum ecs_mode ecs;
    enum escape_style escape;
    bool support_escapes;
    bool ordered;                /* pipeline.ordered says so */
    struct regex_store *regexes; /* shared with other plans, which it outlives; or NULL */
    struct file_store *files;    /* the same */
};

struct plan {
    atomic_uint count;
    struct arena arena;
    struct plan_settings settings;
    struct plugin_context ctx; /* of the pipeline itself */
    struct log log;
    struct block filters, outputs;
    struct plan_filter **filter; /* all, in order of the text */
    size_t filter_n;
    struct plan_output **output;
    size_t output_n;
    struct plan_input **input;
    size_t input_n;
    struct budget_share *share; /* set when the pipeline starts */
    bool lane;                  /* ordered: one batch at a time */
    struct cond_pool *patterns; /* of all conditions */
};

struct config;

/* What the layers above know by name. */
struct plan_registry {
    sink_find_fn *find_sink;
    input_find_fn *find_input;
    const struct sink_type *const *sinks; /* all, for the nearest name; ends with NULL */
    const struct input_type *const *inputs;
    /* NULL: the registries of their layers. Tests bring filters and codecs of their own. */
    const struct filter_type *(*find_filter)(struct slice name);
    const struct codec_type *(*find_codec)(struct slice name);
};

/* prepare of a plugin may fail half-way: dispose is called all the same.
 *
 * Everything that can be known without starting: options, conditions, patterns. Every problem is a
 * finding; NULL when one is an error. The config may go afterwards; count is 1. env_lookup: value
 * of `${NAME}` or NULL. */
struct plan *plan_compile(const struct config *config, const struct plan_settings *settings,
                          const struct plan_registry *registry,
                          const char *(*env_lookup)(void *arg, struct slice name), void *env_arg,
                          zone_fn *zone, struct timestamp (*now)(void), struct findings *findings);
struct plan *plan_hold(struct plan *p);
void plan_drop(struct plan **p); /* any thread; with the last one it goes */

/* A worker's state for one plan. NULL: a filter could not start (*err names it). */
struct plan_local;
struct plan_local *plan_local_new(struct plan *p, struct err *err);
void plan_local_free(struct plan_local **l);

#endif
