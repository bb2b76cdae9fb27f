/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/cases/probe.h"

#include "codec/batch.h"
#include "codec/json_scan.h"
#include "codec/json_write.h"
#include "codec/zoneinfo.h"
#include "pipeline/route.h"
#include "pipeline/run.h"
#include "tests/cases/config_tree.h"

#include <stdlib.h>

/* ---- the plugins ---- */

struct probe {
    struct slice str, pwd, pth, uri, sha, dep;
    double num;
    bool boolean;
    struct opt_list arr, lst, ulst;
    struct opt_hash hsh;
    uint64_t byt;
    struct fieldref fref;
    const struct opt_value *nlst, *any;
    struct codec_use cod;
    int enm;
};

static const char *const choices[] = { "a1", "b2", NULL };

#define AS(nm, f, ctype, otype, ...) OPT_AS(struct probe, f, nm, ctype, otype, __VA_ARGS__)

static const struct option probe_rows[] = {
    OPT_STR(struct probe, str, .help = "text"),
    OPT_NUMBER(struct probe, num, .help = "number"),
    AS("bool", boolean, bool, OPTION_BOOL, .dflt = "false", .help = "boolean"),
    OPT_LIST(struct probe, arr, .help = "array"),
    OPT_HASH(struct probe, hsh, .help = "hash"),
    OPT_BYTES(struct probe, byt, .help = "bytes"),
    OPT_PASSWORD(struct probe, pwd, .help = "secret"),
    OPT_PATH(struct probe, pth, .help = "path"),
    OPT_URI(struct probe, uri, .help = "uri"),
    OPT_FIELDREF(struct probe, fref, .help = "field"),
    OPT_STRINGS(struct probe, lst, .help = "texts"),
    OPT_URIS(struct probe, ulst, .help = "uris"),
    OPT_NUMBERS(struct probe, nlst, .help = "numbers"),
    OPT_CODEC(struct probe, cod, .help = "codec"),
    OPT_ENUM(struct probe, enm, .choices = choices, .help = "one of two"),
    OPT_ANY(struct probe, any, .help = "anything"),
    OPT_NOTE("old", OPTION_OBSOLETE, .help = "gone", .note = "Use new."),
    OPT_STR(struct probe, dep, .state = OPTION_DEPRECATED, .help = "going", .note = "Use newer."),
    OPT_SHA256(struct probe, sha, .help = "fingerprint"),
    OPT_END,
};

struct required {
    struct slice must;
    struct opt_list mlist;
};

static const struct option required_rows[] = {
    OPT_STR(struct required, must, .required = true, .help = "text"),
    OPT_STRINGS(struct required, mlist, .required = true, .help = "texts"),
    OPT_END,
};

static enum verdict
keep(const void *conf, void *local, struct event *ev)
{
    (void)conf;
    (void)local;
    (void)ev;
    return EVENT_KEEP;
}

static const struct filter_type probe = {
    .name = "probe", .conf_size = sizeof(struct probe), .options = probe_rows, .apply = keep
};
static const struct filter_type probe_required = { .name = "probe_required",
                                                   .conf_size = sizeof(struct required),
                                                   .options = required_rows,
                                                   .apply = keep };
static const struct input_type probe_in = { .name = "probe_in" };

struct out_conf {
    struct slice name;
};

static const struct option out_rows[] = {
    OPT_STR(struct out_conf, name, .help = "collects under this name"),
    OPT_END,
};

struct out {
    struct sink base;
    struct case_run *run;
    struct tree *events;
    const struct tree *mentioned;
};

static void
collect(struct sink *s, struct view *v, struct event *ev)
{
    struct out *out = (struct out *)s;

    (void)v;
    ev->meta = value_object(event_arena(ev)); /* no output sees it */
    tree_add(out->events, probe_event(out->run, ev, out->mentioned));
}

static const struct sink_type probe_out = { .name = "probe_out",
                                            .conf_size = sizeof(struct out_conf),
                                            .options = out_rows,
                                            .encode = collect };

struct plain {
    struct slice charset, format;
};

static const struct option plain_rows[] = {
    OPT_STR(struct plain, charset, .dflt = "UTF-8", .help = "character set"),
    OPT_STR(struct plain, format, .help = "template"),
    OPT_END,
};

static const struct codec_type plain = { .name = "plain",
                                         .conf_size = sizeof(struct plain),
                                         .options = plain_rows };

/* ---- registries ---- */

static const struct filter_type *
find_filter(struct slice name)
{
    if (slice_eq(name, slice_of(probe.name)))
        return &probe;
    if (slice_eq(name, slice_of(probe_required.name)))
        return &probe_required;
    return filter_find(name);
}

static const struct codec_type *
find_codec(struct slice name)
{
    return slice_eq(name, slice_of(plain.name)) ? &plain : codec_find(name);
}

static const struct sink_type *
find_sink(struct slice name)
{
    return slice_eq(name, slice_of(probe_out.name)) ? &probe_out : NULL;
}

static const struct input_type *
find_input(struct slice name)
{
    return slice_eq(name, slice_of(probe_in.name)) ? &probe_in : NULL;
}

/* ---- the world ---- */

/* One case runs at a time, and clocks have no argument. */
static struct {
    const char *now, *zone;
} world_now;

struct timestamp
probe_now(void)
{
    struct timestamp t = { 0 };
    const char *text = world_now.now != NULL ? world_now.now : "2024-05-06T07:08:09.123Z";

    timestamp_parse(slice_of(text), NULL, &t);
    return t;
}

bool
probe_zone(struct slice name, int64_t local_sec, int32_t *offset)
{
    if (name.n == 0)
        name = slice_of(world_now.zone != NULL ? world_now.zone : "UTC");
    return zone_offset(name, local_sec, offset);
}

struct lookup {
    struct case_run *run;
    const struct probe_world *world;
};

static const char *
lookup(void *arg, struct slice name)
{
    struct lookup *l = arg;
    char *key = arena_cstr(&l->run->arena, name);
    const struct tree *v = tree_get(l->world->env, key);

    if (v != NULL)
        return arena_cstr(&l->run->arena, v->text);
    return strcmp(key, "LS_CASE_DATA") == 0 ? l->world->data : NULL;
}

struct plan *
probe_plan(struct case_run *r, const struct probe_world *world, struct slice text,
           struct findings *findings)
{
    struct config_source source = { "config string", text };
    struct plan_registry registry = { .find_sink = find_sink,
                                      .find_input = find_input,
                                      .find_filter = find_filter,
                                      .find_codec = r->env_codecs ? codec_find : find_codec };
    struct lookup l = { r, world };
    struct config *config = config_parse(&source, 1, world->settings.support_escapes, findings);
    struct plan *plan = NULL;

    world_now.now = world->now;
    world_now.zone = world->zone;
    if (config != NULL)
        plan = plan_compile(config, &world->settings, &registry, lookup, &l, probe_zone, probe_now,
                            findings);
    config_free(&config);
    return plan;
}

/* ---- options as received ---- */

static struct tree *
pair(struct arena *a, const char *key, struct tree *kid)
{
    return tree_set(a, tree_new(a, TREE_OBJECT), slice_of(key), kid);
}

static struct tree *option_tree(struct arena *a, const struct option *row,
                                const struct opt_value *v);

static struct tree *
uri_tree(struct arena *a, const struct opt_value *v)
{
    struct buf shown = { 0 };
    struct tree *t = pair(a, "uri", tree_string(a, v->text));

    option_uri_print(v->text, &shown);
    tree_set(a, t, SLICE("displayed"), tree_string(a, buf_slice(&shown)));
    buf_fini(&shown);
    return t;
}

static const struct option *
row_of(const struct option *rows, struct slice name)
{
    while (rows->type != OPTION_END && !slice_eq(slice_of(rows->name), name))
        rows++;
    return rows->type != OPTION_END ? rows : NULL;
}

static struct tree *
block_tree(struct arena *a, const struct opt_plugin *block, const struct option *rows,
           const struct option *common)
{
    struct findings none = { 0 };
    struct option_reader reader = { .arena = a, .findings = &none };
    struct tree *t = tree_new(a, TREE_OBJECT);

    for (size_t i = 0; i < block->n; i++) {
        const struct option *row = row_of(rows, block->options[i].key);
        struct opt_value made = { 0 };
        struct buf reason = { 0 };

        if (row == NULL)
            row = row_of(common, block->options[i].key);
        if (row != NULL && option_coerce(&reader, row, &block->options[i].value, &made, &reason))
            tree_set(a, t, block->options[i].key, option_tree(a, row, &made));
        buf_fini(&reason);
    }
    findings_fini(&none);
    return t;
}

static struct tree *
codec_tree(struct arena *a, const struct opt_value *v)
{
    struct opt_plugin bare = { .name = v->text };
    const struct opt_plugin *block = v->kind == OV_PLUGIN ? v->plugin : &bare;
    struct tree *t = pair(a, "codec", tree_string(a, block->name));

    return tree_set(a, t, SLICE("options"), block_tree(a, block, plain_rows, codec_common_options));
}

static struct tree *
option_tree(struct arena *a, const struct option *row, const struct opt_value *v)
{
    struct tree *t;

    if (opt_is_null(v))
        return tree_new(a, TREE_NULL);
    switch (row->type) {
    case OPTION_BOOL:
        t = tree_new(a, TREE_BOOL);
        t->truth = slice_eq(v->text, SLICE("true"));
        return t;
    case OPTION_PASSWORD: return pair(a, "password", tree_string(a, v->text));
    case OPTION_URI: return uri_tree(a, v);
    case OPTION_URIS:
        t = tree_new(a, TREE_ARRAY);
        for (size_t i = 0; i < v->n; i++)
            tree_add(t, uri_tree(a, &v->list[i]));
        return t;
    case OPTION_CODEC: return codec_tree(a, v);
    default: return config_value_tree(a, v);
    }
}

struct tree *
probe_options(struct arena *a, const struct plan_filter *f)
{
    struct tree *t = block_tree(a, f->ctx.given, f->type->options, filter_common_options);

    for (const struct option *row = f->type->options; row->type != OPTION_END; row++) {
        struct opt_value v = { .kind = OV_STRING };

        if (row->dflt == NULL || tree_get(t, row->name) != NULL)
            continue;
        v.text = slice_of(row->dflt);
        tree_set(a, t, slice_of(row->name), option_tree(a, row, &v));
    }
    return t;
}

/* ---- events ---- */

struct batch *
probe_batch(struct case_run *r, const struct tree *events, size_t n)
{
    struct batch *b = batch_new(NULL);

    for (; n > 0; n--, events = events->next) {
        struct event *ev = batch_add(b);
        struct buf text = { 0 };
        struct err err = { 0 };
        char *block;

        tree_write(events, &text);
        block = arena_block(&b->arena, text.n + ARENA_PAD);
        memcpy(block, text.p, text.n);
        if (json_scan_object(&b->arena, block, text.n, JSON_DEPTH, &ev->data, &err) < 0 ||
            event_construct(ev, probe_now(), probe_zone, false, &err) < 0)
            case_fail(r, "event: %s", err.msg);
        buf_fini(&text);
    }
    return b;
}

struct tree *
probe_event(struct case_run *r, struct event *ev, const struct tree *mentioned)
{
    struct buf text = { 0 };
    struct tree *all, *t = tree_new(&r->arena, TREE_OBJECT);

    value_write(&ev->data, &text);
    all = case_json(r, buf_slice(&text));
    for (struct tree *kid = all != NULL ? all->kids : NULL, *next; kid != NULL; kid = next) {
        bool internal =
            slice_eq(kid->key, SLICE("@timestamp")) || slice_eq(kid->key, SLICE("@version"));

        next = kid->next;
        kid->next = NULL;
        if (!internal || mentioned == NULL ||
            tree_get(mentioned, arena_cstr(&r->arena, kid->key)) != NULL)
            tree_add(t, kid);
    }
    if (value_count(event_arena(ev), &ev->meta) > 0) {
        buf_clear(&text);
        value_write(&ev->meta, &text);
        all = case_json(r, buf_slice(&text));
        if (all != NULL)
            tree_set(&r->arena, t, SLICE("@metadata"), all);
    }
    buf_fini(&text);
    return t;
}

struct tree *
probe_outputs(struct case_run *r, struct plan *plan, struct batch *b, const struct tree *mentioned)
{
    struct tree *all = tree_new(&r->arena, TREE_OBJECT);
    struct out *outs = calloc(plan->output_n + 1, sizeof *outs);
    struct view **views = calloc(plan->output_n + 1, sizeof(struct view *));
    struct err err = { 0 };
    struct plan_local *local = plan_local_new(plan, &err);
    size_t room = 0;

    for (size_t i = 0; i < plan->output_n; i++) {
        outs[i] = (struct out){ .base = { .type = plan->output[i]->type },
                                .run = r,
                                .events = tree_new(&r->arena, TREE_ARRAY),
                                .mentioned = mentioned };
        plan->output[i]->sink = &outs[i].base;
    }
    plan_run(local, b);
    route_encode(local, b, &room, views);
    for (size_t i = 0; i < plan->output_n; i++) {
        const struct out_conf *conf = plan->output[i]->conf;

        if (outs[i].events->n > 0)
            tree_set(&r->arena, all, conf->name, outs[i].events);
    }
    plan_local_free(&local);
    free(outs);
    free(views);
    return all;
}
