/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Option `charset` of the text codecs (inputs-basic.md 2.1): Ruby's encoding names, and conversion
 * of one message to UTF-8.
 *
 * A converter belongs to one stream and one thread. */
#ifndef CODEC_CHARSET_H
#define CODEC_CHARSET_H

#include "codec/base/buf.h"
#include "codec/base/error.h"

/* The choices of the option, ends with NULL; the index is what the functions take. */
extern const char *const charset_names[];

/* For prepare: whether the system can convert from it. -1 names the set. */
int charset_check(int set, struct err *err);

struct charset_converter;

/* To UTF-8. *out is either text itself or lies in the converter until the next call. True: the text
 * claimed to be UTF-8 and was not, so all of it became its Ruby literal. */
bool charset_convert(struct charset_converter **c, int set, struct slice text, struct slice *out);
void charset_free(struct charset_converter **c); /* *c may be NULL */

#endif
