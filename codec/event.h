/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An event: two roots of value nodes in its batch, the data and @metadata (event-model.md).
 *
 * Paths are compiled field references. Setting marks what is on the way, so that the writer knows
 * what to copy. No event is freed alone. Owned by one worker until the batch is sealed. */
#ifndef CODEC_EVENT_H
#define CODEC_EVENT_H

#include "codec/fieldref.h"
#include "codec/value.h"

struct batch;

struct event {
    struct value data, meta; /* objects */
    struct batch *batch;
    uint32_t run_index; /* LJ_EVENT_BAD between decoding and decorating, else 0 */
    uint16_t skip;      /* pipeline/run.c: in which branch not taken it waits; 0: takes part */
    bool cancelled;     /* skipped by the next stage, never reaches an output */
};

/* The arena of its batch, which begins with it (batch.h). */
static inline struct arena *
event_arena(const struct event *ev)
{
    return (struct arena *)(void *)ev->batch;
}

/* event-model.md 5: takes @metadata out, sets @version, repairs tags and @timestamp. now is used
 * where no time is given. An @metadata that is no object is moved to _@metadata and tagged
 * _metadataparsefailure (with repair), or the result is -1. */
int event_construct(struct event *ev, struct timestamp now, zone_fn *zone, bool repair,
                    struct err *err);

/* The member of the data that is called key, or NULL. The address of a key that is asked for often
 * helps to find it: it should not change. */
struct value *event_member(struct event *ev, struct slice key);
/* NULL when any step is missing or goes into a scalar. */
struct value *event_get(struct event *ev, const struct fieldref *at);
bool event_has(struct event *ev, const struct fieldref *at); /* also when it holds null */

/* The slot of an ordinary field, found or made as null, for filters that look before they set: one
 * walk instead of two. It is marked with all on the way. -1 as event_set; 0 with *slot NULL where
 * event_set would do nothing. */
int event_put(struct event *ev, const struct fieldref *at, struct value **slot, struct err *err);
/* For event_set(): references that have rules of their own. */
int event_set_special(struct event *ev, const struct fieldref *at, struct value *v,
                      struct err *err);

/* The rules of event-model.md 4. ERR_TYPE (scalar in the way, tags, @timestamp), ERR_RANGE. */
static inline int
event_set(struct event *ev, const struct fieldref *at, struct value v, struct err *err)
{
    struct value *slot;

    if (at->kind != REF_FIELD)
        return event_set_special(ev, at, &v, err);
    if (event_put(ev, at, &slot, err) < 0)
        return -1;
    if (slot != NULL)
        value_assign(slot, v);
    return 0;
}

/* Copies s. -1 as event_set. */
int event_set_str(struct event *ev, const struct fieldref *at, struct slice s);
/* The slot itself, for in-place edits: marks the way and the slot. NULL when missing. */
struct value *event_edit(struct event *ev, const struct fieldref *at);
bool event_remove(struct event *ev, const struct fieldref *at);
/* Removes and returns the value (without its key). False when missing. */
bool event_take(struct event *ev, const struct fieldref *at, struct value *out);

/* The tag call: only if absent. */
void event_tag(struct event *ev, struct slice tag);
/* Options add_tag and tags: appends even if present. remove_tag: all occurrences. */
void event_add_tag(struct event *ev, struct slice tag);
void event_remove_tag(struct event *ev, struct slice tag);
/* Option add_field: an existing field becomes a list. */
int event_add_field(struct event *ev, const struct fieldref *at, struct slice text,
                    struct err *err);

/* False when the event has no (valid) @timestamp. */
bool event_timestamp(struct event *ev, struct timestamp *out);
void event_set_timestamp(struct event *ev, struct timestamp t);

/* A deep copy, not cancelled, that run.c lets follow its parent to the next filter. */
struct event *event_clone(struct event *parent);

/* event-model.md 11. */
int event_append(struct event *ev, struct event *other);
void event_overwrite(struct event *ev, struct event *other);

#endif
