/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codec rubydebug: an event for human eyes. Decodes nothing. */
#include "codec/codec.h"
#include "codec/ruby_print.h"

struct conf {
    bool metadata;
    struct ruby_style style;
};

static const struct option options[] = {
    OPT_BOOL(struct conf, metadata, .dflt = "false", .help = "show @metadata too"),
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    (void)ctx;
    (void)err;
    c->style = (struct ruby_style){ c->metadata, ruby_print_wants_colors() };
    return 0;
}

static void
encode(const void *conf, struct event *ev, struct buf *out)
{
    ruby_print_event(ev, &((const struct conf *)conf)->style, out);
}

const struct codec_type codec_rubydebug = {
    .name = "rubydebug",
    .conf_size = sizeof(struct conf),
    .options = options,
    .prepare = prepare,
    .encode = encode,
};
