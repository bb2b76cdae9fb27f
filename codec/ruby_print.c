/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/ruby_print.h"

#include "codec/ruby_text.h"

#include <stdlib.h>
#include <unistd.h>

#define INDENT 4
/* Decoded text is at most 1,000 deep; filters add what the config says. */
#define MAX_DEPTH 2000

#define YELLOW "0;33"
#define PALE   "0;37"
#define BLUE   "1;34"
#define GREEN  "1;32"
#define RED    "1;31"
#define WHITE  "1;37"

struct printer {
    struct arena *arena;
    struct buf *out;
    bool colors;
};

static void print_value(const struct printer *p, struct value *v, unsigned depth);

static void
paint(const struct printer *p, const char *color)
{
    if (p->colors)
        buf_printf(p->out, "\033[%sm", color);
}

static void
paint_end(const struct printer *p)
{
    if (p->colors)
        buf_append(p->out, SLICE("\033[0m"));
}

static void
print_painted(const struct printer *p, const char *color, struct slice text)
{
    paint(p, color);
    buf_append(p->out, text);
    paint_end(p);
}

static void
print_blanks(const struct printer *p, size_t n)
{
    memset(buf_reserve(p->out, n), ' ', n);
    p->out->n += n;
}

static void
print_string(const struct printer *p, struct slice s)
{
    paint(p, YELLOW);
    buf_byte(p->out, '"');
    ruby_text_escape(s, p->out);
    buf_byte(p->out, '"');
    paint_end(p);
}

static void
print_number(const struct printer *p, const struct value *v)
{
    paint(p, BLUE);
    if (v->type == V_DOUBLE)
        ruby_text_double(value_to_double(v), p->out);
    else if (v->type == V_DECIMAL)
        ruby_text_decimal(value_raw_text(v), p->out);
    else
        buf_append(p->out, value_raw_text(v));
    paint_end(p);
}

/* Characters of the printed key without its quotes. */
static size_t
key_width(const struct printer *p, struct slice key, struct buf *scratch)
{
    (void)p;
    buf_clear(scratch);
    return ruby_text_escape(key, scratch);
}

struct member {
    struct slice key;
    struct value *value;
};

/* One field line without its comma: the key ends where the longest one does. */
static void
print_member(const struct printer *p, const struct member *m, size_t width, size_t longest,
             unsigned depth)
{
    buf_byte(p->out, '\n');
    print_blanks(p, (size_t)depth * INDENT + longest - width);
    print_string(p, m->key);
    print_painted(p, PALE, SLICE(" => "));
    print_value(p, m->value, depth);
}

/* extra: one more field behind those of the object; its value may be NULL. */
static void
print_object(const struct printer *p, struct value *v, const struct member *extra, unsigned depth)
{
    uint32_t n = value_count(p->arena, v);
    uint32_t all = n + (extra->value != NULL);
    size_t *width, longest = 0;
    struct buf scratch = { 0 };

    if (all == 0) {
        buf_append(p->out, SLICE("{}"));
        return;
    }
    width = arena_alloc(p->arena, all * sizeof *width);
    buf_byte(p->out, '{');
    for (uint32_t i = 0; i < all; i++) {
        struct slice key = i < n ? value_key(p->arena, value_at(p->arena, v, i)) : extra->key;

        width[i] = key_width(p, key, &scratch);
        longest = width[i] > longest ? width[i] : longest;
    }
    buf_fini(&scratch);
    for (uint32_t i = 0; i < all; i++) {
        struct member m = *extra;

        if (i < n) {
            m.value = value_at(p->arena, v, i);
            m.key = value_key(p->arena, m.value);
        }
        if (i > 0)
            buf_byte(p->out, ',');
        print_member(p, &m, width[i], longest, depth + 1);
    }
    buf_byte(p->out, '\n');
    print_blanks(p, (size_t)depth * INDENT);
    buf_byte(p->out, '}');
}

static unsigned
decimal_width(uint32_t n)
{
    unsigned width = 1;

    for (; n >= 10; n /= 10)
        width++;
    return width;
}

static void
print_array(const struct printer *p, struct value *v, unsigned depth)
{
    uint32_t n = value_count(p->arena, v);
    unsigned width = decimal_width(n == 0 ? 0 : n - 1);

    if (n == 0) {
        buf_append(p->out, SLICE("[]"));
        return;
    }
    buf_byte(p->out, '[');
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_byte(p->out, ',');
        buf_byte(p->out, '\n');
        print_blanks(p, (size_t)(depth + 1) * INDENT);
        paint(p, WHITE);
        buf_printf(p->out, "[%*u] ", (int)width, i);
        paint_end(p);
        print_value(p, value_at(p->arena, v, i), depth + 1);
    }
    buf_byte(p->out, '\n');
    print_blanks(p, (size_t)depth * INDENT);
    buf_byte(p->out, ']');
}

static void
print_timestamp(const struct printer *p, const struct value *v)
{
    char text[TIMESTAMP_TEXT];

    buf_append(p->out, (struct slice){ text, timestamp_print(value_to_timestamp(v), text) });
}

static void
print_value(const struct printer *p, struct value *v, unsigned depth)
{
    static const struct member none = { { NULL, 0 }, NULL };

    if (depth >= MAX_DEPTH) {
        buf_append(p->out, SLICE("..."));
        return;
    }
    switch ((enum value_type)v->type) {
    case V_NULL: print_painted(p, RED, SLICE("nil")); return;
    case V_BOOL:
        value_to_bool(v) ? print_painted(p, GREEN, SLICE("true"))
                         : print_painted(p, RED, SLICE("false"));
        return;
    case V_INT:
    case V_BIGINT:
    case V_DOUBLE:
    case V_DECIMAL: print_number(p, v); return;
    case V_STRING: print_string(p, value_text(p->arena, v)); return;
    case V_TIMESTAMP: print_timestamp(p, v); return;
    case V_ARRAY: print_array(p, v, depth); return;
    case V_OBJECT: print_object(p, v, &none, depth); return;
    }
}

void
ruby_print_event(struct event *ev, const struct ruby_style *style, struct buf *out)
{
    struct printer p = { event_arena(ev), out, style->colors };
    struct member meta = { SLICE("@metadata"), NULL };

    if (style->metadata && value_count(p.arena, &ev->meta) > 0)
        meta.value = &ev->meta;
    print_object(&p, &ev->data, &meta, 0);
    buf_byte(out, '\n');
}

bool
ruby_print_wants_colors(void)
{
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) != 0 &&
           ((term != NULL && strcmp(term, "dumb") != 0) || getenv("ANSICON") != NULL);
}
