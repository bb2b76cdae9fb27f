/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cases of the event model: references, access, templates, tags, conditions, whole pipelines. */
#include "tests/cases/probe.h"

#include "codec/base/log.h"
#include "codec/batch.h"
#include "codec/json_write.h"
#include "pipeline/run.h"

/* ---- what all need ---- */

static enum escape_style
escape_of(const struct case_run *r)
{
    struct slice style = tree_text(r->test, "escape_style");

    if (slice_eq(style, SLICE("percent")))
        return ESCAPE_PERCENT;
    return slice_eq(style, SLICE("ampersand")) ? ESCAPE_AMPERSAND : ESCAPE_NONE;
}

static struct slice
wanted_error(const struct case_run *r)
{
    return tree_text(tree_get(r->want, "error"), "kind");
}

/* An error was met: of this kind or another, with this text. */
static void
check_refusal(struct case_run *r, const char *kinds, const char *text)
{
    struct slice want = wanted_error(r), message = tree_text(tree_get(r->want, "error"), "message"),
                 names = tree_text(tree_get(r->want, "error"), "names");

    if (want.p == NULL || strstr(kinds, arena_cstr(&r->arena, want)) == NULL)
        case_fail(r, "refused: %s", text);
    if (message.p != NULL && strstr(text, arena_cstr(&r->arena, message)) == NULL)
        case_fail(r, "message \"%s\", want \"%.*s\"", text, SLICE_ARGS(message));
    if (names.p != NULL && strstr(text, arena_cstr(&r->arena, names)) == NULL)
        case_fail(r, "\"%s\" does not name %.*s", text, SLICE_ARGS(names));
}

static void
check_event(struct case_run *r, struct event *ev, const char *key)
{
    const struct tree *want = tree_get(r->want, key);

    if (wanted_error(r).p != NULL)
        case_fail(r, "no error");
    else
        case_same(r, probe_event(r, ev, want), want);
}

static struct batch *
one_event(struct case_run *r, const char *key)
{
    const struct tree *t = tree_get(r->test, key);

    if (t == NULL || t->kind != TREE_OBJECT)
        t = tree_new(&r->arena, TREE_OBJECT);
    return probe_batch(r, t, 1);
}

static struct tree *
text_tree(struct case_run *r, const char *key, const struct buf *text)
{
    struct tree *t = tree_new(&r->arena, TREE_OBJECT);

    return tree_set(&r->arena, t, slice_of(key), tree_string(&r->arena, buf_slice(text)));
}

static struct tree *
truth_tree(struct case_run *r, const char *key, bool truth)
{
    struct tree *t = tree_new(&r->arena, TREE_BOOL);

    t->truth = truth;
    return tree_set(&r->arena, tree_new(&r->arena, TREE_OBJECT), slice_of(key), t);
}

/* ---- references and templates ---- */

static void
field_reference(struct case_run *r)
{
    struct fieldref ref;
    struct err err = { 0 };
    struct tree *path = tree_new(&r->arena, TREE_ARRAY), *got;

    if (fieldref_compile(&r->arena, tree_text(r->test, "expression"), escape_of(r), &ref, &err) <
        0) {
        check_refusal(r, "invalid_field_reference", err.msg);
        return;
    }
    if (ref.kind == REF_METADATA)
        tree_add(path, tree_string(&r->arena, SLICE("@metadata")));
    for (uint32_t i = 0; i < ref.n; i++)
        tree_add(path, tree_string(&r->arena, ref.part[i].key));
    got = tree_set(&r->arena, tree_new(&r->arena, TREE_OBJECT), SLICE("root"),
                   tree_string(&r->arena,
                               ref.meta && ref.n > 0 ? SLICE("@metadata") : SLICE("data")));
    case_same(r, tree_set(&r->arena, got, SLICE("path"), path), r->want);
}

static void
sprintf_case(struct case_run *r)
{
    struct batch *b = one_event(r, "input_event");
    struct slice gone = tree_text(tree_get(r->test, "before"), "remove");
    struct template *t;
    struct fieldref ref;
    struct err err = { 0 };
    struct buf text = { 0 };

    if (gone.p != NULL && fieldref_compile(&r->arena, gone, ESCAPE_NONE, &ref, NULL) == 0)
        event_remove(b->events[0], &ref);
    if (template_compile(&r->arena, tree_text(r->test, "expression"), ESCAPE_NONE, &t, &err) < 0) {
        check_refusal(r, "pipeline_start_failure bad_date_pattern invalid_field_reference",
                      err.msg);
    } else {
        template_render(t, b->events[0], &text);
        case_same(r, text_tree(r, "result", &text), r->want);
    }
    buf_fini(&text);
    batch_recycle(&b);
}

/* ---- access ---- */

static const char *
type_name(const struct value *v)
{
    static const char *const names[] = {
        [V_NULL] = "null",         [V_BOOL] = "boolean",        [V_INT] = "integer",
        [V_BIGINT] = "biginteger", [V_DOUBLE] = "double",       [V_DECIMAL] = "bigdecimal",
        [V_STRING] = "string",     [V_TIMESTAMP] = "timestamp", [V_ARRAY] = "list",
        [V_OBJECT] = "map",
    };

    return v == NULL ? "null" : names[v->type];
}

static struct tree *
value_tree(struct case_run *r, struct event *ev, const struct fieldref *ref, struct value *v)
{
    struct buf text = { 0 };
    struct tree *t;

    if (ref->kind == REF_METADATA)
        v = &ev->meta;
    if (v == NULL)
        return tree_new(&r->arena, TREE_NULL);
    value_write(v, &text);
    t = case_json(r, buf_slice(&text));
    buf_fini(&text);
    return t;
}

static void
get(struct case_run *r, struct event *ev, const struct fieldref *ref)
{
    struct value *v = event_get(ev, ref);
    struct tree *got = tree_new(&r->arena, TREE_OBJECT);

    tree_set(&r->arena, got, SLICE("value"), value_tree(r, ev, ref, v));
    tree_set(&r->arena, got, SLICE("type"), tree_string(&r->arena, slice_of(type_name(v))));
    tree_add(got, truth_tree(r, "include", event_has(ev, ref))->kids);
    case_same(r, got, r->want);
}

/* The value of a case becomes a field of a helper event, from where it is taken. */
static struct value
case_value(struct case_run *r, struct event *ev)
{
    struct tree *holder = tree_new(&r->arena, TREE_OBJECT), *copy;
    const struct tree *given = tree_get(r->test, "value");
    struct fieldref ref = fieldref_key(&r->arena, SLICE("v"));
    struct buf text = { 0 };
    struct value out = value_null();
    struct batch *b;

    if (given == NULL)
        return out;
    tree_write(given, &text);
    copy = case_json(r, buf_slice(&text));
    tree_set(&r->arena, holder, SLICE("v"), copy);
    b = probe_batch(r, holder, 1);
    event_append(ev, b->events[0]);
    event_take(ev, &ref, &out);
    batch_recycle(&b);
    buf_fini(&text);
    return out;
}

static void
set(struct case_run *r, struct event *ev, const struct fieldref *ref)
{
    struct err err = { 0 };

    if (event_set(ev, ref, case_value(r, ev), &err) < 0)
        check_refusal(r,
                      err.code == ERR_RANGE ? "index_out_of_range"
                                            : "invalid_field_set wrong_type invalid_tags_type",
                      err.msg);
    else
        check_event(r, ev, "event");
}

static void
remove_field(struct case_run *r, struct event *ev, const struct fieldref *ref)
{
    struct value v = value_null();
    const struct tree *want = tree_get(r->want, "event");
    struct tree *got = tree_new(&r->arena, TREE_OBJECT), *removed;
    bool meta = ref->kind == REF_METADATA;

    removed = value_tree(r, ev, ref, event_get(ev, ref));
    if (meta)
        event_remove(ev, ref);
    else
        event_take(ev, ref, &v);
    tree_set(&r->arena, got, SLICE("removed"), removed);
    tree_set(&r->arena, got, SLICE("event"), probe_event(r, ev, want));
    case_same(r, got, r->want);
}

static void
access_case(struct case_run *r)
{
    struct batch *b = one_event(r, "input_event");
    struct slice op = tree_text(r->test, "op");
    struct fieldref ref;
    struct err err = { 0 };

    if (fieldref_compile(&r->arena, tree_text(r->test, "expression"), ESCAPE_NONE, &ref, &err) < 0)
        check_refusal(r, "invalid_field_reference", err.msg);
    else if (slice_eq(op, SLICE("get")))
        get(r, b->events[0], &ref);
    else if (slice_eq(op, SLICE("set")))
        set(r, b->events[0], &ref);
    else
        remove_field(r, b->events[0], &ref);
    batch_recycle(&b);
}

/* ---- construction ---- */

static void
construct(struct case_run *r)
{
    const struct tree *want = tree_get(r->want, "event");
    struct case_run quiet = { .arena = r->arena, .test = r->test, .want = r->want };
    struct batch *b = probe_batch(&quiet, tree_get(r->test, "input_event"), 1);
    struct tree *got;

    r->arena = quiet.arena;
    if (case_failed(&quiet)) {
        check_refusal(r, "json_parse", arena_cstr(&r->arena, buf_slice(&quiet.why)));
    } else {
        const struct tree *now = tree_get(want, "@timestamp");
        char text[TIMESTAMP_TEXT];

        got = probe_event(r, b->events[0], NULL);
        if (now != NULL && slice_eq(now->text, SLICE("NOW"))) {
            struct tree *t = (struct tree *)(uintptr_t)tree_get(got, "@timestamp");
            struct slice is = { text, timestamp_print(probe_now(), text) };

            if (t != NULL && slice_eq(t->text, is))
                t->text = now->text;
        }
        case_same(r, got, want);
    }
    buf_fini(&quiet.why);
    batch_recycle(&b);
}

static void
tags(struct case_run *r)
{
    struct batch *b;

    if (slice_eq(tree_text(r->test, "op"), SLICE("construct"))) {
        construct(r);
        return;
    }
    b = one_event(r, "input_event");
    event_tag(b->events[0], tree_text(r->test, "expression"));
    check_event(r, b->events[0], "event");
    batch_recycle(&b);
}

static void
timestamp(struct case_run *r)
{
    struct timestamp t;
    char text[TIMESTAMP_TEXT];
    struct buf b = { 0 };

    if (!timestamp_parse(tree_text(r->test, "expression"), probe_zone, &t)) {
        check_refusal(r, "timestamp_parse", "");
        return;
    }
    buf_append(&b, (struct slice){ text, timestamp_print(t, text) });
    case_same(r, text_tree(r, "value", &b), r->want);
    buf_fini(&b);
}

/* ---- JSON ---- */

static bool
has_tag(struct event *ev, const char *tag)
{
    struct value *v = value_get(event_arena(ev), &ev->data, SLICE("tags"));

    for (uint32_t i = 0; v != NULL && i < value_count(event_arena(ev), v); i++)
        if (slice_eq(value_text(event_arena(ev), value_at(event_arena(ev), v, i)), slice_of(tag)))
            return true;
    return false;
}

/* Through the codec, which is where text becomes events. Numbers keep the sender's digits, so the
 * texts are compared as JSON. */
static void
from_json(struct case_run *r)
{
    const struct codec_type *json = codec_find(SLICE("json"));
    struct findings findings = { 0 };
    struct log log = { .logger = "cases" };
    struct plugin_context ctx = {
        .arena = &r->arena, .now = probe_now, .zone = probe_zone, .log = &log
    };
    struct option_reader reader = {
        .arena = &r->arena, .findings = &findings, .find_codec = codec_find, .ctx = &ctx
    };
    struct codec_use use = option_default_codec(&reader, json->name);
    struct batch *b = batch_new(NULL);
    struct decoder d;
    struct tree *texts = tree_new(&r->arena, TREE_ARRAY), *got;
    const struct tree *want = tree_get(r->want, "json"), *none = tree_new(&r->arena, TREE_OBJECT);
    bool failed = false;

    decoder_init(&d, use.type, use.conf);
    use.type->decode(&d, tree_text(r->test, "expression"), probe_now(), b);
    for (uint32_t i = 0; i < b->n; i++) {
        failed = failed || has_tag(b->events[i], "_jsonparsefailure");
        tree_add(texts, probe_event(r, b->events[i], none));
    }
    decoder_fini(&d);
    if (failed) {
        check_refusal(r, "json_parse", "tagged");
    } else if (want == NULL) {
        case_fail(r, "no error");
    } else {
        got = tree_new(&r->arena, TREE_ARRAY);
        for (const struct tree *t = want->kids; t != NULL; t = t->next)
            tree_add(got, case_json(r, t->text));
        case_same(r, texts, got);
    }
    batch_recycle(&b);
    if (use.type->dispose != NULL)
        use.type->dispose(use.conf);
    findings_fini(&findings);
}

/* ---- append, overwrite, clone ---- */

static void
clone_then_set(struct case_run *r, struct batch *b)
{
    struct event *clone = event_clone(b->events[0]);
    struct tree *got = tree_new(&r->arena, TREE_OBJECT), *none = tree_new(&r->arena, TREE_OBJECT);
    struct fieldref ref;

    if (fieldref_compile(&r->arena, tree_text(r->test, "expression"), ESCAPE_NONE, &ref, NULL) <
            0 ||
        event_set(clone, &ref, case_value(r, clone), NULL) < 0)
        case_fail(r, "set");
    tree_set(&r->arena, got, SLICE("event"), probe_event(r, b->events[0], none));
    tree_set(&r->arena, got, SLICE("clone"), probe_event(r, clone, none));
    case_same(r, got, r->want);
}

static void
clone_cancelled(struct case_run *r, struct batch *b)
{
    struct tree *got;

    b->events[0]->cancelled = true;
    got = truth_tree(r, "cancelled", b->events[0]->cancelled);
    tree_add(got, truth_tree(r, "clone_cancelled", event_clone(b->events[0])->cancelled)->kids);
    case_same(r, got, r->want);
}

/* An event's text is a template. */
static void
to_s(struct case_run *r, struct batch *b)
{
    struct template *t;
    struct buf text = { 0 };

    if (template_compile(&r->arena, SLICE("%{@timestamp} %{host} %{message}"), ESCAPE_NONE, &t,
                         NULL) == 0)
        template_render(t, b->events[0], &text);
    case_same(r, text_tree(r, "result", &text), r->want);
    buf_fini(&text);
}

static void
whole_events(struct case_run *r)
{
    struct batch *b = one_event(r, "input_event"), *other = one_event(r, "other_event");
    char *op = arena_cstr(&r->arena, tree_text(r->test, "op"));

    if (strcmp(op, "append") == 0) {
        event_append(b->events[0], other->events[0]);
        check_event(r, b->events[0], "event");
    } else if (strcmp(op, "overwrite") == 0) {
        event_overwrite(b->events[0], other->events[0]);
        check_event(r, b->events[0], "event");
    } else if (strcmp(op, "clone_then_set") == 0) {
        clone_then_set(r, b);
    } else if (strcmp(op, "clone_cancelled") == 0) {
        clone_cancelled(r, b);
    } else if (strcmp(op, "to_s") == 0) {
        to_s(r, b);
    } else {
        case_fail(r, "unknown op %s", op);
    }
    batch_recycle(&b);
    batch_recycle(&other);
}

/* ---- plans ---- */

static void
refused_plan(struct case_run *r, const struct findings *findings)
{
    struct buf text = { 0 };

    findings_text(findings, &text);
    check_refusal(r, "pipeline_start_failure", buf_cstr(&text));
    buf_fini(&text);
}

static void
run_filters(struct case_run *r, struct plan *plan, struct batch *b)
{
    struct err err = { 0 };
    struct plan_local *local = plan_local_new(plan, &err);

    if (local == NULL)
        case_fail(r, "%s", err.msg);
    else
        plan_run(local, b);
    plan_local_free(&local);
}

static void
decorate(struct case_run *r, struct plan *plan, struct batch *b)
{
    struct decoration *d;
    struct err err = { 0 };

    if (decoration_compile(&plan->arena, &plan->input[0]->common, &plan->input[0]->ctx, &d, &err) <
        0)
        case_fail(r, "%s", err.msg);
    else
        decoration_apply(d, b->events[0]);
}

static void
common_options(struct case_run *r)
{
    struct probe_world world = { 0 };
    struct findings findings = { 0 };
    struct plan *plan = probe_plan(r, &world, tree_text(r->test, "config"), &findings);
    struct batch *b;

    if (plan == NULL) {
        refused_plan(r, &findings);
    } else {
        b = one_event(r, "input_event");
        if (plan->input_n > 0)
            decorate(r, plan, b);
        run_filters(r, plan, b);
        check_event(r, b->events[0], "event");
        batch_recycle(&b);
    }
    plan_drop(&plan);
    findings_fini(&findings);
}

static void
condition(struct case_run *r)
{
    struct probe_world world = { 0 };
    struct findings findings = { 0 };
    struct slice config =
        arena_printf(&r->arena, "filter { if %.*s { probe { add_tag => [\"yes\"] } } }",
                     SLICE_ARGS(tree_text(r->test, "expression")));
    struct plan *plan = probe_plan(r, &world, config, &findings);
    struct batch *b;

    if (plan == NULL) {
        refused_plan(r, &findings);
    } else {
        b = one_event(r, "input_event");
        run_filters(r, plan, b);
        if (b->n == 0)
            check_refusal(r, "event_dropped", "the event is gone");
        else
            case_same(r, truth_tree(r, "result", has_tag(b->events[0], "yes")), r->want);
        batch_recycle(&b);
    }
    plan_drop(&plan);
    findings_fini(&findings);
}

/* Ours keeps the order of a batch also after conditionals (design 2), where the reference only
 * promises it when ordered: there order does not count. */
static void
sort_events(struct tree *outputs)
{
    for (struct tree *list = outputs->kids; list != NULL; list = list->next) {
        struct tree *sorted = NULL;

        for (struct tree *t = list->kids, *next; t != NULL; t = next) {
            struct tree **at = &sorted;
            struct buf x = { 0 }, y = { 0 };

            next = t->next;
            tree_write(tree_get(t, "n") != NULL ? tree_get(t, "n") : t, &x);
            for (; *at != NULL; at = &(*at)->next) {
                buf_clear(&y);
                tree_write(tree_get(*at, "n") != NULL ? tree_get(*at, "n") : *at, &y);
                if (slice_cmp(buf_slice(&x), buf_slice(&y)) < 0)
                    break;
            }
            t->next = *at;
            *at = t;
            buf_fini(&x);
            buf_fini(&y);
        }
        list->kids = sorted;
    }
}

static void
pipeline(struct case_run *r)
{
    struct probe_world world = { 0 };
    struct findings findings = { 0 };
    struct plan *plan = probe_plan(r, &world, tree_text(r->test, "config"), &findings);
    const struct tree *events = tree_get(r->test, "input_events");
    bool ordered =
        !slice_eq(tree_text(tree_get(r->test, "settings"), "pipeline.ordered"), SLICE("false"));
    struct tree *got, *want;
    struct buf text = { 0 };

    if (plan == NULL) {
        refused_plan(r, &findings);
    } else {
        struct batch *b = probe_batch(r, events->kids, events->n);

        got = probe_outputs(r, plan, b, events->kids);
        tree_write(tree_get(r->want, "outputs"), &text);
        want = case_json(r, buf_slice(&text));
        if (!ordered) {
            sort_events(got);
            sort_events(want);
        }
        case_same(r, got, want);
        batch_recycle(&b);
    }
    buf_fini(&text);
    plan_drop(&plan);
    findings_fini(&findings);
}

/* ---- files ---- */

static const struct {
    const char *file;
    case_fn *run;
} files[] = {
    { "append_overwrite_clone.json", whole_events },
    { "common_options.json", common_options },
    { "conditions.json", condition },
    { "construct.json", construct },
    { "field_reference.json", field_reference },
    { "get_set_remove.json", access_case },
    { "json.json", from_json },
    { "pipelines.json", pipeline },
    { "sprintf.json", sprintf_case },
    { "tags.json", tags },
    { "timestamp.json", timestamp },
};

void
case_event(struct case_run *r)
{
    for (size_t i = 0; i < COUNT(files); i++)
        if (strcmp(r->file, files[i].file) == 0) {
            files[i].run(r);
            return;
        }
    case_fail(r, "no such file of event cases is known");
}
