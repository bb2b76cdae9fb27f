/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Beats window on a worker: lj_decode, then what the input adds to each event.
 *
 * The order of work is that of reference/lumberjack-and-beats-input.md 3.1. With the default codec
 * events are decorated in place: everything the input adds is text that was made once per window or
 * per listener, put in as opaque values. Own state of one worker; no locks. */
#include "codec/base/error.h"
#include "codec/lj_decode.h"
#include "server/beats_priv.h"

#include <stdio.h>
#include <stdlib.h>

static const struct slice key_message = SLICE_INIT("message");
static const struct slice key_line = SLICE_INIT("line");
static const struct slice key_event = SLICE_INIT("event");
static const struct slice key_input = SLICE_INIT("input");
static const struct slice key_timestamp = SLICE_INIT("@timestamp");
static const struct value named_event = VALUE_MEMBER("event", V_NULL, "null");
static const struct value named_original = VALUE_MEMBER("original", V_NULL, "null");
static const struct value named_tags = VALUE_MEMBER("tags", V_NULL, "null");
static const struct beats_tag tag_raw = { SLICE_INIT("beats_input_raw_event"),
                                          SLICE_INIT("[\"beats_input_raw_event\"]") };

struct state {
    struct beats_input *in;
    struct lj_decoder *decoder;
    struct window *window; /* the one under way */
    struct lj_found found;
    size_t received;
    uint64_t bad_times;
    char agent[CLIENT_AGENT]; /* of the window's first event; "" when nobody asks */
    struct decoder codec;     /* not with the plain codec */
    struct buf scratch;
};

/* What a window's events have in common, as JSON in the batch's arena. */
struct additions {
    struct value ip;       /* string */
    struct value input;    /* {"beats":{"host":{"ip":...}, "tls":{...}}}; V_NULL: nothing */
    struct value tls_peer; /* {"status":...}; V_NULL: nothing */
    /* The @metadata that came last, and what it became: a Beat sends the same with each event. */
    struct slice meta_text; /* n 0: none */
    struct value meta;
};

void *
beats_worker_new(struct input *in)
{
    struct state *s = xcalloc(1, sizeof *s);

    s->in = (struct beats_input *)(void *)in;
    s->decoder = lj_decoder_new();
    decoder_init(&s->codec, s->in->codec.type, s->in->codec.conf);
    return s;
}

void
beats_worker_free(struct input *in, void *state)
{
    struct state *s = state;

    (void)in;
    lj_decoder_free(&s->decoder);
    decoder_fini(&s->codec);
    buf_fini(&s->scratch);
    free(s);
}

/* ---- what the connection is told ---- */

static void
tell(struct state *s, const struct window *w, const struct err *bad)
{
    struct beats_found *m = xcalloc(1, sizeof *m);

    m->mail.fn = beats_conn_found;
    m->in = s->in;
    m->conn = w->conn;
    m->number = w->number;
    m->left = s->found.left;
    m->version = s->found.version;
    m->received = s->received;
    m->inflated = s->found.inflated;
    m->events = s->found.events;
    memcpy(m->bad_events, s->found.bad, sizeof m->bad_events);
    m->bad_times = s->bad_times;
    snprintf(m->first_bad, sizeof m->first_bad, "%s", s->found.first_bad.msg);
    memcpy(m->agent, s->agent, sizeof m->agent);
    m->bad = bad != NULL;
    if (bad != NULL)
        m->why = xstrdup(bad->msg);
    loop_mail(s->in->loops[w->conn.loop].loop, &m->mail);
}

/* ---- additions ---- */

static struct value
string_value(struct arena *a, const char *text)
{
    return value_str(a, slice_of(text));
}

static void
put(struct arena *a, struct value *object, const char *key, struct value v)
{
    value_assign(value_put(a, object, slice_of(key)), v);
}

static struct value
tls_object(struct arena *a, const struct tls_info *info)
{
    struct value tls = value_object(a), client = value_object(a);

    put(a, &client, "subject", string_value(a, info->subject));
    put(a, &tls, "version_protocol", string_value(a, info->version));
    put(a, &tls, "cipher", string_value(a, info->cipher));
    put(a, &tls, "client", client);
    return tls;
}

static struct value
tls_peer_object(struct arena *a, const struct beats_input *in, const struct tls_info *info)
{
    struct value peer = value_object(a);

    put(a, &peer, "status", string_value(a, info->verified ? "verified" : "unverified"));
    if (info->verified && !in->conf->ecs) {
        put(a, &peer, "protocol", string_value(a, info->version));
        put(a, &peer, "subject", string_value(a, info->subject));
        put(a, &peer, "cipher_suite", string_value(a, info->cipher));
    }
    return peer;
}

/* As text: opaque, so that each event has it for one assignment. */
static struct value
frozen(struct arena *a, struct value v)
{
    return value_import(a, &v);
}

static struct additions
additions_of(struct state *s, struct arena *a, const struct beats_peer *peer)
{
    const struct beats_input *in = s->in;
    struct additions add = { .ip = value_null(), .input = value_null(), .tls_peer = value_null() };
    struct value beats = value_object(a), root = value_object(a);
    bool some = false, tls = in->conf->ssl_peer_metadata && peer->info != NULL &&
                             in->conf->client_auth != TLS_CLIENT_NONE;

    if (in->conf->source_metadata && peer->ip[0] != '\0') {
        struct value host = value_object(a);

        add.ip = string_value(a, peer->ip);
        put(a, &host, "ip", add.ip);
        put(a, &beats, "host", host);
        some = true;
    }
    if (tls) {
        add.tls_peer = frozen(a, tls_peer_object(a, in, peer->info));
        if (peer->info->verified) {
            put(a, &beats, "tls", tls_object(a, peer->info));
            some = true;
        }
    }
    put(a, &root, "beats", beats);
    if (some && in->conf->ecs)
        add.input = frozen(a, root);
    return add;
}

/* Members of `from` go into *into, objects into objects; what stands there otherwise gives way. */
static void
merge(struct arena *a, struct value *into, struct value *from)
{
    into->flags |= V_CHANGED;
    for (uint32_t i = 0, n = value_count(a, from); i < n; i++) {
        struct value *member = value_at(a, from, i);
        struct value *old = value_put(a, into, value_key(a, member));

        if (old->type == V_OBJECT && member->type == V_OBJECT)
            merge(a, old, member);
        else
            value_assign(old, *member);
    }
}

static void
put_or_merge(struct arena *a, struct value *object, struct slice key, struct value v)
{
    struct value *old = value_put(a, object, key);

    object->flags |= V_CHANGED;
    if (old->type == V_OBJECT)
        merge(a, old, &v);
    else
        value_assign(old, v);
}

static void
add_to_metadata(struct state *s, struct event *ev, const struct additions *add)
{
    struct arena *a = event_arena(ev);

    if (add->input.type != V_NULL)
        put_or_merge(a, &ev->meta, key_input, add->input);
    else if (add->ip.type != V_NULL && !s->in->conf->ecs)
        put(a, &ev->meta, "ip_address", add->ip);
    if (add->tls_peer.type != V_NULL)
        put_or_merge(a, &ev->meta, SLICE("tls_peer"), add->tls_peer);
}

static void
add_metadata(struct state *s, struct event *ev, struct additions *add)
{
    struct arena *a = event_arena(ev);
    bool opaque = !(ev->meta.flags & V_INDEXED);
    struct slice text;

    if (add->input.type == V_NULL && add->ip.type == V_NULL && add->tls_peer.type == V_NULL)
        return;
    text = opaque ? value_raw_text(&ev->meta) : (struct slice){ NULL, 0 };

    if (opaque && slice_eq(text, add->meta_text)) {
        ev->meta = value_copy(a, &add->meta);
        return;
    }
    add_to_metadata(s, ev, add);
    if (!opaque)
        return;
    add->meta_text = text;
    add->meta = value_copy(a, &ev->meta);
}

/* ---- rules for single fields ---- */

/* A value that would break Logstash here: moved to _<name>, tagged. */
static void
set_aside(struct event *ev, struct slice name, const char *tag)
{
    struct arena *a = event_arena(ev);
    struct value *v = value_get(a, &ev->data, name), bad;

    bad = *v;
    bad.key = NULL;
    bad.flags &= (uint8_t)~V_KEY_FLAGS;
    value_remove_key(a, &ev->data, name);
    value_assign(value_put(a, &ev->data, arena_printf(a, "_%.*s", SLICE_ARGS(name))), bad);
    event_tag(ev, slice_of(tag));
}

/* The object below key, made if something else (or nothing) stands there. */
static struct value *
object_at(struct arena *a, struct value *parent, const char *key)
{
    struct value *v = value_put(a, parent, slice_of(key));

    if (v->type != V_OBJECT)
        value_assign(v, value_object(a));
    return v;
}

/* [beat][hostname] of Beats before 7, only with add_hostname. */
static void
add_hostname(struct state *s, struct event *ev)
{
    struct arena *a = event_arena(ev);
    struct value *beat = value_get(a, &ev->data, SLICE("beat")), *name, *host;

    if (beat == NULL || beat->type != V_OBJECT || !s->in->conf->add_hostname)
        return;
    name = value_get(a, beat, SLICE("hostname"));
    if (name == NULL || name->type == V_NULL)
        return;
    if (!s->in->conf->ecs) {
        if (value_get(a, &ev->data, SLICE("host")) == NULL)
            put(a, &ev->data, "host", value_copy(a, name));
        return;
    }
    host = object_at(a, &ev->meta, "input");
    host = object_at(a, host, "beats");
    host = object_at(a, host, "host");
    if (value_get(a, host, SLICE("name")) == NULL)
        put(a, host, "name", value_copy(a, name));
}

/* Host name, then type, fields and tags of the configuration. */
static void
decorate(struct state *s, struct event *ev)
{
    struct value *beat = value_get(event_arena(ev), &ev->data, SLICE("beat"));

    if (beat != NULL && beat->type != V_OBJECT)
        set_aside(ev, SLICE("beat"), "_beatparsefailure");
    if (s->in->conf->add_hostname)
        add_hostname(s, ev);
    decoration_apply(s->in->decoration, ev);
}

static void
add_codec_tag(struct event *ev, const struct beats_tag *tag)
{
    struct arena *a = event_arena(ev);
    struct value *tags = value_get(a, &ev->data, SLICE("tags"));

    if (tags != NULL)
        event_tag(ev, tag->name);
    else
        value_assign(value_adopt(a, &ev->data, &named_tags), value_raw(V_ARRAY, tag->list));
}

/* On the decoded way a time that cannot be read is lost, with a line in the log. */
static void
drop_bad_time(struct state *s, struct event *ev)
{
    struct arena *a = event_arena(ev);
    struct value *v = event_member(ev, key_timestamp);
    struct timestamp t;

    if (v == NULL || v->type == V_NULL)
        return;
    if (v->type == V_STRING && (value_becomes_timestamp(v) ||
                                timestamp_parse(value_text(a, v), s->in->conf->ctx.zone, &t)))
        return;
    value_remove_key(a, &ev->data, key_timestamp);
    s->bad_times++;
}

/* The text for the codec: `message`, else `line`. NULL: there is none. */
static struct value *
text_of(struct event *ev, bool *line)
{
    struct arena *a = event_arena(ev);
    struct value *v = event_member(ev, key_message);

    *line = false;
    if (v != NULL && v->type != V_NULL)
        return v;
    v = value_get(a, &ev->data, key_line);
    if (v == NULL || v->type == V_NULL)
        return NULL;
    *line = true;
    return v;
}

/* ---- one event ---- */

static void
construct(struct state *s, struct event *ev, struct timestamp now)
{
    event_construct(ev, now, s->in->conf->ctx.zone, true, NULL);
}

static void
raw_event(struct state *s, struct event *ev, struct additions *add, struct timestamp now)
{
    construct(s, ev, now);
    add_metadata(s, ev, add);
    decorate(s, ev);
    if (s->in->conf->include_codec_tag && s->in->conf->codec_metadata)
        add_codec_tag(ev, &tag_raw);
}

/* The Beat's `event` keeps its keys; the codec's original goes in where there is none. */
static void
add_original(struct event *ev, struct value message)
{
    struct arena *a = event_arena(ev);
    struct value *event = value_get(a, &ev->data, key_event), fresh;

    if (event != NULL && event->type == V_OBJECT) {
        if (value_get(a, event, SLICE("original")) != NULL)
            return;
        event->flags |= V_CHANGED;
        ev->data.flags |= V_CHANGED;
        put(a, event, "original", message);
        return;
    }
    if (event != NULL)
        set_aside(ev, key_event, "_eventparsefailure");
    fresh = value_object(a);
    value_assign(value_adopt(a, &fresh, &named_original), message);
    value_assign(value_adopt(a, &ev->data, &named_event), fresh);
}

/* The default codec: the text stays where it is. */
static void
plain_event(struct state *s, struct event *ev, struct value *text, bool line, struct additions *add,
            struct timestamp now)
{
    struct arena *a = event_arena(ev);
    struct value message;

    if (text->type != V_STRING) {
        buf_clear(&s->scratch);
        value_render(a, text, &s->scratch);
        ev->data.flags |= V_CHANGED;
        value_assign(text, value_str(a, buf_slice(&s->scratch)));
    }
    message = *text;
    message.key = NULL;
    message.key_len = 0;
    message.flags &= (uint8_t)~V_KEY_FLAGS;
    if (line) {
        value_remove_key(a, &ev->data, key_line);
        put(a, &ev->data, "message", message);
    }
    drop_bad_time(s, ev);
    construct(s, ev, now);
    if (s->in->original)
        add_original(ev, message);
    add_metadata(s, ev, add);
    decorate(s, ev);
    if (s->in->codec_tag.name.n > 0)
        add_codec_tag(ev, &s->in->codec_tag);
}

/* Shallow merge of the Beat's map onto what the codec made (3.5). */
static void
copy_onto(struct event *ev, struct event *beat, bool first)
{
    struct arena *a = event_arena(ev);
    bool odd = false;

    for (uint32_t i = 0, n = value_count(a, &beat->data); i < n; i++) {
        struct value *member = value_at(a, &beat->data, i);
        struct slice key = value_key(a, member);
        struct value copy = value_copy(a, member), *mine;

        if (slice_eq(key, key_timestamp) && !first)
            continue;
        mine = value_put(a, &ev->data, key);
        if (mine->type == V_OBJECT && copy.type == V_OBJECT) {
            merge(a, mine, &copy);
        } else if (mine->type == V_OBJECT && slice_eq(key, key_event)) {
            value_assign(value_put(a, &ev->data, SLICE("_event")), copy);
            odd = true;
        } else {
            value_assign(mine, copy);
        }
    }
    merge(a, &ev->meta, &beat->meta);
    if (odd)
        event_tag(ev, SLICE("_eventparsefailure"));
}

/* Any other codec: its events follow one another in the batch, each with the Beat's fields. */
static void
codec_event(struct state *s, struct batch *b, struct event *beat, struct value *text, bool line,
            struct additions *add, struct timestamp now)
{
    struct arena *a = event_arena(beat);
    uint32_t from = b->n;
    struct slice bytes;

    buf_clear(&s->scratch);
    value_render(a, text, &s->scratch);
    bytes = arena_copy(a, buf_slice(&s->scratch));
    value_remove_key(a, &beat->data, line ? key_line : key_message);
    drop_bad_time(s, beat);
    construct(s, beat, now);
    value_remove_key(a, &beat->data, SLICE("@version"));
    s->codec.type->decode(&s->codec, bytes, now, b);
    for (uint32_t i = from; i < b->n; i++) {
        struct event *ev = b->events[i];

        copy_onto(ev, beat, i == from);
        add_metadata(s, ev, add);
        decorate(s, ev);
        if (s->in->codec_tag.name.n > 0)
            add_codec_tag(ev, &s->in->codec_tag);
    }
}

static void
decorate_batch(struct state *s, struct batch *b, const struct beats_peer *peer)
{
    struct additions add = additions_of(s, &b->arena, peer);
    struct timestamp now = s->in->conf->ctx.now();
    struct event **raw = b->events;
    uint32_t n = b->n;

    if (!s->in->codec_is_plain) { /* the codec adds its events to an empty list */
        b->events = NULL;
        b->n = b->cap = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct event *ev = raw[i];
        bool bad = ev->run_index == LJ_EVENT_BAD, line = false;
        struct value *text = bad ? NULL : text_of(ev, &line);

        ev->run_index = 0;
        if (text != NULL && !s->in->codec_is_plain) {
            codec_event(s, b, ev, text, line, &add, now);
            continue;
        }
        if (text != NULL)
            plain_event(s, ev, text, line, &add, now);
        else
            raw_event(s, ev, &add, now);
        if (!s->in->codec_is_plain)
            batch_append(b, ev);
    }
}

/* ---- who sends ---- */

/* The string at object.key, or the object's own text. */
static struct slice
text_at(struct arena *a, struct value *object, const char *outer, const char *inner)
{
    struct value *v = value_get(a, object, slice_of(outer));

    if (v != NULL && v->type == V_OBJECT && inner != NULL)
        v = value_get(a, v, slice_of(inner));
    else if (inner != NULL)
        v = NULL;
    return v != NULL && v->type == V_STRING ? value_text(a, v) : (struct slice){ NULL, 0 };
}

/* Agents of today say their id; older ones and version 1 senders, their host. */
static void
note_agent(struct state *s, struct batch *b)
{
    static const char *const places[][2] = {
        { "agent", "id" }, { "host", "name" }, { "host", NULL }, { "beat", "hostname" }
    };
    struct value *data = b->n > 0 ? &b->events[0]->data : NULL;

    for (size_t i = 0; data != NULL && s->agent[0] == '\0' && i < COUNT(places); i++)
        beats_client_text(text_at(&b->arena, data, places[i][0], places[i][1]), s->agent,
                          sizeof s->agent);
}

/* ---- the window ---- */

static void
count(struct state *s)
{
    uint64_t bad = 0;

    atomic_fetch_add_explicit(&s->in->base.stats.events, s->found.events, memory_order_relaxed);
    for (int i = 0; i < LJ_BAD_KINDS; i++) {
        bad += s->found.bad[i];
        atomic_fetch_add_explicit(&s->in->bad_events[i], s->found.bad[i], memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&s->in->base.stats.errors, bad, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->in->timestamps, s->bad_times, memory_order_relaxed);
}

enum windowed
beats_decode(struct input *in, void *state, struct window *w, struct done *done, struct batch **out)
{
    struct state *s = state;
    struct err err = { 0 };

    (void)in;
    if (s->window != w) {
        s->window = w;
        s->found = (struct lj_found){ 0 };
        s->received = w->bytes;
        s->bad_times = 0;
        s->agent[0] = '\0';
        lj_decode_start(s->decoder, w, &s->in->settings.limits, s->in->settings.on_bad);
    }
    switch (lj_decode(s->decoder, &done->acks, out, &s->found, &err)) {
    case DECODED_BATCH:
        if (!atomic_load_explicit(&((struct beats_peer *)w->peer)->known, memory_order_relaxed))
            note_agent(s, *out);
        decorate_batch(s, *out, w->peer);
        return WINDOW_BATCH;
    case DECODED_ROOM: s->window = NULL; return WINDOW_BACK;
    case DECODED_END:
        count(s);
        tell(s, w, NULL);
        break;
    case DECODED_BAD:
        count(s);
        tell(s, w, &err);
        break;
    }
    s->window = NULL;
    return WINDOW_END;
}
