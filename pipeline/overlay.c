/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/overlay.h"

#include "pipeline/key_bits.h"

/* The depth is that of what a filter has prepared: a few levels. */
static void
merge(struct arena *a, struct value *into, struct value *from)
{
    struct key_bits keys = { 0 };
    uint32_t n = value_count(a, from);

    into->flags |= V_CHANGED;
    value_reserve(a, into, n);
    key_bits_learn(&keys, a, into, 0);
    for (uint32_t i = 0; i < n; i++) {
        struct value *member = value_at(a, from, i), *old = NULL;
        struct slice key = value_key(a, member);

        if (key_bits_may_have(&keys, key_bit(key)))
            old = value_get(a, into, key);
        key_bits_add(&keys, key_bit(key));
        if (old == NULL)
            value_adopt(a, into, member);
        else if (old->type == V_OBJECT && member->type == V_OBJECT)
            merge(a, old, member);
        else
            value_assign(old, *member);
    }
}

int
overlay_put(struct event *ev, const struct fieldref *target, struct slice json, struct err *err)
{
    struct arena *a = event_arena(ev);
    struct value object = value_raw(V_OBJECT, arena_copy(a, json));
    struct value *old;

    if (target->n == 0) {
        merge(a, target->meta ? &ev->meta : &ev->data, &object);
        return 0;
    }
    old = event_edit(ev, target);
    if (old == NULL)
        return event_set(ev, target, object, err);
    if (old->type != V_OBJECT)
        return err_set(err, ERR_TYPE, "%.*s holds no object", SLICE_ARGS(target->text));
    merge(a, old, &object);
    return 0;
}
