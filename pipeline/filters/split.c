/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter split: an event for each piece of a text or member of a list (filters.md 13). */
#include "pipeline/filter.h"

#include "codec/json_write.h"
#include "codec/utf8.h"

/* A longer list is handed to the copies as text: each of them would copy all of its nodes. */
#define FEW_MEMBERS 32

struct conf {
    struct fieldref field, target;
    struct slice terminator;
};

static const struct option options[] = {
    OPT_FIELDREF(struct conf, field, .dflt = "message", .help = "text or list to split"),
    OPT_STR(struct conf, terminator, .dflt = "\n", .help = "what ends a piece of a text"),
    OPT_FIELDREF(struct conf, target, .help = "where a piece goes; default: the field itself"),
    OPT_END,
};

/* ---- pieces ---- */

/* A list of the pieces; *n counts them with the empty ones, which are left out. */
struct pieces {
    struct value list;
    uint32_t n;
};

static void
add_piece(struct arena *a, struct pieces *out, struct slice s)
{
    out->n++;
    if (s.n > 0)
        value_assign(value_push(a, &out->list), value_str(a, s));
}

static void
split_literal(struct arena *a, struct slice s, struct slice terminator, struct pieces *out)
{
    size_t from = 0, to;

    while ((to = slice_find(s, terminator, from)) != SIZE_MAX && out->n < BATCH_EVENTS) {
        add_piece(a, out, slice_between(s.p + from, s.p + to));
        from = to + terminator.n;
    }
    add_piece(a, out, slice_between(s.p + from, s.p + s.n));
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Runs of blanks end a piece, those in front do not. */
static void
split_blanks(struct arena *a, struct slice s, struct pieces *out)
{
    size_t i = 0, from;

    while (i < s.n && is_blank(s.p[i]))
        i++;
    for (from = i; i < s.n && out->n < BATCH_EVENTS; from = i) {
        while (i < s.n && !is_blank(s.p[i]))
            i++;
        if (i == s.n)
            break;
        add_piece(a, out, slice_between(s.p + from, s.p + i));
        while (i < s.n && is_blank(s.p[i]))
            i++;
    }
    add_piece(a, out, slice_between(s.p + from, s.p + s.n));
}

static void
split_letters(struct arena *a, struct slice s, struct pieces *out)
{
    while (s.n > 0 && out->n < BATCH_EVENTS) {
        unsigned bad, n = utf8_next(s, &bad);

        n = n > 0 ? n : bad;
        add_piece(a, out, (struct slice){ s.p, n });
        s.p += n;
        s.n -= n;
    }
    add_piece(a, out, s);
}

static struct pieces
split_text(const struct conf *c, struct arena *a, struct slice s)
{
    struct pieces out = { .list = value_array(a) };

    if (s.n == 0)
        return out;
    if (slice_eq(c->terminator, SLICE(" ")))
        split_blanks(a, s, &out);
    else if (c->terminator.n == 0)
        split_letters(a, s, &out);
    else
        split_literal(a, s, c->terminator, &out);
    return out;
}

/* ---- events ---- */

static bool
is_nothing(struct arena *a, struct value *v)
{
    return v->type == V_NULL || (v->type == V_STRING && value_text(a, v).n == 0);
}

static struct value
as_raw_text(struct arena *a, const struct value *list)
{
    struct buf text = { 0 };
    struct value raw;

    value_write(list, &text);
    raw = value_raw(V_ARRAY, arena_copy(a, buf_slice(&text)));
    buf_fini(&text);
    return raw;
}

/* One copy of the event for each member; the event itself is used up. */
static enum verdict
spread(const struct conf *c, struct event *ev, struct value *list, bool is_source)
{
    struct arena *a = event_arena(ev);
    const struct fieldref *to = c->target.text.p != NULL ? &c->target : &c->field;
    uint32_t n = value_count(a, list);
    struct value members = *list;

    if (to == &c->field)
        event_remove(ev, &c->field);
    else if (is_source && n > FEW_MEMBERS)
        event_set(ev, &c->field, as_raw_text(a, list), NULL);
    for (uint32_t i = 0; i < n; i++) {
        struct value *member = value_at(a, &members, i);

        if (!is_nothing(a, member))
            event_set(event_clone(ev), to, *member, NULL);
    }
    ev->cancelled = true;
    return EVENT_SKIP;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct arena *a = event_arena(ev);
    struct value *v = event_get(ev, &c->field);
    struct pieces pieces;

    (void)local;
    if (v == NULL || (v->type != V_STRING && v->type != V_ARRAY))
        return EVENT_FAILED;
    if (v->type == V_ARRAY)
        return value_count(a, v) > BATCH_EVENTS ? EVENT_FAILED : spread(c, ev, v, true);
    pieces = split_text(c, a, value_text(a, v));
    if (pieces.n > BATCH_EVENTS)
        return EVENT_FAILED;
    return pieces.n == 1 ? EVENT_SKIP : spread(c, ev, &pieces.list, false);
}

const struct filter_type filter_split = {
    .name = "split",
    .conf_size = sizeof(struct conf),
    .options = options,
    .tag_on_failure = "_split_type_failure",
    .apply = apply,
};
