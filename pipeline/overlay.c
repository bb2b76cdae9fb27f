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

/* A member of the data, as most targets are, is looked for once only. */
static int
put_member(struct event *ev, const struct fieldref *target, struct value *object, struct err *err)
{
    struct arena *a = event_arena(ev);
    struct value *old = event_member(ev, target->part[0].key);

    if (old == NULL) {
        value_assign(fieldpart_add(a, &ev->data, &target->part[0]), *object);
        return 0;
    }
    if (old->type != V_OBJECT)
        return err_set(err, ERR_TYPE, "%.*s holds no object", SLICE_ARGS(target->text));
    ev->data.flags |= V_CHANGED;
    merge(a, old, object);
    return 0;
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
    if (target->n == 1 && !target->meta && target->kind == REF_FIELD)
        return put_member(ev, target, &object, err);
    old = event_edit(ev, target);
    if (old == NULL)
        return event_set(ev, target, object, err);
    if (old->type != V_OBJECT)
        return err_set(err, ERR_TYPE, "%.*s holds no object", SLICE_ARGS(target->text));
    merge(a, old, &object);
    return 0;
}

/* ---- with the places of the members ---- */

void
overlay_index(struct arena *a, struct slice json, struct buf *out)
{
    const char *text = arena_copy_padded(a, json);
    struct value object = value_raw(V_OBJECT, (struct slice){ text, json.n });

    if (json.n > UINT16_MAX)
        return;
    for (uint32_t i = 0, n = value_count(a, &object); i < n; i++) {
        const struct value *v = value_at(a, &object, i);
        struct overlay_member m = { .key = (uint16_t)(v->key - text),
                                    .key_len = v->key_len,
                                    .len = (uint16_t)v->len,
                                    .type = v->type,
                                    .flags = v->flags };

        buf_append(out, (struct slice){ (const char *)&m, sizeof m });
    }
}

void
overlay_put_new(struct event *ev, struct slice json, struct slice members)
{
    struct arena *a = event_arena(ev);
    const char *text = arena_copy(a, json).p;
    struct overlay_member m;

    value_reserve(a, &ev->data, (uint32_t)(members.n / sizeof m));
    for (; members.n > 0; members.p += sizeof m, members.n -= sizeof m) {
        struct value *slot = value_open(a, &ev->data);

        memcpy(&m, members.p, sizeof m);
        slot->key = text + m.key;
        slot->key_len = m.key_len;
        slot->raw = slot->key + m.key_len + 2;
        slot->len = m.len;
        slot->type = m.type;
        slot->flags = m.flags;
    }
}
