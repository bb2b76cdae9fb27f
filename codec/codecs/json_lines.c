/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codec json_lines: a stream of lines, each one a JSON object or a list of them. */
#include "codec/json_write.h"
#include "codec/text_codec.h"

static const struct option options[] = {
    TEXT_OPT_CHARSET,
    OPT_BYTES(struct text_conf, decode_size_limit_bytes, .dflt = "512mb", .min = 1,
              .max = INT64_MAX, .help = "a longer line is dropped"),
    TEXT_OPT_DELIMITER,
    TEXT_OPT_ECS,
    TEXT_OPT_TARGET,
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct text_conf *c = conf;

    c->failure_level = LOG_WARN;
    c->failure_text = "JSON parse error, original data now in message field";
    return text_conf_prepare(c, ctx, err);
}

static void
decode(struct decoder *d, struct slice text, struct timestamp now, struct batch *out)
{
    text_split(d, text, text_decode_json, now, out);
}

static void
flush(struct decoder *d, struct timestamp now, struct batch *out)
{
    text_split_end(d, text_decode_json, now, out);
}

static void
encode(const void *conf, struct event *ev, struct buf *out)
{
    const struct text_conf *c = conf;

    value_write(&ev->data, out);
    buf_append(out, c->delimiter);
}

const struct codec_type codec_json_lines = {
    .name = "json_lines",
    .conf_size = sizeof(struct text_conf),
    .options = options,
    .prepare = prepare,
    .splits = true,
    .decode = decode,
    .flush = flush,
    .decoder_fini = text_decoder_fini,
    .encode = encode,
};
