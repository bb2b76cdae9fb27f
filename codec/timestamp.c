/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instants and civil dates. Days are counted in years that begin in March, so that the leap day is
 * the last of its year; the cycle of 400 years has 146,097 days. Pure, except for timestamp_now. */
#include "codec/timestamp.h"

#include "codec/base/error.h"

#include <time.h>

#define DAY           86400
#define NSEC          1000000000
#define YEAR_MAX      999999999
#define ERA_DAYS      146097 /* 400 years */
#define MARCH_TO_1970 719468 /* days from 0000-03-01 */

/* ---- civil dates ---- */

static bool
is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int
civil_month_days(int64_t year, int month)
{
    static const signed char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* b > 0, a constant: one multiplication. */
static inline int64_t
floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -1 - (-1 - a) / b;
}

int64_t
civil_days(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return y * 365 + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400) + of_year -
           MARCH_TO_1970;
}

int64_t
civil_seconds(const struct civil *c)
{
    return civil_days(c->year, c->month, c->day) * DAY + c->hour * 3600 + c->minute * 60 +
           c->second;
}

/* A day of an era (0 is 1 March of its first year) by multiplications alone, after Neri and
 * Schneider, "Euclidean affine functions and their application to calendar algorithms". */
static inline void
civil_day(uint32_t day, uint32_t *year, uint32_t *month, uint32_t *of_month)
{
    uint32_t quarters = 4 * day + 3, century = quarters / ERA_DAYS;
    uint32_t in_century = quarters % ERA_DAYS | 3;
    uint64_t years = (uint64_t)2939745 * in_century; /* 2^32 / 1461, rounded up */
    uint32_t of_year = (uint32_t)years / 2939745 / 4;
    uint32_t months = 2141 * of_year + 197913; /* March is 3, and so on up to 14 */

    *year = 100 * century + (uint32_t)(years >> 32);
    *month = months >> 16;
    *of_month = (months & 0xffff) / 2141 + 1;
}

struct civil
civil_of(struct timestamp t)
{
    int64_t days = floor_div(t.sec, DAY);
    uint32_t second = (uint32_t)(t.sec - days * DAY), minutes = second / 60;
    int64_t from = days + MARCH_TO_1970;
    int64_t era = floor_div(from, ERA_DAYS);
    uint32_t year, month, day;

    civil_day((uint32_t)(from - era * ERA_DAYS), &year, &month, &day);
    return (struct civil){
        .year = era * 400 + year + (month > 12),
        .month = (int)(month > 12 ? month - 12 : month),
        .day = (int)day,
        .hour = (int)(minutes / 60),
        .minute = (int)(minutes % 60),
        .second = (int)(second % 60),
        .nsec = t.nsec,
    };
}

int
civil_weekday(int64_t days)
{
    int64_t since_monday = (days + 3) % 7; /* 1970-01-01 was a Thursday */

    return (int)(since_monday < 0 ? since_monday + 7 : since_monday) + 1;
}

int
civil_yearday(const struct civil *c)
{
    return (int)(civil_days(c->year, c->month, c->day) - civil_days(c->year, 1, 1)) + 1;
}

/* ---- printing ---- */

static char *
put_digits(char *p, uint64_t n, int width)
{
    for (int i = width; i-- > 0; n /= 10)
        p[i] = (char)('0' + n % 10);
    return p + width;
}

static inline char *
put_two(char *p, unsigned n)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";

    memcpy(p, &pairs[2 * n], 2);
    return p + 2;
}

static char *
put_signed_year(char *p, int64_t year)
{
    uint64_t size = year < 0 ? 0 - (uint64_t)year : (uint64_t)year;
    int width = 4;

    if (year < 0)
        *p++ = '-';
    else if (year > 9999)
        *p++ = '+';
    for (uint64_t top = 10000; size >= top; top *= 10)
        width++;
    return put_digits(p, size, width);
}

static inline char *
put_year(char *p, int64_t year)
{
    if (year < 0 || year > 9999)
        return put_signed_year(p, year);
    return put_two(put_two(p, (unsigned)year / 100), (unsigned)year % 100);
}

static inline char *
put_pair(char *p, int n, char before)
{
    *p = before;
    return put_two(p + 1, (unsigned)n);
}

static inline char *
put_millis(char *p, unsigned n)
{
    *p = (char)('0' + n / 100);
    return put_two(p + 1, n % 100);
}

static void
print_day(struct timestamp_day *d, int64_t day)
{
    struct civil c = civil_of((struct timestamp){ day * DAY, 0 });
    char *p = put_year(d->text, c.year);

    p = put_pair(p, c.month, '-');
    p = put_pair(p, c.day, '-');
    *p++ = 'T';
    d->n = (unsigned)(p - d->text);
    d->day = day;
}

size_t
timestamp_print_on(struct timestamp_day *d, struct timestamp t, char out[TIMESTAMP_TEXT])
{
    int64_t day = floor_div(t.sec, DAY);
    unsigned second = (unsigned)(t.sec - day * DAY), minute = second / 60;
    char *p;

    if (day != d->day || d->n == 0)
        print_day(d, day);
    memcpy(out, d->text, sizeof d->text);
    p = put_two(out + d->n, minute / 60);
    p = put_pair(p, (int)(minute % 60), ':');
    p = put_pair(p, (int)(second % 60), ':');
    *p++ = '.';
    if (t.nsec % 1000000 == 0)
        p = put_millis(p, t.nsec / 1000000);
    else if (t.nsec % 1000 == 0)
        p = put_digits(p, t.nsec / 1000, 6);
    else
        p = put_digits(p, t.nsec, 9);
    *p++ = 'Z';
    return (size_t)(p - out);
}

size_t
timestamp_print(struct timestamp t, char out[TIMESTAMP_TEXT])
{
    struct timestamp_day day = { 0 };

    return timestamp_print_on(&day, t, out);
}

/* ---- the canonical form ---- */

static bool
all_digits(uint64_t w)
{
    return ((w & 0xF0F0F0F0F0F0F0F0) | ((w + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4) ==
           0x3333333333333333;
}

static uint64_t
load8(const char *p)
{
    uint64_t w;

    memcpy(&w, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

/* Digits at p, fraction part in nanoseconds; false unless n digits of the fewest that do. */
static bool
take_fraction(const char *p, size_t n, uint32_t *nsec)
{
    static const uint32_t unit[] = { [3] = 1000000, [6] = 1000, [9] = 1 };
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(p[i] - '0');

        if (digit > 9)
            return false;
        sum = sum * 10 + digit;
    }
    *nsec = sum * unit[n];
    return n == 3 || sum % 1000 != 0;
}

static inline int
two_digits(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* "yyyy-MM-ddTHH:mm:ss" in two overlapping groups of digits: what is no digit is compared apart. */
static inline bool
take_second(const char *p, struct civil *c)
{
    char date[8] = { p[0], p[1], p[2], p[3], p[5], p[6], p[8], p[9] };
    char time[8] = { '0', '0', p[11], p[12], p[14], p[15], p[17], p[18] };

    if (p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':' ||
        !all_digits(load8(date)) || !all_digits(load8(time)))
        return false;
    c->year = two_digits(p) * 100 + two_digits(p + 2);
    c->month = two_digits(p + 5);
    c->day = two_digits(p + 8);
    c->hour = two_digits(p + 11);
    c->minute = two_digits(p + 14);
    c->second = two_digits(p + 17);
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->hour > 23 || c->minute > 59 ||
        c->second > 59)
        return false;
    return c->day <= 28 || c->day <= civil_month_days(c->year, c->month);
}

/* ---- any form of event-model.md 9 ---- */

static bool
take_char(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = (struct slice){ s->p + 1, s->n - 1 };
    return true;
}

static size_t
digits_at(struct slice s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

static bool
take_number(struct slice *s, size_t digits, int64_t *out)
{
    struct slice head;

    return digits_at(*s) >= digits && slice_take(s, digits, &head) && slice_to_int64(head, out);
}

static bool
take_two(struct slice *s, int max, int *out)
{
    unsigned tens, ones;

    if (s->n < 2)
        return false;
    tens = (unsigned char)(s->p[0] - '0');
    ones = (unsigned char)(s->p[1] - '0');
    *out = (int)(tens * 10 + ones);
    *s = (struct slice){ s->p + 2, s->n - 2 };
    return tens < 10 && ones < 10 && *out <= max;
}

/* Four digits, or with a sign up to ten. A plus is for what has more than four, and there is no
 * negative zero. */
static bool
take_year(struct slice *s, int64_t *year)
{
    bool minus = take_char(s, '-');
    bool plus = !minus && take_char(s, '+');
    size_t n = digits_at(*s);

    if (n < 4 || n > 10 || (n == 4 ? plus : !plus && !minus) || !take_number(s, n, year) ||
        *year > YEAR_MAX || (minus && *year == 0))
        return false;
    *year = minus ? -*year : *year;
    return true;
}

static bool
take_date(struct slice *s, struct civil *c)
{
    if (!take_year(s, &c->year) || !take_char(s, '-') || !take_two(s, 12, &c->month) ||
        !take_char(s, '-') || !take_two(s, 31, &c->day) || c->month < 1 || c->day < 1)
        return false;
    if (c->day > civil_month_days(c->year, c->month))
        c->day = civil_month_days(c->year, c->month);
    return true;
}

static bool
take_time(struct slice *s, struct civil *c)
{
    if (!take_two(s, 24, &c->hour) || !take_char(s, ':') || !take_two(s, 59, &c->minute))
        return false;
    if (take_char(s, ':')) {
        if (!take_two(s, 59, &c->second))
            return false;
        if (take_char(s, '.')) {
            size_t n = digits_at(*s);
            int64_t fraction = 0;

            if (n > 9 || (n > 0 && !take_number(s, n, &fraction)))
                return false;
            for (; n < 9; n++)
                fraction *= 10;
            c->nsec = (uint32_t)fraction;
        }
    }
    return c->hour < 24 || (c->minute == 0 && c->second == 0 && c->nsec == 0);
}

/* "+HH", "+HHmm", "+HH:mm" or "+HH:mm:ss", the whole of s, at most 18 hours. */
static bool
offset_of(struct slice s, int32_t *out)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    int hour, minute = 0, second = 0;

    if ((!take_char(&s, '-') && !take_char(&s, '+')) || !take_two(&s, 18, &hour))
        return false;
    if (take_char(&s, ':')) {
        if (!take_two(&s, 59, &minute) || (take_char(&s, ':') && !take_two(&s, 59, &second)))
            return false;
    } else if (s.n > 0 && !take_two(&s, 59, &minute)) {
        return false;
    }
    *out = hour * 3600 + minute * 60 + second;
    if (s.n > 0 || *out > 18 * 3600)
        return false;
    *out = minus ? -*out : *out;
    return true;
}

/* Z, an offset, UTC and its kin with or without an offset, or a name for the caller's function. */
static bool
zone_of(struct slice s, int64_t local, zone_fn *zone, int32_t *offset)
{
    static const struct slice zero[] = { SLICE_INIT("Z"), SLICE_INIT("UTC"), SLICE_INIT("GMT"),
                                         SLICE_INIT("UT") };

    *offset = 0;
    if (s.n == 0)
        return zone == NULL || zone(s, local, offset);
    if (s.p[0] == '+' || s.p[0] == '-')
        return offset_of(s, offset);
    for (size_t i = 0; i < COUNT(zero); i++) {
        struct slice head = { s.p, zero[i].n };

        if (s.n < zero[i].n || !slice_eq_nocase(head, zero[i]))
            continue;
        if (s.n == head.n)
            return true;
        if (i > 0 && offset_of((struct slice){ s.p + head.n, s.n - head.n }, offset))
            return true;
    }
    return zone != NULL && slice_find_byte(s, ' ', 0) == SIZE_MAX && zone(s, local, offset);
}

static bool
parse_any(struct slice s, zone_fn *zone, struct timestamp *out)
{
    struct civil c = { 0 };
    struct slice after_date;
    int64_t local;
    int32_t offset;

    if (!take_date(&s, &c))
        return false;
    after_date = s;
    if ((take_char(&s, 'T') || take_char(&s, 't')) && !take_time(&s, &c)) {
        /* Then T can only begin the name of a zone. */
        s = after_date;
        c = (struct civil){ .year = c.year, .month = c.month, .day = c.day };
    }
    local = civil_seconds(&c);
    if (!zone_of(s, local, zone, &offset))
        return false;
    *out = (struct timestamp){ local - offset, c.nsec };
    return true;
}

/* The usual canonical form: a year of four digits. */
static inline bool
take_plain(struct slice s, struct civil *c)
{
    return (s.n == 24 || s.n == 27 || s.n == 30) && s.p[19] == '.' && s.p[s.n - 1] == 'Z' &&
           take_second(s.p, c) && take_fraction(s.p + 20, s.n - 21, &c->nsec);
}

/* A year with a sign: rare enough to ask the printer. */
static bool
take_signed(struct slice s, struct timestamp *out)
{
    char text[TIMESTAMP_TEXT];

    return s.n > 0 && (s.p[0] == '+' || s.p[0] == '-') && parse_any(s, NULL, out) &&
           slice_eq(s, (struct slice){ text, timestamp_print(*out, text) });
}

bool
timestamp_canonical(struct slice s, struct timestamp *out)
{
    struct timestamp t;
    struct civil c;

    if (take_plain(s, &c))
        t = (struct timestamp){ civil_seconds(&c), c.nsec };
    else if (!take_signed(s, &t))
        return false;
    *out = t;
    return true;
}

bool
timestamp_is_canonical(struct slice s)
{
    struct timestamp t;
    struct civil c;

    return take_plain(s, &c) || take_signed(s, &t);
}

bool
timestamp_parse(struct slice s, zone_fn *zone, struct timestamp *out)
{
    return timestamp_canonical(s, out) || parse_any(s, zone, out);
}

struct timestamp
timestamp_now(void)
{
    struct timespec ts;

    ASSERT(clock_gettime(CLOCK_REALTIME, &ts) == 0);
    return (struct timestamp){ ts.tv_sec, (uint32_t)ts.tv_nsec };
}

int
timestamp_cmp(struct timestamp a, struct timestamp b)
{
    if (a.sec != b.sec)
        return a.sec < b.sec ? -1 : 1;
    return (a.nsec > b.nsec) - (a.nsec < b.nsec);
}
