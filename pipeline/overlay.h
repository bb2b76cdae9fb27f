/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A prepared object laid over what an event has: where it has nothing, the text goes in as it is;
 * where there is an object, members are replaced one by one, those of objects inside, too. */
#ifndef PIPELINE_OVERLAY_H
#define PIPELINE_OVERLAY_H

#include "codec/event.h"

/* Where a member is in a prepared text, so that it need not be looked for in each event. */
struct overlay_member {
    uint16_t key; /* behind its quote; what it holds begins two bytes behind its end */
    uint16_t key_len, len;
    uint8_t type, flags;
};

/* json: a valid object without equal keys; copied. target with n 0 is its root itself. -1: a scalar
 * stands there or on the way. */
int overlay_put(struct event *ev, const struct fieldref *target, struct slice json,
                struct err *err);

/* Appends an overlay_member for each member of the object, which has no blanks between its tokens;
 * nothing when it is too long for them. */
void overlay_index(struct arena *a, struct slice json, struct buf *out);
/* The members of the text become members of the data, which has none of their names; both are
 * copied. members: what overlay_index() made of this text, wherever it lies. */
void overlay_put_new(struct event *ev, struct slice json, struct slice members);

#endif
