/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/event.h"

#include "codec/base/error.h"
#include "codec/batch.h"

/* ---- addressing ---- */

static struct value *
root(struct event *ev, const struct fieldref *at)
{
    return at->meta ? &ev->meta : &ev->data;
}

/* Position of an index in a list of n: false when it leads nowhere. */
static bool
list_position(const struct fieldpart *part, uint32_t n, uint32_t *at)
{
    int64_t i = part->index;

    if (!part->has_index || i >= (int64_t)n || i < -(int64_t)n)
        return false;
    *at = (uint32_t)(i < 0 ? i + (int64_t)n : i);
    return true;
}

static struct value *
child(struct arena *a, struct value *node, const struct fieldpart *part)
{
    uint32_t i;

    if (node->type == V_OBJECT)
        return value_get(a, node, part->key);
    if (node->type != V_ARRAY || !list_position(part, value_count(a, node), &i))
        return NULL;
    return value_at(a, node, i);
}

static unsigned
hint_of(struct slice key)
{
    static_assert(BATCH_HINTS == 1 << 6, "six bits");
    return (unsigned)((uintptr_t)key.p * 0x9e3779b97f4a7c15u >> 58);
}

static struct value *
search(struct event *ev, struct slice key, uint8_t *hint)
{
    struct arena *a = event_arena(ev);
    struct value *found = value_get(a, &ev->data, key);

    if (found != NULL)
        *hint = (uint8_t)(found - value_at(a, &ev->data, 0));
    return found;
}

/* Mostly it is where its name was found last. */
static inline struct value *
member(struct event *ev, struct slice key)
{
    uint8_t *hint = &ev->batch->hint[hint_of(key)];

    if (ev->data.flags & V_INDEXED && *hint < ev->data.kids->n) {
        struct value *v = &ev->data.kids->at[*hint];

        if ((v->flags & V_KEY_FLAGS) == 0 &&
            slice_eq_short((struct slice){ v->key, v->key_len }, key))
            return v;
    }
    return search(ev, key, hint);
}

struct value *
event_member(struct event *ev, struct slice key)
{
    return member(ev, key);
}

static struct value *
walk(struct event *ev, const struct fieldref *at)
{
    struct arena *a = event_arena(ev);
    struct value *node = root(ev, at);
    uint32_t i = 0;

    if (!at->meta && at->n > 0) {
        node = event_member(ev, at->part[0].key);
        i = 1;
    }
    for (; i < at->n && node != NULL; i++)
        node = child(a, node, &at->part[i]);
    return node;
}

struct value *
event_get(struct event *ev, const struct fieldref *at)
{
    if (at->n == 1 && !at->meta)
        return member(ev, at->part[0].key);
    return walk(ev, at);
}

bool
event_has(struct event *ev, const struct fieldref *at)
{
    return event_get(ev, at) != NULL;
}

static void
mark_way(struct event *ev, const struct fieldref *at)
{
    struct arena *a = event_arena(ev);
    struct value *node = root(ev, at);

    for (uint32_t i = 0; node != NULL; i++) {
        node->flags |= V_CHANGED;
        if (i == at->n)
            return;
        node = child(a, node, &at->part[i]);
    }
}

struct value *
event_edit(struct event *ev, const struct fieldref *at)
{
    struct value *node = event_get(ev, at);

    if (node == NULL)
        return NULL;
    if (at->n > 1) {
        mark_way(ev, at);
    } else {
        root(ev, at)->flags |= V_CHANGED;
        node->flags |= V_CHANGED;
    }
    return node;
}

/* ---- setting ---- */

static bool
is_tags(struct arena *a, struct value *v)
{
    if (v->type == V_STRING)
        return true;
    if (v->type != V_ARRAY)
        return false;
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++)
        if (value_at(a, v, i)->type != V_STRING)
            return false;
    return true;
}

static int
check_special(struct event *ev, const struct fieldref *at, struct value *v, struct err *err)
{
    switch (at->kind) {
    case REF_FIELD: return 0;
    case REF_TIMESTAMP:
        if (v->type == V_TIMESTAMP)
            return 0;
        return err_set(err, ERR_TYPE, "wrong argument type for @timestamp: a timestamp is needed");
    case REF_TAGS:
        if (is_tags(event_arena(ev), v))
            return 0;
        return err_set(err, ERR_TYPE, "invalid tags type: a text or a list of texts is needed");
    case REF_IN_TAGS:
        return err_set(err, ERR_TYPE, "invalid tags type: %.*s goes inside tags",
                       SLICE_ARGS(at->text));
    case REF_METADATA:
        if (v->type == V_OBJECT)
            return 0;
        return err_set(err, ERR_TYPE, "invalid field set: @metadata needs an object");
    }
    UNREACHABLE("fieldref kind");
}

/* The slot of a list that part names, padding with null; NULL without error: a part that is no
 * number is silently ignored, as in Logstash. */
static struct value *
list_slot(struct arena *a, struct value *list, const struct fieldpart *part, struct err *err)
{
    uint32_t n = value_count(a, list), i;

    if (!part->has_index)
        return NULL;
    if (list_position(part, n, &i))
        return value_at(a, list, i);
    if (part->index < 0 || part->index > (int64_t)n + BATCH_EVENTS) {
        err_set(err, ERR_RANGE, "index %lld is out of range for a list of %u",
                (long long)part->index, n);
        return NULL;
    }
    while (n++ < (uint32_t)part->index)
        value_push(a, list);
    return value_push(a, list);
}

/* The slot below node; *made: it is new. NULL: *err has the reason, or none to ignore it. */
static struct value *
slot_below(struct event *ev, struct value *node, const struct fieldref *at, uint32_t i, bool *made,
           struct err *err)
{
    struct arena *a = event_arena(ev);
    const struct fieldpart *part = &at->part[i];
    struct value *slot;
    uint32_t n;

    node->flags |= V_CHANGED;
    if (node->type == V_OBJECT) {
        slot = node == &ev->data ? event_member(ev, part->key) : value_get(a, node, part->key);
        *made = slot == NULL;
        return *made ? fieldpart_add(a, node, part) : slot;
    }
    if (node->type == V_ARRAY) {
        n = value_count(a, node);
        slot = list_slot(a, node, part, err);
        *made = value_count(a, node) > n;
        return slot;
    }
    err_set(err, ERR_TYPE, "invalid field set: %.*s goes through a value that is no object",
            SLICE_ARGS(at->text));
    return NULL;
}

/* The slot, made where it is missing. NULL: err->code is the reason, or ERR_NONE to ignore it. */
static struct value *
make_slot(struct event *ev, const struct fieldref *at, struct err *err)
{
    struct value *node = root(ev, at);

    ASSERT(!ev->batch->sealed);
    for (uint32_t i = 0; i < at->n; i++) {
        bool made;

        node = slot_below(ev, node, at, i, &made, err);
        if (node == NULL)
            return NULL;
        if (made && i + 1 < at->n)
            value_assign_container(event_arena(ev), node, V_OBJECT);
    }
    return node;
}

static int
put_deep(struct event *ev, const struct fieldref *at, struct value **slot, struct err *err)
{
    struct err local;

    /* Its text is half a kilobyte that mostly nobody asks for. */
    local.code = ERR_NONE;
    local.pos = 0;
    *slot = make_slot(ev, at, &local);
    if (*slot != NULL || local.code == ERR_NONE)
        return 0;
    if (err != NULL)
        *err = local;
    return -1;
}

int
event_put(struct event *ev, const struct fieldref *at, struct value **slot, struct err *err)
{
    const struct fieldpart *part = at->part;

    ASSERT(at->kind == REF_FIELD && !ev->batch->sealed);
    if (at->n != 1 || at->meta)
        return put_deep(ev, at, slot, err);
    ev->data.flags |= V_CHANGED;
    *slot = member(ev, part->key);
    if (*slot == NULL)
        *slot = fieldpart_add(event_arena(ev), &ev->data, part);
    return 0;
}

int
event_set_special(struct event *ev, const struct fieldref *at, struct value *v, struct err *err)
{
    struct value *slot = NULL;
    struct err local;

    local.code = ERR_NONE;
    local.pos = 0;
    if (check_special(ev, at, v, &local) == 0)
        slot = make_slot(ev, at, &local);
    if (slot != NULL)
        value_assign(slot, *v);
    if (slot != NULL || local.code == ERR_NONE)
        return 0;
    if (err != NULL)
        *err = local;
    return -1;
}

static int
set_str(struct event *ev, const struct fieldref *at, struct slice s, struct err *err)
{
    struct value *slot;

    if (at->kind != REF_FIELD)
        return event_set(ev, at, value_str(event_arena(ev), s), err);
    if (event_put(ev, at, &slot, err) < 0)
        return -1;
    if (slot != NULL)
        value_assign_str(event_arena(ev), slot, s);
    return 0;
}

int
event_set_str(struct event *ev, const struct fieldref *at, struct slice s)
{
    return set_str(ev, at, s, NULL);
}

/* ---- removing ---- */

/* Of the data no two members have one name. */
static bool
take_from_data(struct event *ev, struct slice key, struct value *out)
{
    struct arena *a = event_arena(ev);
    struct value *found = event_member(ev, key);

    if (found == NULL)
        return false;
    *out = value_bare(found);
    value_remove_at(a, &ev->data, (uint32_t)(found - value_at(a, &ev->data, 0)));
    return true;
}

bool
event_take(struct event *ev, const struct fieldref *at, struct value *out)
{
    struct arena *a = event_arena(ev);
    struct value *node = root(ev, at), *last = NULL;
    const struct fieldpart *part;
    uint32_t i;

    ASSERT(!ev->batch->sealed);
    if (at->n == 0) {
        *out = ev->meta;
        ev->meta = value_object(a);
        return true;
    }
    if (at->n == 1 && !at->meta)
        return take_from_data(ev, at->part[0].key, out);
    for (i = 0; i < at->n; i++) {
        last = node;
        node = child(a, node, &at->part[i]);
        if (node == NULL)
            return false;
    }
    if (at->n > 1)
        mark_way(ev, at);
    part = &at->part[at->n - 1];
    *out = value_bare(node);
    if (last->type == V_OBJECT)
        value_remove_key(a, last, part->key);
    else if (list_position(part, value_count(a, last), &i))
        value_remove_at(a, last, i);
    return true;
}

bool
event_remove(struct event *ev, const struct fieldref *at)
{
    struct value gone;

    return event_take(ev, at, &gone);
}

/* ---- tags ---- */

static const struct slice tags_key = SLICE_INIT("tags");
static const struct value no_tags = VALUE_MEMBER("tags", V_NULL, "null");

/* The tags, a member of the data, as a list: made from a text or from anything else. */
static void
make_list(struct event *ev, struct value *tags)
{
    struct arena *a = event_arena(ev);
    struct value single = value_bare(tags);

    ev->data.flags |= V_CHANGED;
    tags->flags |= V_CHANGED;
    if (tags->type == V_ARRAY)
        return;
    value_assign_container(a, tags, V_ARRAY);
    if (single.type == V_STRING)
        value_assign(value_push(a, tags), single);
}

/* tags is NULL where the event has none. */
static void
append_tag(struct event *ev, struct value *tags, struct slice tag)
{
    struct arena *a = event_arena(ev);

    if (tags == NULL) {
        tags = value_adopt(a, &ev->data, &no_tags);
        value_assign_container(a, tags, V_ARRAY);
    } else {
        make_list(ev, tags);
    }
    value_assign_str(a, value_push(a, tags), tag);
}

static bool
text_is(struct arena *a, struct value *v, struct slice text)
{
    return v->type == V_STRING && slice_eq(value_text(a, v), text);
}

void
event_add_tag(struct event *ev, struct slice tag)
{
    append_tag(ev, event_member(ev, tags_key), tag);
}

void
event_tag(struct event *ev, struct slice tag)
{
    struct arena *a = event_arena(ev);
    struct value *tags = event_member(ev, tags_key);

    if (tags != NULL && text_is(a, tags, tag))
        return;
    if (tags != NULL && tags->type == V_ARRAY)
        for (uint32_t i = 0, n = value_count(a, tags); i < n; i++)
            if (text_is(a, value_at(a, tags, i), tag))
                return;
    append_tag(ev, tags, tag);
}

void
event_remove_tag(struct event *ev, struct slice tag)
{
    struct arena *a = event_arena(ev);
    struct value *tags = event_member(ev, tags_key);

    if (tags == NULL)
        return;
    make_list(ev, tags);
    for (uint32_t i = value_count(a, tags); i-- > 0;)
        if (text_is(a, value_at(a, tags, i), tag))
            value_remove_at(a, tags, i);
}

/* ---- add_field ---- */

/* Ruby's Array(map): a list of [key, value] pairs. */
static struct value
pairs_of(struct arena *a, struct value *object)
{
    struct value list = value_array(a);

    for (uint32_t i = 0, n = value_count(a, object); i < n; i++) {
        struct value *member = value_at(a, object, i), pair = value_array(a);

        value_assign(value_push(a, &pair), value_str(a, value_key(a, member)));
        value_assign(value_push(a, &pair), *member);
        value_assign(value_push(a, &list), pair);
    }
    return list;
}

int
event_add_field(struct event *ev, const struct fieldref *at, struct slice text, struct err *err)
{
    struct arena *a = event_arena(ev);
    struct value *old = event_get(ev, at), list;

    if (old == NULL)
        return set_str(ev, at, text, err);
    if (old->type == V_ARRAY) {
        list = value_copy(a, old);
    } else if (old->type == V_OBJECT) {
        list = pairs_of(a, old);
    } else {
        list = value_array(a);
        if (old->type != V_NULL)
            value_assign(value_push(a, &list), *old);
    }
    value_assign(value_push(a, &list), value_str(a, text));
    return event_set(ev, at, list, err);
}

/* ---- construction ---- */

static const struct slice timestamp_key = SLICE_INIT("@timestamp");

/* The slot of a member of the data, found or made. */
static struct value *
member_slot(struct event *ev, struct slice key)
{
    struct value *slot = event_member(ev, key);

    if (slot == NULL)
        slot = value_add(event_arena(ev), &ev->data, key);
    ev->data.flags |= V_CHANGED;
    return slot;
}

static void
put(struct event *ev, struct slice key, struct value v)
{
    value_assign(member_slot(ev, key), v);
}

/* Returns the tag that is due, or an empty slice. */
static int
construct_metadata(struct event *ev, bool repair, struct slice *tag, struct err *err)
{
    static const struct slice key = SLICE_INIT("@metadata");
    struct value meta;

    if (!take_from_data(ev, key, &meta))
        return 0;
    if (meta.type == V_OBJECT) {
        ev->meta = meta;
        return 0;
    }
    if (!repair)
        return err_set(err, ERR_PARSE, "@metadata is no object");
    if (meta.type != V_NULL) {
        put(ev, SLICE("_@metadata"), meta);
        *tag = SLICE("_metadataparsefailure");
    }
    return 0;
}

static void
construct_tags(struct event *ev)
{
    struct arena *a = event_arena(ev);
    struct value *tags = value_get(a, &ev->data, tags_key), bad, list;

    if (tags == NULL || is_tags(a, tags) || !take_from_data(ev, tags_key, &bad))
        return;
    list = value_array(a);
    value_assign(value_push(a, &list), bad);
    put(ev, SLICE("_tags"), list);
    event_add_tag(ev, SLICE("_tagsparsefailure"));
}

static void
construct_timestamp(struct event *ev, struct timestamp now, zone_fn *zone)
{
    struct arena *a = event_arena(ev);
    struct value *v = event_member(ev, timestamp_key), bad = value_null();
    struct timestamp t;

    if (v == NULL || v->type == V_NULL) {
        put(ev, timestamp_key, value_timestamp(a, now));
        return;
    }
    if (v->type == V_TIMESTAMP)
        return;
    if (v->type == V_STRING) {
        if (value_becomes_timestamp(v))
            return;
        if (timestamp_parse(value_text(a, v), zone, &t)) {
            ev->data.flags |= V_CHANGED;
            value_assign(v, value_timestamp(a, t));
            return;
        }
    }
    take_from_data(ev, timestamp_key, &bad);
    put(ev, SLICE("_@timestamp"), bad);
    put(ev, timestamp_key, value_timestamp(a, now));
    event_tag(ev, SLICE("_timestampparsefailure"));
}

int
event_construct(struct event *ev, struct timestamp now, zone_fn *zone, bool repair, struct err *err)
{
    static const struct value version = VALUE_MEMBER("@version", V_STRING, "\"1\"");
    struct arena *a = event_arena(ev);
    struct slice tag = { 0 };

    if (construct_metadata(ev, repair, &tag, err) < 0)
        return -1;
    if (value_get(a, &ev->data, SLICE("@version")) == NULL)
        value_adopt(a, &ev->data, &version);
    construct_tags(ev);
    construct_timestamp(ev, now, zone);
    if (tag.n > 0)
        event_tag(ev, tag);
    return 0;
}

bool
event_timestamp(struct event *ev, struct timestamp *out)
{
    struct value *v = event_member(ev, timestamp_key);

    if (v == NULL || v->type != V_TIMESTAMP)
        return false;
    *out = value_to_timestamp(v);
    return true;
}

void
event_set_timestamp(struct event *ev, struct timestamp t)
{
    value_assign_timestamp(event_arena(ev), member_slot(ev, timestamp_key), &ev->batch->day, t);
}

/* ---- whole events ---- */

struct event *
event_clone(struct event *parent)
{
    struct event *ev = batch_spawn(parent->batch);

    ev->data = value_copy(event_arena(ev), &parent->data);
    ev->meta = value_copy(event_arena(ev), &parent->meta);
    return ev;
}

static bool
list_has(struct arena *a, struct value *list, struct value *v)
{
    for (uint32_t i = 0, n = value_count(a, list); i < n; i++)
        if (value_equal(a, value_at(a, list, i), v))
            return true;
    return false;
}

static void
add_new_members(struct arena *a, struct value *list, struct value *from)
{
    if (from->type != V_ARRAY) {
        if (!list_has(a, list, from))
            value_assign(value_push(a, list), *from);
        return;
    }
    for (uint32_t i = 0, n = value_count(a, from); i < n; i++) {
        struct value *v = value_at(a, from, i);

        if (!list_has(a, list, v))
            value_assign(value_push(a, list), *v);
    }
}

/* event-model.md 11: *mine takes in theirs. */
static void
append_value(struct arena *a, struct value *mine, struct value *theirs)
{
    struct value list;

    mine->flags |= V_CHANGED;
    if (mine->type == V_OBJECT && theirs->type == V_OBJECT) {
        for (uint32_t i = 0, n = value_count(a, theirs); i < n; i++) {
            struct value *member = value_at(a, theirs, i);
            struct slice key = value_key(a, member);
            struct value *same = value_get(a, mine, key);

            if (same != NULL)
                append_value(a, same, member);
            else
                value_assign(value_put(a, mine, key), *member);
        }
        return;
    }
    if (mine->type != V_ARRAY && value_equal(a, mine, theirs))
        return;
    list = value_array(a);
    if (mine->type == V_ARRAY && theirs->type != V_ARRAY)
        list = value_copy(a, mine); /* keeps its own repeats */
    else
        add_new_members(a, &list, mine);
    add_new_members(a, &list, theirs);
    value_assign(mine, list);
}

int
event_append(struct event *ev, struct event *other)
{
    struct arena *a = event_arena(ev);
    struct value theirs =
        ev->batch == other->batch ? value_copy(a, &other->data) : value_import(a, &other->data);

    append_value(a, &ev->data, &theirs);
    return 0;
}

void
event_overwrite(struct event *ev, struct event *other)
{
    struct arena *a = event_arena(ev);

    ev->data =
        ev->batch == other->batch ? value_copy(a, &other->data) : value_import(a, &other->data);
    ev->cancelled = other->cancelled;
}
