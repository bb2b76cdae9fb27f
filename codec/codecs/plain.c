/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codec plain: one message is one event; no delimiter. */
#include "codec/text_codec.h"

static const struct option options[] = {
    TEXT_OPT_CHARSET,
    TEXT_OPT_ECS,
    TEXT_OPT_FORMAT,
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    return text_conf_prepare(conf, ctx, err);
}

static void
encode(const void *conf, struct event *ev, struct buf *out)
{
    text_encode(conf, ev, out);
}

const struct codec_type codec_plain = {
    .name = "plain",
    .conf_size = sizeof(struct text_conf),
    .options = options,
    .prepare = prepare,
    .decode = text_decode_message,
    .decoder_fini = text_decoder_fini,
    .encode = encode,
};
