/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/edits.h"

#include "codec/base/error.h"
#include "pipeline/input.h"
#include "pipeline/place.h"

struct added {
    struct place at;
    struct template **values;
    size_t n;
};

struct plan_edits {
    struct added *add;
    size_t add_n;
    struct place *remove;
    size_t remove_n;
    const struct opt_templates *add_tag, *remove_tag;
    const struct opt_list *failure;
    bool none; /* of the four that are applied */
};

struct decoration {
    struct slice type; /* n 0: none */
    struct fieldref type_ref;
    struct added *add;
    size_t add_n;
    const struct opt_templates *tags;
};

/* ---- compiling ---- */

static size_t
count_leaves(const struct opt_value *v)
{
    size_t n = 0;

    if (v->kind != OV_LIST)
        return 1;
    for (size_t i = 0; i < v->n; i++)
        n += count_leaves(&v->list[i]);
    return n;
}

/* Lists are flattened; numbers become text. */
static int
compile_values(struct arena *a, const struct opt_value *v, enum escape_style escape,
               struct added *out, struct err *err)
{
    if (v->kind == OV_LIST) {
        for (size_t i = 0; i < v->n; i++)
            if (compile_values(a, &v->list[i], escape, out, err) < 0)
                return -1;
        return 0;
    }
    return template_compile(a, v->text, escape, &out->values[out->n++], err);
}

static int
compile_added(const struct plugin_context *ctx, const struct opt_hash *hash, struct added **out,
              size_t *n, struct err *err)
{
    struct arena *a = ctx->arena;
    struct added *add = arena_calloc(a, hash->n, sizeof *add);

    for (size_t i = 0; i < hash->n; i++) {
        const struct opt_pair *pair = &hash->at[i];

        add[i].values = arena_calloc(a, count_leaves(&pair->value), sizeof add[i].values[0]);
        if (place_compile(ctx, pair->key, true, &add[i].at, err) < 0 ||
            compile_values(a, &pair->value, ctx->escape, &add[i], err) < 0)
            return err_prefix(err, "add_field");
    }
    *out = add;
    *n = hash->n;
    return 0;
}

int
plan_edits_compile(struct arena *a, const struct filter_common *common,
                   const struct plugin_context *ctx, struct plan_edits **out, struct err *err)
{
    struct plan_edits *e = arena_calloc(a, 1, sizeof *e);

    *out = e;
    e->add_tag = &common->add_tag;
    e->remove_tag = &common->remove_tag;
    e->failure = &common->tag_on_failure;
    e->remove_n = common->remove_field.n;
    e->remove = arena_calloc(a, e->remove_n, sizeof e->remove[0]);
    for (size_t i = 0; i < e->remove_n; i++)
        if (place_compile(ctx, template_source(common->remove_field.at[i]), true, &e->remove[i],
                          err) < 0)
            return err_prefix(err, "remove_field");
    e->none = common->add_field.n + e->remove_n + e->add_tag->n + e->remove_tag->n == 0;
    return compile_added(ctx, &common->add_field, &e->add, &e->add_n, err);
}

int
decoration_compile(struct arena *a, const struct input_common *common,
                   const struct plugin_context *ctx, struct decoration **out, struct err *err)
{
    struct decoration *d = arena_calloc(a, 1, sizeof *d);

    *out = d;
    d->type = common->type;
    d->type_ref = fieldref_key(a, SLICE("type"));
    d->tags = &common->tags;
    if (compile_added(ctx, &common->add_field, &d->add, &d->add_n, err) < 0)
        return -1;
    for (size_t i = 0; i < d->add_n; i++)
        if (d->add[i].at.illegal)
            return err_set(err, ERR_CONFIG, "add_field: Invalid FieldReference: `%.*s`",
                           SLICE_ARGS(d->add[i].at.ref.text));
    return 0;
}

/* ---- applying ---- */

/* -1: a name that is no legal reference, or a value that may not stand there. */
static int
add_fields(const struct added *add, size_t n, struct event *ev, struct buf *scratch)
{
    for (size_t i = 0; i < n; i++) {
        struct fieldref room;
        const struct fieldref *at = place_of(&add[i].at, ev, scratch, &room, NULL);

        if (at == NULL)
            return -1;
        for (size_t v = 0; v < add[i].n; v++) {
            buf_clear(scratch);
            template_render(add[i].values[v], ev, scratch);
            if (event_add_field(ev, at, buf_slice(scratch), NULL) < 0)
                return -1;
        }
    }
    return 0;
}

static void
for_tags(const struct opt_templates *tags, struct event *ev, struct buf *scratch,
         void (*edit)(struct event *ev, struct slice tag))
{
    for (size_t i = 0; i < tags->n; i++) {
        buf_clear(scratch);
        template_render(tags->at[i], ev, scratch);
        edit(ev, buf_slice(scratch));
    }
}

static int
apply_all(const struct plan_edits *e, struct event *ev, struct buf *scratch)
{
    struct fieldref room;

    if (add_fields(e->add, e->add_n, ev, scratch) < 0)
        return -1;
    for (size_t i = 0; i < e->remove_n; i++) {
        const struct fieldref *at = place_of(&e->remove[i], ev, scratch, &room, NULL);

        if (at == NULL)
            return -1;
        event_remove(ev, at);
    }
    for_tags(e->add_tag, ev, scratch, event_add_tag);
    for_tags(e->remove_tag, ev, scratch, event_remove_tag);
    return 0;
}

int
plan_edits_apply(const struct plan_edits *e, struct event *ev, struct buf *scratch)
{
    return e->none ? 0 : apply_all(e, ev, scratch);
}

void
plan_edits_failed(const struct plan_edits *e, struct event *ev)
{
    for (size_t i = 0; i < e->failure->n; i++)
        event_tag(ev, e->failure->at[i]);
}

void
decoration_apply(const struct decoration *d, struct event *ev)
{
    struct buf scratch = { 0 };

    if (d->type.n > 0 && !event_has(ev, &d->type_ref))
        event_set_str(ev, &d->type_ref, d->type);
    if (d->add_n > 0)
        add_fields(d->add, d->add_n, ev, &scratch);
    if (d->tags->n > 0)
        for_tags(d->tags, ev, &scratch, event_add_tag);
    buf_fini(&scratch);
}
