/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A zlib stream to bytes, in one call with a hard cap (library-measurements.md 4). One a worker. */
#ifndef CODEC_INFLATE_H
#define CODEC_INFLATE_H

#include "codec/base/slice.h"

enum inflated {
    INFLATED_OK,
    INFLATED_BAD,  /* damaged, cut, only flushed, or without its checksum */
    INFLATED_SPACE /* more than cap bytes come out; nothing is said about the rest */
};

struct inflater;

struct inflater *inflater_new(void);
void inflater_free(struct inflater **i);
/* *n: bytes written to out; *used: bytes of the stream, the rest is trailing garbage. */
enum inflated inflate_zlib(struct inflater *i, struct slice in, char *out, size_t cap, size_t *n,
                           size_t *used);

#endif
