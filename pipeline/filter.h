/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The filter contract. One file a filter in filters/, one const struct, one line in meson.build.
 *
 * conf is built once per plan and const afterwards, shared by all workers. local belongs to one
 * worker. Common options (add_field, remove_field, add_tag, remove_tag) are run.c's, for all. */
#ifndef PIPELINE_FILTER_H
#define PIPELINE_FILTER_H

#include "codec/codec.h"
#include "codec/template.h"

enum verdict {
    EVENT_KEEP,   /* matched: the common options follow */
    EVENT_SKIP,   /* not matched: goes on as it is, no common options */
    EVENT_FAILED, /* goes on with tag_on_failure, no common options */
    EVENT_DROP,   /* cancelled; the common options follow first, as in Logstash */
    /* Beside another one, by |: apply is called once more with the same event, after what the other
     * one asks for. For filters whose common options follow several times (dissect). */
    EVENT_MORE = 8
};

#define FILTER_AHEAD 8

struct filter_type {
    const char *name;
    size_t conf_size, local_size; /* both zeroed for the plugin */
    const struct option *options; /* may be NULL */
    /* Default of the option tag_on_failure, separated by commas; NULL: the filter has no such
     * option. run.c adds the tags on EVENT_FAILED. */
    const char *tag_on_failure;
    /* Options are read: compile what they say. Errors refuse the config at the plugin's place. */
    int (*prepare)(void *conf, const struct plugin_context *ctx, struct err *err);
    void (*dispose)(void *conf);
    /* Once per worker, before its first event. */
    int (*start)(const void *conf, void *local, struct err *err);
    void (*stop)(const void *conf, void *local);
    enum verdict (*apply)(const void *conf, void *local, struct event *ev);
    /* May be NULL. apply will follow for this event, FILTER_AHEAD events from now at the most, in
     * the same order: for filters that look into large tables, to ask for their lines of memory.
     * Changes nothing that shows. */
    void (*ahead)(const void *conf, void *local, struct event *ev);
    /* Depends on the order of events: the pipeline becomes a lane. */
    bool ordered;
};

const struct filter_type *filter_find(struct slice name); /* NULL: unknown */
const struct filter_type *const *filter_all(void);        /* ends with NULL */

/* What every filter has beside its own options. */
struct filter_common {
    struct slice id;
    bool enable_metric, periodic_flush;
    struct opt_hash add_field;
    struct opt_templates remove_field, add_tag, remove_tag;
    struct opt_list tag_on_failure;
};
extern const struct option filter_common_options[];

#endif
