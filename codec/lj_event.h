/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The payload of one J or D frame to one event. For lj_decode.c.
 *
 * Values alias the payload where they can, so it must live as long as the batch, be writable and
 * have ARENA_PAD readable bytes behind its end. */
#ifndef CODEC_LJ_EVENT_H
#define CODEC_LJ_EVENT_H

#include "codec/batch.h"
#include "codec/lj_decode.h"

/* -1: a bad event, *err has its kind and place; the payload is as it came. */
int lj_event_json(struct event *ev, struct slice payload, uint32_t depth, struct err *err);
/* Of a frame that lj_next() has walked. Never fails: bad UTF-8 is repaired. */
void lj_event_pairs(struct event *ev, struct slice pairs, uint32_t n);
/* What a bad event becomes under quarantine. */
void lj_event_quarantine(struct event *ev, struct slice payload);
enum lj_bad_event lj_bad_kind(enum err_code code);

#endif
