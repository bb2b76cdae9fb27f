/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as Java prints them (event-model.md 10), and decimal arithmetic on digits. */
#ifndef CODEC_NUMBER_H
#define CODEC_NUMBER_H

#include "codec/base/slice.h"

#define NUMBER_TEXT 32

/* Double.toString with the shortest digits: 5.0, 1.2345678E7, 1.0E-4, NaN, Infinity. Returns the
 * length (no NUL). */
size_t number_print_double(double d, char out[NUMBER_TEXT]);
/* Plain notation with at least one fraction digit: 10000000000.0. Cut at max. */
size_t number_print_plain(double d, char *out, size_t max);
/* JSON digits to double, correctly rounded; overflow is an infinity. */
double number_to_double(struct slice digits);
/* <0, 0, >0: numeric order of two JSON numbers of any class, exact for integers of any size. */
int number_cmp(struct slice a, bool a_integer, struct slice b, bool b_integer);

#endif
