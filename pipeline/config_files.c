/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/config_files.h"

#include "codec/base/buf.h"
#include "codec/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders that ** goes down. */
#define DEPTH 64

struct reader {
    struct config_files *out;
    const struct log *log;
    size_t bytes, cap;
    struct buf unreadable, not_utf8; /* lists for one error each */
};

static void
add_source(struct config_files *f, size_t *cap, const char *name, struct slice text)
{
    if (f->n == *cap) {
        struct config_source *more;

        *cap = *cap == 0 ? 8 : *cap * 2;
        more = arena_alloc(&f->arena, *cap * sizeof *more);
        if (f->n > 0)
            memcpy(more, f->at, f->n * sizeof *more);
        f->at = more;
    }
    f->at[f->n++] = (struct config_source){ name, text };
}

static void
note(struct buf *list, const char *path, const char *why)
{
    buf_printf(list, "%s%s%s%s", list->n > 0 ? ", " : "", path, why == NULL ? "" : ": ",
               why == NULL ? "" : why);
}

/* 0 also for a file that cannot be read: it is noted. -1: too much text. */
static int
read_one(struct reader *r, const char *path, struct err *err)
{
    FILE *f = fopen(path, "re");
    struct buf text = { 0 };
    size_t n;

    if (f == NULL) {
        note(&r->unreadable, path, strerror(errno));
        return 0;
    }
    do {
        n = fread(buf_reserve(&text, 65536), 1, 65536, f);
        text.n += n;
    } while (n > 0 && r->bytes + text.n <= CONFIG_FILES_BYTES);
    if (ferror(f))
        note(&r->unreadable, path, strerror(errno));
    fclose(f);
    r->bytes += text.n;
    if (r->bytes > CONFIG_FILES_BYTES) {
        buf_fini(&text);
        return err_set(err, ERR_LIMIT, "%s: more than %u bytes of configuration", path,
                       CONFIG_FILES_BYTES);
    }
    if (!utf8_valid(buf_slice(&text)))
        note(&r->not_utf8, path, NULL);
    add_source(r->out, &r->cap, arena_cstr(&r->out->arena, slice_of(path)),
               arena_copy(&r->out->arena, buf_slice(&text)));
    buf_fini(&text);
    return 0;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- paths ---- */

/* Absolute, without . and .. parts. */
static void
expand(const char *path, struct buf *out)
{
    struct buf whole = { 0 };
    struct slice rest, part;
    char cwd[4096];

    if (strncmp(path, "file://", 7) == 0)
        path += 7;
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0') && getenv("HOME") != NULL)
        buf_printf(&whole, "%s%s", getenv("HOME"), path + 1);
    else if (path[0] != '/' && getcwd(cwd, sizeof cwd) != NULL)
        buf_printf(&whole, "%s/%s", cwd, path);
    else
        buf_append(&whole, slice_of(path));
    rest = buf_slice(&whole);
    while (slice_split(&rest, '/', &part)) {
        if (part.n == 0 || slice_eq(part, SLICE(".")))
            continue;
        if (slice_eq(part, SLICE(".."))) {
            while (out->n > 0 && out->p[--out->n] != '/')
                ;
            continue;
        }
        buf_byte(out, '/');
        buf_append(out, part);
    }
    if (out->n == 0)
        buf_byte(out, '/');
    buf_fini(&whole);
}

struct paths {
    char **at;
    size_t n, cap;
};

static void
paths_add(struct paths *p, const char *path)
{
    if (p->n == p->cap) {
        p->cap = p->cap > 0 ? 2 * p->cap : 16;
        p->at = xrealloc(p->at, p->cap * sizeof(char *));
    }
    p->at[p->n++] = xstrdup(path);
}

static void
paths_fini(struct paths *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->at[i]);
    free(p->at);
}

static void
add_matches(struct paths *p, const char *pattern)
{
    glob_t g;

    if (glob(pattern, GLOB_BRACE | GLOB_NOSORT, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++)
            paths_add(p, g.gl_pathv[i]);
    globfree(&g);
}

static void match(struct paths *p, struct slice head, struct slice tail, unsigned depth);

/* Each directory below, hidden ones left out, links not followed. */
static void
match_below(struct paths *p, struct slice folder, struct slice tail, unsigned depth)
{
    struct buf path = { 0 };
    struct dirent *d;
    DIR *dir;

    buf_append(&path, folder);
    dir = opendir(buf_cstr(&path));
    while (dir != NULL && depth < DEPTH && (d = readdir(dir)) != NULL) {
        struct stat st;

        if (d->d_name[0] == '.')
            continue;
        path.n = folder.n;
        buf_printf(&path, "/%s", d->d_name);
        if (lstat(buf_cstr(&path), &st) == 0 && S_ISDIR(st.st_mode))
            match(p, buf_slice(&path), tail, depth + 1);
    }
    if (dir != NULL)
        closedir(dir);
    buf_fini(&path);
}

/* head, any number of directories, tail. */
static void
match(struct paths *p, struct slice head, struct slice tail, unsigned depth)
{
    struct buf pattern = { 0 };

    buf_printf(&pattern, "%.*s/%.*s", SLICE_ARGS(head), SLICE_ARGS(tail));
    add_matches(p, buf_cstr(&pattern));
    buf_fini(&pattern);
    match_below(p, head, tail, depth);
}

static void
find(struct paths *p, const char *path)
{
    struct slice s = slice_of(path);
    size_t stars = slice_find(s, SLICE("/**/"), 0);
    struct buf pattern = { 0 };

    if (is_folder(path)) {
        buf_printf(&pattern, "%s/*", path);
        add_matches(p, buf_cstr(&pattern));
    } else if (stars != SIZE_MAX) {
        match(p, (struct slice){ s.p, stars }, slice_between(s.p + stars + 4, s.p + s.n), 0);
    } else {
        add_matches(p, path);
    }
    buf_fini(&pattern);
}

static int
read_matches(struct reader *r, struct paths *found, struct err *err)
{
    if (found->n > 1)
        qsort(found->at, found->n, sizeof(char *), by_text);
    for (size_t i = 0; i < found->n; i++) {
        const char *path = found->at[i];

        if (is_folder(path) || (i > 0 && strcmp(path, found->at[i - 1]) == 0))
            continue;
        if (path[strlen(path) - 1] == '~') {
            log_warn(r->log, "NOT reading config file because it is a temp file: %s", path);
            continue;
        }
        if (read_one(r, path, err) < 0)
            return -1;
    }
    if (r->unreadable.n > 0)
        return err_set(err, ERR_IO, "these files cannot be read: %s", buf_cstr(&r->unreadable));
    if (r->not_utf8.n > 0)
        return err_set(err, ERR_INVALID_UTF8,
                       "The following config files contains non-ascii characters but are not "
                       "UTF-8 encoded [\"%s\"]",
                       buf_cstr(&r->not_utf8));
    return 0;
}

int
config_files_read(const char *path, const struct log *log, struct config_files *out,
                  struct err *err)
{
    struct reader r = { .out = out, .log = log };
    struct buf whole = { 0 };
    struct paths found = { 0 };
    int failed;

    *out = (struct config_files){ 0 };
    arena_init(&out->arena, NULL);
    if (strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0)
        return err_set(err, ERR_CONFIG,
                       "path.config: %s: fetching the configuration over HTTP is not supported; "
                       "keep it in a file",
                       path);
    expand(path, &whole);
    find(&found, buf_cstr(&whole));
    failed = read_matches(&r, &found, err);
    paths_fini(&found);
    buf_fini(&whole);
    buf_fini(&r.unreadable);
    buf_fini(&r.not_utf8);
    return failed;
}

/* The search is textual, as in Logstash: the word, blanks, a brace. */
static bool
has_section(struct slice text, struct slice word)
{
    for (size_t at = 0; (at = slice_find(text, word, at)) != SIZE_MAX;) {
        at += word.n;
        size_t brace = at;

        while (brace < text.n && text.p[brace] == ' ')
            brace++;
        if (brace < text.n && text.p[brace] == '{')
            return true;
    }
    return false;
}

void
config_files_string(struct slice text, struct config_files *out)
{
    size_t cap = 0;

    *out = (struct config_files){ 0 };
    arena_init(&out->arena, NULL);
    add_source(out, &cap, "config string", arena_copy(&out->arena, text));
    if (!has_section(text, SLICE("input")))
        add_source(out, &cap, "added input", SLICE("input { stdin { type => stdin } }"));
    if (!has_section(text, SLICE("output")))
        add_source(out, &cap, "added output", SLICE("output { stdout { codec => rubydebug } }"));
}

void
config_files_fini(struct config_files *f)
{
    arena_fini(&f->arena);
}
