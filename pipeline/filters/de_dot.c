/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter de_dot: names with dots become names without, or levels (filters.md 22). */
#include "pipeline/filter.h"

/* Each new name is looked up among those that are there; a sender chooses how many. */
#define MOST_LOOKUPS (100u << 20)

struct conf {
    struct slice separator;
    bool nested, recursive;
    struct opt_fieldrefs fields;
    enum escape_style escape;
};

static const struct option options[] = {
    OPT_STR(struct conf, separator, .dflt = "_", .help = "what stands for a dot"),
    OPT_BOOL(struct conf, nested, .dflt = "false", .help = "dots become levels"),
    OPT_BOOL(struct conf, recursive, .dflt = "false", .help = "look into objects"),
    OPT_FIELDREFS(struct conf, fields, .help = "fields to rename; default: all at the top level"),
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    c->escape = ctx->escape;
    if (!c->nested && slice_find_byte(c->separator, '.', 0) != SIZE_MAX)
        return err_set(err, ERR_CONFIG, "separator: \"%.*s\" has a dot itself",
                       SLICE_ARGS(c->separator));
    return 0;
}

static bool
has_dot(struct slice name)
{
    return slice_find_byte(name, '.', 0) != SIZE_MAX;
}

/* ---- one name ---- */

/* The keys of the way to the new place. False: two dots in a row, or one at an end. */
static bool
split_name(struct arena *a, struct slice name, struct slice **out, uint32_t *n)
{
    struct slice piece, rest = name;

    *n = 0;
    *out = arena_alloc(a, (name.n + 1) * sizeof **out);
    while (slice_split(&rest, '.', &piece)) {
        if (piece.n == 0)
            return false;
        (*out)[(*n)++] = piece;
    }
    return true;
}

static struct slice
replace_dots(const struct conf *c, struct arena *a, struct slice name)
{
    size_t dots = 0;
    char *text, *to;

    for (size_t i = 0; i < name.n; i++)
        dots += name.p[i] == '.';
    text = to = arena_bytes(a, name.n + dots * c->separator.n);
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] != '.') {
            *to++ = name.p[i];
            continue;
        }
        if (c->separator.n > 0)
            memcpy(to, c->separator.p, c->separator.n);
        to += c->separator.n;
    }
    return slice_between(text, to);
}

/* Puts v below object. -1: the way leads through something else. */
static int
put(const struct conf *c, struct arena *a, struct value *object, struct slice name,
    const struct value *v)
{
    struct slice *way;
    uint32_t n;

    if (!c->nested) {
        value_assign(value_put(a, object, replace_dots(c, a, name)), *v);
        return 0;
    }
    if (!split_name(a, name, &way, &n))
        return -1;
    for (uint32_t i = 0; i < n; i++) {
        struct value *next = value_get(a, object, way[i]);

        if (next == NULL && i + 1 < n) {
            next = value_put(a, object, way[i]);
            value_assign(next, value_object(a));
        } else if (i + 1 == n) {
            next = value_put(a, object, way[i]);
        } else if (next->type != V_OBJECT) {
            return -1;
        }
        next->flags |= V_CHANGED;
        object->flags |= V_CHANGED;
        object = next;
    }
    value_assign(object, *v);
    return 0;
}

/* ---- all members of an object ---- */

/* Members without dots stay in their order, the others follow under their new names and win over
 * what is there. *changed: something was renamed, here or below. */
static int
rename_members(const struct conf *c, struct arena *a, struct value *object, bool *changed)
{
    uint32_t n = value_count(a, object), dotted = 0;
    struct value renamed;
    bool below = false;

    for (uint32_t i = 0; i < n; i++) {
        struct value *v = value_at(a, object, i);

        dotted += has_dot(value_key(a, v));
        if (c->recursive && v->type == V_OBJECT && rename_members(c, a, v, &below) < 0)
            return -1;
    }
    *changed |= below || dotted > 0;
    if (below)
        object->flags |= V_CHANGED;
    if (dotted == 0)
        return 0;
    if ((uint64_t)n * dotted > MOST_LOOKUPS)
        return -1;
    renamed = value_object(a);
    for (uint32_t i = 0; i < n; i++)
        if (!has_dot(value_key(a, value_at(a, object, i))))
            value_adopt(a, &renamed, value_at(a, object, i));
    for (uint32_t i = 0; i < n; i++) {
        struct value *v = value_at(a, object, i);
        struct slice name = value_key(a, v);

        if (has_dot(name) && put(c, a, &renamed, name, v) < 0)
            return -1;
    }
    value_assign(object, renamed);
    return 0;
}

/* ---- a field that the option names ---- */

/* The reference with each part's dots replaced, [a.b][c.d] as [a_b][c_d] or [a][b][c][d]. */
static int
new_place(const struct conf *c, struct arena *a, const struct fieldref *from, struct fieldref *to)
{
    struct buf text = { 0 };
    int result;

    for (uint32_t i = 0; i < from->n; i++) {
        struct slice rest = from->part[i].key, piece;

        if (!c->nested)
            rest = replace_dots(c, a, rest);
        while (slice_split(&rest, c->nested ? '.' : ']', &piece))
            buf_printf(&text, "[%.*s]", SLICE_ARGS(piece));
    }
    result = fieldref_compile(a, buf_slice(&text), ESCAPE_NONE, to, NULL);
    to->meta |= from->meta;
    buf_fini(&text);
    return result;
}

static int
rename_field(const struct conf *c, struct event *ev, const struct fieldref *from)
{
    struct arena *a = event_arena(ev);
    struct value *v = event_get(ev, from), moved;
    struct fieldref to;
    bool dots = false, changed = false;

    if (v == NULL)
        return 0;
    if (c->recursive && v->type == V_OBJECT) {
        if (rename_members(c, a, v, &changed) < 0)
            return -1;
        if (changed)
            event_edit(ev, from); /* marks the way */
    }
    for (uint32_t i = 0; i < from->n; i++)
        dots |= has_dot(from->part[i].key);
    if (!dots)
        return 0;
    if (new_place(c, a, from, &to) < 0)
        return -1;
    moved = *event_get(ev, from);
    if (event_set(ev, &to, moved, NULL) < 0)
        return -1;
    event_remove(ev, from);
    return 0;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    bool changed = false;

    (void)local;
    if (!c->fields.given)
        return rename_members(c, event_arena(ev), &ev->data, &changed) < 0 ? EVENT_FAILED
                                                                           : EVENT_KEEP;
    for (size_t i = 0; i < c->fields.n; i++)
        if (rename_field(c, ev, &c->fields.at[i]) < 0)
            return EVENT_FAILED;
    return EVENT_KEEP;
}

const struct filter_type filter_de_dot = {
    .name = "de_dot",
    .conf_size = sizeof(struct conf),
    .options = options,
    .tag_on_failure = "_de_dot_error",
    .prepare = prepare,
    .apply = apply,
};
