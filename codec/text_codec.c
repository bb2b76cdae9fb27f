/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/text_codec.h"

#include "codec/base/log.h"
#include "codec/json_scan.h"
#include "codec/template.h"
#include "codec/utf8.h"

#include <stdlib.h>

#define COMPLAINT_MS 1000

const char *const ecs_choices[] = { "disabled", "v1", "v8", NULL };

/* d->state: made at the first text. */
struct text_state {
    struct charset_converter *converter;
    size_t searched; /* bytes of d->rest in which no delimiter begins */
    bool skipping;   /* the line under way is over its limit; its text is gone */
    uint64_t skipped_bytes;
    struct log_throttle charset, failure, limit;
};

int
text_conf_prepare(struct text_conf *c, const struct plugin_context *ctx, struct err *err)
{
    int ecs = c->ecs_compatibility < 0 ? (int)ctx->ecs : c->ecs_compatibility;

    c->ecs = ecs != ECS_DISABLED;
    c->ctx = ctx;
    if (c->delimiter.p != NULL && c->delimiter.n == 0)
        return err_set(err, ERR_CONFIG, "delimiter: must not be empty");
    return charset_check(c->charset, err);
}

static struct text_state *
state_of(struct decoder *d)
{
    if (d->state == NULL)
        d->state = xcalloc(1, sizeof(struct text_state));
    return d->state;
}

void
text_decoder_fini(struct decoder *d)
{
    struct text_state *s = d->state;

    if (s == NULL)
        return;
    charset_free(&s->converter);
    free(s);
    d->state = NULL;
}

static uint64_t
now_ms(struct timestamp now)
{
    return (uint64_t)now.sec * 1000 + now.nsec / 1000000;
}

/* ---- text to UTF-8 ---- */

struct slice
text_to_utf8(struct decoder *d, struct slice text, struct timestamp now)
{
    const struct text_conf *c = d->conf;
    struct text_state *s = state_of(d);
    struct slice out;
    uint64_t swallowed;

    if (charset_convert(&s->converter, c->charset, text, &out) &&
        log_throttle_pass(&s->charset, now_ms(now), COMPLAINT_MS, &swallowed)) {
        char shown[256];
        struct log_param params[] = {
            LOG_TEXT("text", slice_of(log_escape(text, shown, sizeof shown))),
            LOG_TEXT("expected_charset", slice_of(charset_names[c->charset])),
            LOG_INT("swallowed", swallowed),
        };

        log_params(c->ctx->log, LOG_WARN, params, swallowed > 0 ? 3 : 2,
                   "Received an event that has a different character encoding than you "
                   "configured.");
    }
    return out;
}

/* ---- events ---- */

static void
put_text(struct event *ev, struct value *object, struct slice key, struct slice text)
{
    struct arena *a = event_arena(ev);

    value_assign(value_put(a, object, key), value_str(a, text));
    object->flags |= V_CHANGED;
}

/* An `event` that is no object is left alone. */
static void
put_original(struct event *ev, struct slice text)
{
    struct arena *a = event_arena(ev);
    struct value *member = value_get(a, &ev->data, SLICE("event"));

    if (member == NULL) {
        member = value_put(a, &ev->data, SLICE("event"));
        value_assign(member, value_object(a));
        ev->data.flags |= V_CHANGED;
    }
    if (member->type != V_OBJECT || value_get(a, member, SLICE("original")) != NULL)
        return;
    put_text(ev, member, SLICE("original"), text);
    ev->data.flags |= V_CHANGED;
}

/* False: an @metadata that is no object. */
static bool
construct(const struct text_conf *c, struct event *ev, struct timestamp now)
{
    struct err ignored = { 0 };

    return event_construct(ev, now, c->ctx->zone, false, &ignored) == 0;
}

static struct event *
add_message(struct decoder *d, struct slice text, struct timestamp now, struct batch *out)
{
    struct event *ev = batch_add(out);

    put_text(ev, &ev->data, SLICE("message"), text);
    construct(d->conf, ev, now);
    return ev;
}

void
text_decode_message(struct decoder *d, struct slice text, struct timestamp now, struct batch *out)
{
    text_add_message(d, text_to_utf8(d, text, now), now, out);
}

struct event *
text_add_message(struct decoder *d, struct slice text, struct timestamp now, struct batch *out)
{
    const struct text_conf *c = d->conf;
    struct event *ev = add_message(d, text, now, out);

    if (c->ecs)
        put_original(ev, text);
    return ev;
}

/* ---- JSON ---- */

static void
add_failure(struct decoder *d, struct slice text, const struct err *why, struct timestamp now,
            struct batch *out)
{
    const struct text_conf *c = d->conf;
    uint64_t swallowed;

    event_tag(add_message(d, text, now, out), SLICE("_jsonparsefailure"));
    if (log_throttle_pass(&state_of(d)->failure, now_ms(now), COMPLAINT_MS, &swallowed)) {
        char shown[256];
        struct log_param params[] = {
            LOG_TEXT("message", slice_of(why->msg)),
            LOG_TEXT("data", utf8_shown(text, shown, sizeof shown)),
            LOG_INT("swallowed", swallowed),
        };

        log_params(c->ctx->log, c->failure_level, params, swallowed > 0 ? 3 : 2, "%s",
                   c->failure_text);
    }
}

/* NULL: the object cannot be an event; nothing was added. */
static struct event *
add_object(struct decoder *d, struct value object, struct timestamp now, struct batch *out)
{
    const struct text_conf *c = d->conf;
    struct event *ev = batch_add(out);
    struct err ignored = { 0 };

    if (c->target.text.p == NULL) {
        ev->data = object;
        if (construct(c, ev, now))
            return ev;
        out->n--;
        return NULL;
    }
    construct(c, ev, now);
    event_set(ev, &c->target, object, &ignored);
    return ev;
}

static bool
is_list_of_objects(struct arena *a, struct value *v)
{
    if (v->type != V_ARRAY)
        return false;
    for (uint32_t i = 0; i < value_count(a, v); i++)
        if (value_at(a, v, i)->type != V_OBJECT)
            return false;
    return true;
}

/* The scanner sees to the members of a root only, and events must not have two of a name. */
static struct value
unique_members(struct arena *a, struct value object)
{
    if (json_kids_unique(a, value_index(a, &object)))
        object.flags |= V_CHANGED;
    return object;
}

static int
add_objects(struct decoder *d, struct value *v, struct timestamp now, struct batch *out,
            struct err *err)
{
    struct arena *a = &out->arena;

    if (v->type == V_OBJECT) {
        if (add_object(d, *v, now, out) == NULL)
            return err_set(err, ERR_PARSE, "@metadata is no object");
        return 0;
    }
    if (!is_list_of_objects(a, v))
        return err_set(err, ERR_JSON_NOT_OBJECT, "JSON must contain objects or arrays of objects");
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++)
        if (add_object(d, unique_members(a, *value_at(a, v, i)), now, out) == NULL)
            return err_set(err, ERR_PARSE, "@metadata is no object");
    return 0;
}

void
text_decode_json(struct decoder *d, struct slice text, struct timestamp now, struct batch *out)
{
    const struct text_conf *c = d->conf;
    struct slice plain = text_to_utf8(d, text, now);
    struct err err = { 0 };
    uint32_t before = out->n;
    struct value v;
    size_t used;

    if (slice_trim(plain).n == 0)
        return;
    if (json_scan_value(&out->arena, arena_copy_padded(&out->arena, plain), plain.n, JSON_DEPTH, &v,
                        &used, &err) < 0 ||
        add_objects(d, &v, now, out, &err) < 0) {
        out->n = before;
        add_failure(d, plain, &err, now, out);
        return;
    }
    if (out->n == before + 1 && c->ecs && c->keeps_original)
        put_original(out->events[before], plain);
}

/* ---- lines ---- */

static void
complain_of_limit(struct decoder *d, struct text_state *s, struct timestamp now)
{
    const struct text_conf *c = d->conf;
    uint64_t swallowed;

    if (log_throttle_pass(&s->limit, now_ms(now), COMPLAINT_MS, &swallowed))
        log_error(
            c->ctx->log,
            "input buffer full, dropped a line of %llu bytes which exceeded the sizeLimit %llu",
            (unsigned long long)s->skipped_bytes, (unsigned long long)c->decode_size_limit_bytes);
    s->skipped_bytes = 0;
    s->skipping = false;
}

static void
end_line(struct decoder *d, struct slice line, text_line_fn *fn, struct timestamp now,
         struct batch *out)
{
    const struct text_conf *c = d->conf;
    struct text_state *s = d->state;
    uint64_t limit = c->decode_size_limit_bytes;

    s->skipped_bytes += s->skipping || (limit > 0 && line.n > limit) ? line.n : 0;
    if (s->skipped_bytes > 0)
        complain_of_limit(d, s, now);
    else
        fn(d, line, now, out);
}

/* A line that is over its limit before its end is seen must not be kept. */
static void
bound_rest(struct decoder *d)
{
    const struct text_conf *c = d->conf;
    struct text_state *s = d->state;
    size_t keep = c->delimiter.n - 1; /* what may be the front of a delimiter */

    if (!s->skipping &&
        (c->decode_size_limit_bytes == 0 || d->rest.n - keep <= c->decode_size_limit_bytes))
        return;
    if (d->rest.n <= keep)
        return;
    s->skipping = true;
    s->skipped_bytes += d->rest.n - keep;
    memmove(d->rest.p, d->rest.p + d->rest.n - keep, keep);
    d->rest.n = keep;
    s->searched = 0;
}

void
text_split(struct decoder *d, struct slice text, text_line_fn *fn, struct timestamp now,
           struct batch *out)
{
    const struct text_conf *c = d->conf;
    struct text_state *s = state_of(d);
    struct slice all;
    size_t from = 0, at;

    buf_append(&d->rest, text);
    all = buf_slice(&d->rest);
    for (size_t look = s->searched; (at = slice_find(all, c->delimiter, look)) != SIZE_MAX;
         look = from) {
        end_line(d, (struct slice){ all.p + from, at - from }, fn, now, out);
        from = at + c->delimiter.n;
    }
    if (from > 0 && all.n > from)
        memmove(d->rest.p, d->rest.p + from, all.n - from);
    d->rest.n = all.n - from;
    s->searched = d->rest.n < c->delimiter.n ? 0 : d->rest.n - (c->delimiter.n - 1);
    bound_rest(d);
}

void
text_split_end(struct decoder *d, text_line_fn *fn, struct timestamp now, struct batch *out)
{
    struct text_state *s = state_of(d);

    if (d->rest.n > 0 || s->skipping)
        end_line(d, buf_slice(&d->rest), fn, now, out);
    buf_clear(&d->rest);
    s->searched = 0;
}

/* ---- encoding ---- */

/* As Java prints an event: containers in its own style, not as JSON. */
static void
print_part(struct event *ev, struct slice name, struct buf *out)
{
    struct value *v = value_get(event_arena(ev), &ev->data, name);

    if (v == NULL || v->type == V_NULL)
        buf_printf(out, "%%{%.*s}", SLICE_ARGS(name));
    else if (value_is_container(v))
        value_render_java(event_arena(ev), v, out);
    else
        value_render(event_arena(ev), v, out);
}

void
text_encode(const struct text_conf *c, struct event *ev, struct buf *out)
{
    struct timestamp t;

    if (c->format != NULL) {
        template_render(c->format, ev, out);
        return;
    }
    if (event_timestamp(ev, &t)) {
        char *to = buf_reserve(out, TIMESTAMP_TEXT);

        out->n += timestamp_print(t, to);
        buf_byte(out, ' ');
    }
    print_part(ev, SLICE("host"), out);
    buf_byte(out, ' ');
    print_part(ev, SLICE("message"), out);
}
