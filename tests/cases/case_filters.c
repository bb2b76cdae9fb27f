/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cases of filters: a block, events in, events out. */
#include "tests/cases/probe.h"

#include "codec/batch.h"
#include "pipeline/run.h"

#include <stdlib.h>

/* Files of plugins that are not built yet; the next issue with them takes its line out. */
static const struct {
    const char *file, *why;
} absent[] = {
    { "aggregate.json", "needs a Ruby evaluator" },
    { "ruby.json", "needs a Ruby evaluator" },
    { "xml.json", "filter xml is not built yet" },
};

static enum ecs_mode
ecs_of(struct slice text)
{
    if (slice_eq(text, SLICE("disabled")))
        return ECS_DISABLED;
    return slice_eq(text, SLICE("v1")) ? ECS_V1 : ECS_V8;
}

/* "timestamp" or "bigdecimal" where JSON cannot tell. */
static void
check_types(struct case_run *r, struct batch *b, const struct tree *types)
{
    for (const struct tree *t = types != NULL ? types->kids : NULL; t != NULL; t = t->next) {
        uint32_t i = (uint32_t)strtoul(arena_cstr(&r->arena, t->key), NULL, 10);

        for (const struct tree *f = t->kids; f != NULL && i < b->n; f = f->next) {
            struct fieldref ref;
            struct value *v = NULL;
            uint8_t want = slice_eq(f->text, SLICE("timestamp")) ? V_TIMESTAMP : V_DECIMAL;

            if (fieldref_compile(&r->arena, f->key, ESCAPE_NONE, &ref, NULL) == 0)
                v = event_get(b->events[i], &ref);
            if (v == NULL || v->type != want)
                case_fail(r, "event %u: %.*s is no %.*s but %d", i, SLICE_ARGS(f->key),
                          SLICE_ARGS(f->text), v != NULL ? v->type : -1);
        }
    }
}

/* Decimals are compared as numbers: the digits of 1.50 and 1E+5 are Logstash's. */
static void
relax_decimals(struct case_run *r, struct tree *events, const struct tree *types)
{
    for (const struct tree *t = types != NULL ? types->kids : NULL; t != NULL; t = t->next) {
        unsigned long i = strtoul(arena_cstr(&r->arena, t->key), NULL, 10);
        struct tree *ev = events->kids;

        while (ev != NULL && i-- > 0)
            ev = ev->next;
        for (const struct tree *f = t->kids; f != NULL && ev != NULL; f = f->next) {
            struct fieldref ref;
            struct tree *at = ev;

            if (!slice_eq(f->text, SLICE("bigdecimal")) ||
                fieldref_compile(&r->arena, f->key, ESCAPE_NONE, &ref, NULL) < 0)
                continue;
            for (uint32_t p = 0; p < ref.n && at != NULL; p++) {
                struct tree *kid = at->kids;

                for (int64_t k = 0; kid != NULL; kid = kid->next, k++)
                    if (at->kind == TREE_ARRAY ? k == ref.part[p].index
                                               : slice_eq(kid->key, ref.part[p].key))
                        break;
                at = kid;
            }
            if (at != NULL && at->kind == TREE_NUMBER)
                at->text =
                    arena_printf(&r->arena, "%.17e", strtod(arena_cstr(&r->arena, at->text), NULL));
        }
    }
}

static void
check_events(struct case_run *r, struct batch *b)
{
    const struct tree *want = tree_get(r->test, "expected_events"),
                      *types = tree_get(r->test, "types");
    struct tree *got = tree_new(&r->arena, TREE_ARRAY), *copy;
    struct buf text = { 0 };

    for (uint32_t i = 0; i < b->n; i++)
        tree_add(got, probe_event(r, b->events[i], NULL));
    tree_write(want, &text);
    copy = case_json(r, buf_slice(&text));
    relax_decimals(r, got, types);
    relax_decimals(r, copy, types);
    case_same(r, got, copy);
    if (!case_failed(r))
        check_types(r, b, types);
    buf_fini(&text);
}

static void
run(struct case_run *r, struct plan *plan)
{
    const struct tree *events = tree_get(r->test, "input_events");
    struct err err = { 0 };
    struct batch *b = probe_batch(r, events->kids, events->n);
    struct plan_local *local = plan_local_new(plan, &err);

    if (local == NULL) {
        case_fail(r, "%s", err.msg);
    } else {
        plan_run(local, b);
        check_events(r, b);
    }
    plan_local_free(&local);
    batch_recycle(&b);
}

static const char *
cstr_or_null(struct case_run *r, const char *key)
{
    struct slice s = tree_text(r->test, key);

    return s.p != NULL ? arena_cstr(&r->arena, s) : NULL;
}

void
case_filters(struct case_run *r)
{
    struct probe_world world = { .data = r->data,
                                 .now = cstr_or_null(r, "now"),
                                 .zone = cstr_or_null(r, "default_timezone") };
    struct findings findings = { 0 };
    struct buf text = { 0 };
    struct plan *plan;
    bool refused = tree_text(r->test, "expected_error").p != NULL;

    for (size_t i = 0; i < COUNT(absent); i++)
        if (strcmp(r->file, absent[i].file) == 0) {
            r->skipped = true;
            buf_append(&r->why, slice_of(absent[i].why));
            return;
        }
    world.settings.ecs = ecs_of(tree_text(r->test, "ecs_compatibility"));
    world.settings.support_escapes =
        tree_is_true(tree_get(r->test, "settings"), "config.support_escapes");
    r->env_codecs = true;
    plan = probe_plan(r, &world, tree_text(r->test, "config"), &findings);
    findings_text(&findings, &text);
    if (plan == NULL && (!refused || strstr(buf_cstr(&text), "PluginLoadingError") != NULL))
        case_fail(r, "refused: %s", buf_cstr(&text));
    else if (plan != NULL && refused)
        case_fail(r, "not refused");
    else if (plan != NULL)
        run(r, plan);
    buf_fini(&text);
    plan_drop(&plan);
    findings_fini(&findings);
}
