/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dates from anywhere: the first line is a format, the rest a text for it. The same bytes are tried
 * as ISO 8601, as a timestamp, as TAI64N, as a file of time zone data and as a rule. A text of a
 * timestamp that we print ourselves must be read as the same instant. */
#include "codec/timestamp.h"
#include "codec/zoneinfo.h"
#include "pipeline/date_epoch.h"
#include "pipeline/date_format.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_timestamp(struct slice text)
{
    struct timestamp t, again;
    char out[TIMESTAMP_TEXT];

    if (!timestamp_parse(text, zone_offset, &t))
        return;
    struct slice printed = { out, timestamp_print(t, out) };
    /* An offset may lead beyond the years that a text can have. */
    if (t.sec > INT64_C(31556889864316799) || t.sec < INT64_C(-31557014167132800))
        return;
    if (!timestamp_canonical(printed, &again) || timestamp_cmp(t, again) != 0)
        abort();
}

static void
check_zone(struct zone *z)
{
    static const int64_t locals[] = { INT64_MIN / 2, -1, 0, 1709618828, INT64_MAX / 2 };
    int64_t utc;

    for (size_t i = 0; z != NULL && i < COUNT(locals); i++) {
        zone_from_local(z, locals[i], &utc);
        struct zone_span span = zone_at(z, utc);
        if (utc < span.from || utc > span.until)
            abort();
    }
    zone_free(z);
}

static void
try_formats(struct arena *a, struct slice format, struct slice text)
{
    struct date_parsed p;
    struct date_memo memo;
    const struct date_iso *iso;
    const struct date_format *f;

    for (int precision = DATE_MS; precision <= DATE_NS; precision++) {
        struct date_format_spec spec = { SLICE("en"), 2024, (enum date_precision)precision };

        memo = (struct date_memo){ 0 };
        if (date_iso_compile(a, &spec, &iso, NULL) == 0)
            date_iso_parse(iso, text, &p);
        if (date_format_compile(a, format, &spec, &f, NULL) == 0 &&
            date_format_parse(f, text, &memo, &p) && p.nsec > 999999999)
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = { (const char *)data, size }, text = all, format = { "", 0 };
    struct arena a;
    struct timestamp t;

    arena_init(&a, NULL);
    if (size > 0)
        slice_split(&text, '\n', &format);
    if (text.p == NULL)
        text = all;
    try_formats(&a, format, text);
    check_timestamp(all);
    date_tai64n(all, DATE_NS, &t);
    check_zone(zone_parse(all, NULL));
    check_zone(zone_parse_rule(all, NULL));
    arena_fini(&a);
    return 0;
}
