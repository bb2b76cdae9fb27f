/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decimal numbers of any length as their digits: read from text, printed as Java's BigDecimal and
 * as Ruby's, cut to an integer (filters.md 2). Pure; every cost is linear, exponents cannot blow
 * up. */
#ifndef PIPELINE_DECIMAL_H
#define PIPELINE_DECIMAL_H

#include "codec/base/buf.h"

/* Digits that writing out an exponent may add; beyond it a number is refused. */
#define DECIMAL_ZEROS 10000

/* Aliases the text it was read from. value = (whole . fraction) * 10^exponent */
struct decimal {
    bool negative;
    struct slice whole, fraction; /* digits; one of them may be empty, leading zeros are legal */
    int64_t exponent;
};

/* [+-] digits [. digits] [e [+-] digits], either side of the dot may be empty, not both. False: it
 * is something else, or the exponent does not fit 32 bits. */
bool decimal_parse(struct slice text, struct decimal *out);
/* 1.50, 1E+5, 1.2E-9: keeps the written scale. */
void decimal_print_java(const struct decimal *d, struct buf *out);
/* 0.15e1, 0.0 */
void decimal_print_ruby(const struct decimal *d, struct buf *out);
/* The integer part as digits. False: it would be longer than the text by over DECIMAL_ZEROS. */
bool decimal_print_integer(const struct decimal *d, struct buf *out);
/* As JSON digits that read back to the same double. */
void decimal_print_json(const struct decimal *d, struct buf *out);

#endif
