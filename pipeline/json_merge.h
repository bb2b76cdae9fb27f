/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The members of a parsed object become fields of an event, each key read as a field reference
 * (filters.md 7). Linear in the number of members, however many there are and whatever the sender
 * calls them. */
#ifndef PIPELINE_JSON_MERGE_H
#define PIPELINE_JSON_MERGE_H

#include "codec/event.h"

/* Bracketed keys that one object may have: each is a walk through the event. */
#define MERGE_REFERENCES 4096

struct json_merge; /* belongs to a worker */

struct json_merge *json_merge_new(enum escape_style escape, struct err *err);
void json_merge_free(struct json_merge **m);

/* In order, last key wins. object lies in the arena of the event's batch, has no equal keys, and is
 * used up. -1: a key that is no reference, or a value that may not stand there; what came before
 * stays. */
int json_merge_object(struct json_merge *m, struct event *ev, struct value *object,
                      struct err *err);

#endif
