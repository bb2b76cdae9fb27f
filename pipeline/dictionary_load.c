/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dictionaries from files: YAML, JSON, and CSV with two columns. */
#include "pipeline/dictionary.h"

#include "codec/json_scan.h"
#include "pipeline/csv_row.h"
#include "pipeline/json_decimal.h"
#include "pipeline/text_file.h"
#include "pipeline/yaml_json.h"

#include <string.h>

/* Of a record; two of them count. */
#define CSV_FIELDS 1000

/* ---- JSON ---- */

static int
put_members(struct dictionary *d, struct arena *a, struct slice json, bool decimals,
            struct err *err)
{
    char *text = arena_block(a, json.n);
    struct value object;
    struct buf scratch = { 0 };
    int result;

    memcpy(text, json.p, json.n);
    result = json_scan_object(a, text, json.n, JSON_DEPTH, &object, err);
    if (result == 0 && decimals)
        result = json_decimal_convert(a, &object, &scratch, err);
    buf_fini(&scratch);
    for (uint32_t i = 0, n = result == 0 ? value_count(a, &object) : 0; i < n; i++) {
        struct value *v = value_at(a, &object, i);

        dictionary_put(d, value_key(a, v), a, v);
    }
    return result;
}

static int
load_yaml(struct dictionary *d, struct arena *a, struct slice text, size_t limit, struct err *err)
{
    struct buf json = { 0 };
    int result = yaml_to_json(text, limit * 2, &json, err);

    if (result == 0 && json.n > 0 && json.p[0] == '{')
        result = put_members(d, a, buf_slice(&json), false, err);
    else if (result == 0)
        result = err_set(err, ERR_PARSE, "no mapping of keys to values");
    buf_fini(&json);
    return result;
}

/* ---- CSV ---- */

static int
load_csv(struct dictionary *d, struct arena *a, struct slice text, struct err *err)
{
    const struct csv_syntax syntax = { .separator = SLICE(","), .quote = SLICE("\"") };
    struct csv_row row = { 0 };
    int result = 0;

    for (size_t record = 1; text.n > 0; record++) {
        struct value v = value_null();

        result = csv_row_read(&row, &syntax, text, CSV_FIELDS, a, err);
        if (result < 0) {
            err_prefix(err, "record %zu", record);
            break;
        }
        if (row.n > 1 && row.fields[1].text.p != NULL)
            v = value_str(a, row.fields[1].text);
        if (row.n > 0 && row.fields[0].text.p != NULL)
            dictionary_put(d, row.fields[0].text, a, &v);
        text.p += row.used;
        text.n -= row.used;
    }
    csv_row_fini(&row);
    return result;
}

/* ---- by name ---- */

int
dictionary_load(struct dictionary *d, const char *path, size_t limit, struct err *err)
{
    struct slice name = slice_of(path);
    struct buf text = { 0 };
    struct arena a;
    int result = text_file_read(path, limit, &text, err);

    if (result < 0) {
        buf_fini(&text);
        return -1;
    }
    arena_init(&a, NULL);
    if (slice_ends(name, SLICE(".yml")) || slice_ends(name, SLICE(".yaml")))
        result = load_yaml(d, &a, buf_slice(&text), limit, err);
    else if (slice_ends(name, SLICE(".json")))
        result = put_members(d, &a, buf_slice(&text), true, err);
    else if (slice_ends(name, SLICE(".csv")))
        result = load_csv(d, &a, buf_slice(&text), err);
    else
        result = err_set(err, ERR_CONFIG, "a dictionary is a .yml, .yaml, .json or .csv file");
    if (result < 0)
        err_prefix(err, "%s", path);
    arena_fini(&a);
    buf_fini(&text);
    return result;
}
