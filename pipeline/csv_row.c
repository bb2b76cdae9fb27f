/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/csv_row.h"

#include <stdlib.h>

struct reader {
    const struct csv_syntax *syntax;
    struct slice text;
    size_t at;
    struct arena *arena;
    struct err *err;
};

static int
malformed(struct reader *r, size_t at, const char *what)
{
    if (r->err != NULL)
        r->err->pos = at;
    return err_set(r->err, ERR_PARSE, "%s at offset %zu", what, at);
}

static bool
looking_at(const struct reader *r, size_t at, struct slice what)
{
    return what.n > 0 && r->text.n - at >= what.n && memcmp(r->text.p + at, what.p, what.n) == 0;
}

static bool
at_end(const struct reader *r)
{
    return r->at == r->text.n || r->text.p[r->at] == '\n' || r->text.p[r->at] == '\r';
}

/* Two quotes for one; inside a field they come in pairs only. */
static struct slice
without_doubles(struct reader *r, struct slice s)
{
    struct slice quote = r->syntax->quote;
    char *copy = arena_bytes(r->arena, s.n);
    size_t n = 0;

    for (size_t i = 0; i < s.n;) {
        bool is_quote = s.n - i >= quote.n && memcmp(s.p + i, quote.p, quote.n) == 0;

        copy[n++] = s.p[i++];
        if (!is_quote)
            continue;
        for (size_t k = 1; k < quote.n; k++)
            copy[n++] = s.p[i++];
        i += quote.n;
    }
    return (struct slice){ copy, n };
}

/* Behind the opening quote. */
static int
take_quoted(struct reader *r, struct csv_field *f)
{
    struct slice quote = r->syntax->quote;
    size_t from = r->at, close = from;
    bool doubled = false;

    while ((close = slice_find(r->text, quote, close)) != SIZE_MAX &&
           looking_at(r, close + quote.n, quote)) {
        doubled = true;
        close += 2 * quote.n;
    }
    if (close == SIZE_MAX)
        return malformed(r, from, "quoted field without an end");
    f->text = slice_between(r->text.p + from, r->text.p + close);
    if (doubled)
        f->text = without_doubles(r, f->text);
    r->at = close + quote.n;
    if (!at_end(r) && !looking_at(r, r->at, r->syntax->separator))
        return malformed(r, r->at, "text behind a quoted field");
    return 0;
}

static int
take_bare(struct reader *r, struct csv_field *f)
{
    size_t from = r->at;

    for (; !at_end(r) && !looking_at(r, r->at, r->syntax->separator); r->at++)
        if (looking_at(r, r->at, r->syntax->quote))
            return malformed(r, r->at, "quote in a field without quotes");
    f->text = slice_between(r->text.p + from, r->text.p + r->at);
    if (f->text.n == 0)
        f->text.p = NULL;
    return 0;
}

static struct csv_field *
push(struct csv_row *row)
{
    if (row->n == row->cap) {
        row->cap = row->cap == 0 ? 32 : row->cap * 2;
        row->fields = xrealloc(row->fields, row->cap * sizeof *row->fields);
    }
    return &row->fields[row->n++];
}

static int
take_field(struct reader *r, struct csv_field *f)
{
    if (!looking_at(r, r->at, r->syntax->quote))
        return take_bare(r, f);
    r->at += r->syntax->quote.n;
    return take_quoted(r, f);
}

/* With the line end: LF, CR LF or CR. */
static size_t
record_bytes(const struct reader *r)
{
    size_t n = r->at;

    if (n < r->text.n && r->text.p[n] == '\r')
        n++;
    if (n < r->text.n && r->text.p[n] == '\n')
        n++;
    return n;
}

int
csv_row_read(struct csv_row *row, const struct csv_syntax *syntax, struct slice text, size_t most,
             struct arena *a, struct err *err)
{
    struct reader r = { syntax, text, 0, a, err };

    row->n = 0;
    if (at_end(&r)) { /* an empty line has no fields */
        row->used = record_bytes(&r);
        return 0;
    }
    for (;;) {
        if (row->n == most)
            return err_set(err, ERR_LIMIT, "more than %zu fields", most);
        if (take_field(&r, push(row)) < 0)
            return -1;
        if (at_end(&r)) {
            row->used = record_bytes(&r);
            return 0;
        }
        r.at += syntax->separator.n;
    }
}

void
csv_row_fini(struct csv_row *row)
{
    free(row->fields);
    *row = (struct csv_row){ 0 };
}
