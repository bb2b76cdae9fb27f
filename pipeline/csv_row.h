/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first record of a CSV text, as strict as Ruby's CSV (filters.md 10). Allocates only for
 * fields with doubled quotes; a reader belongs to one worker and is used again. */
#ifndef PIPELINE_CSV_ROW_H
#define PIPELINE_CSV_ROW_H

#include "codec/base/arena.h"
#include "codec/base/error.h"

struct csv_field {
    struct slice text; /* p NULL: an empty field without quotes */
};

struct csv_row {
    struct csv_field *fields;
    size_t n, cap;
    size_t used; /* bytes of the record, its line end included */
};

struct csv_syntax {
    struct slice separator; /* not empty */
    struct slice quote;     /* one character; empty: there is none */
};

/* Fields alias the text, or lie in the arena. -1: a quote where none may be, a quoted field that
 * goes on or does not end, or more fields than `most`; err->pos says where. */
int csv_row_read(struct csv_row *row, const struct csv_syntax *syntax, struct slice text,
                 size_t most, struct arena *a, struct err *err);
void csv_row_fini(struct csv_row *row);

#endif
