/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter dissect: text to fields by literal delimiters (filters.md 9).
 *
 * Each mapping is a step of its own, for each that matches has the common options follow; the
 * conversions are the last step and run whatever became of the mappings. */
#include "pipeline/filter.h"

#include "codec/utf8.h"
#include "pipeline/decimal.h"
#include "pipeline/dissect.h"
#include "pipeline/name_set.h"
#include "pipeline/ruby_value.h"

#include <stdlib.h>

struct target {
    struct fieldref at;
    bool illegal;
    int name; /* in the set of the mapping: one key of the data, and no field before is below it */
};

struct mapping {
    struct target source;
    struct dissect pattern;
    struct target *targets; /* one for each field */
    struct name_set names;
    bool whole;      /* it cuts between characters */
    size_t *appends; /* indices of appended fields, in the order in which they go */
    size_t appends_n;
};

struct conversion {
    struct target field;
    bool integer;
    struct slice null_tag, bad_tag;
};

struct conf {
    struct opt_hash mapping, convert_datatype;
    struct mapping *mappings;
    struct conversion *conversions;
    size_t n, conversions_n, most_fields, steps;
    enum escape_style escape;
};

struct local {
    struct slice *values;
    struct buf text, more;
    size_t step;
};

static const struct option options[] = {
    OPT_HASH(struct conf, mapping, .help = "fields, each with a pattern"),
    OPT_HASH(struct conf, convert_datatype, .help = "fields to convert to int or float"),
    OPT_END,
};

/* ---- compiling ---- */

static struct target
target_of(const struct plugin_context *ctx, struct slice name)
{
    struct target t = { .name = -1 };

    t.illegal = fieldref_compile(ctx->arena, name, ctx->escape, &t.at, NULL) < 0;
    /* "%{->}" is a field without a name. */
    if (t.illegal && name.n == 0) {
        t.at = fieldref_key(ctx->arena, name);
        t.illegal = false;
    }
    return t;
}

/* By number, and as written among equals. */
static void
sort_appends(const struct plugin_context *ctx, struct mapping *m)
{
    m->appends = arena_calloc(ctx->arena, m->pattern.n, sizeof *m->appends);
    for (size_t i = 0; i < m->pattern.n; i++) {
        size_t at = m->appends_n;

        if (m->pattern.fields[i].kind != DISSECT_APPEND)
            continue;
        for (; at > 0 && m->pattern.fields[m->appends[at - 1]].order > m->pattern.fields[i].order;
             at--)
            m->appends[at] = m->appends[at - 1];
        m->appends[at] = i;
        m->appends_n++;
    }
}

static bool
begins_with(const struct fieldref *at, struct slice key)
{
    return at->n > 0 && !at->meta && slice_eq(at->part[0].key, key);
}

/* Finds the fields whose members are new unless the event has one of that name before. */
static void
name_targets(struct mapping *m)
{
    for (size_t i = 0; i < m->pattern.n; i++) {
        struct target *t = &m->targets[i];
        bool first = m->pattern.fields[i].kind == DISSECT_PLAIN && !t->illegal &&
                     t->at.kind == REF_FIELD && t->at.n == 1 && !t->at.meta;

        for (size_t k = 0; first && k < i; k++)
            first = m->targets[k].illegal || !begins_with(&m->targets[k].at, t->at.part[0].key);
        if (first)
            t->name = name_set_add(&m->names, t->at.part[0].key);
    }
}

static int
compile_mapping(struct conf *c, const struct plugin_context *ctx, const struct opt_pair *pair,
                struct err *err)
{
    struct mapping *m = &c->mappings[c->n];

    if (pair->value.text.p == NULL)
        return err_set(err, ERR_CONFIG, "mapping: the pattern of %.*s must be a string",
                       SLICE_ARGS(pair->key));
    if (pair->value.text.n == 0)
        return 0; /* ignored */
    if (dissect_compile(ctx->arena, pair->value.text, &m->pattern, err) < 0)
        return err_prefix(err, "mapping of %.*s", SLICE_ARGS(pair->key));
    m->source = target_of(ctx, pair->key);
    m->targets = arena_calloc(ctx->arena, m->pattern.n, sizeof *m->targets);
    for (size_t i = 0; i < m->pattern.n; i++)
        if (m->pattern.fields[i].kind != DISSECT_SKIP)
            m->targets[i] = target_of(ctx, m->pattern.fields[i].name);
    name_targets(m);
    sort_appends(ctx, m);
    m->whole = utf8_valid(pair->value.text);
    if (m->pattern.n > c->most_fields)
        c->most_fields = m->pattern.n;
    c->n++;
    return 0;
}

static int
compile_conversion(struct conf *c, const struct plugin_context *ctx, const struct opt_pair *pair,
                   struct err *err)
{
    struct conversion *v = &c->conversions[c->conversions_n++];
    struct slice type = pair->value.text;

    v->integer = slice_eq_nocase(type, SLICE("int"));
    if (!v->integer && !slice_eq_nocase(type, SLICE("float")))
        return err_set(err, ERR_CONFIG, "convert_datatype of %.*s: %.*s is neither int nor float",
                       SLICE_ARGS(pair->key), SLICE_ARGS(type));
    v->field = target_of(ctx, pair->key);
    v->null_tag = arena_printf(ctx->arena, "_dataconversionnullvalue_%.*s_%.*s",
                               SLICE_ARGS(pair->key), SLICE_ARGS(type));
    v->bad_tag = arena_printf(ctx->arena, "_dataconversionuncoercible_%.*s_%.*s",
                              SLICE_ARGS(pair->key), SLICE_ARGS(type));
    return 0;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    c->escape = ctx->escape;
    c->mappings = arena_calloc(ctx->arena, c->mapping.n, sizeof *c->mappings);
    c->conversions = arena_calloc(ctx->arena, c->convert_datatype.n, sizeof *c->conversions);
    for (size_t i = 0; i < c->mapping.n; i++)
        if (compile_mapping(c, ctx, &c->mapping.at[i], err) < 0)
            return -1;
    for (size_t i = 0; i < c->convert_datatype.n; i++)
        if (compile_conversion(c, ctx, &c->convert_datatype.at[i], err) < 0)
            return -1;
    c->steps = c->n + (c->conversions_n > 0);
    return 0;
}

static int
start(const void *conf, void *local, struct err *err)
{
    const struct conf *c = conf;
    struct local *l = local;

    (void)err;
    l->values = xcalloc(c->most_fields + 1, sizeof *l->values);
    return 0;
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    free(l->values);
    buf_fini(&l->text);
    buf_fini(&l->more);
}

/* ---- storing ---- */

/* One event's way through one mapping. */
struct work {
    const struct conf *conf;
    const struct mapping *mapping;
    struct local *local;
    struct event *ev;
    bool alias; /* the text lives as long as the batch */
    bool plain; /* and no piece of it needs an escape */
};

static inline void
assign_text(struct work *w, struct value *slot, struct slice s, bool alias)
{
    if (alias && w->plain)
        value_assign_plain(slot, s);
    else if (alias)
        value_assign_str_alias(event_arena(w->ev), slot, s);
    else
        value_assign_str(event_arena(w->ev), slot, s);
}

static int
set_text(struct work *w, const struct target *t, struct slice s, bool alias)
{
    struct arena *a = event_arena(w->ev);
    struct value *slot;

    if (t->illegal)
        return -1;
    if (t->at.kind != REF_FIELD)
        return event_set(w->ev, &t->at, value_str(a, s), NULL);
    if (event_put(w->ev, &t->at, &slot, NULL) < 0)
        return -1;
    if (slot != NULL)
        assign_text(w, slot, s, alias);
    return 0;
}

/* Behind the text of what is there. */
static int
append(struct work *w, const struct dissect_field *f, const struct target *t, struct slice s)
{
    struct arena *a = event_arena(w->ev);
    struct value *old = t->illegal ? NULL : event_get(w->ev, &t->at);
    struct buf *text = &w->local->more;

    if (old == NULL || old->type == V_NULL)
        return set_text(w, t, s, w->alias);
    buf_clear(text);
    if (value_is_container(old))
        value_render_java(a, old, text);
    else
        value_render(a, old, text);
    buf_append(text, f->joiner);
    buf_append(text, s);
    return set_text(w, t, buf_slice(text), false);
}

/* The name is what the event has under it, else what the pattern captured or skipped. */
static struct slice
indirect_name(struct work *w, size_t i)
{
    struct arena *a = event_arena(w->ev);
    const struct dissect *d = &w->mapping->pattern;
    const struct target *t = &w->mapping->targets[i];
    struct value *v = t->illegal ? NULL : event_get(w->ev, &t->at);

    if (v != NULL && v->type != V_NULL) {
        buf_clear(&w->local->more);
        value_render(a, v, &w->local->more);
        return arena_copy(a, buf_slice(&w->local->more));
    }
    for (size_t k = 0; k < d->n; k++)
        if (d->fields[k].kind != DISSECT_INDIRECT && slice_eq(d->fields[k].name, d->fields[i].name))
            return arena_copy(a, w->local->values[k]);
    return SLICE("");
}

static int
store_indirect(struct work *w, size_t i)
{
    struct slice name = indirect_name(w, i);
    struct target t = { .name = -1 };

    if (name.n == 0)
        return 0;
    if (fieldref_compile(event_arena(w->ev), name, w->conf->escape, &t.at, NULL) < 0)
        return -1;
    return set_text(w, &t, w->local->values[i], w->alias);
}

static int
store_plain(struct work *w)
{
    const struct mapping *m = w->mapping;
    const struct slice *values = w->local->values;
    struct arena *a = event_arena(w->ev);
    struct value *data = &w->ev->data;
    uint64_t taken = name_set_find(&m->names, a, data, NULL);

    value_reserve(a, data, m->names.n);
    for (size_t i = 0; i < m->pattern.n; i++) {
        const struct target *t = &m->targets[i];

        if (m->pattern.fields[i].kind != DISSECT_PLAIN)
            continue;
        if (t->name >= 0 && (taken >> t->name & 1) == 0)
            assign_text(w, fieldpart_add(a, data, &t->at.part[0]), values[i], w->alias);
        else if (set_text(w, t, values[i], w->alias) < 0)
            return -1;
    }
    return 0;
}

static int
store_all(struct work *w)
{
    const struct mapping *m = w->mapping;
    const struct slice *values = w->local->values;

    if (store_plain(w) < 0)
        return -1;
    for (size_t k = 0; k < m->appends_n; k++) {
        size_t i = m->appends[k];

        if (append(w, &m->pattern.fields[i], &m->targets[i], values[i]) < 0)
            return -1;
    }
    for (size_t i = 0; i < m->pattern.n; i++)
        if (m->pattern.fields[i].kind == DISSECT_INDIRECT && store_indirect(w, i) < 0)
            return -1;
    return 0;
}

static enum verdict
apply_mapping(const struct conf *c, struct local *l, struct event *ev, const struct mapping *m)
{
    struct work w = { .conf = c, .mapping = m, .local = l, .ev = ev };
    struct value *v = m->source.illegal ? NULL : event_get(ev, &m->source.at);
    struct slice text;

    if (v == NULL)
        return EVENT_SKIP;
    if (v->type == V_NULL)
        return EVENT_FAILED;
    w.alias = v->type == V_STRING;
    w.plain = w.alias && m->whole && value_is_plain(v);
    text = ruby_value_text(event_arena(ev), v, &l->text);
    if (text.n == 0 || !dissect_match(&m->pattern, text, l->values) || store_all(&w) < 0)
        return EVENT_FAILED;
    return EVENT_KEEP;
}

/* ---- conversions ---- */

static int
convert(struct local *l, struct event *ev, const struct conversion *v, struct value *old)
{
    struct arena *a = event_arena(ev);
    struct decimal d;
    int64_t n;

    if (!decimal_parse(ruby_value_text(a, old, &l->text), &d))
        return -1;
    buf_clear(&l->more);
    if (!v->integer) {
        decimal_print_java(&d, &l->more);
        return event_set(ev, &v->field.at, value_digits(a, V_DECIMAL, buf_slice(&l->more)), NULL);
    }
    if (!decimal_print_integer(&d, &l->more))
        return -1;
    if (slice_to_int64(buf_slice(&l->more), &n))
        return event_set(ev, &v->field.at, value_int(a, n), NULL);
    return event_set(ev, &v->field.at, value_digits(a, V_BIGINT, buf_slice(&l->more)), NULL);
}

static void
convert_all(const struct conf *c, struct local *l, struct event *ev)
{
    for (size_t i = 0; i < c->conversions_n; i++) {
        const struct conversion *v = &c->conversions[i];
        struct value *old = v->field.illegal ? NULL : event_get(ev, &v->field.at);

        if (old == NULL || old->type == V_NULL)
            event_tag(ev, v->null_tag);
        else if (convert(l, ev, v, old) < 0)
            event_tag(ev, v->bad_tag);
    }
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;
    size_t step = l->step++;
    enum verdict v = EVENT_SKIP;

    if (step < c->n)
        v = apply_mapping(c, l, ev, &c->mappings[step]);
    else
        convert_all(c, l, ev);
    if (l->step < c->steps)
        return v | EVENT_MORE;
    l->step = 0;
    return v;
}

const struct filter_type filter_dissect = {
    .name = "dissect",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .tag_on_failure = "_dissectfailure",
    .prepare = prepare,
    .start = start,
    .stop = stop,
    .apply = apply,
};
