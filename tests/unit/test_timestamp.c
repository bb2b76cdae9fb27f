/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"
#include "tests/unit/json_events.h"
#include "tests/unit/shared.h"

#include "codec/timestamp.h"
#include "codec/zoneinfo.h"

/* One zone with a name, and the zone of the process, each an hour off. */
static bool
two_zones(struct slice name, int64_t local_sec, int32_t *offset)
{
    (void)local_sec;
    *offset = name.n == 0 ? 3600 : -3600;
    return name.n == 0 || slice_eq(name, SLICE("Tango/Alpha"));
}

static const struct {
    const char *name;
    struct slice in, want; /* want empty: refused */
} vectors[] = {
    { "canonical", SLICE_INIT("2024-03-05T06:07:08.000Z"), SLICE_INIT("2024-03-05T06:07:08.000Z") },
    { "date only", SLICE_INIT("2024-03-05"), SLICE_INIT("2024-03-04T23:00:00.000Z") },
    { "no zone is the process's", SLICE_INIT("2024-03-05T06:07"),
      SLICE_INIT("2024-03-05T05:07:00.000Z") },
    { "date with zone", SLICE_INIT("2024-03-05Z"), SLICE_INIT("2024-03-05T00:00:00.000Z") },
    { "lower case", SLICE_INIT("2024-03-05t06:07:08z"), SLICE_INIT("2024-03-05T06:07:08.000Z") },
    { "hour only", SLICE_INIT("2024-03-05T06"), { NULL, 0 } },
    { "one digit of fraction", SLICE_INIT("2024-03-05T06:07:08.1Z"),
      SLICE_INIT("2024-03-05T06:07:08.100Z") },
    { "four digits of fraction", SLICE_INIT("2024-03-05T06:07:08.1234Z"),
      SLICE_INIT("2024-03-05T06:07:08.123400Z") },
    { "nine digits", SLICE_INIT("2024-03-05T06:07:08.123456789Z"),
      SLICE_INIT("2024-03-05T06:07:08.123456789Z") },
    { "ten digits", SLICE_INIT("2024-03-05T06:07:08.1234567891Z"), { NULL, 0 } },
    { "dot without digits", SLICE_INIT("2024-03-05T06:07:08.Z"),
      SLICE_INIT("2024-03-05T06:07:08.000Z") },
    { "zeros that lose nothing", SLICE_INIT("2024-03-05T06:07:08.120000Z"),
      SLICE_INIT("2024-03-05T06:07:08.120Z") },
    { "offset with colon", SLICE_INIT("2024-03-05T06:07:08+02:00"),
      SLICE_INIT("2024-03-05T04:07:08.000Z") },
    { "compact offset", SLICE_INIT("2024-03-05T06:07:08-0230"),
      SLICE_INIT("2024-03-05T08:37:08.000Z") },
    { "offset in hours", SLICE_INIT("2024-03-05T06:07:08+02"),
      SLICE_INIT("2024-03-05T04:07:08.000Z") },
    { "offset with seconds", SLICE_INIT("2024-03-05T06:07:08-05:30:15"),
      SLICE_INIT("2024-03-05T11:37:23.000Z") },
    { "offset of 18 hours", SLICE_INIT("2024-03-05T06:07:08+18:00"),
      SLICE_INIT("2024-03-04T12:07:08.000Z") },
    { "offset beyond 18 hours", SLICE_INIT("2024-03-05T06:07:08+18:01"), { NULL, 0 } },
    { "offset after a space", SLICE_INIT("2024-03-05T06:07:08 +02:00"), { NULL, 0 } },
    { "named zone", SLICE_INIT("2024-03-05T06:07:08Tango/Alpha"),
      SLICE_INIT("2024-03-05T07:07:08.000Z") },
    { "named zone after a date, with a T", SLICE_INIT("2024-03-05Tango/Alpha"),
      SLICE_INIT("2024-03-05T01:00:00.000Z") },
    { "UTC", SLICE_INIT("2024-03-05T06:07:08UTC"), SLICE_INIT("2024-03-05T06:07:08.000Z") },
    { "unknown zone", SLICE_INIT("2024-03-05T06:07:08Mars/Base"), { NULL, 0 } },
    { "zone in brackets", SLICE_INIT("2024-03-05T06:07:08[Tango/Alpha]"), { NULL, 0 } },
    { "space for T", SLICE_INIT("2024-03-05 06:07:08"), { NULL, 0 } },
    { "comma", SLICE_INIT("2024-03-05T06:07:08,123Z"), { NULL, 0 } },
    { "midnight as 24", SLICE_INIT("2024-03-05T24:00:00Z"),
      SLICE_INIT("2024-03-06T00:00:00.000Z") },
    { "beyond 24", SLICE_INIT("2024-03-05T24:00:01Z"), { NULL, 0 } },
    { "hour 25", SLICE_INIT("2024-03-05T25:00:00Z"), { NULL, 0 } },
    { "second 60", SLICE_INIT("2024-03-05T06:07:60Z"), { NULL, 0 } },
    { "minute 60", SLICE_INIT("2024-03-05T06:60:00Z"), { NULL, 0 } },
    { "30 February in a leap year", SLICE_INIT("2024-02-30T00:00:00Z"),
      SLICE_INIT("2024-02-29T00:00:00.000Z") },
    { "30 February", SLICE_INIT("2100-02-30T00:00:00.000Z"),
      SLICE_INIT("2100-02-28T00:00:00.000Z") },
    { "day 32", SLICE_INIT("2024-03-32T00:00:00Z"), { NULL, 0 } },
    { "day 0", SLICE_INIT("2024-03-00T00:00:00.000Z"), { NULL, 0 } },
    { "month 13", SLICE_INIT("2024-13-01T00:00:00Z"), { NULL, 0 } },
    { "month 0", SLICE_INIT("2024-00-01T00:00:00Z"), { NULL, 0 } },
    { "five digits and a sign", SLICE_INIT("+12024-03-05T00:00:00Z"),
      SLICE_INIT("+12024-03-05T00:00:00.000Z") },
    { "five digits, no sign", SLICE_INIT("12024-03-05T00:00:00Z"), { NULL, 0 } },
    { "plus on four digits", SLICE_INIT("+2024-03-05T00:00:00Z"), { NULL, 0 } },
    { "negative year", SLICE_INIT("-0001-01-01T00:00:00Z"),
      SLICE_INIT("-0001-01-01T00:00:00.000Z") },
    { "negative zero", SLICE_INIT("-0000-01-01T00:00:00Z"), { NULL, 0 } },
    { "year zero", SLICE_INIT("0000-01-01T00:00:00Z"), SLICE_INIT("0000-01-01T00:00:00.000Z") },
    { "the first", SLICE_INIT("-999999999-01-01T00:00:00.000000001Z"),
      SLICE_INIT("-999999999-01-01T00:00:00.000000001Z") },
    { "the last", SLICE_INIT("+999999999-12-31T23:59:59.999999999Z"),
      SLICE_INIT("+999999999-12-31T23:59:59.999999999Z") },
    { "beyond the last", SLICE_INIT("+1000000000-01-01T00:00:00Z"), { NULL, 0 } },
    { "before 1970", SLICE_INIT("1969-12-31T23:59:59.999Z"),
      SLICE_INIT("1969-12-31T23:59:59.999Z") },
    { "trailing text", SLICE_INIT("2024-03-05T06:07:08Zx"), { NULL, 0 } },
    { "leading space", SLICE_INIT(" 2024-03-05T06:07:08Z"), { NULL, 0 } },
    { "one digit of month", SLICE_INIT("2024-3-05T06:07:08Z"), { NULL, 0 } },
    { "basic format", SLICE_INIT("20240305T060708Z"), { NULL, 0 } },
    { "year and month", SLICE_INIT("2024-03"), { NULL, 0 } },
    { "epoch", SLICE_INIT("1709618828"), { NULL, 0 } },
    { "empty", SLICE_INIT(""), { NULL, 0 } },
};

START_TEST(text_to_timestamp_and_back)
{
    struct timestamp t;
    char text[TIMESTAMP_TEXT];
    bool ok = timestamp_parse(vectors[_i].in, two_zones, &t);

    ck_assert_msg(ok == (vectors[_i].want.n > 0), "%s", vectors[_i].name);
    if (ok)
        ck_assert_slice(((struct slice){ text, timestamp_print(t, text) }), vectors[_i].want);
    /* Only what prints as it stands is canonical. */
    ck_assert_msg(timestamp_canonical(vectors[_i].in, &t) ==
                      (ok && slice_eq(vectors[_i].in, vectors[_i].want)),
                  "%s", vectors[_i].name);
}
END_TEST

/* In a process whose zone is UTC. */
START_TEST(cases_of_the_reference)
{
    struct arena a;
    struct value cases;
    uint32_t n;

    setenv("TZ", "UTC", 1);
    arena_init(&a, NULL);
    cases = json_value(&a, shared_read(&a, "reference/cases/event/timestamp.json"));
    n = value_count(&a, &cases);
    ck_assert_uint_ge(n, 1);
    for (uint32_t i = 0; i < n; i++) {
        struct value *one = value_at(&a, &cases, i);
        struct slice in = value_text(&a, value_get(&a, one, SLICE("expression")));
        struct value *want = value_get(&a, value_get(&a, one, SLICE("expected")), SLICE("value"));
        char out[TIMESTAMP_TEXT];
        struct timestamp t;
        bool ok = timestamp_parse(in, zone_offset, &t);

        ck_assert_msg(ok == (want != NULL), "%.*s", SLICE_ARGS(in));
        if (ok)
            ck_assert_slice(((struct slice){ out, timestamp_print(t, out) }), value_text(&a, want));
    }
    arena_fini(&a);
}
END_TEST

/* No byte of the canonical form may be another. */
START_TEST(canonical_form_with_one_byte_changed)
{
    static const struct slice good[] = { SLICE_INIT("2024-03-05T06:07:08.123Z"),
                                         SLICE_INIT("2024-03-05T06:07:08.123456Z"),
                                         SLICE_INIT("2024-03-05T06:07:08.123456789Z") };
    char text[TIMESTAMP_TEXT];
    struct timestamp t;

    memcpy(text, good[_i].p, good[_i].n);
    ck_assert(timestamp_canonical(good[_i], &t));
    for (size_t at = 0; at < good[_i].n; at++) {
        for (int c = 0; c < 256; c++) {
            bool digit = c >= '0' && c <= '9';

            if (digit && good[_i].p[at] >= '0' && good[_i].p[at] <= '9')
                continue;
            text[at] = (char)c;
            if (timestamp_canonical((struct slice){ text, good[_i].n }, &t) !=
                (text[at] == good[_i].p[at]))
                ck_abort_msg("byte %zu as %d", at, c);
        }
        text[at] = good[_i].p[at];
    }
}
END_TEST

START_TEST(every_day_of_eight_centuries)
{
    int64_t days = civil_days(1600, 1, 1);
    int weekday = civil_weekday(days);

    ck_assert_int_eq(civil_days(1970, 1, 1), 0);
    ck_assert_int_eq(civil_weekday(civil_days(2024, 3, 5)), 2);
    for (int year = 1600; year < 2400; year++) {
        int yearday = 0;

        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= civil_month_days(year, month); day++) {
                struct civil c = civil_of((struct timestamp){ days * 86400 + 86399, 0 });

                if (c.year != year || c.month != month || c.day != day ||
                    civil_days(year, month, day) != days || civil_yearday(&c) != ++yearday ||
                    civil_weekday(days) != weekday)
                    ck_abort_msg("%d-%02d-%02d", year, month, day);
                weekday = weekday % 7 + 1;
                days++;
            }
        }
    }
}
END_TEST

/* Times of one day, of the days around it and of years of any length, one after the other. */
START_TEST(printing_on_a_day_that_is_known)
{
    static const int64_t days[] = { 0, -1, 1, 19787, 19787, -719529, 2932897, 365241780471 };
    static const int64_t seconds[] = { 0, 86399, 43200, 1 };
    static const uint32_t fractions[] = { 0, 999000000, 5000, 1 };
    struct timestamp_day day = { 0 };

    for (size_t i = 0; i < COUNT(days); i++)
        for (size_t k = 0; k < COUNT(seconds); k++)
            for (size_t f = 0; f < COUNT(fractions); f++) {
                struct timestamp t = { days[i] * 86400 + seconds[k], fractions[f] };
                char known[TIMESTAMP_TEXT], alone[TIMESTAMP_TEXT];
                struct slice x = { known, timestamp_print_on(&day, t, known) };

                ck_assert_slice(x, ((struct slice){ alone, timestamp_print(t, alone) }));
            }
    ck_assert_slice(((struct slice){ day.text, day.n }), SLICE("+999999999-12-31T"));
}
END_TEST

START_TEST(order)
{
    struct timestamp a = { -1, 5 }, b = { 0, 0 }, c = { 0, 1 };

    ck_assert_int_lt(timestamp_cmp(a, b), 0);
    ck_assert_int_gt(timestamp_cmp(c, b), 0);
    ck_assert_int_eq(timestamp_cmp(c, c), 0);
    ck_assert_int_gt(timestamp_cmp(timestamp_now(), b), 0);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, text_to_timestamp_and_back, 0, (int)COUNT(vectors));
    tcase_add_loop_test(tc, canonical_form_with_one_byte_changed, 0, 3);
    tcase_add_test(tc, every_day_of_eight_centuries);
    tcase_add_test(tc, printing_on_a_day_that_is_known);
    tcase_add_test(tc, order);
}

UNIT_MAIN("timestamp")
