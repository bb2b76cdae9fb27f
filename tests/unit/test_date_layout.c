/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Formats read by their layout, against the same formats read step by step: behind a literal too
 * long for a layout. The memo goes from text to text, whatever they say. */
#include "pipeline/date_format.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#define LONG "........................................"

static const struct {
    const char *format, *text;
} formats[] = {
    { "dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2024:13:55:36 -0700" },
    { "yyyy-MM-dd'T'HH:mm:ss.SSSZ", "2024-02-29T23:59:59.123+0530" },
    { "yyyy-MM-dd HH:mm:ss,SSS", "2023-02-28 00:00:00,000" },
    { "yyyy/MM/dd HH:mm:ss.SSSSSSSSS", "2000-01-31 12:30:45.123456789" },
    { "MMM dd HH:mm:ss", "Feb 29 01:02:03" },
    { "MMM dd yyyy HH:mm:ss", "May 31 2022 01:02:03" },
    { "yyyyMMddHHmmss", "20240131123456" },
    { "HH:mm:ss dd.MM.yyyy", "23:59:59 31.12.1999" },
    { "dd-MMM-yyyy HH:mm:ss.S", "01-Jan-0000 00:00:00.9" },
    { "MM dd HH mm ss", "12 31 23 59 59" },
    { "EEE MMM dd HH:mm:ss.SSSSSS yyyy", "Mon Jan 15 03:04:05.123456 2024" },
    { "EEE MMM dd HH:mm:ss", "Wed Jan 31 03:04:05" },
    /* no layout: twice the same, a weekday in digits, too few */
    { "yyyy MM dd HH:mm:ss dd", "2024 01 02 03:04:05 06" },
    { "e MMM dd HH:mm:ss yyyy", "1 Jan 15 03:04:05 2024" },
    { "yyyy-MM-dd", "2024-01-02" },
};

struct pair {
    const struct date_format *plain, *behind;
    struct date_memo memo;
};

static void
compile(struct arena *a, const char *pattern, const struct date_format **out)
{
    struct date_format_spec spec = { SLICE("en"), 2024, DATE_NS };
    struct err err = { 0 };

    ck_assert_msg(date_format_compile(a, slice_of(pattern), &spec, out, &err) == 0, "%s: %s",
                  pattern, err.msg);
}

static struct pair
compile_both(struct arena *a, const char *pattern)
{
    struct pair p = { 0 };

    compile(a, pattern, &p.plain);
    compile(a, arena_printf(a, "'" LONG "'%s", pattern).p, &p.behind);
    return p;
}

static void
compare(struct pair *p, struct slice text)
{
    struct date_parsed x = { 0 }, y = { 0 };
    struct date_memo none = { 0 };
    char other[sizeof LONG + 64];
    bool ok;

    memcpy(other, LONG, sizeof LONG - 1);
    memcpy(other + sizeof LONG - 1, text.p, text.n);
    ok = date_format_parse(p->behind, (struct slice){ other, sizeof LONG - 1 + text.n }, &none, &y);
    ck_assert_msg(date_format_parse(p->plain, text, &p->memo, &x) == ok, "%.*s", SLICE_ARGS(text));
    if (!ok)
        return;
    ck_assert_msg(x.local == y.local && x.nsec == y.nsec && x.where == y.where, "%.*s",
                  SLICE_ARGS(text));
    ck_assert_msg(x.where != DATE_OFFSET || x.offset == y.offset, "%.*s", SLICE_ARGS(text));
}

/* Each byte as another one, gone, and twice. */
START_TEST(reads_the_same_as_step_by_step)
{
    static const char bytes[] = "0123456789+-:/.,TZ aOoN\xff";
    struct slice text = slice_of(formats[_i].text);
    struct arena arena;
    struct pair p;

    arena_init(&arena, NULL);
    p = compile_both(&arena, formats[_i].format);
    compare(&p, text);
    compare(&p, SLICE(""));
    for (size_t at = 0; at < text.n; at++) {
        char changed[64];

        for (size_t k = 0; k < sizeof bytes - 1; k++) {
            memcpy(changed, text.p, text.n);
            changed[at] = bytes[k];
            compare(&p, (struct slice){ changed, text.n });
        }
        memcpy(changed, text.p, at);
        memcpy(changed + at, text.p + at + 1, text.n - at - 1);
        compare(&p, (struct slice){ changed, text.n - 1 });
        memcpy(changed, text.p, at + 1);
        memcpy(changed + at + 1, text.p + at, text.n - at);
        compare(&p, (struct slice){ changed, text.n + 1 });
    }
    arena_fini(&arena);
}
END_TEST

/* The weekday that a date has, and the others, which move it. */
START_TEST(knows_weekdays)
{
    static const char *const names[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    struct arena arena;
    struct pair p;

    arena_init(&arena, NULL);
    p = compile_both(&arena, "EEE MMM dd HH:mm:ss yyyy");
    for (unsigned day = 1; day <= 31; day++)
        for (size_t i = 0; i < COUNT(names); i++) {
            char text[64];
            int n = snprintf(text, sizeof text, "%s Feb %02u 12:00:00 2024", names[i], day);

            compare(&p, (struct slice){ text, (size_t)n });
        }
    arena_fini(&arena);
}
END_TEST

/* The last day of each month, and the one behind it, in years with and without a leap day. */
START_TEST(knows_the_calendar)
{
    static const int years[] = { 0, 1900, 1999, 2000, 2023, 2024, 9999 };
    struct arena arena;
    struct pair p;

    arena_init(&arena, NULL);
    p = compile_both(&arena, "yyyy-MM-dd HH:mm:ss");
    for (size_t i = 0; i < COUNT(years); i++)
        for (int month = 0; month <= 13; month++)
            for (int day = 0; day <= 32; day++) {
                char text[64];
                int n =
                    snprintf(text, sizeof text, "%04d-%02d-%02d 12:00:00", years[i], month, day);

                compare(&p, (struct slice){ text, (size_t)n });
            }
    arena_fini(&arena);
}
END_TEST

START_TEST(tells_the_time)
{
    struct arena arena;
    struct pair p;
    struct date_parsed got;

    arena_init(&arena, NULL);
    p = compile_both(&arena, formats[0].format);
    ck_assert(date_format_parse(p.plain, slice_of(formats[0].text), &p.memo, &got));
    ck_assert_int_eq(got.local, 1728568536);
    ck_assert_int_eq(got.where, DATE_OFFSET);
    ck_assert_int_eq(got.offset, -7 * 3600);
    arena_fini(&arena);
}
END_TEST

/* Days, offsets and formats by turns, each as if it were the first. */
START_TEST(memo_does_not_mix_them_up)
{
    static const char *const texts[] = {
        "10/Oct/2024:13:55:36 -0700", "10/Oct/2024:23:59:59 -0700", "10/Oct/2024:00:00:00 +0700",
        "10/Nov/2024:00:00:00 +0700", "11/Nov/2024:00:00:00 +0700", "11/Nov/2024:24:00:00 +0700",
        "11/Nov/2023:12:00:00 +0700", "31/Nov/2023:12:00:00 +0700", "11/Nov/2023:12:00:01 +2400",
        "11/Nov/2023:12:00:01 +0530",
    };
    struct arena arena;
    struct pair p, day_first;

    arena_init(&arena, NULL);
    p = compile_both(&arena, "dd/MMM/yyyy:HH:mm:ss Z");
    day_first = compile_both(&arena, "HH/MMM/yyyy:dd:mm:ss Z"); /* as long, other bytes say it */
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t k = 0; k < COUNT(texts); k++) {
            compare(&p, slice_of(texts[i]));
            compare(&p, slice_of(texts[k]));
            day_first.memo = p.memo;
            compare(&day_first, slice_of(texts[k]));
        }
    arena_fini(&arena);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, reads_the_same_as_step_by_step, 0, (int)COUNT(formats));
    tcase_add_test(tc, knows_weekdays);
    tcase_add_test(tc, knows_the_calendar);
    tcase_add_test(tc, tells_the_time);
    tcase_add_test(tc, memo_does_not_mix_them_up);
}

UNIT_MAIN("date_layout")
