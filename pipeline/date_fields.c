/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/date_fields.h"

#include "codec/base/error.h"
#include "codec/date_pattern.h"

/* What Joda's milliseconds hold. */
#define YEAR_MIN  (-292275054)
#define YEAR_MAX  292278993
#define FIRST_DAY (-INT64_C(106751991168))

#define NS_SECOND  INT64_C(1000000000)
#define NS_MINUTE  (60 * NS_SECOND)
#define NS_HOUR    (60 * NS_MINUTE)
#define NS_HALFDAY (12 * NS_HOUR)
#define BIT(f)     (UINT32_C(1) << DATE_F_##f)

#define SIMPLE                                                                                     \
    (BIT(YEAR) | BIT(YEAR_OF_ERA) | BIT(MONTH) | BIT(DAY) | BIT(WEEKDAY) | BIT(HALF) | BIT(HOUR) | \
     BIT(HOUR_FROM_1) | BIT(HALF_HOUR) | BIT(HALF_HOUR_FROM_1) | BIT(MINUTE) | BIT(SECOND) |       \
     BIT(SECOND_REST))

#define DATE_OF_YEAR (BIT(MONTH) | BIT(DAY))

/* ---- order ---- */

static int
rank(enum date_field f)
{
    switch (f) {
    case DATE_F_YEAR_OF_ERA:
    case DATE_F_WEEK_YEAR: return DATE_F_YEAR;
    case DATE_F_HOUR_FROM_1: return DATE_F_HOUR;
    case DATE_F_HALF_HOUR_FROM_1: return DATE_F_HALF_HOUR;
    default: return (int)f;
    }
}

static bool
at_most_one(uint32_t set)
{
    return (set & (set - 1)) == 0;
}

void
date_order_add(struct date_order *o, enum date_field field)
{
    uint32_t has = UINT32_C(1) << field;
    int i = 0;

    for (int k = 0; k < o->n; k++) { /* without the field, if it was there: the last one counts */
        if (o->at[k] != field)
            o->at[i++] = o->at[k];
        has |= UINT32_C(1) << o->at[k];
    }
    o->n = (uint8_t)(i + 1);
    for (; i > 0 && rank(o->at[i - 1]) > rank(field); i--)
        o->at[i] = o->at[i - 1];
    o->at[i] = (uint8_t)field;
    o->simple =
        (has & ~SIMPLE) == 0 && at_most_one(has & (BIT(YEAR) | BIT(YEAR_OF_ERA))) &&
        ((has & BIT(WEEKDAY)) == 0 || (has & DATE_OF_YEAR) == DATE_OF_YEAR) &&
        at_most_one(has & (BIT(HOUR) | BIT(HOUR_FROM_1) | BIT(HALF_HOUR) | BIT(HALF_HOUR_FROM_1)));
}

/* ---- the short way ---- */

static bool
in(int64_t n, int64_t low, int64_t high)
{
    return n >= low && n <= high;
}

static bool
simple_hour(const struct date_fields *f, int64_t *hour)
{
    int64_t v, afternoon = f->has & BIT(HALF) ? f->value[DATE_F_HALF] * 12 : 0;

    if (f->has & BIT(HOUR)) {
        *hour = f->value[DATE_F_HOUR];
        return in(*hour, 0, 23);
    }
    if (f->has & BIT(HOUR_FROM_1)) {
        v = f->value[DATE_F_HOUR_FROM_1];
        *hour = v % 24;
        return in(v, 1, 24);
    }
    if (f->has & BIT(HALF_HOUR)) {
        v = f->value[DATE_F_HALF_HOUR];
        *hour = v + afternoon;
        return in(v, 0, 11);
    }
    if (f->has & BIT(HALF_HOUR_FROM_1)) {
        v = f->value[DATE_F_HALF_HOUR_FROM_1];
        *hour = v % 12 + afternoon;
        return in(v, 1, 12);
    }
    *hour = afternoon;
    return true;
}

static bool
resolve_simple(const struct date_fields *f, int64_t default_year, int64_t *local, uint32_t *nsec)
{
    int64_t year = f->has & BIT(YEAR)                 ? f->value[DATE_F_YEAR]
                   : f->has & BIT(YEAR_OF_ERA)        ? f->value[DATE_F_YEAR_OF_ERA]
                   : f->has & (BIT(MONTH) | BIT(DAY)) ? default_year
                                                      : 1970;
    int64_t month = f->has & BIT(MONTH) ? f->value[DATE_F_MONTH] : 1;
    int64_t day = f->has & BIT(DAY) ? f->value[DATE_F_DAY] : 1;
    int64_t minute = f->has & BIT(MINUTE) ? f->value[DATE_F_MINUTE] : 0;
    int64_t second = f->has & BIT(SECOND) ? f->value[DATE_F_SECOND] : 0;
    int64_t hour;

    if (!in(year, f->has & BIT(YEAR_OF_ERA) ? 1 : YEAR_MIN, YEAR_MAX) || !in(month, 1, 12) ||
        !in(day, 1, 28 < day ? civil_month_days(year, (int)month) : 28) || !in(minute, 0, 59) ||
        !in(second, 0, 59) || !simple_hour(f, &hour))
        return false;
    *local = civil_days(year, (int)month, (int)day) * 86400 + hour * 3600 + minute * 60 + second;
    *nsec = f->has & BIT(SECOND_REST) ? (uint32_t)f->value[DATE_F_SECOND_REST] : 0;
    return true;
}

static bool
fits_weekday(const struct date_fields *f, int64_t local)
{
    struct civil c = civil_of((struct timestamp){ local, 0 });

    return civil_weekday(civil_days(c.year, c.month, c.day)) == f->value[DATE_F_WEEKDAY];
}

/* ---- the long way ---- */

/* A local time under construction. */
struct local {
    int64_t day; /* since 1970 */
    int64_t ns;  /* of the day */
};

static struct civil
civil_at(int64_t day)
{
    return civil_of((struct timestamp){ day * 86400, 0 });
}

static bool
is_leap(int64_t year)
{
    return civil_month_days(year, 2) == 29;
}

static int64_t
day_in_year(int64_t day, int64_t year)
{
    struct civil c = civil_at(day);
    int yearday = civil_yearday(&c);

    if (yearday > 59)
        yearday += is_leap(year) - is_leap(c.year);
    return civil_days(year, 1, 1) + yearday - 1;
}

int64_t
date_move_year(int64_t local, int64_t year)
{
    int64_t of_day = (local % 86400 + 86400) % 86400;

    return day_in_year((local - of_day) / 86400, year) * 86400 + of_day;
}

static void
floor_year(struct local *t)
{
    t->day = civil_days(civil_at(t->day).year, 1, 1);
    t->ns = 0;
}

static int
weeks_of(int64_t year)
{
    int64_t of;
    int week;

    date_iso_week(civil_days(year, 12, 28), &of, &week); /* always in its last week */
    return week;
}

static bool
set_year(struct local *t, int64_t year, bool round)
{
    if (!in(year, YEAR_MIN, YEAR_MAX))
        return false;
    t->day = day_in_year(t->day, year);
    if (round)
        floor_year(t);
    return true;
}

static bool
set_century(struct local *t, int64_t century, bool round)
{
    int64_t year = civil_at(t->day).year, size = year < 0 ? -year : year;

    if (!in(century, 0, YEAR_MAX / 100))
        return false;
    size = century * 100 + (round ? 0 : size % 100);
    return set_year(t, year < 0 ? -size : size, round);
}

static bool
set_era(struct local *t, int64_t era, bool round)
{
    int64_t year = civil_at(t->day).year;

    if ((year > 0) != (era == 1))
        set_year(t, -year, false);
    if (round)
        *t = (struct local){ .day = era == 1 ? civil_days(1, 1, 1) : FIRST_DAY };
    return true;
}

/* The same week and weekday of another week year. */
static bool
set_week_year(struct local *t, int64_t year, bool round)
{
    int weekday = civil_weekday(t->day), week, last;
    int64_t of;

    if (!in(year, YEAR_MIN, YEAR_MAX))
        return false;
    date_iso_week(t->day, &of, &week);
    last = weeks_of(year);
    week = week > last ? last : week;
    if (round) {
        week = weekday = 1;
        t->ns = 0;
    }
    t->day = civil_days(year, 1, 4); /* always in its first week */
    t->day += 1 - civil_weekday(t->day) + (week - 1) * 7 + weekday - 1;
    return true;
}

static bool
set_month(struct local *t, int64_t month, bool round)
{
    struct civil c = civil_at(t->day);

    if (!in(month, 1, 12))
        return false;
    if (round)
        c.day = 1;
    else if (c.day > civil_month_days(c.year, (int)month))
        c.day = civil_month_days(c.year, (int)month);
    t->day = civil_days(c.year, (int)month, c.day);
    t->ns = round ? 0 : t->ns;
    return true;
}

static bool
set_week(struct local *t, int64_t week, bool round)
{
    int64_t year;
    int now;

    date_iso_week(t->day, &year, &now);
    if (!in(week, 1, week > 52 ? weeks_of(year) : 52))
        return false;
    t->day += (week - now) * 7;
    if (round) {
        t->day -= civil_weekday(t->day) - 1;
        t->ns = 0;
    }
    return true;
}

static bool
set_day(struct local *t, enum date_field field, int64_t n, bool round)
{
    struct civil c = civil_at(t->day);
    int64_t now, most;

    if (field == DATE_F_YEARDAY) {
        now = civil_yearday(&c);
        most = 365 + is_leap(c.year);
    } else if (field == DATE_F_DAY) {
        now = c.day;
        most = civil_month_days(c.year, c.month);
    } else {
        now = civil_weekday(t->day);
        most = 7;
    }
    if (!in(n, 1, most))
        return false;
    t->day += n - now;
    t->ns = round ? 0 : t->ns;
    return true;
}

/* n of `unit` inside `range`, both in nanoseconds; what is finer stays or is cut off. */
static bool
set_time(struct local *t, int64_t n, int64_t unit, int64_t range, bool round)
{
    int64_t now = t->ns % range / unit;

    if (!in(n, 0, range / unit - 1))
        return false;
    t->ns += (n - now) * unit;
    if (round)
        t->ns -= t->ns % unit;
    return true;
}

static bool
set_field(struct local *t, enum date_field field, int64_t n, bool round)
{
    int64_t year;

    switch (field) {
    case DATE_F_ERA: return set_era(t, n, round);
    case DATE_F_CENTURY: return set_century(t, n, round);
    case DATE_F_YEAR: return set_year(t, n, round);
    case DATE_F_YEAR_OF_ERA:
        year = civil_at(t->day).year > 0 ? n : 1 - n;
        return n >= 1 && set_year(t, year, round);
    case DATE_F_WEEK_YEAR: return set_week_year(t, n, round);
    case DATE_F_MONTH: return set_month(t, n, round);
    case DATE_F_WEEK: return set_week(t, n, round);
    case DATE_F_YEARDAY:
    case DATE_F_DAY:
    case DATE_F_WEEKDAY: return set_day(t, field, n, round);
    case DATE_F_HALF: return set_time(t, n, NS_HALFDAY, 2 * NS_HALFDAY, round);
    case DATE_F_HOUR: return set_time(t, n, NS_HOUR, 2 * NS_HALFDAY, round);
    case DATE_F_HOUR_FROM_1:
        return in(n, 1, 24) && set_time(t, n % 24, NS_HOUR, 2 * NS_HALFDAY, round);
    case DATE_F_HALF_HOUR: return set_time(t, n, NS_HOUR, NS_HALFDAY, round);
    case DATE_F_HALF_HOUR_FROM_1:
        return in(n, 1, 12) && set_time(t, n % 12, NS_HOUR, NS_HALFDAY, round);
    case DATE_F_MINUTE: return set_time(t, n, NS_MINUTE, NS_HOUR, round);
    case DATE_F_SECOND: return set_time(t, n, NS_SECOND, NS_MINUTE, round);
    case DATE_F_HOUR_REST: return set_time(t, n, 1, NS_HOUR, round);
    case DATE_F_MINUTE_REST: return set_time(t, n, 1, NS_MINUTE, round);
    case DATE_F_SECOND_REST: return set_time(t, n, 1, NS_SECOND, round);
    case DATE_FIELDS: break;
    }
    UNREACHABLE("a field of a date");
}

bool
date_fields_resolve(const struct date_fields *f, const struct date_order *o, int64_t default_year,
                    int64_t *local, uint32_t *nsec)
{
    struct local t = { 0 };
    bool below_year = o->n > 0 && o->at[0] >= DATE_F_MONTH && o->at[0] <= DATE_F_WEEKDAY;

    /* A weekday that fits says nothing new. */
    if (o->simple) {
        bool ok = resolve_simple(f, default_year, local, nsec);

        if ((f->has & BIT(WEEKDAY)) == 0 || (ok && fits_weekday(f, *local)))
            return ok;
    }
    if (below_year)
        set_year(&t, default_year, true);
    for (int i = 0; i < o->n; i++)
        if (!set_field(&t, o->at[i], f->value[o->at[i]], true))
            return false;
    if (below_year)
        set_year(&t, default_year, false);
    for (int i = 0; i < o->n; i++)
        if (!set_field(&t, o->at[i], f->value[o->at[i]], i == o->n - 1))
            return false;
    *local = t.day * 86400 + t.ns / NS_SECOND;
    *nsec = (uint32_t)(t.ns % NS_SECOND);
    return true;
}
