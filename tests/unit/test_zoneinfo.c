/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "codec/zoneinfo.h"

/* ---- files, made here ---- */

static void
put_be(struct buf *b, uint64_t n, int bytes)
{
    for (int i = bytes; i-- > 0;)
        buf_byte(b, (char)(n >> (8 * i)));
}

static void
put_header(struct buf *b, char version, uint32_t times, uint32_t types, uint32_t leaps)
{
    buf_append(b, SLICE("TZif"));
    buf_byte(b, version);
    for (int i = 0; i < 15; i++)
        buf_byte(b, 0);
    put_be(b, 0, 4);
    put_be(b, 0, 4);
    put_be(b, leaps, 4);
    put_be(b, times, 4);
    put_be(b, types, 4);
    put_be(b, 4, 4);
}

/* One transition at 1000 from +0 to +1 hour. */
static void
put_block(struct buf *b, int time_bytes)
{
    put_be(b, 1000, time_bytes);
    buf_byte(b, 1);
    for (uint32_t type = 0; type < 2; type++) {
        put_be(b, type * 3600, 4);
        put_be(b, 0, 2);
    }
    buf_append(b, SLICE("ABC\0"));
}

static struct buf
small_file(char version, const char *rule)
{
    struct buf b = { 0 };

    put_header(&b, version, 1, 2, 0);
    put_block(&b, 4);
    if (version != 0) {
        put_header(&b, version, 1, 2, 0);
        put_block(&b, 8);
        buf_printf(&b, "\n%s\n", rule);
    }
    return b;
}

START_TEST(version_one_has_no_rule)
{
    struct buf file = small_file(0, NULL);
    struct err err = { 0 };
    struct zone *z = zone_parse(buf_slice(&file), &err);

    ck_assert_msg(z != NULL, "%s", err.msg);
    ck_assert_int_eq(zone_at(z, 999).offset, 0);
    ck_assert_int_eq(zone_at(z, 1000).offset, 3600);
    ck_assert_int_eq(zone_at(z, INT64_MAX).offset, 3600);
    ck_assert_int_eq(zone_at(z, 0).until, 1000);
    zone_free(z);
    buf_fini(&file);
}
END_TEST

START_TEST(version_two_goes_on_by_its_rule)
{
    struct buf file = small_file('2', "CET-1CEST,M3.5.0,M10.5.0/3");
    struct err err = { 0 };
    struct zone *z = zone_parse(buf_slice(&file), &err);

    ck_assert_msg(z != NULL, "%s", err.msg);
    ck_assert_int_eq(zone_at(z, 1709618828).offset, 3600); /* March 2024 */
    ck_assert_int_eq(zone_at(z, 1711846799).offset, 3600); /* the last second of winter */
    ck_assert_int_eq(zone_at(z, 1711846800).offset, 7200);
    ck_assert_int_eq(zone_at(z, 1711846800).until, 1729990800);
    ck_assert_int_eq(zone_at(z, INT64_C(253402300799)).offset, 3600); /* December 9999 */
    ck_assert_int_eq(zone_at(z, 2000).offset, 3600);
    ck_assert_int_eq(zone_at(z, 0).offset, 0);
    zone_free(z);
    buf_fini(&file);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused)
{
    struct buf file = small_file('2', "CET-1CEST,M3.5.0,M10.5.0/3");

    for (size_t n = 0; n < file.n; n++) {
        char *exact = malloc(n + 1); /* so that a sanitizer sees a read too far */
        struct err err = { 0 };

        memcpy(exact, file.p, n);
        ck_assert_msg(zone_parse((struct slice){ exact, n }, &err) == NULL, "%zu bytes", n);
        ck_assert_int_ne(err.code, ERR_NONE);
        free(exact);
    }
    buf_fini(&file);
}
END_TEST

static const struct {
    const char *name;
    uint32_t times, types, leaps;
    const char *message;
} headers[] = {
    { "leap seconds", 1, 2, 1, "TZif file counts leap seconds" },
    { "no type", 0, 0, 0, "TZif file with 0 transitions (limit 8192) and 0 types (1 to 256)" },
    { "limit + 1", 8193, 1, 0,
      "TZif file with 8193 transitions (limit 8192) and 1 types (1 to 256)" },
    { "a size that overflows", UINT32_MAX, 256, 0,
      "TZif file with 4294967295 transitions (limit 8192) and 256 types (1 to 256)" },
};

START_TEST(bad_headers)
{
    struct buf b = { 0 };
    struct err err = { 0 };

    put_header(&b, 0, headers[_i].times, headers[_i].types, headers[_i].leaps);
    put_block(&b, 4);
    ck_assert(zone_parse(buf_slice(&b), &err) == NULL);
    ck_assert_str_eq(err.msg, headers[_i].message);
    buf_fini(&b);
}
END_TEST

/* ---- rules ---- */

static const struct {
    const char *name;
    struct slice rule;
    int64_t utc;
    int32_t offset;
} rules[] = {
    { "no summer", SLICE_INIT("EST5"), 1720000000, -18000 },
    { "name in brackets", SLICE_INIT("<+0330>-3:30"), 1720000000, 12600 },
    { "south: summer over the new year", SLICE_INIT("AEST-10AEDT,M10.1.0,M4.1.0/3"), 1704067200,
      39600 },
    { "south: winter", SLICE_INIT("AEST-10AEDT,M10.1.0,M4.1.0/3"), 1720000000, 36000 },
    { "summer that is less", SLICE_INIT("IST-1GMT0,M10.5.0,M3.5.0/1"), 1704067200, 0 },
    { "half an hour of summer", SLICE_INIT("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"), 1704067200,
      39600 },
    { "before midnight", SLICE_INIT("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"), 1711846799, -7200 },
    { "a second later", SLICE_INIT("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"), 1711846800, -3600 },
    { "julian days skip 29 February", SLICE_INIT("AAA0BBB,J60/0,J61/0"), 1709251200, 3600 },
    { "days from zero do not", SLICE_INIT("AAA0BBB,59/0,60/0"), 1709164800, 3600 },
    { "summer all year", SLICE_INIT("XXX3EDT4,0/0,J365/23"), 1704067200, -14400 },
};

START_TEST(offset_by_rule)
{
    struct err err = { 0 };
    struct zone *z = zone_parse_rule(rules[_i].rule, &err);

    ck_assert_msg(z != NULL, "%s", err.msg);
    ck_assert_msg(zone_at(z, rules[_i].utc).offset == rules[_i].offset, "%s: %d", rules[_i].name,
                  zone_at(z, rules[_i].utc).offset);
    zone_free(z);
}
END_TEST

/* Dates have fewer years than 64 bits of seconds. */
START_TEST(instants_beyond_all_years)
{
    static const int64_t far[] = {
        INT64_MIN / 2, -INT64_C(31556889864403200), -1, 0, INT64_C(31556889864403200), INT64_MAX / 2
    };
    struct zone *z = zone_parse_rule(SLICE("EST5EDT,M3.2.0,M11.1.0/2"), NULL);
    int64_t utc;

    ck_assert_ptr_nonnull(z);
    for (size_t i = 0; i < COUNT(far); i++) {
        struct zone_span span = zone_at(z, far[i]);

        ck_assert(span.from <= far[i] && far[i] < span.until);
        ck_assert_int_eq(zone_from_local(z, far[i], &utc), ZONE_ONE);
        ck_assert_int_eq(utc, far[i] - zone_at(z, utc).offset);
    }
    zone_free(z);
}
END_TEST

START_TEST(rules_that_are_none)
{
    static const struct {
        struct slice rule;
        const char *message;
    } bad[] = {
        { SLICE_INIT(""), "time zone rule \"\" is wrong at byte 0" },
        { SLICE_INIT("ES5"), "time zone rule \"ES5\" is wrong at byte 2" },
        { SLICE_INIT("EST25"), "time zone rule \"EST25\" is wrong at byte 5" },
        { SLICE_INIT("EST5EDT"), "time zone rule \"EST5EDT\" is wrong at byte 7" },
        { SLICE_INIT("EST5EDT,M13.1.0,M1.1.0"),
          "time zone rule \"EST5EDT,M13.1.0,M1.1.0\" is wrong at byte 11" },
        { SLICE_INIT("EST5EDT,M1.1.0,M2.1.0x"),
          "time zone rule \"EST5EDT,M1.1.0,M2.1.0x\" is wrong at byte 21" },
        { SLICE_INIT("<+05-5"), "time zone rule \"<+05-5\" is wrong at byte 0" },
    };
    struct err err = { 0 };

    ck_assert(zone_parse_rule(bad[_i].rule, &err) == NULL);
    ck_assert_str_eq(err.msg, bad[_i].message);
}
END_TEST

/* ---- the system's zones ---- */

static const struct {
    const char *name;
    struct slice zone;
    int64_t local;
    enum zone_local kind;
    int64_t utc;
} locals[] = {
    { "winter", SLICE_INIT("America/New_York"), 1704164645, ZONE_ONE, 1704182645 },
    { "the last second before the gap", SLICE_INIT("America/New_York"), 1710035999, ZONE_ONE,
      1710053999 },
    { "the gap begins", SLICE_INIT("America/New_York"), 1710036000, ZONE_GAP, 1710054000 },
    { "the gap has ended", SLICE_INIT("America/New_York"), 1710039600, ZONE_ONE, 1710054000 },
    { "twice", SLICE_INIT("America/New_York"), 1730597400, ZONE_TWICE, 1730611800 },
    { "no more", SLICE_INIT("America/New_York"), 1730599200, ZONE_ONE, 1730617200 },
    { "far in the future, by the rule", SLICE_INIT("America/New_York"), INT64_C(4875508800),
      ZONE_ONE, INT64_C(4875523200) },
    { "a day that was left out", SLICE_INIT("Pacific/Apia"), 1325246400, ZONE_GAP, 1325282400 },
    { "fixed", SLICE_INIT("Etc/GMT+5"), 0, ZONE_ONE, 18000 },
};

START_TEST(local_time_to_utc)
{
    const struct zone *z = zone_find(locals[_i].zone);
    int64_t utc;

    ck_assert_msg(z != NULL, "no %.*s: is tzdata installed?", SLICE_ARGS(locals[_i].zone));
    ck_assert_msg(zone_from_local(z, locals[_i].local, &utc) == locals[_i].kind, "%s",
                  locals[_i].name);
    ck_assert_int_eq(utc, locals[_i].utc);
}
END_TEST

START_TEST(names_that_are_none)
{
    static const struct slice bad[] = {
        SLICE_INIT("Mars/Base"),      SLICE_INIT("CEST"),      SLICE_INIT("../../etc/localtime"),
        SLICE_INIT("/etc/localtime"), SLICE_INIT("Europe"),    SLICE_INIT("zone.tab"),
        SLICE_INIT("localtime"),      SLICE_INIT("right/UTC"), SLICE_INIT("Europe/Par\0is"),
        SLICE_INIT("posixrules"),     SLICE_INIT("+05:00"),    SLICE_INIT("tzdata"),
    };

    ck_assert(zone_find(bad[_i]) == NULL);
}
END_TEST

START_TEST(a_zone_is_read_once)
{
    ck_assert(zone_find(SLICE("Europe/Paris")) != NULL);
    ck_assert(zone_find(SLICE("Europe/Paris")) == zone_find(SLICE("Europe/Paris")));
}
END_TEST

START_TEST(zone_of_the_process)
{
    static const struct {
        const char *variable;
        int32_t offset;
    } table[] = {
        { "Asia/Tokyo", 32400 },
        { ":Asia/Tokyo", 32400 },
        { "/usr/share/zoneinfo/Asia/Tokyo", 32400 },
        { "XYZ-2", 7200 },
        { "", 0 },
        { "no zone at all", 0 },
    };
    const char *was = getenv("TZ");
    char *keep = was == NULL ? NULL : strdup(was);
    int32_t offset = 1;

    setenv("TZ", table[_i].variable, 1);
    ck_assert(zone_offset(SLICE(""), 1704164645, &offset));
    ck_assert_int_eq(offset, table[_i].offset);
    unsetenv("TZ");
    ck_assert(zone_find(SLICE("")) != NULL);
    if (keep != NULL)
        setenv("TZ", keep, 1);
    free(keep);
}
END_TEST

START_TEST(offsets_as_names)
{
    static const struct {
        struct slice name;
        bool ok;
        int32_t offset;
    } table[] = {
        { SLICE_INIT("+05:30"), true, 19800 },  { SLICE_INIT("-0530"), true, -19800 },
        { SLICE_INIT("+05"), true, 18000 },     { SLICE_INIT("-08:00:30"), true, -28830 },
        { SLICE_INIT("+080030"), true, 28830 }, { SLICE_INIT("+23:59:59"), true, 86399 },
        { SLICE_INIT("+24:00"), false, 0 },     { SLICE_INIT("+05:60"), false, 0 },
        { SLICE_INIT("+5:30"), false, 0 },      { SLICE_INIT("+05:3"), false, 0 },
        { SLICE_INIT("+05:3000"), false, 0 },   { SLICE_INIT("+0530:00"), false, 0 },
        { SLICE_INIT("+"), false, 0 },          { SLICE_INIT(""), false, 0 },
        { SLICE_INIT("05:30"), false, 0 },      { SLICE_INIT("+05:30:00:00"), false, 0 },
    };

    for (size_t i = 0; i < COUNT(table); i++) {
        int32_t offset = 0;

        ck_assert_msg(zone_offset_name(table[i].name, &offset) == table[i].ok, "%.*s",
                      SLICE_ARGS(table[i].name));
        if (table[i].ok)
            ck_assert_int_eq(offset, table[i].offset);
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, version_one_has_no_rule);
    tcase_add_test(tc, version_two_goes_on_by_its_rule);
    tcase_add_test(tc, a_file_cut_anywhere_is_refused);
    tcase_add_loop_test(tc, bad_headers, 0, (int)COUNT(headers));
    tcase_add_loop_test(tc, offset_by_rule, 0, (int)COUNT(rules));
    tcase_add_test(tc, instants_beyond_all_years);
    tcase_add_loop_test(tc, rules_that_are_none, 0, 7);
    tcase_add_loop_test(tc, local_time_to_utc, 0, (int)COUNT(locals));
    tcase_add_loop_test(tc, names_that_are_none, 0, 12);
    tcase_add_test(tc, a_zone_is_read_once);
    tcase_add_loop_test(tc, zone_of_the_process, 0, 6);
    tcase_add_test(tc, offsets_as_names);
}

UNIT_MAIN("zoneinfo")
