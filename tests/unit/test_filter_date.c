/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The date filter on events: the reference's cases in place, then what they leave out. */
#include "tests/unit/unit.h"
#include "tests/unit/json_events.h"
#include "tests/unit/shared.h"

#include "codec/zoneinfo.h"
#include "pipeline/config_parse.h"
#include "pipeline/edits.h"

#define FILTERS 4

static const struct option common_options[] = {
    OPT_HASH(struct filter_common, add_field, .help = ""),
    OPT_TEMPLATES(struct filter_common, remove_field, .help = ""),
    OPT_TEMPLATES(struct filter_common, add_tag, .help = ""),
    OPT_LIST(struct filter_common, tag_on_failure, .dflt = "_dateparsefailure", .help = ""),
    OPT_END,
};

extern const struct filter_type filter_date, filter_json;

static struct timestamp test_now;

static struct timestamp
now(void)
{
    return test_now;
}

static void
set_now(struct slice text)
{
    ck_assert(timestamp_parse(text, NULL, &test_now));
}

/* ---- a chain of filters from a config text ---- */

struct chain {
    struct arena arena;
    struct config *config;
    struct findings findings;
    size_t n;
    struct {
        const struct filter_type *type;
        void *conf, *local;
        struct filter_common common;
        struct plan_edits *edits;
    } at[FILTERS];
};

static int
prepare_filter(struct chain *c, const struct opt_plugin *plugin, struct err *err)
{
    struct plugin_context ctx = { .arena = &c->arena, .zone = zone_offset, .now = now };
    struct option_reader reader = { .arena = &c->arena,
                                    .findings = &c->findings,
                                    .plugin_type = "filter" };
    size_t i = c->n;
    const struct filter_type *type =
        slice_eq(plugin->name, SLICE("date")) ? &filter_date : &filter_json;
    ck_assert_uint_lt(i, FILTERS);
    c->at[i].type = type;
    c->at[i].conf = arena_calloc(&c->arena, 1, type->conf_size);
    c->at[i].local = arena_calloc(&c->arena, 1, type->local_size);
    if (options_read(&reader, plugin, type->options, c->at[i].conf, common_options,
                     &c->at[i].common) < 0)
        return err_set(err, ERR_CONFIG, "%s", c->findings.at[0].text);
    if (type->prepare(c->at[i].conf, &ctx, err) < 0 ||
        plan_edits_compile(&c->arena, &c->at[i].common, &ctx, &c->at[i].edits, err) < 0 ||
        (type->start != NULL && type->start(c->at[i].conf, c->at[i].local, err) < 0))
        return -1;
    c->n++;
    return 0;
}

static int
chain_init(struct chain *c, struct slice text, struct err *err)
{
    struct config_source source = { "test.conf", text };

    *c = (struct chain){ 0 };
    arena_init(&c->arena, NULL);
    c->config = config_parse(&source, 1, false, &c->findings);
    ck_assert_msg(c->config != NULL, "%s", c->findings.n > 0 ? c->findings.at[0].text : "?");
    for (size_t i = 0; i < c->config->filter.n; i++)
        if (prepare_filter(c, &c->config->filter.at[i].plugin, err) < 0)
            return -1;
    return 0;
}

static void
chain_fini(struct chain *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].type->stop != NULL)
            c->at[i].type->stop(c->at[i].conf, c->at[i].local);
    config_free(&c->config);
    findings_fini(&c->findings);
    arena_fini(&c->arena);
}

static void
chain_run(struct chain *c, struct event *ev)
{
    struct buf scratch = { 0 };

    for (size_t i = 0; i < c->n; i++) {
        enum verdict v = c->at[i].type->apply(c->at[i].conf, c->at[i].local, ev);

        if (v == EVENT_KEEP)
            plan_edits_apply(c->at[i].edits, ev, &scratch);
        else if (v == EVENT_FAILED)
            plan_edits_failed(c->at[i].edits, ev);
    }
    buf_fini(&scratch);
}

/* ---- events ---- */

static struct event *
event_of(struct batch *b, const struct value *v)
{
    return json_event(b, v, test_now, zone_offset);
}

/* As a consumer sees it, with the metadata where there is any. */
static struct value
seen(struct arena *a, struct event *ev)
{
    struct buf text = { 0 };
    struct value v, meta;

    value_write(&ev->data, &text);
    v = json_value(a, buf_slice(&text));
    buf_clear(&text);
    value_write(&ev->meta, &text);
    meta = json_value(a, buf_slice(&text));
    if (value_count(a, &meta) > 0)
        value_assign(value_put(a, &v, SLICE("@metadata")), meta);
    buf_fini(&text);
    return v;
}

/* ---- the reference's cases ---- */

static struct slice
text_of(struct arena *a, struct value *object, const char *key)
{
    struct value *v = value_get(a, object, slice_of(key));

    return v == NULL ? (struct slice){ NULL, 0 } : value_text(a, v);
}

static void
check_types(struct arena *a, struct value *one, uint32_t i, struct event *ev, const char *name)
{
    struct value *types = value_get(a, one, SLICE("types"));
    char index[16];

    snprintf(index, sizeof index, "%u", i);
    types = types == NULL ? NULL : value_get(a, types, slice_of(index));
    for (uint32_t k = 0; types != NULL && k < value_count(a, types); k++) {
        struct value *want = value_at(a, types, k);
        struct fieldref at;
        struct value *v;

        ck_assert_int_eq(fieldref_compile(a, value_key(a, want), ESCAPE_NONE, &at, NULL), 0);
        v = event_get(ev, &at);
        ck_assert_msg(v != NULL && v->type == (slice_eq(value_text(a, want), SLICE("timestamp"))
                                                   ? V_TIMESTAMP
                                                   : V_DECIMAL),
                      "%s, event %u: type of %.*s", name, i, SLICE_ARGS(at.text));
    }
}

static void
run_events(struct arena *a, struct chain *chain, struct value *one, const char *name)
{
    struct value *inputs = value_get(a, one, SLICE("input_events"));
    struct value *wanted = value_get(a, one, SLICE("expected_events"));
    struct batch *b = batch_new(NULL);

    for (uint32_t i = 0; i < value_count(a, inputs); i++) {
        struct event *ev = event_of(b, value_at(a, inputs, i));
        struct value *want = value_at(a, wanted, i), got;
        struct buf text = { 0 };

        chain_run(chain, ev);
        got = seen(a, ev);
        value_write(&got, &text);
        ck_assert_msg(value_equal(a, &got, want), "%s, event %u: %.*s", name, i,
                      SLICE_ARGS(buf_slice(&text)));
        check_types(a, one, i, ev, name);
        buf_fini(&text);
    }
    batch_recycle(&b);
}

static void
run_case(struct arena *a, struct value *one)
{
    const char *name = arena_cstr(a, text_of(a, one, "name"));
    struct slice zone = text_of(a, one, "default_timezone");
    bool refused = text_of(a, one, "expected_error").n > 0;
    struct chain chain;
    struct err err = { 0 };
    int status;

    set_now(text_of(a, one, "now"));
    setenv("TZ", zone.n > 0 ? arena_cstr(a, zone) : "UTC", 1);
    status = chain_init(&chain, text_of(a, one, "config"), &err);
    ck_assert_msg((status < 0) == refused, "%s: %s", name, err.msg);
    if (status == 0)
        run_events(a, &chain, one, name);
    chain_fini(&chain);
}

START_TEST(cases_of_the_reference)
{
    struct arena a;
    struct value cases;
    uint32_t n;

    arena_init(&a, NULL);
    cases = json_value(&a, shared_read(&a, "reference/cases/filters/date.json"));
    n = value_count(&a, &cases);
    ck_assert_uint_ge(n, 1);
    for (uint32_t i = 0; i < n; i++)
        run_case(&a, value_at(&a, &cases, i));
    arena_fini(&a);
}
END_TEST

/* ---- beyond them ---- */

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

START_TEST(events_and_their_time)
{
    struct arena a;
    struct chain chain;
    struct err err = { 0 };
    struct batch *b = batch_new(NULL);
    struct value input, *o, *tags;
    struct event *ev;

    arena_init(&a, NULL);
    setenv("TZ", "UTC", 1);
    set_now(slice_of(events[_i].now));
    ck_assert_msg(chain_init(&chain,
                             arena_printf(&a, "filter { date { %s target => oo } }",
                                          events[_i].options),
                             &err) == 0,
                  "%s: %s", events[_i].name, err.msg);
    input =
        json_value(&a, arena_printf(&a, "{\"tt\":%.*s}", SLICE_ARGS(quoted(&a, events[_i].field))));
    ev = event_of(b, &input);
    chain_run(&chain, ev);
    o = value_get(event_arena(ev), &ev->data, SLICE("oo"));
    tags = value_get(event_arena(ev), &ev->data, SLICE("tags"));
    if (events[_i].want == NULL) {
        ck_assert_msg(o == NULL && tags != NULL, "%s", events[_i].name);
    } else {
        ck_assert_msg(o != NULL && tags == NULL, "%s", events[_i].name);
        ck_assert_slice(((struct slice){ o->raw + 1, o->len - 2 }), slice_of(events[_i].want));
    }
    chain_fini(&chain);
    batch_recycle(&b);
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
    struct chain chain;
    struct err err = { 0 };

    arena_init(&a, NULL);
    set_now(SLICE("2024-06-15T12:00:00Z"));
    ck_assert_int_eq(chain_init(&chain,
                                arena_printf(&a, "filter { date { %s } }", refusals[_i].options),
                                &err),
                     -1);
    ck_assert_str_eq(err.msg, refusals[_i].message);
    chain_fini(&chain);
    arena_fini(&a);
}
END_TEST

/* The program runs on while the year changes: what it took for the year at its start is late. */
START_TEST(a_year_that_began_since_the_start)
{
    struct chain chain;
    struct batch *b = batch_new(NULL);
    struct err err = { 0 };
    struct value input;
    struct event *ev;

    setenv("TZ", "UTC", 1);
    set_now(SLICE("2024-12-30T12:00:00Z"));
    ck_assert_msg(chain_init(&chain, SLICE("filter { date { match => [tt, 'MMM dd HH:mm:ss'] } }"),
                             &err) == 0,
                  "%s", err.msg);
    set_now(SLICE("2025-03-02T00:00:00Z"));
    input = json_value(&b->arena, SLICE("{\"tt\":\"Feb 29 01:02:03\"}"));
    ev = event_of(b, &input);
    chain_run(&chain, ev);
    input = seen(&b->arena, ev);
    ck_assert_slice(value_text(&b->arena, value_get(&b->arena, &input, SLICE("@timestamp"))),
                    SLICE("2025-02-28T01:02:03.000Z"));
    chain_fini(&chain);
    batch_recycle(&b);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, events_and_their_time, 0, (int)COUNT(events));
    tcase_add_loop_test(tc, configs_that_cannot_work, 0, (int)COUNT(refusals));
    tcase_add_test(tc, a_year_that_began_since_the_start);
}

UNIT_MAIN("filter_date")
