/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/overlay.h"

/* The depth is that of what a filter has prepared: a few levels. */
static void
merge(struct arena *a, struct value *into, struct value *from)
{
    into->flags |= V_CHANGED;
    for (uint32_t i = 0, n = value_count(a, from); i < n; i++) {
        struct value *member = value_at(a, from, i);
        struct value *old = value_get(a, into, value_key(a, member));

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
