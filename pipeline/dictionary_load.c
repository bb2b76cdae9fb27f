/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dictionaries from files: YAML, JSON, and CSV with two columns. */
#include "pipeline/dictionary.h"

#include "codec/json_scan.h"
#include "pipeline/json_decimal.h"
#include "pipeline/text_file.h"
#include "pipeline/yaml_json.h"

#include <string.h>

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

/* One field off the front; *last: it ends its row. -1: quotes that do not fit. */
static int
take_field(struct slice *s, struct buf *out, bool *last)
{
    size_t i = 0;

    buf_clear(out);
    if (s->n > 0 && s->p[0] == '"') {
        for (i = 1;; i++) {
            if (i >= s->n)
                return -1;
            if (s->p[i] != '"')
                buf_byte(out, s->p[i]);
            else if (i + 1 < s->n && s->p[i + 1] == '"')
                buf_byte(out, s->p[++i]);
            else
                break;
        }
        i++;
    } else {
        for (; i < s->n && s->p[i] != ',' && s->p[i] != '\n' && s->p[i] != '\r'; i++) {
            if (s->p[i] == '"')
                return -1;
            buf_byte(out, s->p[i]);
        }
    }
    *last = i == s->n || s->p[i] != ',';
    if (i < s->n && s->p[i] == '\r')
        i++;
    if (i < s->n && (s->p[i] == ',' || s->p[i] == '\n'))
        i++;
    else if (i < s->n && s->p[i - 1] != '\r')
        return -1;
    s->p += i;
    s->n -= i;
    return 0;
}

static int
load_csv(struct dictionary *d, struct arena *a, struct slice text, struct err *err)
{
    struct buf field = { 0 }, key = { 0 };
    int result = 0;

    for (size_t row = 1; text.n > 0 && result == 0; row++) {
        struct value v = value_null();
        bool last = false;

        buf_clear(&key);
        for (size_t column = 0; !last && result == 0; column++) {
            result = take_field(&text, &field, &last);
            if (column == 0)
                buf_append(&key, buf_slice(&field));
            else if (column == 1)
                v = value_str(a, buf_slice(&field));
        }
        if (result < 0)
            err_set(err, ERR_PARSE, "row %zu: illegal quoting", row);
        else if (key.n > 0)
            dictionary_put(d, buf_slice(&key), a, &v);
    }
    buf_fini(&field);
    buf_fini(&key);
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
