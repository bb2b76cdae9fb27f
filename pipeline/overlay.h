/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A prepared object laid over what an event has: where it has nothing, the text goes in as it is;
 * where there is an object, members are replaced one by one, those of objects inside, too. */
#ifndef PIPELINE_OVERLAY_H
#define PIPELINE_OVERLAY_H

#include "codec/event.h"

/* json: a valid object without equal keys; copied. target with n 0 is its root itself. -1: a scalar
 * stands there or on the way. */
int overlay_put(struct event *ev, const struct fieldref *target, struct slice json,
                struct err *err);

#endif
