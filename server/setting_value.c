/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/setting_value.h"

#include "pipeline/ip.h"

static const struct {
    const char *unit;
    unsigned shift;
} byte_units[] = {
    { "b", 0 },   { "k", 10 }, { "kb", 10 }, { "m", 20 }, { "mb", 20 }, { "g", 30 },
    { "gb", 30 }, { "t", 40 }, { "tb", 40 }, { "p", 50 }, { "pb", 50 },
};

static const struct {
    const char *unit;
    int64_t nanos;
} time_units[] = {
    { "nanos", 1 },
    { "micros", 1000 },
    { "ms", 1000000 },
    { "s", 1000000000 },
    { "m", 60 * 1000000000LL },
    { "h", 3600 * 1000000000LL },
    { "d", 86400 * 1000000000LL },
};

/* The leading digits (with a sign) and what follows, trimmed. */
static bool
number_and_unit(struct slice text, int64_t *number, struct slice *unit)
{
    size_t i = text.n > 0 && text.p[0] == '-' ? 1 : 0;

    while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9')
        i++;
    *unit = slice_trim((struct slice){ text.p + i, text.n - i });
    return slice_to_int64((struct slice){ text.p, i }, number);
}

static int
wrong(const struct setting_row *row, struct slice text, const char *wanted, struct err *err)
{
    if (row->kind == SETTING_PASSWORD)
        text = SLICE("<password>");
    return err_set(err, ERR_CONFIG, "Setting \"%s\": \"%.*s\" is no %s", row->name,
                   SLICE_ARGS(text), wanted);
}

static int
read_bytes(struct arena *a, const struct setting_row *row, struct slice text, const char **out,
           struct err *err)
{
    static const char wanted[] = "size (a number with b, kb, mb, gb, tb or pb)";
    struct slice unit;
    int64_t n;

    if (!number_and_unit(text, &n, &unit) || n < 0)
        return wrong(row, text, wanted, err);
    if (unit.n == 0)
        unit = SLICE("b");
    for (size_t i = 0; i < COUNT(byte_units); i++) {
        if (!slice_eq_nocase(unit, slice_of(byte_units[i].unit)))
            continue;
        if (n > INT64_MAX >> byte_units[i].shift)
            return wrong(row, text, "size below 8 exabytes", err);
        n <<= byte_units[i].shift;
        if (n > 0 && n < row->least)
            return err_set(err, ERR_CONFIG,
                           "Setting \"%s\": \"%.*s\" is less than %lld bytes; a number without a "
                           "unit means bytes",
                           row->name, SLICE_ARGS(text), (long long)row->least);
        *out = arena_printf(a, "%lld", (long long)n).p;
        return 0;
    }
    return wrong(row, text, wanted, err);
}

/* A bare number means nanoseconds, as in Logstash. */
static int
read_time(struct arena *a, const struct setting_row *row, struct slice text, const char **out,
          struct err *err)
{
    static const char wanted[] = "time (a number with nanos, micros, ms, s, m, h or d)";
    struct slice unit;
    int64_t n;

    if (!number_and_unit(text, &n, &unit))
        return wrong(row, text, wanted, err);
    if (n == -1 && unit.n == 0) {
        *out = "-1";
        return 0;
    }
    if (unit.n == 0)
        unit = SLICE("nanos");
    for (size_t i = 0; i < COUNT(time_units); i++) {
        if (!slice_eq(unit, slice_of(time_units[i].unit)))
            continue;
        if (n < 0 || n > INT64_MAX / time_units[i].nanos)
            return wrong(row, text, wanted, err);
        *out = arena_printf(a, "%lld", (long long)(n * time_units[i].nanos / 1000000)).p;
        return 0;
    }
    return wrong(row, text, wanted, err);
}

static int
read_number(struct arena *a, const struct setting_row *row, struct slice text, const char **out,
            struct err *err)
{
    int64_t n;

    if (!slice_to_int64(text, &n))
        return wrong(row, text, "whole number", err);
    if (row->kind == SETTING_POSITIVE && n < 1)
        return wrong(row, text, "number of 1 or more", err);
    if (row->kind == SETTING_COUNT && n < 0)
        return wrong(row, text, "number of 0 or more", err);
    *out = arena_printf(a, "%lld", (long long)n).p;
    return 0;
}

static int
read_choice(struct arena *a, const struct setting_row *row, struct slice text, const char **out,
            struct err *err)
{
    struct slice all = SLICE("");

    for (const char *const *c = row->choices; *c != NULL; c++) {
        if (slice_eq(text, slice_of(*c))) {
            *out = *c;
            return 0;
        }
        all = arena_printf(a, "%.*s%s%s", SLICE_ARGS(all), all.n > 0 ? ", " : "", *c);
    }
    return err_set(err, ERR_CONFIG, "Setting \"%s\": \"%.*s\" is none of %.*s", row->name,
                   SLICE_ARGS(text), SLICE_ARGS(all));
}

static bool
is_port(struct slice s)
{
    int64_t n;

    return slice_to_int64(s, &n) && n >= 0 && n <= 65535;
}

static int
read_ports(struct arena *a, const struct setting_row *row, struct slice text, const char **out,
           struct err *err)
{
    struct slice rest = text, first;

    slice_split(&rest, '-', &first);
    if (!is_port(slice_trim(first)) || (rest.p != NULL && !is_port(slice_trim(rest))))
        return wrong(row, text, "port (0 to 65535) or range of ports (a-b)", err);
    *out = arena_cstr(a, text);
    return 0;
}

static int
read_networks(struct arena *a, const struct setting_row *row, struct slice text, const char **out,
              struct err *err)
{
    struct slice rest = text, one;
    struct ip_range range;

    while (slice_trim(text).n > 0 && slice_split(&rest, ',', &one))
        if (!ip_range_parse(slice_trim(one), &range))
            return wrong(row, slice_trim(one), "address or network (10.0.0.0/8)", err);
    *out = arena_cstr(a, text);
    return 0;
}

int
setting_normalise(struct arena *a, const struct setting_row *row, struct slice text,
                  const char **out, struct err *err)
{
    switch (row->kind) {
    case SETTING_TEXT:
    case SETTING_PASSWORD:
    case SETTING_LIST: *out = arena_cstr(a, text); return 0;
    case SETTING_BOOL:
        if (!slice_eq(text, SLICE("true")) && !slice_eq(text, SLICE("false")))
            return wrong(row, text, "boolean (true or false)", err);
        *out = text.p[0] == 't' ? "true" : "false";
        return 0;
    case SETTING_INT:
    case SETTING_POSITIVE:
    case SETTING_COUNT: return read_number(a, row, text, out, err);
    case SETTING_BYTES: return read_bytes(a, row, text, out, err);
    case SETTING_TIME: return read_time(a, row, text, out, err);
    case SETTING_ENUM: return read_choice(a, row, text, out, err);
    case SETTING_NETWORKS: return read_networks(a, row, text, out, err);
    case SETTING_PORTS: return read_ports(a, row, text, out, err);
    }
    UNREACHABLE("setting kind");
}
