/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Templates on events: the reference's cases in place, then errors and what renders without an
 * event's help. */
#include "tests/unit/unit.h"
#include "tests/unit/json_events.h"
#include "tests/unit/shared.h"

#include "codec/template.h"

static struct event *
event_of(struct batch *b, const struct value *v)
{
    return json_event(b, v, (struct timestamp){ 0, 0 }, NULL);
}

static struct value *
member(struct arena *a, struct value *v, const char *key)
{
    return v == NULL ? NULL : value_get(a, v, slice_of(key));
}

/* What a new implementation should do stands beside what the old one does, where they differ. */
static void
run_case(struct arena *a, struct value *one)
{
    struct slice name = value_text(a, member(a, one, "name"));
    struct slice text = value_text(a, member(a, one, "expression"));
    struct value *want = member(a, one, "recommended");
    struct value *before = member(a, member(a, one, "before"), "remove");
    struct batch *b = batch_new(NULL);
    struct event *ev = event_of(b, member(a, one, "input_event"));
    struct template *t;
    struct buf out = { 0 };
    struct err err = { 0 };
    struct fieldref ref;

    if (want == NULL)
        want = member(a, one, "expected");
    if (before != NULL) {
        ck_assert_int_eq(fieldref_compile(a, value_text(a, before), ESCAPE_NONE, &ref, NULL), 0);
        event_remove(ev, &ref);
    }
    if (template_compile(a, text, ESCAPE_NONE, &t, &err) < 0) {
        struct value *names = member(a, member(a, want, "error"), "names");

        ck_assert_msg(names != NULL &&
                          slice_find(slice_of(err.msg), value_text(a, names), 0) != SIZE_MAX,
                      "%.*s: %s", SLICE_ARGS(name), err.msg);
    } else {
        struct value *result = member(a, want, "result");

        template_render(t, ev, &out);
        ck_assert_msg(result != NULL && slice_eq(buf_slice(&out), value_text(a, result)),
                      "%.*s: \"%.*s\"", SLICE_ARGS(name), SLICE_ARGS(buf_slice(&out)));
    }
    buf_fini(&out);
    batch_recycle(&b);
}

START_TEST(cases_of_the_reference)
{
    struct arena a;
    struct value cases;
    uint32_t n;

    arena_init(&a, NULL);
    cases = json_value(&a, shared_read(&a, "reference/cases/event/sprintf.json"));
    n = value_count(&a, &cases);
    ck_assert_uint_ge(n, 1);
    for (uint32_t i = 0; i < n; i++)
        run_case(&a, value_at(&a, &cases, i));
    arena_fini(&a);
}
END_TEST

static const struct {
    const char *name;
    struct slice text;
    enum escape_style style;
    struct slice want;
} renders[] = {
    { "empty", SLICE_INIT(""), ESCAPE_NONE, SLICE_INIT("") },
    { "a prefix of the epoch's form", SLICE_INIT("%{+%}"), ESCAPE_NONE, SLICE_INIT("1709618828") },
    { "a longer text is a pattern", SLICE_INIT("%{+%ss}"), ESCAPE_NONE, SLICE_INIT("%08") },
    { "Java between double braces", SLICE_INIT("<%{{uuuu-'W'w}}>"), ESCAPE_NONE,
      SLICE_INIT("<2024-W10>") },
    { "a single brace ends early", SLICE_INIT("%{{yyyy} }"), ESCAPE_NONE,
      SLICE_INIT("%{{yyyy} }") },
    { "a field that begins with a brace", SLICE_INIT("%{{b}!"), ESCAPE_NONE, SLICE_INIT("brace!") },
    { "an escape in a reference", SLICE_INIT("%{a%5Bb%5D}"), ESCAPE_PERCENT,
      SLICE_INIT("brackets") },
    { "an escape without the style", SLICE_INIT("%{a%5Bb%5D}"), ESCAPE_NONE,
      SLICE_INIT("%{a%5Bb%5D}") },
    { "NUL bytes", SLICE_INIT("a\0%{s}\0"), ESCAPE_NONE, SLICE_INIT("a\0str\0") },
    { "what was found is not looked through", SLICE_INIT("%{s}%{nope}%{s}"), ESCAPE_NONE,
      SLICE_INIT("str%{nope}str") },
};

START_TEST(renders_to)
{
    struct batch *b = batch_new(NULL);
    struct value v =
        json_value(&b->arena, SLICE("{\"s\":\"str\",\"{b\":\"brace\",\"a[b]\":\"brackets\","
                                    "\"@timestamp\":\"2024-03-05T06:07:08.123456789Z\"}"));
    struct event *ev = event_of(b, &v);
    struct template *t;
    struct buf out = { 0 };
    struct err err = { 0 };

    ck_assert_msg(template_compile(&b->arena, renders[_i].text, renders[_i].style, &t, &err) == 0,
                  "%s: %s", renders[_i].name, err.msg);
    template_render(t, ev, &out);
    ck_assert_slice(buf_slice(&out), renders[_i].want);
    ck_assert_slice(template_source(t), renders[_i].text);
    buf_fini(&out);
    batch_recycle(&b);
}
END_TEST

START_TEST(the_current_time)
{
    struct batch *b = batch_new(NULL);
    struct value v = json_value(&b->arena, SLICE("{\"@timestamp\":\"2001-01-01T00:00:00.000Z\"}"));
    struct event *ev = event_of(b, &v);
    struct timestamp before = timestamp_now(), got;
    struct template *t;
    struct buf out = { 0 };

    ck_assert_int_eq(template_compile(&b->arena, SLICE("%{{TIME_NOW}}"), ESCAPE_NONE, &t, NULL), 0);
    template_render(t, ev, &out);
    ck_assert(timestamp_canonical(buf_slice(&out), &got));
    ck_assert_int_ge(timestamp_cmp(got, before), 0);
    buf_fini(&out);
    batch_recycle(&b);
}
END_TEST

static const struct {
    struct slice text;
    const char *message;
    uint64_t pos;
} refusals[] = {
    { SLICE_INIT("x %{[a}"), "%{[a}: Invalid FieldReference: `[a`", 2 },
    { SLICE_INIT("%{s}%{a]}"), "%{a]}: Invalid FieldReference: `a]`", 4 },
    { SLICE_INIT("%{+yyyy-pp}"), "%{+yyyy-pp}: Illegal pattern component: pp", 5 },
    { SLICE_INIT("%{{yyyy-J}}"), "%{{yyyy-J}}: Unknown pattern letter: J", 5 },
};

START_TEST(what_can_never_work)
{
    struct arena a;
    struct template *t;
    struct err err = { 0 };

    arena_init(&a, NULL);
    ck_assert_int_eq(template_compile(&a, refusals[_i].text, ESCAPE_NONE, &t, &err), -1);
    ck_assert_str_eq(err.msg, refusals[_i].message);
    ck_assert_uint_eq(err.pos, refusals[_i].pos);
    arena_fini(&a);
}
END_TEST

START_TEST(literals_are_known)
{
    struct arena a;
    struct template *t;
    struct slice text = { 0 };

    arena_init(&a, NULL);
    ck_assert_int_eq(template_compile(&a, SLICE("100% {s} %{s"), ESCAPE_NONE, &t, NULL), 0);
    ck_assert(template_is_literal(t, &text));
    ck_assert_slice(text, SLICE("100% {s} %{s"));
    ck_assert_int_eq(template_compile(&a, SLICE("%{s}"), ESCAPE_NONE, &t, NULL), 0);
    ck_assert(!template_is_literal(t, &text));
    arena_fini(&a);
}
END_TEST

START_TEST(limit_of_parts)
{
    struct arena a;
    struct template *t;
    struct buf text = { 0 };
    struct err err = { 0 };

    arena_init(&a, NULL);
    for (int i = 0; i < 4096; i++)
        buf_append(&text, SLICE("%{s}"));
    ck_assert_int_eq(template_compile(&a, buf_slice(&text), ESCAPE_NONE, &t, &err), 0);
    buf_byte(&text, '.');
    ck_assert_int_eq(template_compile(&a, buf_slice(&text), ESCAPE_NONE, &t, &err), -1);
    ck_assert_str_eq(err.msg, "template of more than 4096 parts");
    buf_fini(&text);
    arena_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, renders_to, 0, (int)COUNT(renders));
    tcase_add_test(tc, the_current_time);
    tcase_add_loop_test(tc, what_can_never_work, 0, (int)COUNT(refusals));
    tcase_add_test(tc, literals_are_known);
    tcase_add_test(tc, limit_of_parts);
}

UNIT_MAIN("template")
