/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter prune: removes top-level fields by name and by value (filters.md 15). */
#include "pipeline/filter.h"
#include "pipeline/pattern.h"
#include "pipeline/place.h"

struct rule {
    struct place field;
    struct pattern *pattern;
};

struct rules {
    struct rule *at;
    size_t n;
};

struct conf {
    bool interpolate;
    struct opt_list whitelist_names, blacklist_names;
    struct opt_hash whitelist_values, blacklist_values;
    struct rules keep_names, drop_names, keep_values, drop_values;
};

static const struct option options[] = {
    OPT_BOOL(struct conf, interpolate, .dflt = "false",
             .help = "patterns may hold placeholders; costs a compilation where they change"),
    OPT_LIST(struct conf, whitelist_names, .help = "patterns; names that match none are removed"),
    OPT_LIST(struct conf, blacklist_names, .dflt = "%\\{[^}]+\\}",
             .help = "patterns; names that match one are removed"),
    OPT_HASH(struct conf, whitelist_values,
             .help = "fields to patterns; values that do not match are removed"),
    OPT_HASH(struct conf, blacklist_values,
             .help = "fields to patterns; values that match are removed"),
    OPT_END,
};

/* ---- compiling ---- */

static int
compile_names(const struct conf *c, const struct plugin_context *ctx, const struct opt_list *list,
              struct rules *out, struct err *err)
{
    out->at = arena_calloc(ctx->arena, list->n, sizeof out->at[0]);
    for (; out->n < list->n; out->n++)
        if (pattern_compile(ctx, list->at[out->n], c->interpolate, &out->at[out->n].pattern, err) <
            0)
            return -1;
    return 0;
}

static int
compile_values(const struct conf *c, const struct plugin_context *ctx, const struct opt_hash *hash,
               struct rules *out, struct err *err)
{
    out->at = arena_calloc(ctx->arena, hash->n, sizeof out->at[0]);
    for (; out->n < hash->n; out->n++) {
        struct rule *rule = &out->at[out->n];

        if (place_compile(ctx, hash->at[out->n].key, false, &rule->field, err) < 0 ||
            pattern_compile(ctx, hash->at[out->n].value.text, c->interpolate, &rule->pattern, err) <
                0)
            return -1;
    }
    return 0;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    if (compile_names(c, ctx, &c->whitelist_names, &c->keep_names, err) < 0 ||
        compile_names(c, ctx, &c->blacklist_names, &c->drop_names, err) < 0 ||
        compile_values(c, ctx, &c->whitelist_values, &c->keep_values, err) < 0 ||
        compile_values(c, ctx, &c->blacklist_values, &c->drop_values, err) < 0)
        return -1;
    return 0;
}

static void
free_rules(struct rules *rules)
{
    for (size_t i = 0; i < rules->n; i++)
        pattern_free(&rules->at[i].pattern);
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    free_rules(&c->keep_names);
    free_rules(&c->drop_names);
    free_rules(&c->keep_values);
    free_rules(&c->drop_values);
}

/* ---- names ---- */

static bool
any_matches(const struct rules *rules, struct pattern_scratch *s, struct event *ev,
            struct slice name)
{
    for (size_t i = 0; i < rules->n; i++)
        if (pattern_matches(rules->at[i].pattern, s, ev, name))
            return true;
    return false;
}

/* Both lists count, each only if there is one. */
static bool
stays(const struct conf *c, struct pattern_scratch *s, struct event *ev, struct slice name)
{
    return (c->keep_names.n == 0 || any_matches(&c->keep_names, s, ev, name)) &&
           !any_matches(&c->drop_names, s, ev, name);
}

/* The members that stay move together in one pass. They are judged first, since patterns may look
 * at fields that go. */
static void
prune_names(const struct conf *c, struct pattern_scratch *s, struct event *ev)
{
    struct arena *a = event_arena(ev);
    uint32_t n = value_count(a, &ev->data), gone = 0;
    bool *stay = arena_alloc(a, n);
    struct value kept;

    for (uint32_t i = 0; i < n; i++) {
        stay[i] = stays(c, s, ev, value_key(a, value_at(a, &ev->data, i)));
        gone += !stay[i];
    }
    if (gone == 0)
        return;
    kept = value_object(a);
    for (uint32_t i = 0; i < n; i++)
        if (stay[i])
            value_adopt(a, &kept, value_at(a, &ev->data, i));
    ev->data = kept;
}

/* ---- values ---- */

/* Texts and members of a list; a value of another type is left alone (in Logstash it ends the
 * worker). */
static void
prune_value(const struct rule *rule, struct pattern_scratch *s, struct event *ev, bool keep)
{
    struct arena *a = event_arena(ev);
    struct value *v = rule->field.illegal ? NULL : event_get(ev, &rule->field.ref), left;
    uint32_t n, kept = 0;

    if (v == NULL || (v->type != V_STRING && v->type != V_ARRAY))
        return;
    if (v->type == V_STRING) {
        if (pattern_matches(rule->pattern, s, ev, value_text(a, v)) != keep)
            event_remove(ev, &rule->field.ref);
        return;
    }
    left = value_array(a);
    n = value_count(a, v);
    for (uint32_t i = 0; i < n; i++) {
        struct value *one = value_at(a, v, i);

        if (one->type == V_STRING &&
            pattern_matches(rule->pattern, s, ev, value_text(a, one)) != keep)
            continue;
        value_assign(value_push(a, &left), *one);
        kept++;
    }
    if (kept == 0)
        event_remove(ev, &rule->field.ref);
    else if (kept < n)
        event_set(ev, &rule->field.ref, left, NULL);
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct pattern_scratch *s = local;

    prune_names(c, s, ev);
    for (size_t i = 0; i < c->keep_values.n; i++)
        prune_value(&c->keep_values.at[i], s, ev, true);
    for (size_t i = 0; i < c->drop_values.n; i++)
        prune_value(&c->drop_values.at[i], s, ev, false);
    return EVENT_KEEP;
}

static int
start(const void *conf, void *local, struct err *err)
{
    (void)conf;
    (void)err;
    pattern_scratch_init(local);
    return 0;
}

static void
stop(const void *conf, void *local)
{
    (void)conf;
    pattern_scratch_fini(local);
}

const struct filter_type filter_prune = {
    .name = "prune",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct pattern_scratch),
    .options = options,
    .prepare = prepare,
    .dispose = dispose,
    .start = start,
    .stop = stop,
    .apply = apply,
};
