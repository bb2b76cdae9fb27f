/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter date: a field's text becomes a timestamp (filters.md 6).
 *
 * Formats and the zone compile once; each worker remembers the span of the zone's offset that it
 * met last, so that most events need no search in it. */
#include "pipeline/date_epoch.h"
#include "pipeline/date_fields.h"
#include "pipeline/date_format.h"
#include "pipeline/date_names.h"
#include "pipeline/filter.h"

#define DAY        86400
#define TEXT_BYTES 40

/* Where a text without a zone of its own belongs. */
struct place {
    const struct zone *zone; /* NULL: fixed holds */
    int32_t fixed;
};

enum kind { FORMAT, ISO8601, UNIX, UNIX_MS, TAI64N };

struct format {
    enum kind kind;
    const struct date_format *format;
    const struct date_iso *iso;
};

struct conf {
    struct opt_list match;
    struct fieldref target;
    struct template *timezone;
    struct slice locale;
    int precision;
    /* compiled */
    struct fieldref source;
    struct format *formats;
    size_t n;
    struct place place;      /* unless timezone has placeholders */
    const struct zone *home; /* of the process */
    bool dynamic;
    struct timestamp (*now)(void);
};

struct local {
    const struct zone *zone; /* of span */
    struct zone_span span;
    struct buf scratch;
    int64_t quarter; /* of an hour since 1970, in which today is right */
    struct civil today;
    /* The last text of a format with a year, and its time. Access logs tell seconds: at 1,000
     * lines a second nearly each repeats the one before. 55 ns become 36. */
    char text[TEXT_BYTES];
    size_t text_n;
    struct timestamp time;
    struct date_memo memo;
};

static const char *const precisions[] = { "ms", "ns", NULL };

static const struct option options[] = {
    OPT_LIST(struct conf, match,
             .help = "the field, then one or more formats: ISO8601, UNIX, UNIX_MS, TAI64N or a "
                     "pattern such as dd/MMM/yyyy:HH:mm:ss Z"),
    OPT_FIELDREF(struct conf, target, .dflt = "@timestamp", .help = "field that gets the time"),
    OPT_TEMPLATE(struct conf, timezone,
                 .help = "zone of texts that name none: Europe/Paris, +05:30; default: the "
                         "system's"),
    OPT_STR(struct conf, locale, .dflt = "en", .help = "language of month and day names"),
    OPT_ENUM(struct conf, precision, .dflt = "ms", .choices = precisions,
             .help = "finest unit to keep: ms or ns"),
    OPT_END,
};

/* ---- preparing ---- */

static bool
place_of(struct slice name, struct place *out)
{
    out->zone = NULL;
    if (name.n > 0 && (name.p[0] == '+' || name.p[0] == '-'))
        return zone_offset_name(name, &out->fixed);
    out->zone = name.n == 0 ? NULL : zone_find(name);
    return out->zone != NULL;
}

static int
prepare_place(struct conf *c, struct err *err)
{
    struct slice name;

    if (c->timezone == NULL) {
        c->place.zone = c->home;
        return 0;
    }
    c->dynamic = !template_is_literal(c->timezone, &name);
    if (c->dynamic || place_of(name, &c->place))
        return 0;
    return err_set(
        err, ERR_CONFIG,
        "timezone: \"%.*s\" is neither the name of a time zone nor an offset like +05:30",
        SLICE_ARGS(name));
}

/* On the calendar of the process. */
static struct civil
civil_at(const struct conf *c, struct timestamp t)
{
    t.sec += zone_at(c->home, t.sec).offset;
    return civil_of(t);
}

static int
prepare_format(struct conf *c, const struct plugin_context *ctx, struct slice text,
               struct format *out, struct err *err)
{
    struct date_format_spec spec = { c->locale, civil_at(c, c->now()).year,
                                     (enum date_precision)c->precision };

    if (slice_eq(text, SLICE("UNIX"))) {
        out->kind = UNIX;
    } else if (slice_eq(text, SLICE("UNIX_MS"))) {
        out->kind = UNIX_MS;
    } else if (slice_eq(text, SLICE("TAI64N"))) {
        out->kind = TAI64N;
    } else if (slice_eq(text, SLICE("ISO8601"))) {
        out->kind = ISO8601;
        return date_iso_compile(ctx->arena, &spec, &out->iso, err);
    } else {
        out->kind = FORMAT;
        if (date_format_compile(ctx->arena, text, &spec, &out->format, err) < 0)
            return err_prefix(err, "match: \"%.*s\"", SLICE_ARGS(text));
    }
    return 0;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    c->now = ctx->now;
    c->home = zone_find(SLICE(""));
    if (c->match.n < 2)
        return err_set(err, ERR_CONFIG,
                       "match needs a field and at least one format, it has %zu "
                       "entries",
                       c->match.n);
    if (fieldref_compile(ctx->arena, c->match.at[0], ctx->escape, &c->source, err) < 0)
        return err_prefix(err, "match");
    if (date_locale_check(c->locale, err) < 0 || prepare_place(c, err) < 0)
        return -1;
    c->n = c->match.n - 1;
    c->formats = arena_calloc(ctx->arena, c->n, sizeof c->formats[0]);
    for (size_t i = 0; i < c->n; i++)
        if (prepare_format(c, ctx, c->match.at[i + 1], &c->formats[i], err) < 0)
            return -1;
    return 0;
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    buf_fini(&l->scratch);
}

/* ---- zones ---- */

/* Far enough from both ends of the span that was met last, its offset is certain. False: the local
 * time is one that the zone skips. */
static bool
zone_to_utc(struct local *l, const struct zone *zone, int64_t local, int64_t *utc)
{
    if (zone != l->zone || local < l->span.from || local > l->span.until) {
        if (zone_from_local(zone, local, utc) == ZONE_GAP)
            return false;
        l->zone = zone;
        l->span = zone_at(zone, *utc);
        l->span.from += l->span.from == INT64_MIN ? 0 : DAY;
        l->span.until -= DAY;
        return true;
    }
    *utc = local - l->span.offset;
    return true;
}

static bool
to_utc(struct local *l, struct place place, int64_t local, int64_t *utc)
{
    if (place.zone != NULL)
        return zone_to_utc(l, place.zone, local, utc);
    *utc = local - place.fixed;
    return true;
}

static int32_t
offset_at(struct place place, int64_t utc)
{
    return place.zone == NULL ? place.fixed : zone_at(place.zone, utc).offset;
}

static bool
parsed_to_utc(struct local *l, struct place place, const struct date_parsed *p, int64_t *utc)
{
    switch (p->where) {
    case DATE_LOCAL: break;
    case DATE_ZONE: return zone_to_utc(l, p->zone, p->local, utc);
    case DATE_OFFSET: *utc = p->local - p->offset; return true;
    }
    return to_utc(l, place, p->local, utc);
}

/* ---- dates without a year ---- */

/* New days begin at a full quarter of an hour, wherever that is. */
static const struct civil *
today(const struct conf *c, struct local *l)
{
    struct timestamp now = c->now();

    if (l->quarter != now.sec / 900 || l->today.month == 0) {
        l->quarter = now.sec / 900;
        l->today = civil_at(c, now);
    }
    return &l->today;
}

/* Over the new year it is the neighbour of this year that is meant. */
static int64_t
guess_year(int month, const struct civil *now)
{
    if (month == 12 && now->month == 1)
        return now->year - 1;
    if (month == 1 && now->month == 12)
        return now->year + 1;
    return now->year;
}

/* The text was read as one of the year in which we started; only after a new year since, or around
 * one, is the guess another. */
static bool
without_year(const struct conf *c, struct local *l, struct place place, const struct date_format *f,
             struct date_parsed *p, int64_t *utc)
{
    int64_t local, year;
    struct civil civil;

    if (!parsed_to_utc(l, place, p, utc))
        return false;
    if (!date_format_has_offset(f) && !to_utc(l, place, p->local, utc))
        return false; /* a zone by name does not count here */
    local = date_format_has_offset(f) ? *utc + offset_at(place, *utc) : p->local;
    civil = civil_of((struct timestamp){ local, 0 });
    year = guess_year(civil.month, today(c, l));
    if (year == civil.year)
        return true;
    local = date_move_year(local, year);
    if (place.zone != NULL)
        zone_from_local(place.zone, local, utc);
    else
        *utc = local - place.fixed;
    return true;
}

/* ---- applying ---- */

/* True if a text that was parsed before needs no more: neither the clock nor the event's own zone
 * has a say. Which format it was does not matter, for the order of formats is always the same. */
static bool
recall(const struct local *l, struct slice text, struct timestamp *out)
{
    *out = l->time;
    return text.n > 0 && slice_eq(text, (struct slice){ l->text, l->text_n });
}

static void
remember(struct local *l, struct slice text, struct timestamp t)
{
    if (text.n > sizeof l->text)
        return;
    memcpy(l->text, text.p, text.n);
    l->text_n = text.n;
    l->time = t;
}

static bool
parse_text(const struct conf *c, struct local *l, const struct format *f, struct place place,
           struct slice text, struct timestamp *out)
{
    struct date_parsed p;
    bool ok = f->kind == ISO8601 ? date_iso_parse(f->iso, text, &p)
                                 : date_format_parse(f->format, text, &l->memo, &p);

    if (!ok)
        return false;
    out->nsec = p.nsec;
    if (f->kind == FORMAT && !date_format_has_year(f->format))
        return without_year(c, l, place, f->format, &p, &out->sec);
    if (!parsed_to_utc(l, place, &p, &out->sec))
        return false;
    if (!c->dynamic)
        remember(l, text, *out);
    return true;
}

static bool
parse(const struct conf *c, struct local *l, const struct format *f, struct event *ev,
      struct value *v, struct timestamp *out)
{
    enum date_precision precision = (enum date_precision)c->precision;
    struct arena *a = event_arena(ev);
    struct place place = c->place;

    if (f->kind == UNIX)
        return date_unix(a, v, precision, out);
    if (f->kind == UNIX_MS)
        return date_unix_ms(a, v, precision, out);
    if (v->type != V_STRING)
        return false;
    if (f->kind == TAI64N)
        return date_tai64n(value_text(a, v), precision, out);
    if (c->dynamic) {
        buf_clear(&l->scratch);
        template_render(c->timezone, ev, &l->scratch);
        if (!place_of(buf_slice(&l->scratch), &place))
            return false;
    }
    return parse_text(c, l, f, place, value_text(a, v), out);
}

static bool
parse_any(const struct conf *c, struct local *l, struct event *ev, struct value *v,
          struct timestamp *out)
{
    if (v->type == V_STRING && recall(l, value_text(event_arena(ev), v), out))
        return true;
    for (size_t i = 0; i < c->n; i++)
        if (parse(c, l, &c->formats[i], ev, v, out))
            return true;
    return false;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct value *v = event_get(ev, &c->source);
    struct timestamp t;

    if (v == NULL || v->type == V_NULL)
        return EVENT_SKIP;
    if (!parse_any(c, local, ev, v, &t))
        return EVENT_FAILED;
    if (c->target.kind == REF_TIMESTAMP)
        event_set_timestamp(ev, t);
    else if (event_set(ev, &c->target, value_timestamp(event_arena(ev), t), NULL) < 0)
        return EVENT_FAILED;
    return EVENT_KEEP;
}

const struct filter_type filter_date = {
    .name = "date",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .tag_on_failure = "_dateparsefailure",
    .prepare = prepare,
    .stop = stop,
    .apply = apply,
};
