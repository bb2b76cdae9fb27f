/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64 (RFC 4648): written with padding; read strictly or as people write it. */
#ifndef CODEC_BASE_BASE64_H
#define CODEC_BASE_BASE64_H

#include "codec/base/buf.h"

void base64_encode(struct slice s, struct buf *out);
/* Both alphabets, padding or not. False: another byte, or a length that cannot be; out is then as
 * it was. */
bool base64_decode(struct slice s, struct buf *out);
/* Whether encoding what it decodes to gives the same text again. */
bool base64_is_canonical(struct slice s);

#endif
