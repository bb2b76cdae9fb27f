/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON scanner, byte by byte: the form for any CPU, and the one that explains errors.
 *
 * The vector form only says "no"; then this one walks the same text again and names the place. It
 * recurses nowhere: what is open stands in w->kinds. */
#include "codec/json_scan_priv.h"

#include <inttypes.h>
#include <stdio.h>

enum want {
    WANT_KEY_OR_END,
    WANT_KEY,
    WANT_COLON,
    WANT_VALUE,
    WANT_VALUE_OR_END,
    WANT_COMMA_OR_END
};

static const char *const wanted[] = {
    [WANT_KEY_OR_END] = "a key or '}'",
    [WANT_KEY] = "a key",
    [WANT_COLON] = "':'",
    [WANT_VALUE] = "a value",
    [WANT_VALUE_OR_END] = "a value or ']'",
    [WANT_COMMA_OR_END] = "',' or the closing bracket",
};

int
json_fail(struct err *err, enum err_code code, size_t at, const char *what)
{
    err_set(err, code, "%s at byte %zu", what, at);
    if (err != NULL)
        err->pos = at;
    return -1;
}

static bool
is_follower(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Length of the well-formed sequence at p (Unicode, table 3-7), 0 if there is none. */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
    unsigned char low = 0x80, high = 0xBF;
    size_t n;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    n = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (left < n)
        return 0;
    switch (p[0]) {
    case 0xE0: low = 0xA0; break;
    case 0xED: high = 0x9F; break;
    case 0xF0: low = 0x90; break;
    case 0xF4: high = 0x8F; break;
    }
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (!is_follower(p[i]))
            return 0;
    return n;
}

static bool
is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of the escape whose backslash stands at p, 0 if there is none. */
static size_t
escape_length(const char *p, size_t left)
{
    if (left < 2)
        return 0;
    if (p[1] != 'u')
        return p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL ? 2 : 0;
    if (left < 6)
        return 0;
    for (unsigned i = 2; i < 6; i++)
        if (!is_hex(p[i]))
            return 0;
    return 6;
}

size_t
json_string_end(const char *text, size_t at, size_t n, struct err *err)
{
    size_t i = at + 1;

    while (i < n) {
        unsigned char c = (unsigned char)text[i];
        size_t step = 1;

        if (c == '"')
            return i + 1;
        if (c < 0x20) {
            json_fail(err, ERR_INVALID_JSON, i, "control character in a string");
            return 0;
        }
        if (c == '\\' && (step = escape_length(text + i, n - i)) == 0) {
            json_fail(err, ERR_INVALID_JSON, i, "unknown escape");
            return 0;
        }
        if (c >= 0x80 && (step = utf8_length((const unsigned char *)text + i, n - i)) == 0) {
            json_fail(err, ERR_INVALID_UTF8, i, "bytes that are not UTF-8");
            return 0;
        }
        i += step;
    }
    json_fail(err, ERR_INVALID_JSON, n, "string without an end");
    return 0;
}

static size_t
digits_end(const char *text, size_t at, size_t n)
{
    while (at < n && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

static bool
fits_int64(const char *digits, size_t n, bool negative)
{
    if (n != 19)
        return n < 19;
    return memcmp(digits, negative ? "9223372036854775808" : "9223372036854775807", 19) <= 0;
}

size_t
json_number_end(const char *text, size_t at, size_t n, enum value_type *type)
{
    bool negative = at < n && text[at] == '-';
    size_t digits = at + negative, end = digits_end(text, digits, n), more;

    if (end == digits || (text[digits] == '0' && end > digits + 1))
        return at;
    *type = fits_int64(text + digits, end - digits, negative) ? V_INT : V_BIGINT;
    if (end < n && text[end] == '.') {
        more = digits_end(text, end + 1, n);
        if (more == end + 1)
            return at;
        end = more;
        *type = V_DOUBLE;
    }
    if (end < n && (text[end] == 'e' || text[end] == 'E')) {
        size_t sign = end + 1 < n && (text[end + 1] == '+' || text[end + 1] == '-');

        more = digits_end(text, end + 1 + sign, n);
        if (more == end + 1 + sign)
            return at;
        end = more;
        *type = V_DOUBLE;
    }
    return end;
}

size_t
json_literal_end(const char *text, size_t at, size_t n, enum value_type *type)
{
    const char *p = text + at;
    size_t left = n - at;

    *type = V_BOOL;
    if (left >= 4 && memcmp(p, "true", 4) == 0)
        return at + 4;
    if (left >= 5 && memcmp(p, "false", 5) == 0)
        return at + 5;
    *type = V_NULL;
    if (left >= 4 && memcmp(p, "null", 4) == 0)
        return at + 4;
    return at;
}

/* Where the walk stands. */
struct place {
    size_t at;
    uint32_t level;
    enum want want;
};

static int
unexpected(const struct json_walk *w, const struct place *p, struct err *err)
{
    unsigned char c = (unsigned char)w->text[p->at];
    char what[96];

    if (c >= 0x80 && utf8_length((const unsigned char *)w->text + p->at, w->n - p->at) == 0)
        return json_fail(err, ERR_INVALID_UTF8, p->at, "bytes that are not UTF-8");
    if (c > ' ' && c < 0x7F)
        snprintf(what, sizeof what, "'%c' instead of %s", c, wanted[p->want]);
    else
        snprintf(what, sizeof what, "byte 0x%02X instead of %s", c, wanted[p->want]);
    return json_fail(err, ERR_INVALID_JSON, p->at, what);
}

static int
open_container(struct json_walk *w, struct place *p, bool object, struct err *err)
{
    char what[64];

    if (p->level == w->depth) {
        snprintf(what, sizeof what, "nesting deeper than %" PRIu32, w->depth);
        return json_fail(err, ERR_JSON_TOO_DEEP, p->at, what);
    }
    w->kinds[++p->level] = object;
    p->want = object ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
    p->at++;
    return 0;
}

static void
mark(struct json_walk *w, const struct place *p)
{
    if (p->level != 1)
        return;
    json_walk_room(w);
    w->marks[w->marks_n++] = (uint32_t)p->at;
}

static void
close_container(struct json_walk *w, struct place *p)
{
    mark(w, p);
    p->level--;
    p->at++;
    p->want = WANT_COMMA_OR_END;
}

static int
take_value(struct json_walk *w, struct place *p, struct err *err)
{
    char c = w->text[p->at];
    enum value_type type;
    size_t end;

    if (c == '{' || c == '[')
        return open_container(w, p, c == '{', err);
    if (c == '"') {
        end = json_string_end(w->text, p->at, w->n, err);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        end = json_number_end(w->text, p->at, w->n, &type);
        w->wide |= end > p->at && type != V_INT;
    } else {
        end = json_literal_end(w->text, p->at, w->n, &type);
    }
    if (end == 0)
        return -1;
    if (end == p->at)
        return unexpected(w, p, err);
    p->at = end;
    p->want = WANT_COMMA_OR_END;
    return 0;
}

static int
take_key(struct json_walk *w, struct place *p, struct err *err)
{
    if (w->text[p->at] != '"')
        return unexpected(w, p, err);
    p->at = json_string_end(w->text, p->at, w->n, err);
    p->want = WANT_COLON;
    return p->at == 0 ? -1 : 0;
}

static int
take_token(struct json_walk *w, struct place *p, struct err *err)
{
    char c = w->text[p->at];
    bool object = w->kinds[p->level];

    switch (p->want) {
    case WANT_KEY_OR_END:
        if (c == '}')
            return close_container(w, p), 0;
        return take_key(w, p, err);
    case WANT_KEY: return take_key(w, p, err);
    case WANT_COLON:
        if (c != ':')
            break;
        mark(w, p);
        p->at++;
        p->want = WANT_VALUE;
        return 0;
    case WANT_VALUE_OR_END:
        if (c == ']')
            return close_container(w, p), 0;
        return take_value(w, p, err);
    case WANT_VALUE: return take_value(w, p, err);
    case WANT_COMMA_OR_END:
        if (c == (object ? '}' : ']'))
            return close_container(w, p), 0;
        if (c != ',')
            break;
        mark(w, p);
        p->at++;
        p->want = object ? WANT_KEY : WANT_VALUE;
        return 0;
    }
    return unexpected(w, p, err);
}

static void
note_slashes(struct json_walk *w)
{
    const char *from = w->text + w->start, *first = memchr(from, '\\', w->end - w->start);

    if (first == NULL)
        return;
    w->slash[0] = (size_t)(first - w->text);
    w->slash[1] = (size_t)((const char *)memrchr(from, '\\', w->end - w->start) - w->text);
    for (const char *p = first, *end = w->text + w->end; p != NULL && !w->surrogates;
         p = memchr(p + 2, '\\', (size_t)(end - p) - 2))
        w->surrogates = json_is_surrogate(p);
}

int
json_walk_scalar(struct json_walk *w, struct err *err)
{
    struct place p = { .at = w->start, .want = WANT_VALUE };

    if (open_container(w, &p, w->text[p.at] == '{', err) < 0)
        return -1;
    while (p.level > 0) {
        while (p.at < w->n && json_is_blank(w->text[p.at])) {
            w->line_ends |= w->text[p.at] == '\n' || w->text[p.at] == '\r';
            p.at++;
        }
        if (p.at == w->n)
            return json_fail(err, ERR_INVALID_JSON, p.at, "text ends inside an object or array");
        if (take_token(w, &p, err) < 0)
            return -1;
    }
    w->end = p.at;
    note_slashes(w);
    return 0;
}
