/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time zones from the system's tzdata files (TZif 1 to 3, RFC 8536), read by our own reader: libc
 * knows one zone at a time, and by name only through the environment.
 *
 * A zone is read at first use and lives as long as the process; zone_find takes a lock only for a
 * name that is new. Everything else is pure, on any thread. */
#ifndef CODEC_ZONEINFO_H
#define CODEC_ZONEINFO_H

#include "codec/base/error.h"
#include "codec/base/slice.h"
#include "codec/timestamp.h"

struct zone;

/* A name of the tz database as the file system spells it: "Europe/Paris". The empty name is the
 * zone of the process: TZ, else /etc/localtime, else UTC. NULL: unknown, or a damaged file. */
const struct zone *zone_find(struct slice name);
/* "+05:30", "+0530", "+05", "-08:00:00": seconds east of UTC, less than a day. */
bool zone_offset_name(struct slice name, int32_t *offset);

/* The offset at an instant, and the span [from, until) around it in which it holds. */
struct zone_span {
    int64_t from, until; /* UTC */
    int32_t offset;      /* seconds east */
};
struct zone_span zone_at(const struct zone *z, int64_t utc);

enum zone_local {
    ZONE_ONE,  /* the usual case */
    ZONE_GAP,  /* skipped: *utc is as if the gap had not begun, so the local time moves forward */
    ZONE_TWICE /* shown twice: *utc is the earlier one */
};
enum zone_local zone_from_local(const struct zone *z, int64_t local, int64_t *utc);

/* A zone_fn (codec/timestamp.h): names and offsets. */
bool zone_offset(struct slice name, int64_t local_sec, int32_t *offset);

/* A TZif file's bytes, or a POSIX TZ rule. NULL: *err says what is wrong. For tests and fuzzers:
 * zone_free takes what these return, never what zone_find does. */
struct zone *zone_parse(struct slice file, struct err *err);
struct zone *zone_parse_rule(struct slice rule, struct err *err);
void zone_free(struct zone *z); /* may be NULL */

#endif
