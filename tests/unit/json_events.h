/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON text to values and events, for tests that read the reference's cases. */
#ifndef TESTS_UNIT_JSON_EVENTS_H
#define TESTS_UNIT_JSON_EVENTS_H

#include "codec/batch.h"
#include "codec/json_scan.h"
#include "codec/json_write.h"

#include <check.h>

static inline struct value
json_value(struct arena *a, struct slice text)
{
    char *copy = arena_block(a, text.n); /* the scanner may change it, and reads past its end */
    struct value v;
    struct err err = { 0 };
    size_t used;

    memcpy(copy, text.p, text.n);
    ck_assert_msg(json_scan_value(a, copy, text.n, JSON_DEPTH, &v, &used, &err) == 0, "%s",
                  err.msg);
    return v;
}

/* The last of the batch, constructed; v may live in another arena. */
static inline struct event *
json_event(struct batch *b, const struct value *v, struct timestamp now, zone_fn *zone)
{
    struct event *ev = batch_add(b);
    struct buf text = { 0 };

    value_write(v, &text);
    ev->data = json_value(&b->arena, buf_slice(&text));
    ck_assert_int_eq(ev->data.type, V_OBJECT);
    value_count(&b->arena, &ev->data);
    ck_assert_int_eq(event_construct(ev, now, zone, true, NULL), 0);
    buf_fini(&text);
    return ev;
}

#endif
