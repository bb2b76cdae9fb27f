/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter kv: `key=value` texts to fields (filters.md 8).
 *
 * Pairs are found in the text (kv_scan), edited, and collected in an object; only then is it
 * stored. Linear in the text, whatever keys a sender invents; keys that come with every event are
 * known (kv_keys). */
#include "pipeline/filter.h"

#include "codec/json_write.h"
#include "pipeline/ecs.h"
#include "pipeline/json_merge.h"
#include "pipeline/kv_keys.h"
#include "pipeline/kv_scan.h"
#include "pipeline/text_case.h"
#include "pipeline/text_index.h"

#include <stdlib.h>

/* Values in values, with recursive; deeper ones stay text. */
#define KV_DEPTH 50
/* Longer values stay where they are, shorter ones are copied beside their key. */
#define KV_VALUE_BYTES 128u
/* Of a pair that is copied, besides key and value: ,"":"" */
#define KV_PAIR_BYTES 6u
/* Room for more members is made when they come. */
#define KV_MEMBERS 64u

/* What may be done to a key or a value. */
struct edit {
    struct regex *trim, *remove;
    int transform; /* enum text_case, or -1 */
};

struct conf {
    struct fieldref source, target;
    struct slice field_split, value_split, field_split_pattern, value_split_pattern;
    struct slice trim_key, trim_value, remove_char_key, remove_char_value, tag_on_timeout;
    struct template *prefix;
    struct opt_templates include_keys, exclude_keys;
    struct opt_hash default_keys;
    bool allow_duplicate_values, allow_empty_values, include_brackets, recursive;
    bool edits, edits_values; /* something may happen to a pair, to a value */
    bool has_prefix;
    int whitespace, transform_key, transform_value, ecs_compatibility;
    int64_t timeout_millis;
    struct kv_scan scan;
    struct edit key, value;
    enum escape_style escape;
};

struct local {
    struct regex_scratch *scan, *edit;
    struct json_merge *merge;
    struct text_index index;
    uint32_t maps;         /* begun so far; a map's number is its part of the index */
    struct kv_pairs pairs; /* a stack: of each level those that wait */
    struct kv_keys keys;
    struct buf text, rendered;
    struct slice *include, *exclude; /* rendered for the event */
    uint64_t deadline_ms;            /* 0: not set */
};

enum { LENIENT, STRICT };
static const char *const whitespaces[] = { "lenient", "strict", NULL };
/* In the order of enum text_case. */
static const char *const transforms[] = { "uppercase", "lowercase", "capitalize", NULL };

static const struct option options[] = {
    OPT_FIELDREF(struct conf, source, .dflt = "message", .help = "field with the text"),
    OPT_FIELDREF(struct conf, target, .help = "field for the result; default: the event itself"),
    OPT_STR(struct conf, field_split, .dflt = " ", .help = "characters between pairs"),
    OPT_STR(struct conf, field_split_pattern, .help = "a pattern instead"),
    OPT_STR(struct conf, value_split, .dflt = "=", .help = "characters between key and value"),
    OPT_STR(struct conf, value_split_pattern, .help = "a pattern instead"),
    OPT_ENUM(struct conf, whitespace, .dflt = "lenient", .choices = whitespaces,
             .help = "lenient: blanks around value_split do not count"),
    OPT_STR(struct conf, trim_key, .help = "characters to cut off both ends of keys"),
    OPT_STR(struct conf, trim_value, .help = "characters to cut off both ends of values"),
    OPT_STR(struct conf, remove_char_key, .help = "characters to remove from keys"),
    OPT_STR(struct conf, remove_char_value, .help = "characters to remove from values"),
    OPT_ENUM(struct conf, transform_key, .choices = transforms, .help = "case of keys"),
    OPT_ENUM(struct conf, transform_value, .choices = transforms, .help = "case of values"),
    OPT_TEMPLATE(struct conf, prefix, .dflt = "", .help = "text in front of each key"),
    OPT_TEMPLATES(struct conf, include_keys, .help = "only these keys"),
    OPT_TEMPLATES(struct conf, exclude_keys, .help = "not these keys"),
    OPT_HASH(struct conf, default_keys, .help = "values of keys that are not there"),
    OPT_BOOL(struct conf, allow_duplicate_values, .dflt = "true",
             .help = "false: a key keeps equal values once"),
    OPT_BOOL(struct conf, allow_empty_values, .dflt = "false", .help = "keep keys without value"),
    OPT_BOOL(struct conf, include_brackets, .dflt = "true",
             .help = "brackets around a value are quotes"),
    OPT_BOOL(struct conf, recursive, .dflt = "false", .help = "look for pairs in values, too"),
    OPT_INT(struct conf, timeout_millis, .dflt = "30000", .min = 0, .max = INT32_MAX,
            .help = "milliseconds that an event may take; 0: no limit"),
    OPT_STR(struct conf, tag_on_timeout, .dflt = "_kv_filter_timeout",
            .help = "tag of an event that took too long"),
    OPT_ECS(struct conf),
    OPT_END,
};

/* ---- compiling ---- */

static int
compile_class(const struct plugin_context *ctx, const char *form, struct slice body,
              struct regex **out, struct err *err)
{
    struct buf text = { 0 };

    if (body.p == NULL)
        return 0;
    for (; *form != '\0'; form++)
        if (*form == '@')
            buf_append(&text, body);
        else
            buf_byte(&text, *form);
    *out = regex_new(buf_slice(&text), (struct regex_options){ .store = ctx->regexes }, err);
    buf_fini(&text);
    return *out == NULL ? -1 : 0;
}

/* A run at the end is looked at from where it begins only: from each of its places would take
 * quadratic time for one that is not at the end. */
static int
compile_edit(const struct plugin_context *ctx, struct slice trim, struct slice remove,
             int transform, struct edit *e, struct err *err)
{
    e->transform = transform;
    if (compile_class(ctx, "^[@]+|(?<![@])[@]+$", trim, &e->trim, err) < 0)
        return err_prefix(err, "trim");
    if (compile_class(ctx, "[@]", remove, &e->remove, err) < 0)
        return err_prefix(err, "remove_char");
    return 0;
}

static int
not_empty(struct slice s, const char *name, struct err *err)
{
    if (s.p == NULL || s.n > 0)
        return 0;
    return err_set(err, ERR_CONFIG, "%s must not be empty", name);
}

/* What most configurations leave out. */
static void
find_edits(struct conf *c)
{
    struct slice prefix;

    c->has_prefix = c->prefix != NULL && (!template_is_literal(c->prefix, &prefix) || prefix.n > 0);
    c->edits_values =
        c->trim_value.p != NULL || c->remove_char_value.p != NULL || c->transform_value >= 0;
    c->edits = c->has_prefix || c->edits_values || c->trim_key.p != NULL ||
               c->remove_char_key.p != NULL || c->transform_key >= 0 ||
               c->include_keys.n + c->exclude_keys.n > 0;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;
    struct kv_syntax syntax = { .field_split = c->field_split,
                                .value_split = c->value_split,
                                .field_split_pattern = c->field_split_pattern,
                                .value_split_pattern = c->value_split_pattern,
                                .strict = c->whitespace == STRICT,
                                .brackets = c->include_brackets,
                                .store = ctx->regexes };

    find_edits(c);
    c->escape = ctx->escape;
    if (not_empty(c->value_split, "value_split", err) < 0 ||
        not_empty(c->field_split_pattern, "field_split_pattern", err) < 0 ||
        not_empty(c->value_split_pattern, "value_split_pattern", err) < 0)
        return -1;
    if (kv_scan_compile(&syntax, &c->scan, err) < 0 ||
        compile_edit(ctx, c->trim_key, c->remove_char_key, c->transform_key, &c->key, err) < 0)
        return -1;
    return compile_edit(ctx, c->trim_value, c->remove_char_value, c->transform_value, &c->value,
                        err);
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    kv_scan_fini(&c->scan);
    regex_free(c->key.trim);
    regex_free(c->key.remove);
    regex_free(c->value.trim);
    regex_free(c->value.remove);
}

static int
start(const void *conf, void *local, struct err *err)
{
    const struct conf *c = conf;
    struct local *l = local;

    l->scan = regex_scratch_new();
    l->edit = regex_scratch_new();
    regex_scratch_timeout(l->scan, (uint64_t)c->timeout_millis);
    regex_scratch_timeout(l->edit, (uint64_t)c->timeout_millis);
    l->include = xcalloc(c->include_keys.n + 1, sizeof *l->include);
    l->exclude = xcalloc(c->exclude_keys.n + 1, sizeof *l->exclude);
    kv_keys_init(&l->keys);
    l->merge = json_merge_new(c->escape, err);
    if (l->merge == NULL)
        return -1;
    return text_index_init(&l->index, err);
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    regex_scratch_free(l->scan);
    regex_scratch_free(l->edit);
    json_merge_free(&l->merge);
    text_index_fini(&l->index);
    kv_keys_fini(&l->keys);
    free(l->pairs.at);
    free(l->include);
    free(l->exclude);
    buf_fini(&l->text);
    buf_fini(&l->rendered);
}

/* ---- editing ---- */

/* One event's way through the filter. */
struct work {
    const struct conf *conf;
    struct local *local;
    struct event *ev;
    struct arena *arena;
    enum regex_result failed; /* BAD_TEXT, TIMEOUT, or MATCH while all is well */
    bool plain;               /* the text is, so its pieces need no escapes */
    char *room, *room_end;    /* for pairs that are copied */
};

static struct slice
without(struct work *w, const struct regex *re, struct slice s)
{
    enum regex_result got;

    if (re == NULL || s.n == 0)
        return s;
    buf_clear(&w->local->text);
    got = regex_gsub(re, w->local->edit, s, SLICE(""), &w->local->text);
    if (got == REGEX_MATCH)
        return arena_copy(w->arena, buf_slice(&w->local->text));
    if (got != REGEX_NO_MATCH)
        w->failed = got;
    return s;
}

static struct slice
edit(struct work *w, const struct edit *e, struct slice s)
{
    s = without(w, e->remove, without(w, e->trim, s));
    if (e->transform < 0 || !text_case_differs(s, (enum text_case)e->transform))
        return s;
    buf_clear(&w->local->text);
    text_case_print(s, (enum text_case)e->transform, &w->local->text);
    return arena_copy(w->arena, buf_slice(&w->local->text));
}

static struct slice
with_prefix(struct work *w, struct slice key)
{
    struct buf *text = &w->local->text;

    if (!w->conf->has_prefix)
        return key;
    buf_clear(text);
    template_render(w->conf->prefix, w->ev, text);
    buf_append(text, key);
    return arena_copy(w->arena, buf_slice(text));
}

static bool
is_among(const struct slice *keys, size_t n, struct slice key)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(keys[i], key))
            return true;
    return false;
}

static bool
is_wanted(const struct work *w, struct slice key)
{
    const struct conf *c = w->conf;

    if (c->include_keys.n > 0 && !is_among(w->local->include, c->include_keys.n, key))
        return false;
    return !is_among(w->local->exclude, c->exclude_keys.n, key);
}

static void
render_keys(struct work *w, const struct opt_templates *from, struct slice *to)
{
    for (size_t i = 0; i < from->n; i++) {
        buf_clear(&w->local->rendered);
        template_render(from->at[i], w->ev, &w->local->rendered);
        to[i] = arena_copy(w->arena, buf_slice(&w->local->rendered));
    }
}

/* ---- collecting ---- */

/* An object under way. The index has its keys, but for those that are known, and the values of its
 * lists. */
struct map {
    struct value object;
    uint32_t number;
};

static struct map
map_begin(struct work *w)
{
    struct map m = { value_object(w->arena), w->local->maps++ };

    if (!w->conf->recursive) /* else more than one is under way */
        kv_keys_begin(&w->local->keys);
    return m;
}

static uint32_t *
key_in_index(struct work *w, const struct map *m, struct slice key)
{
    return text_index_at(&w->local->index, (uint64_t)m->number << 32, key);
}

static uint32_t *
value_in_list(struct work *w, const struct map *m, uint32_t i, struct slice text)
{
    return text_index_at(&w->local->index, (uint64_t)m->number << 32 | (i + 1), text);
}

/* Where the key is in the map, UINT32_MAX for nowhere yet; *known may be NULL. */
static inline uint32_t *
key_at(struct work *w, const struct map *m, struct slice key, struct kv_key **known)
{
    *known = w->conf->recursive ? NULL : kv_keys_find(&w->local->keys, key);
    return *known != NULL ? &(*known)->place : key_in_index(w, m, key);
}

/* A single text includes each part of itself; a list its members; a map its keys. */
static bool
includes(struct work *w, struct map *m, uint32_t i, struct slice value)
{
    struct value *old = value_at(w->arena, &m->object, i);

    if (old->type == V_STRING)
        return slice_find(value_text(w->arena, old), value, 0) != SIZE_MAX;
    if (old->type == V_OBJECT)
        return value_get(w->arena, old, value) != NULL;
    return *value_in_list(w, m, i, value) != UINT32_MAX;
}

static void
append_value(struct work *w, struct map *m, uint32_t i, struct value v, struct slice text)
{
    struct value *old = value_at(w->arena, &m->object, i);

    if (old->type != V_ARRAY) {
        struct value list = value_array(w->arena);

        value_assign(value_push(w->arena, &list), *old);
        if (!w->conf->allow_duplicate_values && old->type == V_STRING)
            *value_in_list(w, m, i, value_text(w->arena, old)) = 0;
        value_assign(old, list);
    }
    value_assign(value_push(w->arena, old), v);
    if (!w->conf->allow_duplicate_values && v.type == V_STRING)
        *value_in_list(w, m, i, text) = 0;
}

/* Key and value side by side as they will leave, so that those of an event leave in one copy.
 * False: the text does not lend itself. A comma stands before each, and one byte behind the last,
 * so that no other text looks like their neighbour. */
static bool
copy_pair(struct work *w, const struct kv_key *known, struct slice text, struct value *slot)
{
    char *p = w->room;

    if (text.n > KV_VALUE_BYTES || (size_t)(w->room_end - p) < 3 + KV_KEY_TEXT + text.n ||
        !(w->plain || json_is_plain(text)))
        return false;
    *p++ = ',';
    memcpy(p, known->text, KV_KEY_TEXT);
    slot->key = p + 1;
    slot->key_len = known->n;
    p += known->n + 3;
    slot->raw = p;
    slot->len = (uint32_t)text.n + 2;
    slot->type = V_STRING;
    slot->flags = 0;
    if (text.n > 0)
        memcpy(p + 1, text.p, text.n);
    p[text.n + 1] = '"';
    w->room = p + text.n + 2;
    return true;
}

/* Room for the pairs that copy_pair() may take: they are pieces of the text. */
static void
make_room(struct work *w, size_t pairs, size_t text_n)
{
    size_t most = pairs * (KV_PAIR_BYTES + KV_KEY_BYTES + KV_VALUE_BYTES);
    size_t bytes = pairs * KV_PAIR_BYTES + text_n;

    bytes = (bytes < most ? bytes : most) + KV_KEY_TEXT;
    w->room = arena_bytes(w->arena, bytes);
    w->room_end = w->room + bytes;
}

/* What was not needed goes back, if nothing else came behind it. */
static void
close_room(struct work *w)
{
    if (w->room_end != NULL && w->room_end == w->arena->at)
        arena_end(w->arena, w->room + 1);
    w->room = w->room_end = NULL;
}

static struct value
text_value(struct work *w, struct slice text)
{
    struct value v = { 0 };

    if (w->plain)
        value_assign_plain(&v, text);
    else
        value_assign_str_alias(w->arena, &v, text);
    return v;
}

/* Puts a text under a key that the map does not have. */
static void
add_text(struct work *w, struct map *m, struct slice key, const struct kv_key *known,
         struct slice text)
{
    struct value *slot = value_open(w->arena, &m->object);

    if (known != NULL && copy_pair(w, known, text, slot))
        return;
    *slot = value_named(w->arena, key);
    value_assign(slot, text_value(w, text));
}

static void
add(struct work *w, struct map *m, struct slice key, struct value v)
{
    struct value *slot = value_open(w->arena, &m->object);

    *slot = value_named(w->arena, key);
    value_assign(slot, v);
}

static bool parse_inner(struct work *w, struct slice text, unsigned depth, struct value *out);

/* False: it is not wanted. */
static bool
edit_pair(struct work *w, struct slice *key, struct slice *text)
{
    *key = edit(w, &w->conf->key, *key);
    if (!is_wanted(w, *key))
        return false;
    *key = with_prefix(w, *key);
    *text = edit(w, &w->conf->value, *text);
    return true;
}

/* Edits one pair and puts it into the map. */
static void
take_pair(struct work *w, struct map *m, struct slice key, struct slice text, unsigned depth)
{
    const struct conf *c = w->conf;
    struct kv_key *known;
    struct value v;
    uint32_t *at;
    bool inner = false;

    if (text.n == 0 && !c->allow_empty_values)
        return;
    if (c->edits && !edit_pair(w, &key, &text))
        return;
    at = key_at(w, m, key, &known);
    if (!c->allow_duplicate_values && *at != UINT32_MAX) {
        if (includes(w, m, *at, text))
            return;
        at = key_at(w, m, key, &known); /* includes() looked into the index, too */
    }
    if (c->recursive) {
        inner = parse_inner(w, text, depth + 1, &v);
        at = key_at(w, m, key, &known); /* the index may have grown */
    }
    if (*at != UINT32_MAX) {
        append_value(w, m, *at, inner ? v : text_value(w, text), text);
        return;
    }
    *at = value_count(w->arena, &m->object);
    if (inner)
        add(w, m, key, v);
    else
        add_text(w, m, key, known, text);
}

/* At the first text that may take a while. */
static uint64_t
deadline(struct work *w, struct slice text)
{
    struct local *l = w->local;
    uint64_t timeout = (uint64_t)w->conf->timeout_millis;

    if (l->deadline_ms == 0 && timeout > 0 && (text.n >= KV_UNWATCHED || !w->conf->scan.is_plain))
        l->deadline_ms = regex_now_ms() + timeout;
    return l->deadline_ms;
}

/* How many pairs of n the map may need room for; it grows when that is too few. */
static uint32_t
members_of(const struct work *w, size_t n)
{
    size_t wanted = w->conf->include_keys.n;

    if (wanted > 0 && wanted < n)
        n = wanted;
    return n < KV_MEMBERS ? (uint32_t)n : KV_MEMBERS;
}

/* Scans a text: its pairs go on top of the stack, then one by one into the map. */
static void
parse(struct work *w, struct map *m, struct slice text, unsigned depth)
{
    struct local *l = w->local;
    size_t from = l->pairs.n, to;
    enum regex_result got =
        kv_scan_text(&w->conf->scan, l->scan, text, w->plain, deadline(w, text), &l->pairs);

    if (got == REGEX_BAD_TEXT || got == REGEX_TIMEOUT)
        w->failed = got;
    to = l->pairs.n;
    if (to > from) {
        value_reserve(w->arena, &m->object, members_of(w, to - from));
        if (!w->conf->recursive)
            make_room(w, to - from, text.n);
    }
    for (size_t i = from; i < to && w->failed == REGEX_MATCH; i++) {
        struct kv_pair pair = l->pairs.at[i];

        take_pair(w, m, pair.key, pair.value, depth);
    }
    close_room(w);
    l->pairs.n = from;
}

static bool
parse_inner(struct work *w, struct slice text, unsigned depth, struct value *out)
{
    struct map m;

    if (depth > KV_DEPTH)
        return false;
    m = map_begin(w);
    parse(w, &m, text, depth);
    *out = m.object;
    return m.object.kids->n > 0;
}

/* ---- storing ---- */

static struct value
default_value(struct arena *a, const struct opt_value *v)
{
    struct value list;

    switch (v->kind) {
    case OV_INT: return value_int(a, v->number);
    case OV_DOUBLE: return value_double(a, v->real);
    case OV_LIST:
        list = value_array(a);
        for (size_t i = 0; i < v->n; i++)
            value_assign(value_push(a, &list), default_value(a, &v->list[i]));
        return list;
    case OV_STRING:
    case OV_BAREWORD:
    case OV_HASH:
    case OV_PLUGIN: break;
    }
    return value_str_alias(a, v->text.p == NULL ? SLICE("") : v->text);
}

static void
add_defaults(struct work *w, struct map *m)
{
    struct kv_key *known;

    for (size_t i = 0; i < w->conf->default_keys.n; i++) {
        const struct opt_pair *pair = &w->conf->default_keys.at[i];

        if (*key_at(w, m, pair->key, &known) == UINT32_MAX)
            add(w, m, pair->key, default_value(w->arena, &pair->value));
    }
}

static enum verdict
store(struct work *w, struct map *m)
{
    struct value *object = &m->object;
    int result;

    if (object->kids->n == 0)
        return EVENT_SKIP;
    if (w->conf->target.text.p != NULL)
        result = event_set(w->ev, &w->conf->target, *object, NULL);
    else
        result = json_merge_object(w->local->merge, w->ev, object, NULL);
    return result < 0 ? EVENT_FAILED : EVENT_KEEP;
}

static void
parse_value(struct work *w, struct map *m, struct value *v)
{
    w->plain = value_is_plain(v) && !w->conf->edits_values;
    parse(w, m, value_text(w->arena, v), 0);
}

/* All texts of the source go into one map. False: a source that has none. */
static bool
parse_source(struct work *w, struct map *m)
{
    struct value *v = event_get(w->ev, &w->conf->source);

    if (v == NULL || v->type == V_NULL)
        return true;
    if (v->type == V_STRING) {
        parse_value(w, m, v);
        return true;
    }
    if (v->type != V_ARRAY)
        return false;
    for (uint32_t i = 0, n = value_count(w->arena, v); i < n; i++) {
        struct value *one = value_at(w->arena, v, i);

        if (one->type == V_STRING)
            parse_value(w, m, one);
    }
    return true;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;
    struct work w = {
        .conf = c, .local = l, .ev = ev, .arena = event_arena(ev), .failed = REGEX_MATCH
    };
    struct map m;

    text_index_clear(&l->index);
    l->maps = 0;
    l->deadline_ms = 0;
    render_keys(&w, &c->include_keys, l->include);
    render_keys(&w, &c->exclude_keys, l->exclude);
    m = map_begin(&w);
    if (!parse_source(&w, &m))
        return EVENT_SKIP;
    if (w.failed == REGEX_TIMEOUT) {
        event_tag(ev, c->tag_on_timeout);
        return EVENT_SKIP;
    }
    if (w.failed != REGEX_MATCH)
        return EVENT_FAILED;
    add_defaults(&w, &m);
    return store(&w, &m);
}

const struct filter_type filter_kv = {
    .name = "kv",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .tag_on_failure = "_kv_filter_error",
    .prepare = prepare,
    .dispose = dispose,
    .start = start,
    .stop = stop,
    .apply = apply,
};
