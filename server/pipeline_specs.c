/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/pipeline_specs.h"

#include "server/setting_value.h"
#include "server/yaml_map.h"

#include <stdlib.h>
#include <unistd.h>

#define PIPELINES_MOST 1000

/* What an entry may set; others are refused by name. */
static const char *const allowed[] = {
    "config.debug",
    "config.support_escapes",
    "config.string",
    "path.config",
    "path.queue",
    "path.dead_letter_queue",
    "metric.collect",
    "pipeline.id",
    "pipeline.workers",
    "pipeline.ordered",
    "pipeline.ecs_compatibility",
    "pipeline.reloadable",
    "pipeline.recoverable",
    "pipeline.system",
    "pipeline.plugin_classloaders",
    "pipeline.batch.size",
    "pipeline.batch.delay",
    "pipeline.batch.output_chunking.growth_threshold_factor",
    "pipeline.batch.metrics.sampling_mode",
    "queue.type",
    "queue.drain",
    "queue.max_bytes",
    "queue.max_events",
    "queue.page_capacity",
    "queue.compression",
    "queue.checkpoint.acks",
    "queue.checkpoint.writes",
    "queue.checkpoint.interval",
    "queue.checkpoint.retry",
    "dead_letter_queue.enable",
    "dead_letter_queue.max_bytes",
    "dead_letter_queue.flush_interval",
    "dead_letter_queue.flush_check_interval",
    "dead_letter_queue.storage_policy",
    "dead_letter_queue.retain.age",
    "config.reload.automatic",
    "config.reload.interval", /* taken out again, as in Logstash */
};

struct entry_value {
    size_t entry;
    const char *key;
    const char *text; /* normalised */
};

struct reader {
    const struct settings *settings;
    const struct log *log;
    struct pipeline_specs *out;
    const char *path;
    struct entry_value *at;
    size_t n, cap, entries;
    struct err *err;
    bool failed;
};

/* ---- values of entries ---- */

static bool
is_allowed(struct slice key)
{
    for (size_t i = 0; i < COUNT(allowed); i++)
        if (slice_eq(key, slice_of(allowed[i])))
            return true;
    return false;
}

static void
fail(struct reader *r, unsigned line, const char *text)
{
    if (!r->failed)
        err_set(r->err, ERR_CONFIG, "%s:%u: %s", r->path, line, text);
    r->failed = true;
}

static void
on_entry(void *arg, size_t entry, struct slice key, struct slice value, unsigned line)
{
    struct reader *r = arg;
    struct arena *a = &r->out->arena;
    struct entry_value v = { .entry = entry, .key = arena_cstr(a, key) };
    struct err err = { 0 };

    if (!is_allowed(key)) {
        fail(r, line,
             arena_printf(a,
                          "Only pipeline related settings are expected. Received \"%s\". "
                          "Move it to logstash.yml",
                          v.key)
                 .p);
        return;
    }
    if (settings_value(a, v.key, value, &v.text, &err) < 0) {
        fail(r, line, err.msg);
        return;
    }
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 32 : r->cap * 2;
        r->at = xrealloc(r->at, r->cap * sizeof r->at[0]);
    }
    r->at[r->n++] = v;
    if (entry + 1 > r->entries)
        r->entries = entry + 1;
}

static void
on_twice(void *arg, struct slice key, unsigned line, unsigned later)
{
    const struct reader *r = arg;

    log_warn(r->log, "%s:%u: \"%.*s\" is given twice: %s:%u does not count", r->path, later,
             SLICE_ARGS(key), r->path, line);
}

/* The entry's own value, else logstash.yml's or the default. own: the entry's or NULL. */
static const char *
value_of(const struct reader *r, size_t entry, const char *key, const char **own)
{
    const char *found = NULL;

    for (size_t i = 0; i < r->n; i++)
        if (r->at[i].entry == entry && strcmp(r->at[i].key, key) == 0)
            found = r->at[i].text;
    if (own != NULL)
        *own = found;
    return found != NULL ? found : settings_get(r->settings, key);
}

static int64_t
number_of(const char *text)
{
    int64_t n = 0;

    if (text != NULL)
        slice_to_int64(slice_of(text), &n);
    return n;
}

/* ---- one pipeline ---- */

static enum escape_style
escape_style(const char *name)
{
    return name[0] == 'p' ? ESCAPE_PERCENT : name[0] == 'a' ? ESCAPE_AMPERSAND : ESCAPE_NONE;
}

static enum ecs_mode
ecs_mode(const char *name)
{
    return name[0] == 'd' ? ECS_DISABLED : strcmp(name, "v1") == 0 ? ECS_V1 : ECS_V8;
}

/* Events would be lost if these were ignored. */
static int
refuse_unbuilt(const struct reader *r, size_t entry, struct err *err)
{
    if (strcmp(value_of(r, entry, "queue.type", NULL), "persisted") == 0)
        return err_set(err, ERR_CONFIG,
                       "queue.type: persisted is not supported yet. Acknowledged events are "
                       "delivered events here, so a memory queue loses none; set queue.type: "
                       "memory");
    if (strcmp(value_of(r, entry, "dead_letter_queue.enable", NULL), "true") == 0)
        return err_set(err, ERR_CONFIG,
                       "dead_letter_queue.enable: true is not supported yet; set it to false");
    return 0;
}

static int
fill_settings(const struct reader *r, size_t entry, struct plan_settings *out, struct err *err)
{
    const char *ordered = value_of(r, entry, "pipeline.ordered", NULL);
    int64_t workers = number_of(value_of(r, entry, "pipeline.workers", NULL));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    *out = (struct plan_settings){
        .pipeline_id = value_of(r, entry, "pipeline.id", NULL),
        .workers = (uint32_t)(workers > 0 ? workers
                              : cores > 0 ? cores
                                          : 1),
        .batch_size = (uint32_t)number_of(value_of(r, entry, "pipeline.batch.size", NULL)),
        .ecs = ecs_mode(value_of(r, entry, "pipeline.ecs_compatibility", NULL)),
        .escape = escape_style(settings_get(r->settings, "config.field_reference.escape_style")),
        .support_escapes = strcmp(value_of(r, entry, "config.support_escapes", NULL), "true") == 0,
        /* auto: only workers that were set to one, not a machine with one core */
        .ordered = ordered[0] == 't' || (ordered[0] == 'a' && workers == 1),
    };
    if (ordered[0] == 't' && workers > 1)
        return err_set(err, ERR_CONFIG,
                       "enabling the 'pipeline.ordered' setting requires the use of a single "
                       "pipeline worker, not %lld",
                       (long long)workers);
    return refuse_unbuilt(r, entry, err);
}

static int
add_spec(struct reader *r, size_t entry, const char *text, const char *path, struct err *err)
{
    struct pipeline_spec *spec = &r->out->at[r->out->n];

    if (fill_settings(r, entry, &spec->settings, err) < 0)
        return -1;
    for (size_t i = 0; i < r->out->n; i++)
        if (strcmp(r->out->at[i].settings.pipeline_id, spec->settings.pipeline_id) == 0)
            return err_set(err, ERR_CONFIG,
                           "Pipelines YAML file contains duplicate pipeline ids: "
                           "[\"%s\"]. Location: %s",
                           spec->settings.pipeline_id, r->path);
    r->out->n++;
    if (text != NULL) {
        config_files_string(slice_of(text), &spec->files);
        return 0;
    }
    if (config_files_read(path, r->log, &spec->files, err) < 0)
        return -1;
    if (spec->files.n == 0)
        return err_set(err, ERR_CONFIG, "No config files found in path: %s", path);
    return 0;
}

/* ---- sources ---- */

static int
read_single(struct reader *r, const char *text, const char *path, struct err *err)
{
    r->out->at = arena_calloc(&r->out->arena, 1, sizeof r->out->at[0]);
    return add_spec(r, 0, text, path, err);
}

static int
read_entries(struct reader *r, struct err *err)
{
    if (r->entries > PIPELINES_MOST)
        return err_set(err, ERR_LIMIT, "%s: %zu pipelines, the limit is %d", r->path, r->entries,
                       PIPELINES_MOST);
    r->out->at = arena_calloc(&r->out->arena, r->entries, sizeof r->out->at[0]);
    for (size_t i = 0; i < r->entries; i++) {
        const char *text, *path;

        value_of(r, i, "config.string", &text);
        value_of(r, i, "path.config", &path);
        if ((text == NULL) == (path == NULL))
            return err_set(err, ERR_CONFIG,
                           "%s: pipeline %s needs one of config.string and path.config", r->path,
                           value_of(r, i, "pipeline.id", NULL));
        if (add_spec(r, i, text, path, err) < 0)
            return -1;
    }
    return 0;
}

static int
read_pipelines_yml(struct reader *r, struct err *err)
{
    const struct yaml_taker taker = { .entry = on_entry, .twice = on_twice, .arg = r };
    bool missing;

    if (yaml_read(r->path, YAML_LIST_OF_MAPS, &taker, &missing, err) < 0 || r->failed)
        return -1;
    if (missing || r->entries == 0)
        return err_set(err, ERR_CONFIG,
                       "No configuration found in the configured sources: give a pipeline with "
                       "-f or -e, or list pipelines in %s",
                       r->path);
    return read_entries(r, err);
}

int
pipeline_specs_read(const struct settings *s, const char *dir, const struct log *log,
                    struct pipeline_specs *out, struct err *err)
{
    const char *text = settings_get(s, "config.string"), *path = settings_get(s, "path.config");
    struct reader r = { .settings = s, .log = log, .out = out, .err = err };
    int failed;

    *out = (struct pipeline_specs){ 0 };
    arena_init(&out->arena, NULL);
    r.path = arena_printf(&out->arena, "%s/pipelines.yml", dir).p;
    if (text != NULL && path != NULL)
        return err_set(err, ERR_CONFIG,
                       "Settings 'path.config' (-f) and 'config.string' (-e) can't be used "
                       "simultaneously.");
    if (text != NULL || path != NULL) {
        if (access(r.path, R_OK) == 0)
            log_warn(log, "Ignoring the 'pipelines.yml' file because command line options are "
                          "specified");
        failed = read_single(&r, text, path, err);
    } else {
        failed = read_pipelines_yml(&r, err);
    }
    free(r.at);
    return failed;
}

void
pipeline_specs_free(struct pipeline_specs *p)
{
    for (size_t i = 0; i < p->n; i++)
        config_files_fini(&p->at[i].files);
    arena_fini(&p->arena);
    *p = (struct pipeline_specs){ 0 };
}
