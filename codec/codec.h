/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The codec contract: text to events on the input side, an event to text on the output side
 * (inputs-basic.md 2, outputs-other.md 1). One file a codec in codecs/, one const struct. */
#ifndef CODEC_CODEC_H
#define CODEC_CODEC_H

#include "codec/batch.h"
#include "codec/option.h"

enum ecs_mode { ECS_DISABLED, ECS_V1, ECS_V8 }; /* v8 behaves as v1 */

struct log;
struct line_pattern;
struct plugin_context;

/* Grok patterns are the business of the layer above; a codec that needs one asks through this. */
struct line_patterns {
    /* The legacy set and the files of dirs. Compiled once; NULL with *err. */
    struct line_pattern *(*compile)(struct slice text, const struct opt_list *dirs,
                                    struct err *err);
    /* Anywhere in the line. One caller at a time for each pattern. */
    bool (*matches)(struct line_pattern *p, struct slice line);
    void (*free)(struct line_pattern *p); /* may be NULL */
};

struct regex_store; /* of the layer above */
struct file_store;

/* What plugins may know about where they live; alive as long as the plan. */
struct plugin_context {
    struct arena *arena;
    enum escape_style escape;
    enum ecs_mode ecs; /* of the pipeline; the plugin's own option wins, the plugin decides */
    bool support_escapes;
    const char *id;
    const char *pipeline_id;
    const struct log *log;
    struct findings *findings;      /* while preparing: warnings with a position */
    struct config_pos pos;          /* of the plugin */
    const struct opt_plugin *given; /* the block as written, while preparing; NULL: not known */
    zone_fn *zone;                  /* system time zones */
    struct timestamp (*now)(void);  /* the wall clock; a settable one in tests */
    const struct line_patterns *line_patterns; /* NULL: there are none */
    struct regex_store *regexes;               /* of the process; NULL: there is none */
    struct file_store *files;                  /* the same */
};

/* State of one stream of bytes: a connection, a file, standard input. */
struct decoder {
    const struct codec_type *type;
    const void *conf;
    struct buf rest; /* bytes that wait for more, for codecs that split */
    void *state;     /* the codec's own */
    void *gathered;  /* codec multiline: lines that wait */
    bool stream;     /* pieces of a stream, not whole messages; set by the input */
};

struct codec_type {
    const char *name;
    size_t conf_size;
    const struct option *options;
    int (*prepare)(void *conf, const struct plugin_context *ctx, struct err *err);
    void (*dispose)(void *conf);
    /* True: takes pieces of a stream and splits them itself (line, json_lines, multiline). False:
     * each call has one whole message. */
    bool splits;
    /* Text to events at the end of the batch, each constructed (event_construct). The text is not
     * kept. now: the time of decoding. Bad text becomes tagged events, never an error. */
    void (*decode)(struct decoder *d, struct slice text, struct timestamp now, struct batch *out);
    /* End of the stream: what waits comes out. May be NULL. */
    void (*flush)(struct decoder *d, struct timestamp now, struct batch *out);
    /* Milliseconds without text after which the input of a stream calls give_out, once; -1: never.
     * Both NULL: the codec holds nothing back. */
    int (*give_out_ms)(const void *conf);
    void (*give_out)(struct decoder *d, struct timestamp now, struct batch *out);
    void (*decoder_fini)(struct decoder *d); /* frees d->state; may be NULL */
    /* One event to text, delimiter included where the codec has one. Any worker at once. */
    void (*encode)(const void *conf, struct event *ev, struct buf *out);
};

const struct codec_type *codec_find(struct slice name); /* NULL: unknown */
/* All of them, ends with NULL. */
const struct codec_type *const *codec_all(void);

void decoder_init(struct decoder *d, const struct codec_type *type, const void *conf);
void decoder_fini(struct decoder *d);

#endif
