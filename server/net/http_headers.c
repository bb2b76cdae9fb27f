/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/net/http_headers.h"

/* A NUL ends each name and each value; none can be inside, the parser refuses it. */
static bool
append(struct http_headers *h, struct slice piece, size_t more)
{
    if (piece.n + more > h->limit || h->text.n > h->limit - piece.n - more)
        return false;
    buf_append(&h->text, piece);
    return true;
}

bool
http_headers_name(struct http_headers *h, struct slice piece)
{
    if (h->in_value) {
        buf_byte(&h->text, '\0');
        h->in_value = false;
    }
    return append(h, piece, 2);
}

bool
http_headers_value(struct http_headers *h, struct slice piece)
{
    if (!h->in_value) {
        buf_byte(&h->text, '\0');
        h->in_value = true;
    }
    return append(h, piece, 2);
}

void
http_headers_clear(struct http_headers *h)
{
    buf_clear(&h->text);
    h->in_value = false;
}

void
http_headers_fini(struct http_headers *h)
{
    buf_fini(&h->text);
    h->in_value = false;
}

bool
http_headers_next(const struct http_headers *h, size_t *at, struct slice *name, struct slice *value)
{
    struct slice rest = { h->text.p + *at, h->text.n - *at };

    *value = SLICE("");
    if (rest.n == 0 || !slice_split(&rest, '\0', name))
        return false;
    slice_split(&rest, '\0', value); /* the last one has no NUL behind it */
    *value = slice_trim(*value);
    *at = rest.n > 0 ? (size_t)(rest.p - h->text.p) : h->text.n;
    return true;
}

struct slice
http_header(const struct http_headers *h, const char *name)
{
    struct slice wanted = slice_of(name), at_name, value;
    size_t at = 0;

    while (http_headers_next(h, &at, &at_name, &value))
        if (slice_eq_nocase(at_name, wanted))
            return value;
    return (struct slice){ NULL, 0 };
}
