/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the codecs plain, line, json and json_lines share (inputs-basic.md 2): options, character
 * set, splitting at a delimiter, text or JSON to events, and the text form of an event.
 *
 * Their conf structs start with struct text_conf. */
#ifndef CODEC_TEXT_CODEC_H
#define CODEC_TEXT_CODEC_H

#include "codec/charset.h"
#include "codec/base/log.h"
#include "codec/codec.h"

struct template;

struct text_conf {
    int charset;
    int ecs_compatibility; /* -1: as the pipeline */
    struct slice delimiter;
    struct template *format; /* NULL: timestamp, host and message */
    struct fieldref target;  /* text.p NULL: the root */
    uint64_t decode_size_limit_bytes;

    /* Compiled by text_conf_prepare. */
    bool ecs;
    bool keeps_original; /* [event][original], with ecs */
    enum log_level failure_level;
    const char *failure_text;
    const struct plugin_context *ctx;
};

extern const char *const ecs_choices[];

#define TEXT_OPT_CHARSET                                                           \
    OPT_ENUM(struct text_conf, charset, .choices = charset_names, .dflt = "UTF-8", \
             .help = "character set of the text; decoding only")
#define TEXT_OPT_ECS                                                      \
    OPT_ENUM(struct text_conf, ecs_compatibility, .choices = ecs_choices, \
             .help = "names of the fields that are added; the pipeline's setting when absent")
#define TEXT_OPT_DELIMITER \
    OPT_STR(struct text_conf, delimiter, .dflt = "\n", .help = "what ends a line")
#define TEXT_OPT_FORMAT \
    OPT_TEMPLATE(struct text_conf, format, .help = "text of an event; encoding only")
#define TEXT_OPT_TARGET \
    OPT_FIELDREF(struct text_conf, target, .help = "field that receives the decoded object")

int text_conf_prepare(struct text_conf *c, const struct plugin_context *ctx, struct err *err);

/* By the codec's character set; good until the next call for the decoder. */
struct slice text_to_utf8(struct decoder *d, struct slice text, struct timestamp now);
/* plain: the text becomes `message`. */
void text_decode_message(struct decoder *d, struct slice text, struct timestamp now,
                         struct batch *out);
/* The same for text that is UTF-8 already; the event. */
struct event *text_add_message(struct decoder *d, struct slice text, struct timestamp now,
                               struct batch *out);
/* json: objects, lists of objects, or a failure event. */
void text_decode_json(struct decoder *d, struct slice text, struct timestamp now,
                      struct batch *out);

typedef void text_line_fn(struct decoder *d, struct slice line, struct timestamp now,
                          struct batch *out);
/* Each line that is complete now; the rest waits in d->rest. Linear in the bytes given. */
void text_split(struct decoder *d, struct slice text, text_line_fn *fn, struct timestamp now,
                struct batch *out);
/* What waits, unless it is empty. */
void text_split_end(struct decoder *d, text_line_fn *fn, struct timestamp now, struct batch *out);
void text_decoder_fini(struct decoder *d);

/* `format`, or the default text. No delimiter. */
void text_encode(const struct text_conf *c, struct event *ev, struct buf *out);

#endif
