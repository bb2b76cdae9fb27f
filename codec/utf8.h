/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8: validity, and repair by U+FFFD for each maximal ill-formed part (Unicode 3.9, D93b). */
#ifndef CODEC_UTF8_H
#define CODEC_UTF8_H

#include "codec/base/buf.h"

bool utf8_valid(struct slice s);
/* Length of the valid sequence at the front, 0 if there is none; *bad is then the length of the
 * maximal ill-formed part (at least 1). s.n > 0. */
unsigned utf8_next(struct slice s, unsigned *bad);
void utf8_repair(struct slice s, struct buf *out);
/* For a value of a log line, which is written as a JSON text and escaped there: valid UTF-8 without
 * DEL and the C1 controls (both as U+FFFD), of at most max bytes with "..." where it was cut.
 * Writes into out; max >= 8. */
struct slice utf8_shown(struct slice s, char *out, size_t max);
/* Encodes a code point (surrogates and beyond 10FFFF as U+FFFD); returns 1..4 bytes. */
unsigned utf8_encode(uint32_t code, char out[4]);
/* The code point of a valid sequence and its length. */
unsigned utf8_decode(struct slice s, uint32_t *code);

#endif
