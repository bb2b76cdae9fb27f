/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/json_scan.h"
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "codec/base/random.h"

#include <stdio.h>

/* ---- one text in every form and at every place of a block ---- */

static const enum json_isa forms[] = { JSON_SCALAR, JSON_AVX2, JSON_AVX512 };

struct got {
    int result;
    struct err err;
    struct value v;
    struct arena a;
    char *text; /* with what the scanner made of it */
};

/* In memory of its exact size and padding, so that sanitizers see loads beyond. */
static struct got
scan_shifted(struct slice json, size_t blanks, uint32_t depth)
{
    struct got g = { 0 };

    g.text = malloc(blanks + json.n + ARENA_PAD);
    memset(g.text, ' ', blanks);
    memcpy(g.text + blanks, json.p, json.n);
    memset(g.text + blanks + json.n, '}', ARENA_PAD); /* what follows must not matter */
    arena_init(&g.a, NULL);
    g.result = json_scan_object(&g.a, g.text, blanks + json.n, depth, &g.v, &g.err);
    return g;
}

static void
got_free(struct got *g)
{
    arena_fini(&g->a);
    free(g->text);
}

/* The same object with a first member of n bytes more: what follows lies elsewhere in its block of
 * 64 bytes and in its strip of 1,024. */
static struct got
scan_padded(struct slice json, size_t n)
{
    struct buf b = { 0 };
    struct got g;

    buf_append(&b, SLICE("{\"\\t\":\""));
    memset(buf_reserve(&b, n), 'x', n);
    b.n += n;
    buf_append(&b, SLICE("\","));
    buf_append(&b, (struct slice){ json.p + 1, json.n - 1 });
    g = scan_shifted(buf_slice(&b), 0, JSON_DEPTH);
    buf_fini(&b);
    return g;
}

#define PAD_LEAST strlen("{\"\\t\":\"\",")

/* Around the ends of the first blocks and of the first two strips. */
#define EACH_PAD(n)                                                                       \
    for (unsigned form = 0; form < COUNT(forms); form++)                                  \
        for (size_t n = 0; json_scan_use(forms[form]) && n < 2100; n += n == 140    ? 780 \
                                                                        : n == 1100 ? 900 \
                                                                                    : 1)

/* For all forms of this CPU and some blanks before the text. */
#define EACH_WAY(shift)                                  \
    for (unsigned form = 0; form < COUNT(forms); form++) \
        for (size_t shift = 0; json_scan_use(forms[form]) && shift < 4; shift++)

/* ---- what is refused, where, and how it is called ---- */

static const struct {
    const char *name;
    struct slice json;
    enum err_code code;
    uint64_t pos;
} bad[] = {
    { "empty", SLICE_INIT(""), ERR_INVALID_JSON, 0 },
    { "blank", SLICE_INIT("  \t\n"), ERR_INVALID_JSON, 4 },
    { "bare word", SLICE_INIT("oops"), ERR_INVALID_JSON, 0 },
    { "cut behind the brace", SLICE_INIT("{"), ERR_INVALID_JSON, 1 },
    { "cut in a key", SLICE_INIT("{\"a"), ERR_INVALID_JSON, 3 },
    { "cut behind a value", SLICE_INIT("{\"a\":1"), ERR_INVALID_JSON, 6 },
    { "cut behind a backslash", SLICE_INIT("{\"a\\"), ERR_INVALID_JSON, 3 },
    { "cut in an inner object", SLICE_INIT("{\"a\":{}"), ERR_INVALID_JSON, 7 },
    { "number as key", SLICE_INIT("{1:2}"), ERR_INVALID_JSON, 1 },
    { "object as key", SLICE_INIT("{{}:2}"), ERR_INVALID_JSON, 1 },
    { "array as key", SLICE_INIT("{[]:2}"), ERR_INVALID_JSON, 1 },
    { "no colon", SLICE_INIT("{\"a\" 1}"), ERR_INVALID_JSON, 5 },
    { "comma for colon", SLICE_INIT("{\"a\",1}"), ERR_INVALID_JSON, 4 },
    { "two colons", SLICE_INIT("{\"a\"::1}"), ERR_INVALID_JSON, 5 },
    { "colon behind a value", SLICE_INIT("{\"a\":\"b\":1}"), ERR_INVALID_JSON, 8 },
    { "key alone", SLICE_INIT("{\"a\"}"), ERR_INVALID_JSON, 4 },
    { "no value", SLICE_INIT("{\"a\":}"), ERR_INVALID_JSON, 5 },
    { "no value before a comma", SLICE_INIT("{\"a\":,\"b\":1}"), ERR_INVALID_JSON, 5 },
    { "comma first", SLICE_INIT("{,\"a\":1}"), ERR_INVALID_JSON, 1 },
    { "comma last", SLICE_INIT("{\"a\":1,}"), ERR_INVALID_JSON, 7 },
    { "comma last, blank", SLICE_INIT("{\"a\":1, }"), ERR_INVALID_JSON, 8 },
    { "comma twice", SLICE_INIT("{\"a\":1,,\"b\":2}"), ERR_INVALID_JSON, 7 },
    { "no comma", SLICE_INIT("{\"a\":1\"b\":2}"), ERR_INVALID_JSON, 6 },
    { "no comma, blank", SLICE_INIT("{\"a\":1 \"b\":2}"), ERR_INVALID_JSON, 7 },
    { "two strings", SLICE_INIT("{\"a\":\"x\"\"y\"}"), ERR_INVALID_JSON, 8 },
    { "two words", SLICE_INIT("{\"a\":1 2}"), ERR_INVALID_JSON, 7 },
    { "string and word", SLICE_INIT("{\"a\":\"x\"1}"), ERR_INVALID_JSON, 8 },
    { "key without a comma behind an object", SLICE_INIT("{\"a\":{}\"b\":1}"), ERR_INVALID_JSON,
      7 },
    { "two objects as one value", SLICE_INIT("{\"a\":{}{}}"), ERR_INVALID_JSON, 7 },
    { "array: comma first", SLICE_INIT("{\"a\":[,1]}"), ERR_INVALID_JSON, 6 },
    { "array: comma last", SLICE_INIT("{\"a\":[1,]}"), ERR_INVALID_JSON, 8 },
    { "array: colon", SLICE_INIT("{\"a\":[\"x\":1]}"), ERR_INVALID_JSON, 9 },
    { "array: key", SLICE_INIT("{\"a\":[1,\"x\":1]}"), ERR_INVALID_JSON, 11 },
    { "array closed as object", SLICE_INIT("{\"a\":[1}}"), ERR_INVALID_JSON, 7 },
    { "object closed as array", SLICE_INIT("{\"a\":{\"b\":1]}"), ERR_INVALID_JSON, 11 },
    { "empty array closed as object", SLICE_INIT("{\"a\":[}}"), ERR_INVALID_JSON, 6 },
    { "root closed as array", SLICE_INIT("{\"a\":1]"), ERR_INVALID_JSON, 6 },
    { "text behind", SLICE_INIT("{\"a\":1}{\"b\":2}"), ERR_INVALID_JSON, 7 },
    { "NUL behind", SLICE_INIT("{\"a\":1}\0"), ERR_INVALID_JSON, 7 },
    { "closed twice", SLICE_INIT("{\"a\":1} }"), ERR_INVALID_JSON, 8 },
    { "byte order mark", SLICE_INIT("\xef\xbb\xbf{\"a\":1}"), ERR_INVALID_JSON, 0 },
    { "UTF-16", SLICE_INIT("\0{\0}"), ERR_INVALID_JSON, 0 },
    { "single quotes", SLICE_INIT("{'a':1}"), ERR_INVALID_JSON, 1 },
    { "comment", SLICE_INIT("{\"a\":1/*x*/}"), ERR_INVALID_JSON, 6 },
    { "form feed between tokens", SLICE_INIT("{\"a\":\f1}"), ERR_INVALID_JSON, 5 },
    { "leading zero", SLICE_INIT("{\"a\":01}"), ERR_INVALID_JSON, 5 },
    { "minus alone", SLICE_INIT("{\"a\":-}"), ERR_INVALID_JSON, 5 },
    { "minus and zeros", SLICE_INIT("{\"a\":-00}"), ERR_INVALID_JSON, 5 },
    { "plus", SLICE_INIT("{\"a\":+1}"), ERR_INVALID_JSON, 5 },
    { "no integer part", SLICE_INIT("{\"a\":.5}"), ERR_INVALID_JSON, 5 },
    { "no fraction", SLICE_INIT("{\"a\":1.}"), ERR_INVALID_JSON, 5 },
    { "no exponent", SLICE_INIT("{\"a\":1e}"), ERR_INVALID_JSON, 5 },
    { "no exponent behind its sign", SLICE_INIT("{\"a\":1e+}"), ERR_INVALID_JSON, 5 },
    { "letter behind a number", SLICE_INIT("{\"a\":1x}"), ERR_INVALID_JSON, 6 },
    { "hexadecimal", SLICE_INIT("{\"a\":0x1F}"), ERR_INVALID_JSON, 6 },
    { "NaN", SLICE_INIT("{\"a\":NaN}"), ERR_INVALID_JSON, 5 },
    { "True", SLICE_INIT("{\"a\":True}"), ERR_INVALID_JSON, 5 },
    { "cut literal", SLICE_INIT("{\"a\":tru}"), ERR_INVALID_JSON, 5 },
    { "literal with more", SLICE_INIT("{\"a\":nullx}"), ERR_INVALID_JSON, 9 },
    { "line end in a string", SLICE_INIT("{\"a\":\"x\ny\"}"), ERR_INVALID_JSON, 7 },
    { "NUL in a string", SLICE_INIT("{\"a\":\"x\0y\"}"), ERR_INVALID_JSON, 7 },
    { "0x1F in a key", SLICE_INIT("{\"a\x1f\":1}"), ERR_INVALID_JSON, 3 },
    { "unknown escape", SLICE_INIT("{\"a\":\"\\x41\"}"), ERR_INVALID_JSON, 6 },
    { "escaped NUL byte", SLICE_INIT("{\"a\":\"\\\0\"}"), ERR_INVALID_JSON, 6 },
    { "short \\u", SLICE_INIT("{\"a\":\"\\u12\"}"), ERR_INVALID_JSON, 6 },
    { "\\u with a g", SLICE_INIT("{\"a\":\"\\u12g4\"}"), ERR_INVALID_JSON, 6 },
    { "upper-case \\U", SLICE_INIT("{\"a\":\"\\U0041\"}"), ERR_INVALID_JSON, 6 },
    { "backslash outside", SLICE_INIT("{\\\"a\":1}"), ERR_INVALID_JSON, 1 },
    { "escaped quote outside", SLICE_INIT("{\"a\":\\\"b\"}"), ERR_INVALID_JSON, 5 },
    { "unescaped end behind two backslashes", SLICE_INIT("{\"a\":\"\\\\\"b\"}"), ERR_INVALID_JSON,
      9 },
    { "lone follower", SLICE_INIT("{\"a\":\"\x80\"}"), ERR_INVALID_UTF8, 6 },
    { "0xFF", SLICE_INIT("{\"a\":\"a\xff\xfe\"}"), ERR_INVALID_UTF8, 7 },
    { "overlong slash", SLICE_INIT("{\"a\":\"\xc0\xaf\"}"), ERR_INVALID_UTF8, 6 },
    { "overlong in three", SLICE_INIT("{\"a\":\"\xe0\x80\xaf\"}"), ERR_INVALID_UTF8, 6 },
    { "overlong in four", SLICE_INIT("{\"a\":\"\xf0\x8f\xbf\xbf\"}"), ERR_INVALID_UTF8, 6 },
    { "surrogate", SLICE_INIT("{\"a\":\"\xed\xa0\x80\"}"), ERR_INVALID_UTF8, 6 },
    { "beyond 10FFFF", SLICE_INIT("{\"a\":\"\xf4\x90\x80\x80\"}"), ERR_INVALID_UTF8, 6 },
    { "0xF5", SLICE_INIT("{\"a\":\"\xf5\x80\x80\x80\"}"), ERR_INVALID_UTF8, 6 },
    { "cut sequence", SLICE_INIT("{\"a\":\"\xe2\x82\"}"), ERR_INVALID_UTF8, 6 },
    { "sequence cut by ASCII", SLICE_INIT("{\"a\":\"\xf0\x9f\x98-\"}"), ERR_INVALID_UTF8, 6 },
    { "follower too many", SLICE_INIT("{\"a\":\"\xc3\xa9\xa9\"}"), ERR_INVALID_UTF8, 8 },
    { "bad UTF-8 in a key", SLICE_INIT("{\"\xff\":1}"), ERR_INVALID_UTF8, 2 },
    { "bad UTF-8 in a nested string", SLICE_INIT("{\"a\":[{\"b\":\"\xc1\"}]}"), ERR_INVALID_UTF8,
      12 },
    { "UTF-8 outside a string", SLICE_INIT("{\"a\":\xc3\xa9}"), ERR_INVALID_JSON, 5 },
    { "bad UTF-8 outside a string", SLICE_INIT("{\"a\":\xff}"), ERR_INVALID_UTF8, 5 },
    { "array", SLICE_INIT("[{\"a\":1}]"), ERR_JSON_NOT_OBJECT, 0 },
    { "empty array", SLICE_INIT("[]"), ERR_JSON_NOT_OBJECT, 0 },
    { "string", SLICE_INIT("\"{}\""), ERR_JSON_NOT_OBJECT, 0 },
    { "number", SLICE_INIT("42"), ERR_JSON_NOT_OBJECT, 0 },
    { "true", SLICE_INIT("true"), ERR_JSON_NOT_OBJECT, 0 },
    { "null", SLICE_INIT("null "), ERR_JSON_NOT_OBJECT, 0 },
    { "bad array", SLICE_INIT("[1,]"), ERR_INVALID_JSON, 3 },
    { "text behind an array", SLICE_INIT("[1]x"), ERR_INVALID_JSON, 3 },
    { "text behind a number", SLICE_INIT("1 2"), ERR_INVALID_JSON, 2 },
};

START_TEST(refused_with_name_and_place)
{
    EACH_WAY(shift)
    {
        struct got g = scan_shifted(bad[_i].json, shift, JSON_DEPTH);

        ck_assert_msg(g.result < 0 && g.err.code == bad[_i].code &&
                          g.err.pos == bad[_i].pos + shift,
                      "%s, form %u, shift %zu: %s at %llu: %s", bad[_i].name, form, shift,
                      g.result < 0 ? err_name(g.err.code) : "accepted",
                      (unsigned long long)g.err.pos, g.err.msg);
        ck_assert_msg(memcmp(g.text + shift, bad[_i].json.p, bad[_i].json.n) == 0,
                      "%s: the text of a bad event was changed", bad[_i].name);
        got_free(&g);
    }
}
END_TEST

/* Texts that begin with a member. */
START_TEST(refused_wherever_it_stands)
{
    if (!slice_starts(bad[_i].json, SLICE("{\"")))
        return;
    EACH_PAD(n)
    {
        struct got g = scan_padded(bad[_i].json, n);

        ck_assert_msg(g.result < 0 && g.err.code == bad[_i].code &&
                          g.err.pos == bad[_i].pos + PAD_LEAST + n - 1,
                      "%s, form %u, pad %zu: %s at %llu: %s", bad[_i].name, form, n,
                      g.result < 0 ? err_name(g.err.code) : "accepted",
                      (unsigned long long)g.err.pos, g.err.msg);
        got_free(&g);
    }
}
END_TEST

START_TEST(refusal_says_what_and_where)
{
    static const struct {
        const char *json, *text;
    } said[] = {
        { "{\"a\":1,}", "'}' instead of a key at byte 7" },
        { "{\"a\":[1 2]}", "'2' instead of ',' or the closing bracket at byte 8" },
        { "{\"a\":\x7f}", "byte 0x7F instead of a value at byte 5" },
        { "{\"a", "string without an end at byte 3" },
        { "{\"a\":[", "text ends inside an object or array at byte 6" },
        { "{\"a\":1} x", "more text behind the JSON value at byte 8" },
    };

    for (unsigned i = 0; i < COUNT(said); i++) {
        struct got g = scan_shifted(slice_of(said[i].json), 0, JSON_DEPTH);

        ck_assert_str_eq(g.err.msg, said[i].text);
        got_free(&g);
    }
}
END_TEST

/* ---- what is accepted, and as what ---- */

static const struct {
    const char *name;
    struct slice json;
    enum value_type type; /* of the last member */
    const char *key, *raw;
    unsigned flags, n;
} good[] = {
    { "empty object", SLICE_INIT("{}"), V_NULL, NULL, NULL, 0, 0 },
    { "empty object, blanks", SLICE_INIT(" \r\n\t{ \t } \n"), V_NULL, NULL, NULL, 0, 0 },
    { "integer", SLICE_INIT("{\"a\":12}"), V_INT, "a", "12", 0, 1 },
    { "negative", SLICE_INIT("{\"a\":-12}"), V_INT, "a", "-12", 0, 1 },
    { "zero", SLICE_INIT("{\"a\":0}"), V_INT, "a", "0", 0, 1 },
    { "minus zero", SLICE_INIT("{\"a\":-0}"), V_INT, "a", "0", V_CHANGED, 1 },
    { "minus zero with fraction", SLICE_INIT("{\"a\":-0.0}"), V_DOUBLE, "a", "-0.0", 0, 1 },
    { "int64 most", SLICE_INIT("{\"a\":9223372036854775807}"), V_INT, "a", "9223372036854775807", 0,
      1 },
    { "one more", SLICE_INIT("{\"a\":9223372036854775808}"), V_BIGINT, "a", "9223372036854775808",
      0, 1 },
    { "int64 least", SLICE_INIT("{\"a\":-9223372036854775808}"), V_INT, "a", "-9223372036854775808",
      0, 1 },
    { "one less", SLICE_INIT("{\"a\":-9223372036854775809}"), V_BIGINT, "a", "-9223372036854775809",
      0, 1 },
    { "twenty digits", SLICE_INIT("{\"a\":10000000000000000000}"), V_BIGINT, "a",
      "10000000000000000000", 0, 1 },
    { "fraction", SLICE_INIT("{\"a\":1.50}"), V_DOUBLE, "a", "1.50", 0, 1 },
    { "exponent", SLICE_INIT("{\"a\":1E+5}"), V_DOUBLE, "a", "1E+5", 0, 1 },
    { "largest double", SLICE_INIT("{\"a\":1.7976931348623157e308}"), V_DOUBLE, "a",
      "1.7976931348623157e308", 0, 1 },
    { "overflow", SLICE_INIT("{\"a\":1e400}"), V_DOUBLE, "a", "\"Infinity\"", V_CHANGED, 1 },
    { "overflow below", SLICE_INIT("{\"a\":-1e309}"), V_DOUBLE, "a", "\"-Infinity\"", V_CHANGED,
      1 },
    { "underflow", SLICE_INIT("{\"a\":1e-400}"), V_DOUBLE, "a", "1e-400", 0, 1 },
    { "literals", SLICE_INIT("{\"a\":true,\"b\":false}"), V_BOOL, "b", "false", 0, 2 },
    { "null, blanks", SLICE_INIT("{ \"a\" : null }"), V_NULL, "a", "null", 0, 1 },
    { "string", SLICE_INIT("{\"a\":\"b c\"}"), V_STRING, "a", "\"b c\"", 0, 1 },
    { "empty string and key", SLICE_INIT("{\"\":\"\"}"), V_STRING, "", "\"\"", 0, 1 },
    { "all escapes", SLICE_INIT("{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\"}"),
      V_STRING, "s", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\"", V_ESCAPED, 1 },
    { "escaped key", SLICE_INIT("{\"\\u0061\":1}"), V_INT, "\\u0061", "1", KEY_ESCAPED, 1 },
    { "escape elsewhere", SLICE_INIT("{\"x\":\"\\n\",\"s\":\"a\"}"), V_STRING, "s", "\"a\"", 0, 2 },
    { "signs inside strings", SLICE_INIT("{\"a,{\":\"}:[,]\\\"{\"}"), V_STRING, "a,{",
      "\"}:[,]\\\"{\"", V_ESCAPED, 1 },
    { "ends with backslashes", SLICE_INIT("{\"a\":\"\\\\\\\\\",\"b\":\"x\\\\\"}"), V_STRING, "b",
      "\"x\\\\\"", V_ESCAPED, 2 },
    { "object", SLICE_INIT("{\"a\":{\"b\":[{},[]],\"c\":{}}}"), V_OBJECT, "a",
      "{\"b\":[{},[]],\"c\":{}}", 0, 1 },
    { "array", SLICE_INIT("{\"a\":[1,\"x\",null,[true],{\"k\":1.5}]}"), V_ARRAY, "a",
      "[1,\"x\",null,[true],{\"k\":1.5}]", 0, 1 },
    { "empty array, blanks", SLICE_INIT("{\"a\":[ \t]}"), V_ARRAY, "a", "[ \t]", 0, 1 },
    { "line ends become blanks", SLICE_INIT("{\n\"a\" :\r\n[1,\n2]\n}"), V_ARRAY, "a", "[1, 2]", 0,
      1 },
    { "escaped line end stays", SLICE_INIT("{\"a\":\n{\"b\":\"x\\n\\\"\"}\n}"), V_OBJECT, "a",
      "{\"b\":\"x\\n\\\"\"}", 0, 1 },
    { "UTF-8 of each length",
      SLICE_INIT("{\"k\xc3\xa9\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"}"),
      V_STRING, "k\xc3\xa9", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"", 0, 1 },
    { "DEL and U+2028", SLICE_INIT("{\"a\":\"\x7f\xe2\x80\xa8\"}"), V_STRING, "a",
      "\"\x7f\xe2\x80\xa8\"", 0, 1 },
    { "half a pair alone", SLICE_INIT("{\"a\":\"x\\ud800y\"}"), V_STRING, "a", "\"x\\ufffdy\"",
      V_ESCAPED, 1 },
    { "the second half alone, upper case", SLICE_INIT("{\"a\":\"\\uDFFF\"}"), V_STRING, "a",
      "\"\\ufffd\"", V_ESCAPED, 1 },
    { "a pair stays", SLICE_INIT("{\"a\":\"\\uD83D\\uDE00\"}"), V_STRING, "a", "\"\\uD83D\\uDE00\"",
      V_ESCAPED, 1 },
    { "two first halves and a second", SLICE_INIT("{\"a\":\"\\ud83d\\ud83d\\ude00\"}"), V_STRING,
      "a", "\"\\ufffd\\ud83d\\ude00\"", V_ESCAPED, 1 },
    { "halves the wrong way round", SLICE_INIT("{\"a\":\"\\ude00\\ud83d\"}"), V_STRING, "a",
      "\"\\ufffd\\ufffd\"", V_ESCAPED, 1 },
    { "half and another escape", SLICE_INIT("{\"a\":\"\\ud83d\\n\\u0041\"}"), V_STRING, "a",
      "\"\\ufffd\\n\\u0041\"", V_ESCAPED, 1 },
    { "halves in two strings", SLICE_INIT("{\"a\":\"\\ud83d\",\"b\":\"\\ude00\"}"), V_STRING, "b",
      "\"\\ufffd\"", V_ESCAPED, 2 },
    { "backslash and text like a half", SLICE_INIT("{\"a\":\"\\\\ud800\\ud7ff\"}"), V_STRING, "a",
      "\"\\\\ud800\\ud7ff\"", V_ESCAPED, 1 },
    { "half in a nested value and key", SLICE_INIT("{\"a\":[{\"k\\udc00\":\"\\ud800\"}]}"), V_ARRAY,
      "a", "[{\"k\\ufffd\":\"\\ufffd\"}]", 0, 1 },
    { "keys that differ in their halves", SLICE_INIT("{\"\\ud800\":1,\"\\udfff\":2}"), V_INT,
      "\\ufffd", "2", KEY_ESCAPED, 1 },
    { "equal keys: the last one", SLICE_INIT("{\"a\":1,\"b\":2,\"a\":3}"), V_INT, "a", "3", 0, 2 },
    { "equal keys, one escaped", SLICE_INIT("{\"\\u0061\":1,\"a\":2}"), V_INT, "a", "2", 0, 1 },
    { "equal nested keys stay", SLICE_INIT("{\"o\":{\"a\":1,\"a\":2}}"), V_OBJECT, "o",
      "{\"a\":1,\"a\":2}", 0, 1 },
    { "a key and its prefix", SLICE_INIT("{\"aaaaaaaaaa\":1,\"aaaaaaaaa\":2}"), V_INT, "aaaaaaaaa",
      "2", 0, 2 },
};

START_TEST(members_with_type_and_exact_text)
{
    EACH_WAY(shift)
    {
        struct got g = scan_shifted(good[_i].json, shift, JSON_DEPTH);
        const struct value *v;

        ck_assert_msg(g.result == 0, "%s, form %u, shift %zu: %s", good[_i].name, form, shift,
                      g.err.msg);
        ck_assert_int_eq(g.v.type, V_OBJECT);
        ck_assert(g.v.flags & V_INDEXED);
        ck_assert_msg(g.v.kids->n == good[_i].n, "%s: %u members", good[_i].name, g.v.kids->n);
        ck_assert_ptr_eq(g.v.kids->raw, memchr(g.text, '{', shift + good[_i].json.n));
        if (good[_i].n > 0) {
            v = &g.v.kids->at[g.v.kids->n - 1];
            ck_assert_msg(v->type == good[_i].type && v->flags == good[_i].flags,
                          "%s, form %u, shift %zu: type %d, flags %d", good[_i].name, form, shift,
                          v->type, v->flags);
            ck_assert_slice(((struct slice){ v->raw, v->len }), slice_of(good[_i].raw));
            ck_assert_slice(((struct slice){ v->key, v->key_len }), slice_of(good[_i].key));
        }
        got_free(&g);
    }
}
END_TEST

START_TEST(accepted_wherever_it_stands)
{
    if (!slice_starts(good[_i].json, SLICE("{\"")))
        return;
    EACH_PAD(n)
    {
        struct got g = scan_padded(good[_i].json, n);
        const struct value *v;

        ck_assert_msg(g.result == 0, "%s, form %u, pad %zu: %s", good[_i].name, form, n, g.err.msg);
        ck_assert_uint_eq(g.v.kids->n, good[_i].n + 1);
        v = &g.v.kids->at[good[_i].n];
        ck_assert_int_eq(v->type, good[_i].type);
        ck_assert_slice(((struct slice){ v->raw, v->len }), slice_of(good[_i].raw));
        ck_assert_slice(((struct slice){ v->key, v->key_len }), slice_of(good[_i].key));
        got_free(&g);
    }
}
END_TEST

/* ---- depth ---- */

static struct got
scan_nested(unsigned levels, const char *open, const char *inner, const char *close, uint32_t depth)
{
    struct buf b = { 0 };
    struct got g;

    buf_append(&b, SLICE("{\"a\":"));
    for (unsigned i = 1; i < levels; i++)
        buf_append(&b, slice_of(open));
    buf_append(&b, slice_of(inner));
    for (unsigned i = 1; i < levels; i++)
        buf_append(&b, slice_of(close));
    buf_byte(&b, '}');
    g = scan_shifted(buf_slice(&b), 0, depth);
    buf_fini(&b);
    return g;
}

START_TEST(depth_to_its_limit)
{
    static const uint32_t limits[] = { 1, 2, 3, 62, 63, 64, 65, 128, 999, 1000, 1001, 5000 };

    for (unsigned form = 0; form < COUNT(forms) && json_scan_use(forms[form]); form++) {
        for (unsigned i = 0; i < COUNT(limits); i++) {
            for (unsigned kind = 0; kind < 2; kind++) {
                const char *open = kind ? "[" : "{\"k\":", *close = kind ? "]" : "}";
                struct got fits = scan_nested(limits[i], open, "1", close, limits[i]);
                struct got not = scan_nested(limits[i] + 1, open, "1", close, limits[i]);

                ck_assert_msg(fits.result == 0, "%u: %s", limits[i], fits.err.msg);
                ck_assert(not .result < 0);
                ck_assert_int_eq(not .err.code, ERR_JSON_TOO_DEEP);
                ck_assert_uint_eq(not .err.pos, 5 + (limits[i] - 1) * strlen(open));
                got_free(&fits);
                got_free(&not );
            }
        }
    }
}
END_TEST

/* ---- many members ---- */

START_TEST(thousands_of_keys_half_of_them_twice)
{
    for (unsigned form = 0; form < COUNT(forms) && json_scan_use(forms[form]); form++) {
        struct buf b = { 0 };
        struct got g;

        buf_byte(&b, '{');
        for (unsigned i = 0; i < 6000; i++)
            buf_printf(&b, "%s\"key %u\":%u", i > 0 ? "," : "", i % 4000, i);
        buf_byte(&b, '}');
        g = scan_shifted(buf_slice(&b), 0, JSON_DEPTH);
        ck_assert_msg(g.result == 0, "%s", g.err.msg);
        ck_assert_uint_eq(g.v.kids->n, 4000);
        ck_assert(g.v.flags & V_CHANGED);
        ck_assert_slice(((struct slice){ g.v.kids->at[0].raw, g.v.kids->at[0].len }),
                        SLICE("2000"));
        ck_assert_int_eq(value_to_int(value_get(&g.a, &g.v, SLICE("key 100"))), 4100);
        ck_assert_int_eq(value_to_int(value_get(&g.a, &g.v, SLICE("key 3999"))), 3999);
        got_free(&g);
        buf_fini(&b);
    }
}
END_TEST

START_TEST(key_longer_than_16_bits)
{
    for (unsigned form = 0; form < COUNT(forms) && json_scan_use(forms[form]); form++) {
        struct buf b = { 0 };
        struct got g;
        char *key = buf_reserve(&b, 70010);

        memset(key, 'k', 70010);
        memcpy(key, "{\"", 2);
        memcpy(key + 70002, "\":7}", 4);
        g = scan_shifted((struct slice){ key, 70006 }, 0, JSON_DEPTH);
        ck_assert_msg(g.result == 0, "%s", g.err.msg);
        ck_assert(g.v.kids->at[0].flags & KEY_LONG);
        ck_assert_uint_eq(value_key(&g.a, &g.v.kids->at[0]).n, 70000);
        got_free(&g);
        buf_fini(&b);
    }
}
END_TEST

/* ---- any value, and containers that were checked ---- */

static const struct {
    const char *json;
    int result;
    enum value_type type;
    size_t used;
    unsigned flags;
    enum err_code code;
    bool wide;
} values[] = {
    { "{\"a\":1} rest \xff", 0, V_OBJECT, 7, V_INDEXED, ERR_NONE, false },
    { " [1,2]\n\n", 0, V_ARRAY, 6, V_INDEXED, ERR_NONE, false },
    { "[]]", 0, V_ARRAY, 2, V_INDEXED, ERR_NONE, false },
    { "\"a\\n\" \"b", 0, V_STRING, 5, V_ESCAPED, ERR_NONE, false },
    { "-17,", 0, V_INT, 3, 0, ERR_NONE, false },
    { "1.5e3", 0, V_DOUBLE, 5, 0, ERR_NONE, true },
    { "1e999", 0, V_DOUBLE, 5, V_CHANGED, ERR_NONE, true },
    { "9223372036854775808", 0, V_BIGINT, 19, 0, ERR_NONE, true },
    { "{\"1.5\":[-9223372036854775808,\"1e5\"]}", 0, V_OBJECT, 36, V_INDEXED, ERR_NONE, false },
    { "{\"a\":[{\"b\":1e5}]}", 0, V_OBJECT, 17, V_INDEXED, ERR_NONE, true },
    { "[[9223372036854775808], 1]", 0, V_ARRAY, 26, V_INDEXED, ERR_NONE, true },
    { "true", 0, V_BOOL, 4, 0, ERR_NONE, false },
    { "null\t", 0, V_NULL, 4, 0, ERR_NONE, false },
    { "", -1, V_NULL, 0, 0, ERR_PARSE, false },
    { " \n", -1, V_NULL, 0, 0, ERR_PARSE, false },
    { "42abc", -1, V_NULL, 0, 0, ERR_INVALID_JSON, false },
    { "nullx", -1, V_NULL, 0, 0, ERR_INVALID_JSON, false },
    { "[1", -1, V_NULL, 0, 0, ERR_INVALID_JSON, false },
    { "\"a", -1, V_NULL, 0, 0, ERR_INVALID_JSON, false },
    { "]", -1, V_NULL, 0, 0, ERR_INVALID_JSON, false },
    { "\"\xff\"", -1, V_NULL, 0, 0, ERR_INVALID_UTF8, false },
};

START_TEST(first_value_of_a_text)
{
    for (unsigned form = 0; form < COUNT(forms) && json_scan_use(forms[form]); form++) {
        size_t n = strlen(values[_i].json), used = 0;
        char *text = calloc(1, n + ARENA_PAD);
        struct err err = { 0 };
        struct arena a;
        struct value v;
        bool wide = false;
        int result;

        arena_init(&a, NULL);
        memcpy(text, values[_i].json, n);
        result = json_scan_numbers(&a, text, n, JSON_DEPTH, &v, &used, &wide, &err);
        ck_assert_msg(result == values[_i].result, "%s: %s", values[_i].json, err.msg);
        ck_assert_int_eq(err.code, values[_i].code);
        if (result == 0) {
            ck_assert_int_eq(v.type, values[_i].type);
            ck_assert_int_eq(v.flags, values[_i].flags);
            ck_assert_uint_eq(used, values[_i].used);
            ck_assert_int_eq(wide, values[_i].wide);
            ck_assert_str_eq(text + used, values[_i].json + used); /* nobody touched the rest */
        }
        arena_fini(&a);
        free(text);
    }
}
END_TEST

/* Exactly as long as it is: nothing may be read behind a made container. */
START_TEST(index_of_a_known_container)
{
    static const char json[] =
        "[ 1 ,\"a,]\\\"\", {\"x\":[1,2],\"y\":{}} ,[[],[]],-0,null,"
        "\"a string that is long enough to reach into the next block of bytes\"]";

    for (unsigned form = 0; form < COUNT(forms) && json_scan_use(forms[form]); form++) {
        char *text = malloc(sizeof json - 1);
        struct arena a;
        struct value v;

        memcpy(text, json, sizeof json - 1);
        arena_init(&a, NULL);
        v = value_raw(V_ARRAY, (struct slice){ text, sizeof json - 1 });
        ck_assert_uint_eq(value_count(&a, &v), 7);
        ck_assert_slice(value_raw_text(value_at(&a, &v, 0)), SLICE("1"));
        ck_assert_slice(value_raw_text(value_at(&a, &v, 1)), SLICE("\"a,]\\\"\""));
        ck_assert_int_eq(value_at(&a, &v, 1)->flags, V_ESCAPED);
        ck_assert_int_eq(value_count(&a, value_get(&a, value_at(&a, &v, 2), SLICE("x"))), 2);
        ck_assert_int_eq(value_count(&a, value_get(&a, value_at(&a, &v, 2), SLICE("y"))), 0);
        ck_assert_int_eq(value_count(&a, value_at(&a, &v, 3)), 2);
        ck_assert_slice(value_raw_text(value_at(&a, &v, 4)), SLICE("0"));
        ck_assert_int_eq(value_at(&a, &v, 5)->type, V_NULL);
        ck_assert_int_eq(value_at(&a, &v, 6)->len, 68);
        arena_fini(&a);
        free(text);
    }
}
END_TEST

/* Around the length of a block, with brackets inside and in a string, and an escape at its end. */
START_TEST(index_of_containers_of_all_lengths)
{
    for (unsigned form = 0; form < COUNT(forms) && json_scan_use(forms[form]); form++) {
        for (size_t pad = 0; pad < 140; pad++) {
            struct buf b = { 0 };
            struct arena a;
            struct value v;
            char *text;

            buf_append(&b, SLICE("[[],{\"k\":[1,{}]},\""));
            memset(buf_reserve(&b, pad), '\\', pad);
            b.n += pad & ~(size_t)1; /* in pairs */
            buf_append(&b, SLICE("],\\\"\",2]"));
            text = malloc(b.n);
            memcpy(text, b.p, b.n);
            arena_init(&a, NULL);
            v = value_raw(V_ARRAY, (struct slice){ text, b.n });
            ck_assert_uint_eq(value_count(&a, &v), 4);
            ck_assert_uint_eq(value_count(&a, value_at(&a, &v, 0)), 0);
            ck_assert_int_eq(value_count(&a, value_get(&a, value_at(&a, &v, 1), SLICE("k"))), 2);
            ck_assert_uint_eq(value_at(&a, &v, 2)->len, (pad & ~(size_t)1) + 6);
            ck_assert_int_eq(value_at(&a, &v, 2)->flags, V_ESCAPED);
            ck_assert_int_eq(value_to_int(value_at(&a, &v, 3)), 2);
            arena_fini(&a);
            free(text);
            buf_fini(&b);
        }
    }
}
END_TEST

/* ---- the forms, on damaged texts ---- */

static bool
same_value(const struct value *x, const char *x_text, const struct value *y, const char *y_text)
{
    if (x->type != y->type || x->flags != y->flags || x->len != y->len)
        return false;
    if (x->key != NULL && (x->key - x_text != y->key - y_text || x->key_len != y->key_len))
        return false;
    return x->flags & V_CHANGED ? x->raw == y->raw : x->raw - x_text == y->raw - y_text;
}

static void
compare_got(const struct got *x, const struct got *y, struct slice json)
{
    ck_assert_msg(x->result == y->result && x->err.code == y->err.code && x->err.pos == y->err.pos,
                  "scalar \"%s\", vector \"%s\": %.*s", x->err.msg, y->err.msg, SLICE_ARGS(json));
    ck_assert(memcmp(x->text, y->text, json.n) == 0);
    if (x->result < 0)
        return;
    ck_assert_uint_eq(x->v.kids->n, y->v.kids->n);
    for (uint32_t i = 0; i < x->v.kids->n; i++)
        ck_assert_msg(same_value(&x->v.kids->at[i], x->text, &y->v.kids->at[i], y->text),
                      "member %u of %.*s", i, SLICE_ARGS(json));
}

static void
compare_forms(struct slice json)
{
    struct got scalar;

    json_scan_use(JSON_SCALAR);
    scalar = scan_shifted(json, 0, JSON_DEPTH);
    for (unsigned form = 1; form < COUNT(forms) && json_scan_use(forms[form]); form++) {
        struct got vector = scan_shifted(json, 0, JSON_DEPTH);

        compare_got(&scalar, &vector, json);
        got_free(&vector);
    }
    got_free(&scalar);
}

/* Pieces that make texts which are nearly right. */
static const char *const pieces[] = { "{",        "}",
                                      "[",        "]",
                                      ":",        ",",
                                      "\"",       "\\",
                                      "\"a\":",   "\"key\":\"value\"",
                                      "1",        "-2.5e7",
                                      "true",     "null",
                                      " ",        "\n",
                                      "\t",       "\\\\",
                                      "\\\"",     "\\u00e9",
                                      "\xc3\xa9", "\xf0\x9f\x98\x80",
                                      "\xe2",     "\x80",
                                      "{}",       "[]",
                                      "\"",       "text of some length",
                                      ",\"b\":",  "\"x\"",
                                      "},",       "]}",
                                      "\x01" };

static void
put_pad(struct buf *b, size_t n)
{
    buf_append(b, SLICE("{\"p\":\""));
    memset(buf_reserve(b, n), 'p', n);
    b->n += n;
    buf_append(b, SLICE("\",\"a\":"));
}

START_TEST(forms_agree_on_random_texts)
{
    struct rng rng = { { 20260802, 7 } };
    struct buf b = { 0 };

    if (!json_scan_use(JSON_AVX2))
        return;
    for (unsigned round = 0; round < 40000; round++) {
        unsigned n = (unsigned)rng_below(&rng, 30);

        buf_clear(&b);
        put_pad(&b, round % 2 == 0 ? 0 : (size_t)rng_below(&rng, 1100));
        for (unsigned i = 0; i < n; i++)
            buf_append(&b, slice_of(pieces[rng_below(&rng, COUNT(pieces))]));
        buf_byte(&b, '}');
        compare_forms(buf_slice(&b));
    }
    buf_fini(&b);
}
END_TEST

START_TEST(forms_agree_on_damaged_events)
{
    struct rng rng = { { 4711, 8 } };
    struct buf b = { 0 };

    if (!json_scan_use(JSON_AVX2))
        return;
    for (unsigned round = 0; round < 20000; round++) {
        static const char event[] =
            "{\"@timestamp\":\"2026-08-02T10:00:00.000Z\",\"log\":{\"offset\":12345,\"file\":{"
            "\"path\":\"/var/log/x.log\"}},\"message\":\"{\\\"a\\\":\\\"b\\\\\\\\\\\"} \xc3\xa9"
            "\xe2\x82\xac\",\"tags\":[\"a\",\"b\"],\"n\":[1,2.5,-3e2,null,true],\"host\":{\"ip\":["
            "\"10.0.0.1\",\"::1\"],\"up\":false}}";
        unsigned hits = (unsigned)rng_below(&rng, 3);

        buf_clear(&b);
        put_pad(&b, (size_t)rng_below(&rng, 1100));
        buf_append(&b, (struct slice){ event, sizeof event - 1 });
        buf_byte(&b, '}');
        for (unsigned i = 0; i < hits; i++)
            b.p[b.n - 1 - rng_below(&rng, sizeof event)] =
                rng_below(&rng, 2) ? (char)rng_below(&rng, 256)
                                   : "{}[]:,\"\\ \n0"[rng_below(&rng, 11)];
        b.n -= rng_below(&rng, 8) == 0 ? rng_below(&rng, b.n) : 0;
        compare_forms(buf_slice(&b));
    }
    buf_fini(&b);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, refused_with_name_and_place, 0, (int)COUNT(bad));
    tcase_add_loop_test(tc, refused_wherever_it_stands, 0, (int)COUNT(bad));
    tcase_add_test(tc, refusal_says_what_and_where);
    tcase_add_loop_test(tc, members_with_type_and_exact_text, 0, (int)COUNT(good));
    tcase_add_loop_test(tc, accepted_wherever_it_stands, 0, (int)COUNT(good));
    tcase_add_test(tc, depth_to_its_limit);
    tcase_add_test(tc, thousands_of_keys_half_of_them_twice);
    tcase_add_test(tc, key_longer_than_16_bits);
    tcase_add_loop_test(tc, first_value_of_a_text, 0, (int)COUNT(values));
    tcase_add_test(tc, index_of_a_known_container);
    tcase_add_test(tc, index_of_containers_of_all_lengths);
    tcase_add_test(tc, forms_agree_on_random_texts);
    tcase_add_test(tc, forms_agree_on_damaged_events);
}

UNIT_MAIN("json_scan")
