/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instants: ISO 8601 text to timestamp and back (event-model.md 9), civil dates in UTC.
 *
 * Pure. Zones other than offsets and UTC come through the caller's zone function, since this layer
 * reads no files. */
#ifndef CODEC_TIMESTAMP_H
#define CODEC_TIMESTAMP_H

#include "codec/base/slice.h"

struct timestamp {
    int64_t sec;   /* since 1970-01-01T00:00:00Z */
    uint32_t nsec; /* 0 .. 999,999,999, always forward */
};

struct civil {
    int64_t year;
    int month, day; /* from 1 */
    int hour, minute, second;
    uint32_t nsec;
};

/* -999999999-01-01T00:00:00.000000000Z is the longest there is. */
#define TIMESTAMP_TEXT 40

/* Writes yyyy-MM-ddTHH:mm:ss. with 3, 6 or 9 digits and Z; returns its length (no NUL). */
size_t timestamp_print(struct timestamp t, char out[TIMESTAMP_TEXT]);
/* The day that was printed last, for who prints many times of one day. Zeros: none. */
struct timestamp_day {
    int64_t day;   /* since 1970 */
    unsigned n;    /* of the text */
    char text[20]; /* up to the T */
};
/* The same text at less cost. */
size_t timestamp_print_on(struct timestamp_day *day, struct timestamp t, char out[TIMESTAMP_TEXT]);
/* True only for the canonical form itself: what timestamp_print writes. */
bool timestamp_canonical(struct slice s, struct timestamp *out);
/* The same for who does not need the instant. */
bool timestamp_is_canonical(struct slice s);

/* Offset in seconds east of UTC that a local time has in a named zone; false: no such zone. An
 * empty name is the zone of the process. A local time inside a gap moves forward by the gap. */
typedef bool zone_fn(struct slice name, int64_t local_sec, int32_t *offset);

/* The rules of event-model.md 9. zone may be NULL: then only offsets, Z and UTC are known, and no
 * zone means UTC. */
bool timestamp_parse(struct slice s, zone_fn *zone, struct timestamp *out);

int64_t civil_days(int64_t year, int month, int day); /* since 1970-01-01, proleptic Gregorian */
int64_t civil_seconds(const struct civil *c);         /* as if UTC */
struct civil civil_of(struct timestamp t);
int civil_weekday(int64_t days);          /* Monday 1 .. Sunday 7 */
int civil_yearday(const struct civil *c); /* from 1 */
int civil_month_days(int64_t year, int month);

struct timestamp timestamp_now(void);
int timestamp_cmp(struct timestamp a, struct timestamp b);

#endif
