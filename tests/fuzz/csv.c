/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Separated values from anywhere, through the filter under several options. A record that was read
 * is written with every field in quotes, and has to be read as the same fields. */
#include "codec/base/buf.h"
#include "pipeline/csv_row.h"
#include "tests/fuzz/filter_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 64

static const char *const blocks[] = {
    "filter { csv { } }",
    "filter { csv { columns => ['a', '[b][c]', '@timestamp', 'tags', '[d'] } }",
    "filter { csv { separator => '::' quote_char => '\xc3\xa9' target => 't' } }",
    "filter { csv { separator => ';' quote_char => '\\x00' skip_empty_columns => true } }",
    "filter { csv { columns => ['a', 'b', 'c', 'd', 'e'] convert => { 'a' => 'integer' 'b' => "
    "'float' 'c' => 'date' 'd' => 'date_time' 'e' => 'boolean' } skip_header => true } }",
    "filter { csv { source => 'message' target => '[message]' skip_empty_rows => true "
    "autogenerate_column_names => false } }",
};

static const struct csv_syntax syntaxes[] = {
    { SLICE_INIT(","), SLICE_INIT("\"") },
    { SLICE_INIT(", "), SLICE_INIT("\xc3\xa9") },
    { SLICE_INIT("\""), SLICE_INIT("\"") },
};

static void
write_field(struct buf *out, struct slice quote, struct slice text)
{
    buf_append(out, quote);
    while (text.n > 0) {
        bool doubled = slice_starts(text, quote);
        size_t n = doubled ? quote.n : 1;

        if (doubled)
            buf_append(out, quote);
        buf_append(out, (struct slice){ text.p, n });
        text.p += n;
        text.n -= n;
    }
    buf_append(out, quote);
}

static void
check_again(const struct csv_syntax *syntax, const struct csv_row *row, struct arena *a)
{
    struct csv_row again = { 0 };
    struct buf text = { 0 };

    for (size_t i = 0; i < row->n; i++) {
        if (i > 0)
            buf_append(&text, syntax->separator);
        write_field(&text, syntax->quote, row->fields[i].text);
    }
    ASSERT(csv_row_read(&again, syntax, buf_slice(&text), MOST, a, NULL) == 0);
    ASSERT(again.n == row->n && again.used == text.n);
    for (size_t i = 0; i < row->n; i++)
        ASSERT(slice_eq(again.fields[i].text, row->fields[i].text));
    csv_row_fini(&again);
    buf_fini(&text);
}

static void
check_row(const struct csv_syntax *syntax, struct slice text)
{
    struct csv_row row = { 0 };
    struct err err = { 0 };
    struct arena a;

    arena_init(&a, NULL);
    if (csv_row_read(&row, syntax, text, MOST, &a, &err) < 0) {
        ASSERT(err.msg[0] != '\0' && err.pos <= text.n);
    } else {
        ASSERT(row.used <= text.n && (row.used > 0 || text.n == 0));
        if (!slice_eq(syntax->separator, syntax->quote) && row.n > 0)
            check_again(syntax, &row, &a);
    }
    csv_row_fini(&row);
    arena_fini(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    filter_plan_input(blocks, COUNT(blocks), data, size);
    for (size_t i = 0; size > 0 && i < COUNT(syntaxes); i++)
        check_row(&syntaxes[i], (struct slice){ (const char *)data + 1, size - 1 });
    return 0;
}
