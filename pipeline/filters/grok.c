/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter grok: text to fields by named patterns (filters.md 5).
 *
 * Patterns are compiled once a plan; a worker has the engine's scratch. Captures alias the matched
 * text where it lies in the batch. */
#include "pipeline/filter.h"

#include "pipeline/ecs.h"
#include "pipeline/grok.h"
#include "pipeline/name_set.h"
#include "pipeline/ruby_value.h"

#include "codec/json_write.h"

#include <stdlib.h>

#define INT_DIGITS 18 /* surely an int64_t */

/* Where a capture goes. What most captures need comes first. */
struct slot {
    struct value member; /* of one that is alone: as in its fieldpart */
    uint64_t names;
    unsigned group;
    uint8_t type; /* enum grok_type */
    int8_t name;  /* in the matcher's; -1: not alone */
    bool illegal; /* the semantic is no reference: storing fails */
    bool overwrite;
    bool ordinary; /* a field without rules of its own */
    struct fieldref at;
};

struct matcher {
    struct grok *grok;
    struct slot *slots;
    size_t n;
    /* Of the slots that are alone: one key of the data that no slot before makes, nor overwrites.
     */
    struct name_set names;
};

struct source {
    struct fieldref at;
    bool illegal;
    struct matcher *matchers;
    size_t n;
};

struct conf {
    struct opt_hash match, pattern_definitions;
    struct opt_list patterns_dir, overwrite;
    struct slice patterns_files_glob, target, tag_on_timeout;
    bool break_on_match, named_captures_only, keep_empty_captures;
    int64_t timeout_millis;
    int timeout_scope, ecs_compatibility;
    struct source *sources;
    size_t n;
};

struct local {
    struct regex_scratch *regex;
    struct buf text, number;
    uint64_t deadline_ms; /* of the event; 0: none */
};

enum { SCOPE_PATTERN, SCOPE_EVENT };
static const char *const scopes[] = { "pattern", "event", NULL };

static const struct option options[] = {
    OPT_HASH(struct conf, match, .help = "fields, each with a pattern or a list of them"),
    OPT_LIST(struct conf, patterns_dir, .help = "files and folders of patterns of your own"),
    OPT_STR(struct conf, patterns_files_glob, .dflt = "*",
            .help = "which files of those folders are read"),
    OPT_HASH(struct conf, pattern_definitions, .help = "patterns of your own, by name"),
    OPT_BOOL(struct conf, break_on_match, .dflt = "true",
             .help = "stop at the first pattern that matches"),
    OPT_BOOL(struct conf, named_captures_only, .dflt = "true",
             .help = "false: patterns without a semantic become fields, too"),
    OPT_BOOL(struct conf, keep_empty_captures, .dflt = "false",
             .help = "store captures without text"),
    OPT_LIST(struct conf, overwrite, .help = "fields that a capture replaces"),
    OPT_STR(struct conf, target, .help = "field below which all captures are stored"),
    OPT_STR(struct conf, tag_on_timeout, .dflt = "_groktimeout",
            .help = "tag of an event whose matching took too long"),
    OPT_INT(struct conf, timeout_millis, .dflt = "30000", .min = 0, .max = INT32_MAX,
            .help = "milliseconds that matching may take; 0: no limit"),
    OPT_ENUM(struct conf, timeout_scope, .dflt = "pattern", .choices = scopes,
             .help = "what the time is for: each pattern, or all of an event"),
    OPT_ECS(struct conf),
    OPT_END,
};

/* ---- compiling ---- */

static bool
is_overwritten(const struct conf *c, struct slice field)
{
    for (size_t i = 0; i < c->overwrite.n; i++)
        if (slice_eq(c->overwrite.at[i], field))
            return true;
    return false;
}

/* The target may be a bare name; the semantic may be a reference of its own, which is flattened. */
static struct slice
path_of(const struct conf *c, const struct plugin_context *ctx, struct slice field)
{
    if (c->target.p == NULL)
        return field;
    if (c->target.n > 0 && c->target.p[0] == '[')
        return arena_printf(ctx->arena, "%.*s[%.*s]", SLICE_ARGS(c->target), SLICE_ARGS(field));
    return arena_printf(ctx->arena, "[%.*s][%.*s]", SLICE_ARGS(c->target), SLICE_ARGS(field));
}

/* A slot whose member is new unless the event has one of that name already. */
static bool
is_alone(const struct matcher *m, size_t i)
{
    const struct slot *s = &m->slots[i];

    if (!s->ordinary || s->overwrite || s->at.n != 1 || s->at.meta)
        return false;
    for (size_t k = 0; k < i; k++) {
        const struct fieldref *other = &m->slots[k].at;

        if (!m->slots[k].illegal && other->n > 0 && !other->meta &&
            slice_eq(other->part[0].key, s->at.part[0].key))
            return false;
    }
    return true;
}

static void
compile_slots(const struct conf *c, const struct plugin_context *ctx, struct matcher *m)
{
    const struct grok_capture *captures = grok_captures(m->grok, &m->n);

    m->slots = arena_calloc(ctx->arena, m->n, sizeof *m->slots);
    for (size_t i = 0; i < m->n; i++) {
        struct slot *s = &m->slots[i];
        struct slice path = path_of(c, ctx, captures[i].field);

        s->illegal = fieldref_compile(ctx->arena, path, ctx->escape, &s->at, NULL) < 0;
        s->group = captures[i].group;
        s->type = (uint8_t)captures[i].type;
        s->overwrite = is_overwritten(c, captures[i].field);
        s->ordinary = !s->illegal && s->at.kind == REF_FIELD;
        s->name = is_alone(m, i) ? (int8_t)name_set_add(&m->names, s->at.part[0].key) : -1;
        if (s->name >= 0) {
            s->member = s->at.part[0].member;
            s->names = s->at.part[0].names;
        }
    }
}

static int
compile_matcher(const struct conf *c, const struct plugin_context *ctx,
                const struct grok_patterns *patterns, const struct opt_value *v, struct matcher *m,
                struct err *err)
{
    if (v->text.p == NULL)
        return err_set(err, ERR_CONFIG, "match: a pattern must be a string");
    m->grok = grok_new(patterns, v->text, c->named_captures_only, err);
    if (m->grok == NULL)
        return -1;
    compile_slots(c, ctx, m);
    return 0;
}

static bool
same_place(const struct fieldref *a, const struct fieldref *b)
{
    if (a->n != b->n || a->meta != b->meta)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!slice_eq(a->part[i].key, b->part[i].key))
            return false;
    return true;
}

/* SYSLOGLINE and its like store what is left as `message`. */
static void
warn_stored_beside(const struct conf *c, const struct plugin_context *ctx, const struct opt_pair *p,
                   const struct source *s)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->matchers[i].n; k++) {
            const struct slot *slot = &s->matchers[i].slots[k];

            if (slot->illegal || slot->overwrite || s->illegal || c->target.n > 0 ||
                !same_place(&slot->at, &s->at))
                continue;
            findings_add(ctx->findings, FINDING_WARN, p->pos,
                         "add overwrite, or capture it under another name",
                         "grok: a pattern for %.*s captures %.*s: the field becomes a list of the "
                         "old text and the new, as `overwrite` does not name it",
                         SLICE_ARGS(p->key), SLICE_ARGS(p->key));
            return;
        }
}

static int
compile_source(const struct conf *c, const struct plugin_context *ctx,
               const struct grok_patterns *patterns, const struct opt_pair *pair, struct source *s,
               struct err *err)
{
    const struct opt_value *v = &pair->value, *list = v->kind == OV_LIST ? v->list : v;

    s->illegal = fieldref_compile(ctx->arena, pair->key, ctx->escape, &s->at, NULL) < 0;
    s->n = v->kind == OV_LIST ? v->n : 1;
    s->matchers = arena_calloc(ctx->arena, s->n, sizeof *s->matchers);
    for (size_t i = 0; i < s->n; i++)
        if (compile_matcher(c, ctx, patterns, &list[i], &s->matchers[i], err) < 0)
            return -1;
    if (ctx->findings != NULL)
        warn_stored_beside(c, ctx, pair, s);
    return 0;
}

/* Files first, then definitions: later ones win. */
static int
load_patterns(const struct conf *c, const struct plugin_context *ctx, struct grok_patterns *p,
              struct err *err)
{
    const char *glob = arena_cstr(ctx->arena, c->patterns_files_glob);

    for (size_t i = 0; i < c->patterns_dir.n; i++) {
        const char *path = arena_cstr(ctx->arena, c->patterns_dir.at[i]);
        int files = grok_patterns_load(p, path, glob, err);

        if (files < 0)
            return -1;
        if (files == 0 && ctx->findings != NULL)
            findings_add(ctx->findings, FINDING_WARN, ctx->pos, NULL,
                         "grok: patterns_dir \"%s\" has no files", path);
    }
    for (size_t i = 0; i < c->pattern_definitions.n; i++) {
        const struct opt_pair *pair = &c->pattern_definitions.at[i];

        if (pair->value.text.p == NULL)
            return err_set(err, ERR_CONFIG, "pattern_definitions: %.*s is not a string",
                           SLICE_ARGS(pair->key));
        grok_patterns_add(p, pair->key, pair->value.text);
    }
    return 0;
}

/* One line for all its patterns: a list of them is tried to its end on most lines. */
static void
say_what_is_dear(const struct conf *c, const struct plugin_context *ctx)
{
    const char *reason = NULL;
    struct slice text = { 0 };
    size_t more = 0;

    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < c->sources[i].n; k++) {
            const struct opt_value *v = &c->match.at[i].value;
            const char *why = regex_dear_miss(grok_regex(c->sources[i].matchers[k].grok));

            more += why != NULL && reason != NULL;
            if (why == NULL || reason != NULL)
                continue;
            reason = why;
            text = v->kind == OV_LIST ? v->list[k].text : v->text;
        }
    if (reason == NULL || ctx->findings == NULL)
        return;
    findings_add(ctx->findings, FINDING_INFO, ctx->pos, reason,
                 more == 0 ? "grok: a line that \"%.*s\" does not match is dear"
                           : "grok: a line that \"%.*s\" does not match is dear; so it is with "
                             "%zu more patterns of this filter",
                 (int)(text.n < 100 ? text.n : 100), text.p, more);
}

static int
compile(struct conf *c, const struct plugin_context *ctx, const struct grok_patterns *patterns,
        struct err *err)
{
    c->sources = arena_calloc(ctx->arena, c->match.n, sizeof *c->sources);
    c->n = c->match.n;
    for (size_t i = 0; i < c->n; i++)
        if (compile_source(c, ctx, patterns, &c->match.at[i], &c->sources[i], err) < 0)
            return -1;
    say_what_is_dear(c, ctx);
    return 0;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;
    struct grok_patterns *patterns =
        grok_patterns_new(ecs_is_on(c->ecs_compatibility, ctx) ? GROK_ECS : GROK_LEGACY);
    int rc;

    grok_patterns_share(patterns, ctx->regexes);
    rc = load_patterns(c, ctx, patterns, err);
    if (rc == 0)
        rc = compile(c, ctx, patterns, err);
    grok_patterns_free(patterns);
    return rc;
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < c->sources[i].n; k++)
            grok_free(c->sources[i].matchers[k].grok);
}

static int
start(const void *conf, void *local, struct err *err)
{
    const struct conf *c = conf;
    struct local *l = local;

    (void)err;
    l->regex = regex_scratch_new();
    regex_scratch_timeout(l->regex, (uint64_t)c->timeout_millis);
    return 0;
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    regex_scratch_free(l->regex);
    buf_fini(&l->text);
    buf_fini(&l->number);
}

/* ---- storing ---- */

/* One event's way through the filter. */
struct work {
    const struct conf *conf;
    struct local *local;
    struct event *ev;
    bool alias; /* the text lives as long as the batch */
    bool plain; /* and no piece of it needs an escape */
};

/* As value_int() would print it. */
static bool
is_plain_integer(struct slice text)
{
    if (text.n == 0 || text.n > INT_DIGITS || (text.p[0] == '0' && text.n > 1))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    return true;
}

static void
assign_int(struct work *w, struct value *slot, struct slice text)
{
    struct buf *number = &w->local->number;
    int64_t n;

    if (w->alias && is_plain_integer(text)) {
        value_assign(slot, value_raw(V_INT, text));
        return;
    }
    buf_clear(number);
    grok_print_int(text, number);
    value_assign(slot, value_digits(event_arena(w->ev),
                                    slice_to_int64(buf_slice(number), &n) ? V_INT : V_BIGINT,
                                    buf_slice(number)));
}

static void
assign(struct work *w, const struct slot *s, struct value *slot, struct slice text)
{
    struct arena *a = event_arena(w->ev);

    if (text.p == NULL)
        value_assign(slot, value_null());
    else if (s->type == GROK_INT)
        assign_int(w, slot, text);
    else if (s->type == GROK_FLOAT)
        value_assign(slot, value_double(a, grok_to_float(text)));
    else if (w->alias)
        value_assign_str_alias(a, slot, text);
    else
        value_assign_str(a, slot, text);
}

static struct value
value_of(struct work *w, const struct slot *s, struct slice text)
{
    struct value v = { 0 };

    assign(w, s, &v, text);
    return v;
}

/* What is there already becomes a list, unless it is neither text nor list: then it stays. */
static int
store_beside(struct work *w, const struct slot *s, struct value *old, struct slice text)
{
    struct arena *a = event_arena(w->ev);
    struct value list;

    if (old->type != V_ARRAY && old->type != V_STRING)
        return 0;
    /* Of a list of texts each may add to it. */
    if (old->type == V_ARRAY && s->ordinary) {
        assign(w, s, value_push(a, old), text);
        return 0;
    }
    list = value_array(a);
    if (old->type == V_STRING) {
        value_assign(value_push(a, &list), value_copy(a, old));
    } else {
        for (uint32_t i = 0, n = value_count(a, old); i < n; i++)
            value_assign(value_push(a, &list), value_copy(a, value_at(a, old, i)));
    }
    assign(w, s, value_push(a, &list), text);
    return event_set(w->ev, &s->at, list, NULL);
}

/* To a field that may have rules of its own, or that an option says more about. */
static int
store_special(struct work *w, const struct slot *s, struct slice text)
{
    struct value *old;

    if (s->illegal)
        return -1;
    old = s->overwrite ? NULL : event_get(w->ev, &s->at);
    if (old != NULL && old->type != V_NULL)
        return store_beside(w, s, old, text);
    return event_set(w->ev, &s->at, value_of(w, s, text), NULL);
}

static int
store_at(struct work *w, const struct slot *s, struct value *slot, struct slice text)
{
    w->ev->data.flags |= V_CHANGED;
    if (slot->type != V_NULL)
        return store_beside(w, s, slot, text);
    assign(w, s, slot, text);
    return 0;
}

static int
store(struct work *w, const struct slot *s, struct slice text)
{
    struct value *slot;

    if (!s->ordinary || s->overwrite)
        return store_special(w, s, text);
    if (event_put(w->ev, &s->at, &slot, NULL) < 0)
        return -1;
    if (slot == NULL)
        return 0;
    return store_at(w, s, slot, text);
}

/* A member that the event does not have yet, as most of them. The text is of one that ends at
 * `end`. */
static void
store_new(struct work *w, const struct slot *s, struct slice text, const char *end)
{
    struct value *slot = value_adopt_named(event_arena(w->ev), &w->ev->data, &s->member, s->names);

    if (w->alias && s->type == GROK_TEXT && text.n > 0 &&
        (w->plain || json_is_plain_within(text, end)))
        value_assign(slot, value_bare_str(text));
    else
        assign(w, s, slot, text);
}

static int
store_captures(struct work *w, const struct matcher *m, struct slice subject)
{
    struct arena *a = event_arena(w->ev);
    uint32_t at[NAME_SET_MOST];
    uint64_t taken = name_set_find(&m->names, a, &w->ev->data, at);
    bool ok = true;
    unsigned n;
    const size_t *spans = regex_spans(w->local->regex, &n);

    value_reserve(a, &w->ev->data, m->names.n);
    for (size_t i = 0; i < m->n && ok; i++) {
        const struct slot *s = &m->slots[i];
        const size_t *span = &spans[2 * s->group];
        struct slice text = { 0 };

        if (s->group < n && span[0] != REGEX_UNSET)
            text = slice_between(subject.p + span[0], subject.p + span[1]);
        if (text.n == 0 && !w->conf->keep_empty_captures)
            continue;
        if (s->name < 0)
            ok = store(w, s, text) == 0;
        else if ((taken >> s->name & 1) == 0)
            store_new(w, s, text, subject.p + subject.n);
        else
            ok = store_at(w, s, value_at(a, &w->ev->data, at[s->name]), text) == 0;
    }
    return ok ? 0 : -1;
}

/* ---- matching ---- */

enum found { FOUND_NOT, FOUND, FOUND_ERROR, FOUND_TIMEOUT };

/* What is left of an event's time is the pattern's. */
static bool
has_time(struct local *l)
{
    uint64_t now;

    if (l->deadline_ms == 0)
        return true;
    now = regex_now_ms();
    if (now >= l->deadline_ms)
        return false;
    regex_scratch_timeout(l->regex, l->deadline_ms - now);
    return true;
}

static enum found
match_one(struct work *w, const struct matcher *m, struct slice text)
{
    if (!has_time(w->local))
        return FOUND_TIMEOUT;
    switch (regex_search(grok_regex(m->grok), w->local->regex, text, 0)) {
    case REGEX_MATCH: return store_captures(w, m, text) < 0 ? FOUND_ERROR : FOUND;
    case REGEX_NO_MATCH: return FOUND_NOT;
    case REGEX_BAD_TEXT: return FOUND_ERROR;
    case REGEX_TIMEOUT: return FOUND_TIMEOUT;
    }
    UNREACHABLE("regex_result");
}

/* Without break_on_match the last pattern decides. */
static enum found
match_text(struct work *w, const struct source *s, struct slice text)
{
    enum found got = FOUND_NOT;

    for (size_t i = 0; i < s->n; i++) {
        got = match_one(w, &s->matchers[i], text);
        if (got > FOUND || (got == FOUND && w->conf->break_on_match))
            return got;
    }
    return got;
}

static enum found
match_value(struct work *w, const struct source *s, struct value *v)
{
    if (v == NULL || v->type == V_NULL)
        return match_text(w, s, SLICE(""));
    w->alias = v->type == V_STRING;
    w->plain = w->alias && (v->flags & (V_ESCAPED | V_DECODED)) == 0;
    return match_text(w, s, ruby_value_text(event_arena(w->ev), v, &w->local->text));
}

/* Each member on its own; the list must be a copy, for captures may go into it. */
static enum found
match_list(struct work *w, const struct source *s, struct value *v)
{
    struct arena *a = event_arena(w->ev);
    struct value list = value_copy(a, v);
    enum found all = FOUND_NOT;

    for (uint32_t i = 0, n = value_count(a, &list); i < n; i++) {
        enum found got = match_value(w, s, value_at(a, &list, i));

        if (got > FOUND)
            return got;
        if (got == FOUND)
            all = FOUND;
    }
    return all;
}

static enum found
match_source(struct work *w, const struct source *s)
{
    struct value *v;

    if (s->illegal)
        return FOUND_ERROR;
    v = event_get(w->ev, &s->at);
    return v != NULL && v->type == V_ARRAY ? match_list(w, s, v) : match_value(w, s, v);
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct work w = { .conf = c, .local = local, .ev = ev };
    bool matched = false;

    if (c->timeout_scope == SCOPE_EVENT && c->timeout_millis > 0)
        w.local->deadline_ms = regex_now_ms() + (uint64_t)c->timeout_millis;
    for (size_t i = 0; i < c->n; i++) {
        enum found got = match_source(&w, &c->sources[i]);

        if (got == FOUND_TIMEOUT) {
            event_tag(ev, c->tag_on_timeout);
            return EVENT_SKIP;
        }
        matched |= got == FOUND;
        if (got == FOUND && c->break_on_match)
            break;
    }
    return matched ? EVENT_KEEP : EVENT_FAILED;
}

const struct filter_type filter_grok = {
    .name = "grok",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .tag_on_failure = "_grokparsefailure",
    .prepare = prepare,
    .dispose = dispose,
    .start = start,
    .stop = stop,
    .apply = apply,
};
