/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/date_pattern.h"

#define MARCH                 \
    {                         \
        1709618828, 123456789 \
    } /* 2024-03-05T06:07:08.123456789Z, a Tuesday */
#define TURN          \
    {                 \
        1735516800, 0 \
    } /* 2024-12-30T00:00:00Z */
#define BC              \
    {                   \
        -62198755200, 0 \
    } /* -0001-01-01, a Friday */
#define AFTER           \
    {                   \
        317239372800, 0 \
    } /* in 12022 */

typedef int compile_fn(struct arena *a, struct slice pattern, struct date_pattern **out,
                       struct err *err);

static const struct {
    compile_fn *compile;
    struct timestamp t;
    struct slice pattern, want;
} prints[] = {
    { date_pattern_joda, MARCH, SLICE_INIT("yyyy-MM-dd'T'HH:mm:ss.SSSZ"),
      SLICE_INIT("2024-03-05T06:07:08.123+0000") },
    { date_pattern_joda, MARCH, SLICE_INIT("y yy yyy yyyyy Y YY"),
      SLICE_INIT("2024 24 2024 02024 2024 24") },
    { date_pattern_joda, MARCH, SLICE_INIT("E EEEE M MM MMM MMMM d ddd"),
      SLICE_INIT("Tue Tuesday 3 03 Mar March 5 005") },
    { date_pattern_joda, MARCH, SLICE_INIT("G GGGG C CCC a D DDD e ee"),
      SLICE_INIT("AD AD 20 020 AM 65 065 2 02") },
    { date_pattern_joda, MARCH, SLICE_INIT("H k K h HH kk KK hh"),
      SLICE_INIT("6 6 6 6 06 06 06 06") },
    { date_pattern_joda, TURN, SLICE_INIT("H k K h a"), SLICE_INIT("0 24 0 12 AM") },
    { date_pattern_joda, MARCH, SLICE_INIT("S SS SSS SSSSSS"), SLICE_INIT("1 12 123 123000") },
    { date_pattern_joda, MARCH, SLICE_INIT("z zzzz Z ZZ ZZZ"),
      SLICE_INIT("UTC Coordinated Universal Time +0000 +00:00 UTC") },
    { date_pattern_joda, TURN, SLICE_INIT("xxxx.ww YYYY.w xx"), SLICE_INIT("2025.01 2024.1 25") },
    { date_pattern_joda, BC, SLICE_INIT("yyyy YYYY yy G C"), SLICE_INIT("-0001 0002 01 BC 0") },
    { date_pattern_joda, MARCH, SLICE_INIT("'o''clock' '' [#{"), SLICE_INIT("o'clock ' [#{") },
    { date_pattern_joda, MARCH, SLICE_INIT("yyyy'left open"), SLICE_INIT("2024left open") },
    { date_pattern_joda, MARCH, SLICE_INIT(""), SLICE_INIT("") },
    { date_pattern_java, MARCH, SLICE_INIT("yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSXXX"),
      SLICE_INIT("2024-03-05T06:07:08.123456789Z") },
    { date_pattern_java, MARCH, SLICE_INIT("u uu uuu uuuuu y yy"),
      SLICE_INIT("2024 24 2024 02024 2024 24") },
    { date_pattern_java, AFTER, SLICE_INIT("y yyy yyyy yyyyy"),
      SLICE_INIT("12022 12022 +12022 12022") },
    { date_pattern_java, BC, SLICE_INIT("u y yy G GGGG GGGGG"),
      SLICE_INIT("-1 2 02 BC Before Christ B") },
    { date_pattern_java, TURN, SLICE_INIT("YYYY-'W'ww w W e c"), SLICE_INIT("2025-W01 1 5 2 2") },
    { date_pattern_java, MARCH, SLICE_INIT("M MM MMM MMMM MMMMM LLL"),
      SLICE_INIT("3 03 Mar March M Mar") },
    { date_pattern_java, MARCH, SLICE_INIT("E EEEE EEEEE eee cccc"),
      SLICE_INIT("Tue Tuesday T Tue Tuesday") },
    { date_pattern_java, MARCH, SLICE_INIT("Q QQ QQQ QQQQ q qqq"),
      SLICE_INIT("1 01 Q1 1st quarter 1 Q1") },
    { date_pattern_java, MARCH, SLICE_INIT("D DDD n A N a"),
      SLICE_INIT("65 065 123456789 22028123 22028123456789 AM") },
    { date_pattern_java, MARCH, SLICE_INIT("X XXXXX x xx xxx Z ZZZZ ZZZZZ VV z v O OOOO"),
      SLICE_INIT("Z Z +00 +0000 +00:00 +0000 GMT Z Z Z Z GMT GMT") },
    { date_pattern_java, MARCH, SLICE_INIT("yyyy[-MM[-dd]]"), SLICE_INIT("2024-03-05") },
    { date_pattern_java, MARCH, SLICE_INIT("'at' '' 'o''c'"), SLICE_INIT("at ' o'c") },
};

START_TEST(what_letters_print)
{
    struct arena a;
    struct date_pattern *p;
    struct buf out = { 0 };
    struct err err = { 0 };

    arena_init(&a, NULL);
    ck_assert_msg(prints[_i].compile(&a, prints[_i].pattern, &p, &err) == 0, "%s", err.msg);
    date_pattern_print(p, prints[_i].t, &out);
    ck_assert_slice(buf_slice(&out), prints[_i].want);
    buf_fini(&out);
    arena_fini(&a);
}
END_TEST

static const struct {
    compile_fn *compile;
    struct slice pattern;
    const char *message;
    uint64_t pos;
} refused[] = {
    { date_pattern_joda, SLICE_INIT("yyyy-pp"), "Illegal pattern component: pp", 5 },
    { date_pattern_joda, SLICE_INIT("epoch"), "Illegal pattern component: p", 1 },
    { date_pattern_java, SLICE_INIT("yyyy-J"), "Unknown pattern letter: J", 5 },
    { date_pattern_java, SLICE_INIT("HHH"), "Too many pattern letters: H", 0 },
    { date_pattern_java, SLICE_INIT("yyyy V"), "Wrong number of pattern letters: V 1 times", 5 },
    { date_pattern_java, SLICE_INIT("cc"), "Invalid pattern \"cc\"", 0 },
    { date_pattern_java, SLICE_INIT("yyyy'T"), "Pattern ends with an incomplete string literal",
      4 },
    { date_pattern_java, SLICE_INIT("yyyy]"), "Pattern has ] without [ before it", 4 },
    { date_pattern_java, SLICE_INIT("yyyy#"), "Pattern includes reserved character: #", 4 },
    { date_pattern_java, SLICE_INIT("SSSSSSSSSS"), "Too many pattern letters: S", 0 },
};

START_TEST(what_is_no_pattern)
{
    struct arena a;
    struct date_pattern *p;
    struct err err = { 0 };

    arena_init(&a, NULL);
    ck_assert_int_eq(refused[_i].compile(&a, refused[_i].pattern, &p, &err), -1);
    ck_assert_str_eq(err.msg, refused[_i].message);
    ck_assert_uint_eq(err.pos, refused[_i].pos);
    arena_fini(&a);
}
END_TEST

START_TEST(limits_of_a_pattern)
{
    char text[1000];
    struct arena a;
    struct date_pattern *p;
    struct err err = { 0 };

    arena_init(&a, NULL);
    memset(text, 'y', sizeof text);
    ck_assert_int_eq(date_pattern_joda(&a, (struct slice){ text, 128 }, &p, &err), 0);
    ck_assert_int_eq(date_pattern_joda(&a, (struct slice){ text, 129 }, &p, &err), -1);
    ck_assert_str_eq(err.msg, "date pattern letter y 129 times, limit 128");
    for (size_t i = 0; i < sizeof text; i += 2)
        text[i] = 'd';
    ck_assert_int_eq(date_pattern_joda(&a, (struct slice){ text, 256 }, &p, &err), 0);
    ck_assert_int_eq(date_pattern_joda(&a, (struct slice){ text, 257 }, &p, &err), -1);
    ck_assert_str_eq(err.msg, "date pattern of more than 256 parts");
    arena_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, what_letters_print, 0, (int)COUNT(prints));
    tcase_add_loop_test(tc, what_is_no_pattern, 0, (int)COUNT(refused));
    tcase_add_test(tc, limits_of_a_pattern);
}

UNIT_MAIN("date_pattern")
