/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values to JSON text (event-model.md 10): one line, no spaces, never the metadata.
 *
 * Members that still stand side by side in the sender's text leave in one copy. Reads only, so it
 * works on a sealed batch. */
#ifndef CODEC_JSON_WRITE_H
#define CODEC_JSON_WRITE_H

#include "codec/value.h"

void value_write(const struct value *v, struct buf *out);
/* The escapes of s without quotes; bytes that are not UTF-8 become U+FFFD. */
void json_write_escaped(struct slice s, struct buf *out);
void json_write_string(struct slice s, struct buf *out); /* with quotes */
/* True if s can stand between quotes as it is. */
bool json_is_plain(struct slice s);
/* The same for a piece of a text that ends at `end`; cheaper for short ones. */
bool json_is_plain_within(struct slice s, const char *end);

#endif
