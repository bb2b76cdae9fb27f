/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/date_epoch.h"

#include "pipeline/decimal.h"

#include <math.h>

#define SECONDS_MAX INT32_MAX /* what is larger is no count of seconds */
#define MS_MAX      INT64_C(31556889864403199000)

static bool
from_ms(int64_t ms, struct timestamp *out)
{
    int64_t rest = (ms % 1000 + 1000) % 1000;

    *out = (struct timestamp){ (ms - rest) / 1000, (uint32_t)rest * 1000000 };
    return true;
}

/* sec and a part of a second that may be negative, too. */
static bool
from_parts(int64_t sec, int64_t nsec, struct timestamp *out)
{
    if (sec > SECONDS_MAX || sec < -INT64_C(9007199254740992))
        return false;
    if (nsec < 0) {
        sec--;
        nsec += 1000000000;
    }
    *out = (struct timestamp){ sec, (uint32_t)nsec };
    return true;
}

/* Up to 3 (or 9) places, which are read as a number of their own: "-5" is minus five hundredths. */
static bool
places_of(struct slice s, enum date_precision p, int64_t *nsec)
{
    size_t most = p == DATE_MS ? 3 : 9;
    struct slice head = { s.p, s.n > most ? most : s.n };

    if (!slice_to_int64(head, nsec))
        return false;
    for (size_t i = head.n; i < 9; i++)
        *nsec *= 10;
    return true;
}

static bool
unix_of_text(struct slice s, enum date_precision p, struct timestamp *out)
{
    size_t dot = slice_find_byte(s, '.', 0);
    int64_t sec, nsec = 0;

    if (dot != SIZE_MAX) {
        if (!places_of((struct slice){ s.p + dot + 1, s.n - dot - 1 }, p, &nsec))
            return false;
        s.n = dot;
    }
    return slice_to_int64(s, &sec) && from_parts(sec, nsec, out);
}

/* Doubles lose what a multiplication by 1000 loses: 1.001 may come out as 1.000. */
static bool
unix_of_double(double d, enum date_precision p, struct timestamp *out)
{
    if (isnan(d))
        d = 0; /* as a cast in Java */
    if (d >= (double)SECONDS_MAX + 1 || d < -9e15)
        return false;
    if (p == DATE_MS)
        return from_ms((int64_t)(d * 1000), out);
    return from_parts((int64_t)d, (int64_t)((d - trunc(d)) * 1e9), out);
}

/* The digits as a whole number of 10^-places, cut off. */
static bool
scaled(struct slice digits, int places, int64_t *out)
{
    struct decimal d;
    struct buf text = { 0 };
    bool ok = false;

    if (decimal_parse(digits, &d)) {
        d.exponent += places;
        ok = decimal_print_integer(&d, &text) && slice_to_int64(buf_slice(&text), out);
    }
    buf_fini(&text);
    return ok;
}

static bool
unix_of_decimal(struct slice digits, enum date_precision p, struct timestamp *out)
{
    int64_t sec, n;

    if (!scaled(digits, 0, &sec) || sec > SECONDS_MAX || !scaled(digits, p == DATE_MS ? 3 : 9, &n))
        return false;
    return p == DATE_MS ? from_ms(n, out) : from_parts(sec, n - sec * 1000000000, out);
}

bool
date_unix(struct arena *a, struct value *v, enum date_precision p, struct timestamp *out)
{
    switch ((enum value_type)v->type) {
    case V_STRING: return unix_of_text(value_text(a, v), p, out);
    case V_INT: return from_parts(value_to_int(v), 0, out);
    case V_DOUBLE: return unix_of_double(value_to_double(v), p, out);
    case V_DECIMAL: return unix_of_decimal(value_raw_text(v), p, out);
    case V_NULL:
    case V_BOOL:
    case V_BIGINT:
    case V_TIMESTAMP:
    case V_ARRAY:
    case V_OBJECT: break;
    }
    return false;
}

bool
date_unix_ms(struct arena *a, struct value *v, enum date_precision p, struct timestamp *out)
{
    int64_t ms;
    double d;

    (void)p; /* a count of milliseconds has no finer part */
    switch ((enum value_type)v->type) {
    case V_STRING: return slice_to_int64(value_text(a, v), &ms) && from_ms(ms, out);
    case V_INT: return from_ms(value_to_int(v), out);
    case V_DOUBLE: d = value_to_double(v); return fabs(d) < 9e18 && from_ms((int64_t)d, out);
    case V_DECIMAL:
        return scaled(value_raw_text(v), 0, &ms) && ms <= SECONDS_MAX * INT64_C(1000) &&
               from_ms(ms, out);
    case V_NULL:
    case V_BOOL:
    case V_BIGINT:
    case V_TIMESTAMP:
    case V_ARRAY:
    case V_OBJECT: break;
    }
    return false;
}

static bool
take_hex(struct slice *s, size_t digits, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        char c, low;

        if (!slice_take_byte(s, &c))
            return false;
        low = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint64_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            *out = *out << 4 | (uint64_t)(low - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* Seconds since 1970 plus 2^62, ten seconds ahead of UTC as if no leap second had come since. What
 * follows the 24 digits is not looked at. */
bool
date_tai64n(struct slice text, enum date_precision p, struct timestamp *out)
{
    uint64_t sec, nsec;

    if (text.n > 0 && text.p[0] == '@')
        text = (struct slice){ text.p + 1, text.n - 1 };
    if (!take_hex(&text, 16, &sec) || !take_hex(&text, 8, &nsec) || sec >> 63 != 0 ||
        nsec > INT32_MAX)
        return false;
    sec &= (UINT64_C(1) << 62) - 1;
    if (sec > (uint64_t)INT64_C(9007199254740992))
        return false;
    if (p == DATE_MS)
        nsec -= nsec % 1000000;
    *out = (struct timestamp){ (int64_t)sec - 10 + (int64_t)(nsec / 1000000000),
                               (uint32_t)(nsec % 1000000000) };
    return true;
}
