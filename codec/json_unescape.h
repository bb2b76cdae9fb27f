/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands between the quotes of a JSON string, without its escapes. The text was validated. */
#ifndef CODEC_JSON_UNESCAPE_H
#define CODEC_JSON_UNESCAPE_H

#include "codec/base/slice.h"

/* Bytes behind the text's own length that may be written to, beyond what is returned. */
#define JSON_UNESCAPE_ROOM 64

/* Into room for in.n + JSON_UNESCAPE_ROOM bytes; how many there are then, at most in.n. */
size_t json_unescape(struct slice in, char *out);
/* The form that any CPU can run, for tests. */
size_t json_unescape_scalar(struct slice in, char *out);
/* The escape at p (a backslash): writes what it stands for, at most four bytes, to *out and moves
 * it; returns where the text goes on. A surrogate pair is one character, a lone surrogate U+FFFD.
 */
const char *json_unescape_one(const char *p, const char *end, char **out);

#endif
