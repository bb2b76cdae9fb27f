/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/url.h"

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int
hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

struct slice
url_unescape(struct arena *a, struct slice text)
{
    char *out = arena_bytes(a, text.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        int high = text.p[i] == '%' && i + 2 < text.n ? hex_value(text.p[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text.p[i + 2]) : -1;

        if (low >= 0) {
            out[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[n++] = text.p[i];
        }
    }
    return (struct slice){ out, n };
}

void
url_escape(struct slice text, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            buf_byte(out, c);
            continue;
        }
        buf_byte(out, '%');
        buf_byte(out, hex[(unsigned char)c >> 4]);
        buf_byte(out, hex[(unsigned char)c & 15]);
    }
}

/* Offset of the first of the given bytes, or the length. */
static size_t
find_any(struct slice s, const char *bytes)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\0' && strchr(bytes, s.p[i]) != NULL)
            return i;
    return s.n;
}

static struct slice
take_front(struct slice *s, size_t n)
{
    struct slice front = { s->p, n };

    *s = (struct slice){ s->p + n, s->n - n };
    return front;
}

static bool
take_scheme(struct arena *a, struct slice *s, struct slice *scheme)
{
    size_t n = find_any(*s, ":/?#");
    char *lower;

    if (slice_starts(*s, SLICE("//"))) {
        take_front(s, 2);
        return true;
    }
    if (n == 0 || n + 2 >= s->n || memcmp(s->p + n, "://", 3) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_letter(s->p[i]) &&
            (i == 0 || (!is_digit(s->p[i]) && s->p[i] != '+' && s->p[i] != '-' && s->p[i] != '.')))
            return false;
    lower = arena_bytes(a, n);
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)(s->p[i] | 0x20);
    *scheme = (struct slice){ lower, n };
    take_front(s, n + 3);
    return true;
}

/* An unescaped colon inside a password would be part of it in no reading but ours: it cuts. */
static void
take_user(struct arena *a, struct slice *authority, struct url *out)
{
    size_t at = SIZE_MAX, colon;
    struct slice info;

    for (size_t i = 0; i < authority->n; i++)
        if (authority->p[i] == '@')
            at = i;
    if (at == SIZE_MAX)
        return;
    info = take_front(authority, at);
    take_front(authority, 1);
    colon = slice_find_byte(info, ':', 0);
    if (colon != SIZE_MAX) {
        struct slice password = { info.p + colon + 1, info.n - colon - 1 };

        password.n = find_any(password, ":");
        out->password = url_unescape(a, password);
        info.n = colon;
    }
    out->user = url_unescape(a, info);
}

static bool
is_host(struct slice host)
{
    bool bracketed = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

    if (host.n == 0)
        return false;
    for (size_t i = bracketed; i < host.n - bracketed; i++) {
        char c = host.p[i];

        if (bracketed ? hex_value(c) < 0 && c != ':' && c != '.'
                      : !is_letter(c) && !is_digit(c) && c != '-' && c != '.')
            return false;
    }
    return true;
}

static int
take_host(struct slice authority, struct url *out, struct err *err)
{
    size_t n = authority.n > 0 && authority.p[0] == '[' ? find_any(authority, "]") + 1
                                                        : find_any(authority, ":");
    int64_t port;

    if (n > authority.n)
        n = authority.n;
    out->host = take_front(&authority, n);
    if (!is_host(out->host))
        return err_set(err, ERR_PARSE, "URI is not valid - host is not specified");
    if (authority.n <= 1) /* a colon without digits is legal, and says nothing */
        return 0;
    take_front(&authority, 1);
    if (!is_digit(authority.p[0]) || !slice_to_int64(authority, &port) || port < 1 || port > 65535)
        return err_set(err, ERR_PARSE, "URI is not valid - port \"%.*s\" is not in 1..65535",
                       SLICE_ARGS(authority));
    out->port = (uint16_t)port;
    return 0;
}

int
url_parse(struct arena *a, struct slice text, struct url *out, struct err *err)
{
    struct slice authority;

    *out = (struct url){ .port = 0 };
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7F)
            return err_set(err, ERR_PARSE, "URI is not valid - blank or control at byte %zu", i);
    if (!take_scheme(a, &text, &out->scheme))
        return err_set(err, ERR_PARSE, "URI is not valid - host is not specified");
    authority = take_front(&text, find_any(text, "/?#"));
    take_user(a, &authority, out);
    if (take_host(authority, out, err) < 0)
        return -1;
    if (text.n > 0 && text.p[0] == '/')
        out->path = take_front(&text, find_any(text, "?#"));
    if (text.n > 0 && text.p[0] == '?') {
        take_front(&text, 1);
        out->query = take_front(&text, find_any(text, "#"));
    }
    return 0;
}
