/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter translate: values looked up in a dictionary (filters.md 11).
 *
 * The dictionary is that of the config, const, or made from a file and made anew when the file
 * changes; workers hold the one they use (refresh.h). */
#include "pipeline/dictionary.h"
#include "pipeline/ecs.h"
#include "pipeline/filter.h"
#include "pipeline/refresh.h"
#include "pipeline/ruby_value.h"

enum walk { WALK_ONE, WALK_VALUES, WALK_OBJECTS };

struct conf {
    struct fieldref source, target, field, destination, iterate_on;
    struct opt_hash dictionary;
    struct slice dictionary_path;
    int64_t refresh_interval, yaml_dictionary_code_point_limit;
    int refresh_behaviour, yaml_load_strategy;
    bool exact, regex, override;
    const struct opt_value *override_given;
    struct template *fallback;
    int ecs_compatibility;
    bool in_place;
    enum walk walk;
    struct dictionary *fixed;
    struct refresh *file; /* of a struct dictionary */
};

struct local {
    struct refresh_view file;
    struct regex_scratch *regex;
    struct buf text, out;
};

static const char *const behaviours[] = { "merge", "replace", NULL };
static const char *const strategies[] = { "one_shot", "streaming", NULL };

static const struct option options[] = {
    OPT_FIELDREF(struct conf, source, .help = "field to look up"),
    OPT_FIELDREF(struct conf, target,
                 .help = "where the result goes; default: translation, with ECS the source"),
    OPT_FIELDREF(struct conf, field, .state = OPTION_DEPRECATED,
                 .note = "Use `source` option instead.", .help = "old name of source"),
    OPT_FIELDREF(struct conf, destination, .state = OPTION_DEPRECATED,
                 .note = "Use `target` option instead.", .help = "old name of target"),
    OPT_HASH(struct conf, dictionary, .help = "keys to values"),
    OPT_PATH(struct conf, dictionary_path, .help = "file with the dictionary: yml, json, csv"),
    OPT_INT(struct conf, refresh_interval, .dflt = "300", .min = 0, .max = INT32_MAX,
            .help = "seconds between two looks at the file; 0: never"),
    OPT_ENUM(struct conf, refresh_behaviour, .choices = behaviours, .dflt = "merge",
             .help = "whether entries that are gone from the file stay (merge) or go (replace)"),
    OPT_BOOL(struct conf, exact, .dflt = "true",
             .help = "the whole text is the key; false: keys are replaced inside the text"),
    OPT_BOOL(struct conf, regex, .dflt = "false", .help = "with exact, keys are patterns"),
    OPT_TEMPLATE(struct conf, fallback, .help = "value where no key fits"),
    OPT_AS(struct conf, override_given, "override", const struct opt_value *, OPTION_ANY,
           .help = "replace a target that exists; default: only when it is the source"),
    OPT_FIELDREF(struct conf, iterate_on, .help = "list to look into, member by member"),
    OPT_INT(struct conf, yaml_dictionary_code_point_limit, .dflt = "134217728", .min = 1,
            .max = INT32_MAX, .help = "largest YAML file"),
    OPT_ENUM(struct conf, yaml_load_strategy, .choices = strategies, .dflt = "one_shot",
             .help = "without effect: a file is read as a whole"),
    OPT_ECS(struct conf),
    OPT_END,
};

/* ---- dictionaries ---- */

static enum dictionary_kind
kind_of(const struct conf *c)
{
    if (!c->exact)
        return DICTIONARY_PARTS;
    return c->regex ? DICTIONARY_PATTERNS : DICTIONARY_TEXTS;
}

static struct value
config_value(struct arena *a, const struct opt_value *v)
{
    struct value out;

    switch (v->kind) {
    case OV_INT: return value_int(a, v->number);
    case OV_DOUBLE: return value_double(a, v->real);
    case OV_STRING:
    case OV_BAREWORD:
    case OV_PLUGIN: return value_str(a, v->text);
    case OV_LIST:
        out = value_array(a);
        for (size_t i = 0; i < v->n; i++)
            value_assign(value_push(a, &out), config_value(a, &v->list[i]));
        return out;
    case OV_HASH:
        out = value_object(a);
        for (size_t i = 0; i < v->n; i++)
            value_assign(value_put(a, &out, v->pairs[i].key), config_value(a, &v->pairs[i].value));
        return out;
    }
    UNREACHABLE("opt_kind");
}

static int
from_config(struct conf *c, const struct plugin_context *ctx, struct err *err)
{
    c->fixed = dictionary_new(kind_of(c));
    for (size_t i = 0; i < c->dictionary.n; i++) {
        struct value v = config_value(ctx->arena, &c->dictionary.at[i].value);

        dictionary_put(c->fixed, c->dictionary.at[i].key, ctx->arena, &v);
    }
    return dictionary_finish(c->fixed, err);
}

static void
unload(void *value)
{
    struct dictionary *d = value;

    dictionary_free(&d);
}

static void *
load(void *arg, const char *path, const void *old, struct err *err)
{
    const struct conf *c = arg;
    struct dictionary *d;

    if (old != NULL && c->refresh_behaviour == 0)
        d = dictionary_from(old);
    else
        d = dictionary_new(kind_of(c));
    if (dictionary_load(d, path, (size_t)c->yaml_dictionary_code_point_limit, err) < 0 ||
        dictionary_finish(d, err) < 0)
        dictionary_free(&d);
    return d;
}

static int
from_file(struct conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct refresh_spec spec = {
        .path = arena_cstr(ctx->arena, c->dictionary_path),
        .interval_ms = (uint64_t)c->refresh_interval * 1000,
        .load = load,
        .unload = unload,
        .arg = c,
        .log = ctx->log,
    };

    c->file = refresh_new(&spec, err);
    return c->file == NULL ? err_prefix(err, "dictionary_path") : 0;
}

/* ---- preparing ---- */

/* One option under two names. */
static int
choose(struct fieldref *now, const struct fieldref *old, const char *name, const char *old_name,
       struct err *err)
{
    if (old->text.p == NULL)
        return 0;
    if (now->text.p != NULL)
        return err_set(err, ERR_CONFIG, "Both `%s` and `%s` are set; `%s` is the old name of `%s`",
                       name, old_name, old_name, name);
    *now = *old;
    return 0;
}

static int
read_override(struct conf *c, struct err *err)
{
    const struct opt_value *v = c->override_given;

    c->override = c->in_place;
    if (v == NULL)
        return 0;
    c->override = slice_eq(v->text, SLICE("true"));
    if (!c->override && !slice_eq(v->text, SLICE("false")))
        return err_set(err, ERR_CONFIG, "override: \"%.*s\" is not true or false",
                       SLICE_ARGS(v->text));
    return 0;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    if (choose(&c->source, &c->field, "source", "field", err) < 0 ||
        choose(&c->target, &c->destination, "target", "destination", err) < 0)
        return -1;
    if (c->source.text.p == NULL)
        return err_set(err, ERR_CONFIG, "either `source` or `field` is required");
    if (c->target.text.p == NULL) {
        if (ecs_is_on(c->ecs_compatibility, ctx))
            c->target = c->source;
        else
            c->target = fieldref_key(ctx->arena, SLICE("translation"));
    }
    c->in_place = slice_eq(c->source.text, c->target.text);
    if (read_override(c, err) < 0)
        return -1;
    if (c->iterate_on.text.p != NULL)
        c->walk = slice_eq(c->iterate_on.text, c->source.text) ? WALK_VALUES : WALK_OBJECTS;
    if (c->dictionary_path.p == NULL)
        return from_config(c, ctx, err);
    if (c->dictionary.n > 0)
        return err_set(err, ERR_CONFIG,
                       "The configuration options 'dictionary' and "
                       "'dictionary_path' are mutually exclusive");
    return from_file(c, ctx, err);
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    dictionary_free(&c->fixed);
    refresh_free(&c->file);
}

static int
start(const void *conf, void *local, struct err *err)
{
    struct local *l = local;

    (void)conf;
    (void)err;
    l->regex = regex_scratch_new();
    return 0;
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    refresh_release(&l->file);
    regex_scratch_free(l->regex);
    buf_fini(&l->text);
    buf_fini(&l->out);
}

/* ---- looking up ---- */

/* A list stands for its first member. */
static struct slice
key_of(struct local *l, struct arena *a, struct value *v)
{
    if (v->type == V_ARRAY) {
        if (value_count(a, v) == 0)
            return SLICE("");
        v = value_at(a, v, 0);
    }
    return ruby_value_text(a, v, &l->text);
}

static bool
translate(const struct conf *c, struct local *l, struct arena *a, struct slice text,
          struct value *out)
{
    const struct dictionary *d = c->file != NULL ? refresh_get(c->file, &l->file) : c->fixed;

    if (c->exact)
        return dictionary_find(d, l->regex, text, a, out);
    buf_clear(&l->out);
    if (!dictionary_replace(d, text, &l->out) || slice_eq(buf_slice(&l->out), text))
        return false;
    *out = value_str(a, buf_slice(&l->out));
    return true;
}

/* With what stands in for a missing key. */
static bool
translate_or_fall_back(const struct conf *c, struct local *l, struct event *ev, struct slice text,
                       struct value *out)
{
    struct arena *a = event_arena(ev);

    if (translate(c, l, a, text, out))
        return true;
    if (c->fallback == NULL)
        return false;
    buf_clear(&l->out);
    template_render(c->fallback, ev, &l->out);
    *out = value_str(a, buf_slice(&l->out));
    return true;
}

static bool
walk_one(const struct conf *c, struct local *l, struct event *ev)
{
    struct value *v = event_get(ev, &c->source), result;

    return translate_or_fall_back(c, l, ev, key_of(l, event_arena(ev), v), &result) &&
           event_set(ev, &c->target, result, NULL) == 0;
}

static bool
walk_values(const struct conf *c, struct local *l, struct event *ev)
{
    struct arena *a = event_arena(ev);
    struct value *v = event_get(ev, &c->source), list = value_array(a);
    uint32_t n = v->type == V_ARRAY ? value_count(a, v) : 1;
    bool any = false;

    for (uint32_t i = 0; i < n; i++) {
        struct value *one = v->type == V_ARRAY ? value_at(a, v, i) : v, result = value_null();
        struct slice text = ruby_value_text(a, one, &l->text);

        if (translate_or_fall_back(c, l, ev, text, &result))
            any |= result.type != V_NULL && (result.type != V_BOOL || value_to_bool(&result));
        value_assign(value_push(a, &list), result);
    }
    return event_set(ev, &c->target, list, NULL) == 0 && any;
}

/* [list][0][field]: the parts of both references with the index between. */
static struct fieldref
reference_into(struct arena *a, const struct fieldref *list, const struct fieldref *field,
               struct fieldpart **index)
{
    struct fieldref ref = *list;

    ref.n = list->n + 1 + field->n;
    ref.part = arena_alloc(a, ref.n * sizeof ref.part[0]);
    memcpy(ref.part, list->part, list->n * sizeof ref.part[0]);
    memcpy(ref.part + list->n + 1, field->part, field->n * sizeof ref.part[0]);
    *index = &ref.part[list->n];
    **index = (struct fieldpart){ .has_index = true };
    return ref;
}

static bool
walk_objects(const struct conf *c, struct local *l, struct event *ev)
{
    struct arena *a = event_arena(ev);
    struct value *list = event_get(ev, &c->iterate_on);
    struct fieldpart *index[2];
    struct fieldref from = reference_into(a, &c->iterate_on, &c->source, &index[0]);
    struct fieldref to = reference_into(a, &c->iterate_on, &c->target, &index[1]);
    uint32_t n = list->type == V_ARRAY ? value_count(a, list) : 0;
    bool any = false;

    for (uint32_t i = 0; i < n; i++) {
        struct value *v, result;

        index[0]->index = index[1]->index = i;
        v = event_get(ev, &from);
        if (v != NULL && translate_or_fall_back(c, l, ev, key_of(l, a, v), &result))
            any |= event_set(ev, &to, result, NULL) == 0;
    }
    return any;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;
    bool matched;

    if (c->walk == WALK_OBJECTS) {
        if (!event_has(ev, &c->iterate_on))
            return EVENT_SKIP;
        matched = walk_objects(c, l, ev);
    } else {
        if (!event_has(ev, &c->source) || (!c->override && event_has(ev, &c->target)))
            return EVENT_SKIP;
        matched = c->walk == WALK_VALUES ? walk_values(c, l, ev) : walk_one(c, l, ev);
    }
    return matched || c->in_place ? EVENT_KEEP : EVENT_SKIP;
}

const struct filter_type filter_translate = {
    .name = "translate",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .prepare = prepare,
    .dispose = dispose,
    .start = start,
    .stop = stop,
    .apply = apply,
};
