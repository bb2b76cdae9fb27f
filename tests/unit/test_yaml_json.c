/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/yaml_json.h"

#include "tests/unit/unit.h"

static const struct {
    const char *yaml, *json; /* json NULL: an error */
    const char *error;
} documents[] = {
    { "", "null", NULL },
    { "a: 1\nb: [x, 'y', \"z\\n\"]\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"z\\n\"]}", NULL },
    { "[yes, No, on, OFF, true, False, y, n]", "[true,false,true,false,true,false,\"y\",\"n\"]",
      NULL },
    { "[~, null, NULL, '', ]", "[null,null,null,\"\"]", NULL },
    { "[0, -1, +7, 010, 0x1F, -0b11, 08, 1_000, 12345678901234567890]",
      "[0,-1,7,8,31,-3,\"08\",1000,12345678901234567890]", NULL },
    { "[1.5, -0.5, .5, 1., 1.5e3, 1e3, 1.5.2, 2024-01-02, 12:30, -, .]",
      "[1.5,-0.5,0.5,\"1.\",1.5e3,\"1e3\",\"1.5.2\",\"2024-01-02\",\"12:30\",\"-\",\".\"]", NULL },
    { "[.inf, -.INF]", "[\"Infinity\",\"-Infinity\"]", NULL },
    { "['1', \"true\"]", "[\"1\",\"true\"]", NULL },
    { "404: a\n'404': b\nyes: c\nk: {5: x, no: z}\n",
      "{\"404\":\"b\",\"k\":{\"5\":\"x\",\"no\":\"z\"}}", NULL },
    { "a: &x [1]\nb: *x\n", "{\"a\":[1],\"b\":[1]}", NULL },
    { "a: |\n  l1\n  l2\n", "{\"a\":\"l1\\nl2\\n\"}", NULL },
    { "a: [", NULL, "line 2, column 1" },
    { "? [x]\n: 1\n", NULL, "line 1, column 3: a key that is no scalar" },
    { "a: *b\n", NULL, "line 1, column 4" },
};

START_TEST(document_as_json)
{
    struct buf out = { 0 };
    struct err err = { 0 };
    int result = yaml_to_json(slice_of(documents[_i].yaml), 1 << 20, &out, &err);

    ck_assert_msg((result == 0) == (documents[_i].json != NULL), "%s: %s", documents[_i].yaml,
                  err.msg);
    if (result == 0)
        ck_assert_slice(buf_slice(&out), slice_of(documents[_i].json));
    else
        ck_assert_msg(strstr(err.msg, documents[_i].error) != NULL, "%s", err.msg);
    buf_fini(&out);
}
END_TEST

/* Each level has the one before ten times. */
START_TEST(aliases_do_not_blow_up)
{
    struct buf text = { 0 }, out = { 0 };
    struct err err = { 0 };

    buf_append(&text, SLICE("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"));
    for (int i = 1; i < 12; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&text, "%s*a%d", k > 0 ? "," : "", i - 1);
        buf_append(&text, SLICE("]\n"));
    }
    ck_assert_int_eq(yaml_to_json(buf_slice(&text), 1 << 20, &out, &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_uint_le(out.n, (1 << 20) + 100);
    buf_fini(&text);
    buf_fini(&out);
}
END_TEST

START_TEST(depth_is_bounded)
{
    struct buf text = { 0 }, out = { 0 };
    struct err err = { 0 };

    for (int i = 0; i < YAML_DEPTH + 2; i++)
        buf_byte(&text, '[');
    for (int i = 0; i < YAML_DEPTH + 2; i++)
        buf_byte(&text, ']');
    ck_assert_int_eq(yaml_to_json(buf_slice(&text), 1 << 20, &out, &err), -1);
    ck_assert_msg(strstr(err.msg, "nested too deeply") != NULL, "%s", err.msg);
    buf_fini(&text);
    buf_fini(&out);
}
END_TEST

static void
add_tests(TCase *tc)
{
    if (!yaml_is_here())
        return;
    tcase_add_loop_test(tc, document_as_json, 0, (int)COUNT(documents));
    tcase_add_test(tc, aliases_do_not_blow_up);
    tcase_add_test(tc, depth_is_bounded);
}

UNIT_MAIN("yaml_json")
