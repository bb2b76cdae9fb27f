/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter json: a field that holds JSON text becomes fields (filters.md 7). */
#include "pipeline/filter.h"
#include "pipeline/json_decimal.h"
#include "pipeline/json_merge.h"
#include "pipeline/ruby_value.h"

#include "codec/json_scan.h"
#include "codec/json_unescape.h"

struct conf {
    struct fieldref source, target;
    bool skip_on_invalid_json;
    int ecs_compatibility;
    enum escape_style escape;
    zone_fn *zone;
    struct timestamp (*now)(void);
};

struct local {
    struct json_merge *merge;
    struct buf scratch;
};

static const char *const ecs_modes[] = { "disabled", "v1", "v8", NULL };

static const struct option options[] = {
    OPT_FIELDREF(struct conf, source, .required = true, .help = "field that holds the JSON text"),
    OPT_FIELDREF(struct conf, target, .help = "where the result goes; default: the event itself"),
    OPT_BOOL(struct conf, skip_on_invalid_json, .dflt = "false",
             .help = "leave an event alone, without a tag, when its text is no JSON"),
    OPT_ENUM(struct conf, ecs_compatibility, .choices = ecs_modes,
             .help = "without effect on fields"),
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    (void)err;
    c->escape = ctx->escape;
    c->zone = ctx->zone;
    c->now = ctx->now;
    return 0;
}

static int
start(const void *conf, void *local, struct err *err)
{
    const struct conf *c = conf;
    struct local *l = local;

    l->merge = json_merge_new(c->escape, err);
    return l->merge == NULL ? -1 : 0;
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    json_merge_free(&l->merge);
    buf_fini(&l->scratch);
}

/* ---- parsing ---- */

static struct slice
without_blanks(struct slice s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\n' || s.p[0] == '\r')) {
        s.p++;
        s.n--;
    }
    return s;
}

/* A copy to scan, for the source field keeps what it has: values alias the text they were scanned
 * from, and the scanner may change it. One with escapes is copied without them at once. */
static struct slice
text_to_scan(struct arena *a, struct value *v)
{
    struct slice text;
    char *copy;
    size_t n;

    if ((v->flags & (V_ESCAPED | V_DECODED)) != V_ESCAPED) {
        text = value_text(a, v);
        return (struct slice){ arena_copy_padded(a, text), text.n };
    }
    text = value_raw_text(v);
    copy = arena_bytes(a, text.n + JSON_UNESCAPE_ROOM + ARENA_PAD);
    n = json_unescape((struct slice){ text.p + 1, text.n - 2 }, copy);
    memset(copy + n, 0, ARENA_PAD);
    arena_end(a, copy + n + ARENA_PAD);
    return (struct slice){ copy, n };
}

/* The whole of a copy. Of several documents the last one counts; blank text is null. A number that
 * is an int64 is no decimal. */
static int
parse(struct local *l, struct arena *a, struct slice text, struct value *out, struct err *err)
{
    bool wide = false;

    if (slice_starts(text, SLICE("\xef\xbb\xbf"))) {
        text.p += 3;
        text.n -= 3;
    }
    text = without_blanks(text);
    *out = value_null();
    for (struct slice rest = text; rest.n > 0; rest = without_blanks(rest)) {
        char *at = (char *)(uintptr_t)rest.p;
        size_t used;

        if (json_scan_numbers(a, at, rest.n, JSON_DEPTH, out, &used, &wide, err) < 0)
            return -1;
        rest.p += used;
        rest.n -= used;
    }
    return wide ? json_decimal_convert(a, out, &l->scratch, err) : 0;
}

/* ---- into the event ---- */

/* A time of the document that is none: now, and what it was under another name. */
static void
set_timestamp(const struct conf *c, struct local *l, struct event *ev, struct value *found)
{
    struct arena *a = event_arena(ev);
    struct timestamp t;

    if (found->type == V_NULL || (found->type == V_BOOL && !value_to_bool(found)))
        return;
    if (found->type == V_STRING && timestamp_parse(value_text(a, found), c->zone, &t)) {
        event_set_timestamp(ev, t);
        return;
    }
    event_set_timestamp(ev, c->now());
    event_tag(ev, SLICE("_timestampparsefailure"));
    ev->data.flags |= V_CHANGED;
    value_assign(value_put(a, &ev->data, SLICE("_@timestamp")),
                 value_str(a, ruby_value_text(a, found, &l->scratch)));
}

static enum verdict
merge_root(const struct conf *c, struct local *l, struct event *ev, struct value *object)
{
    struct arena *a = event_arena(ev);
    struct value *found = value_get(a, object, SLICE("@timestamp")), timestamp = value_null();

    if (found != NULL) {
        timestamp = value_bare(found);
        value_remove_key(a, object, SLICE("@timestamp"));
    }
    if (json_merge_object(l->merge, ev, object, NULL) < 0)
        return EVENT_FAILED;
    set_timestamp(c, l, ev, &timestamp);
    return EVENT_KEEP;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;
    struct value *v = event_get(ev, &c->source), parsed;

    if (v == NULL || v->type == V_NULL || (v->type == V_BOOL && !value_to_bool(v)))
        return EVENT_SKIP;
    if (v->type != V_STRING)
        return EVENT_FAILED;
    if (parse(l, event_arena(ev), text_to_scan(event_arena(ev), v), &parsed, NULL) < 0)
        return c->skip_on_invalid_json ? EVENT_SKIP : EVENT_FAILED;
    if (c->target.text.p != NULL)
        return event_set(ev, &c->target, parsed, NULL) < 0 ? EVENT_FAILED : EVENT_KEEP;
    if (parsed.type != V_OBJECT)
        return EVENT_FAILED;
    return merge_root(c, l, ev, &parsed);
}

const struct filter_type filter_json = {
    .name = "json",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .tag_on_failure = "_jsonparsefailure",
    .prepare = prepare,
    .start = start,
    .stop = stop,
    .apply = apply,
};
