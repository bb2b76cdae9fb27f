/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/base64.h"
#include "codec/batch.h"
#include "codec/json_scan.h"
#include "codec/ruby_print.h"
#include "codec/ruby_text.h"
#include "tests/unit/shared.h"

static struct arena cases_arena;

static struct value *
member(struct value *object, const char *key)
{
    return value_get(&cases_arena, object, slice_of(key));
}

static bool
is_true(struct value *v)
{
    return v != NULL && v->type == V_BOOL && value_to_bool(v);
}

/* {"$timestamp": text} and the like become what they stand for. */
static void
make_special(struct arena *a, struct value *v)
{
    struct value *first, made;
    struct slice key, text;
    struct timestamp t;
    struct buf raw = { 0 };

    if (v->type == V_ARRAY || value_count(a, v) != 1) {
        for (uint32_t i = 0; i < value_count(a, v); i++)
            make_special(a, value_at(a, v, i));
        return;
    }
    first = value_at(a, v, 0);
    key = value_key(a, first);
    if (key.n == 0 || key.p[0] != '$') {
        make_special(a, first);
        return;
    }
    text = value_text(a, first);
    if (slice_eq(key, SLICE("$timestamp"))) {
        ck_assert(timestamp_parse(text, NULL, &t));
        made = value_timestamp(a, t);
    } else if (slice_eq(key, SLICE("$bigdecimal"))) {
        made = value_digits(a, V_DECIMAL, text);
    } else {
        ck_assert(base64_decode(text, &raw));
        made = value_str(a, buf_slice(&raw));
        buf_fini(&raw);
    }
    value_assign(v, made);
}

static void
check_case(struct value *c, const char *file)
{
    struct batch *b = batch_new(NULL);
    struct event *ev = batch_add(b);
    struct value *event = member(c, "event"), *time, *meta;
    struct slice name = value_text(&cases_arena, member(c, "name"));
    struct slice want = value_text(&cases_arena, member(c, "expected_text"));
    struct ruby_style style = { .metadata = is_true(member(member(c, "codec_options"), "metadata")),
                                .colors = is_true(member(c, "colors")) };
    struct buf out = { 0 };
    struct timestamp t;

    ev->data = value_import(&b->arena, event);
    make_special(&b->arena, &ev->data);
    time = value_get(&b->arena, &ev->data, SLICE("@timestamp"));
    ck_assert(timestamp_parse(value_text(&b->arena, time), NULL, &t));
    value_assign(time, value_timestamp(&b->arena, t));
    meta = value_get(&b->arena, &ev->data, SLICE("@metadata"));
    if (meta != NULL) {
        ev->meta = *meta;
        value_remove_key(&b->arena, &ev->data, SLICE("@metadata"));
    }
    ruby_print_event(ev, &style, &out);
    ck_assert_msg(slice_eq(buf_slice(&out), want), "%s: %.*s\ngot:\n%.*swant:\n%.*s", file,
                  SLICE_ARGS(name), SLICE_ARGS(buf_slice(&out)), SLICE_ARGS(want));
    buf_fini(&out);
    batch_recycle(&b);
}

static const char *const files[] = { "scalars", "containers", "strings_and_keys", "options" };

START_TEST(cases_of_the_reference)
{
    struct value cases;
    struct slice text;
    struct err err = { 0 };
    size_t used;

    arena_init(&cases_arena, NULL);
    text = shared_read(&cases_arena,
                       arena_cstr(&cases_arena,
                                  arena_printf(&cases_arena, "reference/cases/rubydebug/%s.json",
                                               files[_i])));
    ck_assert_int_eq(json_scan_value(&cases_arena, (char *)(uintptr_t)text.p, text.n, 1000, &cases,
                                     &used, &err),
                     0);
    ck_assert_uint_gt(value_count(&cases_arena, &cases), 3);
    for (uint32_t i = 0; i < value_count(&cases_arena, &cases); i++)
        check_case(value_at(&cases_arena, &cases, i), files[_i]);
    arena_fini(&cases_arena);
}
END_TEST

static const struct {
    double d;
    const char *want;
} doubles[] = {
    { 0.0, "0.0" },
    { -0.0, "-0.0" },
    { 5, "5.0" },
    { 0.0001, "0.0001" },
    { 0.00012345, "0.00012345" },
    { 0.00001, "1.0e-05" },
    { 123456789012345680.0, "1.2345678901234568e+17" },
    { 9999999999999998.0, "9999999999999998.0" },
    { 1e16, "1.0e+16" },
    { 1e15, "1000000000000000.0" },
    { -1.5e-10, "-1.5e-10" },
    { 1e100, "1.0e+100" },
};

START_TEST(doubles_as_ruby_writes_them)
{
    struct buf out = { 0 };

    ruby_text_double(doubles[_i].d, &out);
    ck_assert_slice(buf_slice(&out), slice_of(doubles[_i].want));
    buf_fini(&out);
}
END_TEST

static const char *const decimals[][2] = {
    { "12.50", "12.5" },
    { "3", "3.0" },
    { "3.00", "3.0" },
    { "0", "0.0" },
    { "-0.00", "-0.0" },
    { "0.001", "0.001" },
    { "1e3", "1000.0" },
    { "1.25E-2", "0.0125" },
    { "-120", "-120.0" },
    { "100.0100", "100.01" },
    { "1e999999999", "1e999999999" }, /* nobody wants to read that */
};

START_TEST(decimals_in_plain_digits)
{
    struct buf out = { 0 };

    ruby_text_decimal(slice_of(decimals[_i][0]), &out);
    ck_assert_slice(buf_slice(&out), slice_of(decimals[_i][1]));
    buf_fini(&out);
}
END_TEST

static const struct {
    struct slice in;
    const char *want;
    size_t chars;
} texts[] = {
    { SLICE_INIT("plain"), "plain", 5 },
    { SLICE_INIT("#{a} #$b #@c # #x"), "\\#{a} \\#$b \\#@c # #x", 20 },
    { SLICE_INIT("\0\x7F\e"), "\\u0000\\u007F\\e", 14 },
    { SLICE_INIT("\xC3\xA9\xAC"), "\xC3\xA9\\xAC", 5 },
    { SLICE_INIT("\xF0\x9F\x98\x80\xF3\xA0\x81\xBF"), "\xF0\x9F\x98\x80\xF3\xA0\x81\xBF", 2 },
    { SLICE_INIT("\xE2\x80\xA8\xF4\x8F\xBF\xBF\xCD\xB8"), "\\u2028\\u{10FFFF}\\u0378", 22 },
    { SLICE_INIT("\xE2\x82"), "\\xE2\\x82", 8 }, /* cut */
};

START_TEST(text_as_a_ruby_literal)
{
    struct buf out = { 0 };

    ck_assert_uint_eq(ruby_text_escape(texts[_i].in, &out), texts[_i].chars);
    ck_assert_slice(buf_slice(&out), slice_of(texts[_i].want));
    buf_fini(&out);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, cases_of_the_reference, 0, (int)COUNT(files));
    tcase_add_loop_test(tc, doubles_as_ruby_writes_them, 0, (int)COUNT(doubles));
    tcase_add_loop_test(tc, decimals_in_plain_digits, 0, (int)COUNT(decimals));
    tcase_add_loop_test(tc, text_as_a_ruby_literal, 0, (int)COUNT(texts));
}

UNIT_MAIN("rubydebug")
