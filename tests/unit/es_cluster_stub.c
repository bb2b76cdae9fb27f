/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/es_cluster_stub.h"

#include "sinks/gzip.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static void
put_json(struct buf *out, json_t *v)
{
    char *text;

    if (json_is_string(v)) {
        buf_append(out, slice_of(json_string_value(v)));
        return;
    }
    text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_append(out, slice_of(text == NULL ? "" : text));
    free(text);
}

static void
put_headers(json_t *headers, bool product, struct buf *out)
{
    const char *key;
    json_t *v;

    json_object_foreach(headers, key, v)
    {
        if (strcasecmp(key, "x-elastic-product") == 0)
            product = false;
        if (json_is_string(v))
            buf_printf(out, "%s: %s\r\n", key, json_string_value(v));
    }
    if (product)
        buf_append(out, SLICE("X-elastic-product: Elasticsearch\r\n"));
}

static void
put_scripted(json_t *answer, struct stub_answer *out)
{
    const char *action = json_string_value(json_object_get(answer, "action"));
    unsigned seconds = (unsigned)json_integer_value(json_object_get(answer, "seconds"));

    if (action != NULL && strcmp(action, "close") == 0)
        out->status = 0;
    else if (action != NULL && strcmp(action, "timeout") == 0)
        out->silent_ms = seconds * 1000;
    else if (action != NULL)
        out->refuse_ms = seconds * 1000 / 4;
    if (action != NULL)
        return;
    if (json_is_integer(json_object_get(answer, "status")))
        out->status = (unsigned)json_integer_value(json_object_get(answer, "status"));
    put_json(&out->body, json_object_get(answer, "body"));
    put_headers(json_object_get(answer, "headers"), true, &out->headers);
}

void
es_stub_plain(const struct stub_request *r, struct buf *out)
{
    struct err err = { 0 };

    if (slice_eq(stub_header(r, "Content-Encoding"), SLICE("gzip"))) {
        ck_assert_msg(gzip_any(buf_slice(&r->body), 1 << 30, out, &err) == 0, "%s", err.msg);
    } else {
        buf_append(out, buf_slice(&r->body));
    }
}

static void
put_all_done(const struct stub_request *r, struct stub_answer *out)
{
    struct buf plain = { 0 };
    struct slice rest, line;
    bool first = true, source = false;

    es_stub_plain(r, &plain);
    rest = buf_slice(&plain);
    buf_append(&out->body, SLICE("{\"took\":1,\"errors\":false,\"items\":["));
    while (slice_split(&rest, '\n', &line) && line.n > 0) {
        size_t quote;

        if (source) {
            source = false;
            continue;
        }
        quote = slice_find_byte(line, '"', 2);
        buf_printf(&out->body, "%s{\"%.*s\":{\"status\":201}}", first ? "" : ",", (int)(quote - 2),
                   line.p + 2);
        source = !slice_starts(line, SLICE("{\"delete\""));
        first = false;
    }
    buf_append(&out->body, SLICE("]}"));
    buf_fini(&plain);
}

static bool
is_root(const struct es_cluster_stub *c, struct slice path)
{
    json_t *paths = json_object_get(c->cluster, "healthcheck_paths"), *v;
    size_t i;

    while (path.n > 0 && path.p[path.n - 1] == '/')
        path.n--;
    if (path.n == 0 || slice_eq(path, slice_of(c->prefix)))
        return true;
    json_array_foreach(paths, i, v)
    {
        struct slice one = slice_of(json_string_value(v));

        while (one.n > 0 && one.p[one.n - 1] == '/')
            one.n--;
        if (slice_eq(path, one))
            return true;
    }
    return false;
}

static void
put_root(const struct es_cluster_stub *c, struct stub_answer *out)
{
    json_t *root = json_object_get(c->cluster, "root"), *status;
    const char *version = json_string_value(json_object_get(c->cluster, "version"));
    const char *flavor = json_string_value(json_object_get(c->cluster, "build_flavor"));

    status = json_object_get(c->cluster, "root_status");
    if (json_is_integer(status))
        out->status = (unsigned)json_integer_value(status);
    if (root != NULL)
        put_json(&out->body, root);
    else
        buf_printf(&out->body,
                   "{\"name\":\"stub\",\"tagline\":\"You Know, for Search\",\"version\":{"
                   "\"number\":\"%s\"%s%s%s}}",
                   version == NULL ? "8.17.0" : version,
                   flavor == NULL ? "" : ",\"build_flavor\":\"", flavor == NULL ? "" : flavor,
                   flavor == NULL ? "" : "\"");
    put_headers(json_object_get(c->cluster, "root_headers"), true, &out->headers);
}

static bool
put_override(struct es_cluster_stub *c, const struct stub_request *r, struct slice path,
             struct stub_answer *out)
{
    char key[1100];
    json_t *answers;

    snprintf(key, sizeof key, "%s %.*s", r->method, SLICE_ARGS(path));
    answers = json_object_get(json_object_get(c->cluster, "overrides"), key);
    if (json_is_array(answers))
        answers = json_array_get(answers, 0);
    if (answers == NULL)
        return false;
    put_scripted(answers, out);
    return true;
}

static void
put_other(struct es_cluster_stub *c, struct stub_request *r, struct stub_answer *out)
{
    struct slice target = slice_of(r->target), path;
    json_t *status = json_object_get(c->cluster, "head_status");
    json_t *license = json_object_get(c->cluster, "license");

    slice_split(&target, '?', &path);
    if (put_override(c, r, path, out))
        return;
    if (strcmp(r->method, "HEAD") == 0) {
        out->status = !is_root(c, path)         ? 404
                      : json_is_integer(status) ? (unsigned)json_integer_value(status)
                                                : 200;
    } else if (strcmp(r->method, "PUT") == 0) {
        buf_append(&out->body, SLICE("{\"acknowledged\":true}"));
    } else if (is_root(c, path)) {
        put_root(c, out);
    } else if (slice_ends(path, SLICE("/_license")) && license != NULL) {
        put_scripted(license, out);
    } else if (slice_ends(path, SLICE("/_license"))) {
        buf_append(&out->body, SLICE("{\"license\":{\"status\":\"active\"}}"));
    } else {
        out->status = 404;
        buf_append(&out->body, SLICE("{}"));
    }
}

void
es_stub_answer(void *arg, struct stub_request *r, struct stub_answer *out)
{
    struct es_cluster_stub *c = arg;
    json_t *answer = NULL;

    if (strcmp(r->method, "POST") != 0) {
        put_other(c, r, out);
        return;
    }
    c->posts++;
    answer = json_array_get(c->answers, c->answered++);
    if (answer == NULL || json_is_true(json_object_get(answer, "auto")))
        put_all_done(r, out);
    else
        put_scripted(answer, out);
}
