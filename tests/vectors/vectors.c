/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs byte vectors of the Lumberjack protocol: vectors DIRECTORY...
 *
 * Each directory has an index.json and .hex files, laid out as in section 8 of the reference. Every
 * vector is fed whole, byte by byte, and cut at each offset, under both policies for bad events.
 * Vectors of what a server says go to the sender's reader of ACKs. Prints what differs; exit status
 * 1 if anything does. Without arguments: the shared reference if it is there, and our own. */
#include "codec/json_scan.h"
#include "codec/json_write.h"
#include "tests/vectors/wire.h"
#include "tools/beats_send/ack_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct runner {
    struct arena arena; /* of one directory: its index */
    struct arena work;  /* of one run */
    unsigned vectors, runs, failed;
};

/* One vector under one policy. */
struct vector {
    const char *name;
    struct slice bytes;
    struct lj_limits limits;
    enum lj_on_bad on_bad;
    struct value *expected;
};

/* ---- files ---- */

static bool
read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rbe");
    size_t n;

    if (f == NULL)
        return false;
    while ((n = fread(buf_reserve(out, 65536), 1, 65536, f)) > 0)
        out->n += n;
    fclose(f);
    return true;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits, blanks anywhere. */
static struct slice
from_hex(struct arena *a, struct slice hex)
{
    char *out = arena_bytes(a, hex.n / 2 + 1);
    size_t n = 0;
    int high = -1;

    for (size_t i = 0; i < hex.n; i++) {
        int digit = hex_digit(hex.p[i]);

        if (digit < 0)
            continue;
        if (high >= 0)
            out[n++] = (char)(high << 4 | digit);
        high = high >= 0 ? -1 : digit;
    }
    return (struct slice){ out, n };
}

/* ---- the index ---- */

static struct value *
member(struct runner *r, struct value *object, const char *key)
{
    return value_get(&r->arena, object, slice_of(key));
}

static struct slice
text_at(struct runner *r, struct value *object, const char *key)
{
    struct value *v = member(r, object, key);

    return v != NULL && v->type == V_STRING ? value_text(&r->arena, v) : (struct slice){ 0 };
}

static uint64_t
number_at(struct runner *r, struct value *object, const char *key, uint64_t otherwise)
{
    struct value *v = member(r, object, key);

    return v != NULL && v->type == V_INT ? (uint64_t)value_to_int(v) : otherwise;
}

static void
read_limits(struct runner *r, struct value *from, struct lj_limits *l)
{
    if (from == NULL)
        return;
    l->window_events = (uint32_t)number_at(r, from, "max_window_events", l->window_events);
    l->json_bytes = (uint32_t)number_at(r, from, "max_json_bytes", l->json_bytes);
    l->compressed_bytes = (uint32_t)number_at(r, from, "max_compressed_bytes", l->compressed_bytes);
    l->decompressed_bytes = number_at(r, from, "max_decompressed_bytes", l->decompressed_bytes);
    l->pairs = (uint32_t)number_at(r, from, "max_pairs", l->pairs);
    l->key_bytes = (uint32_t)number_at(r, from, "max_key_bytes", l->key_bytes);
    l->value_bytes = (uint32_t)number_at(r, from, "max_value_bytes", l->value_bytes);
    l->json_depth = (uint32_t)number_at(r, from, "max_json_depth", l->json_depth);
}

/* ---- comparing ---- */

static bool
same_event(struct runner *r, struct event *got, struct value *wanted)
{
    struct value data = value_import(&r->work, &got->data);
    struct value want = value_copy(&r->work, member(r, wanted, "data"));

    return value_equal(&r->work, &data, &want);
}

/* Of long lists the index has the first two and the last. Events of a window that never completed
 * may follow those of complete ones, as far as they were decoded. */
static bool
same_events(struct runner *r, const struct wire *w, struct value *expected, char *why, size_t max)
{
    struct value *events = member(r, expected, "events");
    uint32_t listed = value_count(&r->arena, events);
    bool abbreviated = member(r, expected, "events_abbreviated") != NULL;
    uint64_t n = number_at(r, expected, "event_count", listed);
    struct value *unacked = member(r, expected, "unacked_events");
    uint64_t most = n + (unacked == NULL ? 0 : value_count(&r->arena, unacked));

    if (w->n < n || w->n > most) {
        snprintf(why, max, "%zu events instead of %llu", w->n, (unsigned long long)n);
        return false;
    }
    for (uint32_t i = 0; i < listed; i++) {
        size_t at = abbreviated && i == listed - 1 ? (size_t)n - 1 : i;

        if (!same_event(r, w->events[at], value_at(&r->arena, events, i))) {
            struct buf text = { 0 };

            value_write(&w->events[at]->data, &text);
            snprintf(why, max, "event %zu is %.*s", at, (int)(text.n < 200 ? text.n : 200), text.p);
            buf_fini(&text);
            return false;
        }
    }
    for (size_t i = (size_t)n; i < w->n; i++)
        if (!same_event(r, w->events[i], value_at(&r->arena, unacked, (uint32_t)(i - n)))) {
            snprintf(why, max, "event %zu of the open window differs", i);
            return false;
        }
    return true;
}

static bool
same_error(struct runner *r, const struct wire *w, struct value *expected, char *why, size_t max)
{
    struct value *error = member(r, expected, "error");
    bool none = error == NULL || error->type == V_NULL;
    struct slice code = none ? SLICE("none") : text_at(r, error, "code");
    struct value *close = member(r, expected, "close");
    bool wants_close = close != NULL && value_to_bool(close);

    if (slice_eq(slice_of(err_name(w->err.code)), code) && wants_close == w->closed &&
        (none || number_at(r, error, "offset", w->err_at) == w->err_at))
        return true;
    snprintf(why, max, "error %s at %llu%s, wanted %.*s: %s", err_name(w->err.code),
             (unsigned long long)w->err_at, w->closed ? ", closed" : "", SLICE_ARGS(code),
             w->err.msg);
    return false;
}

static bool
same_acks(struct runner *r, const struct wire *w, struct value *expected, char *why, size_t max)
{
    struct slice want = from_hex(&r->work, text_at(r, expected, "ack_bytes"));

    if (slice_eq(want, buf_slice(&w->acks)))
        return true;
    snprintf(why, max, "%zu bytes of ACKs that differ, wanted %zu", w->acks.n, want.n);
    return false;
}

/* ---- running ---- */

/* cut: bytes of the first piece; step: of those that follow. */
static void
run_once(struct runner *r, const struct vector *v, size_t cut, size_t step, const char *way)
{
    char why[1024] = "";
    struct wire w;

    wire_init(&w, &v->limits, v->on_bad);
    for (size_t at = 0, n = cut; at < v->bytes.n && !w.closed; at += n, n = step) {
        size_t piece = n < v->bytes.n - at ? n : v->bytes.n - at;
        char *moved = malloc(piece); /* its exact size, and gone afterwards */

        memcpy(moved, v->bytes.p + at, piece);
        wire_feed(&w, (struct slice){ moved, piece });
        free(moved);
    }
    wire_eof(&w);
    r->runs++;
    if (!same_acks(r, &w, v->expected, why, sizeof why) ||
        !same_error(r, &w, v->expected, why, sizeof why) ||
        !same_events(r, &w, v->expected, why, sizeof why)) {
        r->failed++;
        printf("%s, %s, %s (%zu): %s\n", v->name, v->on_bad == LJ_CLOSE ? "close" : "quarantine",
               way, cut, why);
    }
    wire_fini(&w);
    arena_fini(&r->work);
}

static void
run_policy(struct runner *r, const struct vector *v)
{
    unsigned failed = r->failed;

    run_once(r, v, v->bytes.n, v->bytes.n, "whole");
    run_once(r, v, 1, 1, "byte by byte");
    for (size_t cut = 1; cut < v->bytes.n && r->failed == failed; cut++)
        run_once(r, v, cut, v->bytes.n, "cut");
}

/* A window of three events is in flight; the index says in words what becomes of it. */
static void
run_answers(struct runner *r, const struct vector *v)
{
    struct slice effect = text_at(r, v->expected, "client_effect");
    bool breaks = slice_starts(effect, SLICE("Protocol error"));

    for (size_t step = 1; step <= v->bytes.n; step++) {
        struct ack_check c = { 0 };
        struct slice in = { v->bytes.p, 0 };
        struct err err = { 0 };
        enum ack_seen got = ACK_MORE;

        ack_check_add(&c,
                      (struct ack_window){ .first = 1, .last = 3, .version = '2', .sent = true });
        for (size_t fed = 0; fed < v->bytes.n && got != ACK_BROKEN; fed += step) {
            in.n += v->bytes.n - fed < step ? v->bytes.n - fed : step;
            while ((got = ack_check_next(&c, &in, &err)) > ACK_MORE)
                ;
        }
        r->runs++;
        if ((got == ACK_BROKEN) != breaks || (c.n == 0) == breaks) {
            r->failed++;
            printf("%s, step %zu: %s\n", v->name, step, err.msg);
        }
    }
}

static struct slice
bytes_of(struct runner *r, const char *dir, struct value *entry)
{
    struct slice hex = text_at(r, entry, "hex"), file = text_at(r, entry, "file"), bytes;
    struct buf text = { 0 };
    char path[4096];

    if (hex.p != NULL)
        return from_hex(&r->arena, hex);
    snprintf(path, sizeof path, "%s/%.*s", dir, SLICE_ARGS(file));
    if (!read_file(path, &text)) {
        printf("%s: cannot be read\n", path);
        r->failed++;
    }
    bytes = from_hex(&r->arena, buf_slice(&text));
    buf_fini(&text);
    return bytes;
}

static void
run_vector(struct runner *r, const char *dir, struct value *entry, const struct lj_limits *limits)
{
    struct vector v = { .limits = *limits };
    struct value *quarantine = member(r, entry, "expected_quarantine");

    v.name = arena_cstr(&r->arena, text_at(r, entry, "name"));
    v.bytes = bytes_of(r, dir, entry);
    v.expected = member(r, entry, "expected");
    read_limits(r, member(r, entry, "limits"), &v.limits);
    r->vectors++;
    if (!slice_eq(text_at(r, entry, "direction"), SLICE("client-to-server"))) {
        run_answers(r, &v);
        return;
    }
    v.on_bad = LJ_CLOSE;
    run_policy(r, &v);
    v.on_bad = LJ_QUARANTINE;
    if (quarantine != NULL)
        v.expected = quarantine;
    run_policy(r, &v);
}

static void
run_index(struct runner *r, const char *dir, struct buf *text)
{
    struct lj_limits limits = lj_default_limits;
    struct value index, *vectors;
    struct err err = { 0 };
    size_t n = text->n;

    memset(buf_reserve(text, ARENA_PAD), 0, ARENA_PAD);
    if (json_scan_object(&r->arena, text->p, n, JSON_DEPTH, &index, &err) < 0) {
        printf("%s/index.json: %s\n", dir, err.msg);
        r->failed++;
        return;
    }
    read_limits(r, member(r, &index, "default_limits"), &limits);
    vectors = member(r, &index, "vectors");
    for (uint32_t i = 0; vectors != NULL && i < value_count(&r->arena, vectors); i++)
        run_vector(r, dir, value_at(&r->arena, vectors, i), &limits);
}

static bool
run_directory(struct runner *total, const char *dir)
{
    struct runner r = { 0 };
    struct buf text = { 0 };
    char path[4096];
    bool found;

    snprintf(path, sizeof path, "%s/index.json", dir);
    found = read_file(path, &text);
    if (found) {
        run_index(&r, dir, &text);
        if (r.vectors == 0)
            r.failed++;
        printf("%s: %u vectors, %u runs, %u differ\n", dir, r.vectors, r.runs, r.failed);
    }
    arena_fini(&r.arena);
    arena_fini(&r.work);
    buf_fini(&text);
    total->vectors += r.vectors;
    total->failed += r.failed;
    return found;
}

int
main(int argc, char **argv)
{
    const char *env = getenv("HEADRIG_SHARED");
    struct runner total = { 0 };
    char shared[4096];

    for (int i = 1; i < argc; i++) {
        if (!run_directory(&total, argv[i])) {
            printf("%s/index.json: cannot be read\n", argv[i]);
            total.failed++;
        }
    }
    if (argc == 1) {
        snprintf(shared, sizeof shared, "%s/reference/vectors/lumberjack",
                 env != NULL ? env : SHARED_DIR);
        if (!run_directory(&total, shared))
            printf("%s is not there: only our own vectors are run\n", shared);
        if (!run_directory(&total, OWN_DIR))
            total.failed++;
    }
    arena_thread_trim();
    return total.failed == 0 && total.vectors > 0 ? 0 : 1;
}
