/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter csv: a record of separated values to fields (filters.md 10).
 *
 * With autodetect_column_names the first record that any worker sees names the columns: that is
 * the one thing here that workers share, published once through an atomic pointer. */
#include "pipeline/filter.h"

#include "pipeline/csv_row.h"
#include "pipeline/ecs.h"
#include "pipeline/ruby_number.h"
#include "pipeline/text_case.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Each is a look through the event: a row of a megabyte of commas must not take minutes. */
#define CSV_COLUMNS 4096

enum conversion {
    CONVERT_NOT = -1,
    CONVERT_INTEGER,
    CONVERT_FLOAT,
    CONVERT_DATE,
    CONVERT_DATE_TIME,
    CONVERT_BOOLEAN
};
static const char *const conversions[] = { "integer", "float", "date", "date_time", "boolean" };

struct column {
    struct slice name;
    struct fieldref at;
    bool illegal;
    enum conversion convert;
};

struct columns {
    size_t n;
    struct arena arena; /* of what a record named; unused for the operator's */
    struct column at[];
};

struct conf {
    struct fieldref source;
    struct opt_list columns;
    struct slice separator, quote_char, target;
    bool autogenerate_column_names, autodetect_column_names;
    bool skip_header, skip_empty_columns, skip_empty_rows;
    struct opt_hash convert;
    int ecs_compatibility;
    struct csv_syntax syntax;
    struct columns *given; /* the operator's; NULL: none */
    _Atomic(struct columns *) detected;
    enum conversion *converts; /* one for each entry of convert */
    enum escape_style escape;
    zone_fn *zone;
};

struct local {
    struct csv_row row;
    struct buf text;
};

static const struct option options[] = {
    OPT_FIELDREF(struct conf, source, .dflt = "message", .help = "field with the text"),
    OPT_LIST(struct conf, columns, .help = "names of the columns"),
    OPT_STR(struct conf, separator, .dflt = ",", .help = "text between two values"),
    OPT_STR(struct conf, quote_char, .dflt = "\"",
            .help = "character around values; \\x00: there is none"),
    OPT_STR(struct conf, target, .help = "field below which the columns are stored"),
    OPT_BOOL(struct conf, autogenerate_column_names, .dflt = "true",
             .help = "columns without a name become column1, column2, ..."),
    OPT_BOOL(struct conf, autodetect_column_names, .dflt = "false",
             .help = "the first record has the names"),
    OPT_BOOL(struct conf, skip_header, .dflt = "false",
             .help = "drop records that repeat the names of the columns"),
    OPT_BOOL(struct conf, skip_empty_columns, .dflt = "false", .help = "do not store empty values"),
    OPT_BOOL(struct conf, skip_empty_rows, .dflt = "false",
             .help = "tag empty texts instead of failing"),
    OPT_HASH(struct conf, convert,
             .help = "columns to types: integer, float, date, date_time, boolean"),
    OPT_ECS(struct conf),
    OPT_END,
};

/* ---- columns ---- */

static int
compile_conversions(struct conf *c, const struct plugin_context *ctx, struct err *err)
{
    c->converts = arena_calloc(ctx->arena, c->convert.n, sizeof *c->converts);
    for (size_t i = 0; i < c->convert.n; i++) {
        size_t k = 0;

        while (k < COUNT(conversions) &&
               !slice_eq(c->convert.at[i].value.text, slice_of(conversions[k])))
            k++;
        if (k == COUNT(conversions))
            return err_set(err, ERR_CONFIG,
                           "convert of %.*s: \"%.*s\" is none of integer, float, date, date_time, "
                           "boolean",
                           SLICE_ARGS(c->convert.at[i].key),
                           SLICE_ARGS(c->convert.at[i].value.text));
        c->converts[i] = (enum conversion)k;
    }
    return 0;
}

static enum conversion
conversion_of(const struct conf *c, struct slice name)
{
    for (size_t i = 0; i < c->convert.n; i++)
        if (slice_eq(c->convert.at[i].key, name))
            return c->converts[i];
    return CONVERT_NOT;
}

/* [target][name]; a name that is a reference of its own is flattened. */
static void
make_column(const struct conf *c, struct arena *a, struct slice name, struct column *out)
{
    struct slice path = name;
    bool bracketed = c->target.n > 0 && c->target.p[0] == '[';

    if (c->target.p != NULL)
        path = arena_printf(a, bracketed ? "%.*s[%.*s]" : "[%.*s][%.*s]", SLICE_ARGS(c->target),
                            SLICE_ARGS(name));
    out->name = name;
    out->illegal = fieldref_compile(a, path, c->escape, &out->at, NULL) < 0;
    out->convert = conversion_of(c, name);
}

static struct slice
generated_name(struct arena *a, size_t i)
{
    return arena_printf(a, "column%zu", i + 1);
}

static struct columns *
columns_new(size_t n)
{
    struct columns *cols = xcalloc(1, sizeof *cols + n * sizeof cols->at[0]);

    cols->n = n;
    arena_init(&cols->arena, NULL);
    return cols;
}

static void
columns_free(struct columns *cols)
{
    if (cols == NULL)
        return;
    arena_fini(&cols->arena);
    free(cols);
}

static int
check_syntax(struct conf *c, struct err *err)
{
    struct slice quote = c->quote_char;

    if (c->separator.n == 0)
        return err_set(err, ERR_CONFIG, "separator must not be empty");
    if (slice_eq(quote, SLICE("\\x00")) || slice_eq(quote, SLICE("\0")))
        quote = SLICE("");
    for (size_t i = 1; i < quote.n; i++)
        if ((quote.p[i] & 0xc0) != 0x80)
            return err_set(err, ERR_CONFIG, "quote_char \"%.*s\" is more than one character",
                           SLICE_ARGS(quote));
    c->syntax = (struct csv_syntax){ c->separator, quote };
    return 0;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    c->escape = ctx->escape;
    c->zone = ctx->zone;
    if (check_syntax(c, err) < 0 || compile_conversions(c, ctx, err) < 0)
        return -1;
    if (c->columns.n == 0)
        return 0;
    c->given = columns_new(c->columns.n);
    for (size_t i = 0; i < c->columns.n; i++)
        make_column(c, &c->given->arena, c->columns.at[i], &c->given->at[i]);
    return 0;
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    columns_free(c->given);
    columns_free(atomic_load_explicit(&c->detected, memory_order_relaxed));
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    csv_row_fini(&l->row);
    buf_fini(&l->text);
}

/* ---- detecting ---- */

static const struct columns *
current_columns(const struct conf *c)
{
    return c->given != NULL ? c->given : atomic_load_explicit(&c->detected, memory_order_acquire);
}

/* True: this record names the columns now; false: another worker's was faster. */
static bool
detect(const struct conf *c, const struct csv_row *row)
{
    struct columns *mine = columns_new(row->n), *other = NULL;
    struct conf *shared = (struct conf *)(uintptr_t)c;

    for (size_t i = 0; i < row->n; i++) {
        struct slice name = row->fields[i].text;

        name = name.p == NULL ? generated_name(&mine->arena, i) : arena_copy(&mine->arena, name);
        make_column(c, &mine->arena, name, &mine->at[i]);
    }
    if (atomic_compare_exchange_strong_explicit(&shared->detected, &other, mine,
                                                memory_order_acq_rel, memory_order_acquire))
        return true;
    columns_free(mine);
    return false;
}

static bool
is_header(const struct columns *cols, const struct csv_row *row)
{
    if (cols == NULL || cols->n != row->n)
        return false;
    for (size_t i = 0; i < row->n; i++)
        if (!slice_eq(row->fields[i].text, cols->at[i].name))
            return false;
    return true;
}

/* ---- converting ---- */

static bool
take_number(struct slice *s, size_t digits, int *out)
{
    *out = 0;
    if (s->n < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        *out = *out * 10 + (s->p[i] - '0');
    }
    s->p += digits;
    s->n -= digits;
    return true;
}

static bool
take_char(struct slice *s, const char *set)
{
    if (s->n == 0 || s->p[0] == '\0' || strchr(set, s->p[0]) == NULL)
        return false;
    s->p++;
    s->n--;
    return true;
}

static bool
take_date(struct slice *s, struct civil *c)
{
    int year;

    if (!take_number(s, 4, &year) || !take_char(s, "-") || !take_number(s, 2, &c->month) ||
        !take_char(s, "-") || !take_number(s, 2, &c->day))
        return false;
    c->year = year;
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= civil_month_days(year, c->month);
}

static void
take_fraction(struct slice *s, struct civil *c)
{
    uint32_t scale = 100000000;

    if (s->n < 2 || s->p[0] != '.' || s->p[1] < '0' || s->p[1] > '9')
        return;
    s->p++;
    s->n--;
    while (s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9') {
        c->nsec += (uint32_t)(s->p[0] - '0') * scale;
        scale /= 10;
        s->p++;
        s->n--;
    }
}

/* Hours and minutes, then seconds, fraction and offset. */
static bool
take_time(struct slice *s, struct civil *c, int32_t *offset)
{
    int sign, hour, minute;

    if (!take_number(s, 2, &c->hour) || !take_char(s, ":") || !take_number(s, 2, &c->minute) ||
        c->hour > 23 || c->minute > 59)
        return false;
    if (s->n == 0)
        return true;
    if (!take_char(s, ":") || !take_number(s, 2, &c->second) || c->second > 59)
        return false;
    take_fraction(s, c);
    if (s->n == 0 || take_char(s, "Z"))
        return s->n == 0;
    sign = s->p[0] == '-' ? -1 : 1;
    if (!take_char(s, "+-") || !take_number(s, 2, &hour) || !take_char(s, ":") ||
        !take_number(s, 2, &minute))
        return false;
    *offset = sign * (hour * 3600 + minute * 60);
    return s->n == 0;
}

static bool
parse_date(const struct conf *c, struct slice s, struct timestamp *out)
{
    struct civil date = { 0 };
    int32_t offset = 0;

    if (!take_date(&s, &date) || s.n > 0)
        return false;
    out->sec = civil_seconds(&date);
    out->nsec = 0;
    if (c->zone != NULL && c->zone(SLICE(""), out->sec, &offset))
        out->sec -= offset;
    return true;
}

static bool
parse_date_time(struct slice s, struct timestamp *out)
{
    struct civil date = { 0 };
    int32_t offset = 0;

    if (!take_date(&s, &date))
        return false;
    if (s.n > 0 && (!take_char(&s, "T \t\n\v\f\r") || !take_time(&s, &date, &offset)))
        return false;
    out->sec = civil_seconds(&date) - offset;
    out->nsec = date.nsec;
    return true;
}

static struct value
to_integer(struct arena *a, struct local *l, struct slice s)
{
    int64_t n;

    buf_clear(&l->text);
    if (!ruby_integer(s, &l->text))
        return value_str(a, s);
    if (slice_to_int64(buf_slice(&l->text), &n))
        return value_int(a, n);
    return value_digits(a, V_BIGINT, buf_slice(&l->text));
}

static struct value
to_boolean(struct arena *a, struct local *l, struct slice s)
{
    buf_clear(&l->text);
    text_case_print(slice_trim(s), CASE_LOWER, &l->text);
    if (slice_eq(buf_slice(&l->text), SLICE("true")))
        return value_bool(true);
    if (slice_eq(buf_slice(&l->text), SLICE("false")))
        return value_bool(false);
    return value_str(a, buf_slice(&l->text));
}

/* What does not convert stays text. -1: a boolean of nothing. */
static int
convert(const struct conf *c, struct local *l, struct arena *a, enum conversion how, struct slice s,
        struct value *out)
{
    struct timestamp t;
    double d;

    *out = value_null();
    if (s.p == NULL)
        return how == CONVERT_BOOLEAN ? -1 : 0;
    *out = value_str_alias(a, s);
    switch (how) {
    case CONVERT_NOT: break;
    case CONVERT_INTEGER: *out = to_integer(a, l, s); break;
    case CONVERT_BOOLEAN: *out = to_boolean(a, l, s); break;
    case CONVERT_FLOAT:
        if (ruby_float(s, &d))
            *out = value_double(a, d);
        break;
    case CONVERT_DATE:
        if (parse_date(c, s, &t))
            *out = value_timestamp(a, t);
        break;
    case CONVERT_DATE_TIME:
        if (parse_date_time(s, &t))
            *out = value_timestamp(a, t);
        break;
    }
    return 0;
}

/* ---- storing ---- */

static int
store_field(const struct conf *c, struct local *l, struct event *ev, const struct columns *cols,
            size_t i)
{
    struct arena *a = event_arena(ev);
    struct slice text = l->row.fields[i].text;
    const struct column *column;
    struct column generated;
    struct value v;

    if (c->skip_empty_columns && text.n == 0)
        return 0;
    if (cols != NULL && i < cols->n) {
        column = &cols->at[i];
    } else {
        if (!c->autogenerate_column_names)
            return 0;
        make_column(c, a, generated_name(a, i), &generated);
        column = &generated;
    }
    if (column->illegal || convert(c, l, a, column->convert, text, &v) < 0)
        return -1;
    return event_set(ev, &column->at, v, NULL);
}

/* The tag cannot be chosen, in Logstash neither. */
static enum verdict
failed(struct event *ev)
{
    event_tag(ev, SLICE("_csvparsefailure"));
    return EVENT_SKIP;
}

static enum verdict
apply_row(const struct conf *c, struct local *l, struct event *ev)
{
    const struct columns *cols = current_columns(c);

    if (c->autodetect_column_names && cols == NULL) {
        if (detect(c, &l->row))
            return EVENT_DROP;
        cols = current_columns(c);
    }
    if (c->skip_header && is_header(cols, &l->row))
        return EVENT_DROP;
    for (size_t i = 0; i < l->row.n; i++)
        if (store_field(c, l, ev, cols, i) < 0)
            return failed(ev);
    return EVENT_KEEP;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;
    struct arena *a = event_arena(ev);
    struct value *v = event_get(ev, &c->source);
    struct slice text;

    if (v == NULL || v->type == V_NULL || (v->type == V_BOOL && !value_to_bool(v)))
        return EVENT_SKIP;
    if (v->type != V_STRING)
        return failed(ev);
    text = value_text(a, v);
    if (text.n == 0 && c->skip_empty_rows) {
        event_tag(ev, SLICE("_csvskippedemptyfield"));
        return EVENT_SKIP;
    }
    if (text.n == 0 || csv_row_read(&l->row, &c->syntax, text, CSV_COLUMNS, a, NULL) < 0)
        return failed(ev);
    return apply_row(c, l, ev);
}

const struct filter_type filter_csv = {
    .name = "csv",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .prepare = prepare,
    .dispose = dispose,
    .stop = stop,
    .apply = apply,
};
