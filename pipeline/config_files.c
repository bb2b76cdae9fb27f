/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/config_files.h"

#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "codec/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories that ** goes down. */
#define DEPTH 64

/* No place: the finding is about a file, not about something in it. */
static const struct config_pos nowhere = { .file = UINT32_MAX };

void
config_files_init(struct config_files *f)
{
    *f = (struct config_files){ 0 };
    arena_init(&f->arena, NULL);
}

void
config_files_fini(struct config_files *f)
{
    arena_fini(&f->arena);
    free(f->sources);
    *f = (struct config_files){ 0 };
}

static void
add_source(struct config_files *f, const char *name, struct slice text)
{
    if (f->n == f->cap) {
        f->cap = f->cap > 0 ? 2 * f->cap : 8;
        f->sources = xrealloc(f->sources, f->cap * sizeof *f->sources);
    }
    f->sources[f->n++] = (struct config_source){ arena_cstr(&f->arena, slice_of(name)),
                                                 arena_copy(&f->arena, text) };
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

static bool
is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
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

    if (is_directory(path)) {
        buf_printf(&pattern, "%s/*", path);
        add_matches(p, buf_cstr(&pattern));
    } else if (stars != SIZE_MAX) {
        match(p, (struct slice){ s.p, stars }, slice_between(s.p + stars + 4, s.p + s.n), 0);
    } else {
        add_matches(p, path);
    }
    buf_fini(&pattern);
}

/* ---- reading ---- */

static int
read_all(const char *path, size_t most, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;

    if (fd < 0)
        return err_errno(err, "%s", path);
    while (n > 0 && out->n <= most) {
        n = read(fd, buf_reserve(out, 65536), 65536);
        out->n += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        err_errno(err, "%s", path);
    close(fd);
    if (n >= 0 && out->n > most)
        return err_set(err, ERR_LIMIT, "%s: the configuration has more than %u bytes", path,
                       CONFIG_BYTES);
    return n < 0 ? -1 : 0;
}

/* False: not UTF-8; the caller lists all of these in one error. */
static bool
read_one(struct config_files *f, const char *path, struct findings *findings)
{
    struct buf text = { 0 };
    struct err err = { 0 };
    bool valid = true;

    if (read_all(path, CONFIG_BYTES - f->bytes, &text, &err) < 0) {
        findings_add(findings, FINDING_ERROR, nowhere, NULL, "The configuration cannot be read: %s",
                     err.msg);
    } else {
        valid = utf8_valid(buf_slice(&text));
        f->bytes += text.n;
        if (valid)
            add_source(f, path, buf_slice(&text));
    }
    buf_fini(&text);
    return valid;
}

static int
by_text(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

static void
read_paths(struct config_files *f, const struct paths *p, struct findings *findings)
{
    struct buf bad = { 0 };

    for (size_t i = 0; i < p->n; i++) {
        const char *path = p->at[i];

        if (is_directory(path) || (i > 0 && strcmp(path, p->at[i - 1]) == 0))
            continue;
        if (path[strlen(path) - 1] == '~') {
            findings_add(findings, FINDING_WARN, nowhere, NULL,
                         "NOT reading config file because it is a temp file: %s", path);
            continue;
        }
        if (!read_one(f, path, findings))
            buf_printf(&bad, "%s%s", bad.n > 0 ? ", " : "", path);
    }
    if (bad.n > 0)
        findings_add(findings, FINDING_ERROR, nowhere, "save the files as UTF-8",
                     "The following config files contains non-utf8 characters: %s", buf_cstr(&bad));
    buf_fini(&bad);
}

int
config_files_add_path(struct config_files *f, const char *path, struct findings *findings)
{
    size_t errors = findings->errors, before = f->n;
    struct paths found = { 0 };
    struct buf whole = { 0 };

    if (strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0) {
        findings_add(findings, FINDING_ERROR, nowhere,
                     "fetch it before the start and name the file",
                     "A configuration over HTTP is not supported: %s", path);
        return -1;
    }
    expand(path, &whole);
    find(&found, buf_cstr(&whole));
    if (found.n > 1)
        qsort(found.at, found.n, sizeof(char *), by_text);
    read_paths(f, &found, findings);
    if (f->n == before && findings->errors == errors)
        findings_add(findings, FINDING_INFO, nowhere, NULL, "No config files found in path: %s",
                     buf_cstr(&whole));
    paths_fini(&found);
    buf_fini(&whole);
    return findings->errors > errors ? -1 : 0;
}

/* ---- the command line ---- */

/* The word, any number of spaces, an opening brace; anywhere. */
static bool
has_section(struct slice text, struct slice word)
{
    for (size_t at = slice_find(text, word, 0); at != SIZE_MAX;
         at = slice_find(text, word, at + 1)) {
        size_t end = at + word.n;

        while (end < text.n && text.p[end] == ' ')
            end++;
        if (end < text.n && text.p[end] == '{')
            return true;
    }
    return false;
}

void
config_files_add_text(struct config_files *f, const char *name, struct slice text,
                      bool command_line)
{
    add_source(f, name, text);
    if (command_line && !has_section(text, SLICE("input")))
        add_source(f, "default input", SLICE("input { stdin { type => stdin } }"));
    if (command_line && !has_section(text, SLICE("output")))
        add_source(f, "default output", SLICE("output { stdout { codec => rubydebug } }"));
}
