/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "pipeline/config_vars.h"

/* NAME=value pairs, NULL at the end. */
static const char *
lookup(void *arg, struct slice name)
{
    for (const char *const *pair = arg; *pair != NULL; pair++)
        if (strlen(*pair) > name.n && (*pair)[name.n] == '=' && memcmp(*pair, name.p, name.n) == 0)
            return *pair + name.n + 1;
    return NULL;
}

static const char *const env[] = { "A=1",     "LIST=[a, b]", "QUOTED='q'", "REF=${A}",
                                   "X.y=dot", "EMPTY=",      NULL };

/* A value as written, and the whole block after both stages. */
static const struct {
    const char *name, *value, *want;
} vectors[] = {
    { "whole", "\"${A}\"", "\"1\"" },
    { "part of a text", "\"x${A}y${A}\"", "\"x1y1\"" },
    { "whole keeps brackets", "\"${LIST}\"", "\"[a, b]\"" },
    { "part becomes a list", "\"[${A}, 'x', \\\"]\"", "[\"1\", \"x\", \"\\\\\\\"\"]" },
    { "an empty list", "\"[${EMPTY}]\"", "[]" },
    { "one pair of each quote goes", "\"'${A}'\"", "\"1\"" },
    { "in a list in a list", "[[\"${A}\"]]", "[[\"1\"]]" },
    { "deep in a hash", "{ \"k\" => { \"m\" => \"${QUOTED}\" } }", "{\"k\" => {\"m\" => \"q\"}}" },
    { "one level down keeps quotes", "{ \"k\" => \"${QUOTED}\" }", "{\"k\" => \"'q'\"}" },
    { "a value that is a reference", "\"${REF}\"", "\"1\"" },
    { "dots in names", "\"${X.y}\"", "\"dot\"" },
    { "empty is set", "\"${EMPTY:d}\"", "\"\"" },
    { "default up to the first brace", "\"${NO:a}b}\"", "\"ab}\"" },
    { "no name", "\"${1} ${} ${A-B} $A ${A\"", "\"${1} ${} ${A-B} $A ${A\"" },
    { "keys stay", "{ \"${A}\" => 1 }", "{\"${A}\" => 1}" },
};

static struct opt_plugin
replaced(struct arena *a, const char *value, struct findings *f, struct config **config)
{
    struct buf text = { 0 };
    struct config_source source = { "a.conf", { 0 } };
    struct config_vars v = {
        .arena = a, .findings = f, .lookup = lookup, .arg = (void *)(uintptr_t)env
    };
    struct opt_plugin p;

    buf_printf(&text, "filter { kv { a => %s } }", value);
    source.text = buf_slice(&text);
    *config = config_parse(&source, 1, false, f);
    ck_assert_msg(*config != NULL, "%s", f->n > 0 ? f->at[0].text : "");
    p = config_vars_plugin(&v, &(*config)->filter.at[0].plugin);
    buf_fini(&text);
    return p;
}

START_TEST(values_after_both_stages)
{
    struct arena a;
    struct findings f = { 0 };
    struct config *config;
    struct opt_plugin p;
    struct buf out = { 0 };

    arena_init(&a, NULL);
    p = replaced(&a, vectors[_i].value, &f, &config);
    config_free(&config); /* the copy stands alone */
    opt_value_print(&p.options[0].value, &out);
    ck_assert_slice(buf_slice(&out), slice_of(vectors[_i].want));
    buf_fini(&out);
    findings_fini(&f);
    arena_fini(&a);
}
END_TEST

static const struct {
    const char *value, *error;
} refused[] = {
    { "\"${NO}\"", "Unable to configure plugins: Cannot evaluate `${NO}`. Replacement variable "
                   "`NO` is not defined in a Logstash secret store or an environment entry and "
                   "there is no default value given." },
    { "\"x${NO}\"",
      "Unable to configure plugins: (ConfigurationError) Cannot evaluate `${NO}`. Replacement "
      "variable `NO` is not defined in a Logstash secret store or as an Environment entry and "
      "there is no default value given." },
};

START_TEST(undefined_variables_have_a_place)
{
    struct arena a;
    struct findings f = { 0 };
    struct config *config;

    arena_init(&a, NULL);
    replaced(&a, refused[_i].value, &f, &config);
    ck_assert_uint_eq(f.errors, 1);
    ck_assert_str_eq(f.at[0].text, refused[_i].error);
    ck_assert_uint_eq(f.at[0].pos.column, 20);
    config_free(&config);
    findings_fini(&f);
    arena_fini(&a);
}
END_TEST

START_TEST(what_variables_make_is_bounded)
{
    static char big[70000];
    const char *one[] = { big, NULL };
    struct config_vars v = { .lookup = lookup, .arg = one };
    struct buf text = { 0 }, out = { 0 };
    struct err err = { 0 };

    memset(big, 'x', sizeof big - 1);
    big[0] = 'B';
    big[1] = '=';
    for (int i = 0; i < 20; i++)
        buf_append(&text, SLICE("${B}"));
    ck_assert_int_eq(config_vars_text(&v, buf_slice(&text), &out, &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_uint_le(out.n, CONFIG_VALUE_BYTES);
    buf_fini(&text);
    buf_fini(&out);
}
END_TEST

/* In conditions only constants that are a variable and nothing else. */
static const struct {
    const char *condition, *want; /* text of the right side */
} conditions[] = {
    { "[a] == \"${A}\"", "1" },
    { "[a] == \"x${A}\"", "x${A}" },
    { "[b] or [a] == \"${A}\"", "1" },
    { "[b] or [c] or ([d] and [a] == \"${A}\")", "1" },
};

START_TEST(constants_of_conditions)
{
    struct arena a;
    struct findings f = { 0 };
    struct buf text = { 0 };
    struct config_source source = { "a.conf", { 0 } };
    struct config_vars v = { .findings = &f, .lookup = lookup, .arg = (void *)(uintptr_t)env };
    const struct config_condition *c, *tree;
    struct config *config;

    arena_init(&a, NULL);
    v.arena = &a;
    buf_printf(&text, "filter { if %s { } }", conditions[_i].condition);
    source.text = buf_slice(&text);
    config = config_parse(&source, 1, false, &f);
    tree = config->filter.at[0].condition;
    c = config_vars_condition(&v, tree);
    ck_assert((c == tree) == (conditions[_i].want[0] == 'x'));
    while (c->kind != CONDITION_EQ)
        c = c->right;
    ck_assert_slice(c->b.value.text, slice_of(conditions[_i].want));
    config_free(&config);
    buf_fini(&text);
    findings_fini(&f);
    arena_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, values_after_both_stages, 0, (int)COUNT(vectors));
    tcase_add_loop_test(tc, undefined_variables_have_a_place, 0, (int)COUNT(refused));
    tcase_add_test(tc, what_variables_make_is_bounded);
    tcase_add_loop_test(tc, constants_of_conditions, 0, (int)COUNT(conditions));
}

UNIT_MAIN("config_vars")
