/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text and values as Ruby shows them: string literals and numbers (outputs-other.md 2).
 *
 * For the rubydebug codec, and for text in a wrong character set. */
#ifndef CODEC_RUBY_TEXT_H
#define CODEC_RUBY_TEXT_H

#include "codec/base/buf.h"

/* The literal without its outer quotes: escapes for quote, backslash, controls, `#{`, bytes that
 * are not UTF-8 (\xAC), and code points that Ruby does not print. Returns how many characters were
 * written. */
size_t ruby_text_escape(struct slice s, struct buf *out);
/* Float#to_s: 5.0, 1.0e+20, 1.5e-10, NaN. */
void ruby_text_double(double d, struct buf *out);
/* A decimal number in plain digits, trailing zeros of the fraction dropped: 12.5, 3.0. Digits with
 * an exponent beyond 400 stay as they are. */
void ruby_text_decimal(struct slice digits, struct buf *out);

#endif
