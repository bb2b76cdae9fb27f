/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codec json: one message is one JSON object, or a list of them; no delimiter. */
#include "codec/json_write.h"
#include "codec/text_codec.h"

static const struct option options[] = {
    TEXT_OPT_CHARSET,
    TEXT_OPT_ECS,
    TEXT_OPT_TARGET,
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct text_conf *c = conf;

    c->keeps_original = true;
    c->failure_level = LOG_ERROR;
    c->failure_text = "JSON parse error, original data now in message field";
    return text_conf_prepare(c, ctx, err);
}

static void
encode(const void *conf, struct event *ev, struct buf *out)
{
    (void)conf;
    value_write(&ev->data, out);
}

const struct codec_type codec_json = {
    .name = "json",
    .conf_size = sizeof(struct text_conf),
    .options = options,
    .prepare = prepare,
    .decode = text_decode_json,
    .decoder_fini = text_decoder_fini,
    .encode = encode,
};
