/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http and https URLs as outputs take them. Pure; slices alias the text or lie in the arena. */
#ifndef SINKS_URL_H
#define SINKS_URL_H

#include "codec/base/arena.h"
#include "codec/base/buf.h"
#include "codec/base/error.h"

struct url {
    struct slice scheme;   /* lower case; p NULL: none was written */
    struct slice user;     /* unescaped; p NULL: none */
    struct slice password; /* unescaped; p NULL: none */
    struct slice host;     /* IPv6 with its brackets */
    uint16_t port;         /* 0: none was written */
    struct slice path;     /* as written; p NULL: none */
    struct slice query;    /* without its question mark; p NULL: none */
};

/* scheme://[user[:password]@]host[:port][/path][?query], or //host; a fragment is dropped.
 * ERR_PARSE with "URI is not valid - host is not specified" and the like. Never shows a password.
 */
int url_parse(struct arena *a, struct slice text, struct url *out, struct err *err);
/* %XX to bytes; other text stays. */
struct slice url_unescape(struct arena *a, struct slice text);
/* Everything but letters, digits and -._~ as %XX. */
void url_escape(struct slice text, struct buf *out);

#endif
