/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of months, days, halves of the day and eras in the languages that the date filter knows
 * (filters.md 6.1), compiled for finding one at the front of a text. Pure, const once compiled. */
#ifndef PIPELINE_DATE_NAMES_H
#define PIPELINE_DATE_NAMES_H

#include "codec/base/arena.h"
#include "codec/base/error.h"

enum date_name_kind { DATE_MONTH, DATE_DAY, DATE_HALF, DATE_ERA };

struct date_names;

/* -1: unknown; the message lists the known languages. "de", "de-AT", "de_AT". */
int date_locale_check(struct slice locale, struct err *err);
/* locale has passed the check. */
const struct date_names *date_names_compile(struct arena *a, struct slice locale,
                                            enum date_name_kind kind);
/* The longest name that s begins with, long or short, as written or all in one case. January,
 * Monday, AM and BC are 0. False: none, and nothing moves. */
bool date_names_take(const struct date_names *names, struct slice *s, int *value);

#endif
