/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts in which each part of a date has its place, as 10/Oct/2024:13:55:36 -0700: nearly all there
 * are. Digits and what stands between them are checked eight bytes at a time; a text that is not
 * exactly such a one is date_format.c's, whatever is the matter with it. Pure, const once made. */
#ifndef PIPELINE_DATE_LAYOUT_H
#define PIPELINE_DATE_LAYOUT_H

#include "pipeline/date_fields.h"
#include "pipeline/date_format.h"
#include "pipeline/date_names.h"

#define LAYOUT_BYTES (8 * DATE_MEMO_WORDS)

struct date_layout {
    uint8_t width; /* of the texts; 0: there are none */
    /* Where each part is; the fraction if it has a width. */
    uint8_t year, month, day, weekday, hour, minute, second, fraction, offset;
    uint8_t fraction_width;
    bool has_offset;
    uint32_t has;                    /* bit per field */
    const struct date_names *months; /* NULL: two digits */
    const struct date_names *weekdays;
    unsigned words;
    struct {
        uint64_t literal, fixed; /* what must be there, and at which bytes */
        uint64_t digit;          /* which bytes are digits */
        uint64_t kept;           /* which bytes say the day or the offset */
    } word[DATE_MEMO_WORDS];
    char literal[LAYOUT_BYTES], kind[LAYOUT_BYTES], kept[LAYOUT_BYTES]; /* while it grows */
};

/* The next piece of an empty layout (zeros). False: no layout has such a piece there. */
bool date_layout_literal(struct date_layout *l, struct slice text);
bool date_layout_field(struct date_layout *l, enum date_field field, unsigned width,
                       const struct date_names *names);
bool date_layout_offset(struct date_layout *l);
/* No more pieces. The width becomes 0 if they are too few for a date. */
void date_layout_end(struct date_layout *l);

/* text has the width. memo: of this layout alone. False: it is no such text, or no date. */
bool date_layout_read(const struct date_layout *l, const char *text, int64_t this_year,
                      enum date_precision precision, struct date_memo *memo,
                      struct date_parsed *out);

#endif
