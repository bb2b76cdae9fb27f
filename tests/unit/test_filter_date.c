/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The date filter on events: the reference's cases in place, then what they leave out. */
#include "tests/unit/filter_cases.h"
#include "tests/unit/unit.h"

START_TEST(cases_of_the_reference)
{
    filter_cases_run("reference/cases/filters/date.json");
}
END_TEST

#define NEW_YORK " timezone => 'America/New_York'"

static const struct {
    const char *name, *options, *now;
    const char *field; /* JSON */
    const char *want;  /* NULL: tagged */
} events[] = {
    { "nanoseconds on demand", "match => [tt, ISO8601] precision => ns", "2024-06-15T12:00:00Z",
      "'2024-01-02T03:04:05.123456789Z'", "2024-01-02T03:04:05.123456789Z" },
    { "nanoseconds of a pattern", "match => [tt, 'yyyy-MM-dd HH:mm:ss.SSSSSS'] precision => ns",
      "2024-06-15T12:00:00Z", "'2024-01-02 03:04:05.123456'", "2024-01-02T03:04:05.123456Z" },
    { "nanoseconds of UNIX", "match => [tt, UNIX] precision => ns", "2024-06-15T12:00:00Z",
      "'1700000000.123456789'", "2023-11-14T22:13:20.123456789Z" },
    { "cut to milliseconds", "match => [tt, ISO8601]", "2024-06-15T12:00:00Z",
      "'2024-01-02T03:04:05.9999Z'", "2024-01-02T03:04:05.999Z" },
    { "a blank and nine digits", "match => [tt, ISO8601]", "2024-06-15T12:00:00Z",
      "'2024-01-02 03:04:05,123456789'", "2024-01-02T03:04:05.123Z" },
    { "UNIX, a negative double", "match => [tt, UNIX]", "2024-06-15T12:00:00Z", "-1.5",
      "1969-12-31T23:59:58.500Z" },
    { "UNIX, negative text adds its fraction", "match => [tt, UNIX]", "2024-06-15T12:00:00Z",
      "'-1.5'", "1969-12-31T23:59:59.500Z" },
    { "TAI64N, upper case, text behind", "match => [tt, TAI64N]", "2024-06-15T12:00:00Z",
      "'@4000000052F88EA32489532C more'", "2014-02-10T08:32:25.612Z" },
    { "TAI64N, one digit short", "match => [tt, TAI64N]", "2024-06-15T12:00:00Z",
      "'@4000000052f88ea32489532'", NULL },
    { "Austrian January", "match => [tt, 'dd. MMMM yyyy'] locale => 'de_AT'",
      "2024-06-15T12:00:00Z", "'02. J\xC3\xA4nner 2024'", "2024-01-02T00:00:00.000Z" },
    { "French in capitals", "match => [tt, 'dd MMMM yyyy'] locale => fr", "2024-06-15T12:00:00Z",
      "'02 D\xC3\x89"
      "CEMBRE 2024'",
      "2024-12-02T00:00:00.000Z" },
    { "Russian", "match => [tt, 'd MMMM yyyy'] locale => ru", "2024-06-15T12:00:00Z",
      "'9 \xD0\xBC\xD0\xB0\xD1\x8F 2024'", "2024-05-09T00:00:00.000Z" },
    { "mixed case is no name", "match => [tt, 'dd MMM yyyy']", "2024-06-15T12:00:00Z",
      "'02 jAN 2024'", NULL },
    { "letters of a literal in any case", "match => [tt, \"yyyy-MM-dd'T'HH\"]",
      "2024-06-15T12:00:00Z", "'2024-01-02t03'", "2024-01-02T03:00:00.000Z" },
    { "a wrong weekday moves the date", "match => [tt, 'EEE, dd MMM yyyy']", "2024-06-15T12:00:00Z",
      "'Mon, 02 Jan 2024'", "2024-01-01T00:00:00.000Z" },
    { "two digits, 80 years back", "match => [tt, 'yy-MM-dd']", "2024-06-15T12:00:00Z",
      "'44-01-02'", "1944-01-02T00:00:00.000Z" },
    { "two digits, 19 years ahead", "match => [tt, 'yy-MM-dd']", "2024-06-15T12:00:00Z",
      "'43-01-02'", "2043-01-02T00:00:00.000Z" },
    { "New York's new year is not ours", "match => [tt, 'MMM dd HH:mm:ss']" NEW_YORK,
      "2024-01-01T00:10:00Z", "'Dec 31 19:05:00'", "2024-01-01T00:05:00.000Z" },
    { "an offset in a date without a year", "match => [tt, 'MMM dd HH:mm Z']" NEW_YORK,
      "2024-06-15T12:00:00Z", "'Jan 01 00:30 +0000'", "2025-01-01T00:30:00.000Z" },
    { "twice: summer", "match => [tt, 'yyyy-MM-dd HH:mm']" NEW_YORK, "2024-06-15T12:00:00Z",
      "'2024-11-03 01:30'", "2024-11-03T05:30:00.000Z" },
    { "an instant of the gap by offset", "match => [tt, ISO8601]" NEW_YORK, "2024-06-15T12:00:00Z",
      "'2024-03-10T02:30:00Z'", "2024-03-10T02:30:00.000Z" },
    { "a zone's name and its own summer", "match => [tt, 'yyyy-MM-dd HH:mm z']",
      "2024-06-15T12:00:00Z", "'2024-07-02 03:04 EST'", "2024-07-02T07:04:00.000Z" },
    { "a long name and as many bytes as with a short one", "match => [tt, 'd/MMM/yyyy']",
      "2024-06-15T12:00:00Z", "'2/June/2024'", "2024-06-02T00:00:00.000Z" },
    { "a fifth digit of a year", "match => [tt, 'd/MM/yyyy']", "2024-06-15T12:00:00Z",
      "'2/06/12024'", "+12024-06-02T00:00:00.000Z" },
    { "an offset with a colon", "match => [tt, 'yyyy-MM-dd H Z']", "2024-06-15T12:00:00Z",
      "'2024-01-02 3 +05:30'", "2024-01-01T21:30:00.000Z" },
    { "an offset of hours before a comma", "match => [tt, 'HH Z,yyyy']", "2024-06-15T12:00:00Z",
      "'03 +05,2024'", "2023-12-31T22:00:00.000Z" },
    { "31 April", "match => [tt, 'dd/MMM/yyyy']", "2024-06-15T12:00:00Z", "'31/Apr/2024'", NULL },
    { "text is not trimmed", "match => [tt, ISO8601]", "2024-06-15T12:00:00Z", "'2024-01-02 '",
      NULL },
    { "an empty text", "match => [tt, ISO8601, 'yyyy', UNIX, UNIX_MS, TAI64N]",
      "2024-06-15T12:00:00Z", "''", NULL },
};

/* Config and JSON need double quotes; single ones keep the table readable. */
static struct slice
quoted(struct arena *a, const char *text)
{
    char *copy = arena_cstr(a, slice_of(text));

    for (char *p = copy; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    return slice_of(copy);
}

/* The time that ends up in the field oo; empty when the event is tagged instead. */
static struct slice
time_of(struct batch *b, struct chain *chain, struct slice field)
{
    struct arena *a = &b->arena;
    struct event *ev = chain_event(b, arena_printf(a, "{\"tt\":%.*s}", SLICE_ARGS(field)));
    struct value *tags, *o;

    ck_assert(chain_run(chain, ev));
    tags = value_get(a, &ev->data, SLICE("tags"));
    o = value_get(a, &ev->data, SLICE("oo"));
    ck_assert((tags == NULL) == (o != NULL && o->type == V_TIMESTAMP));
    return o == NULL ? (struct slice){ NULL, 0 } : (struct slice){ o->raw + 1, o->len - 2 };
}

static struct chain *
date_chain(struct arena *a, const char *options, struct err *err)
{
    setenv("TZ", "UTC", 1);
    return chain_new(arena_printf(a, "filter { date { %s target => oo } }", options), ECS_DISABLED,
                     false, err);
}

START_TEST(events_and_their_time)
{
    struct batch *b = batch_new(NULL);
    struct err err = { 0 };
    struct chain *chain;

    chain_clock(slice_of(events[_i].now));
    chain = date_chain(&b->arena, events[_i].options, &err);
    ck_assert_msg(chain != NULL, "%s: %s", events[_i].name, err.msg);
    for (int again = 0; again < 2; again++) /* the second time it is remembered */
        ck_assert_slice(time_of(b, chain, quoted(&b->arena, events[_i].field)),
                        events[_i].want == NULL ? SLICE("") : slice_of(events[_i].want));
    chain_free(chain);
    batch_recycle(&b);
}
END_TEST

/* Every letter that a format may have, each in a format that needs little else. */
static const struct {
    const char *format, *text, *want;
} letters[] = {
    { "G yyyy", "AD 2024", "2024-01-01T00:00:00.000Z" },
    { "G yyyy", "BC 2024", "2024-01-01T00:00:00.000Z" }, /* the era changes nothing */
    { "CC yy", "20 24", "2024-01-01T00:00:00.000Z" },
    { "YYYY-MM", "2024-07", "2024-07-01T00:00:00.000Z" },
    { "yyyy-M-d", "2024-7-9", "2024-07-09T00:00:00.000Z" },
    { "yyyy MMM", "2024 Jul", "2024-07-01T00:00:00.000Z" },
    { "yyyy MMMM", "2024 July", "2024-07-01T00:00:00.000Z" },
    { "yyyy DDD", "2024 366", "2024-12-31T00:00:00.000Z" },
    { "yyyy D", "2023 366", NULL },
    { "xxxx-'W'ww-e", "2020-W53-7", "2024-01-03T00:00:00.000Z" }, /* no y: the year is guessed */
    { "xxxx-'W'ww-e", "2024-W10-7", "2024-03-10T00:00:00.000Z" },
    { "xxxx w E", "2024 1 Tue", "2024-01-02T00:00:00.000Z" },
    { "xxxx w EEEE", "2024 1 Sunday", "2024-01-07T00:00:00.000Z" },
    { "yyyy HH", "2024 23", "2024-01-01T23:00:00.000Z" },
    { "yyyy HH", "2024 24", NULL },
    { "yyyy kk", "2024 24", "2024-01-01T00:00:00.000Z" },
    { "yyyy KK a", "2024 11 PM", "2024-01-01T23:00:00.000Z" },
    { "yyyy hh a", "2024 12 am", "2024-01-01T00:00:00.000Z" },
    { "yyyy hh a", "2024 13 am", NULL },
    { "yyyy mm", "2024 59", "2024-01-01T00:59:00.000Z" },
    { "yyyy ss", "2024 59", "2024-01-01T00:00:59.000Z" },
    { "yyyy S", "2024 7", "2024-01-01T00:00:00.700Z" },
    { "yyyy SSS", "2024 07", "2024-01-01T00:00:00.070Z" },
    { "yyyy SS", "2024 007", NULL },
    { "yyyy Z", "2024 -0130", "2024-01-01T01:30:00.000Z" },
    { "yyyy ZZ", "2024 +01:30", "2023-12-31T22:30:00.000Z" },
    { "yyyy ZZZ", "2024 Asia/Tokyo", "2023-12-31T15:00:00.000Z" },
    { "yyyy z", "2024 PST", "2024-01-01T08:00:00.000Z" },
    { "yyyy z", "2024 CEST", NULL },
    { "yyyy 'o''clock'", "2024 o'clock", "2024-01-01T00:00:00.000Z" },
};

static void
expect_time(const char *options, const char *text, const char *want)
{
    struct batch *b = batch_new(NULL);
    struct err err = { 0 };
    struct chain *chain;

    chain_clock(SLICE("2024-06-15T12:00:00Z"));
    chain = date_chain(&b->arena, options, &err);
    ck_assert_msg(chain != NULL, "%s: %s", options, err.msg);
    ck_assert_slice(time_of(b, chain, arena_printf(&b->arena, "\"%s\"", text)),
                    want == NULL ? SLICE("") : slice_of(want));
    chain_free(chain);
    batch_recycle(&b);
}

START_TEST(letters_of_formats)
{
    struct arena a;

    arena_init(&a, NULL);
    expect_time(arena_cstr(&a, arena_printf(&a, "match => [tt, \"%s\"]", letters[_i].format)),
                letters[_i].text, letters[_i].want);
    arena_fini(&a);
}
END_TEST

/* Of each language a long month, a short one, and the two of a day, all in March or on Wednesdays;
 * 6 March 2024 was one. */
static const struct {
    const char *locale, *month, *short_month, *day, *short_day;
} languages[] = {
    { "en", "March", "Mar", "Wednesday", "Wed" },
    { "en-GB", "March", "Mar", "Wednesday", "Wed" },
    { "de", "März", "März", "Mittwoch", "Mi." },
    { "fr", "mars", "mars", "mercredi", "mer." },
    { "es", "marzo", "mar", "miércoles", "mié" },
    { "es-MX", "marzo", "mar.", "miércoles", "mié" },
    { "it", "marzo", "mar", "mercoledì", "mer" },
    { "pt", "março", "mar.", "quarta-feira", "qua." },
    { "pt_PT", "março", "mar.", "quarta-feira", "quarta" },
    { "nl", "maart", "mrt.", "woensdag", "wo" },
    { "sv", "mars", "mars", "onsdag", "ons" },
    { "da", "marts", "mar.", "onsdag", "ons." },
    { "nb", "mars", "mar.", "onsdag", "ons." },
    { "no", "mars", "mar.", "onsdag", "ons." },
    { "fi", "maaliskuuta", "maalisk.", "keskiviikkona", "ke" },
    { "pl", "marca", "mar", "środa", "śr." },
    { "cs", "března", "bře", "středa", "st" },
    { "ru", "марта", "мар.", "среда", "ср" },
};

START_TEST(names_of_languages)
{
    const char *locale = languages[_i].locale;
    struct arena a;

    arena_init(&a, NULL);
    for (int is_short = 0; is_short < 2; is_short++) {
        struct slice options = arena_printf(&a, "match => [tt, '%s, d MMMM yyyy'] locale => '%s'",
                                            is_short ? "EEE" : "EEEE", locale);
        struct slice text =
            arena_printf(&a, "%s, 6 %s 2024",
                         is_short ? languages[_i].short_day : languages[_i].day,
                         is_short ? languages[_i].short_month : languages[_i].month);

        expect_time(arena_cstr(&a, options), arena_cstr(&a, text), "2024-03-06T00:00:00.000Z");
    }
    arena_fini(&a);
}
END_TEST

static const struct {
    const char *options, *message;
} refusals[] = {
    { "match => [tt]", "match needs a field and at least one format, it has 1 entries" },
    { "", "match needs a field and at least one format, it has 0 entries" },
    { "match => ['[tt', ISO8601]", "match: Invalid FieldReference: `[tt`" },
    { "match => [tt, 'yyyy-pp']", "match: \"yyyy-pp\": Illegal pattern component: p" },
    { "match => [tt, 'HH zzzz']",
      "match: \"HH zzzz\": long names of zones (zzzz) can be printed, not read" },
    { "match => [tt, ISO8601] timezone => 'CEST'",
      "timezone: \"CEST\" is neither the name of a time zone nor an offset like +05:30" },
    { "match => [tt, ISO8601] timezone => '+25:00'",
      "timezone: \"+25:00\" is neither the name of a time zone nor an offset like +05:30" },
    { "match => [tt, 'MMM'] locale => 'tlh'",
      "locale \"tlh\" is not supported; known are: en de fr es it pt nl sv da nb no fi pl cs ru" },
};

START_TEST(configs_that_cannot_work)
{
    struct arena a;
    struct err err = { 0 };

    arena_init(&a, NULL);
    ck_assert(date_chain(&a, refusals[_i].options, &err) == NULL);
    ck_assert_str_eq(err.msg, refusals[_i].message);
    arena_fini(&a);
}
END_TEST

/* The program runs on while the year changes: what it took for the year at its start is late. */
START_TEST(a_year_that_began_since_the_start)
{
    struct batch *b = batch_new(NULL);
    struct chain *chain;

    chain_clock(SLICE("2024-12-30T12:00:00Z"));
    chain = date_chain(&b->arena, "match => [tt, 'MMM dd HH:mm:ss']", NULL);
    chain_clock(SLICE("2025-03-02T00:00:00Z"));
    ck_assert_slice(time_of(b, chain, SLICE("\"Feb 29 01:02:03\"")),
                    SLICE("2025-02-28T01:02:03.000Z"));
    chain_free(chain);
    batch_recycle(&b);
}
END_TEST

/* A text whose zone comes from the event is not remembered. */
START_TEST(the_same_text_in_other_zones)
{
    struct batch *b = batch_new(NULL);
    struct chain *chain = chain_new(
        SLICE("filter { date { match => [tt, ISO8601] timezone => '%{zz}' target => oo } }"),
        ECS_DISABLED, false, NULL);
    static const struct {
        const char *event, *want;
    } table[] = {
        { "{\"tt\":\"2024-07-02T03:04:05\",\"zz\":\"Asia/Tokyo\"}", "2024-07-01T18:04:05.000Z" },
        { "{\"tt\":\"2024-07-02T03:04:05\",\"zz\":\"-02:30\"}", "2024-07-02T05:34:05.000Z" },
    };

    for (size_t i = 0; i < COUNT(table); i++) {
        struct event *ev = chain_event(b, slice_of(table[i].event));
        struct value *o;

        ck_assert(chain_run(chain, ev));
        o = value_get(&b->arena, &ev->data, SLICE("oo"));
        ck_assert(o != NULL);
        ck_assert_slice(((struct slice){ o->raw + 1, o->len - 2 }), slice_of(table[i].want));
    }
    chain_free(chain);
    batch_recycle(&b);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, events_and_their_time, 0, (int)COUNT(events));
    tcase_add_loop_test(tc, letters_of_formats, 0, (int)COUNT(letters));
    tcase_add_loop_test(tc, names_of_languages, 0, (int)COUNT(languages));
    tcase_add_loop_test(tc, configs_that_cannot_work, 0, (int)COUNT(refusals));
    tcase_add_test(tc, a_year_that_began_since_the_start);
    tcase_add_test(tc, the_same_text_in_other_zones);
}

UNIT_MAIN("filter_date")
