/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/zone_rule.h"

#include "codec/timestamp.h"

static bool
take(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = (struct slice){ s->p + 1, s->n - 1 };
    return true;
}

/* Up to four digits, min .. max. */
static bool
take_int(struct slice *s, int min, int max, int *out)
{
    int n = 0, digits = 0;

    for (; digits < 4 && s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9'; digits++) {
        n = n * 10 + (s->p[0] - '0');
        *s = (struct slice){ s->p + 1, s->n - 1 };
    }
    *out = n;
    return digits > 0 && n >= min && n <= max;
}

/* Three or more letters, or anything of letters, digits and signs between angle brackets. */
static bool
skip_name(struct slice *s)
{
    size_t n = 0;

    if (s->n > 0 && s->p[0] == '<') {
        size_t end = slice_find_byte(*s, '>', 0);

        if (end == SIZE_MAX)
            return false;
        *s = (struct slice){ s->p + end + 1, s->n - end - 1 };
        return end > 3;
    }
    while (n < s->n && ((s->p[n] | 0x20) >= 'a' && (s->p[n] | 0x20) <= 'z'))
        n++;
    *s = (struct slice){ s->p + n, s->n - n };
    return n >= 3;
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool
take_time(struct slice *s, int max_hours, int32_t *out)
{
    bool minus = take(s, '-');
    int h, m = 0, sec = 0;

    if (!minus)
        take(s, '+');
    if (!take_int(s, 0, max_hours, &h))
        return false;
    if (take(s, ':') && (!take_int(s, 0, 59, &m) || (take(s, ':') && !take_int(s, 0, 59, &sec))))
        return false;
    *out = h * 3600 + m * 60 + sec;
    *out = minus ? -*out : *out;
    return true;
}

static bool
take_change(struct slice *s, struct zone_change *c)
{
    if (!take(s, ','))
        return false;
    if (take(s, 'M')) {
        c->kind = ZONE_DAY_OF_WEEK;
        if (!take_int(s, 1, 12, &c->month) || !take(s, '.') || !take_int(s, 1, 5, &c->week) ||
            !take(s, '.') || !take_int(s, 0, 6, &c->day))
            return false;
    } else if (take(s, 'J')) {
        c->kind = ZONE_DAY_JULIAN;
        if (!take_int(s, 1, 365, &c->day))
            return false;
    } else {
        c->kind = ZONE_DAY_FROM_ZERO;
        if (!take_int(s, 0, 365, &c->day))
            return false;
    }
    c->second = 2 * 3600;
    return !take(s, '/') || take_time(s, 167, &c->second);
}

static bool
take_rule(struct slice *s, struct zone_rule *r)
{
    if (!skip_name(s) || !take_time(s, 24, &r->standard))
        return false;
    r->standard = -r->standard; /* POSIX counts westward */
    if (s->n == 0)
        return true;
    r->has_summer = true;
    r->summer = r->standard + 3600;
    if (!skip_name(s))
        return false;
    if (s->n > 0 && s->p[0] != ',') {
        if (!take_time(s, 24, &r->summer))
            return false;
        r->summer = -r->summer;
    }
    return take_change(s, &r->begin) && take_change(s, &r->end) && s->n == 0;
}

int
zone_rule_parse(struct slice text, struct zone_rule *out, struct err *err)
{
    struct slice s = text;

    *out = (struct zone_rule){ 0 };
    if (take_rule(&s, out))
        return 0;
    return err_set(err, ERR_PARSE, "time zone rule \"%.*s\" is wrong at byte %zu",
                   (int)(text.n > 80 ? 80 : text.n), text.p, text.n - s.n);
}

static int64_t
day_of(const struct zone_change *c, int64_t year)
{
    int64_t first = civil_days(year, 1, 1);
    int day;

    switch (c->kind) {
    case ZONE_DAY_FROM_ZERO: return first + c->day;
    case ZONE_DAY_JULIAN: /* 29 February has no number */
        return first + c->day - 1 + (c->day >= 60 && civil_month_days(year, 2) == 29);
    case ZONE_DAY_OF_WEEK: break;
    }
    first = civil_days(year, c->month, 1);
    day = (c->day - civil_weekday(first) % 7 + 7) % 7 + (c->week - 1) * 7;
    return first + (day < civil_month_days(year, c->month) ? day : day - 7);
}

void
zone_rule_changes(const struct zone_rule *r, int64_t year, int64_t *begin, int64_t *end)
{
    *begin = day_of(&r->begin, year) * 86400 + r->begin.second - r->standard;
    *end = day_of(&r->end, year) * 86400 + r->end.second - r->summer;
}
