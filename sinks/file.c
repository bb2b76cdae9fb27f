/* SPDX-License-Identifier: GPL-3.0-or-later */
/* output file: events to files named by a template (outputs-other.md 4).
 *
 * A worker encodes, and in finish() brings the events of each path together; with gzip each such
 * part is a member of its own, so a crash leaves no half one. The sink's thread writes part after
 * part. Errors lose nothing: the part goes on where it stopped, after a while, for ever. */
#include "sinks/file_path.h"
#include "sinks/file_set.h"
#include "sinks/gzip.h"
#include "sinks/sink_thread.h"

#include "codec/base/clock.h"
#include "codec/base/hash.h"
#include "codec/utf8.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define GZIP_LEVEL   6 /* files stay; requests take the fastest */
#define COMPLAINT_MS 10000

struct conf {
    struct slice path, filename_failure;
    double flush_interval;
    int64_t stale_cleanup_interval, dir_mode, file_mode;
    bool gzip, create_if_deleted;
    int write_behavior;
    struct file_path where;
};

static const char *const behaviors[] = { "append", "overwrite", NULL };
enum { APPEND, OVERWRITE };

static const struct option options[] = {
    OPT_BOOL(struct conf, create_if_deleted, .dflt = "true",
             .help = "make a file that is not there; false: its events go to the failure file"),
    OPT_INT(struct conf, dir_mode, .dflt = "-1", .min = -1, .max = 07777,
            .help = "permissions of new directories, umask not applied; -1: the process's"),
    OPT_INT(struct conf, file_mode, .dflt = "-1", .min = -1, .max = 07777,
            .help = "permissions of new files, umask applied; -1: the process's"),
    OPT_STR(struct conf, filename_failure, .dflt = "_filepath_failures",
            .help = "name of the file for events whose path is not allowed"),
    OPT_NUMBER(struct conf, flush_interval, .dflt = "2", .state = OPTION_IGNORED,
               .help = "seconds between flushes",
               .note = "Every batch is written before it counts as taken"),
    OPT_BOOL(struct conf, gzip, .dflt = "false", .help = "compress what is written"),
    OPT_STR(struct conf, path, .required = true, .help = "the file, a template"),
    OPT_INT(struct conf, stale_cleanup_interval, .dflt = "10", .min = 0, .max = 31536000,
            .help = "seconds after which an unused file is closed"),
    OPT_ENUM(struct conf, write_behavior, .choices = behaviors, .dflt = "append",
             .help = "append, or keep only the last event of a batch"),
    OPT_END,
};

struct file_sink {
    struct sink base;
    struct sink_thread *thread;
    struct file_set *files;
    /* Of the view under way; the thread's. */
    uint32_t part;
    bool diverted; /* this part goes to the failure file */
    struct file_progress progress;
    unsigned failures;
    struct log_throttle complaint;
    /* Workers share it. */
    pthread_mutex_t lock;
    struct log_throttle misfit;
};

extern const struct sink_type sink_file;

/* All events of a view for one path. */
struct part {
    uint32_t path; /* offset in paths */
    uint32_t items, last;
    size_t at, n; /* in the body, once finished */
};

/* view->extra. item.aux is the part. */
struct file_view {
    struct buf paths; /* NUL-terminated, one after the other */
    struct part *parts;
    uint32_t n, cap;
    uint32_t *table; /* part + 1 by hash of the path; a power of two, twice cap */
    struct buf path; /* scratch */
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;
    char *cwd = getcwd(NULL, 0);
    int got;

    if (cwd == NULL)
        return err_errno(err, "working directory");
    got = file_path_compile(ctx->arena, c->path, slice_of(cwd), c->filename_failure, ctx->escape,
                            &c->where, err);
    free(cwd);
    if (got < 0 && err->code == ERR_CONFIG && ctx->log != NULL)
        log_error(ctx->log, "%s", err->msg);
    return got;
}

/* ---- on workers ---- */

static const char *
path_of(const struct file_view *fv, uint32_t part)
{
    return fv->paths.p + fv->parts[part].path;
}

static uint32_t *
table_slot(const struct file_view *fv, const char *path)
{
    uint32_t mask = fv->cap * 2 - 1;
    uint32_t at = (uint32_t)hash_bytes(slice_of(path), 0) & mask;

    while (fv->table[at] != 0 && strcmp(path_of(fv, fv->table[at] - 1), path) != 0)
        at = (at + 1) & mask;
    return &fv->table[at];
}

static void
grow_parts(struct file_view *fv)
{
    fv->cap = fv->cap == 0 ? 2 : fv->cap * 2;
    fv->parts = xrealloc(fv->parts, fv->cap * sizeof *fv->parts);
    free(fv->table);
    fv->table = xcalloc((size_t)fv->cap * 2, sizeof *fv->table);
    for (uint32_t i = 0; i < fv->n; i++)
        *table_slot(fv, path_of(fv, i)) = i + 1;
}

/* The part of the path in fv->path. Mostly the one of the event before. */
static uint32_t
find_part(struct file_view *fv, uint32_t last)
{
    const char *path = buf_cstr(&fv->path);
    uint32_t *slot;

    if (fv->n > 0 && strcmp(path_of(fv, last), path) == 0)
        return last;
    if (fv->n == fv->cap)
        grow_parts(fv);
    slot = table_slot(fv, path);
    if (*slot == 0) {
        fv->parts[fv->n] = (struct part){ .path = (uint32_t)fv->paths.n };
        buf_append(&fv->paths, (struct slice){ path, fv->path.n + 1 });
        *slot = ++fv->n;
    }
    return *slot - 1;
}

static void
log_misfit(struct file_sink *f, enum file_path_verdict verdict, const struct file_path *where)
{
    uint64_t swallowed;
    bool pass;

    pthread_mutex_lock(&f->lock);
    pass = log_throttle_pass(&f->misfit, clock_mono_ms(), COMPLAINT_MS, &swallowed);
    pthread_mutex_unlock(&f->lock);
    if (pass) {
        struct log_param params[] = { LOG_TEXT("filename", slice_of(where->failure)),
                                      LOG_INT("swallowed", swallowed) };

        log_params(f->base.env.log, LOG_WARN, params, swallowed > 0 ? 2 : 1,
                   verdict == FILE_PATH_OUTSIDE
                       ? "File: the event tried to write outside the files root, writing the "
                         "event to the failure file"
                       : "File: the path of the event is too long or holds a NUL, writing the "
                         "event to the failure file");
    }
}

static void
encode(struct sink *s, struct view *v, struct event *ev)
{
    const struct conf *c = s->conf;
    const struct codec_use *codec = &s->env.common->codec;
    struct file_view *fv = v->extra;
    uint32_t part, last;
    enum file_path_verdict verdict;
    struct view_item *item;

    if (fv == NULL)
        v->extra = fv = xcalloc(1, sizeof *fv);
    last = v->n > 0 ? v->items[v->n - 1].aux : 0;
    verdict = file_path_render(&c->where, ev, &fv->path);
    if (verdict != FILE_PATH_OK)
        log_misfit((struct file_sink *)s, verdict, &c->where);
    part = find_part(fv, last);
    item = view_add(v);
    codec->type->encode(codec->conf, ev, &v->body);
    item->len = (uint32_t)(v->body.n - item->at);
    item->aux = (uint16_t)part;
    fv->parts[part].items++;
    fv->parts[part].last = v->n - 1;
    fv->parts[part].n += item->len;
}

/* One part after the other, each in the order of its events. */
static void
group(struct view *v, bool only_last)
{
    struct file_view *fv = v->extra;
    struct buf out = { 0 };
    size_t at = 0;

    for (uint32_t i = 0; i < fv->n; i++) {
        if (only_last)
            fv->parts[i].n = v->items[fv->parts[i].last].len;
        fv->parts[i].at = at;
        at += fv->parts[i].n;
        fv->parts[i].n = 0; /* filled again below */
    }
    if (fv->n == 1 && !only_last) {
        fv->parts[0].n = at;
        return;
    }
    buf_reserve(&out, at);
    for (uint32_t i = 0; i < v->n; i++) {
        const struct view_item *item = &v->items[i];
        struct part *p = &fv->parts[item->aux];

        if (only_last && p->last != i)
            continue;
        memcpy(out.p + p->at + p->n, v->body.p + item->at, item->len);
        p->n += item->len;
    }
    out.n = at;
    buf_fini(&v->body);
    v->body = out;
}

static void
compress(struct view *v)
{
    struct file_view *fv = v->extra;
    struct buf out = { 0 };

    for (uint32_t i = 0; i < fv->n; i++) {
        struct part *p = &fv->parts[i];
        size_t at = out.n;

        gzip_member((struct slice){ v->body.p + p->at, p->n }, GZIP_LEVEL, &out);
        *p = (struct part){ .path = p->path, .at = at, .n = out.n - at };
    }
    buf_fini(&v->body);
    v->body = out;
}

/* Items are of no more use: their offsets tell nothing about a grouped body. */
static void
finish(struct sink *s, struct view *v)
{
    const struct conf *c = s->conf;
    struct file_view *fv = v->extra;

    if (fv == NULL)
        return;
    group(v, c->write_behavior == OVERWRITE);
    v->plain_bytes = v->body.n;
    if (c->gzip)
        compress(v);
    free(v->items);
    v->items = NULL;
    v->cap = 0;
    free(fv->table);
    fv->table = NULL;
    buf_fini(&fv->path);
    v->extra_bytes = sizeof *fv + fv->cap * sizeof *fv->parts + fv->paths.cap;
}

static void
view_fini(struct view *v)
{
    struct file_view *fv = v->extra;

    if (fv == NULL)
        return;
    buf_fini(&fv->paths);
    buf_fini(&fv->path);
    free(fv->parts);
    free(fv->table);
    free(fv);
}

/* ---- on the thread ---- */

static void
complain(struct file_sink *f, const char *path, int why)
{
    char shown[512];
    uint64_t swallowed;

    f->base.stats.failures++;
    if (log_throttle_pass(&f->complaint, clock_mono_ms(), COMPLAINT_MS, &swallowed)) {
        struct log_param params[] = {
            LOG_TEXT("path", utf8_shown(slice_of(path), shown, sizeof shown)),
            LOG_TEXT("exception", slice_of(strerror(why))),
        };

        log_params(f->base.env.log, LOG_ERROR, params, COUNT(params),
                   "Cannot write to the file, will retry");
    }
}

static int
write_part(struct file_sink *f, const struct view *v, const char *path)
{
    const struct conf *c = f->base.conf;
    const struct file_view *fv = v->extra;
    const struct part *p = &fv->parts[f->part];

    if (!c->create_if_deleted && f->progress.generation == 0 && !f->diverted)
        f->diverted = !file_set_exists(path);
    return file_set_write(f->files, f->diverted ? c->where.failure : path,
                          (struct slice){ v->body.p + p->at, p->n }, &f->progress);
}

static unsigned
write_view(struct sink *s, struct view *v)
{
    struct file_sink *f = (struct file_sink *)s;
    const struct file_view *fv = v->extra;

    while (f->part < fv->n) {
        const char *path = path_of(fv, f->part);

        if (write_part(f, v, path) < 0) {
            if (errno == EAGAIN) /* a named pipe that is full */
                return 20;
            complain(f, path, errno);
            return sink_thread_pause(++f->failures);
        }
        f->part++;
        f->diverted = false;
        f->failures = 0;
    }
    f->part = 0;
    file_set_clean(f->files, clock_mono_ms());
    return 0;
}

static struct sink *
open_sink(const void *conf, const struct sink_env *env, struct err *err)
{
    const struct conf *c = conf;
    struct file_sink *f = xcalloc(1, sizeof *f);
    const char *fsync = env->setting == NULL ? NULL : env->setting(env->setting_arg, "fsync");
    const struct file_rules rules = {
        .dir_mode = c->dir_mode,
        .file_mode = c->file_mode,
        .overwrite = c->write_behavior == OVERWRITE,
        .fsync = fsync != NULL && strcmp(fsync, "true") == 0,
        .stale_ms = (uint64_t)c->stale_cleanup_interval * 1000,
        .log = env->log,
    };

    sink_init(&f->base, &sink_file, conf, env);
    pthread_mutex_init(&f->lock, NULL);
    f->files = file_set_new(&rules);
    f->thread = sink_thread_start(&f->base, "file", write_view, err);
    if (f->thread != NULL)
        return &f->base;
    file_set_free(&f->files);
    free(f);
    return NULL;
}

static void
give(struct sink *s, struct view **v)
{
    sink_thread_give(((struct file_sink *)s)->thread, v);
}

static void
drain(struct sink *s, void (*idle)(void *arg), void *arg)
{
    sink_thread_drain(((struct file_sink *)s)->thread, idle, arg);
}

static void
close_sink(struct sink **s)
{
    struct file_sink *f = (struct file_sink *)*s;

    *s = NULL;
    sink_thread_stop(&f->thread);
    file_set_free(&f->files);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

const struct sink_type sink_file = {
    .name = "file",
    .conf_size = sizeof(struct conf),
    .options = options,
    .default_codec = "json_lines",
    .prepare = prepare,
    .open = open_sink,
    .encode = encode,
    .finish = finish,
    .give = give,
    .drain = drain,
    .close = close_sink,
    .view_fini = view_fini,
};
