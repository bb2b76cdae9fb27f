/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the parts of a date to a local time, the way Joda does it: coarse fields first, each cuts
 * off what is finer, then all once more, so that the finer one wins (filters.md 6.5). A weekday
 * that does not fit moves the date inside its week, a day that the month does not have fails.
 * Pure. */
#ifndef PIPELINE_DATE_FIELDS_H
#define PIPELINE_DATE_FIELDS_H

#include "codec/timestamp.h"

/* In the order in which they are applied; the three years are equals. */
enum date_field {
    DATE_F_ERA, /* 0 is BC */
    DATE_F_CENTURY,
    DATE_F_YEAR,
    DATE_F_YEAR_OF_ERA,
    DATE_F_WEEK_YEAR,
    DATE_F_MONTH,
    DATE_F_WEEK,
    DATE_F_YEARDAY,
    DATE_F_DAY,
    DATE_F_WEEKDAY,
    DATE_F_HALF, /* 0 is AM */
    DATE_F_HOUR,
    DATE_F_HOUR_FROM_1,
    DATE_F_HALF_HOUR,
    DATE_F_HALF_HOUR_FROM_1,
    DATE_F_MINUTE,
    DATE_F_HOUR_REST, /* nanoseconds of the hour */
    DATE_F_SECOND,
    DATE_F_MINUTE_REST, /* nanoseconds of the minute */
    DATE_F_SECOND_REST, /* nanoseconds */
    DATE_FIELDS
};

struct date_fields {
    uint32_t has; /* bit per field */
    int64_t value[DATE_FIELDS];
};

/* Which fields there will be, in the order of application. Made once for a format. */
struct date_order {
    uint8_t n, at[DATE_FIELDS];
    bool simple; /* year, month, day, time of day: no need to go step by step, unless a weekday
                  * moves the date */
};

static inline void
date_fields_set(struct date_fields *f, enum date_field field, int64_t value)
{
    f->has |= UINT32_C(1) << field;
    f->value[field] = value;
}

/* Of equals the one that is added later is applied later. */
void date_order_add(struct date_order *o, enum date_field field);

/* Local seconds since 1970. Where fields begin below the year, default_year stands for it. All of
 * o's fields must be set; false: one is out of its range. */
bool date_fields_resolve(const struct date_fields *f, const struct date_order *o,
                         int64_t default_year, int64_t *local, uint32_t *nsec);
/* The same moment of another year: after February by the day's number from the year's end, so
 * that 29 February becomes the 28th. */
int64_t date_move_year(int64_t local, int64_t year);

#endif
