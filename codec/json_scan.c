/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/json_scan.h"

#include "codec/json_scan_priv.h"

#include <stdatomic.h>
#include <stdlib.h>

/* The form in use: found out at the first call, or set by a test. Relaxed: all threads find the
 * same. */
static atomic_int chosen = -1;

enum json_isa
json_scan_isa(void)
{
    int isa = atomic_load_explicit(&chosen, memory_order_relaxed);

    if (isa < 0) {
        isa = JSON_ISAS - 1;
        while (!json_isa_here((enum json_isa)isa))
            isa--;
        atomic_store_explicit(&chosen, isa, memory_order_relaxed);
    }
    return (enum json_isa)isa;
}

bool
json_scan_use(enum json_isa isa)
{
    if (!json_isa_here(isa))
        return false;
    atomic_store_explicit(&chosen, isa, memory_order_relaxed);
    return true;
}

/* Field by field: clearing the arrays would cost more than a small walk. */
void
json_walk_init(struct json_walk *w, const char *text, size_t n, size_t start, uint32_t depth)
{
    w->text = text;
    w->n = n;
    w->depth = depth <= n ? depth : (uint32_t)n; /* every level takes a byte */
    w->start = start;
    w->end = 0;
    w->line_ends = w->surrogates = w->wide = false;
    w->slash[0] = SIZE_MAX;
    w->slash[1] = 0;
    w->marks = w->few_marks;
    w->marks_n = 0;
    w->marks_cap = JSON_FEW_MARKS;
    w->kinds = w->depth <= JSON_DEPTH ? w->few_kinds : xmalloc((size_t)w->depth + 1);
}

void
json_walk_fini(struct json_walk *w)
{
    if (w->marks != w->few_marks)
        free(w->marks);
    if (w->kinds != w->few_kinds)
        free(w->kinds);
}

void
json_walk_more_marks(struct json_walk *w)
{
    size_t cap = w->marks_cap * 2;
    uint32_t *more = w->marks == w->few_marks ? NULL : w->marks;

    more = xrealloc(more, cap * sizeof *more);
    if (w->marks == w->few_marks)
        memcpy(more, w->few_marks, w->marks_n * sizeof *more);
    w->marks = more;
    w->marks_cap = cap;
}

static int
walk(struct json_walk *w, struct err *err)
{
    enum json_isa isa = json_scan_isa();

    if (isa != JSON_SCALAR) {
        if (json_vectors[isa].walk(w) == 0)
            return 0;
        w->marks_n = 0;
        w->line_ends = w->surrogates = w->wide = false;
        w->slash[0] = SIZE_MAX;
        w->slash[1] = 0;
    }
    return json_walk_scalar(w, err);
}

/* Line ends between tokens become blanks, now that nobody needs the text as it came. */
static void
blank_line_ends(char *text, size_t from, size_t to)
{
    bool inside = false;

    for (size_t i = from; i < to; i++) {
        if (text[i] == '"')
            inside = !inside;
        else if (inside && text[i] == '\\')
            i++;
        else if (!inside && (text[i] == '\n' || text[i] == '\r'))
            text[i] = ' ';
    }
}

static bool
is_half(const char *p, char from, char to)
{
    char third = (char)(p[3] | 0x20);

    return p[0] == '\\' && p[1] == 'u' && (p[2] | 0x20) == 'd' && third >= from && third <= to;
}

/* \\ud800 without its other half becomes \\ufffd, which is as long. In valid text backslashes stand
 * in strings only, and a quote behind them. */
static void
replace_lone_surrogates(char *text, size_t from, size_t to)
{
    char *p = text + from, *end = text + to;

    while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
        if (!json_is_surrogate(p)) {
            p += 2;
        } else if (is_half(p, '8', 'b') && is_half(p + 6, 'c', 'f')) {
            p += 12;
        } else {
            memcpy(p + 2, "fffd", 4);
            p += 6;
        }
    }
}

static int
too_long(size_t n, struct err *err)
{
    return err_set(err, ERR_LIMIT, "JSON text of %zu bytes; at most %u are possible", n,
                   UINT32_MAX);
}

/* Whether only blanks follow a value that has to be alone. */
static int
check_rest(const char *text, size_t n, size_t end, struct err *err)
{
    size_t more = json_skip_blanks(text, end, n);

    return more == n ? 0
                     : json_fail(err, ERR_INVALID_JSON, more, "more text behind the JSON value");
}

/* The root is a container: text[start] opens it. *used: behind its end. The text is not touched
 * before all of it is known to be good: a bad event is kept as it came. */
static int
scan_container(struct arena *a, char *text, size_t n, struct json_walk *w, bool alone,
               struct value *out, struct err *err)
{
    struct kids *kids;

    if (walk(w, err) < 0 || (alone && check_rest(text, n, w->end, err) < 0))
        return -1;
    if (w->line_ends)
        blank_line_ends(text, w->start, w->end);
    if (w->surrogates)
        replace_lone_surrogates(text, w->slash[0], w->end);
    kids = arena_alloc(a, sizeof *kids);
    json_nodes_make(a, w, kids);
    *out = (struct value){ .kids = kids,
                           .len = (uint32_t)(w->end - w->start),
                           .type = text[w->start] == '{' ? V_OBJECT : V_ARRAY,
                           .flags = V_INDEXED };
    if (out->type == V_OBJECT && json_nodes_unique(a, kids))
        out->flags |= V_CHANGED;
    return 0;
}

/* Offset behind the string, number or literal at start; 0 and *err when there is none. */
static size_t
scalar_end(const char *text, size_t n, size_t start, struct err *err)
{
    enum value_type type;
    size_t end;

    if (text[start] == '"')
        return json_string_end(text, start, n, err);
    end = json_number_end(text, start, n, &type);
    if (end == start)
        end = json_literal_end(text, start, n, &type);
    if (end > start && (end == n || memchr(" \t\r\n,:{}[]\"", text[end], 11) != NULL))
        return end;
    json_fail(err, ERR_INVALID_JSON, start, "no JSON value");
    return 0;
}

/* Text that does not start with '{': what is it instead? */
static int
refuse(const char *text, size_t n, size_t start, uint32_t depth, struct err *err)
{
    struct json_walk w;
    size_t end = 0;

    if (text[start] == '[') {
        json_walk_init(&w, text, n, start, depth);
        if (walk(&w, err) == 0)
            end = w.end;
        json_walk_fini(&w);
    } else {
        end = scalar_end(text, n, start, err);
    }
    if (end == 0 || check_rest(text, n, end, err) < 0)
        return -1;
    return json_fail(err, ERR_JSON_NOT_OBJECT, start, "JSON value that is no object");
}

int
json_scan_object(struct arena *a, char *text, size_t n, uint32_t depth, struct value *out,
                 struct err *err)
{
    size_t start = json_skip_blanks(text, 0, n);
    struct json_walk w;
    int result;

    if (n > UINT32_MAX)
        return too_long(n, err);
    if (start == n)
        return json_fail(err, ERR_INVALID_JSON, n, "no JSON object in blank text");
    if (text[start] != '{')
        return refuse(text, n, start, depth, err);
    json_walk_init(&w, text, n, start, depth);
    result = scan_container(a, text, n, &w, true, out, err);
    json_walk_fini(&w);
    return result;
}

int
json_scan_value(struct arena *a, char *text, size_t n, uint32_t depth, struct value *out,
                size_t *used, struct err *err)
{
    bool wide;

    return json_scan_numbers(a, text, n, depth, out, used, &wide, err);
}

int
json_scan_numbers(struct arena *a, char *text, size_t n, uint32_t depth, struct value *out,
                  size_t *used, bool *wide, struct err *err)
{
    size_t start = json_skip_blanks(text, 0, n), end;
    struct json_walk w;
    int result = 0;

    if (n > UINT32_MAX)
        return too_long(n, err);
    if (start == n)
        return json_fail(err, ERR_PARSE, n, "no JSON value in blank text");
    json_walk_init(&w, text, n, start, depth);
    if (text[start] == '{' || text[start] == '[') {
        result = scan_container(a, text, n, &w, false, out, err);
        *used = w.end;
        *wide = w.wide;
    } else if ((end = scalar_end(text, n, start, err)) > 0) {
        if (text[start] == '"')
            replace_lone_surrogates(text, start, end);
        w.slash[0] = start; /* nobody looked: json_node() does */
        w.slash[1] = end;
        w.wide = true;
        *out = json_node(&w, start, end);
        *used = end;
        *wide = out->type == V_DOUBLE || out->type == V_BIGINT;
    } else {
        result = -1;
    }
    json_walk_fini(&w);
    return result;
}

/* The text was validated with whatever depth its owner allowed; a container of len bytes cannot be
 * deeper than half of them. */
void
json_index(struct arena *a, const char *raw, uint32_t len, struct kids *out)
{
    enum json_isa isa = json_scan_isa();
    struct json_walk w;

    if (isa != JSON_SCALAR) {
        json_walk_init(&w, raw, len, 0, 1);
        w.wide = true;
        json_vectors[isa].known(&w);
    } else {
        struct err err;

        json_walk_init(&w, raw, len, 0, len / 2 + 1);
        if (json_walk_scalar(&w, &err) < 0)
            UNREACHABLE("a container in a value was validated before");
    }
    json_nodes_make(a, &w, out);
    json_walk_fini(&w);
}
