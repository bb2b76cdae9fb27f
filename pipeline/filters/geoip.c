/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter geoip: where an address is, by a database in MaxMind's format (filters.md 19).
 *
 * The database is opened anew when its file changes (refresh.h). A worker keeps the fields of the
 * records it has met as JSON text, so that an address costs a walk through the tree and a copy. */
#include "pipeline/ecs.h"
#include "pipeline/file_store.h"
#include "pipeline/filter.h"
#include "pipeline/geoip_fields.h"
#include "pipeline/overlay.h"
#include "pipeline/refresh.h"
#include "pipeline/text_cache.h"

#include <unistd.h>

#define LOOK_MS     60000
#define ENTRY_BYTES 1024
#define CACHE_BYTES ((size_t)64 << 20)

struct conf {
    struct fieldref source, target;
    struct slice database;
    int default_database_type;
    struct opt_list fields;
    int64_t cache_size;
    int ecs_compatibility;
    bool ecs;
    geoip_set set;        /* 0: as the database's kind has it */
    struct refresh *file; /* of a struct file_share of a struct geoip_db */
};

struct local {
    struct refresh_view file;
    const struct geoip_db *db; /* that the cache is of */
    struct text_cache *cache;
    struct buf text, rest;
};

static const char *const types[] = { "City", "ASN", NULL };

static const struct option options[] = {
    OPT_FIELDREF(struct conf, source, .required = true, .help = "field with the address"),
    OPT_FIELDREF(struct conf, target,
                 .help = "where the fields go; default: geoip, with ECS the parent of [x][ip]"),
    OPT_PATH(struct conf, database,
             .help = "file in MaxMind's format, kept in memory, once for all filters that name "
                     "it; default: GeoLite2 of the default_database_type where geoipupdate puts "
                     "it"),
    OPT_ENUM(struct conf, default_database_type, .choices = types, .dflt = "City",
             .help = "kind of the database that is taken by default"),
    OPT_LIST(struct conf, fields, .help = "fields to write; default: by the kind of the database"),
    OPT_INT(struct conf, cache_size, .dflt = "1000", .min = 1, .max = 10000000,
            .help = "records a worker remembers"),
    OPT_ECS(struct conf),
    OPT_END,
};

/* ---- preparing ---- */

static void *
open_database(const char *path, struct err *err)
{
    return geoip_db_open(path, err);
}

static void
close_database(void *value)
{
    struct geoip_db *db = value;

    geoip_db_close(&db);
}

static const struct file_kind databases = { open_database, close_database };

static void
unload(void *value)
{
    struct file_share *share = value;

    file_share_give(&share);
}

static void *
load(void *files, const char *path, const void *old, struct err *err)
{
    (void)old;
    return file_store_take(files, path, &databases, err);
}

/* [client][ip] goes to [client]. */
static int
choose_target(struct conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct slice source = c->source.text;

    if (c->target.text.p != NULL)
        return 0;
    if (!c->ecs) {
        c->target = fieldref_key(ctx->arena, SLICE("geoip"));
        return 0;
    }
    if (source.n <= 4 || !slice_ends(source, SLICE("[ip]")))
        return err_set(err, ERR_CONFIG,
                       "GeoIP Filter in ECS-Compatiblity mode requires a `target` when `source` "
                       "is not an `ip` sub-field, eg. [client][ip]");
    source.n -= 4;
    return fieldref_compile(ctx->arena, source, ctx->escape, &c->target, err);
}

static int
read_fields(struct conf *c, struct err *err)
{
    for (size_t i = 0; i < c->fields.n; i++) {
        geoip_set one = geoip_field(c->fields.at[i]);

        if (one == 0)
            return err_set(err, ERR_CONFIG, "fields: \"%.*s\" is no field of geoip",
                           SLICE_ARGS(c->fields.at[i]));
        c->set |= one;
    }
    return 0;
}

static const char *
default_path(const struct conf *c, const struct plugin_context *ctx, struct err *err)
{
    static const char *const folders[] = { "/var/lib/GeoIP", "/usr/share/GeoIP" };

    for (size_t i = 0; i < COUNT(folders); i++) {
        struct slice path = arena_printf(ctx->arena, "%s/GeoLite2-%s.mmdb", folders[i],
                                         types[c->default_database_type]);
        const char *cstr = arena_cstr(ctx->arena, path);

        if (access(cstr, R_OK) == 0)
            return cstr;
    }
    err_set(err, ERR_CONFIG,
            "database: none is given, and there is no GeoLite2-%s.mmdb in %s or %s",
            types[c->default_database_type], folders[0], folders[1]);
    return NULL;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;
    struct refresh_spec spec = {
        .interval_ms = LOOK_MS, .load = load, .unload = unload, .arg = ctx->files, .log = ctx->log
    };

    c->ecs = ecs_is_on(c->ecs_compatibility, ctx);
    if (choose_target(c, ctx, err) < 0 || read_fields(c, err) < 0)
        return -1;
    spec.path =
        c->database.p != NULL ? arena_cstr(ctx->arena, c->database) : default_path(c, ctx, err);
    if (spec.path == NULL)
        return -1;
    c->file = refresh_new(&spec, err);
    return c->file == NULL ? err_prefix(err, "database") : 0;
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    refresh_free(&c->file);
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    text_cache_free(&l->cache);
    refresh_release(&l->file);
    buf_fini(&l->text);
    buf_fini(&l->rest);
}

/* ---- looking up ---- */

/* What a cache holds is of one database. */
static const struct geoip_db *
database(const struct conf *c, struct local *l)
{
    const struct geoip_db *db = file_share_value(refresh_get(c->file, &l->file));
    size_t bytes = (size_t)c->cache_size * ENTRY_BYTES;

    if (db == l->db)
        return db;
    text_cache_free(&l->cache);
    l->cache = text_cache_new((size_t)c->cache_size, bytes < CACHE_BYTES ? bytes : CACHE_BYTES);
    l->db = db;
    return db;
}

/* The fields as JSON text, in l->text. The cache has it without the address where that is all that
 * differs; an empty text stands for a record without a place. */
static bool
answer(const struct conf *c, struct local *l, const struct ip *address)
{
    const struct geoip_db *db = database(c, l);
    geoip_set set = c->set != 0 ? c->set : geoip_default_fields(geoip_db_kind(db), c->ecs);
    bool shared = geoip_is_shared(set);
    struct geoip_record record;
    struct slice key, rest;

    if (!geoip_db_find(db, address, &record))
        return false;
    key = shared ? (struct slice){ (const char *)&record.at, sizeof record.at }
                 : (struct slice){ (const char *)address, sizeof *address };
    if (!text_cache_get(l->cache, key, &rest)) {
        buf_clear(&l->rest);
        geoip_print(db, shared ? set & ~geoip_field(SLICE("ip")) : set, c->ecs, address, &record,
                    &l->rest);
        rest = buf_slice(&l->rest);
        text_cache_put(l->cache, key, rest);
    }
    buf_clear(&l->text);
    if (rest.n == 0)
        return false;
    if (!shared) {
        buf_append(&l->text, rest);
        return true;
    }
    buf_byte(&l->text, '{');
    geoip_print_ip(set, address, &l->text);
    if (l->text.n > 1 && rest.n > 2)
        buf_byte(&l->text, ',');
    buf_append(&l->text, slice_between(rest.p + 1, rest.p + rest.n));
    return true;
}

/* An IPv4 address inside IPv6 is one of IPv4. */
static bool
parse_address(struct slice text, struct ip *out)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    struct ip v4 = { .v6 = false };

    if (!ip_parse(text, out))
        return false;
    if (!out->v6 || memcmp(out->at, mapped, sizeof mapped) != 0)
        return true;
    memcpy(v4.at, out->at + sizeof mapped, 4);
    *out = v4;
    return true;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;
    struct arena *a = event_arena(ev);
    struct value *v = event_get(ev, &c->source);
    struct slice text;
    struct ip address;

    if (v != NULL && v->type == V_ARRAY)
        v = value_count(a, v) > 0 ? value_at(a, v, 0) : NULL;
    if (v == NULL || v->type != V_STRING)
        return EVENT_FAILED;
    text = value_text(a, v);
    if (slice_trim(text).n == 0)
        return EVENT_FAILED;
    if (!parse_address(text, &address) || !answer(c, l, &address)) {
        if (!event_has(ev, &c->target))
            event_set(ev, &c->target, value_object(a), NULL);
        return EVENT_FAILED;
    }
    return overlay_put(ev, &c->target, buf_slice(&l->text), NULL) < 0 ? EVENT_FAILED : EVENT_KEEP;
}

const struct filter_type filter_geoip = {
    .name = "geoip",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .tag_on_failure = "_geoip_lookup_failure",
    .prepare = prepare,
    .dispose = dispose,
    .stop = stop,
    .apply = apply,
};
