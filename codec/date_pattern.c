/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pattern is a list of pieces: a literal, or a letter's value in one of a few shapes. The two
 * dialects are two compilers; letters with the same meaning share their pieces. */
#include "codec/date_pattern.h"

#include <stdlib.h>

#define PIECES    256 /* of one pattern: more is no date */
#define MAX_WIDTH 128

enum value {
    YEAR,        /* 0 is 1 BC */
    YEAR_OF_ERA, /* from 1 */
    CENTURY,
    ISO_WEEK_YEAR, /* weeks from Monday, the first has a Thursday */
    ISO_WEEK,
    US_WEEK_YEAR, /* weeks from Sunday, the first has 1 January */
    US_WEEK,
    US_WEEK_OF_MONTH,
    ISO_WEEKDAY,
    US_WEEKDAY,
    DAY_OF_YEAR,
    QUARTER,
    MONTH,
    DAY,
    HOUR,
    HOUR_FROM_1,
    HALF_HOUR,
    HALF_HOUR_FROM_1,
    MINUTE,
    SECOND,
    NANO,
    MILLI_OF_DAY,
    NANO_OF_DAY
};

enum shape {
    LITERAL,
    NUMBER,      /* at least width digits */
    NUMBER_PLUS, /* the same, with a plus when it needs more */
    TWO_DIGITS,  /* the last two */
    FRACTION,    /* width digits behind the point */
    FRACTION_MS, /* the same; what is beyond milliseconds is 0 */
    MONTH_NAME,  /* width letters, 0: all */
    DAY_NAME,    /* likewise */
    QUARTER_NAME,
    ERA,
    ERA_NAME,
    HALF_OF_DAY
};

struct piece {
    uint8_t shape, value;
    uint16_t width;
    struct slice text;
};

struct date_pattern {
    size_t n;
    struct piece at[];
};

const struct slice date_months[12] = {
    SLICE_INIT("January"),   SLICE_INIT("February"), SLICE_INIT("March"),    SLICE_INIT("April"),
    SLICE_INIT("May"),       SLICE_INIT("June"),     SLICE_INIT("July"),     SLICE_INIT("August"),
    SLICE_INIT("September"), SLICE_INIT("October"),  SLICE_INIT("November"), SLICE_INIT("December"),
};

const struct slice date_days[7] = {
    SLICE_INIT("Monday"), SLICE_INIT("Tuesday"),  SLICE_INIT("Wednesday"), SLICE_INIT("Thursday"),
    SLICE_INIT("Friday"), SLICE_INIT("Saturday"), SLICE_INIT("Sunday"),
};

/* ---- printing ---- */

/* An instant, and what most letters need of it. */
struct moment {
    struct civil c;
    int64_t days;
};

/* The week's day that decides which year it belongs to: nth counts whole weeks of that year. */
static void
week_of(int64_t deciding_day, int64_t *year, int *week)
{
    struct civil c = civil_of((struct timestamp){ deciding_day * 86400, 0 });

    *year = c.year;
    *week = (civil_yearday(&c) - 1) / 7 + 1;
}

void
date_iso_week(int64_t days, int64_t *year, int *week)
{
    week_of(days + 4 - civil_weekday(days), year, week); /* its Thursday */
}

static void
us_week(int64_t days, int64_t *year, int *week)
{
    week_of(days + 6 - civil_weekday(days) % 7, year, week); /* its Saturday */
}

static int64_t
week_value(enum value v, int64_t days)
{
    int64_t year;
    int week;

    if (v == ISO_WEEK_YEAR || v == ISO_WEEK)
        date_iso_week(days, &year, &week);
    else
        us_week(days, &year, &week);
    return v == ISO_WEEK_YEAR || v == US_WEEK_YEAR ? year : week;
}

static int64_t
value_of(enum value v, const struct moment *m)
{
    const struct civil *c = &m->c;
    int64_t second = c->hour * 3600 + c->minute * 60 + c->second;

    switch (v) {
    case YEAR: return c->year;
    case YEAR_OF_ERA: return c->year > 0 ? c->year : 1 - c->year;
    case CENTURY: return (c->year < 0 ? -c->year : c->year) / 100;
    case ISO_WEEK_YEAR:
    case ISO_WEEK:
    case US_WEEK_YEAR:
    case US_WEEK: return week_value(v, m->days);
    case US_WEEK_OF_MONTH: return (c->day - 1 + civil_weekday(m->days - c->day + 1) % 7) / 7 + 1;
    case ISO_WEEKDAY: return civil_weekday(m->days);
    case US_WEEKDAY: return civil_weekday(m->days) % 7 + 1;
    case DAY_OF_YEAR: return civil_yearday(c);
    case QUARTER: return (c->month - 1) / 3 + 1;
    case MONTH: return c->month;
    case DAY: return c->day;
    case HOUR: return c->hour;
    case HOUR_FROM_1: return c->hour == 0 ? 24 : c->hour;
    case HALF_HOUR: return c->hour % 12;
    case HALF_HOUR_FROM_1: return c->hour % 12 == 0 ? 12 : c->hour % 12;
    case MINUTE: return c->minute;
    case SECOND: return c->second;
    case NANO: return c->nsec;
    case MILLI_OF_DAY: return second * 1000 + c->nsec / 1000000;
    case NANO_OF_DAY: return second * 1000000000 + c->nsec;
    }
    UNREACHABLE("a value of a date");
}

static void
put_number(int64_t n, size_t width, bool plus, struct buf *out)
{
    char digits[MAX_WIDTH + 24];
    size_t i = sizeof digits;
    uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do {
        digits[--i] = (char)('0' + size % 10);
        size /= 10;
    } while (size > 0);
    plus = plus && n >= 0 && sizeof digits - i > width;
    while (sizeof digits - i < width)
        digits[--i] = '0';
    if (n < 0 || plus)
        digits[--i] = n < 0 ? '-' : '+';
    buf_append(out, (struct slice){ digits + i, sizeof digits - i });
}

static void
put_fraction(uint32_t nsec, size_t width, struct buf *out)
{
    for (size_t i = 0; i < width; i++) {
        buf_byte(out, (char)('0' + nsec / 100000000));
        nsec = nsec % 100000000 * 10;
    }
}

static void
put_name(struct slice name, size_t letters, struct buf *out)
{
    buf_append(out, (struct slice){ name.p, letters == 0 || letters > name.n ? name.n : letters });
}

static void
put_piece(const struct piece *p, const struct moment *m, struct buf *out)
{
    static const struct slice quarters[] = { SLICE_INIT("1st quarter"), SLICE_INIT("2nd quarter"),
                                             SLICE_INIT("3rd quarter"), SLICE_INIT("4th quarter") };
    bool after_christ = m->c.year > 0;
    int64_t n;

    switch ((enum shape)p->shape) {
    case LITERAL: buf_append(out, p->text); return;
    case NUMBER: put_number(value_of(p->value, m), p->width, false, out); return;
    case NUMBER_PLUS: put_number(value_of(p->value, m), p->width, true, out); return;
    case TWO_DIGITS:
        n = value_of(p->value, m);
        put_number((n < 0 ? -n : n) % 100, 2, false, out);
        return;
    case FRACTION: put_fraction(m->c.nsec, p->width, out); return;
    case FRACTION_MS: put_fraction(m->c.nsec / 1000000 * 1000000, p->width, out); return;
    case MONTH_NAME: put_name(date_months[m->c.month - 1], p->width, out); return;
    case DAY_NAME: put_name(date_days[civil_weekday(m->days) - 1], p->width, out); return;
    case QUARTER_NAME: put_name(quarters[(m->c.month - 1) / 3], p->width, out); return;
    case ERA: put_name(after_christ ? SLICE("AD") : SLICE("BC"), p->width, out); return;
    case ERA_NAME:
        put_name(after_christ ? SLICE("Anno Domini") : SLICE("Before Christ"), 0, out);
        return;
    case HALF_OF_DAY: put_name(m->c.hour < 12 ? SLICE("AM") : SLICE("PM"), 0, out); return;
    }
}

void
date_pattern_print(const struct date_pattern *p, struct timestamp t, struct buf *out)
{
    struct moment m = { .c = civil_of(t) };

    m.days = civil_days(m.c.year, m.c.month, m.c.day);
    for (size_t i = 0; i < p->n; i++)
        put_piece(&p->at[i], &m, out);
}

/* ---- compiling ---- */

struct compiler {
    struct arena *arena;
    struct slice pattern;
    struct date_pattern *out;
    struct err *err;
    size_t at;       /* of the letters under way */
    size_t brackets; /* open optional sections */
};

static int
add(struct compiler *c, struct piece p)
{
    if (c->out->n == PIECES)
        return err_set(c->err, ERR_LIMIT, "date pattern of more than %d parts", PIECES);
    c->out->at[c->out->n++] = p;
    return 0;
}

static int
add_literal(struct compiler *c, struct slice text)
{
    struct piece *last = c->out->n > 0 ? &c->out->at[c->out->n - 1] : NULL;

    if (last != NULL && last->shape == LITERAL) { /* byte by byte from the Java side */
        last->text = arena_printf(c->arena, "%.*s%.*s", SLICE_ARGS(last->text), SLICE_ARGS(text));
        return 0;
    }
    return add(c, (struct piece){ .shape = LITERAL, .text = arena_copy(c->arena, text) });
}

static int
add_number(struct compiler *c, enum value v, size_t width)
{
    return add(c, (struct piece){ .shape = NUMBER, .value = (uint8_t)v, .width = (uint16_t)width });
}

static int
add_shape(struct compiler *c, enum shape s, enum value v, size_t width)
{
    return add(c, (struct piece){
                      .shape = (uint8_t)s, .value = (uint8_t)v, .width = (uint16_t)width });
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* How often the byte at `at` stands there in a row. */
static size_t
run_length(struct slice s, size_t at)
{
    size_t n = 1;

    while (at + n < s.n && s.p[at + n] == s.p[at])
        n++;
    return n;
}

typedef int letter_fn(struct compiler *c, char letter, size_t n);
typedef int text_fn(struct compiler *c, size_t *at);

static int
compile(struct arena *a, struct slice pattern, letter_fn *letter, text_fn *text,
        struct date_pattern **out, struct err *err)
{
    struct date_pattern *most = xcalloc(1, sizeof *most + PIECES * sizeof most->at[0]);
    struct compiler c = { .arena = a, .pattern = pattern, .out = most, .err = err };
    int status = 0;

    for (size_t i = 0; status == 0 && i < pattern.n;) {
        size_t n = run_length(pattern, i);

        c.at = i;
        if (err != NULL)
            err->pos = i;
        if (!is_letter(pattern.p[i])) {
            status = text(&c, &i);
        } else if (n > MAX_WIDTH) {
            status = err_set(err, ERR_LIMIT, "date pattern letter %c %zu times, limit %d",
                             pattern.p[i], n, MAX_WIDTH);
        } else {
            status = letter(&c, pattern.p[i], n);
            i += n;
        }
    }
    if (status == 0) {
        size_t bytes = sizeof *most + most->n * sizeof most->at[0];

        *out = arena_alloc(a, bytes);
        memcpy(*out, most, bytes);
    }
    free(most);
    return status;
}

/* ---- Joda ---- */

static int
joda_year(struct compiler *c, enum value v, size_t n)
{
    return n == 2 ? add_shape(c, TWO_DIGITS, v, 2) : add_number(c, v, n);
}

static int
joda_letter(struct compiler *c, char letter, size_t n)
{
    static const struct slice offsets[] = { SLICE_INIT("+0000"), SLICE_INIT("+00:00"),
                                            SLICE_INIT("UTC") };

    switch (letter) {
    case 'G': return add_shape(c, ERA, YEAR, 0);
    case 'C': return add_number(c, CENTURY, n);
    case 'y': return joda_year(c, YEAR, n);
    case 'Y': return joda_year(c, n == 2 ? YEAR : YEAR_OF_ERA, n);
    case 'x': return joda_year(c, ISO_WEEK_YEAR, n);
    case 'w': return add_number(c, ISO_WEEK, n);
    case 'e': return add_number(c, ISO_WEEKDAY, n);
    case 'E': return add_shape(c, DAY_NAME, ISO_WEEKDAY, n < 4 ? 3 : 0);
    case 'D': return add_number(c, DAY_OF_YEAR, n);
    case 'M':
        return n < 3 ? add_number(c, MONTH, n) : add_shape(c, MONTH_NAME, MONTH, n < 4 ? 3 : 0);
    case 'd': return add_number(c, DAY, n);
    case 'a': return add_shape(c, HALF_OF_DAY, HOUR, 0);
    case 'K': return add_number(c, HALF_HOUR, n);
    case 'h': return add_number(c, HALF_HOUR_FROM_1, n);
    case 'H': return add_number(c, HOUR, n);
    case 'k': return add_number(c, HOUR_FROM_1, n);
    case 'm': return add_number(c, MINUTE, n);
    case 's': return add_number(c, SECOND, n);
    case 'S': return add_shape(c, FRACTION_MS, NANO, n);
    case 'z': return add_literal(c, n < 4 ? SLICE("UTC") : SLICE("Coordinated Universal Time"));
    case 'Z': return add_literal(c, offsets[n < 3 ? n - 1 : 2]);
    default:
        return err_set(c->err, ERR_PARSE, "Illegal pattern component: %.*s", (int)n,
                       c->pattern.p + c->at);
    }
}

/* Text up to the next letter outside quotes; a quote left open ends with the pattern. */
static struct slice
joda_literal(struct arena *a, struct slice *s)
{
    char *text = arena_bytes(a, s->n), *to = text;
    bool quoted = false;
    size_t i = 0;

    for (; i < s->n && (quoted || !is_letter(s->p[i])); i++) {
        if (s->p[i] != '\'')
            *to++ = s->p[i];
        else if (i + 1 < s->n && s->p[i + 1] == '\'')
            *to++ = s->p[++i];
        else
            quoted = !quoted;
    }
    *s = (struct slice){ s->p + i, s->n - i };
    return slice_between(text, to);
}

bool
date_joda_token(struct arena *a, struct slice *pattern, struct date_token *out)
{
    if (pattern->n == 0)
        return false;
    *out = (struct date_token){ .letter = pattern->p[0] };
    if (is_letter(out->letter)) {
        out->n = run_length(*pattern, 0);
        *pattern = (struct slice){ pattern->p + out->n, pattern->n - out->n };
    } else {
        out->literal = joda_literal(a, pattern);
    }
    return true;
}

static int
joda_text(struct compiler *c, size_t *at)
{
    struct slice rest = { c->pattern.p + *at, c->pattern.n - *at };
    struct slice text = joda_literal(c->arena, &rest);

    *at = c->pattern.n - rest.n;
    return add_literal(c, text);
}

int
date_pattern_joda(struct arena *a, struct slice pattern, struct date_pattern **out, struct err *err)
{
    return compile(a, pattern, joda_letter, joda_text, out, err);
}

/* ---- Java ---- */

static int
too_many(struct compiler *c, char letter)
{
    return err_set(c->err, ERR_PARSE, "Too many pattern letters: %c", letter);
}

static int
java_year(struct compiler *c, enum value v, size_t n)
{
    if (n == 2)
        return add_shape(c, TWO_DIGITS, v, 2);
    return n > 19 ? too_many(c, c->pattern.p[c->at])
                  : add_shape(c, n < 4 ? NUMBER : NUMBER_PLUS, v, n);
}

/* At most `most` letters, as wide as there are letters. */
static int
java_number(struct compiler *c, enum value v, size_t n, size_t most)
{
    return n > most ? too_many(c, c->pattern.p[c->at]) : add_number(c, v, n);
}

/* Three letters are short, four the whole name, five the first letter. */
static int
java_name(struct compiler *c, enum shape s, size_t n)
{
    return n > 5 ? too_many(c, c->pattern.p[c->at])
                 : add_shape(c, s, MONTH,
                             n == 4   ? 0
                             : n == 5 ? 1
                                      : 3);
}

static int
java_quarter(struct compiler *c, size_t n)
{
    static const struct slice q = SLICE_INIT("Q");

    if (n == 4)
        return add_shape(c, QUARTER_NAME, QUARTER, 0);
    if (n == 3 && add_literal(c, q) < 0)
        return -1;
    return n > 5 ? too_many(c, 'Q') : add_number(c, QUARTER, n == 2 ? 2 : 1);
}

static int
java_weekday(struct compiler *c, char letter, size_t n)
{
    if (letter == 'c' && n == 2)
        return err_set(c->err, ERR_PARSE, "Invalid pattern \"cc\"");
    return letter != 'E' && n < 3 ? add_number(c, US_WEEKDAY, n) : java_name(c, DAY_NAME, n);
}

static int
java_era(struct compiler *c, size_t n)
{
    if (n > 5)
        return too_many(c, 'G');
    return n == 4 ? add_shape(c, ERA_NAME, YEAR, 0) : add_shape(c, ERA, YEAR, n == 5 ? 1 : 2);
}

/* Letters of the zone, which is UTC: each spells that by count. NULL: no such count. */
static int
java_zone(struct compiler *c, char letter, size_t n)
{
    static const struct {
        char letter;
        const char *by_count[6];
    } table[] = {
        { 'X', { NULL, "Z", "Z", "Z", "Z", "Z" } },
        { 'x', { NULL, "+00", "+0000", "+00:00", "+0000", "+00:00" } },
        { 'Z', { NULL, "+0000", "+0000", "+0000", "GMT", "Z" } },
        { 'O', { NULL, "GMT", NULL, NULL, "GMT", NULL } },
        { 'V', { NULL, NULL, "Z", NULL, NULL, NULL } },
        { 'z', { NULL, "Z", "Z", "Z", "Z", NULL } },
        { 'v', { NULL, "Z", NULL, NULL, "Z", NULL } },
    };

    for (size_t i = 0; i < COUNT(table); i++)
        if (table[i].letter == letter && n < 6 && table[i].by_count[n] != NULL)
            return add_literal(c, slice_of(table[i].by_count[n]));
    return err_set(c->err, ERR_PARSE, "Wrong number of pattern letters: %c %zu times", letter, n);
}

static int
java_letter(struct compiler *c, char letter, size_t n)
{
    switch (letter) {
    case 'u': return java_year(c, YEAR, n);
    case 'y': return java_year(c, YEAR_OF_ERA, n);
    case 'Y': return java_year(c, US_WEEK_YEAR, n);
    case 'w': return java_number(c, US_WEEK, n, 2);
    case 'W': return java_number(c, US_WEEK_OF_MONTH, n, 1);
    case 'e':
    case 'c':
    case 'E': return java_weekday(c, letter, n);
    case 'D': return java_number(c, DAY_OF_YEAR, n, 3);
    case 'M':
    case 'L': return n < 3 ? add_number(c, MONTH, n) : java_name(c, MONTH_NAME, n);
    case 'd': return java_number(c, DAY, n, 2);
    case 'Q':
    case 'q': return java_quarter(c, n);
    case 'G': return java_era(c, n);
    case 'a': return n > 1 ? too_many(c, 'a') : add_shape(c, HALF_OF_DAY, HOUR, 0);
    case 'h': return java_number(c, HALF_HOUR_FROM_1, n, 2);
    case 'K': return java_number(c, HALF_HOUR, n, 2);
    case 'k': return java_number(c, HOUR_FROM_1, n, 2);
    case 'H': return java_number(c, HOUR, n, 2);
    case 'm': return java_number(c, MINUTE, n, 2);
    case 's': return java_number(c, SECOND, n, 2);
    case 'S': return n > 9 ? too_many(c, 'S') : add_shape(c, FRACTION, NANO, n);
    case 'n': return java_number(c, NANO, n, 19);
    case 'A': return java_number(c, MILLI_OF_DAY, n, 19);
    case 'N': return java_number(c, NANO_OF_DAY, n, 19);
    case 'X':
    case 'x':
    case 'Z':
    case 'O':
    case 'V':
    case 'z':
    case 'v': return java_zone(c, letter, n);
    default: return err_set(c->err, ERR_PARSE, "Unknown pattern letter: %c", letter);
    }
}

/* 'text', with '' for a quote, also on its own. */
static int
java_quoted(struct compiler *c, size_t *at)
{
    struct slice s = c->pattern;
    struct buf text = { 0 };
    int status = -1;

    for (++*at; *at < s.n && status < 0; ++*at) {
        if (s.p[*at] != '\'')
            buf_byte(&text, s.p[*at]);
        else if (*at + 1 < s.n && s.p[*at + 1] == '\'')
            buf_byte(&text, s.p[++*at]);
        else
            status = 0;
    }
    if (status < 0)
        err_set(c->err, ERR_PARSE, "Pattern ends with an incomplete string literal");
    else
        status = add_literal(c, text.n == 0 ? SLICE("'") : buf_slice(&text));
    buf_fini(&text);
    return status;
}

static int
java_text(struct compiler *c, size_t *at)
{
    struct slice one = { c->pattern.p + *at, 1 };

    switch (one.p[0]) {
    case '\'': return java_quoted(c, at);
    case '[': c->brackets++; break;
    case ']':
        if (c->brackets == 0)
            return err_set(c->err, ERR_PARSE, "Pattern has ] without [ before it");
        c->brackets--;
        break;
    case '{':
    case '}':
    case '#':
        return err_set(c->err, ERR_PARSE, "Pattern includes reserved character: %c", one.p[0]);
    default:
        if (add_literal(c, one) < 0)
            return -1;
        break;
    }
    ++*at;
    return 0;
}

int
date_pattern_java(struct arena *a, struct slice pattern, struct date_pattern **out, struct err *err)
{
    return compile(a, pattern, java_letter, java_text, out, err);
}
