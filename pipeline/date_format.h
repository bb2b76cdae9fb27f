/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Formats that read dates, compiled once to a small program: Joda patterns and ISO8601 as the date
 * filter has it (filters.md 6.4, 6.5). Pure but for named zones (codec/zoneinfo.h); a compiled
 * format is const. */
#ifndef PIPELINE_DATE_FORMAT_H
#define PIPELINE_DATE_FORMAT_H

#include "codec/base/arena.h"
#include "codec/base/error.h"
#include "codec/zoneinfo.h"

enum date_precision { DATE_MS, DATE_NS };

enum date_where {
    DATE_LOCAL,  /* the text names no zone */
    DATE_OFFSET, /* offset holds */
    DATE_ZONE    /* zone holds */
};

/* What a text says, before zones. */
struct date_parsed {
    int64_t local; /* seconds since 1970 where the text is */
    uint32_t nsec;
    enum date_where where;
    int32_t offset; /* seconds east */
    const struct zone *zone;
};

struct date_format;

/* The day and the offset that were read last: texts with the same are spared the calendar. Zeros:
 * none. Of one worker. */
#define DATE_MEMO_WORDS 5
struct date_memo {
    const struct date_format *of;   /* it was said in this one's words */
    uint64_t word[DATE_MEMO_WORDS]; /* of the text, other parts and all */
    int64_t days;
    int32_t offset;
};

struct date_format_spec {
    struct slice locale; /* for names; has passed date_locale_check */
    int64_t this_year;   /* when the program started: for dates without a year, and two digits */
    enum date_precision precision; /* what is finer is cut off */
};

/* -1: an illegal letter, named in the message. */
int date_format_compile(struct arena *a, struct slice pattern, const struct date_format_spec *spec,
                        const struct date_format **out, struct err *err);
/* The whole text, or false. */
bool date_format_parse(const struct date_format *f, struct slice text, struct date_memo *memo,
                       struct date_parsed *out);

/* As Logstash looks: whether these letters stand in the pattern, quoted or not. */
bool date_format_has_year(const struct date_format *f);
bool date_format_has_offset(const struct date_format *f);

/* ISO 8601 and its relatives with a blank for the T. */
struct date_iso;
int date_iso_compile(struct arena *a, const struct date_format_spec *spec,
                     const struct date_iso **out, struct err *err);
bool date_iso_parse(const struct date_iso *iso, struct slice text, struct date_parsed *out);

/* +hh, +hhmm, +hh:mm, with seconds too, and Z: takes as much as belongs to it. */
bool date_take_offset(struct slice *s, int32_t *offset);
/* Digits behind a point, of which the first is worth a tenth of unit (1 s, 1 min, 1 h), as
 * nanoseconds. */
bool date_take_fraction(struct slice *s, size_t most, int64_t unit_seconds,
                        enum date_precision precision, int64_t *ns);
/* 1 to most digits, signed if it may be; false also where they do not fit 32 bits. */
bool date_take_number(struct slice *s, size_t most, bool may_be_signed, int64_t *out);

#endif
