/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codec line: a stream of lines, each one an event; the delimiter is taken off and put on. */
#include "codec/text_codec.h"

static const struct option options[] = {
    TEXT_OPT_CHARSET, TEXT_OPT_DELIMITER, TEXT_OPT_ECS, TEXT_OPT_FORMAT, OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    return text_conf_prepare(conf, ctx, err);
}

static void
decode(struct decoder *d, struct slice text, struct timestamp now, struct batch *out)
{
    text_split(d, text, text_decode_message, now, out);
}

static void
flush(struct decoder *d, struct timestamp now, struct batch *out)
{
    text_split_end(d, text_decode_message, now, out);
}

static void
encode(const void *conf, struct event *ev, struct buf *out)
{
    const struct text_conf *c = conf;

    text_encode(c, ev, out);
    buf_append(out, c->delimiter);
}

const struct codec_type codec_line = {
    .name = "line",
    .conf_size = sizeof(struct text_conf),
    .options = options,
    .prepare = prepare,
    .splits = true,
    .decode = decode,
    .flush = flush,
    .decoder_fini = text_decoder_fini,
    .encode = encode,
};
