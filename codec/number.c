/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Doubles to the shortest digits and back, in integer arithmetic: no locale, no rounding mode.
 *
 * A double is m * 2^e, a decimal w * 10^q. Where one side fits 128 bits, conversion is one
 * multiplication or division that is exact but for a sticky remainder; that covers about 1E-16 to
 * 1E43 and 19 digits. The rest goes through plain big integers (number_big.c), which are slow and
 * obviously right. */
#include "codec/number.h"

#include "codec/number_big.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 uint128;

#define POW5_MAX 27 /* 5^27 is the last below 2^64 */

static const uint64_t pow5[POW5_MAX + 1] = {
    1u,
    5u,
    25u,
    125u,
    625u,
    3125u,
    15625u,
    78125u,
    390625u,
    1953125u,
    9765625u,
    48828125u,
    244140625u,
    1220703125u,
    6103515625u,
    30517578125u,
    152587890625u,
    762939453125u,
    3814697265625u,
    19073486328125u,
    95367431640625u,
    476837158203125u,
    2384185791015625u,
    11920928955078125u,
    59604644775390625u,
    298023223876953125u,
    1490116119384765625u,
    7450580596923828125u,
};

static int
bits_of(uint128 n)
{
    uint64_t high = (uint64_t)(n >> 64), low = (uint64_t)n;

    return high != 0 ? 128 - __builtin_clzll(high) : low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/* n / 2^shift to the nearest, ties to even. sticky: n was cut, the truth is a little more. */
static uint64_t
shift_round(uint128 n, int shift, bool sticky)
{
    uint128 rest, half;
    uint64_t whole;

    if (shift == 0)
        return (uint64_t)n;
    if (shift > 127)
        return 0;
    whole = (uint64_t)(n >> shift);
    half = (uint128)1 << (shift - 1);
    rest = n & ((half << 1) - 1);
    return whole + (rest > half || (rest == half && (sticky || (whole & 1) != 0)));
}

/* ---- decimal to double ---- */

/* The double nearest to n * 2^e; sticky as above. n is not 0. */
static double
nearest(uint128 n, int e, bool sticky)
{
    int cut = bits_of(n) - 53;

    /* Subnormals have fewer digits: their last bit is worth 2^-1074. */
    if (e + cut < -1074)
        cut = -1074 - e;
    if (cut <= 0)
        return ldexp((double)(uint64_t)n, e);
    return ldexp((double)shift_round(n, cut, sticky), e + cut);
}

/* w * 10^q where 128 bits suffice. */
static bool
compose_quick(uint64_t w, int q, double *out)
{
    if (w == 0) {
        *out = 0;
        return true;
    }
    if (q < -POW5_MAX || q > POW5_MAX)
        return false;
    if (q >= 0) {
        *out = nearest((uint128)w * pow5[q], q, false);
    } else {
        int up = 127 - bits_of(w);
        uint128 n = (uint128)w << up;

        *out = nearest(n / pow5[-q], q - up, n % pow5[-q] != 0);
    }
    return true;
}

/* The same for any q. */
static double
compose(uint64_t w, int q)
{
    char digits[24];
    double d;

    if (compose_quick(w, q, &d))
        return d;
    int n = snprintf(digits, sizeof digits, "%" PRIu64, w);
    return number_big_to_double((struct slice){ digits, (size_t)n }, q + n - 1);
}

/* A decimal read from text. */
struct decimal {
    struct slice mantissa; /* as written, without sign and exponent */
    uint64_t w;            /* the first 19 significant digits */
    int64_t q;             /* exponent of the last of them */
    int taken;             /* how many */
    bool minus;
    bool more; /* digits beyond them are not all 0 */
};

static void
take_digit(struct decimal *d, char c, bool fraction)
{
    if (d->taken < 19) {
        d->w = d->w * 10 + (uint64_t)(c - '0');
        d->taken += d->w != 0;
        d->q -= fraction;
    } else {
        d->more = d->more || c != '0';
        d->q += !fraction;
    }
}

/* Digits with an optional sign. Beyond any double it only matters that it is beyond. */
static int64_t
exponent_of(struct slice s)
{
    int64_t sum = 0;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9' && sum < INT64_C(1000000000000))
            sum = sum * 10 + (s.p[i] - '0');
    return s.n > 0 && s.p[0] == '-' ? -sum : sum;
}

static struct decimal
decimal_of(struct slice s)
{
    struct decimal d = { .minus = s.n > 0 && s.p[0] == '-' };
    bool fraction = false;
    size_t from = d.minus, i = from;

    for (; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
        if (s.p[i] == '.')
            fraction = true;
        else
            take_digit(&d, s.p[i], fraction);
    }
    d.mantissa = slice_between(s.p + from, s.p + i);
    if (i < s.n)
        d.q += exponent_of(slice_between(s.p + i + 1, s.p + s.n));
    return d;
}

static double
size_of(const struct decimal *d)
{
    int64_t lead = d->q + d->taken - 1; /* of the first significant digit */
    double low, high;

    if (d->w == 0 || lead < -325)
        return 0;
    if (lead > 309)
        return (double)INFINITY;
    if (!d->more)
        return compose(d->w, (int)d->q);
    /* What was left out lies between w and w + 1. */
    if (compose_quick(d->w, (int)d->q, &low) && compose_quick(d->w + 1, (int)d->q, &high) &&
        low >= high)
        return low;
    return number_big_to_double(d->mantissa, (int)lead);
}

/* The three that JSON has no digits for; value.c keeps them quoted. */
static bool
special_of(struct slice s, double *out)
{
    static const struct {
        struct slice name;
        float value;
    } names[] = { { SLICE_INIT("NaN"), NAN },
                  { SLICE_INIT("Infinity"), INFINITY },
                  { SLICE_INIT("-Infinity"), -INFINITY } };

    if (s.n >= 2 && s.p[0] == '"')
        s = (struct slice){ s.p + 1, s.n - 2 };
    for (size_t i = 0; i < COUNT(names); i++) {
        if (slice_eq(s, names[i].name)) {
            *out = (double)names[i].value;
            return true;
        }
    }
    return false;
}

double
number_to_double(struct slice digits)
{
    struct decimal d;
    double size;

    if (special_of(digits, &size))
        return size;
    d = decimal_of(digits);
    size = size_of(&d);
    return d.minus ? -size : size;
}

/* ---- double to the shortest decimal ---- */

/* d = m * 2^e for a positive finite d. */
static uint64_t
take_apart(double d, int *e)
{
    uint64_t bits;

    memcpy(&bits, &d, sizeof bits);
    *e = (int)(bits >> 52 & 0x7FF);
    bits &= (UINT64_C(1) << 52) - 1;
    if (*e == 0)
        *e = -1074;
    else {
        bits |= UINT64_C(1) << 52;
        *e -= 1075;
    }
    return bits;
}

/* m * 2^e * 10^k to the nearest integer, which the caller knows to have at most 17 digits. */
static bool
scale_quick(uint64_t m, int e, int k, uint64_t *out)
{
    uint128 n = m;

    if (k >= 0) {
        if (k > 32) /* 53 bits and 5^32 */
            return false;
        n *= pow5[k > POW5_MAX ? POW5_MAX : k];
        if (k > POW5_MAX)
            n *= pow5[k - POW5_MAX];
        e += k;
        if (e > 0) {
            *out = (uint64_t)(n << e);
            return true;
        }
        *out = shift_round(n, -e, false);
        return true;
    }
    e += k;
    if (k < -POW5_MAX || e > 74 || e < 0)
        return false;
    n <<= e;
    uint64_t by = pow5[-k];
    uint64_t whole = (uint64_t)(n / by), rest = (uint64_t)(n % by);
    *out = whole + (rest > by - rest || (rest == by - rest && (whole & 1) != 0));
    return true;
}

static const uint64_t pow10[18] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
};

/* Digits w, the first of them worth 10^lead. */
struct shortest {
    uint64_t w;
    int n, lead;
};

/* The decimal of n digits that is nearest to d; lead is a guess of its first digit's exponent. */
static struct shortest
round_to(double d, int n, int lead)
{
    struct shortest s = { .n = n, .lead = lead };
    char text[40];
    int e;
    uint64_t m = take_apart(d, &e);

    /* The guess may be one too low, and 9.99 may have been rounded up. */
    for (; scale_quick(m, e, n - 1 - s.lead, &s.w); s.lead += s.w < pow10[n - 1] ? -1 : 1)
        if (s.w >= pow10[n - 1] && s.w < pow10[n])
            return s;
    snprintf(text, sizeof text, "%.*e", n - 1, d);
    s.w = 0;
    for (const char *p = text; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9') /* the point may be any text in some locale */
            s.w = s.w * 10 + (uint64_t)(*p - '0');
    s.lead = atoi(strchr(text, 'e') + 1);
    return s;
}

static bool
reads_back(const struct shortest *s, double d)
{
    double back = compose(s->w, s->lead - s->n + 1);

    return memcmp(&back, &d, sizeof d) == 0;
}

/* True if the nearest decimal of n digits, or else the next one up, reads back as d. The second is
 * for powers of two: below them doubles lie twice as dense, so that the nearest decimal may be
 * too far below while one a little further above is near enough. */
static bool
fits(double d, int n, int lead, struct shortest *out)
{
    *out = round_to(d, n, lead);
    if (reads_back(out, d))
        return true;
    out->w++;
    return n == 16 && reads_back(out, d);
}

/* Never fewer than two digits: where one would do, Java takes the nearest of two (4.9E-324). */
static struct shortest
shortest_of(double d)
{
    struct shortest s;
    int binary, lead;

    frexp(d, &binary);
    lead = (int)floor((binary - 1) * 0.30102999566398119521);
    if (d < 0x1p-1022) { /* fewer than 53 bits: try all lengths */
        for (int n = 2; n < 17; n++)
            if (fits(d, n, lead, &s))
                return s;
        return round_to(d, 17, lead);
    }
    /* A decimal of up to 15 digits survives a double, so if there is one it is this one. */
    if (!fits(d, 15, lead, &s) && !fits(d, 16, lead, &s))
        return round_to(d, 17, lead);
    return s;
}

/* Without trailing zeros, but for one digit. */
static void
trim(struct shortest *s)
{
    while (s->n > 1 && s->w % 10 == 0) {
        s->w /= 10;
        s->n--;
    }
}

/* Digits from the first on, zeros when there are no more. */
static char *
put_digits(char *p, const char *digits, int from, int to, int n)
{
    for (int i = from; i < to; i++)
        *p++ = i >= 0 && i < n ? digits[i] : '0';
    return p;
}

static void
spell(const struct shortest *s, char digits[20])
{
    uint64_t w = s->w;

    for (int i = s->n; i-- > 0; w /= 10)
        digits[i] = (char)('0' + w % 10);
}

/* Handles what has no digits; true when it did. */
static bool
put_special(double d, char **p)
{
    const char *text = isnan(d) ? "NaN" : !isinf(d) ? NULL : d > 0 ? "Infinity" : "-Infinity";

    if (text == NULL)
        return false;
    size_t n = strlen(text);
    memcpy(*p, text, n);
    *p += n;
    return true;
}

/* ddd.ddd for a number whose first digit is worth 10^lead. */
static char *
put_plain(char *p, const char *digits, int n, int lead)
{
    int whole = lead < 0 ? 0 : lead + 1; /* digits before the point */

    if (whole == 0)
        *p++ = '0';
    p = put_digits(p, digits, 0, whole, n);
    *p++ = '.';
    p = put_digits(p, digits, lead < 0 ? lead + 1 : whole, n, n);
    return n <= whole ? put_digits(p, digits, n, n + 1, n) : p;
}

static char *
put_scientific(char *p, const char *digits, int n, int lead)
{
    *p++ = digits[0];
    *p++ = '.';
    p = put_digits(p, digits, 1, n < 2 ? 2 : n, n);
    *p++ = 'E';
    if (lead < 0)
        *p++ = '-';
    lead = abs(lead);
    if (lead >= 100)
        *p++ = (char)('0' + lead / 100);
    if (lead >= 10)
        *p++ = (char)('0' + lead / 10 % 10);
    *p++ = (char)('0' + lead % 10);
    return p;
}

/* What both notations begin with: the sign, or all of it where there are no digits (false). */
static bool
begin(double d, char **p, struct shortest *s, char digits[20])
{
    if (put_special(d, p))
        return false;
    if (signbit(d)) {
        *(*p)++ = '-';
        d = -d;
    }
    *s = (struct shortest){ 0, 1, 0 };
    if (d > 0)
        *s = shortest_of(d);
    trim(s);
    spell(s, digits);
    return true;
}

size_t
number_print_double(double d, char out[NUMBER_TEXT])
{
    struct shortest s;
    char digits[20] = { 0 }, *p = out;

    if (begin(d, &p, &s, digits))
        p = s.lead < -3 || s.lead >= 7 ? put_scientific(p, digits, s.n, s.lead)
                                       : put_plain(p, digits, s.n, s.lead);
    return (size_t)(p - out);
}

size_t
number_print_plain(double d, char *out, size_t max)
{
    struct shortest s;
    char digits[20] = { 0 }, text[400], *p = text; /* at most a sign, 2, 324 zeros and 17 digits */
    size_t n;

    if (begin(d, &p, &s, digits))
        p = put_plain(p, digits, s.n, s.lead);
    n = (size_t)(p - text);
    if (n > max)
        n = max;
    memcpy(out, text, n);
    return n;
}

/* ---- order ---- */

/* Sign, then digits without leading zeros. */
static struct slice
integer_digits(struct slice s, bool *minus)
{
    *minus = s.n > 0 && s.p[0] == '-';
    if (*minus || (s.n > 0 && s.p[0] == '+'))
        s = (struct slice){ s.p + 1, s.n - 1 };
    while (s.n > 0 && s.p[0] == '0')
        s = (struct slice){ s.p + 1, s.n - 1 };
    if (s.n == 0)
        *minus = false;
    return s;
}

static int
cmp_integers(struct slice a, struct slice b)
{
    bool a_minus, b_minus;
    int order;

    a = integer_digits(a, &a_minus);
    b = integer_digits(b, &b_minus);
    if (a_minus != b_minus)
        return a_minus ? -1 : 1;
    order = a.n != b.n ? (a.n < b.n ? -1 : 1) : slice_cmp(a, b);
    return a_minus ? -order : order;
}

static int
cmp_doubles(double a, double b)
{
    if (isnan(a) || isnan(b)) /* above everything, as in Java */
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

/* Exact: the double's whole part has digits, and what is behind its point only breaks a tie. */
static int
cmp_integer_double(struct slice a, double d)
{
    char whole[320];
    int order;

    if (isnan(d) || isinf(d))
        return d < 0 ? 1 : -1;
    snprintf(whole, sizeof whole, "%.0f", trunc(d));
    order = cmp_integers(a, slice_of(whole));
    return order != 0 ? order : cmp_doubles(trunc(d), d);
}

int
number_cmp(struct slice a, bool a_integer, struct slice b, bool b_integer)
{
    if (a_integer && b_integer)
        return cmp_integers(a, b);
    if (a_integer)
        return cmp_integer_double(a, number_to_double(b));
    if (b_integer)
        return -cmp_integer_double(b, number_to_double(a));
    return cmp_doubles(number_to_double(a), number_to_double(b));
}
