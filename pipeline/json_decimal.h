/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers of a parsed document as the json filter has them: with a fraction or an exponent they are
 * decimals, not doubles (filters.md 2, 7). Opaque containers without such numbers stay opaque. */
#ifndef PIPELINE_JSON_DECIMAL_H
#define PIPELINE_JSON_DECIMAL_H

#include "codec/base/error.h"
#include "codec/value.h"

/* Digits one number may have. */
#define JSON_NUMBER_DIGITS 10000

/* -1: a number that is too long. scratch is overwritten. */
int json_decimal_convert(struct arena *a, struct value *v, struct buf *scratch, struct err *err);

#endif
