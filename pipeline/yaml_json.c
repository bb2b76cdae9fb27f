/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/yaml_json.h"

#include "codec/json_write.h"
#include "codec/number.h"

#ifdef HAVE_YAML
#include <yaml.h>

#include <stdlib.h>

struct writer {
    yaml_document_t *document;
    struct buf *out;
    size_t limit; /* of out->n; aliases can make much out of little */
    struct err *err;
};

bool
yaml_is_here(void)
{
    return true;
}

/* ---- plain scalars ---- */

enum scalar { SCALAR_NULL, SCALAR_TRUE, SCALAR_FALSE, SCALAR_NUMBER, SCALAR_TEXT };

static bool
is_one_of(struct slice s, const char *words)
{
    struct slice rest = slice_of(words), word;

    while (slice_split(&rest, ' ', &word))
        if (slice_eq(s, word))
            return true;
    return false;
}

/* Digits of a base with underscores between; false: something else, or beyond 64 bits. */
static bool
take_base(struct slice s, unsigned base, uint64_t *out)
{
    uint64_t n = 0;

    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        unsigned digit =
            c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);

        if (c == '_')
            continue;
        if (digit >= base || n > (UINT64_MAX - digit) / base)
            return false;
        n = n * base + digit;
    }
    *out = n;
    return true;
}

static struct slice
behind(struct slice s, size_t n)
{
    return slice_between(s.p + n, s.p + s.n);
}

/* 0x1f, 0b11, 017 (octal): as decimal digits. */
static bool
print_other_base(struct slice s, bool negative, struct buf *out)
{
    uint64_t n;
    bool ok = false;

    if (s.n > 2 && s.p[0] == '0' && s.p[1] == 'x')
        ok = take_base(behind(s, 2), 16, &n);
    else if (s.n > 2 && s.p[0] == '0' && s.p[1] == 'b')
        ok = take_base(behind(s, 2), 2, &n);
    else if (s.n > 1 && s.p[0] == '0')
        ok = take_base(behind(s, 1), 8, &n);
    if (ok)
        buf_printf(out, "%s%llu", negative && n > 0 ? "-" : "", (unsigned long long)n);
    return ok;
}

/* Digits, without commas and underscores, and an optional fraction and exponent. */
static bool
print_decimal(struct slice s, bool negative, struct buf *out)
{
    size_t start = out->n, digits = 0;
    bool dot = false, exponent = false;

    if (negative)
        buf_byte(out, '-');
    if (s.n > 0 && s.p[0] == '.')
        buf_byte(out, '0');
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c >= '0' && c <= '9') {
            digits++;
        } else if (i > 0 && !exponent && (c == '_' || c == ',')) {
            continue;
        } else if (c == '.' && !dot && !exponent && i + 1 < s.n && s.p[i + 1] >= '0' &&
                   s.p[i + 1] <= '9') {
            dot = true;
        } else if ((c == 'e' || c == 'E') && !exponent && digits > 0 && i + 1 < s.n) {
            exponent = true;
            buf_byte(out, 'e');
            if (i + 2 < s.n && (s.p[i + 1] == '-' || s.p[i + 1] == '+'))
                buf_byte(out, s.p[++i]);
            continue;
        } else {
            out->n = start;
            return false;
        }
        buf_byte(out, c);
    }
    /* An exponent alone makes no number: 1e3 is text, 1.0e3 is not. */
    if (digits == 0 || (exponent && !dot)) {
        out->n = start;
        return false;
    }
    return true;
}

static bool
print_double(double d, struct buf *out)
{
    char text[NUMBER_TEXT];

    buf_byte(out, '"');
    buf_append(out, (struct slice){ text, number_print_double(d, text) });
    buf_byte(out, '"');
    return true;
}

static bool
print_number(struct slice s, struct buf *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';

    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        s = behind(s, 1);
    if (is_one_of(s, ".inf .Inf .INF"))
        return print_double(negative ? -1.0 / 0.0 : 1.0 / 0.0, out);
    if (print_other_base(s, negative, out))
        return true;
    if (s.n > 1 && s.p[0] == '0' && s.p[1] != '.')
        return false;
    return print_decimal(s, negative, out);
}

static enum scalar
scalar_of(const yaml_node_t *node, struct buf *number)
{
    struct slice s = { (const char *)node->data.scalar.value, node->data.scalar.length };

    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
        strcmp((const char *)node->tag, YAML_STR_TAG) != 0)
        return SCALAR_TEXT;
    if (s.n == 0 || is_one_of(s, "~ null Null NULL"))
        return SCALAR_NULL;
    if (is_one_of(s, "true True TRUE yes Yes YES on On ON"))
        return SCALAR_TRUE;
    if (is_one_of(s, "false False FALSE no No NO off Off OFF"))
        return SCALAR_FALSE;
    return print_number(s, number) ? SCALAR_NUMBER : SCALAR_TEXT;
}

/* ---- nodes ---- */

static int write_node(struct writer *w, const yaml_node_t *node, unsigned depth);

static int
fail(struct writer *w, const yaml_node_t *node, const char *what)
{
    return err_set(w->err, ERR_LIMIT, "line %zu, column %zu: %s", node->start_mark.line + 1,
                   node->start_mark.column + 1, what);
}

static void
write_scalar(struct writer *w, const yaml_node_t *node)
{
    size_t start = w->out->n;
    struct slice s = { (const char *)node->data.scalar.value, node->data.scalar.length };

    switch (scalar_of(node, w->out)) {
    case SCALAR_NULL: buf_append(w->out, SLICE("null")); return;
    case SCALAR_TRUE: buf_append(w->out, SLICE("true")); return;
    case SCALAR_FALSE: buf_append(w->out, SLICE("false")); return;
    case SCALAR_NUMBER: return;
    case SCALAR_TEXT:
        w->out->n = start;
        json_write_string(s, w->out);
        return;
    }
    UNREACHABLE("scalar");
}

static bool
is_text(const yaml_node_t *node)
{
    struct buf scratch = { 0 };
    bool text = node->type == YAML_SCALAR_NODE && scalar_of(node, &scratch) == SCALAR_TEXT;

    buf_fini(&scratch);
    return text;
}

static int
write_mapping(struct writer *w, const yaml_node_t *node, unsigned depth)
{
    bool first = true;

    buf_byte(w->out, '{');
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *key = yaml_document_get_node(w->document, p->key);

        if (key->type != YAML_SCALAR_NODE)
            return fail(w, key, "a key that is no scalar");
        if (depth == 0 && !is_text(key))
            continue;
        if (!first)
            buf_byte(w->out, ',');
        first = false;
        json_write_string((struct slice){ (const char *)key->data.scalar.value,
                                          key->data.scalar.length },
                          w->out);
        buf_byte(w->out, ':');
        if (write_node(w, yaml_document_get_node(w->document, p->value), depth + 1) < 0)
            return -1;
    }
    buf_byte(w->out, '}');
    return 0;
}

static int
write_sequence(struct writer *w, const yaml_node_t *node, unsigned depth)
{
    buf_byte(w->out, '[');
    for (yaml_node_item_t *p = node->data.sequence.items.start; p < node->data.sequence.items.top;
         p++) {
        if (p > node->data.sequence.items.start)
            buf_byte(w->out, ',');
        if (write_node(w, yaml_document_get_node(w->document, *p), depth + 1) < 0)
            return -1;
    }
    buf_byte(w->out, ']');
    return 0;
}

static int
write_node(struct writer *w, const yaml_node_t *node, unsigned depth)
{
    if (depth > YAML_DEPTH)
        return fail(w, node, "nested too deeply");
    if (w->out->n > w->limit)
        return fail(w, node, "the document is too large");
    switch (node->type) {
    case YAML_SCALAR_NODE: write_scalar(w, node); return 0;
    case YAML_SEQUENCE_NODE: return write_sequence(w, node, depth);
    case YAML_MAPPING_NODE: return write_mapping(w, node, depth);
    case YAML_NO_NODE: break;
    }
    return fail(w, node, "not understood");
}

int
yaml_to_json(struct slice text, size_t limit, struct buf *out, struct err *err)
{
    yaml_parser_t parser;
    yaml_document_t document;
    struct writer w = { &document, out, out->n + limit, err };
    yaml_node_t *root;
    int result = 0;

    if (!yaml_parser_initialize(&parser))
        return err_set(err, ERR_LIMIT, "no memory for a YAML parser");
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.p == NULL ? "" : text.p),
                                 text.n);
    if (!yaml_parser_load(&parser, &document)) {
        result = err_set(err, ERR_PARSE, "line %zu, column %zu: %s", parser.problem_mark.line + 1,
                         parser.problem_mark.column + 1,
                         parser.problem != NULL ? parser.problem : "no YAML");
        yaml_parser_delete(&parser);
        return result;
    }
    root = yaml_document_get_root_node(&document);
    if (root == NULL)
        buf_append(out, SLICE("null"));
    else
        result = write_node(&w, root, 0);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    return result;
}

#else

bool
yaml_is_here(void)
{
    return false;
}

int
yaml_to_json(struct slice text, size_t limit, struct buf *out, struct err *err)
{
    (void)text;
    (void)limit;
    (void)out;
    return err_set(err, ERR_CONFIG, "YAML is not supported by this build (meson option yaml)");
}

#endif
