/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codec dots: a dot an event. Decodes nothing. */
#include "codec/codec.h"

static void
encode(const void *conf, struct event *ev, struct buf *out)
{
    (void)conf;
    (void)ev;
    buf_byte(out, '.');
}

const struct codec_type codec_dots = { .name = "dots", .encode = encode };
