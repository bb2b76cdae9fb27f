/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/hostile.h"

#include "codec/json_scan.h"
#include "codec/json_write.h"
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

#include <time.h>

#define DEPTH   900 /* of the levels that the scanner allows */
#define MEMBERS 10000
/* Sanitizers and a busy machine included; anything quadratic takes minutes. */
#define SECONDS 20

/* Values of v as JSON. */
static const char *const values[] = {
    "null",
    "true",
    "-1.5e300",
    "123456789012345678901234567890",
    "\"\"",
    "\" \\u0000\\n\"",
    "[]",
    "{}",
    "[null,[],{},\"\",1,[[\"x\"]]]",
    "{\"v\":{\"v\":[\"v\"]},\"a.b\":1,\"[x]\":2,\"\":3}",
    "\"\\ud83d\\ude00\\u00e9\"",
};

/* Kilobytes of each: enough that anything quadratic takes minutes. */
static const struct {
    const char *unit;
    size_t kilobytes;
} units[] = {
    { "a", 10240 }, { "{\"a\":", 1024 }, { "%41", 512 },  { " ", 512 }, { "\\", 512 },
    { "[", 512 },   { "1,", 512 },       { "a.b=", 512 }, { "é", 512 }, { "\n", 512 },
};

static void
check_result(const char *config, const char *what, struct event *ev)
{
    struct arena *a = event_arena(ev);
    struct buf text = { 0 };
    struct value parsed;
    struct err err = { 0 };
    char *copy;

    value_write(&ev->data, &text);
    copy = arena_block(a, text.n);
    memcpy(copy, text.p, text.n);
    ck_assert_msg(json_scan_object(a, copy, text.n, JSON_DEPTH + 100, &parsed, &err) == 0,
                  "%s, %s: %s", config, what, err.msg);
    buf_fini(&text);
}

/* The clock of this thread: others may have the machine. */
static double
seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
attack(struct chain *c, const char *config, const char *what, struct batch *b, struct value v)
{
    struct event *ev = chain_event(b, SLICE("{\"v\":null,\"other\":[1,{\"v\":\"x\"}]}"));
    struct fieldref at = fieldref_key(&b->arena, SLICE("v"));
    double begin = seconds();

    ck_assert_int_eq(event_set(ev, &at, v, NULL), 0);
    if (chain_run(c, ev))
        check_result(config, what, ev);
    for (uint32_t i = 0; i < b->spawned_n && i < 100; i++)
        check_result(config, what, b->spawned[i]);
    ck_assert_msg(seconds() - begin < SECONDS, "%s: %s takes too long", config, what);
}

static struct value
parsed(struct batch *b, struct slice json)
{
    char *text = arena_block(&b->arena, json.n);
    struct value v;
    size_t used;
    struct err err = { 0 };

    memcpy(text, json.p, json.n);
    ck_assert_msg(json_scan_value(&b->arena, text, json.n, JSON_DEPTH, &v, &used, &err) == 0, "%s",
                  err.msg);
    return v;
}

static void
attack_json(struct chain *c, const char *config, const char *what, struct slice json)
{
    struct batch *b = batch_new(NULL);

    attack(c, config, what, b, parsed(b, json));
    batch_recycle(&b);
}

static void
attack_text(struct chain *c, const char *config, const char *what, struct slice text)
{
    struct batch *b = batch_new(NULL);

    attack(c, config, what, b, value_str(&b->arena, text));
    batch_recycle(&b);
}

static struct slice
repeated(struct buf *out, const char *unit, size_t bytes)
{
    size_t n = strlen(unit), want = (bytes + n - 1) / n * n;

    buf_clear(out);
    buf_reserve(out, want);
    buf_append(out, slice_of(unit));
    while (out->n < want) {
        size_t more = out->n < want - out->n ? out->n : want - out->n;

        memcpy(out->p + out->n, out->p, more);
        out->n += more;
    }
    return buf_slice(out);
}

/* {"k0":1,"k1":1,...} and the same as a list of texts. */
static void
attack_wide(struct chain *c, const char *config, struct buf *text)
{
    buf_clear(text);
    for (unsigned i = 0; i < MEMBERS; i++)
        buf_printf(text, "%c\"k.%u\":\"v\"", i == 0 ? '{' : ',', i);
    buf_byte(text, '}');
    attack_json(c, config, "a wide object", buf_slice(text));
    attack_text(c, config, "a wide object as text", buf_slice(text));
    buf_clear(text);
    for (unsigned i = 0; i < MEMBERS; i++)
        buf_printf(text, "%c\"%u.0.0.1\"", i == 0 ? '[' : ',', i % 256);
    buf_byte(text, ']');
    attack_json(c, config, "a wide list", buf_slice(text));
}

static void
attack_deep(struct chain *c, const char *config, struct buf *text)
{
    repeated(text, "[", DEPTH);
    for (unsigned i = 0; i < DEPTH; i++)
        buf_byte(text, ']');
    attack_json(c, config, "deep lists", buf_slice(text));
    repeated(text, "{\"v\":", DEPTH * 5);
    buf_byte(text, '1');
    for (unsigned i = 0; i < DEPTH; i++)
        buf_byte(text, '}');
    attack_json(c, config, "deep objects", buf_slice(text));
}

void
hostile_run(const char *config)
{
    static const char bad_utf8[] = "a\xff\xc3(\xf0\x9f\x98 %ff \xed\xa0\x80";
    struct err err = { 0 };
    struct chain *c = chain_new(slice_of(config), ECS_DISABLED, false, &err);
    struct buf text = { 0 };

    ck_assert_msg(c != NULL, "%s: %s", config, err.msg);
    for (size_t i = 0; i < COUNT(values); i++)
        attack_json(c, config, values[i], slice_of(values[i]));
    attack_text(c, config, "bytes that are not UTF-8", slice_of(bad_utf8));
    attack_text(c, config, "a NUL", SLICE("\0x\0"));
    for (size_t i = 0; i < COUNT(units); i++)
        attack_text(c, config, units[i].unit,
                    repeated(&text, units[i].unit, units[i].kilobytes << 10));
    attack_wide(c, config, &text);
    attack_deep(c, config, &text);
    buf_fini(&text);
    chain_free(c);
}
