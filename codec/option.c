/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/option.h"

#include "codec/base/buf.h"
#include "codec/base/name_index.h"
#include "codec/codec.h"
#include "codec/template.h"

#include <stdlib.h>

/* One block being read. */
struct reading {
    const struct option_reader *r;
    const struct opt_plugin *given;
    const struct option *rows, *common;
    void *conf, *common_conf;
    bool failed;
};

const struct option codec_common_options[] = {
    OPT_NOTE("enable_metric", OPTION_WORKS, .help = "count what it does"),
    OPT_NOTE("id", OPTION_WORKS, .help = "name in logs and metrics"),
    OPT_END,
};

/* ---- rows ---- */

static const struct option *
row_in(const struct option *rows, struct slice name)
{
    for (; rows != NULL && rows->type != OPTION_END; rows++)
        if (slice_eq(name, slice_of(rows->name)))
            return rows;
    return NULL;
}

/* The plugin's own rows win, as an input may redefine a common option. */
static const struct option *
row_of(const struct reading *g, struct slice name)
{
    const struct option *row = row_in(g->rows, name);

    return row != NULL ? row : row_in(g->common, name);
}

static const struct opt_pair *
given_for(const struct reading *g, const struct option *row)
{
    for (size_t i = 0; i < g->given->n; i++)
        if (slice_eq(g->given->options[i].key, slice_of(row->name)))
            return &g->given->options[i];
    return NULL;
}

/* ---- findings ---- */

static void
fail_entry(struct reading *g, struct config_pos pos, const char *hint, const struct buf *text)
{
    size_t before = g->r->findings->n;

    g->failed = true;
    findings_add(g->r->findings, FINDING_ERROR, pos, hint, "%.*s", SLICE_ARGS(buf_slice(text)));
    if (g->r->findings->n > before)
        g->r->findings->at[before].entry = true;
}

/* The block as Logstash draws it around a problem. `lines` are those inside. */
static void
draw_block(const struct reading *g, struct slice lines, struct buf *out)
{
    buf_printf(out, "\n\n  %s {\n    %.*s {\n%.*s      ...\n    }\n  }", g->r->plugin_type,
               SLICE_ARGS(g->given->name), SLICE_ARGS(lines));
}

/* ---- the stages ---- */

static const char *
nearest(const struct reading *g, struct slice name)
{
    const struct option *lists[] = { g->rows, g->common };
    const char *found = NULL;
    unsigned best = 100;

    for (size_t i = 0; i < COUNT(lists); i++)
        for (const struct option *row = lists[i]; row != NULL && row->type != OPTION_END; row++)
            if (name_is_nearer(name, slice_of(row->name), &best))
                found = row->name;
    return found;
}

static void
check_names(struct reading *g)
{
    for (size_t i = 0; i < g->given->n; i++) {
        const struct opt_pair *o = &g->given->options[i];
        const char *known;
        struct buf text = { 0 }, hint = { 0 };

        if (row_of(g, o->key) != NULL)
            continue;
        known = nearest(g, o->key);
        buf_printf(&text, "Unknown setting '%.*s' for %.*s", SLICE_ARGS(o->key),
                   SLICE_ARGS(g->given->name));
        if (known != NULL)
            buf_printf(&hint, "did you mean `%s`?", known);
        fail_entry(g, o->pos, known != NULL ? buf_cstr(&hint) : NULL, &text);
        buf_fini(&text);
        buf_fini(&hint);
    }
}

/* A required list may not be empty, an array may: as in Logstash. An empty hash is nil to anything
 * but a hash. */
static bool
is_missing(const struct reading *g, const struct option *row)
{
    const struct opt_pair *o = given_for(g, row);

    if (!row->required)
        return false;
    return o == NULL || (row->type != OPTION_LIST && o->value.kind == OV_LIST && o->value.n == 0) ||
           (row->type != OPTION_HASH && o->value.kind == OV_HASH && o->value.n == 0);
}

static void
check_required(struct reading *g, const struct option *rows)
{
    for (const struct option *row = rows; row != NULL && row->type != OPTION_END; row++) {
        struct buf text = { 0 }, line = { 0 };

        if (!is_missing(g, row))
            continue;
        buf_printf(&line, "      %s => # SETTING MISSING\n", row->name);
        buf_printf(&text,
                   "Missing a required setting for the %.*s %s plugin:", SLICE_ARGS(g->given->name),
                   g->r->plugin_type);
        draw_block(g, buf_slice(&line), &text);
        fail_entry(g, g->given->pos, row->help, &text);
        buf_fini(&text);
        buf_fini(&line);
    }
}

static void
invalid(struct reading *g, const struct option *row, const struct opt_pair *o,
        const struct buf *reason)
{
    struct buf text = { 0 }, lines = { 0 };

    buf_append(&lines, SLICE("      # This setting must be a "));
    option_kind_print(row, &lines);
    buf_printf(&lines, "\n      # %.*s\n      %s => ", SLICE_ARGS(buf_slice(reason)), row->name);
    opt_value_print(&o->value, &lines);
    buf_byte(&lines, '\n');
    buf_printf(&text, "Invalid setting for %.*s %s plugin:", SLICE_ARGS(g->given->name),
               g->r->plugin_type);
    draw_block(g, buf_slice(&lines), &text);
    fail_entry(g, o->value.pos, NULL, &text);
    buf_fini(&text);
    buf_fini(&lines);
}

/* ---- storing ---- */

/* What cannot be compiled will never work: refused at its place. */
static void
not_compiled(struct reading *g, struct config_pos pos, const struct option *row,
             const struct err *err)
{
    g->failed = true;
    findings_add(g->r->findings, FINDING_ERROR, pos, NULL,
                 "Unable to configure plugins: (ConfigurationError) The setting `%s` in plugin "
                 "`%.*s` cannot work: %s",
                 row->name, SLICE_ARGS(g->given->name), err->msg);
}

static struct opt_list
texts(const struct reading *g, const struct opt_value *v)
{
    struct opt_list out = { .n = v->n, .given = true };

    out.at = arena_calloc(g->r->arena, v->n, sizeof *out.at);
    for (size_t i = 0; i < v->n; i++)
        if (v->kind == OV_HASH) {
            struct opt_value two[2] = { { .kind = OV_STRING, .text = v->pairs[i].key },
                                        v->pairs[i].value };
            struct opt_value pair = { .kind = OV_LIST, .list = two, .n = 2 };

            out.at[i] = opt_value_text(g->r->arena, &pair);
        } else {
            out.at[i] = opt_value_text(g->r->arena, &v->list[i]);
        }
    return out;
}

static struct template *
one_template(struct reading *g, const struct option *row, const struct opt_value *v)
{
    struct template *t = NULL;
    struct err err = { 0 };

    if (template_compile(g->r->arena, opt_value_text(g->r->arena, v), g->r->escape, &t, &err) < 0)
        not_compiled(g, v->pos, row, &err);
    return t;
}

static struct opt_templates
templates(struct reading *g, const struct option *row, const struct opt_value *v)
{
    struct opt_templates out = { .n = v->n, .given = true };

    out.at = arena_calloc(g->r->arena, v->n, sizeof(struct template *));
    for (size_t i = 0; i < v->n; i++) {
        struct opt_value key = { .kind = OV_STRING };

        if (v->kind == OV_HASH)
            key.text = texts(g, v).at[i];
        out.at[i] = one_template(g, row, v->kind == OV_HASH ? &key : &v->list[i]);
    }
    return out;
}

static struct fieldref
one_fieldref(struct reading *g, const struct option *row, const struct opt_value *v)
{
    struct fieldref ref = { 0 };
    struct err err = { 0 };

    if (!opt_is_null(v) &&
        fieldref_compile(g->r->arena, opt_value_text(g->r->arena, v), g->r->escape, &ref, &err) < 0)
        not_compiled(g, v->pos, row, &err);
    return ref;
}

static struct opt_fieldrefs
fieldrefs(struct reading *g, const struct option *row, const struct opt_value *v)
{
    struct opt_fieldrefs out = { .n = v->n, .given = true };

    out.at = arena_calloc(g->r->arena, v->n, sizeof *out.at);
    for (size_t i = 0; i < v->n; i++)
        out.at[i] = one_fieldref(g, row, &v->list[i]);
    return out;
}

static int
choice(const struct option *row, struct slice text)
{
    int i = 0;

    while (row->choices[i] != NULL && !slice_eq(text, slice_of(row->choices[i])))
        i++;
    return row->choices[i] != NULL ? i : -1;
}

static void
unknown_codec(struct reading *g, struct config_pos pos, struct slice name)
{
    g->failed = true;
    findings_add(g->r->findings, FINDING_ERROR, pos, NULL,
                 "Unable to configure plugins: (PluginLoadingError) Couldn't find any codec plugin "
                 "named '%.*s'. Are you sure this is correct?",
                 SLICE_ARGS(name));
}

static struct codec_use
codec(struct reading *g, const struct opt_value *v)
{
    struct opt_plugin bare = { .name = v->text, .pos = v->pos };
    const struct opt_plugin *block = v->kind == OV_PLUGIN ? v->plugin : &bare;
    struct option_reader inner = *g->r;
    struct codec_use use = { .given = true };
    struct err err = { 0 };

    use.type = g->r->find_codec != NULL ? g->r->find_codec(block->name) : NULL;
    if (use.type == NULL) {
        unknown_codec(g, block->pos, block->name);
        return use;
    }
    inner.plugin_type = "codec";
    use.conf = arena_calloc(g->r->arena, 1, use.type->conf_size + 1);
    if (options_read(&inner, block, use.type->options, use.conf, codec_common_options, NULL) < 0) {
        g->failed = true;
    } else if (g->r->ctx != NULL && use.type->prepare != NULL &&
               use.type->prepare(use.conf, g->r->ctx, &err) < 0) {
        g->failed = true;
        findings_add(g->r->findings, FINDING_ERROR, block->pos, NULL,
                     "Unable to configure plugins: (ConfigurationError) codec %s: %s",
                     use.type->name, err.msg);
        if (use.type->dispose != NULL)
            use.type->dispose(use.conf);
        use.type = NULL;
    }
    return use;
}

static const struct opt_value *
kept(const struct reading *g, const struct opt_value *v)
{
    struct opt_value *copy = arena_alloc(g->r->arena, sizeof *copy);

    *copy = *v;
    return copy;
}

/* v was coerced to the row's type, or comes from its default. */
static void
store(struct reading *g, const struct option *row, void *conf, const struct opt_value *v)
{
    void *at = (char *)conf + row->at;
    bool null = opt_is_null(v);

    switch (row->type) {
    case OPTION_STRING:
    case OPTION_PASSWORD:
    case OPTION_PATH:
    case OPTION_URI:
    case OPTION_SHA256: *(struct slice *)at = opt_value_text(g->r->arena, v); break;
    case OPTION_INT: *(int64_t *)at = v->kind == OV_DOUBLE ? (int64_t)v->real : v->number; break;
    case OPTION_NUMBER: *(double *)at = v->kind == OV_DOUBLE ? v->real : (double)v->number; break;
    case OPTION_BOOL: *(bool *)at = slice_eq(v->text, SLICE("true")); break;
    case OPTION_BYTES: *(uint64_t *)at = (uint64_t)v->number; break;
    case OPTION_ENUM: *(int *)at = choice(row, v->text); break;
    case OPTION_FIELDREF: *(struct fieldref *)at = one_fieldref(g, row, v); break;
    case OPTION_TEMPLATE: *(struct template **)at = null ? NULL : one_template(g, row, v); break;
    case OPTION_LIST:
    case OPTION_PATHS:
    case OPTION_URIS:
    case OPTION_STRINGS:
    case OPTION_SHA256S: *(struct opt_list *)at = texts(g, v); break;
    case OPTION_FIELDREFS: *(struct opt_fieldrefs *)at = fieldrefs(g, row, v); break;
    case OPTION_TEMPLATES: *(struct opt_templates *)at = templates(g, row, v); break;
    case OPTION_HASH: *(struct opt_hash *)at = (struct opt_hash){ v->pairs, v->n, true }; break;
    case OPTION_CODEC: *(struct codec_use *)at = codec(g, v); break;
    case OPTION_ANY:
    case OPTION_NUMBERS: *(const struct opt_value **)at = kept(g, v); break;
    case OPTION_NONE:
    case OPTION_END: break;
    }
}

/* ---- defaults ---- */

static struct opt_value
default_list(const struct reading *g, struct slice text)
{
    struct opt_value v = { .kind = OV_LIST };
    struct slice item;

    v.list = arena_calloc(g->r->arena, text.n + 1, sizeof *v.list);
    while (text.n > 0 && slice_split(&text, ',', &item))
        v.list[v.n++] = (struct opt_value){ .kind = OV_STRING, .text = slice_trim(item) };
    return v;
}

/* Defaults are ours: a row whose default its own type refuses is a bug. */
static void
store_default(struct reading *g, const struct option *row, void *conf)
{
    struct opt_value v = { .kind = OV_STRING }, made;
    struct buf reason = { 0 };

    if (row->type == OPTION_ENUM && row->dflt == NULL)
        *(int *)((char *)conf + row->at) = -1;
    if (row->dflt == NULL || row->type == OPTION_NONE)
        return;
    v.text = slice_of(row->dflt);
    switch (row->type) {
    case OPTION_LIST:
    case OPTION_TEMPLATES:
    case OPTION_PATHS:
    case OPTION_URIS:
    case OPTION_STRINGS:
    case OPTION_FIELDREFS: v = default_list(g, v.text); break;
    case OPTION_HASH: v = (struct opt_value){ .kind = OV_HASH }; break;
    case OPTION_INT:
    case OPTION_NUMBER:
    case OPTION_BYTES:
        ASSERT(option_coerce(g->r, row, &v, &made, &reason));
        v = made;
        break;
    default: break;
    }
    store(g, row, conf, &v);
    buf_fini(&reason);
    /* Lists and hashes know whether the operator gave them. */
    switch (row->type) {
    case OPTION_LIST:
    case OPTION_PATHS:
    case OPTION_URIS:
    case OPTION_STRINGS: ((struct opt_list *)((char *)conf + row->at))->given = false; break;
    case OPTION_FIELDREFS: ((struct opt_fieldrefs *)((char *)conf + row->at))->given = false; break;
    case OPTION_TEMPLATES: ((struct opt_templates *)((char *)conf + row->at))->given = false; break;
    case OPTION_HASH: ((struct opt_hash *)((char *)conf + row->at))->given = false; break;
    case OPTION_CODEC: ((struct codec_use *)((char *)conf + row->at))->given = false; break;
    default: break;
    }
}

static void
store_defaults(struct reading *g, const struct option *rows, void *conf)
{
    for (const struct option *row = rows; row != NULL && row->type != OPTION_END; row++)
        store_default(g, row, conf);
}

/* ---- states ---- */

/* The hint is the line to write, where the value tells it. */
static void
refuse_obsolete(struct reading *g, const struct option *row, const struct opt_pair *o)
{
    const char *note = row->note != NULL ? row->note : "", *hint = row->note;
    struct buf line = { 0 };

    if (row->instead != NULL) {
        buf_append(&line, SLICE("write "));
        row->instead(g->given, &o->value, &line);
        hint = line.n > 6 ? buf_cstr(&line) : row->note;
    }
    g->failed = true;
    findings_add(g->r->findings, FINDING_ERROR, o->pos, hint,
                 "Unable to configure plugins: (ConfigurationError) The setting `%s` in plugin "
                 "`%.*s` is obsolete and is no longer available. %s",
                 row->name, SLICE_ARGS(g->given->name), note);
    buf_fini(&line);
}

/* Known options that do not simply work. */
static void
check_state(struct reading *g, const struct option *row, const struct opt_pair *o)
{
    struct findings *f = g->r->findings;
    struct slice plugin = g->given->name;
    const char *note = row->note != NULL ? row->note : "";

    switch (row->state) {
    case OPTION_WORKS:
    case OPTION_LATER_SAID:
    case OPTION_REFUSED_SAID: break;
    case OPTION_IGNORED:
        findings_add(f, FINDING_INFO, o->pos, NULL,
                     "The setting `%s` in plugin `%.*s` is accepted and has no effect here. %s",
                     row->name, SLICE_ARGS(plugin), note);
        break;
    case OPTION_LATER:
        findings_add(f, FINDING_WARN, o->pos, NULL,
                     "The setting `%s` in plugin `%.*s` is accepted and has no effect yet. %s",
                     row->name, SLICE_ARGS(plugin), note);
        break;
    case OPTION_REFUSED:
        g->failed = true;
        findings_add(f, FINDING_ERROR, o->pos, row->note,
                     "Unable to configure plugins: (ConfigurationError) The setting `%s` in plugin "
                     "`%.*s` is not supported. %s",
                     row->name, SLICE_ARGS(plugin), note);
        break;
    case OPTION_OBSOLETE: refuse_obsolete(g, row, o); break;
    case OPTION_DEPRECATED:
        findings_add(f, FINDING_DEPRECATION, o->pos, row->note,
                     "You are using a deprecated config setting \"%s\" set in %.*s. Deprecated "
                     "settings will continue to work, but are scheduled for removal from logstash "
                     "in the future. %s",
                     row->name, SLICE_ARGS(plugin), note);
        break;
    }
}

static void
read_value(struct reading *g, const struct opt_pair *o, struct opt_value *made)
{
    const struct option *row = row_of(g, o->key);
    struct buf reason = { 0 };

    if (!option_coerce(g->r, row, &o->value, made, &reason))
        invalid(g, row, o, &reason);
    buf_fini(&reason);
}

static void
store_given(struct reading *g, const struct opt_value *made)
{
    for (size_t i = 0; i < g->given->n; i++) {
        const struct opt_pair *o = &g->given->options[i];
        const struct option *row = row_of(g, o->key);
        void *conf = row_in(g->rows, o->key) == row ? g->conf : g->common_conf;

        check_state(g, row, o);
        if (row->type != OPTION_NONE && row->state != OPTION_OBSOLETE && conf != NULL)
            store(g, row, conf, &made[i]);
    }
}

int
options_read(const struct option_reader *r, const struct opt_plugin *given,
             const struct option *rows, void *conf, const struct option *common, void *common_conf)
{
    struct reading g = { r, given, rows, common, conf, common_conf, false };
    struct opt_value *made = arena_calloc(r->arena, given->n, sizeof *made);

    if (conf != NULL)
        store_defaults(&g, rows, conf);
    if (common_conf != NULL)
        store_defaults(&g, common, common_conf);
    check_names(&g);
    if (!g.failed) {
        check_required(&g, rows);
        check_required(&g, common);
    }
    for (size_t i = 0; !g.failed && i < given->n; i++)
        made[i] = (struct opt_value){ 0 };
    if (!g.failed)
        for (size_t i = 0; i < given->n; i++)
            read_value(&g, &given->options[i], &made[i]);
    if (!g.failed)
        store_given(&g, made);
    return g.failed ? -1 : 0;
}

struct codec_use
option_default_codec(const struct option_reader *r, const char *name)
{
    struct opt_plugin none = { .name = SLICE("") };
    struct reading g = { .r = r, .given = &none };
    struct opt_value v = { .kind = OV_BAREWORD, .text = slice_of(name) };
    struct codec_use use = codec(&g, &v);

    use.given = false;
    return use;
}

void
options_dispose(const struct option *rows, void *conf)
{
    for (const struct option *row = rows; row != NULL && row->type != OPTION_END; row++) {
        struct codec_use *use;

        if (row->type != OPTION_CODEC)
            continue;
        use = (struct codec_use *)((char *)conf + row->at);
        if (use->type != NULL && use->conf != NULL && use->type->dispose != NULL)
            use->type->dispose(use->conf);
    }
}
