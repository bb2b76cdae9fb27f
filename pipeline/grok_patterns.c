/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/grok_patterns.h"

#include "codec/base/arena.h"
#include "codec/base/buf.h"
#include "pipeline/grok_builtin.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A file of patterns is text that people write. */
#define FILE_MOST ((size_t)4 << 20)

struct added {
    struct slice name, text;
};

struct grok_patterns {
    struct arena arena;
    const struct grok_builtin *set;
    size_t set_n;
    struct added *added;
    size_t n, cap;
    struct regex_store *store;
};

static const struct grok_builtin *
builtin(enum grok_set set, size_t *n)
{
    *n = set == GROK_ECS ? grok_builtin_ecs_n : grok_builtin_legacy_n;
    return set == GROK_ECS ? grok_builtin_ecs : grok_builtin_legacy;
}

struct grok_patterns *
grok_patterns_new(enum grok_set set)
{
    struct grok_patterns *p = xcalloc(1, sizeof *p);

    arena_init(&p->arena, NULL);
    p->set = builtin(set, &p->set_n);
    return p;
}

void
grok_patterns_free(struct grok_patterns *p)
{
    if (p == NULL)
        return;
    arena_fini(&p->arena);
    free(p->added);
    free(p);
}

void
grok_patterns_share(struct grok_patterns *p, struct regex_store *store)
{
    p->store = store;
}

struct regex_store *
grok_patterns_store(const struct grok_patterns *p)
{
    return p->store;
}

const char *
grok_set_name(enum grok_set set, size_t i)
{
    size_t n;
    const struct grok_builtin *rows = builtin(set, &n);

    return i < n ? rows[i].name : NULL;
}

static struct added *
find_added(const struct grok_patterns *p, struct slice name)
{
    for (size_t i = 0; i < p->n; i++)
        if (slice_eq(p->added[i].name, name))
            return &p->added[i];
    return NULL;
}

void
grok_patterns_add(struct grok_patterns *p, struct slice name, struct slice text)
{
    struct added *at = find_added(p, name);

    if (at == NULL) {
        if (p->n == p->cap) {
            p->cap = p->cap == 0 ? 32 : p->cap * 2;
            p->added = xrealloc(p->added, p->cap * sizeof *p->added);
        }
        at = &p->added[p->n++];
        at->name = arena_copy(&p->arena, name);
    }
    at->text = arena_copy(&p->arena, text);
}

bool
grok_patterns_find(const struct grok_patterns *p, struct slice name, struct slice *text)
{
    const struct added *at = find_added(p, name);
    size_t low = 0, high = p->set_n;

    if (at != NULL) {
        *text = at->text;
        return true;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_cmp(name, slice_of(p->set[middle].name));

        if (order == 0) {
            *text = slice_of(p->set[middle].text);
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

/* ---- files ---- */

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Blanks behind the regex belong to it. */
static void
add_line(struct grok_patterns *p, struct slice line)
{
    size_t name, gap;

    while (line.n > 0 && is_blank(line.p[0])) {
        line.p++;
        line.n--;
    }
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    for (name = 0; name < line.n && !is_blank(line.p[name]); name++)
        ;
    for (gap = name; gap < line.n && is_blank(line.p[gap]); gap++)
        ;
    if (name == 0 || gap == name || line.p[0] == '#')
        return;
    grok_patterns_add(p, (struct slice){ line.p, name },
                      (struct slice){ line.p + gap, line.n - gap });
}

static int
read_file(const char *path, struct buf *text, struct err *err)
{
    FILE *f = fopen(path, "rb");
    size_t n = 0;

    if (f == NULL)
        return err_errno(err, "patterns file %s", path);
    do {
        n = fread(buf_reserve(text, 65536), 1, 65536, f);
        text->n += n;
    } while (n > 0 && text->n <= FILE_MOST);
    n = (size_t)ferror(f);
    fclose(f);
    if (n != 0)
        return err_errno(err, "patterns file %s", path);
    if (text->n > FILE_MOST)
        return err_set(err, ERR_LIMIT, "patterns file %s exceeds limit %zu bytes", path, FILE_MOST);
    return 0;
}

static int
load_file(struct grok_patterns *p, const char *path, struct err *err)
{
    struct buf text = { 0 };
    struct slice rest, line;
    int rc = read_file(path, &text, err);

    if (rc == 0) {
        rest = buf_slice(&text);
        while (slice_split(&rest, '\n', &line))
            add_line(p, line);
    }
    buf_fini(&text);
    return rc;
}

/* -1: a file could not be read; else how many were. */
static int
load_files(struct grok_patterns *p, char *const *paths, size_t n, struct err *err)
{
    int files = 0;

    for (size_t i = 0; i < n; i++) {
        struct stat st;

        if (stat(paths[i], &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (load_file(p, paths[i], err) < 0)
            return -1;
        files++;
    }
    return files;
}

int
grok_patterns_load(struct grok_patterns *p, const char *path, const char *pattern, struct err *err)
{
    struct buf text = { 0 };
    struct stat st;
    glob_t found;
    int files = 0;

    buf_append(&text, slice_of(path));
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        buf_printf(&text, "/%s", pattern);
    if (glob(buf_cstr(&text), GLOB_BRACE, NULL, &found) == 0) {
        files = load_files(p, found.gl_pathv, found.gl_pathc, err);
        globfree(&found);
    }
    buf_fini(&text);
    return files;
}
