/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration to plan: finds plugins, replaces variables, reads options, prepares, and builds the
 * trees of steps. Goes on after errors, so that one run reports all of them. */
#include "pipeline/plan.h"
#include "pipeline/line_pattern.h"

#include "codec/base/buf.h"
#include "codec/base/hash.h"
#include "codec/base/name_index.h"
#include "pipeline/config_parse.h"
#include "pipeline/config_vars.h"
#include "pipeline/edits.h"
#include "pipeline/filters.h"
#include "pipeline/known_plugins.h"

#include <stdlib.h>

struct compiling {
    struct plan *plan;
    const struct plan_registry *registry;
    struct config_vars vars;
    struct findings *findings;
    struct name_index ids;
    struct buf twice; /* ids that were met again */
    struct config_pos twice_at;
    unsigned ordinal; /* of plugins, in order of the text */
    bool in_outputs;  /* the section under way; inputs have a way of their own */
};

/* What the three kinds of plugins have in common while one of them is compiled. */
struct plugin {
    const char *section, *name;
    size_t conf_size;
    const struct option *options, *common;
    int (*prepare)(void *conf, const struct plugin_context *ctx, struct err *err);
    void *common_conf;
    const struct slice *id; /* in common_conf */
};

/* ---- names ---- */

/* Types of all kinds begin with their name. */
static_assert(offsetof(struct filter_type, name) == 0 && offsetof(struct sink_type, name) == 0 &&
                  offsetof(struct input_type, name) == 0,
              "nearest reads the name through a pointer to the type");

static const char *
nearest(const void *const *types, struct slice name)
{
    const char *found = NULL;
    unsigned best = 100;

    for (; types != NULL && *types != NULL; types++) {
        const char *candidate = *(const char *const *)*types;

        if (name_is_nearer(name, slice_of(candidate), &best))
            found = candidate;
    }
    return found;
}

static void
unknown_plugin(struct compiling *c, const char *section, const struct opt_plugin *block,
               const void *types)
{
    const char *known = nearest(types, block->name);
    struct buf hint = { 0 };

    if (plugin_is_known(section, block->name))
        buf_printf(&hint, "Logstash has this %s; Headrig does not", section);
    else if (known != NULL)
        buf_printf(&hint, "did you mean `%s`?", known);
    findings_add(c->findings, FINDING_ERROR, block->pos, hint.n > 0 ? buf_cstr(&hint) : NULL,
                 "Unable to configure plugins: (PluginLoadingError) Couldn't find any %s plugin "
                 "named '%.*s'. Are you sure this is correct?",
                 section, (int)(block->name.n < 200 ? block->name.n : 200), block->name.p);
    buf_fini(&hint);
}

/* ---- ids ---- */

/* Any stable text does: it changes only when the block, or what stands before it, changes. */
static const char *
made_id(struct compiling *c, const struct plugin *p, const struct opt_plugin *block)
{
    struct buf text = { 0 };
    struct opt_value v = { .kind = OV_PLUGIN };
    struct opt_plugin copy = *block;
    const char *id;
    uint64_t part[4];

    v.plugin = &copy;
    buf_printf(&text, "%s %u ", p->section, c->ordinal);
    opt_value_print(&v, &text);
    for (unsigned i = 0; i < COUNT(part); i++)
        part[i] = hash_bytes(buf_slice(&text), i + 1);
    buf_clear(&text);
    for (unsigned i = 0; i < COUNT(part); i++)
        buf_printf(&text, "%016llx", (unsigned long long)part[i]);
    id = arena_cstr(&c->plan->arena, buf_slice(&text));
    buf_fini(&text);
    return id;
}

static void
claim_id(struct compiling *c, struct slice id, struct config_pos pos)
{
    bool found;

    name_index_put(&c->ids, id, 0, &found);
    if (!found)
        return;
    if (c->twice.n == 0)
        c->twice_at = pos;
    if (c->twice.n < 4096)
        buf_printf(&c->twice, "ID: %.*s\n", (int)(id.n < 200 ? id.n : 200), id.p);
}

/* Codec blocks have ids too. */
static void
claim_codec_ids(struct compiling *c, const struct opt_plugin *block)
{
    for (size_t i = 0; i < block->n; i++) {
        const struct opt_value *v = &block->options[i].value;

        if (v->kind != OV_PLUGIN)
            continue;
        for (size_t j = 0; j < v->plugin->n; j++)
            if (slice_eq(v->plugin->options[j].key, SLICE("id")))
                claim_id(c, v->plugin->options[j].value.text, v->plugin->options[j].pos);
        claim_codec_ids(c, v->plugin);
    }
}

static void
report_ids(struct compiling *c)
{
    if (c->twice.n > 0)
        findings_add(c->findings, FINDING_ERROR, c->twice_at, "an id may stand only once",
                     "Config has duplicate Ids: \n%s", buf_cstr(&c->twice));
    buf_fini(&c->twice);
    name_index_fini(&c->ids);
}

/* ---- one plugin ---- */

static struct config_pos
option_pos(const struct opt_plugin *block, const char *name)
{
    for (size_t i = 0; i < block->n; i++)
        if (slice_eq(block->options[i].key, slice_of(name)))
            return block->options[i].value.pos;
    return block->pos;
}

/* Of the option that the message begins with. */
static struct config_pos
named_pos(const struct opt_plugin *block, const char *message)
{
    struct slice rest = slice_of(message), name = { 0 };

    slice_split(&rest, ':', &name);
    for (size_t i = 0; i < block->n; i++)
        if (slice_eq(block->options[i].key, name))
            return block->options[i].value.pos;
    return block->pos;
}

static void
not_prepared(struct compiling *c, struct config_pos pos, const struct plugin *p,
             const struct err *err)
{
    findings_add(c->findings, FINDING_ERROR, pos, NULL,
                 "Unable to configure plugins: (ConfigurationError) %s %s: %s", p->section, p->name,
                 err->msg);
}

static const struct log *
plugin_log(struct compiling *c, const struct plugin *p, const char *id)
{
    struct arena *a = &c->plan->arena;
    struct log *log = arena_calloc(a, 1, sizeof *log);

    log->logger = arena_cstr(a, arena_printf(a, "logstash.%ss.%s", p->section, p->name));
    log->pipeline = c->plan->settings.pipeline_id;
    log->plugin = id;
    return log;
}

static struct option_reader
reader_for(struct compiling *c, const char *plugin_type, const struct plugin_context *ctx)
{
    return (struct option_reader){ .arena = &c->plan->arena,
                                   .escape = c->plan->settings.escape,
                                   .findings = c->findings,
                                   .plugin_type = plugin_type,
                                   .find_codec = c->registry->find_codec != NULL
                                                     ? c->registry->find_codec
                                                     : codec_find,
                                   .ctx = ctx };
}

/* Reads and prepares; the conf, in the arena. *ctx is the plugin's; *prepared: dispose is due. */
static void *
compile_plugin(struct compiling *c, const struct plugin *p, const struct opt_plugin *written,
               struct plugin_context *ctx, bool *prepared)
{
    struct arena *a = &c->plan->arena;
    struct opt_plugin *block = arena_alloc(a, sizeof *block);
    void *conf = arena_calloc(a, 1, p->conf_size + 1);
    size_t errors = c->findings->errors;
    struct option_reader reader = reader_for(c, p->section, ctx);
    struct err err = { 0 };

    c->ordinal++;
    *ctx = c->plan->ctx;
    ctx->pos = written->pos;
    *block = config_vars_plugin(&c->vars, written);
    ctx->given = block;
    if (c->findings->errors > errors ||
        options_read(&reader, block, p->options, conf, p->common, p->common_conf) < 0)
        return conf;
    claim_codec_ids(c, block);
    ctx->id = p->id->n > 0 ? arena_cstr(a, *p->id) : made_id(c, p, block);
    claim_id(c, slice_of(ctx->id), option_pos(block, "id"));
    ctx->log = plugin_log(c, p, ctx->id);
    *prepared = true;
    if (p->prepare != NULL && p->prepare(conf, ctx, &err) < 0)
        not_prepared(c, written->pos, p, &err);
    return conf;
}

/* After compiling nobody adds findings. */
static void
settle(struct plugin_context *ctx)
{
    ctx->findings = NULL;
}

static void
default_codec(struct compiling *c, struct codec_use *use, const char *name,
              const struct plugin_context *ctx)
{
    struct option_reader reader = reader_for(c, "codec", ctx);

    if (use->type == NULL)
        *use = option_default_codec(&reader, name != NULL ? name : "plain");
}

/* ---- filters ---- */

static void
default_failure_tags(struct arena *a, const char *text, struct opt_list *tags)
{
    struct slice rest = slice_of(text), tag;

    if (tags->given)
        return;
    tags->at = arena_calloc(a, rest.n + 1, sizeof *tags->at);
    while (slice_split(&rest, ',', &tag))
        tags->at[tags->n++] = tag;
}

static struct plan_filter *
compile_filter(struct compiling *c, const struct opt_plugin *block)
{
    struct plan *plan = c->plan;
    struct plan_filter *f;
    struct err err = { 0 };
    struct plugin p;
    const struct filter_type *type = c->registry->find_filter != NULL
                                         ? c->registry->find_filter(block->name)
                                         : filter_find(block->name);

    if (type == NULL) {
        unknown_plugin(c, "filter", block, filter_all());
        return NULL;
    }
    f = arena_calloc(&plan->arena, 1, sizeof *f);
    f->type = type;
    f->local = (uint32_t)plan->filter_n;
    plan->filter[plan->filter_n++] = f;
    plan->lane = plan->lane || type->ordered;
    p = (struct plugin){ "filter",
                         type->name,
                         type->conf_size,
                         type->options,
                         type->tag_on_failure != NULL ? filter_failing_options
                                                      : filter_common_options,
                         type->prepare,
                         &f->common,
                         &f->common.id };
    f->conf = compile_plugin(c, &p, block, &f->ctx, &f->prepared);
    if (f->prepared) {
        if (type->tag_on_failure != NULL)
            default_failure_tags(&plan->arena, type->tag_on_failure, &f->common.tag_on_failure);
        if (plan_edits_compile(&plan->arena, &f->common, &f->ctx, &f->edits, &err) < 0)
            not_prepared(c, option_pos(f->ctx.given, "add_field"), &p, &err);
    }
    settle(&f->ctx);
    return f;
}

/* ---- outputs and inputs ---- */

static struct plan_output *
compile_output(struct compiling *c, const struct opt_plugin *block)
{
    struct plan *plan = c->plan;
    const struct sink_type *type =
        c->registry->find_sink != NULL ? c->registry->find_sink(block->name) : NULL;
    struct plan_output *o;
    struct plugin p;

    if (type == NULL) {
        unknown_plugin(c, "output", block, c->registry->sinks);
        return NULL;
    }
    o = arena_calloc(&plan->arena, 1, sizeof *o);
    o->type = type;
    o->index = (uint32_t)plan->output_n;
    plan->output[plan->output_n++] = o;
    p = (struct plugin){ "output",      type->name,          type->conf_size,
                         type->options, sink_common_options, type->prepare,
                         &o->common,    &o->common.id };
    o->conf = compile_plugin(c, &p, block, &o->ctx, &o->prepared);
    if (o->prepared)
        default_codec(c, &o->common.codec, type->default_codec, &o->ctx);
    settle(&o->ctx);
    return o;
}

static void
compile_input(struct compiling *c, const struct opt_plugin *block)
{
    struct plan *plan = c->plan;
    const struct input_type *type =
        c->registry->find_input != NULL ? c->registry->find_input(block->name) : NULL;
    size_t errors = c->findings->errors;
    struct err err = { 0 };
    struct plan_input *in;
    struct plugin p;

    if (type == NULL) {
        unknown_plugin(c, "input", block, c->registry->inputs);
        return;
    }
    in = arena_calloc(&plan->arena, 1, sizeof *in);
    in->type = type;
    plan->input[plan->input_n++] = in;
    p = (struct plugin){ "input",       type->name,           type->conf_size,
                         type->options, input_common_options, type->prepare,
                         &in->common,   &in->common.id };
    in->conf = compile_plugin(c, &p, block, &in->ctx, &in->prepared);
    if (in->prepared && type->check != NULL && c->findings->errors == errors &&
        type->check(in->conf, &in->ctx, &err) < 0)
        not_prepared(c, named_pos(in->ctx.given, err.msg), &p, &err);
    if (in->prepared)
        default_codec(c, &in->common.codec, type->default_codec, &in->ctx);
    settle(&in->ctx);
}

/* ---- trees ---- */

static void compile_block(struct compiling *c, struct block *out, const struct config_node *nodes,
                          size_t n);

static struct cond *
compile_condition(struct compiling *c, const struct config_condition *tree)
{
    size_t errors = c->findings->errors;
    const struct config_condition *replaced = config_vars_condition(&c->vars, tree);
    struct cond *cond = NULL;

    if (c->findings->errors == errors)
        cond_compile(replaced, &c->plan->ctx, c->plan->patterns, &cond);
    return cond;
}

static struct block *
block_new(struct compiling *c, const struct config_node *nodes, size_t n)
{
    struct block *b = arena_calloc(&c->plan->arena, 1, sizeof *b);

    compile_block(c, b, nodes, n);
    return b;
}

/* A chain of else ifs may be long: a loop. Bodies are bounded by the depth of brackets. */
static void
compile_branch(struct compiling *c, struct step *s, const struct config_node *node)
{
    for (;;) {
        struct block *otherwise;

        s->kind = STEP_IF;
        s->pos = node->pos;
        s->branch.cond = compile_condition(c, node->condition);
        s->branch.then = block_new(c, node->then, node->then_n);
        if (node->otherwise_n != 1 || node->otherwise[0].kind != NODE_IF) {
            s->branch.otherwise = block_new(c, node->otherwise, node->otherwise_n);
            return;
        }
        otherwise = arena_calloc(&c->plan->arena, 1, sizeof *otherwise);
        otherwise->at = arena_calloc(&c->plan->arena, 1, sizeof *otherwise->at);
        otherwise->n = 1;
        s->branch.otherwise = otherwise;
        s = &otherwise->at[0];
        node = &node->otherwise[0];
    }
}

static bool
compile_step(struct compiling *c, struct step *s, const struct opt_plugin *block)
{
    if (c->in_outputs) {
        s->kind = STEP_OUTPUT;
        s->output = compile_output(c, block);
        return s->output != NULL;
    }
    s->kind = STEP_FILTER;
    s->filter = compile_filter(c, block);
    return s->filter != NULL;
}

static void
compile_block(struct compiling *c, struct block *out, const struct config_node *nodes, size_t n)
{
    out->at = arena_calloc(&c->plan->arena, n, sizeof *out->at);
    for (size_t i = 0; i < n; i++) {
        struct step *s = &out->at[out->n];

        s->pos = nodes[i].pos;
        if (nodes[i].kind == NODE_IF)
            compile_branch(c, s, &nodes[i]);
        else if (!compile_step(c, s, &nodes[i].plugin))
            continue;
        out->n++;
    }
}

/* Conditions around inputs have no effect in Logstash. */
static void
compile_inputs(struct compiling *c, const struct config_node *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct config_node *node = &nodes[i];

        if (node->kind == NODE_PLUGIN) {
            compile_input(c, &node->plugin);
            continue;
        }
        compile_inputs(c, node->then, node->then_n);
        while (node->otherwise_n == 1 && node->otherwise[0].kind == NODE_IF) {
            node = &node->otherwise[0];
            compile_inputs(c, node->then, node->then_n);
        }
        compile_inputs(c, node->otherwise, node->otherwise_n);
    }
}

static size_t
count_plugins(const struct config_node *nodes, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        const struct config_node *node = &nodes[i];

        count += node->kind == NODE_PLUGIN;
        while (node->otherwise_n == 1 && node->otherwise[0].kind == NODE_IF) {
            count += count_plugins(node->then, node->then_n);
            node = &node->otherwise[0];
        }
        count += count_plugins(node->then, node->then_n) +
                 count_plugins(node->otherwise, node->otherwise_n);
    }
    return count;
}

/* ---- the plan ---- */

static struct plan *
plan_new(const struct config *config, const struct plan_settings *settings, zone_fn *zone,
         struct timestamp (*now)(void), struct findings *findings)
{
    struct plan *p = xcalloc(1, sizeof *p);
    const char *id = settings->pipeline_id != NULL ? settings->pipeline_id : "main";

    atomic_init(&p->count, 1);
    arena_init(&p->arena, NULL);
    p->settings = *settings;
    p->settings.pipeline_id = arena_cstr(&p->arena, slice_of(id));
    p->log = (struct log){ .logger = "logstash.javapipeline", .pipeline = p->settings.pipeline_id };
    p->ctx = (struct plugin_context){ .arena = &p->arena,
                                      .escape = settings->escape,
                                      .ecs = settings->ecs,
                                      .regexes = settings->regexes,
                                      .files = settings->files,
                                      .support_escapes = settings->support_escapes,
                                      .id = p->settings.pipeline_id,
                                      .pipeline_id = p->settings.pipeline_id,
                                      .log = &p->log,
                                      .findings = findings,
                                      .zone = zone,
                                      .line_patterns = &grok_line_patterns,
                                      .now = now };
    p->lane = settings->ordered;
    p->patterns = cond_pool_new();
    p->filter = arena_calloc(&p->arena, count_plugins(config->filter.at, config->filter.n),
                             sizeof(struct plan_filter *));
    p->output = arena_calloc(&p->arena, count_plugins(config->output.at, config->output.n),
                             sizeof(struct plan_output *));
    p->input = arena_calloc(&p->arena, count_plugins(config->input.at, config->input.n),
                            sizeof(struct plan_input *));
    return p;
}

struct plan *
plan_compile(const struct config *config, const struct plan_settings *settings,
             const struct plan_registry *registry,
             const char *(*env_lookup)(void *arg, struct slice name), void *env_arg, zone_fn *zone,
             struct timestamp (*now)(void), struct findings *findings)
{
    size_t errors = findings->errors;
    struct plan *plan = plan_new(config, settings, zone, now, findings);
    struct compiling c = { .plan = plan, .registry = registry, .findings = findings };

    c.vars = (struct config_vars){
        .arena = &plan->arena, .findings = findings, .lookup = env_lookup, .arg = env_arg
    };
    compile_inputs(&c, config->input.at, config->input.n);
    compile_block(&c, &plan->filters, config->filter.at, config->filter.n);
    c.in_outputs = true;
    compile_block(&c, &plan->outputs, config->output.at, config->output.n);
    report_ids(&c);
    settle(&plan->ctx);
    if (findings->errors > errors)
        plan_drop(&plan);
    return plan;
}

struct plan *
plan_hold(struct plan *p)
{
    atomic_fetch_add_explicit(&p->count, 1, memory_order_relaxed);
    return p;
}

static void
dispose_filter(struct plan_filter *f)
{
    if (f->prepared && f->type->dispose != NULL)
        f->type->dispose(f->conf);
    options_dispose(f->type->options, f->conf);
}

static void
dispose_output(struct plan_output *o)
{
    if (o->prepared && o->type->dispose != NULL)
        o->type->dispose(o->conf);
    options_dispose(o->type->options, o->conf);
    options_dispose(sink_common_options, &o->common);
}

static void
dispose_input(struct plan_input *in)
{
    if (in->prepared && in->type->dispose != NULL)
        in->type->dispose(in->conf);
    options_dispose(in->type->options, in->conf);
    options_dispose(input_common_options, &in->common);
}

void
plan_drop(struct plan **p)
{
    struct plan *plan = *p;

    *p = NULL;
    if (plan == NULL || atomic_fetch_sub_explicit(&plan->count, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < plan->filter_n; i++)
        dispose_filter(plan->filter[i]);
    for (size_t i = 0; i < plan->output_n; i++)
        dispose_output(plan->output[i]);
    for (size_t i = 0; i < plan->input_n; i++)
        dispose_input(plan->input[i]);
    cond_pool_free(&plan->patterns);
    arena_fini(&plan->arena);
    free(plan);
}
