/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One step a letter or literal. Numbers take as many digits as are there, up to a limit of the
 * letter: a year that another number follows takes no more than its letters. Literals do not mind
 * the case of ASCII letters. */
#include "pipeline/date_format.h"

#include "codec/date_pattern.h"
#include "pipeline/date_fields.h"
#include "pipeline/date_layout.h"
#include "pipeline/date_names.h"

#include <stdlib.h>

#define STEPS      64
#define MAX_WIDTH  64
#define ZONE_TRIES 8

enum kind {
    LITERAL,
    NUMBER,
    TWO_DIGITS,       /* of a year; more digits are taken as they are */
    EXACTLY_2_DIGITS, /* of a year, where another number follows */
    FRACTION,
    NAME,
    OFFSET,
    ZONE_ID,
    ZONE_NAME
};

struct step {
    uint8_t kind, field, most;
    bool may_be_signed;
    struct slice literal;
    const struct date_names *names;
};

struct date_format {
    int64_t this_year;
    enum date_precision precision;
    bool has_year, has_offset;
    struct date_order order;
    struct date_layout layout; /* of most texts, if they have one */
    size_t n;
    struct step at[STEPS];
};

/* ---- compiling ---- */

struct compiler {
    struct arena *arena;
    const struct date_format_spec *spec;
    struct slice rest; /* of the pattern, behind the letters under way */
    struct date_format *out;
    struct err *err;
};

static int
add(struct compiler *c, struct step s)
{
    if (c->out->n == STEPS)
        return err_set(c->err, ERR_LIMIT, "date format of more than %d parts", STEPS);
    c->out->at[c->out->n++] = s;
    return 0;
}

static int
add_field(struct compiler *c, struct step s)
{
    date_order_add(&c->out->order, s.field);
    return add(c, s);
}

/* Does a number follow? Then a year cannot take more digits than it has letters. */
static bool
number_follows(struct compiler *c)
{
    struct slice rest = c->rest;
    struct date_token next;

    if (!date_joda_token(c->arena, &rest, &next) || next.n == 0)
        return false;
    return next.letter == 'M' ? next.n < 3 : strchr("cCxyYdhHmsSeDFwWkK", next.letter) != NULL;
}

static int
add_year(struct compiler *c, enum date_field field, size_t n)
{
    bool follows = number_follows(c);
    size_t most = follows || n > 9 ? n : 9;

    if (n == 2)
        return add_field(c, (struct step){ .kind = follows ? EXACTLY_2_DIGITS : TWO_DIGITS,
                                           .field = field == DATE_F_WEEK_YEAR ? DATE_F_WEEK_YEAR
                                                                              : DATE_F_YEAR });
    return add_field(c, (struct step){ .kind = NUMBER,
                                       .field = (uint8_t)field,
                                       .most = (uint8_t)most,
                                       .may_be_signed = field != DATE_F_YEAR_OF_ERA });
}

static int
add_number(struct compiler *c, enum date_field field, size_t n, size_t most)
{
    return add_field(c, (struct step){ .kind = NUMBER,
                                       .field = (uint8_t)field,
                                       .most = (uint8_t)(n > most ? n : most),
                                       .may_be_signed = field == DATE_F_CENTURY });
}

static int
add_name(struct compiler *c, enum date_field field, enum date_name_kind kind)
{
    return add_field(c,
                     (struct step){ .kind = NAME,
                                    .field = (uint8_t)field,
                                    .names = date_names_compile(c->arena, c->spec->locale, kind) });
}

static int
add_letter(struct compiler *c, char letter, size_t n)
{
    switch (letter) {
    case 'G': return add_name(c, DATE_F_ERA, DATE_ERA);
    case 'C': return add_number(c, DATE_F_CENTURY, n, n);
    case 'y': return add_year(c, DATE_F_YEAR, n);
    case 'Y': return add_year(c, DATE_F_YEAR_OF_ERA, n);
    case 'x': return add_year(c, DATE_F_WEEK_YEAR, n);
    case 'w': return add_number(c, DATE_F_WEEK, n, 2);
    case 'e': return add_number(c, DATE_F_WEEKDAY, n, 1);
    case 'E': return add_name(c, DATE_F_WEEKDAY, DATE_DAY);
    case 'D': return add_number(c, DATE_F_YEARDAY, n, 3);
    case 'M':
        return n < 3 ? add_number(c, DATE_F_MONTH, n, 2) : add_name(c, DATE_F_MONTH, DATE_MONTH);
    case 'd': return add_number(c, DATE_F_DAY, n, 2);
    case 'a': return add_name(c, DATE_F_HALF, DATE_HALF);
    case 'H': return add_number(c, DATE_F_HOUR, n, 2);
    case 'k': return add_number(c, DATE_F_HOUR_FROM_1, n, 2);
    case 'K': return add_number(c, DATE_F_HALF_HOUR, n, 2);
    case 'h': return add_number(c, DATE_F_HALF_HOUR_FROM_1, n, 2);
    case 'm': return add_number(c, DATE_F_MINUTE, n, 2);
    case 's': return add_number(c, DATE_F_SECOND, n, 2);
    case 'S':
        return add_field(c, (struct step){ .kind = FRACTION,
                                           .field = DATE_F_SECOND_REST,
                                           .most = (uint8_t)n });
    case 'Z': return add(c, (struct step){ .kind = n < 3 ? OFFSET : ZONE_ID });
    case 'z':
        if (n < 4)
            return add(c, (struct step){ .kind = ZONE_NAME });
        return err_set(c->err, ERR_CONFIG, "long names of zones (zzzz) can be printed, not read");
    default: return err_set(c->err, ERR_CONFIG, "Illegal pattern component: %c", letter);
    }
}

static int
compile(struct compiler *c)
{
    struct date_token t;

    while (date_joda_token(c->arena, &c->rest, &t)) {
        int status = 0;

        if (t.n > MAX_WIDTH)
            status = err_set(c->err, ERR_LIMIT, "letter %c %zu times, limit %d", t.letter, t.n,
                             MAX_WIDTH);
        else if (t.n > 0)
            status = add_letter(c, t.letter, t.n);
        else if (t.literal.n > 0)
            status = add(c, (struct step){ .kind = LITERAL, .literal = t.literal });
        if (status < 0)
            return -1;
    }
    return 0;
}

/* ---- texts of fixed layout ---- */

/* What stands behind a step: a byte of a literal, a blank for the end, a digit for anything else.
 */
static char
next_byte(const struct date_format *f, size_t i)
{
    if (i + 1 == f->n)
        return ' ';
    return f->at[i + 1].kind == LITERAL ? f->at[i + 1].literal.p[0] : '0';
}

/* False: the step takes now more, now less; what follows may have a say, too. */
static bool
add_to_layout(struct date_layout *l, const struct step *p, char next)
{
    bool digit = next >= '0' && next <= '9';
    enum date_field field = (enum date_field)p->field;

    switch ((enum kind)p->kind) {
    case LITERAL: return date_layout_literal(l, p->literal);
    case NUMBER:
        if (field == DATE_F_YEAR)
            return (p->most == 4 || (p->most == 9 && !digit)) &&
                   date_layout_field(l, field, 4, NULL);
        return p->most == 2 && date_layout_field(l, field, 2, NULL);
    case FRACTION: return date_layout_field(l, field, p->most, NULL);
    case NAME:
        return (field == DATE_F_MONTH || field == DATE_F_WEEKDAY) &&
               strchr(" /-:,_", next) != NULL && date_layout_field(l, field, 3, p->names);
    case OFFSET: return !digit && strchr(":.,", next) == NULL && date_layout_offset(l);
    case TWO_DIGITS:
    case EXACTLY_2_DIGITS:
    case ZONE_ID:
    case ZONE_NAME: break;
    }
    return false;
}

static void
find_layout(struct date_format *f)
{
    bool ok = true;

    for (size_t i = 0; i < f->n && ok; i++)
        ok = add_to_layout(&f->layout, &f->at[i], next_byte(f, i));
    if (ok)
        date_layout_end(&f->layout);
    else
        f->layout.width = 0;
}

int
date_format_compile(struct arena *a, struct slice pattern, const struct date_format_spec *spec,
                    const struct date_format **out, struct err *err)
{
    struct date_format *f = arena_calloc(a, 1, sizeof *f);
    struct compiler c = { a, spec, pattern, f, err };

    f->this_year = spec->this_year;
    f->precision = spec->precision;
    f->has_year = slice_find_byte(pattern, 'y', 0) != SIZE_MAX ||
                  slice_find_byte(pattern, 'Y', 0) != SIZE_MAX;
    f->has_offset = slice_find_byte(pattern, 'Z', 0) != SIZE_MAX;
    *out = f;
    if (compile(&c) < 0)
        return -1;
    find_layout(f);
    return 0;
}

bool
date_format_has_year(const struct date_format *f)
{
    return f->has_year;
}

bool
date_format_has_offset(const struct date_format *f)
{
    return f->has_offset;
}

/* ---- taking pieces of text ---- */

static size_t
digits_at(struct slice s, size_t most)
{
    size_t n = 0;

    while (n < s.n && n < most && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

static struct slice
behind(struct slice s, size_t n)
{
    return (struct slice){ s.p + n, s.n - n };
}

/* 1 to most digits; false also where they do not fit 32 bits. */
static inline bool
take_digits(struct slice *s, size_t most, int64_t *out)
{
    size_t n = 0, limit = s->n < most ? s->n : most;
    int64_t sum = 0;

    for (unsigned digit; n < limit && (digit = (unsigned char)(s->p[n] - '0')) < 10; n++) {
        sum = sum * 10 + digit;
        if (sum > INT32_MAX)
            return false;
    }
    *out = sum;
    *s = behind(*s, n);
    return n > 0;
}

bool
date_take_number(struct slice *s, size_t most, bool may_be_signed, int64_t *out)
{
    struct slice in = *s;
    bool minus = may_be_signed && in.n > 0 && in.p[0] == '-';

    if (minus || (may_be_signed && in.n > 0 && in.p[0] == '+'))
        in = behind(in, 1);
    if (!take_digits(&in, most, out))
        return false;
    *out = minus ? -*out : *out;
    *s = in;
    return true;
}

/* Each digit's worth is cut to whole units before it counts, as Joda has it: it is a tenth of the
 * last one's, and of the sum a last digit is dropped in the end. */
bool
date_take_fraction(struct slice *s, size_t most, int64_t unit_seconds,
                   enum date_precision precision, int64_t *ns)
{
    int64_t scale = precision == DATE_MS ? 1000 : 1000000000;
    int64_t worth = unit_seconds * scale, sum = 0;
    size_t n = digits_at(*s, most);

    for (size_t i = 0; i < n && worth > 0; i++) {
        sum += (s->p[i] - '0') * worth;
        worth /= 10;
    }
    *ns = sum / 10 * (1000000000 / scale);
    *s = behind(*s, n);
    return n > 0;
}

static bool
take_pair(struct slice *s, int most, int *out)
{
    if (digits_at(*s, 2) < 2)
        return false;
    *out = (s->p[0] - '0') * 10 + (s->p[1] - '0');
    *s = behind(*s, 2);
    return *out <= most;
}

/* Behind a sign and hours: what goes on in the same style belongs to the offset, pairs of digits
 * for minutes and seconds, then parts of a second, which nobody needs. */
static bool
take_offset_rest(struct slice *s, int part[2])
{
    bool colons = s->n > 0 && s->p[0] == ':';

    for (int i = 0; i < 2; i++) {
        if (s->n == 0 || (colons ? s->p[0] != ':' : digits_at(*s, 1) == 0))
            return true;
        if (colons)
            *s = behind(*s, 1);
        if (!take_pair(s, 59, &part[i]))
            return false;
    }
    if (colons) {
        if (s->n == 0 || (s->p[0] != '.' && s->p[0] != ','))
            return true;
        *s = behind(*s, 1);
        if (digits_at(*s, 1) == 0)
            return false;
    }
    *s = behind(*s, digits_at(*s, 3));
    return true;
}

bool
date_take_offset(struct slice *s, int32_t *offset)
{
    struct slice in = *s;
    int hour, rest[2] = { 0, 0 };
    bool minus;

    if (s->n > 0 && (s->p[0] == 'Z' || s->p[0] == 'z')) {
        *offset = 0;
        *s = behind(*s, 1);
        return true;
    }
    if (in.n < 2 || (in.p[0] != '+' && in.p[0] != '-'))
        return false;
    minus = in.p[0] == '-';
    in = behind(in, 1);
    if (!take_pair(&in, 23, &hour) || !take_offset_rest(&in, rest))
        return false;
    *offset = hour * 3600 + rest[0] * 60 + rest[1];
    *offset = minus ? -*offset : *offset;
    *s = in;
    return true;
}

/* literal is not empty; mostly it is one sign. */
static inline bool
take_literal(struct slice *s, struct slice literal)
{
    if (s->n < literal.n)
        return false;
    if ((literal.n > 1 || s->p[0] != literal.p[0]) &&
        !slice_eq_nocase((struct slice){ s->p, literal.n }, literal))
        return false;
    *s = behind(*s, literal.n);
    return true;
}

/* Two digits mean the year of that ending between 80 years ago and 19 years ahead. */
static int64_t
sliding_year(int64_t two, int64_t this_year)
{
    int64_t low = this_year - 80;

    return low + ((two - low) % 100 + 100) % 100;
}

static bool
take_two_digits(struct slice *s, bool exactly, int64_t this_year, int64_t *out)
{
    bool is_signed = s->n > 0 && (s->p[0] == '-' || s->p[0] == '+');
    size_t n = digits_at(*s, SIZE_MAX);

    if (exactly && n < 2)
        return false;
    if (!exactly && (is_signed || n != 2))
        return date_take_number(s, SIZE_MAX, true, out);
    *out = sliding_year((s->p[0] - '0') * 10 + (s->p[1] - '0'), this_year);
    *s = behind(*s, 2);
    return true;
}

static bool
is_id_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '/' ||
           c == '_' || c == '+' || c == '-';
}

/* The longest name of the tz database there. Its bytes may go on in the format's own literals, so
 * shorter ones are tried, a few: each try that fails asks the file system. */
static bool
take_zone_id(struct slice *s, const struct zone **zone)
{
    size_t n = 0;

    while (n < s->n && is_id_byte(s->p[n]))
        n++;
    *zone = NULL;
    for (int tries = 0; *zone == NULL && n > 0 && tries < ZONE_TRIES; tries++)
        *zone = zone_find((struct slice){ s->p, n-- });
    if (*zone == NULL)
        return false;
    *s = behind(*s, n + 1);
    return true;
}

/* The only abbreviations there are; each stands for a place, with its summer time. */
static bool
take_zone_name(struct slice *s, const struct zone **zone)
{
    static const struct {
        struct slice name, id;
    } names[] = {
        { SLICE_INIT("UTC"), SLICE_INIT("UTC") },
        { SLICE_INIT("UT"), SLICE_INIT("UTC") },
        { SLICE_INIT("GMT"), SLICE_INIT("UTC") },
        { SLICE_INIT("EST"), SLICE_INIT("America/New_York") },
        { SLICE_INIT("EDT"), SLICE_INIT("America/New_York") },
        { SLICE_INIT("CST"), SLICE_INIT("America/Chicago") },
        { SLICE_INIT("CDT"), SLICE_INIT("America/Chicago") },
        { SLICE_INIT("MST"), SLICE_INIT("America/Denver") },
        { SLICE_INIT("MDT"), SLICE_INIT("America/Denver") },
        { SLICE_INIT("PST"), SLICE_INIT("America/Los_Angeles") },
        { SLICE_INIT("PDT"), SLICE_INIT("America/Los_Angeles") },
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        if (!slice_starts(*s, names[i].name))
            continue;
        *s = behind(*s, names[i].name.n);
        *zone = zone_find(names[i].id);
        return *zone != NULL;
    }
    return false;
}

/* ---- parsing ---- */

/* Names count from 0, months and weekdays from 1. */
static bool
take_name(const struct step *p, struct slice *s, int64_t *out)
{
    int n;

    if (!date_names_take(p->names, s, &n))
        return false;
    *out = p->field == DATE_F_MONTH || p->field == DATE_F_WEEKDAY ? n + 1 : n;
    return true;
}

static bool
take_step(const struct date_format *f, const struct step *p, struct slice *s,
          struct date_fields *fields, struct date_parsed *out)
{
    int64_t n = 0;
    bool ok = false;

    switch ((enum kind)p->kind) {
    case LITERAL: return take_literal(s, p->literal);
    case OFFSET: out->where = DATE_OFFSET; return date_take_offset(s, &out->offset);
    case ZONE_ID:
    case ZONE_NAME:
        if (out->where == DATE_LOCAL) /* an offset wins over a zone, wherever it stands */
            out->where = DATE_ZONE;
        return p->kind == ZONE_ID ? take_zone_id(s, &out->zone) : take_zone_name(s, &out->zone);
    case NUMBER: ok = date_take_number(s, p->most, p->may_be_signed, &n); break;
    case TWO_DIGITS:
    case EXACTLY_2_DIGITS:
        ok = take_two_digits(s, p->kind == EXACTLY_2_DIGITS, f->this_year, &n);
        break;
    case FRACTION: ok = date_take_fraction(s, p->most, 1, f->precision, &n); break;
    case NAME: ok = take_name(p, s, &n); break;
    }
    date_fields_set(fields, (enum date_field)p->field, n);
    return ok;
}

static bool
take_all(const struct date_format *f, struct slice text, struct date_fields *fields,
         struct date_parsed *out)
{
    for (size_t i = 0; i < f->n; i++)
        if (!take_step(f, &f->at[i], &text, fields, out))
            return false;
    return text.n == 0;
}

bool
date_format_parse(const struct date_format *f, struct slice text, struct date_memo *memo,
                  struct date_parsed *out)
{
    struct date_fields fields;

    if (f->layout.width > 0 && text.n == f->layout.width) {
        if (memo->of != f)
            *memo = (struct date_memo){ .of = f };
        if (date_layout_read(&f->layout, text.p, f->this_year, f->precision, memo, out))
            return true;
    }
    fields.has = 0;
    out->where = DATE_LOCAL;
    return take_all(f, text, &fields, out) &&
           date_fields_resolve(&fields, &f->order, f->this_year, &out->local, &out->nsec);
}
