/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/date_layout.h"

#define BIT(f)     (UINT32_C(1) << DATE_F_##f)
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define DAY_FIELDS (BIT(YEAR) | BIT(MONTH) | BIT(WEEKDAY) | BIT(DAY))
#define NEEDED     (BIT(MONTH) | BIT(DAY) | BIT(HOUR) | BIT(MINUTE) | BIT(SECOND))

/* ---- making ---- */

enum { ANYTHING, LITERAL, DIGIT };

static bool
grow(struct date_layout *l, size_t width, char kind)
{
    if (width == 0 || l->width + width > LAYOUT_BYTES)
        return false;
    memset(&l->kind[l->width], kind, width);
    l->width = (uint8_t)(l->width + width);
    return true;
}

bool
date_layout_literal(struct date_layout *l, struct slice text)
{
    size_t at = l->width;

    if (!grow(l, text.n, LITERAL))
        return false;
    memcpy(&l->literal[at], text.p, text.n);
    return true;
}

static uint8_t *
place_of(struct date_layout *l, enum date_field field, unsigned width)
{
    switch (field) {
    case DATE_F_YEAR: return width == 4 ? &l->year : NULL;
    case DATE_F_MONTH: return width == 2 || width == 3 ? &l->month : NULL;
    case DATE_F_WEEKDAY: return width == 3 ? &l->weekday : NULL;
    case DATE_F_DAY: return width == 2 ? &l->day : NULL;
    case DATE_F_HOUR: return width == 2 ? &l->hour : NULL;
    case DATE_F_MINUTE: return width == 2 ? &l->minute : NULL;
    case DATE_F_SECOND: return width == 2 ? &l->second : NULL;
    case DATE_F_SECOND_REST: return width <= 9 ? &l->fraction : NULL;
    default: return NULL;
    }
}

bool
date_layout_field(struct date_layout *l, enum date_field field, unsigned width,
                  const struct date_names *names)
{
    uint32_t bit = UINT32_C(1) << field;
    uint8_t *place = place_of(l, field, width), at = l->width;

    if (place == NULL || (l->has & bit) != 0 || !grow(l, width, names != NULL ? ANYTHING : DIGIT))
        return false;
    *place = at;
    l->has |= bit;
    if (bit & DAY_FIELDS)
        memset(&l->kept[at], '\xff', width);
    if (field == DATE_F_MONTH)
        l->months = names;
    if (field == DATE_F_WEEKDAY)
        l->weekdays = names;
    if (field == DATE_F_SECOND_REST)
        l->fraction_width = (uint8_t)width;
    return true;
}

/* +hhmm */
bool
date_layout_offset(struct date_layout *l)
{
    uint8_t at = l->width;

    if (l->has_offset || !grow(l, 1, ANYTHING) || !grow(l, 4, DIGIT))
        return false;
    l->offset = at;
    l->has_offset = true;
    memset(&l->kept[at], '\xff', 5);
    return true;
}

static size_t
word_at(const struct date_layout *l, unsigned i)
{
    return i + 1 < l->words ? 8 * (size_t)i : l->width - 8u;
}

void
date_layout_end(struct date_layout *l)
{
    if ((l->has & NEEDED) != NEEDED)
        l->width = 0;
    l->words = (l->width + 7u) / 8;
    for (unsigned i = 0; i < l->words; i++) {
        char fixed[8], digit[8];
        size_t at = word_at(l, i);

        for (size_t k = 0; k < 8; k++) {
            fixed[k] = l->kind[at + k] == LITERAL ? '\xff' : 0;
            digit[k] = l->kind[at + k] == DIGIT ? '\xff' : 0;
        }
        memcpy(&l->word[i].literal, &l->literal[at], 8);
        memcpy(&l->word[i].fixed, fixed, 8);
        memcpy(&l->word[i].digit, digit, 8);
        memcpy(&l->word[i].kept, &l->kept[at], 8);
    }
}

/* ---- reading ---- */

struct findings {
    uint64_t wrong;   /* bytes out of place */
    uint64_t differs; /* from the text that memo is of, in what it keeps */
};

static inline void
check_word(const struct date_layout *l, unsigned i, const char *p, const struct date_memo *memo,
           struct findings *f)
{
    uint64_t w, digits;

    memcpy(&w, p, sizeof w);
    digits = (w ^ EACH('0')) & l->word[i].digit; /* 0 to 9 if they are */
    f->wrong |= ((w ^ l->word[i].literal) & l->word[i].fixed) |
                (((digits + EACH(0x76)) | digits) & EACH(0x80));
    f->differs |= (w ^ memo->word[i]) & l->word[i].kept;
}

/* The last word overlaps the one before. */
static inline struct findings
check(const struct date_layout *l, const char *text, const struct date_memo *memo)
{
    struct findings f = { 0, 0 };
    unsigned i = 0;

    for (; i + 1 < l->words; i++)
        check_word(l, i, text + 8 * (size_t)i, memo, &f);
    check_word(l, i, text + l->width - 8, memo, &f);
    return f;
}

static inline int
two(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* Three letters that are all of a name; from 1. */
static bool
read_name(const struct date_names *names, const char *text, int *n)
{
    struct slice name = { text, 3 };

    if (!date_names_take(names, &name, n) || name.n > 0)
        return false;
    ++*n;
    return true;
}

static bool
read_month(const struct date_layout *l, const char *text, int *month)
{
    if (l->months != NULL)
        return read_name(l->months, text + l->month, month);
    *month = two(text + l->month);
    return *month >= 1 && *month <= 12;
}

/* One that does not fit moves the date, so somebody else must see to it. */
static bool
weekday_fits(const struct date_layout *l, const char *text, int64_t days)
{
    int weekday;

    return l->weekdays == NULL ||
           (read_name(l->weekdays, text + l->weekday, &weekday) && weekday == civil_weekday(days));
}

static inline bool
read_offset(const char *p, int32_t *offset)
{
    int hour = two(p + 1), minute = two(p + 3);

    *offset = hour * 3600 + minute * 60;
    if (*p == '-')
        *offset = -*offset;
    return (*p == '-' || *p == '+') && hour <= 23 && minute <= 59;
}

static int64_t
read_year(const struct date_layout *l, const char *text, int64_t this_year)
{
    return l->has & BIT(YEAR) ? two(text + l->year) * 100 + two(text + l->year + 2) : this_year;
}

/* What texts have in common that follow each other in a log. */
static bool
read_kept(const struct date_layout *l, const char *text, int64_t this_year, struct date_memo *memo)
{
    int64_t year = read_year(l, text, this_year), days;
    int month, day = two(text + l->day);
    int32_t offset = 0;

    if (!read_month(l, text, &month) || day < 1 || day > civil_month_days(year, month))
        return false;
    days = civil_days(year, month, day);
    if (!weekday_fits(l, text, days) || (l->has_offset && !read_offset(text + l->offset, &offset)))
        return false;
    memo->days = days;
    memo->offset = offset;
    for (unsigned i = 0; i < l->words; i++)
        memcpy(&memo->word[i], text + word_at(l, i), sizeof memo->word[i]);
    return true;
}

bool
date_layout_read(const struct date_layout *l, const char *text, int64_t this_year,
                 enum date_precision precision, struct date_memo *memo, struct date_parsed *out)
{
    struct findings found = check(l, text, memo);
    int hour = two(text + l->hour), minute = two(text + l->minute), second = two(text + l->second);
    int64_t nsec = 0;

    if (found.wrong != 0 || hour > 23 || minute > 59 || second > 59 ||
        (found.differs != 0 && !read_kept(l, text, this_year, memo)))
        return false;
    if (l->fraction_width > 0) {
        struct slice digits = { text + l->fraction, l->fraction_width };

        date_take_fraction(&digits, digits.n, 1, precision, &nsec);
    }
    out->local = memo->days * 86400 + hour * 3600 + minute * 60 + second;
    out->nsec = (uint32_t)nsec;
    out->where = l->has_offset ? DATE_OFFSET : DATE_LOCAL;
    out->offset = memo->offset;
    return true;
}
