/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/place.h"

int
place_compile(const struct plugin_context *ctx, struct slice text, bool interpolate,
              struct place *out, struct err *err)
{
    struct slice literal;

    *out = (struct place){ .escape = ctx->escape };
    if (interpolate) {
        if (template_compile(ctx->arena, text, ctx->escape, &out->text, err) < 0)
            return -1;
        if (!template_is_literal(out->text, &literal))
            return 0;
        out->text = NULL;
    }
    out->illegal = fieldref_compile(ctx->arena, text, ctx->escape, &out->ref, NULL) < 0;
    if (out->illegal)
        out->ref.text = arena_copy(ctx->arena, text);
    return 0;
}

const struct fieldref *
place_of(const struct place *p, struct event *ev, struct buf *scratch, struct fieldref *room,
         struct err *err)
{
    if (p->text != NULL) {
        buf_clear(scratch);
        template_render(p->text, ev, scratch);
        if (fieldref_compile(event_arena(ev), buf_slice(scratch), p->escape, room, err) < 0)
            return NULL;
        return room;
    }
    if (!p->illegal)
        return &p->ref;
    err_set(err, ERR_PARSE, "Invalid FieldReference: `%.*s`", SLICE_ARGS(p->ref.text));
    return NULL;
}

int
place_store(struct event *ev, const struct fieldref *at, struct value *found, struct value v,
            struct err *err)
{
    if (at->kind != REF_FIELD || at->n != 1)
        return event_set(ev, at, v, err);
    if (at->meta)
        ev->meta.flags |= V_CHANGED;
    else
        ev->data.flags |= V_CHANGED;
    value_assign(found, v);
    return 0;
}
