/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rule of a POSIX TZ text, such as CET-1CEST,M3.5.0,M10.5.0/3: what holds after the last
 * transition that a tzdata file lists. Pure. */
#ifndef CODEC_ZONE_RULE_H
#define CODEC_ZONE_RULE_H

#include "codec/base/error.h"
#include "codec/base/slice.h"

enum zone_day_kind { ZONE_DAY_JULIAN, ZONE_DAY_FROM_ZERO, ZONE_DAY_OF_WEEK };

/* When in a year, in local time before the change. */
struct zone_change {
    enum zone_day_kind kind;
    int month, week, day; /* Mm.w.d; the other kinds use day only */
    int32_t second;       /* of that day, may be negative or beyond a day */
};

struct zone_rule {
    int32_t standard, summer; /* seconds east of UTC */
    bool has_summer;
    struct zone_change begin, end; /* of summer time */
};

int zone_rule_parse(struct slice text, struct zone_rule *out, struct err *err);
/* The two changes of a year in UTC, summer's beginning first. */
void zone_rule_changes(const struct zone_rule *r, int64_t year, int64_t *begin, int64_t *end);

#endif
