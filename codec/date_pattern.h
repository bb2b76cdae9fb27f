/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Date patterns that print, compiled once (event-model.md 8): Joda letters as in `%{+...}`, with
 * milliseconds, and those of Java's own time library as in `%{{...}}`, with nanoseconds. Always UTC
 * and English. Pure; compiled patterns are const. */
#ifndef CODEC_DATE_PATTERN_H
#define CODEC_DATE_PATTERN_H

#include "codec/base/arena.h"
#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "codec/timestamp.h"

struct date_pattern;

/* -1: an illegal letter or count, named in the message; pos is its offset. All in the arena. */
int date_pattern_joda(struct arena *a, struct slice pattern, struct date_pattern **out,
                      struct err *err);
int date_pattern_java(struct arena *a, struct slice pattern, struct date_pattern **out,
                      struct err *err);
void date_pattern_print(const struct date_pattern *p, struct timestamp t, struct buf *out);

/* A Joda pattern's next piece, also for patterns that read dates: n times a letter, or n 0 and a
 * literal without its quotes. Moves *pattern; false at its end. */
struct date_token {
    char letter;
    size_t n;
    struct slice literal; /* in the arena */
};
bool date_joda_token(struct arena *a, struct slice *pattern, struct date_token *out);

/* English names, for whoever reads dates, too: January is 0, Monday is 0. */
extern const struct slice date_months[12], date_days[7];

/* ISO weeks: the year that the week of a day belongs to, and its number. */
void date_iso_week(int64_t days, int64_t *year, int *week);

#endif
