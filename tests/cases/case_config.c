/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cases of the language: trees, positions, errors, option types, variables. */
#include "tests/cases/cases.h"

#include "codec/batch.h"
#include "pipeline/regex.h"
#include "tests/cases/config_tree.h"
#include "tests/cases/probe.h"

#include <stdlib.h>

/* ---- errors ---- */

/* What the text of a refusal must hold for each reason that the cases name. */
static const struct {
    const char *reason, *text;
} reasons[] = {
    { "incompatible_duplicate_option", "cannot be merged" },
    { "duplicate_hash_keys", "Duplicate keys found" },
    { "multiple_codecs", "multiple `codec` declarations" },
    { "boolean_operator_mix", "cannot be combined with other operators" },
    { "integer_out_of_range", "out of range" },
    { "invalid_number", "invalid value for Integer()" },
    { "invalid_regex_operand", "Invalid operand of =~" },
    { "invalid_comparison_operand", "Invalid operand of" },
    { "plugin_in_hash", "inside a hash" },
    { "unsupported_function_call", "Function calls" },
};

static const struct finding *
first_error(const struct findings *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].level == FINDING_ERROR)
            return &f->at[i];
    return NULL;
}

static struct slice
first_line(struct slice s)
{
    size_t end = slice_find_byte(s, '\n', 0);

    return end == SIZE_MAX ? s : (struct slice){ s.p, end };
}

static long
number_of(const struct tree *t, const char *key)
{
    const struct tree *kid = tree_get(t, key);

    return kid != NULL ? strtol(kid->text.p, NULL, 10) : -1;
}

static void
check_syntax(struct case_run *r, const struct finding *f, const struct tree *error)
{
    struct slice message = tree_text(error, "message");

    if (f->pos.line != number_of(error, "line") || f->pos.column != number_of(error, "column"))
        case_fail(r, "position %u:%u, want %ld:%ld", f->pos.line, f->pos.column,
                  number_of(error, "line"), number_of(error, "column"));
    if (!slice_eq(slice_of(f->text), message))
        case_fail(r, "message \"%s\", want \"%.*s\"", f->text, SLICE_ARGS(message));
}

static void
check_semantic(struct case_run *r, const struct finding *f, const struct tree *error)
{
    struct slice reason = tree_text(error, "reason"), message = tree_text(error, "message");
    bool known = false;

    for (size_t i = 0; i < COUNT(reasons); i++) {
        if (!slice_eq(reason, slice_of(reasons[i].reason)))
            continue;
        known = true;
        if (strstr(f->text, reasons[i].text) == NULL)
            case_fail(r, "\"%s\" does not say \"%s\"", f->text, reasons[i].text);
    }
    if (!known)
        case_fail(r, "unknown reason %.*s; got \"%s\"", SLICE_ARGS(reason), f->text);
    if (f->pos.line == 0)
        case_fail(r, "no position");
    if (message.p != NULL && !slice_eq(first_line(slice_of(f->text)), first_line(message)))
        case_fail(r, "message \"%s\", want \"%.*s\"", f->text, SLICE_ARGS(message));
}

static void
check_error(struct case_run *r, const struct findings *findings)
{
    const struct tree *error = tree_get(r->want, "error");
    const struct finding *f = first_error(findings);

    if (f == NULL)
        case_fail(r, "refused without an error");
    else if (slice_eq(tree_text(error, "kind"), SLICE("syntax")))
        check_syntax(r, f, error);
    else
        check_semantic(r, f, error);
}

/* ---- the kinds ---- */

/* However a text is cut off, the answer is a tree or an error with a place. */
static void
check_prefixes(struct case_run *r, struct slice text)
{
    for (size_t n = 0; n < text.n; n++) {
        struct findings findings = { 0 };
        struct config_source source = { "config string", { text.p, n } };
        struct config *c = config_parse(&source, 1, false, &findings);

        if (c == NULL && (findings.errors == 0 || first_error(&findings)->pos.line == 0))
            case_fail(r, "cut at %zu: refused without a place", n);
        config_free(&c);
        findings_fini(&findings);
    }
}

static void
check_parse(struct case_run *r)
{
    struct findings findings = { 0 };
    struct config_source source = { "config string", tree_text(r->test, "config") };
    struct config *c =
        config_parse(&source, 1, tree_is_true(r->test, "support_escapes"), &findings);
    struct buf text = { 0 };

    if (c != NULL && tree_is_true(r->want, "ok")) {
        case_same(r, config_tree(&r->arena, c), tree_get(r->want, "ast"));
        check_prefixes(r, source.text);
    } else if (c == NULL && !tree_is_true(r->want, "ok")) {
        check_error(r, &findings);
    } else {
        findings_text(&findings, &text);
        case_fail(r, "%s: %s", c != NULL ? "taken" : "refused", buf_cstr(&text));
    }
    buf_fini(&text);
    config_free(&c);
    findings_fini(&findings);
}

/* ---- option types and variables ---- */

/* The entries that Logstash logs before it gives up, in order. */
static void
check_log(struct case_run *r, const struct findings *findings, const struct tree *log)
{
    const struct tree *want = log->kids;

    for (size_t i = 0; i < findings->n; i++) {
        if (!findings->at[i].entry)
            continue;
        if (want == NULL || !slice_eq(slice_of(findings->at[i].text), want->text)) {
            case_fail(r, "logged \"%s\", want \"%.*s\"", findings->at[i].text,
                      want != NULL ? (int)want->text.n : 0, want != NULL ? want->text.p : "");
            return;
        }
        want = want->next;
    }
    if (want != NULL)
        case_fail(r, "not logged: %.*s", SLICE_ARGS(want->text));
}

static void
check_refused(struct case_run *r, const struct findings *findings)
{
    const struct tree *error = tree_get(r->want, "error"), *parts, *log;
    const char *reason = findings_reason(findings);
    struct slice message = tree_text(error, "message");

    parts = tree_get(error, "message_contains");
    log = tree_get(error, "error_log");
    if (error == NULL) {
        case_fail(r, "refused: %s", reason);
        return;
    }
    if (message.p != NULL && !slice_eq(slice_of(reason), message))
        case_fail(r, "reason \"%s\", want \"%.*s\"", reason, SLICE_ARGS(message));
    for (const struct tree *t = parts != NULL ? parts->kids : NULL; t != NULL; t = t->next)
        if (strstr(reason, arena_cstr(&r->arena, t->text)) == NULL)
            case_fail(r, "reason \"%s\" lacks \"%.*s\"", reason, SLICE_ARGS(t->text));
    if (log != NULL)
        check_log(r, findings, log);
    if (first_error(findings)->pos.line == 0)
        case_fail(r, "no position");
}

static void
check_deprecation(struct case_run *r, const struct findings *findings)
{
    const struct tree *parts = tree_get(r->want, "deprecation_log_contains");
    const char *text = "";

    for (size_t i = 0; i < findings->n; i++)
        if (findings->at[i].level == FINDING_DEPRECATION)
            text = findings->at[i].text;
    for (const struct tree *t = parts != NULL ? parts->kids : NULL; t != NULL; t = t->next)
        if (strstr(text, arena_cstr(&r->arena, t->text)) == NULL)
            case_fail(r, "deprecation \"%s\" lacks \"%.*s\"", text, SLICE_ARGS(t->text));
}

static void
check_options(struct case_run *r, const struct plan *plan)
{
    struct tree *all = probe_options(&r->arena, plan->filter[0]);
    struct tree *got = tree_new(&r->arena, TREE_OBJECT);
    const struct tree *want = tree_get(r->want, "options");

    for (const struct tree *t = want->kids; t != NULL; t = t->next) {
        const struct tree *kid = tree_get(all, arena_cstr(&r->arena, t->key));
        struct tree *copy = tree_new(&r->arena, TREE_NULL);

        if (kid == NULL)
            continue;
        *copy = *kid;
        copy->next = NULL;
        tree_add(got, copy);
    }
    case_same(r, got, want);
}

static void
check_condition(struct case_run *r, struct plan *plan)
{
    struct batch *b = probe_batch(r, tree_get(r->test, "input_event"), 1);
    struct regex_scratch *scratch = regex_scratch_new();
    struct err err = { 0 };
    struct tree *got = tree_new(&r->arena, TREE_OBJECT), *truth = tree_new(&r->arena, TREE_BOOL);

    truth->truth =
        cond_eval(plan->filters.at[0].branch.cond, b->events[0], scratch, &err) == COND_TRUE;
    case_same(r, tree_set(&r->arena, got, SLICE("condition"), truth), r->want);
    regex_scratch_free(scratch);
    batch_recycle(&b);
}

static void
check_plan(struct case_run *r)
{
    struct probe_world world = { .env = tree_get(r->test, "env") };
    struct findings findings = { 0 };
    struct plan *plan = probe_plan(r, &world, tree_text(r->test, "config"), &findings);

    if (plan == NULL) {
        check_refused(r, &findings);
    } else if (tree_get(r->want, "error") != NULL) {
        case_fail(r, "taken");
    } else if (tree_get(r->want, "condition") != NULL) {
        check_condition(r, plan);
    } else {
        check_options(r, plan);
        check_deprecation(r, &findings);
    }
    plan_drop(&plan);
    findings_fini(&findings);
}

void
case_config(struct case_run *r)
{
    if (strcmp(r->file, "plugin_validation.json") == 0 || strcmp(r->file, "substitution.json") == 0)
        check_plan(r);
    else
        check_parse(r);
}
