/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter useragent: browser, system and device that a user agent names (filters.md 20).
 *
 * An answer is kept as the JSON text of the fields it makes, and where in it they are, so that an
 * agent that comes again costs a look-up and a copy. Rules are const; the cache belongs to a
 * worker. */
#include "pipeline/ecs.h"
#include "pipeline/file_store.h"
#include "pipeline/filter.h"
#include "pipeline/name_set.h"
#include "pipeline/overlay.h"
#include "pipeline/ruby_value.h"
#include "pipeline/text_cache.h"
#include "pipeline/useragent_rules.h"

#include "codec/json_write.h"

#define DEFAULT_REGEXES "/usr/share/uap-core/regexes.yaml"
/* Most an entry of the cache takes: many agents are of 150 bytes, their fields of 300. */
#define ENTRY_BYTES 640
#define CACHE_BYTES ((size_t)64 << 20)

struct conf {
    struct fieldref source, target;
    struct slice regexes, prefix;
    int64_t lru_cache_size;
    int ecs_compatibility;
    bool ecs, in_place;
    struct fieldref details; /* of ECS: where the parts of versions go */
    struct file_share *file; /* of the rules */
    const struct useragent_rules *rules;
    struct name_set names; /* that the fields may have, without ECS */
};

struct local {
    struct text_cache *cache;
    struct useragent_scratch scratch;
    struct buf fields, more, text;
};

static const struct option options[] = {
    OPT_FIELDREF(struct conf, source, .required = true, .help = "field with the user agent"),
    OPT_FIELDREF(struct conf, target,
                 .help = "where the fields go; default: the event itself, with ECS [user_agent]"),
    OPT_PATH(struct conf, regexes, .help = "rules; default: " DEFAULT_REGEXES),
    OPT_STR(struct conf, prefix, .dflt = "", .help = "in front of the names; without ECS only"),
    OPT_INT(struct conf, lru_cache_size, .dflt = "100000", .min = 1, .max = 10000000,
            .help = "agents a worker remembers"),
    OPT_ECS(struct conf),
    OPT_END,
};

/* ---- preparing ---- */

static const char *const agent_parts[] = { "major", "minor", "patch" };
static const char *const os_parts[] = { "os_major", "os_minor", "os_patch" };

static void
name_field(struct conf *c, struct arena *a, const char *name)
{
    name_set_add(&c->names, arena_printf(a, "%.*s%s", SLICE_ARGS(c->prefix), name));
}

/* What write_legacy() may write. */
static void
name_fields(struct conf *c, struct arena *a)
{
    static const char *const others[] = { "name",       "version", "os",    "os_name",
                                          "os_version", "os_full", "device" };

    for (size_t i = 0; i < COUNT(others); i++)
        name_field(c, a, others[i]);
    for (size_t i = 0; i < COUNT(agent_parts); i++)
        name_field(c, a, agent_parts[i]);
    for (size_t i = 0; i < COUNT(os_parts); i++)
        name_field(c, a, os_parts[i]);
}

static bool
same_place(const struct fieldref *x, const struct fieldref *y)
{
    if (x->n != y->n || x->meta != y->meta)
        return false;
    for (uint32_t i = 0; i < x->n; i++)
        if (!slice_eq(x->part[i].key, y->part[i].key))
            return false;
    return true;
}

static void *
load(const char *path, struct err *err)
{
    return useragent_rules_load(path, err);
}

static void
unload(void *value)
{
    struct useragent_rules *rules = value;

    useragent_rules_free(&rules);
}

static const struct file_kind rule_files = { load, unload };

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;
    const char *path = c->regexes.p != NULL ? arena_cstr(ctx->arena, c->regexes) : DEFAULT_REGEXES;

    c->ecs = ecs_is_on(c->ecs_compatibility, ctx);
    if (c->ecs && c->target.text.p == NULL)
        c->target = fieldref_key(ctx->arena, SLICE("user_agent"));
    if (fieldref_compile(ctx->arena, SLICE("[@metadata][filter][user_agent]"), ctx->escape,
                         &c->details, err) < 0)
        return -1;
    c->in_place = same_place(&c->source, &c->target);
    if (!c->ecs && c->target.n == 0 && !c->target.meta)
        name_fields(c, ctx->arena);
    c->file = file_store_take(ctx->files, path, &rule_files, err);
    if (c->file == NULL)
        return -1;
    c->rules = file_share_value(c->file);
    return 0;
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    file_share_give(&c->file);
}

static int
start(const void *conf, void *local, struct err *err)
{
    const struct conf *c = conf;
    struct local *l = local;
    size_t bytes = (size_t)c->lru_cache_size * ENTRY_BYTES;

    (void)err;
    l->cache = text_cache_new((size_t)c->lru_cache_size, bytes < CACHE_BYTES ? bytes : CACHE_BYTES);
    useragent_scratch_init(&l->scratch, c->rules);
    return 0;
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    text_cache_free(&l->cache);
    useragent_scratch_fini(&l->scratch);
    buf_fini(&l->fields);
    buf_fini(&l->more);
    buf_fini(&l->text);
}

/* ---- the fields as JSON text ---- */

static void
open_member(struct buf *out, struct slice prefix, const char *name)
{
    if (out->p[out->n - 1] != '{')
        buf_byte(out, ',');
    buf_byte(out, '"');
    json_write_escaped(prefix, out);
    buf_append(out, slice_of(name));
    buf_append(out, SLICE("\":"));
}

/* Nothing for an absent value. */
static void
add(struct buf *out, struct slice prefix, const char *name, struct slice value)
{
    if (value.n == 0)
        return;
    open_member(out, prefix, name);
    json_write_string(value, out);
}

static void
add_part(struct buf *out, struct slice part, char separator)
{
    if (part.n == 0)
        return;
    if (out->n > 0)
        buf_byte(out, separator);
    buf_append(out, part);
}

/* Of the digits that follow the version in the agent, with a blank behind: 89.0.4389 and then .90
 */
static struct slice
fourth_part(struct slice version, struct slice agent)
{
    for (size_t at = 0; (at = slice_find(agent, version, at)) != SIZE_MAX; at++) {
        size_t from = at + version.n, to = from + 1;

        if (from >= agent.n || agent.p[from] != '.')
            continue;
        while (to < agent.n && agent.p[to] >= '0' && agent.p[to] <= '9')
            to++;
        if (to > from + 1 && to < agent.n && agent.p[to] == ' ')
            return slice_between(agent.p + from + 1, agent.p + to);
    }
    return (struct slice){ NULL, 0 };
}

/* In l->text. */
static struct slice
agent_version(struct local *l, const struct useragent_name *name, struct slice agent)
{
    buf_clear(&l->text);
    if (name->part[0].n == 0)
        return buf_slice(&l->text);
    for (unsigned i = 0; i < 4 && name->part[i].n > 0; i++)
        add_part(&l->text, name->part[i], '.');
    if (name->part[3].n == 0)
        add_part(&l->text, fourth_part(buf_slice(&l->text), agent), '.');
    return buf_slice(&l->text);
}

static bool
is_number(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* In l->text: 10.15.7, but XP SP2. */
static struct slice
os_version(struct local *l, const struct useragent_name *name)
{
    char separator = is_number(name->part[0]) ? '.' : ' ';

    buf_clear(&l->text);
    for (unsigned i = 0; i < 4 && name->part[i].n > 0; i++)
        add_part(&l->text, name->part[i], i == 1 ? separator : '.');
    return buf_slice(&l->text);
}

static void
add_os_full(struct local *l, struct slice prefix, const char *name, struct slice family)
{
    struct buf full = { 0 };

    buf_append(&full, family);
    add_part(&full, buf_slice(&l->text), ' '); /* the version */
    add(&l->fields, prefix, name, buf_slice(&full));
    buf_fini(&full);
}

static void
write_legacy(const struct conf *c, struct local *l, const struct useragent *ua, struct slice agent)
{
    struct buf *out = &l->fields;

    buf_byte(out, '{');
    add(out, c->prefix, "name", ua->agent.family);
    add(out, c->prefix, "version", agent_version(l, &ua->agent, agent));
    for (unsigned i = 0; i < COUNT(agent_parts); i++)
        add(out, c->prefix, agent_parts[i], ua->agent.part[i]);
    add(out, c->prefix, "os", ua->os.family);
    add(out, c->prefix, "os_name", ua->os.family);
    add(out, c->prefix, "os_version", os_version(l, &ua->os));
    for (unsigned i = 0; i < COUNT(os_parts); i++)
        add(out, c->prefix, os_parts[i], ua->os.part[i]);
    add_os_full(l, c->prefix, "os_full", ua->os.family);
    add(out, c->prefix, "device", ua->device);
    buf_byte(out, '}');
}

static void
write_parts(struct buf *out, const struct useragent_name *name)
{
    buf_byte(out, '{');
    for (unsigned i = 0; i < COUNT(agent_parts); i++)
        add(out, SLICE(""), agent_parts[i], name->part[i]);
    buf_byte(out, '}');
}

/* The parts of versions, which have no place in ECS. */
static void
write_details(struct local *l, const struct useragent *ua)
{
    struct buf *out = &l->more;

    if (ua->agent.part[0].n + ua->os.part[0].n == 0)
        return;
    buf_byte(out, '{');
    if (ua->agent.part[0].n > 0) {
        open_member(out, SLICE(""), "version");
        write_parts(out, &ua->agent);
    }
    if (ua->os.part[0].n > 0) {
        open_member(out, SLICE(""), "os");
        buf_append(out, SLICE("{\"version\":"));
        write_parts(out, &ua->os);
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
}

static void
write_ecs(struct local *l, const struct useragent *ua, struct slice agent)
{
    struct buf *out = &l->fields;

    buf_byte(out, '{');
    add(out, SLICE(""), "name", ua->agent.family);
    add(out, SLICE(""), "version", agent_version(l, &ua->agent, agent));
    open_member(out, SLICE(""), "os");
    buf_byte(out, '{');
    add(out, SLICE(""), "name", ua->os.family);
    add(out, SLICE(""), "version", os_version(l, &ua->os));
    add_os_full(l, SLICE(""), "full", ua->os.family);
    buf_byte(out, '}');
    if (ua->device.n > 0) {
        open_member(out, SLICE(""), "device");
        buf_byte(out, '{');
        add(out, SLICE(""), "name", ua->device);
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
    write_details(l, ua);
}

/* ---- an event ---- */

/* What an agent is found to be. In the cache it stands as one text, the lengths in front. */
struct answer {
    struct slice fields, members, details; /* members: where they are in fields */
};

struct lengths {
    uint32_t fields, members;
};

static struct answer
answer_of(struct slice text)
{
    struct lengths n;
    struct answer a;

    memcpy(&n, text.p, sizeof n);
    a.members = (struct slice){ text.p + sizeof n, n.members };
    a.fields = (struct slice){ a.members.p + n.members, n.fields };
    a.details = slice_between(a.fields.p + n.fields, text.p + text.n);
    return a;
}

/* In l->text. */
static struct slice
find_out(const struct conf *c, struct local *l, struct arena *a, struct slice agent)
{
    struct useragent ua;
    struct lengths n;

    useragent_parse(c->rules, &l->scratch, agent, &ua);
    buf_clear(&l->fields);
    buf_clear(&l->more);
    if (c->ecs)
        write_ecs(l, &ua, agent);
    else
        write_legacy(c, l, &ua, agent);
    buf_clear(&l->text);
    buf_reserve(&l->text, sizeof n);
    l->text.n = sizeof n;
    if (c->names.n > 0)
        overlay_index(a, buf_slice(&l->fields), &l->text);
    n.members = (uint32_t)(l->text.n - sizeof n);
    n.fields = (uint32_t)l->fields.n;
    memcpy(l->text.p, &n, sizeof n);
    buf_append(&l->text, buf_slice(&l->fields));
    buf_append(&l->text, buf_slice(&l->more));
    text_cache_put(l->cache, agent, buf_slice(&l->text));
    return buf_slice(&l->text);
}

static int
store(const struct conf *c, struct event *ev, const struct answer *found)
{
    struct arena *a = event_arena(ev);

    if (found->members.n > 0 && name_set_find(&c->names, a, &ev->data, NULL) == 0) {
        overlay_put_new(ev, found->fields, found->members);
        return 0;
    }
    return overlay_put(ev, &c->target, found->fields, NULL);
}

/* n 0: the event has none. */
static struct slice
agent_of(const struct conf *c, struct event *ev)
{
    struct arena *a = event_arena(ev);
    struct value *v = event_get(ev, &c->source);

    if (v != NULL && v->type == V_ARRAY)
        v = value_count(a, v) > 0 ? value_at(a, v, 0) : NULL;
    if (v == NULL || v->type != V_STRING)
        return (struct slice){ NULL, 0 };
    return value_text(a, v);
}

static_assert(FILTER_AHEAD <= TEXT_CACHE_AHEAD, "the cache remembers all that were announced");

static void
ahead(const void *conf, void *local, struct event *ev)
{
    struct local *l = local;
    struct slice agent = agent_of(conf, ev);

    if (agent.n > 0)
        text_cache_ahead(l->cache, agent);
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;
    struct arena *a = event_arena(ev);
    struct slice agent = agent_of(c, ev), text;
    struct answer found;

    if (agent.n == 0)
        return EVENT_SKIP;
    if (!text_cache_get(l->cache, agent, &text))
        text = find_out(c, l, a, agent);
    found = answer_of(text);
    if (c->in_place)
        event_remove(ev, &c->source);
    if (store(c, ev, &found) < 0)
        return EVENT_FAILED;
    if (found.details.n > 0 && overlay_put(ev, &c->details, found.details, NULL) < 0)
        return EVENT_FAILED;
    return EVENT_KEEP;
}

const struct filter_type filter_useragent = {
    .name = "useragent",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .prepare = prepare,
    .dispose = dispose,
    .start = start,
    .stop = stop,
    .apply = apply,
    .ahead = ahead,
};
