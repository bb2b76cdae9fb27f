/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ISO8601 of the date filter: the general reader, then four patterns with a blank for the T
 * (filters.md 6.4). Of a calendar, a week and an ordinal date the one that takes most of the text
 * is meant, the calendar date when they are equal. */
#include "pipeline/date_fields.h"
#include "pipeline/date_format.h"

#define FRACTION_DIGITS 9

struct date_iso {
    enum date_precision precision;
    const struct date_format *blank[4];
};

int
date_iso_compile(struct arena *a, const struct date_format_spec *spec, const struct date_iso **out,
                 struct err *err)
{
    /* Nine digits: since 3.2.0 of the plugin; before it was three. */
    static const struct slice patterns[] = {
        SLICE_INIT("yyyy-MM-dd HH:mm:ss.SSSSSSSSSZ"),
        SLICE_INIT("yyyy-MM-dd HH:mm:ss.SSSSSSSSS"),
        SLICE_INIT("yyyy-MM-dd HH:mm:ss,SSSSSSSSSZ"),
        SLICE_INIT("yyyy-MM-dd HH:mm:ss,SSSSSSSSS"),
    };
    struct date_iso *iso = arena_calloc(a, 1, sizeof *iso);

    iso->precision = spec->precision;
    for (size_t i = 0; i < COUNT(patterns); i++)
        if (date_format_compile(a, patterns[i], spec, &iso->blank[i], err) < 0)
            return -1;
    *out = iso;
    return 0;
}

/* Under way: what was read, where the rest begins. */
struct reader {
    struct slice rest;
    struct date_fields fields;
    struct date_order order;
    struct date_parsed *out;
};

static void
put(struct reader *r, enum date_field field, int64_t n)
{
    date_fields_set(&r->fields, field, n);
    date_order_add(&r->order, field);
}

static bool
take_text(struct slice *s, struct slice text)
{
    if (s->n < text.n || !slice_eq_nocase((struct slice){ s->p, text.n }, text))
        return false;
    *s = (struct slice){ s->p + text.n, s->n - text.n };
    return true;
}

/* The text in front, then a number: both or nothing. */
static bool
take_after(struct reader *r, struct slice before, enum date_field field, size_t most)
{
    struct slice s = r->rest;
    int64_t n;

    if (!take_text(&s, before) || !date_take_number(&s, most, false, &n))
        return false;
    put(r, field, n);
    r->rest = s;
    return true;
}

static bool
take_year(struct reader *r, enum date_field field)
{
    int64_t n;

    if (!date_take_number(&r->rest, 9, true, &n))
        return false;
    put(r, field, n);
    return true;
}

static void
take_calendar(struct reader *r)
{
    if (take_year(r, DATE_F_YEAR) && take_after(r, SLICE("-"), DATE_F_MONTH, 2))
        take_after(r, SLICE("-"), DATE_F_DAY, 2);
}

/* Without its week or day there is no such date: the reader stays where it was. */
static void
take_week(struct reader *r)
{
    struct reader from = *r;

    if (!take_year(r, DATE_F_WEEK_YEAR) || !take_after(r, SLICE("-W"), DATE_F_WEEK, 2))
        *r = from;
    else
        take_after(r, SLICE("-"), DATE_F_WEEKDAY, 1);
}

static void
take_ordinal(struct reader *r)
{
    struct reader from = *r;

    if (!take_year(r, DATE_F_YEAR) || !take_after(r, SLICE("-"), DATE_F_YEARDAY, 3))
        *r = from;
}

static bool
take_date(struct reader *r)
{
    static void (*const kinds[])(struct reader *) = { take_calendar, take_week, take_ordinal };
    struct reader best = *r;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct reader one = *r;

        kinds[i](&one);
        if (one.rest.n < best.rest.n)
            best = one;
        if (best.rest.n == 0 || (i == 0 && best.rest.n > 0 && (best.rest.p[0] | 0x20) == 't'))
            break; /* nothing can be longer */
    }
    if (best.rest.n == r->rest.n)
        return false;
    *r = best;
    return true;
}

/* A point or comma with digits behind it. */
static bool
take_fraction(struct reader *r, enum date_field field, int64_t unit_seconds,
              enum date_precision precision)
{
    struct slice s = r->rest;
    int64_t ns;

    if ((!take_text(&s, SLICE(".")) && !take_text(&s, SLICE(","))) ||
        !date_take_fraction(&s, FRACTION_DIGITS, unit_seconds, precision, &ns))
        return false;
    put(r, field, ns);
    r->rest = s;
    return true;
}

/* Hours, with a fraction or minutes, with a fraction or seconds, with a fraction. */
static bool
take_time(struct reader *r, enum date_precision precision)
{
    if (!take_after(r, SLICE(""), DATE_F_HOUR, 2))
        return false;
    if (!take_after(r, SLICE(":"), DATE_F_MINUTE, 2))
        take_fraction(r, DATE_F_HOUR_REST, 3600, precision);
    else if (!take_after(r, SLICE(":"), DATE_F_SECOND, 2))
        take_fraction(r, DATE_F_MINUTE_REST, 60, precision);
    else
        take_fraction(r, DATE_F_SECOND_REST, 1, precision);
    return true;
}

static bool
read_general(const struct date_iso *iso, struct slice text, struct date_parsed *out)
{
    struct reader r = { .rest = text, .out = out };
    bool has_date;

    out->where = DATE_LOCAL;
    has_date = take_date(&r);
    if (take_text(&r.rest, SLICE("T"))) {
        if (!take_time(&r, iso->precision) && !has_date)
            return false;
        if (date_take_offset(&r.rest, &out->offset))
            out->where = DATE_OFFSET;
    } else if (!has_date) {
        return false;
    }
    return r.rest.n == 0 && date_fields_resolve(&r.fields, &r.order, 2000, &out->local, &out->nsec);
}

/* The form that most machines write needs no alternatives. Years beyond Joda's are for it to
 * refuse. */
static bool
read_canonical(const struct date_iso *iso, struct slice text, struct date_parsed *out)
{
    struct timestamp t;

    if (text.n == 0 || text.p[0] < '0' || text.p[0] > '9' || !timestamp_canonical(text, &t))
        return false;
    if (iso->precision == DATE_MS)
        t.nsec -= t.nsec % 1000000;
    *out = (struct date_parsed){ .local = t.sec, .nsec = t.nsec, .where = DATE_OFFSET };
    return true;
}

bool
date_iso_parse(const struct date_iso *iso, struct slice text, struct date_parsed *out)
{
    struct date_memo memo = { 0 };

    if (read_canonical(iso, text, out))
        return true;
    if (read_general(iso, text, out))
        return true;
    for (size_t i = 0; i < COUNT(iso->blank); i++)
        if (date_format_parse(iso->blank[i], text, &memo, out))
            return true;
    return false;
}
