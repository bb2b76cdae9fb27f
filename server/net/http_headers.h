/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The header lines of one HTTP message: kept as received in one buffer, found by name.
 *
 * Filled by http_client.c and http_server.c from the parser's pieces, bounded while they arrive. */
#ifndef SERVER_NET_HTTP_HEADERS_H
#define SERVER_NET_HTTP_HEADERS_H

#include "codec/base/buf.h"

#include <stdbool.h>

struct http_headers {
    struct buf text; /* name, NUL, value, NUL, ... */
    size_t limit;    /* bytes of text */
    bool in_value;   /* the last piece belonged to a value */
};

/* Pieces as the parser gives them. False: over the limit. */
bool http_headers_name(struct http_headers *h, struct slice piece);
bool http_headers_value(struct http_headers *h, struct slice piece);
void http_headers_clear(struct http_headers *h);
void http_headers_fini(struct http_headers *h);

/* The value of the first header of that name, letter case ignored; p NULL: none. Lives as long as
 * the headers. */
struct slice http_header(const struct http_headers *h, const char *name);
/* One after the other: *at starts with 0. False at the end. */
bool http_headers_next(const struct http_headers *h, size_t *at, struct slice *name,
                       struct slice *value);

#endif
