/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A field as some options name it: a reference that may hold placeholders, or may turn out illegal
 * only when an event comes, which is the filter's failure then (filters.md 1.2). */
#ifndef PIPELINE_PLACE_H
#define PIPELINE_PLACE_H

#include "codec/codec.h"
#include "codec/template.h"

struct place {
    struct fieldref ref;
    struct template *text; /* has placeholders: the reference is compiled for each event */
    enum escape_style escape;
    bool illegal;
};

/* With interpolate, placeholders count; -1: one of them can never work. */
int place_compile(const struct plugin_context *ctx, struct slice text, bool interpolate,
                  struct place *out, struct err *err);
/* NULL: no legal reference. *room is used where it has to be compiled. */
const struct fieldref *place_of(const struct place *p, struct event *ev, struct buf *scratch,
                                struct fieldref *room, struct err *err);

/* Replaces what event_get() found at the reference. -1 where the rules of event_set() say so. */
int place_store(struct event *ev, const struct fieldref *at, struct value *found, struct value v,
                struct err *err);

#endif
