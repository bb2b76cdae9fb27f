/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ruby's strict conversions Integer("0x1A") and Float("1_000.5"). Pure. */
#ifndef PIPELINE_RUBY_NUMBER_H
#define PIPELINE_RUBY_NUMBER_H

#include "codec/base/buf.h"

/* Appends decimal digits; false, and nothing is appended, if it is no integer. Other bases than
 * ten up to 64 bits. */
bool ruby_integer(struct slice text, struct buf *digits);
bool ruby_float(struct slice text, double *out);

#endif
