/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The codecs by name (the list is in meson.build), and decoders around them. */
#include "codec/codec.h"

#define CODEC(n) extern const struct codec_type codec_##n;
#include "codec/codecs.def"
#undef CODEC

#define CODEC(n) &codec_##n,
static const struct codec_type *const all[] = {
#include "codec/codecs.def"
    NULL,
};
#undef CODEC

const struct codec_type *const *
codec_all(void)
{
    return all;
}

const struct codec_type *
codec_find(struct slice name)
{
    for (size_t i = 0; all[i] != NULL; i++)
        if (slice_eq(slice_of(all[i]->name), name))
            return all[i];
    return NULL;
}

void
decoder_init(struct decoder *d, const struct codec_type *type, const void *conf)
{
    *d = (struct decoder){ .type = type, .conf = conf };
}

void
decoder_fini(struct decoder *d)
{
    if (d->type != NULL && d->type->decoder_fini != NULL)
        d->type->decoder_fini(d);
    buf_fini(&d->rest);
    *d = (struct decoder){ 0 };
}
