/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/es_case.h"

#include "codec/json_scan.h"
#include "tests/unit/shared.h"

static struct slice
text_of(struct arena *a, const char *text, const char *address)
{
    struct buf out = { 0 };
    struct slice s = slice_of(text), copy;

    for (size_t i = 0; i < s.n; i++) {
        if (slice_starts((struct slice){ s.p + i, s.n - i }, SLICE("${MOCK}"))) {
            buf_append(&out, slice_of(address));
            i += 6;
        } else if (slice_starts((struct slice){ s.p + i, s.n - i }, SLICE("${FILE}"))) {
            buf_append(&out, SLICE("/etc/passwd"));
            i += 6;
        } else {
            buf_byte(&out, s.p[i]);
        }
    }
    copy = arena_copy(a, buf_slice(&out));
    buf_fini(&out);
    return copy;
}

struct opt_value
es_case_option(struct arena *a, json_t *v, const char *address)
{
    struct opt_value out = { .kind = OV_STRING, .n = 0 };
    const char *key;
    json_t *member;
    size_t i;

    if (json_is_string(v)) {
        out.text = text_of(a, json_string_value(v), address);
    } else if (json_is_boolean(v)) {
        out.kind = OV_BAREWORD;
        out.text = json_is_true(v) ? SLICE("true") : SLICE("false");
    } else if (json_is_integer(v)) {
        out.kind = OV_INT;
        out.number = json_integer_value(v);
        out.text = arena_printf(a, "%lld", (long long)out.number);
    } else if (json_is_array(v)) {
        out.kind = OV_LIST;
        out.list = arena_calloc(a, json_array_size(v) + 1, sizeof *out.list);
        json_array_foreach(v, i, member)
        {
            out.list[out.n++] = es_case_option(a, member, address);
        }
    } else {
        out.kind = OV_HASH;
        out.pairs = arena_calloc(a, json_object_size(v) + 1, sizeof *out.pairs);
        json_object_foreach(v, key, member)
        {
            out.pairs[out.n++] = (struct opt_pair){ .key = arena_copy(a, slice_of(key)),
                                                    .value = es_case_option(a, member, address) };
        }
    }
    return out;
}

struct event *
es_case_event(struct batch *b, json_t *json)
{
    struct event *ev = batch_add(b);
    char *text = json_dumps(json, JSON_COMPACT);
    char *copy = arena_copy_padded(&b->arena, slice_of(text));
    struct err err = { 0 };

    ck_assert_msg(json_scan_object(&b->arena, copy, strlen(text), 100, &ev->data, &err) == 0,
                  "%s: %s", text, err.msg);
    ck_assert_int_eq(event_construct(ev, (struct timestamp){ 0, 0 }, NULL, true, &err), 0);
    free(text);
    return ev;
}

/* Null members of a metadata line may be left out. */
static void
drop_nulls(json_t *line)
{
    const char *action, *key;
    json_t *members, *v;
    void *next;

    json_object_foreach(line, action, members)
    {
        if (!json_is_object(members))
            continue;
        json_object_foreach_safe(members, next, key, v)
        {
            if (json_is_null(v))
                json_object_del(members, key);
        }
    }
}

void
es_case_lines(const char *name, json_t *wanted, struct slice body)
{
    struct slice line, rest = body;
    size_t n = 0;

    ck_assert_msg(body.n == 0 || body.p[body.n - 1] == '\n', "%s: no newline at the end", name);
    while (slice_split(&rest, '\n', &line)) {
        json_t *want = json_array_get(wanted, n), *got;
        char *want_text;

        if (line.n == 0)
            break;
        got = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(got != NULL, "%s: line %zu: %.*s", name, n, SLICE_ARGS(line));
        want = json_deep_copy(want);
        drop_nulls(want);
        drop_nulls(got);
        want_text = json_dumps(want, JSON_COMPACT | JSON_ENCODE_ANY);
        ck_assert_msg(json_equal(want, got), "%s: line %zu: %.*s\nwant %s", name, n,
                      SLICE_ARGS(line), want_text);
        free(want_text);
        json_decref(want);
        json_decref(got);
        n++;
    }
    ck_assert_msg(n == json_array_size(wanted), "%s: %zu lines, want %zu", name, n,
                  json_array_size(wanted));
}

json_t *
es_case_load(const char *file)
{
    struct arena a;
    struct slice text;
    json_error_t why;
    json_t *cases;

    arena_init(&a, NULL);
    text = shared_read(&a, arena_cstr(&a, arena_printf(&a, "reference/cases/elasticsearch/%s.json",
                                                       file)));
    cases = json_loadb(text.p, text.n, 0, &why);
    ck_assert_msg(cases != NULL, "%s: %s", file, why.text);
    arena_fini(&a);
    return cases;
}
