/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/yaml_map.h"

#include "codec/base/buf.h"
#include "codec/base/name_index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#define FILE_MOST ((size_t)1 << 20)
#define DEPTH     32

struct entry {
    struct slice key, value;
    size_t map;
    unsigned line;
    bool replaced; /* its key, or one above it, came again in the same map */
};

/* What one key of one map brought: entries from first to end. */
struct share {
    size_t first, end;
    unsigned line;
};

struct reader {
    const char *path;
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    const struct yaml_taker *taker;
    struct arena arena;
    struct entry *at;
    size_t n, cap;
    size_t map;
    struct err *err;
};

static int
read_file(const char *path, struct buf *out, bool *missing, struct err *err)
{
    FILE *f = fopen(path, "re");
    size_t n;

    *missing = false;
    if (f == NULL) {
        if (errno == ENOENT) {
            *missing = true;
            return 0;
        }
        return err_errno(err, "%s", path);
    }
    do {
        n = fread(buf_reserve(out, 4096), 1, 4096, f);
        out->n += n;
    } while (n > 0 && out->n <= FILE_MOST);
    fclose(f);
    if (out->n > FILE_MOST)
        return err_set(err, ERR_LIMIT, "%s: more than %zu bytes", path, FILE_MOST);
    return 0;
}

static int
fail(struct reader *r, unsigned long line, const char *what)
{
    return err_set(r->err, ERR_PARSE, "%s:%lu: %s", r->path, line + 1, what);
}

static int
next(struct reader *r)
{
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = false;
    if (!yaml_parser_parse(&r->parser, &r->event))
        return fail(r, r->parser.problem_mark.line,
                    r->parser.problem != NULL ? r->parser.problem : "this is no YAML");
    r->has_event = true;
    if (r->event.type == YAML_ALIAS_EVENT)
        return fail(r, r->event.start_mark.line, "aliases are not supported");
    return 0;
}

static struct slice
scalar(const struct reader *r)
{
    return (struct slice){ (const char *)r->event.data.scalar.value, r->event.data.scalar.length };
}

static unsigned
line_of(const struct reader *r)
{
    return (unsigned)r->event.start_mark.line + 1;
}

/* ---- entries ---- */

static void
add(struct reader *r, struct slice key, struct slice value, unsigned line)
{
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 32 : r->cap * 2;
        r->at = xrealloc(r->at, r->cap * sizeof r->at[0]);
    }
    r->at[r->n++] = (struct entry){
        .key = key, .value = arena_copy(&r->arena, value), .map = r->map, .line = line
    };
}

/* The same key in another spelling: nested here, dotted there. */
static void
give_entries(struct reader *r)
{
    const struct yaml_taker *to = r->taker;
    struct name_index seen = { 0 };

    for (size_t i = 0; i < r->n; i++) {
        const struct entry *e = &r->at[i];
        size_t *before;
        bool found;

        if (i > 0 && r->at[i - 1].map != e->map)
            name_index_fini(&seen);
        if (e->replaced)
            continue;
        before = name_index_put(&seen, e->key, e->line, &found);
        if (found)
            to->twice(to->arg, e->key, (unsigned)*before, e->line);
        *before = e->line;
        to->entry(to->arg, e->map, e->key, e->value, e->line);
    }
    name_index_fini(&seen);
}

/* ---- shapes ---- */

static int read_value(struct reader *r, struct slice key, unsigned depth);

static void
replace(struct reader *r, const struct share *old, struct slice key, unsigned line)
{
    for (size_t i = old->first; i < old->end; i++)
        r->at[i].replaced = true;
    r->taker->twice(r->taker->arg, key, old->line, line);
}

/* One key with its value. *shares: one for each name in *seen, in the order of their coming. */
static int
read_pair(struct reader *r, struct slice prefix, unsigned depth, struct name_index *seen,
          struct share **shares)
{
    struct slice name = arena_copy(&r->arena, scalar(r)), key = name;
    struct share share = { .first = r->n, .line = line_of(r) };
    bool found;
    size_t i = *name_index_put(seen, name, seen->n, &found);

    if (prefix.n > 0)
        key = arena_printf(&r->arena, "%.*s.%.*s", SLICE_ARGS(prefix), SLICE_ARGS(name));
    if (next(r) < 0 || read_value(r, key, depth) < 0)
        return -1;
    share.end = r->n;
    if (found)
        replace(r, &(*shares)[i], key, share.line);
    else if ((i & (i - 1)) == 0) /* doubles */
        *shares = xrealloc(*shares, (i == 0 ? 1 : 2 * i) * sizeof share);
    (*shares)[i] = share;
    return 0;
}

/* The event is the start of the map; afterwards its end. */
static int
read_map(struct reader *r, struct slice prefix, unsigned depth)
{
    struct name_index seen = { 0 };
    struct share *shares = NULL;
    int failed = 0;

    if (depth > DEPTH)
        return fail(r, r->event.start_mark.line, "nested too deep");
    while (!failed) {
        failed = next(r);
        if (failed || r->event.type == YAML_MAPPING_END_EVENT)
            break;
        if (r->event.type == YAML_SCALAR_EVENT)
            failed = read_pair(r, prefix, depth, &seen, &shares);
        else
            failed = fail(r, r->event.start_mark.line, "a key must be a text");
    }
    name_index_fini(&seen);
    free(shares);
    return failed;
}

static int
read_list(struct reader *r, struct slice key)
{
    unsigned line = line_of(r);
    struct buf joined = { 0 };
    int failed = 0;

    for (;;) {
        failed = next(r) < 0;
        if (failed || r->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (r->event.type != YAML_SCALAR_EVENT) {
            failed = fail(r, r->event.start_mark.line, "a list holds plain values only") < 0;
            break;
        }
        if (joined.n > 0)
            buf_byte(&joined, ',');
        buf_append(&joined, scalar(r));
    }
    if (!failed)
        add(r, key, buf_slice(&joined), line);
    buf_fini(&joined);
    return failed ? -1 : 0;
}

static bool
is_null(const struct reader *r)
{
    struct slice s = scalar(r);

    return r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (s.n == 0 || slice_eq(s, SLICE("~")) || slice_eq(s, SLICE("null")));
}

static int
read_value(struct reader *r, struct slice key, unsigned depth)
{
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        if (!is_null(r)) /* a key without a value is not set */
            add(r, key, scalar(r), line_of(r));
        return 0;
    case YAML_SEQUENCE_START_EVENT: return read_list(r, key);
    case YAML_MAPPING_START_EVENT: return read_map(r, key, depth + 1);
    default: return fail(r, r->event.start_mark.line, "unexpected end");
    }
}

static int
read_maps(struct reader *r)
{
    for (;; r->map++) {
        if (next(r) < 0)
            return -1;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return 0;
        if (r->event.type != YAML_MAPPING_START_EVENT)
            return fail(r, r->event.start_mark.line, "a list of maps is needed");
        if (read_map(r, SLICE(""), 0) < 0)
            return -1;
    }
}

static int
read_document(struct reader *r, enum yaml_shape shape)
{
    do {
        if (next(r) < 0)
            return -1;
    } while (r->event.type == YAML_STREAM_START_EVENT ||
             r->event.type == YAML_DOCUMENT_START_EVENT);
    if (r->event.type == YAML_STREAM_END_EVENT)
        return 0;
    if (r->event.type == YAML_SCALAR_EVENT && is_null(r))
        return 0;
    if (shape == YAML_MAP && r->event.type == YAML_MAPPING_START_EVENT)
        return read_map(r, SLICE(""), 0);
    if (shape == YAML_LIST_OF_MAPS && r->event.type == YAML_SEQUENCE_START_EVENT)
        return read_maps(r);
    return fail(r, r->event.start_mark.line,
                shape == YAML_MAP ? "a map of settings is needed" : "a list of maps is needed");
}

/* One document; what it brought is in r->at. */
static int
parse(struct reader *r, struct slice text, enum yaml_shape shape)
{
    int failed;

    if (!yaml_parser_initialize(&r->parser))
        return err_set(r->err, ERR_IO, "%s: no memory for the YAML parser", r->path);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)text.p, text.n);
    failed = read_document(r, shape);
    if (r->has_event)
        yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
    return failed;
}

int
yaml_read(const char *path, enum yaml_shape shape, const struct yaml_taker *taker, bool *missing,
          struct err *err)
{
    struct reader r = { .path = path, .taker = taker, .err = err };
    struct buf text = { 0 };
    int failed = read_file(path, &text, missing, err);

    arena_init(&r.arena, NULL);
    if (failed == 0 && !*missing)
        failed = parse(&r, buf_slice(&text), shape);
    if (failed == 0)
        give_entries(&r);
    free(r.at);
    arena_fini(&r.arena);
    buf_fini(&text);
    return failed;
}
