/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/es_write.h"

#include "codec/base/clock.h"
#include "codec/base/log.h"
#include "codec/batch.h"
#include "codec/json_scan.h"
#include "codec/json_write.h"
#include "pipeline/ruby_value.h"

#include <stdlib.h>

/* view->extra, until the view is encoded. */
struct es_view {
    struct buf scratch; /* one rendered template */
    struct buf name;    /* the index of this event */
    struct buf last;    /* the one before, and what follows from it */
    struct buf quoted;  /* as JSON */
    struct buf line;    /* the whole action line, when nothing else is in it */
    struct buf by_day;  /* the index of a day */
    struct buf day;     /* that day, as timestamps write it; empty: not known */
};

/* What one event resolves to. */
struct target {
    enum es_action action;
    struct slice index;     /* in es_view.name, or const */
    struct value *ingest;   /* [@metadata][_ingest_document] as an object, or NULL */
    struct value *tip;      /* [@metadata][target_ingest_pipeline], or NULL */
    struct value *in_event; /* its data_stream; in data stream mode */
    bool routed;            /* which says where it goes */
    struct slice stream[3]; /* type, dataset, namespace; in data stream mode */
    struct slice upsert;    /* of an update, as JSON; n 0: none */
};

void
es_writer_init(struct es_writer *w, const struct es_conf *conf, const struct log *log)
{
    *w = (struct es_writer){ .conf = conf, .log = log, .burst = LOG_BURST_INIT };
}

/* ---- refusals ---- */

static void
refuse(struct es_writer *w, struct event *ev, const struct err *why)
{
    struct arena *a = event_arena(ev);
    struct buf text = { 0 };
    uint64_t swallowed;

    w->refused++;
    if (!log_burst_pass(&w->burst, clock_mono_ms(), &swallowed))
        return;
    ruby_value_inspect(a, &ev->data, &text);
    if (value_count(a, &ev->meta) > 0) {
        text.n--; /* the closing brace: the metadata is one more member */
        buf_append(&text, SLICE(", \"@metadata\" => "));
        ruby_value_inspect(a, &ev->meta, &text);
        buf_byte(&text, '}');
    }
    log_warn(w->log, "%s; event: `%.*s`", why->msg, (int)(text.n < 8192 ? text.n : 8192), text.p);
    buf_fini(&text);
}

/* ---- what an event resolves to ---- */

static struct slice
render(const struct template *t, struct event *ev, struct buf *out)
{
    struct slice literal;

    if (template_is_literal(t, &literal))
        return literal;
    buf_clear(out);
    template_render(t, ev, out);
    return buf_slice(out);
}

static int
resolve_action(const struct es_conf *c, struct event *ev, struct buf *scratch, struct target *t,
               struct err *err)
{
    struct slice name;

    t->action = c->action_fixed;
    if (c->action_template == NULL)
        return 0;
    name = render(c->action_template, ev, scratch);
    if (es_action_find(name, &t->action))
        return 0;
    return err_set(err, ERR_CONFIG, "Elasticsearch doesn't support [%.*s] action",
                   SLICE_ARGS(name));
}

/* Missing, null and false fall back to the option. */
static struct slice
stream_part(struct event *ev, struct value *stream, const char *key, struct slice fallback)
{
    struct arena *a = event_arena(ev);
    struct value *v = value_get(a, stream, slice_of(key));
    struct buf text = { 0 };
    struct slice part;

    if (v == NULL || v->type == V_NULL || (v->type == V_BOOL && !value_to_bool(v)))
        return fallback;
    if (v->type == V_STRING)
        return value_text(a, v);
    value_render(a, v, &text);
    part = arena_copy(a, buf_slice(&text));
    buf_fini(&text);
    return part;
}

static const char *const stream_keys[3] = { "type", "dataset", "namespace" };

static void
resolve_stream(const struct es_conf *c, struct event *ev, struct es_view *x, struct target *t)
{
    const struct slice own[3] = { slice_of(es_stream_types[c->data_stream_type]),
                                  c->data_stream_dataset, c->data_stream_namespace };

    t->in_event = event_get(ev, &c->stream_field);
    t->routed = c->data_stream_auto_routing && t->in_event != NULL && t->in_event->type == V_OBJECT;
    for (int i = 0; i < 3; i++)
        t->stream[i] = t->routed ? stream_part(ev, t->in_event, stream_keys[i], own[i]) : own[i];
    t->index = c->stream;
    if (!t->routed)
        return;
    buf_clear(&x->name);
    buf_printf(&x->name, "%.*s-%.*s-%.*s", SLICE_ARGS(t->stream[0]), SLICE_ARGS(t->stream[1]),
               SLICE_ARGS(t->stream[2]));
    t->index = buf_slice(&x->name);
}

static bool
has_placeholder(struct slice s)
{
    size_t at = slice_find(s, SLICE("%{"), 0);

    return at != SIZE_MAX && slice_find_byte(s, '}', at) != SIZE_MAX;
}

static struct value *
ingest_member(struct event *ev, const struct target *t, const char *key)
{
    struct value *v =
        t->ingest == NULL ? NULL : value_get(event_arena(ev), t->ingest, slice_of(key));

    return v == NULL || v->type == V_NULL ? NULL : v;
}

/* Whether the event is of the day that x->by_day was made for; else that day is this one from now
 * on. Without a time nothing is known. */
static bool
is_same_day(struct event *ev, struct es_view *x)
{
    struct value *v = value_get(event_arena(ev), &ev->data, SLICE("@timestamp"));
    struct slice day = { NULL, 0 };

    if (v != NULL && v->type == V_TIMESTAMP) {
        day = value_raw_text(v);
        day.n = slice_find_byte(day, 'T', 0);
    }
    if (day.n > 0 && slice_eq(day, buf_slice(&x->day)))
        return true;
    buf_clear(&x->day);
    buf_append(&x->day, day);
    return false;
}

static int
resolve_index(struct es_writer *w, struct event *ev, struct es_view *x, struct target *t,
              struct err *err)
{
    const struct es_conf *c = w->conf;
    struct value *given;

    if (atomic_load_explicit(&w->uses_alias, memory_order_relaxed)) {
        t->index = c->ilm_rollover_alias;
        return 0;
    }
    given = c->index_is_default ? ingest_member(ev, t, "index") : NULL;
    if (given != NULL && given->type == V_STRING) {
        t->index = value_text(event_arena(ev), given);
        return 0;
    }
    if (c->index_by_day && is_same_day(ev, x)) {
        t->index = buf_slice(&x->by_day);
        return 0;
    }
    t->index = render(c->index, ev, c->index_by_day ? &x->by_day : &x->name);
    if (!c->dlq_on_failed_indexname_interpolation || !has_placeholder(t->index))
        return 0;
    return err_set(err, ERR_CONFIG,
                   "Badly formatted index, after interpolation still contains placeholder: [%.*s]",
                   SLICE_ARGS(t->index));
}

static int
resolve(struct es_writer *w, struct event *ev, struct es_view *x, struct target *t, struct err *err)
{
    const struct es_conf *c = w->conf;

    *t = (struct target){ .ingest = NULL };
    if (value_count(event_arena(ev), &ev->meta) > 0) {
        t->ingest = event_get(ev, &c->ingest_document);
        if (t->ingest != NULL && t->ingest->type != V_OBJECT)
            t->ingest = NULL;
        t->tip = event_get(ev, &c->target_pipeline);
        if (t->tip != NULL && t->tip->type == V_NULL)
            t->tip = NULL;
    }
    if (c->to_data_streams) {
        t->action = ES_CREATE;
        resolve_stream(c, ev, x, t);
        return 0;
    }
    if (resolve_action(c, ev, &x->scratch, t, err) < 0)
        return -1;
    return resolve_index(w, ev, x, t, err);
}

/* ---- the action line ---- */

struct line {
    struct buf *out;
    struct event *ev;
    struct es_view *x;
    bool first;
};

static void
put_key(struct line *l, const char *key)
{
    if (!l->first)
        buf_byte(l->out, ',');
    l->first = false;
    buf_byte(l->out, '"');
    buf_append(l->out, slice_of(key));
    buf_append(l->out, SLICE("\":"));
}

static void
put_text(struct line *l, const char *key, struct slice text)
{
    put_key(l, key);
    json_write_string(text, l->out);
}

/* The option's text, else what the event's metadata says. */
static bool
put_template(struct line *l, const char *key, const struct template *t, struct value *otherwise)
{
    if (t != NULL) {
        put_text(l, key, render(t, l->ev, &l->x->scratch));
    } else if (otherwise != NULL) {
        put_key(l, key);
        value_write(otherwise, l->out);
    } else {
        return false;
    }
    return true;
}

/* Left out when it comes out empty. */
static void
put_pipeline(struct line *l, const struct es_conf *c, const struct target *t)
{
    struct value *ingest = ingest_member(l->ev, t, "pipeline");
    struct arena *a = event_arena(l->ev);
    struct template *made;
    struct slice text;
    struct err ignored = { 0 };

    if (c->pipeline != NULL) {
        text = render(c->pipeline, l->ev, &l->x->scratch);
    } else if (ingest != NULL) {
        put_key(l, "pipeline");
        value_write(ingest, l->out);
        return;
    } else if (t->tip != NULL && t->tip->type == V_STRING) {
        text = value_text(a, t->tip);
        if (template_compile(a, text, c->ctx->escape, &made, &ignored) == 0)
            text = render(made, l->ev, &l->x->scratch);
    } else {
        return;
    }
    if (text.n > 0)
        put_text(l, "pipeline", text);
}

static void
put_version(struct line *l, const struct es_conf *c, const struct target *t)
{
    struct value *type = ingest_member(l->ev, t, "version_type");

    if (c->to_data_streams)
        return;
    put_template(l, "version", c->version, ingest_member(l->ev, t, "version"));
    if (c->version_type >= 0) {
        put_text(l, "version_type", c->version_type_text);
    } else if (type != NULL) {
        put_key(l, "version_type");
        value_write(type, l->out);
    }
}

/* Nulls are left out: a cluster takes them the same. */
static void
write_action(struct es_writer *w, struct line *l, const struct target *t)
{
    const struct es_conf *c = w->conf;

    buf_append(l->out, SLICE("{\""));
    buf_append(l->out, es_action_name(t->action));
    buf_append(l->out, SLICE("\":{"));
    put_template(l, "_id", c->document_id, ingest_member(l->ev, t, "id"));
    put_key(l, "_index");
    buf_append(l->out, buf_slice(&l->x->quoted));
    if (c->parent != NULL && c->join.text.p != NULL)
        put_template(l, "routing", c->parent, NULL);
    else
        put_template(l, "routing", c->routing, ingest_member(l->ev, t, "routing"));
    put_pipeline(l, c, t);
    if (c->document_type != NULL && atomic_load(&w->major) == 7)
        put_template(l, "_type", c->document_type, NULL);
    if (c->parent != NULL && c->join.text.p == NULL)
        put_template(l, "parent", c->parent, NULL);
    if (t->action == ES_UPDATE) {
        put_key(l, "retry_on_conflict");
        buf_int(l->out, c->retry_on_conflict);
    }
    put_version(l, c, t);
    buf_append(l->out, SLICE("}}\n"));
}

/* Whether the line depends on action and index only. */
static bool
is_simple(const struct es_conf *c, const struct target *t)
{
    return c->document_id == NULL && c->routing == NULL && c->pipeline == NULL &&
           c->parent == NULL && c->document_type == NULL && c->version == NULL &&
           c->version_type < 0 && c->action_template == NULL && t->ingest == NULL && t->tip == NULL;
}

static void
put_action(struct es_writer *w, struct view *v, struct event *ev, const struct target *t)
{
    struct es_view *x = v->extra;
    struct line l = { &v->body, ev, x, true };
    bool same = x->quoted.n > 0 && slice_eq(t->index, buf_slice(&x->last));

    if (!same) {
        buf_clear(&x->last);
        buf_append(&x->last, t->index);
        buf_clear(&x->quoted);
        json_write_string(t->index, &x->quoted);
        buf_clear(&x->line);
    }
    if (!is_simple(w->conf, t)) {
        write_action(w, &l, t);
        return;
    }
    if (x->line.n == 0) {
        l.out = &x->line;
        write_action(w, &l, t);
    }
    buf_append(&v->body, buf_slice(&x->line));
}

/* ---- the document ---- */

/* The event's object with the parts that the target has; extra keys stay. */
static struct value
synced_stream(struct event *ev, struct value *stream, const struct target *t)
{
    struct arena *a = event_arena(ev);
    struct value made = stream->type == V_OBJECT ? value_copy(a, stream) : value_object(a);

    for (int i = 0; i < 3; i++)
        value_assign(value_put(a, &made, slice_of(stream_keys[i])), value_str(a, t->stream[i]));
    made.flags |= V_CHANGED;
    return made;
}

static bool
is_synced(struct event *ev, struct value *stream, const struct target *t)
{
    for (int i = 0; i < 3; i++) {
        struct value *v = value_get(event_arena(ev), stream, slice_of(stream_keys[i]));

        if (v == NULL || v->type != V_STRING ||
            !slice_eq(value_text(event_arena(ev), v), t->stream[i]))
            return false;
    }
    return true;
}

static void
warn_of_stream(struct es_writer *w, struct event *ev, struct value *stream, const struct target *t)
{
    uint64_t swallowed;
    bool differs = false;

    for (int i = 0; i < 3 && stream->type == V_OBJECT; i++)
        differs = differs ||
                  !slice_eq(stream_part(ev, stream, stream_keys[i], t->stream[i]), t->stream[i]);
    if (stream->type == V_OBJECT && !differs)
        return; /* only gaps were filled */
    if (!log_burst_pass(&w->burst, clock_mono_ms(), &swallowed))
        return;
    log_warn(w->log, stream->type == V_OBJECT
                         ? "Some data_stream fields are out of sync, these will be updated to "
                           "reflect data-stream name"
                         : "Invalid 'data_stream' field type, due fields sync will overwrite");
}

/* The slot takes another value while the document is written: the event itself stays as it is, for
 * the outputs behind this one. */
static void
write_with(struct event *ev, struct value *slot, struct value other, struct buf *out)
{
    struct value before = *slot;

    value_assign(slot, other);
    ev->data.flags |= V_CHANGED;
    value_write(&ev->data, out);
    value_assign(slot, before);
}

static void
write_stream_document(struct es_writer *w, struct event *ev, const struct target *t,
                      struct buf *out)
{
    struct value *stream = t->in_event;

    if (stream == NULL) { /* one member more, behind the others */
        value_write(&ev->data, out);
        out->n--;
        buf_append(out, out->p[out->n - 1] == '{' ? SLICE("\"data_stream\":")
                                                  : SLICE(",\"data_stream\":"));
        buf_append(out, w->conf->stream_members);
        buf_byte(out, '}');
    } else if (stream->type == V_OBJECT && is_synced(ev, stream, t)) {
        value_write(&ev->data, out);
    } else {
        warn_of_stream(w, ev, stream, t);
        write_with(ev, stream, synced_stream(ev, stream, t), out);
    }
}

/* join_field: its old value becomes the name, beside the parent. Its parts stand marked on the way
 * already, or the writer would copy what the sender sent. */
static void
write_joined(struct es_writer *w, struct event *ev, struct es_view *x, struct buf *out)
{
    struct arena *a = event_arena(ev);
    struct value *slot = event_edit(ev, &w->conf->join);
    struct value made = value_object(a), before;
    struct slice parent = render(w->conf->parent, ev, &x->scratch);

    if (slot == NULL) {
        value_write(&ev->data, out);
        return;
    }
    before = *slot;
    value_assign(value_put(a, &made, SLICE("name")), before);
    value_assign(value_put(a, &made, SLICE("parent")), value_str(a, parent));
    made.flags |= V_CHANGED;
    write_with(ev, slot, made, out);
}

static void
write_event(struct es_writer *w, struct event *ev, struct es_view *x, const struct target *t,
            struct buf *out)
{
    const struct es_conf *c = w->conf;

    if (c->to_data_streams && c->data_stream_sync_fields)
        write_stream_document(w, ev, t, out);
    else if (c->join.text.p != NULL && c->parent != NULL)
        write_joined(w, ev, x, out);
    else
        value_write(&ev->data, out);
}

/* ---- update bodies ---- */

static void
write_script(struct es_writer *w, struct event *ev, struct es_view *x, const struct target *t,
             struct buf *out)
{
    static const char *const keys[] = { "inline", "id", "file" };
    const struct es_conf *c = w->conf;

    buf_append(out, SLICE("{\"script\":{\"params\":{"));
    json_write_string(c->script_var_name, out);
    buf_byte(out, ':');
    write_event(w, ev, x, t, out);
    buf_printf(out, "},\"%s\":", keys[c->script_type]);
    json_write_string(render(c->script, ev, &x->scratch), out);
    if (c->script_lang.n > 0) {
        buf_append(out, SLICE(",\"lang\":"));
        json_write_string(c->script_lang, out);
    }
    buf_byte(out, '}');
}

static void
write_update(struct es_writer *w, struct event *ev, struct es_view *x, const struct target *t,
             struct buf *out)
{
    const struct es_conf *c = w->conf;

    if (c->script != NULL) {
        write_script(w, ev, x, t, out);
        if (c->doc_as_upsert) {
            buf_append(out, SLICE(",\"upsert\":"));
            write_event(w, ev, x, t, out);
        } else if (c->scripted_upsert) {
            buf_append(out, SLICE(",\"scripted_upsert\":true,\"upsert\":{}"));
        }
    } else {
        buf_append(out, SLICE("{\"doc\":"));
        write_event(w, ev, x, t, out);
        if (c->doc_as_upsert)
            buf_append(out, SLICE(",\"doc_as_upsert\":true"));
    }
    if (t->upsert.n > 0) {
        buf_append(out, SLICE(",\"upsert\":"));
        buf_append(out, t->upsert);
    }
    buf_append(out, SLICE("}\n"));
}

/* A text that is no JSON could never be stored. The scanner blanks line ends between its tokens,
 * which would split the line. Meaningless beside doc_as_upsert and scripted_upsert. */
static int
resolve_upsert(const struct es_conf *c, struct event *ev, struct es_view *x, struct target *t,
               struct err *err)
{
    struct arena *a = event_arena(ev);
    struct slice text;
    struct value v;
    char *copy;
    size_t used;

    if (t->action != ES_UPDATE || c->upsert == NULL || c->doc_as_upsert || c->scripted_upsert)
        return 0;
    text = slice_trim(render(c->upsert, ev, &x->scratch));
    if (text.n == 0)
        return 0;
    copy = arena_copy_padded(a, text);
    if (json_scan_value(a, copy, text.n, JSON_DEPTH, &v, &used, err) < 0)
        return err_prefix(err, "the text of upsert is no JSON");
    t->upsert = (struct slice){ copy, used };
    return 0;
}

/* ---- all together ---- */

static void
put_item(struct es_writer *w, struct view *v, struct event *ev, const struct target *t)
{
    struct es_view *x = v->extra;
    struct view_item *item = view_add(v);

    put_action(w, v, ev, t);
    if (t->action == ES_UPDATE) {
        write_update(w, ev, x, t, &v->body);
    } else if (t->action != ES_DELETE) {
        write_event(w, ev, x, t, &v->body);
        buf_byte(&v->body, '\n');
    }
    item->len = (uint32_t)(v->body.n - item->at);
    item->aux = (uint16_t)t->action;
}

void
es_write(struct es_writer *w, struct view *v, struct event *ev)
{
    struct target t;
    struct err err = { 0 };

    if (v->extra == NULL) {
        v->extra = xcalloc(1, sizeof(struct es_view));
        buf_reserve(&v->body, atomic_load_explicit(&w->body_hint, memory_order_relaxed));
    }
    if (resolve(w, ev, v->extra, &t, &err) < 0 ||
        resolve_upsert(w->conf, ev, v->extra, &t, &err) < 0)
        refuse(w, ev, &err);
    else
        put_item(w, v, ev, &t);
}

void
es_write_end(struct es_writer *w, struct view *v)
{
    atomic_store_explicit(&w->body_hint, v->body.n + v->body.n / 16, memory_order_relaxed);
    v->plain_bytes = v->body.n;
    es_view_fini(v);
}

void
es_view_fini(struct view *v)
{
    struct es_view *x = v->extra;

    if (x == NULL)
        return;
    buf_fini(&x->scratch);
    buf_fini(&x->name);
    buf_fini(&x->last);
    buf_fini(&x->quoted);
    buf_fini(&x->line);
    buf_fini(&x->by_day);
    buf_fini(&x->day);
    free(x);
    v->extra = NULL;
}
