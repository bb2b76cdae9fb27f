/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/config_lex.h"

#include "codec/base/buf.h"

#define SPACE_TOKEN "[ \\t\\r\\n]"
#define WORD_TOKEN  "[A-Za-z0-9_-]"

/* A context longer than this is cut in front: nobody reads it, and a hostile text repeats it. */
#define CONTEXT_MAX 16384

void
config_lexer_init(struct config_lexer *lx, struct arena *a, struct slice text)
{
    *lx = (struct config_lexer){ .text = text.p, .n = (uint32_t)text.n };
    lx->quoted = arena_calloc(a, text.n / 8 + 1, 1);
}

/* ---- failures ---- */

bool
config_lex_fail(struct config_lexer *lx, const char *token)
{
    if (lx->at < lx->furthest)
        return false;
    if (lx->at > lx->furthest) {
        lx->furthest = lx->at;
        lx->expected_n = 0;
    }
    if (lx->expected_n < CONFIG_EXPECTED_MAX)
        lx->expected[lx->expected_n++] = token;
    return false;
}

/* A negative look-ahead that holds takes back the newest failure, wherever that was: Logstash's
 * parser generator does so, and the token lists show it. */
static void
unfail(struct config_lexer *lx)
{
    if (lx->expected_n > 0)
        lx->expected_n--;
}

/* ---- character classes ---- */

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool
is_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '-';
}

static bool
is_bareword(char c)
{
    return is_letter(c) || is_digit(c);
}

static bool
is_comment(char c)
{
    return c != '\r' && c != '\n';
}

static bool
is_selector(char c)
{
    return c != ']' && c != '[' && c != ',';
}

/* As many as there are; the one that ends them is a failure of the class. How many. */
static uint32_t
run_of(struct config_lexer *lx, bool (*class)(char), const char *token)
{
    uint32_t from = lx->at;

    while (lx->at < lx->n && class(lx->text[lx->at]))
        lx->at++;
    config_lex_fail(lx, token);
    return lx->at - from;
}

/* ---- terminals ---- */

bool
config_lex_literal(struct config_lexer *lx, struct slice literal, const char *token)
{
    if (lx->n - lx->at < literal.n || memcmp(lx->text + lx->at, literal.p, literal.n) != 0)
        return config_lex_fail(lx, token);
    lx->at += (uint32_t)literal.n;
    return true;
}

bool
config_lex_white(struct config_lexer *lx)
{
    return run_of(lx, is_space, SPACE_TOKEN) > 0;
}

/* From the # to the line's end. False for a lone CR inside. */
static bool
comment_text(struct config_lexer *lx)
{
    bool end;

    if (!LEX(lx, "#"))
        return false;
    run_of(lx, is_comment, "[^\\r\\n]");
    end = lx->at == lx->n;
    config_lex_literal(lx, SLICE("\r"), "\"\\r\"");
    return config_lex_literal(lx, SLICE("\n"), "\"\\n\"") || end;
}

void
config_lex_blank(struct config_lexer *lx)
{
    for (;;) {
        uint32_t from = lx->at;
        bool white = config_lex_white(lx);
        uint32_t behind = lx->at;

        if (comment_text(lx) && lx->at > from)
            continue;
        lx->at = behind;
        if (!white)
            return;
    }
}

bool
config_lex_word(struct config_lexer *lx)
{
    return run_of(lx, is_word, WORD_TOKEN) > 0;
}

bool
config_lex_bareword(struct config_lexer *lx)
{
    uint32_t from = lx->at;

    if (lx->at == lx->n || !is_letter(lx->text[lx->at]))
        return config_lex_fail(lx, "[A-Za-z_]");
    lx->at++;
    if (run_of(lx, is_bareword, "[A-Za-z0-9_]") > 0)
        return true;
    lx->at = from;
    return false;
}

bool
config_lex_number(struct config_lexer *lx)
{
    uint32_t from = lx->at;

    LEX(lx, "-");
    if (run_of(lx, is_digit, "[0-9]") == 0) {
        lx->at = from;
        return false;
    }
    if (LEX(lx, "."))
        run_of(lx, is_digit, "[0-9]");
    return true;
}

/* True the first time that a quoted thing is read at this place: Logstash remembers what it read,
 * so only then do its failures count. */
static bool
first_time(struct config_lexer *lx)
{
    uint8_t *byte = &lx->quoted[lx->at / 8];
    uint8_t bit = (uint8_t)(1u << (lx->at % 8));

    if (*byte & bit)
        return false;
    *byte |= bit;
    return true;
}

/* Up to the closing character; a backslash in front of one goes with it, whatever stands before
 * the backslash. The lexer stands behind the opening one. */
static bool
quoted_rest(struct config_lexer *lx, char close, const char *pair, const char *end, bool note)
{
    while (lx->at < lx->n) {
        char c = lx->text[lx->at];

        if (c == '\\' && lx->at + 1 < lx->n && lx->text[lx->at + 1] == close) {
            lx->at += 2;
            continue;
        }
        if (note)
            config_lex_fail(lx, pair);
        if (c == close) {
            lx->at++;
            return true;
        }
        if (note) {
            config_lex_fail(lx, end);
            unfail(lx);
        }
        lx->at++;
    }
    if (note) {
        config_lex_fail(lx, pair);
        config_lex_fail(lx, "any character");
        config_lex_fail(lx, end);
    }
    return false;
}

static bool
quoted(struct config_lexer *lx, char mark, const char *pair, const char *end)
{
    uint32_t from = lx->at;
    bool note;

    if (lx->at == lx->n || lx->text[lx->at] != mark)
        return config_lex_fail(lx, end);
    note = first_time(lx);
    lx->at++;
    if (quoted_rest(lx, mark, pair, end, note))
        return true;
    lx->at = from;
    return false;
}

bool
config_lex_string(struct config_lexer *lx)
{
    return quoted(lx, '"', "'\\\"'", "'\"'") || quoted(lx, '\'', "\"\\\\'\"", "\"'\"");
}

bool
config_lex_regex(struct config_lexer *lx)
{
    return quoted(lx, '/', "'\\/'", "'/'");
}

bool
config_lex_selector(struct config_lexer *lx)
{
    uint32_t from = lx->at, end = lx->at;

    for (;;) {
        if (!LEX(lx, "[") || run_of(lx, is_selector, "[^\\]\\[,]") == 0 || !LEX(lx, "]"))
            break;
        end = lx->at;
    }
    lx->at = end;
    return end > from;
}

/* ---- positions ---- */

/* Every so many bytes a mark says which line and character stands there. */
#define MARK_BYTES 256

struct mark {
    uint32_t line, column, chars; /* from 0 */
};

struct config_lines {
    struct slice text;
    struct mark *marks;
};

static void
mark_step(struct mark *m, char c)
{
    if (((unsigned char)c & 0xC0) == 0x80)
        return;
    m->chars++;
    m->column++;
    if (c == '\n') {
        m->line++;
        m->column = 0;
    }
}

struct config_lines *
config_lines_new(struct arena *a, struct slice text)
{
    struct config_lines *l = arena_alloc(a, sizeof *l);
    struct mark m = { 0 };

    *l = (struct config_lines){ text, arena_alloc(a, (text.n / MARK_BYTES + 1) * sizeof(m)) };
    l->marks[0] = m;
    for (size_t i = 0; i < text.n; i++) {
        if (i % MARK_BYTES == 0)
            l->marks[i / MARK_BYTES] = m;
        mark_step(&m, text.p[i]);
    }
    if (text.n % MARK_BYTES == 0)
        l->marks[text.n / MARK_BYTES] = m;
    return l;
}

static struct mark
mark_at(const struct config_lines *l, size_t offset)
{
    struct mark m = l->marks[offset / MARK_BYTES];

    for (size_t i = offset / MARK_BYTES * MARK_BYTES; i < offset; i++)
        mark_step(&m, l->text.p[i]);
    return m;
}

struct config_pos
config_lines_pos(const struct config_lines *l, uint32_t file, size_t offset)
{
    struct mark m = mark_at(l, offset);

    return (struct config_pos){ .file = file, .line = m.line + 1, .column = m.column + 1 };
}

size_t
config_lines_chars(const struct config_lines *l, size_t offset)
{
    return mark_at(l, offset).chars;
}

/* ---- the sentence ---- */

static bool
said_before(const struct config_lexer *lx, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (strcmp(lx->expected[j], lx->expected[i]) == 0)
            return true;
    return false;
}

/* A cut must not fall inside a character. */
static void
append_context(struct slice context, struct buf *out)
{
    size_t from = context.n > CONTEXT_MAX ? context.n - CONTEXT_MAX : 0;

    while (from < context.n && ((unsigned char)context.p[from] & 0xC0) == 0x80)
        from++;
    if (from > 0)
        buf_append(out, SLICE("..."));
    buf_append(out, slice_between(context.p + from, context.p + context.n));
}

void
config_lex_explain(const struct config_lexer *lx, const struct config_lines *lines,
                   uint32_t context, struct buf *out)
{
    struct config_pos pos = config_lines_pos(lines, 0, lx->furthest);
    uint32_t distinct = 0;

    for (uint32_t i = 0; i < lx->expected_n; i++)
        distinct += !said_before(lx, i);
    buf_append(out, distinct > 1 ? SLICE("Expected one of ") : SLICE("Expected "));
    for (uint32_t i = 0, said = 0; i < lx->expected_n; i++)
        if (!said_before(lx, i))
            buf_printf(out, "%s%s", said++ > 0 ? ", " : "", lx->expected[i]);
    buf_printf(out, " at line %u, column %u (byte %zu)", pos.line, pos.column,
               config_lines_chars(lines, lx->furthest) + 1);
    if (lx->furthest == 0)
        return;
    buf_append(out, SLICE(" after "));
    if (context < lx->furthest)
        append_context(slice_between(lx->text + context, lx->text + lx->furthest), out);
}
