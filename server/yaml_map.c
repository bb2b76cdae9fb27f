/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/yaml_map.h"

#include "codec/base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#define FILE_MOST ((size_t)1 << 20)
#define DEPTH     32

struct reader {
    const char *path;
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    yaml_entry_fn *fn;
    void *arg;
    size_t entry;
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

static int read_value(struct reader *r, const struct buf *key, unsigned depth);

/* The event is the start of the map; afterwards its end. */
static int
read_map(struct reader *r, const struct buf *prefix, unsigned depth)
{
    if (depth > DEPTH)
        return fail(r, r->event.start_mark.line, "nested too deep");
    for (;;) {
        struct buf key = { 0 };
        int failed;

        if (next(r) < 0)
            return -1;
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return 0;
        if (r->event.type != YAML_SCALAR_EVENT)
            return fail(r, r->event.start_mark.line, "a key must be a text");
        if (prefix != NULL && prefix->n > 0) {
            buf_append(&key, buf_slice(prefix));
            buf_byte(&key, '.');
        }
        buf_append(&key, scalar(r));
        failed = next(r) < 0 || read_value(r, &key, depth) < 0;
        buf_fini(&key);
        if (failed)
            return -1;
    }
}

static int
read_list(struct reader *r, const struct buf *key)
{
    unsigned long line = r->event.start_mark.line;
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
        r->fn(r->arg, r->entry, buf_slice(key), buf_slice(&joined), (unsigned)line + 1);
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
read_value(struct reader *r, const struct buf *key, unsigned depth)
{
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        if (!is_null(r)) /* a key without a value is not set */
            r->fn(r->arg, r->entry, buf_slice(key), scalar(r),
                  (unsigned)r->event.start_mark.line + 1);
        return 0;
    case YAML_SEQUENCE_START_EVENT: return read_list(r, key);
    case YAML_MAPPING_START_EVENT: return read_map(r, key, depth + 1);
    default: return fail(r, r->event.start_mark.line, "unexpected end");
    }
}

static int
read_maps(struct reader *r)
{
    for (;; r->entry++) {
        if (next(r) < 0)
            return -1;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return 0;
        if (r->event.type != YAML_MAPPING_START_EVENT)
            return fail(r, r->event.start_mark.line, "a list of maps is needed");
        if (read_map(r, NULL, 0) < 0)
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
        return read_map(r, NULL, 0);
    if (shape == YAML_LIST_OF_MAPS && r->event.type == YAML_SEQUENCE_START_EVENT)
        return read_maps(r);
    return fail(r, r->event.start_mark.line,
                shape == YAML_MAP ? "a map of settings is needed" : "a list of maps is needed");
}

int
yaml_read(const char *path, enum yaml_shape shape, yaml_entry_fn *fn, void *arg, bool *missing,
          struct err *err)
{
    struct reader r = { .path = path, .fn = fn, .arg = arg, .err = err };
    struct buf text = { 0 };
    int failed;

    if (read_file(path, &text, missing, err) < 0 || *missing) {
        buf_fini(&text);
        return *missing ? 0 : -1;
    }
    if (!yaml_parser_initialize(&r.parser)) {
        buf_fini(&text);
        return err_set(err, ERR_IO, "%s: no memory for the YAML parser", path);
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.p, text.n);
    failed = read_document(&r, shape);
    if (r.has_event)
        yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    buf_fini(&text);
    return failed;
}
