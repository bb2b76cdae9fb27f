/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lumberjack frames as a sender writes them, and ACKs both ways. For the sender tool, the
 * lumberjack output, tests, and the server's own ACKs. Pure. */
#ifndef CODEC_LJ_ENCODE_H
#define CODEC_LJ_ENCODE_H

#include "codec/base/buf.h"
#include "codec/base/error.h"

#define LJ_ACK_BYTES 6

void lj_put_window(struct buf *out, char version, uint32_t events);
void lj_put_json(struct buf *out, char version, uint32_t seq, struct slice json);
/* n pairs of key, value. */
void lj_put_data(struct buf *out, char version, uint32_t seq, const struct slice *pairs,
                 uint32_t n);
/* frames deflated by zlib at the level 1..9. */
int lj_put_compressed(struct buf *out, char version, struct slice frames, int level,
                      struct err *err);
void lj_write_ack(char out[LJ_ACK_BYTES], char version, uint32_t seq);
/* 1: *version, *seq are set and *in moved; 0: fewer than six bytes; -1: no ACK frame. */
int lj_take_ack(struct slice *in, char *version, uint32_t *seq, struct err *err);

#endif
