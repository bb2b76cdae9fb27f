/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/utf8.h"

#define FFFD "\xEF\xBF\xBD"

static const struct {
    const char *name;
    struct slice in, repaired; /* equal: valid */
} vectors[] = {
    { "empty", SLICE_INIT(""), SLICE_INIT("") },
    { "nul byte", SLICE_INIT("a\0b"), SLICE_INIT("a\0b") },
    { "two bytes, first and last", SLICE_INIT("\xC2\x80\xDF\xBF"), SLICE_INIT("\xC2\x80\xDF\xBF") },
    { "three bytes, first", SLICE_INIT("\xE0\xA0\x80"), SLICE_INIT("\xE0\xA0\x80") },
    { "below the surrogates", SLICE_INIT("\xED\x9F\xBF"), SLICE_INIT("\xED\x9F\xBF") },
    { "above the surrogates", SLICE_INIT("\xEE\x80\x80"), SLICE_INIT("\xEE\x80\x80") },
    { "four bytes, first and last", SLICE_INIT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
      SLICE_INIT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF") },
    { "lone continuation", SLICE_INIT("\x80"), SLICE_INIT(FFFD) },
    { "overlong slash", SLICE_INIT("\xC0\xAF"), SLICE_INIT(FFFD FFFD) },
    { "overlong, three bytes", SLICE_INIT("\xE0\x80\xAF"), SLICE_INIT(FFFD FFFD FFFD) },
    { "surrogate", SLICE_INIT("\xED\xA0\x80"), SLICE_INIT(FFFD FFFD FFFD) },
    { "beyond 10FFFF", SLICE_INIT("\xF4\x90\x80\x80"), SLICE_INIT(FFFD FFFD FFFD FFFD) },
    { "F5", SLICE_INIT("\xF5x"), SLICE_INIT(FFFD "x") },
    { "cut after two of three", SLICE_INIT("\xE4\xB8"), SLICE_INIT(FFFD) },
    { "cut after three of four", SLICE_INIT("\xF0\x9F\x98"), SLICE_INIT(FFFD) },
    { "the standard's example",
      SLICE_INIT("a\xF1\x80\x80\xE1\x80\xC2"
                 "b\x80"
                 "c\x80\xBF"
                 "d"),
      SLICE_INIT("a" FFFD FFFD FFFD "b" FFFD "c" FFFD FFFD "d") },
    { "latin-1 in a sentence", SLICE_INIT("caf\xE9 ol\xE9"), SLICE_INIT("caf" FFFD " ol" FFFD) },
};

START_TEST(repair_and_validity)
{
    struct buf out = { 0 };

    utf8_repair(vectors[_i].in, &out);
    ck_assert_msg(slice_eq(buf_slice(&out), vectors[_i].repaired), "%s", vectors[_i].name);
    ck_assert_msg(utf8_valid(vectors[_i].in) == slice_eq(vectors[_i].in, vectors[_i].repaired),
                  "%s", vectors[_i].name);
    buf_fini(&out);
}
END_TEST

/* Wherever a bad byte stands relative to a 32 byte step, it is found. */
START_TEST(one_bad_byte_at_each_offset)
{
    char text[100];

    for (size_t n = 1; n <= sizeof text; n++) {
        memset(text, 'x', sizeof text);
        ck_assert(utf8_valid((struct slice){ text, n }));
        for (size_t at = 0; at < n; at++) {
            text[at] = (char)0x80;
            ck_assert_msg(!utf8_valid((struct slice){ text, n }), "%zu of %zu", at, n);
            text[at] = 'x';
        }
    }
}
END_TEST

START_TEST(every_code_point_there_and_back)
{
    for (uint32_t code = 0; code <= 0x110000; code++) {
        char text[4];
        unsigned n = utf8_encode(code, text), bad;
        struct slice s = { text, n };
        bool legal = code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
        uint32_t back;

        if (utf8_next(s, &bad) != n || utf8_decode(s, &back) != n ||
            back != (legal ? code : 0xFFFD))
            ck_abort_msg("U+%04X", (unsigned)code);
    }
}
END_TEST

static const struct {
    const char *name;
    struct slice in, shown;
} shown_vectors[] = {
    { "nothing", SLICE_INIT(""), SLICE_INIT("") },
    { "quotes, backslash and controls are the writer's to escape",
      SLICE_INIT("{\"a\":\"\\\n\x1b\"}"), SLICE_INIT("{\"a\":\"\\\n\x1b\"}") },
    { "other scripts stay", SLICE_INIT("caf\xC3\xA9"), SLICE_INIT("caf\xC3\xA9") },
    { "bad bytes, DEL and a C1 control",
      SLICE_INIT("a\xFF"
                 "b\x7F"
                 "c\xC2\x9B"),
      SLICE_INIT("a" FFFD "b" FFFD "c" FFFD) },
    { "just fits", SLICE_INIT("0123456789abcd"), SLICE_INIT("0123456789abcd") },
    { "cut", SLICE_INIT("0123456789abcdefghijkl"), SLICE_INIT("0123456789abcd...") },
    { "cut between characters",
      SLICE_INIT("0123456789abc\xF0\x9F\x98\x80"
                 "fgh"),
      SLICE_INIT("0123456789abc\xF0\x9F\x98\x80...") },
};

START_TEST(shown_in_a_log_line)
{
    char out[20];
    struct slice s = utf8_shown(shown_vectors[_i].in, out, sizeof out);

    ck_assert_msg(slice_eq(s, shown_vectors[_i].shown), "%s: %.*s", shown_vectors[_i].name,
                  SLICE_ARGS(s));
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, repair_and_validity, 0, (int)COUNT(vectors));
    tcase_add_test(tc, one_bad_byte_at_each_offset);
    tcase_add_loop_test(tc, shown_in_a_log_line, 0, (int)COUNT(shown_vectors));
    tcase_add_test(tc, every_code_point_there_and_back);
}

UNIT_MAIN("utf8")
