/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "codec/batch.h"
#include "codec/json_scan.h"
#include "pipeline/cond.h"
#include "pipeline/config_parse.h"
#include "pipeline/regex.h"

static struct arena arena;
static struct findings findings;
static struct cond_pool *pool;
static struct regex_scratch *scratch;

static void
set_up(void)
{
    arena_init(&arena, NULL);
    pool = cond_pool_new();
    scratch = regex_scratch_new();
}

static void
tear_down(void)
{
    regex_scratch_free(scratch);
    cond_pool_free(&pool);
    findings_fini(&findings);
    arena_fini(&arena);
}

/* NULL: refused. The configuration is gone when this returns. */
static struct cond *
compile(struct slice condition)
{
    struct buf text = { 0 };
    struct config_source source = { "a.conf", { 0 } };
    struct plugin_context ctx = { .arena = &arena, .findings = &findings };
    struct config *config;
    struct cond *cond = NULL;

    buf_printf(&text, "filter { if %.*s { } }", SLICE_ARGS(condition));
    source.text = buf_slice(&text);
    config = config_parse(&source, 1, false, &findings);
    if (config != NULL && cond_compile(config->filter.at[0].condition, &ctx, pool, &cond) < 0)
        cond = NULL;
    config_free(&config);
    buf_fini(&text);
    return cond;
}

static enum truth
eval(const struct cond *cond, const char *json, struct err *err)
{
    struct batch *b = batch_new(NULL);
    struct event *ev = batch_add(b);
    size_t n = strlen(json);
    char *text = arena_block(&b->arena, n + ARENA_PAD);
    enum truth t;

    memcpy(text, json, n);
    ck_assert_int_eq(json_scan_object(&b->arena, text, n, JSON_DEPTH, &ev->data, err), 0);
    t = cond_eval(cond, ev, scratch, err);
    batch_recycle(&b);
    return t;
}

/* What the reference's cases do not hold. */
static const struct {
    const char *condition, *event;
    enum truth want;
} vectors[] = {
    { "[a] == \"x\\y\"", "{\"a\":\"x\\\\y\"}", COND_TRUE },
    { "[a] == \"\u00e9\"", "{\"a\":\"\\u00e9\"}", COND_TRUE },
    { "[a] > 9223372036854775807", "{\"a\":9223372036854775808}", COND_TRUE },
    { "[a] < [b]", "{\"a\":9223372036854775808,\"b\":9223372036854775809}", COND_TRUE },
    { "[a] == [b]", "{\"a\":9223372036854775808,\"b\":9223372036854775808}", COND_TRUE },
    { "[a] <= 0.5", "{\"a\":5e-1}", COND_TRUE },
    { "[a] == 0.5", "{\"a\":5e-1}", COND_TRUE },
    { "[a] in [\"e\", \"d\", \"c\", \"b\", \"a\"]", "{\"a\":\"c\"}", COND_TRUE },
    { "[a] in [\"e\", \"d\", \"c\", \"b\", \"a\"]", "{\"a\":\"f\"}", COND_FALSE },
    { "[a] in [1, 2.0, \"x\"]", "{\"a\":2.0}", COND_TRUE },
    { "[a] in [1, 2.0, \"x\"]", "{\"a\":2}", COND_FALSE },
    { "[a] in [\"\", \"x\"]", "{\"a\":\"\"}", COND_TRUE },
    { "\"\" in [a]", "{\"a\":\"\"}", COND_TRUE },
    { "[\"x\", \"y\"] in [\"x\", \"y\"]", "{}", COND_TRUE },
    { "[a] in ff([b])", "{\"a\":\"f\"}", COND_TRUE },
    { "[a] xor [b]", "{\"a\":1}", COND_TRUE },
    { "([a] xor [b]) xor ([c] nand [d])", "{\"a\":1,\"c\":1,\"d\":1}", COND_TRUE },
    { "[a] xor [b] > 1", "{\"a\":1}", COND_FAILED },
    { "!([a] > 1)", "{}", COND_FAILED },
    { "[a] or [b] > 1", "{\"a\":true}", COND_TRUE },
    { "[b] > 1 or [a]", "{\"a\":true}", COND_FAILED },
    { "[a] > [b]", "{\"a\":null,\"b\":1}", COND_FALSE },
    { "[a] > [b]", "{\"a\":true}", COND_FAILED },
    { "[a][b] == 1", "{\"a\":\"text\"}", COND_FALSE },
    { "\"x\" =~ /y/", "{}", COND_FALSE },
};

START_TEST(conditions_against_events)
{
    struct err err = { 0 };
    struct cond *c = compile(slice_of(vectors[_i].condition));

    ck_assert_msg(c != NULL, "%s", findings.n > 0 ? findings.at[0].text : "");
    ck_assert_msg(eval(c, vectors[_i].event, &err) == vectors[_i].want, "%s against %s: %s",
                  vectors[_i].condition, vectors[_i].event, err.msg);
    if (vectors[_i].want == COND_FAILED)
        ck_assert(strncmp(err.msg, "condition evaluation error, ", 28) == 0);
}
END_TEST

static const struct {
    const char *condition, *error;
    uint32_t column;
} refused[] = {
    { "[a] =~ /(/", "Invalid pattern in a condition", 20 },
    { "[b] or [a] =~ \"[\"", "Invalid pattern in a condition", 27 },
    { "1 > \"x\"", "Two constants of different types", 13 },
    { "1 > 2.0", "Two constants of different types", 13 },
};

START_TEST(refused_with_a_place)
{
    ck_assert_ptr_null(compile(slice_of(refused[_i].condition)));
    ck_assert_uint_eq(findings.errors, 1);
    ck_assert_msg(strstr(findings.at[0].text, refused[_i].error) != NULL, "%s",
                  findings.at[0].text);
    ck_assert_uint_eq(findings.at[0].pos.column, refused[_i].column);
}
END_TEST

/* A chain may be as long as a configuration allows: neither compiling nor asking may recurse. */
START_TEST(a_long_chain_needs_no_stack)
{
    struct buf text = { 0 };
    struct err err = { 0 };
    struct cond *c;

    buf_append(&text, SLICE("[n] == 0"));
    for (int i = 1; i < 200000; i++)
        buf_printf(&text, " or [n] == %d", i);
    c = compile(buf_slice(&text));
    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(eval(c, "{\"n\":199999}", &err), COND_TRUE);
    ck_assert_int_eq(eval(c, "{\"n\":200000}", &err), COND_FALSE);
    buf_fini(&text);
}
END_TEST

/* Written out, each xor would double the work of the one inside it. */
START_TEST(nested_xor_is_linear)
{
    struct buf text = { 0 };
    struct err err = { 0 };
    struct cond *c;

    for (int i = 0; i < 100; i++)
        buf_byte(&text, '(');
    buf_append(&text, SLICE("[a]"));
    for (int i = 0; i < 100; i++)
        buf_append(&text, SLICE(" xor [b])"));
    c = compile(buf_slice(&text));
    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(eval(c, "{\"a\":1,\"b\":1}", &err), COND_TRUE);
    ck_assert_int_eq(eval(c, "{\"b\":1}", &err), COND_FALSE);
    buf_fini(&text);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, conditions_against_events, 0, (int)COUNT(vectors));
    tcase_add_loop_test(tc, refused_with_a_place, 0, (int)COUNT(refused));
    tcase_add_test(tc, a_long_chain_needs_no_stack);
    tcase_add_test(tc, nested_xor_is_linear);
}

UNIT_MAIN("cond")
