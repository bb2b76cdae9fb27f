/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decimal to double with big integers on the stack: the slow, always right way (about 10 us).
 * number.c comes here for exponents and digits that its 128 bits do not hold. Pure. */
#ifndef CODEC_NUMBER_BIG_H
#define CODEC_NUMBER_BIG_H

#include "codec/base/slice.h"

/* digits is decimal digits, perhaps with a point, which is not looked at: the first digit that is
 * not 0 is worth 10^lead, lead in -330 .. 310. There is such a digit. Ties to even. */
double number_big_to_double(struct slice digits, int lead);

#endif
