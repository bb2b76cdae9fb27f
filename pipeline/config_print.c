/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/config_print.h"

#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "codec/json_write.h"

#include <stdlib.h>

/* Of a longer line only the part around the place is shown, in characters. */
#define SHOWN_BEFORE 60
#define SHOWN_AFTER  60

static const struct {
    const char *name, *color;
} levels[] = {
    [FINDING_INFO] = { "info", "\033[36m" },
    [FINDING_WARN] = { "warning", "\033[33m" },
    [FINDING_DEPRECATION] = { "deprecation", "\033[33m" },
    [FINDING_ERROR] = { "error", "\033[31m" },
};

static const char bold[] = "\033[1m", plain[] = "\033[0m";

/* ---- order ---- */

static int
by_number(uint32_t x, uint32_t y)
{
    return (x > y) - (x < y);
}

static int
by_place(const void *x, const void *y)
{
    const struct finding *a = *(const struct finding *const *)x,
                         *b = *(const struct finding *const *)y;
    int order = by_number(a->pos.file, b->pos.file);

    if (order == 0)
        order = by_number(a->pos.line, b->pos.line);
    if (order == 0)
        order = by_number(a->pos.column, b->pos.column);
    return order != 0 ? order : (a > b) - (a < b); /* as found */
}

/* Those to print; *n of them, on the heap. */
static const struct finding **
in_order(const struct config_print *p, const struct findings *f, size_t *n)
{
    const struct finding **all = xcalloc(f->n + 1, sizeof(struct finding *));

    *n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].level >= p->least)
            all[(*n)++] = &f->at[i];
    qsort(all, *n, sizeof(struct finding *), by_place);
    return all;
}

/* ---- lines ---- */

/* Walks a file's lines forwards: findings come in order. */
struct walk {
    uint32_t file, line;
    size_t at; /* where the line begins */
};

static bool
has_source(const struct config_print *p, struct config_pos pos)
{
    return pos.line > 0 && pos.file < p->sources_n;
}

static struct slice
line_of(const struct config_print *p, struct config_pos pos, struct walk *w)
{
    struct slice text = p->sources[pos.file].text;
    size_t end;

    if (w->file != pos.file || w->line > pos.line || w->line == 0)
        *w = (struct walk){ pos.file, 1, 0 };
    while (w->line < pos.line) {
        end = slice_find_byte(text, '\n', w->at);
        if (end == SIZE_MAX)
            break;
        w->at = end + 1;
        w->line++;
    }
    end = slice_find_byte(text, '\n', w->at);
    text = slice_between(text.p + w->at, text.p + (end == SIZE_MAX ? text.n : end));
    if (text.n > 0 && text.p[text.n - 1] == '\r')
        text.n--;
    return text;
}

static bool
is_inside(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Bytes of the first so many characters. */
static size_t
bytes_of(struct slice s, size_t chars)
{
    size_t at = 0;

    while (at < s.n && chars > 0) {
        at++;
        while (at < s.n && is_inside(s.p[at]))
            at++;
        chars--;
    }
    return at;
}

/* The part of the line around the column; *column is then counted in it. */
static struct slice
cut_line(struct slice line, uint32_t *column, bool *cut_front, bool *cut_end)
{
    size_t skip = *column > SHOWN_BEFORE + 1 ? *column - 1 - SHOWN_BEFORE : 0, bytes;

    *cut_front = skip > 0;
    bytes = bytes_of(line, skip);
    line = (struct slice){ line.p + bytes, line.n - bytes };
    *column -= (uint32_t)skip;
    bytes = bytes_of(line, *column - 1 + SHOWN_AFTER);
    *cut_end = bytes < line.n;
    line.n = bytes;
    return line;
}

/* Nothing in a file may steer the terminal. */
static void
show(struct slice s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        buf_byte(out, ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f ? '?' : c);
    }
}

/* Tabs stay tabs, so that the caret stands under its place. */
static void
show_caret(struct slice line, uint32_t column, struct buf *out)
{
    size_t bytes = bytes_of(line, column - 1), chars = 0;

    for (size_t i = 0; i < bytes; i++)
        if (!is_inside(line.p[i])) {
            buf_byte(out, line.p[i] == '\t' ? '\t' : ' ');
            chars++;
        }
    for (; chars + 1 < column; chars++)
        buf_byte(out, ' ');
    buf_byte(out, '^');
}

static void
print_source(const struct config_print *p, struct config_pos pos, struct walk *w, struct buf *out)
{
    bool front, end;
    uint32_t column = pos.column > 0 ? pos.column : 1;
    struct slice line = cut_line(line_of(p, pos, w), &column, &front, &end);

    buf_printf(out, "%6u | %s", pos.line, front ? "..." : "");
    show(line, out);
    buf_printf(out, "%s\n       | %s%s", end ? "..." : "", front ? "   " : "",
               p->colors ? levels[FINDING_ERROR].color : "");
    show_caret(line, column, out);
    buf_printf(out, "%s\n", p->colors ? plain : "");
}

/* ---- text ---- */

void
config_print_place(const struct config_print *p, struct config_pos pos, struct buf *out)
{
    if (pos.file >= p->sources_n)
        return;
    buf_append(out, slice_of(p->sources[pos.file].name));
    if (pos.line > 0)
        buf_printf(out, ":%u:%u", pos.line, pos.column);
}

static void
print_head(const struct config_print *p, const struct finding *f, struct buf *out)
{
    size_t before = out->n;

    buf_append(out, slice_of(p->colors ? bold : ""));
    before = out->n;
    config_print_place(p, f->pos, out);
    if (out->n > before)
        buf_append(out, SLICE(": "));
    buf_printf(out, "%s%s:%s ", p->colors ? levels[f->level].color : "", levels[f->level].name,
               p->colors ? plain : "");
    buf_append(out, slice_of(f->text));
    if (out->n > 0 && out->p[out->n - 1] != '\n')
        buf_byte(out, '\n');
}

void
config_print_text(const struct config_print *p, const struct findings *f, struct buf *out)
{
    struct walk w = { 0 };
    size_t n;
    const struct finding **all = in_order(p, f, &n);

    for (size_t i = 0; i < n; i++) {
        print_head(p, all[i], out);
        if (has_source(p, all[i]->pos))
            print_source(p, all[i]->pos, &w, out);
        if (all[i]->hint != NULL)
            buf_printf(out, "       = %s\n", all[i]->hint);
        buf_byte(out, '\n');
    }
    if (f->dropped > 0)
        buf_printf(out, "%zu more findings are not shown\n", f->dropped);
    free(all);
}

/* ---- JSON ---- */

static void
json_text(const char *key, struct slice s, struct buf *out)
{
    buf_printf(out, ",\"%s\":", key);
    json_write_string(s, out);
}

void
config_print_json(const struct config_print *p, const struct findings *f, struct buf *out)
{
    struct walk w = { 0 };
    size_t n;
    const struct finding **all = in_order(p, f, &n);

    buf_append(out, SLICE("{\"findings\":["));
    for (size_t i = 0; i < n; i++) {
        struct config_pos pos = all[i]->pos;
        bool front, end;
        uint32_t column = pos.column > 0 ? pos.column : 1;

        buf_printf(out, "%s{\"level\":\"%s\"", i > 0 ? "," : "", levels[all[i]->level].name);
        if (pos.file < p->sources_n)
            json_text("file", slice_of(p->sources[pos.file].name), out);
        if (pos.line > 0)
            buf_printf(out, ",\"line\":%u,\"column\":%u", pos.line, pos.column);
        json_text("message", slice_of(all[i]->text), out);
        if (all[i]->hint != NULL)
            json_text("hint", slice_of(all[i]->hint), out);
        if (has_source(p, pos))
            json_text("source", cut_line(line_of(p, pos, &w), &column, &front, &end), out);
        buf_byte(out, '}');
    }
    buf_printf(out, "],\"errors\":%zu,\"dropped\":%zu}\n", f->errors, f->dropped);
    free(all);
}
