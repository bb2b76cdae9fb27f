/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"

#include "codec/zoneinfo.h"
#include "pipeline/config_parse.h"
#include "pipeline/edits.h"
#include "tests/unit/json_events.h"
#include "tests/unit/shared.h"

#define CHAIN_MOST 8
#define CLOCK      "2024-05-06T07:08:09.123Z" /* unless a case says another */

#define FILTER(n) extern const struct filter_type filter_##n;
#include "pipeline/filters.def"
#undef FILTER

static const struct filter_type *const filters[] = {
#define FILTER(n) &filter_##n,
#include "pipeline/filters.def"
#undef FILTER
};

static const struct filter_type *
find_filter(struct slice name)
{
    for (size_t i = 0; i < COUNT(filters); i++)
        if (slice_eq(slice_of(filters[i]->name), name))
            return filters[i];
    return NULL;
}

struct link {
    const struct filter_type *type;
    void *conf, *local;
    struct filter_common common;
    struct plan_edits *edits;
    bool prepared, started;
};

struct chain {
    struct arena arena;
    struct config *config;
    struct findings findings;
    struct link at[CHAIN_MOST];
    size_t n;
    struct buf scratch;
};

static struct slice clock_text = SLICE_INIT(CLOCK);

static struct timestamp
clock_now(void)
{
    struct timestamp t;

    ck_assert(timestamp_parse(clock_text, NULL, &t));
    return t;
}

void
chain_clock(struct slice now)
{
    clock_text = now;
}

/* The rows of run.c, with the filter's own default for its failure tags. */
static int
read_options(struct chain *c, const struct opt_plugin *plugin, struct link *l)
{
    const struct option common[] = {
        OPT_HASH(struct filter_common, add_field, .help = ""),
        OPT_TEMPLATES(struct filter_common, remove_field, .help = ""),
        OPT_TEMPLATES(struct filter_common, add_tag, .help = ""),
        OPT_TEMPLATES(struct filter_common, remove_tag, .help = ""),
        OPT_LIST(struct filter_common, tag_on_failure, .dflt = l->type->tag_on_failure, .help = ""),
        OPT_END,
    };
    struct option_reader reader = { .arena = &c->arena,
                                    .findings = &c->findings,
                                    .plugin_type = "filter" };

    return options_read(&reader, plugin, l->type->options, l->conf, common, &l->common);
}

static int
add_link(struct chain *c, const struct opt_plugin *plugin, struct plugin_context *ctx,
         struct err *err)
{
    struct link *l = &c->at[c->n++];

    ck_assert_uint_le(c->n, CHAIN_MOST);
    l->type = find_filter(plugin->name);
    ck_assert_msg(l->type != NULL, "no filter %.*s", SLICE_ARGS(plugin->name));
    l->conf = arena_calloc(&c->arena, 1, l->type->conf_size);
    l->local = arena_calloc(&c->arena, 1, l->type->local_size);
    if (read_options(c, plugin, l) < 0)
        return err_set(err, ERR_CONFIG, "%s", c->findings.at[c->findings.n - 1].text);
    l->prepared = true;
    if ((l->type->prepare != NULL && l->type->prepare(l->conf, ctx, err) < 0) ||
        plan_edits_compile(&c->arena, &l->common, ctx, &l->edits, err) < 0 ||
        (l->type->start != NULL && l->type->start(l->conf, l->local, err) < 0))
        return -1;
    l->started = true;
    return 0;
}

struct chain *
chain_new(struct slice config, enum ecs_mode ecs, bool support_escapes, struct err *err)
{
    struct chain *c = xcalloc(1, sizeof *c);
    struct config_source source = { "test.conf", config };
    struct plugin_context ctx = { .arena = &c->arena,
                                  .ecs = ecs,
                                  .support_escapes = support_escapes,
                                  .findings = &c->findings,
                                  .zone = zone_offset,
                                  .now = clock_now };

    arena_init(&c->arena, NULL);
    c->config = config_parse(&source, 1, support_escapes, &c->findings);
    ck_assert_msg(c->config != NULL, "%s", c->findings.n > 0 ? c->findings.at[0].text : "?");
    for (size_t i = 0; i < c->config->filter.n; i++) {
        ck_assert_int_eq(c->config->filter.at[i].kind, NODE_PLUGIN);
        if (add_link(c, &c->config->filter.at[i].plugin, &ctx, err) < 0) {
            chain_free(c);
            return NULL;
        }
    }
    return c;
}

void
chain_free(struct chain *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n; i++) {
        if (c->at[i].started && c->at[i].type->stop != NULL)
            c->at[i].type->stop(c->at[i].conf, c->at[i].local);
        if (c->at[i].prepared && c->at[i].type->dispose != NULL)
            c->at[i].type->dispose(c->at[i].conf);
    }
    config_free(&c->config);
    findings_fini(&c->findings);
    buf_fini(&c->scratch);
    arena_fini(&c->arena);
    free(c);
}

struct event *
chain_event(struct batch *b, struct slice json)
{
    struct value v = json_value(&b->arena, json);

    return json_event(b, &v, clock_now(), zone_offset);
}

static void
follow(struct chain *c, struct link *l, struct event *ev, enum verdict v)
{
    switch (v) {
    case EVENT_DROP: ev->cancelled = true; break;
    case EVENT_KEEP:
        if (plan_edits_apply(l->edits, ev, &c->scratch) == 0)
            break;
        plan_edits_failed(l->edits, ev);
        break;
    case EVENT_FAILED: plan_edits_failed(l->edits, ev); break;
    case EVENT_SKIP:
    case EVENT_MORE: break;
    }
}

bool
chain_run(struct chain *c, struct event *ev)
{
    for (size_t i = 0; i < c->n && !ev->cancelled; i++) {
        struct link *l = &c->at[i];
        enum verdict v;

        do {
            v = l->type->apply(l->conf, l->local, ev);
            follow(c, l, ev, v & ~(unsigned)EVENT_MORE);
        } while ((v & EVENT_MORE) != 0);
    }
    return !ev->cancelled;
}

void
chain_print(struct event *ev, struct buf *out)
{
    struct arena *a = event_arena(ev);
    struct value copy = value_copy(a, &ev->data);

    if (value_count(a, &ev->meta) > 0)
        value_assign(value_put(a, &copy, SLICE("@metadata")), value_copy(a, &ev->meta));
    value_write(&copy, out);
}

void
chain_expect(const char *name, struct slice config, enum ecs_mode ecs, const char *event,
             const char *want)
{
    struct err err = { 0 };
    struct chain *c = chain_new(config, ecs, false, &err);
    struct batch *b = batch_new(NULL);
    struct event *ev = chain_event(b, slice_of(event));
    struct buf text = { 0 }, wanted = { 0 };
    struct value x, y;

    ck_assert_msg(c != NULL, "%s: %s", name, err.msg);
    ck_assert_msg(chain_run(c, ev) == (want != NULL), "%s: cancelled, or not", name);
    if (want != NULL) {
        chain_print(ev, &text);
        chain_print(chain_event(b, slice_of(want)), &wanted);
        x = json_value(&b->arena, buf_slice(&text));
        y = json_value(&b->arena, buf_slice(&wanted));
        ck_assert_msg(value_equal(&b->arena, &x, &y), "%s: %.*s", name,
                      SLICE_ARGS(buf_slice(&text)));
    }
    buf_fini(&text);
    buf_fini(&wanted);
    batch_recycle(&b);
    chain_free(c);
}

static struct slice
block_of(struct arena *a, const char *filter, const char *options)
{
    return arena_printf(a, "filter { %s { %s } }", filter, options);
}

void
filter_expect(const char *filter, const char *name, const char *options, const char *event,
              const char *want)
{
    struct arena a;

    arena_init(&a, NULL);
    chain_expect(name, block_of(&a, filter, options), ECS_DISABLED, event, want);
    arena_fini(&a);
}

void
filter_refuses(const char *filter, const char *options, const char *message)
{
    struct arena a;
    struct err err = { 0 };

    arena_init(&a, NULL);
    ck_assert_msg(chain_new(block_of(&a, filter, options), ECS_DISABLED, false, &err) == NULL,
                  "%s is accepted", options);
    ck_assert_msg(strncmp(err.msg, message, strlen(message)) == 0, "%s", err.msg);
    arena_fini(&a);
}

void
filter_warns(const char *filter, const char *options, const char *text)
{
    struct arena a;
    struct err err = { 0 };
    struct chain *c;
    size_t warnings = 0;

    arena_init(&a, NULL);
    c = chain_new(block_of(&a, filter, options), ECS_DISABLED, false, &err);
    ck_assert_msg(c != NULL, "%s: %s", options, err.msg);
    for (size_t i = 0; i < c->findings.n; i++) {
        const struct finding *f = &c->findings.at[i];

        if (f->level == FINDING_INFO)
            continue;
        warnings++;
        ck_assert_msg(text != NULL && strstr(f->text, text) != NULL, "%s: %s", options, f->text);
        ck_assert_int_eq(f->level, FINDING_WARN);
        ck_assert_uint_gt(f->pos.column, 1);
    }
    ck_assert_msg(warnings == (text != NULL), "%s: %zu", options, warnings);
    chain_free(c);
    arena_fini(&a);
}

/* ---- the reference's cases ---- */

static struct slice
member_text(struct arena *a, struct value *object, const char *key)
{
    struct value *v = value_get(a, object, slice_of(key));

    return v == NULL ? (struct slice){ NULL, 0 } : value_text(a, v);
}

static void
check_types(struct arena *a, struct value *test, uint32_t i, struct event *ev, const char *name)
{
    struct value *types = value_get(a, test, SLICE("types"));
    struct slice index = arena_printf(a, "%u", i);

    types = types == NULL ? NULL : value_get(a, types, index);
    for (uint32_t k = 0; types != NULL && k < value_count(a, types); k++) {
        struct value *want = value_at(a, types, k), *got;
        struct fieldref at;

        ck_assert_int_eq(fieldref_compile(a, value_key(a, want), ESCAPE_NONE, &at, NULL), 0);
        got = event_get(ev, &at);
        ck_assert_msg(got != NULL && got->type == (slice_eq(value_text(a, want), SLICE("timestamp"))
                                                       ? V_TIMESTAMP
                                                       : V_DECIMAL),
                      "%s, event %u: type of %.*s", name, i, SLICE_ARGS(at.text));
    }
}

static void
check_event(struct arena *a, struct value *test, uint32_t i, struct event *ev, const char *name)
{
    struct value *want = value_get(a, test, SLICE("expected_events")), got;
    struct buf text = { 0 };

    ck_assert_msg(i < value_count(a, want), "%s: more than %u events", name, i);
    chain_print(ev, &text);
    got = json_value(a, buf_slice(&text));
    ck_assert_msg(value_equal(a, &got, value_at(a, want, i)), "%s, event %u: %.*s", name, i,
                  SLICE_ARGS(buf_slice(&text)));
    check_types(a, test, i, ev, name);
    buf_fini(&text);
}

static void
run_events(struct arena *a, struct chain *c, struct value *test, const char *name)
{
    struct value *inputs = value_get(a, test, SLICE("input_events"));
    struct batch *b = batch_new(NULL);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < value_count(a, inputs); i++) {
        struct buf text = { 0 };
        struct event *ev;

        value_write(value_at(a, inputs, i), &text);
        ev = chain_event(b, buf_slice(&text));
        if (chain_run(c, ev))
            check_event(a, test, kept++, ev, name);
        buf_fini(&text);
    }
    ck_assert_msg(kept == value_count(a, value_get(a, test, SLICE("expected_events"))),
                  "%s: %u events", name, kept);
    batch_recycle(&b);
}

static void
run_case(struct arena *a, struct value *test)
{
    const char *name = arena_cstr(a, member_text(a, test, "name"));
    bool refused = member_text(a, test, "expected_error").n > 0;
    bool ecs = !slice_eq(member_text(a, test, "ecs_compatibility"), SLICE("disabled"));
    struct value *settings = value_get(a, test, SLICE("settings")), *escapes = NULL;
    struct slice now = member_text(a, test, "now");
    struct slice zone = member_text(a, test, "default_timezone");
    struct err err = { 0 };
    struct chain *c;

    if (now.n > 0)
        chain_clock(now);
    setenv("TZ", zone.n > 0 ? arena_cstr(a, zone) : "UTC", 1);
    if (settings != NULL)
        escapes = value_get(a, settings, SLICE("config.support_escapes"));
    c = chain_new(member_text(a, test, "config"), ecs ? ECS_V8 : ECS_DISABLED,
                  escapes != NULL && value_to_bool(escapes), &err);
    ck_assert_msg((c == NULL) == refused, "%s: %s", name, c == NULL ? err.msg : "not refused");
    if (c != NULL)
        run_events(a, c, test, name);
    chain_free(c);
}

void
filter_cases_run(const char *file)
{
    struct arena a;
    struct value cases;
    uint32_t n;

    arena_init(&a, NULL);
    cases = json_value(&a, shared_read(&a, file));
    n = value_count(&a, &cases);
    ck_assert_uint_ge(n, 1);
    for (uint32_t i = 0; i < n; i++)
        run_case(&a, value_at(&a, &cases, i));
    chain_clock(SLICE(CLOCK));
    printf("%s: %u cases\n", file, n);
    arena_fini(&a);
}
