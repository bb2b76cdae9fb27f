/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter cidr: whether an address lies in a network (filters.md 21).
 *
 * Networks without placeholders are read once; those of a file again when it has changed. */
#include "codec/template.h"
#include "pipeline/filter.h"
#include "pipeline/ip.h"
#include "pipeline/refresh.h"
#include "pipeline/ruby_value.h"
#include "pipeline/text_file.h"

#include <stdlib.h>

/* Bytes a file of networks may have. */
#define FILE_BYTES (256u << 20)

struct conf {
    struct opt_templates address, network;
    struct fieldref address_field;
    struct slice network_path, separator;
    int64_t refresh_interval;
    struct ip_set fixed;
    struct template **changing; /* networks with placeholders */
    size_t changing_n;
    struct refresh *file; /* of an ip_set */
};

struct local {
    struct refresh_view file;
    struct buf text;
};

static const struct option options[] = {
    OPT_TEMPLATES(struct conf, address, .help = "addresses to look at"),
    OPT_FIELDREF(struct conf, address_field, .help = "field with one address or a list of them"),
    OPT_TEMPLATES(struct conf, network, .help = "networks, each entry one or several with commas"),
    OPT_PATH(struct conf, network_path, .help = "file with networks"),
    OPT_INT(struct conf, refresh_interval, .dflt = "600", .min = 0, .max = INT32_MAX,
            .help = "seconds between two looks at the file"),
    OPT_STR(struct conf, separator, .dflt = "\n",
            .help = "what stands between networks in the file"),
    OPT_END,
};

/* ---- networks ---- */

/* What is no network is left out; how many those were is returned. */
static size_t
add_networks(struct slice text, struct slice separator, struct ip_set *out)
{
    size_t from = 0, bad = 0;

    while (from <= text.n) {
        size_t to = separator.n == 0 ? text.n : slice_find(text, separator, from);
        struct ip_range range;
        struct slice one;

        if (to == SIZE_MAX)
            to = text.n;
        one = slice_trim(slice_between(text.p + from, text.p + to));
        if (ip_range_parse(one, &range))
            ip_set_add(out, &range);
        else
            bad += one.n > 0;
        from = to + separator.n;
        if (to == text.n)
            break;
    }
    return bad;
}

static void
unload(void *value)
{
    ip_set_fini(value);
    free(value);
}

static void *
load(void *arg, const char *path, const void *old, struct err *err)
{
    const struct conf *c = arg;
    struct ip_set *set;
    struct buf text = { 0 };

    (void)old;
    if (text_file_read(path, FILE_BYTES, &text, err) < 0)
        return NULL;
    set = xcalloc(1, sizeof *set);
    add_networks(buf_slice(&text), c->separator, set);
    ip_set_finish(set);
    buf_fini(&text);
    return set;
}

static int
compile_networks(struct conf *c, const struct plugin_context *ctx)
{
    size_t bad = 0;

    c->changing = arena_calloc(ctx->arena, c->network.n, sizeof c->changing[0]);
    for (size_t i = 0; i < c->network.n; i++) {
        struct slice text;

        if (template_is_literal(c->network.at[i], &text))
            bad += add_networks(text, SLICE(","), &c->fixed);
        else
            c->changing[c->changing_n++] = c->network.at[i];
    }
    ip_set_finish(&c->fixed);
    if (bad > 0 && ctx->findings != NULL)
        findings_add(ctx->findings, FINDING_WARN, ctx->pos, NULL,
                     "network: Invalid IP network, skipping (%zu of the list)", bad);
    return 0;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    if (c->address.n > 0 && c->address_field.text.p != NULL)
        return err_set(err, ERR_CONFIG,
                       "The configuration options 'address' and 'address_field' "
                       "are mutually exclusive");
    if (c->network.n > 0 && c->network_path.p != NULL)
        return err_set(err, ERR_CONFIG,
                       "The configuration options 'network' and 'network_path' "
                       "are mutually exclusive");
    if (c->network_path.p != NULL) {
        struct refresh_spec spec = {
            .path = arena_cstr(ctx->arena, c->network_path),
            .interval_ms = (uint64_t)c->refresh_interval * 1000,
            .load = load,
            .unload = unload,
            .arg = c,
            .log = ctx->log,
        };

        c->file = refresh_new(&spec, err);
        if (c->file == NULL)
            return err_prefix(err, "network_path");
    }
    return compile_networks(c, ctx);
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    ip_set_fini(&c->fixed);
    refresh_free(&c->file);
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    refresh_release(&l->file);
    buf_fini(&l->text);
}

/* ---- asking ---- */

static bool
in_changing(const struct conf *c, struct local *l, struct event *ev, const struct ip_range *address)
{
    for (size_t i = 0; i < c->changing_n; i++) {
        struct ip_set set = { 0 };
        bool found;

        buf_clear(&l->text);
        template_render(c->changing[i], ev, &l->text);
        add_networks(buf_slice(&l->text), SLICE(","), &set);
        ip_set_finish(&set);
        found = ip_set_has(&set, address);
        ip_set_fini(&set);
        if (found)
            return true;
    }
    return false;
}

static bool
is_inside(const struct conf *c, struct local *l, struct event *ev, struct slice text)
{
    struct ip_range address;

    if (!ip_range_parse(text, &address))
        return false;
    if (c->file != NULL)
        return ip_set_has(refresh_get(c->file, &l->file), &address);
    return ip_set_has(&c->fixed, &address) || in_changing(c, l, ev, &address);
}

static bool
field_is_inside(const struct conf *c, struct local *l, struct event *ev)
{
    struct arena *a = event_arena(ev);
    struct value *v = event_get(ev, &c->address_field);

    if (v == NULL)
        return false;
    if (v->type != V_ARRAY)
        return v->type == V_STRING && is_inside(c, l, ev, value_text(a, v));
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++) {
        struct value *one = value_at(a, v, i);

        if (one->type == V_STRING && is_inside(c, l, ev, value_text(a, one)))
            return true;
    }
    return false;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;

    if (c->address_field.text.p != NULL)
        return field_is_inside(c, l, ev) ? EVENT_KEEP : EVENT_SKIP;
    for (size_t i = 0; i < c->address.n; i++) {
        char text[IP_TEXT * 2];

        buf_clear(&l->text);
        template_render(c->address.at[i], ev, &l->text);
        if (l->text.n > sizeof text)
            continue;
        memcpy(text, l->text.p, l->text.n); /* the buffer may be needed for a network */
        if (is_inside(c, l, ev, (struct slice){ text, l->text.n }))
            return EVENT_KEEP;
    }
    return EVENT_SKIP;
}

const struct filter_type filter_cidr = {
    .name = "cidr",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .prepare = prepare,
    .dispose = dispose,
    .stop = stop,
    .apply = apply,
};
