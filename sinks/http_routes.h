/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP clients by origin, made when an event first names one. On one loop. */
#ifndef SINKS_HTTP_ROUTES_H
#define SINKS_HTTP_ROUTES_H

#include "server/net/http_client.h"
#include "sinks/url.h"

struct http_routes;

/* A client in use; give it back when the request is over. */
struct http_route {
    struct http_client *client;
    unsigned in_use;
};

struct http_routes_rules {
    struct loop *loop;
    struct resolver *resolver;
    struct tls_context *tls; /* for https; NULL: such routes are refused */
    struct budget_share *share;
    unsigned connections; /* to one origin */
    uint64_t connect_ms, request_ms;
};

struct http_routes *http_routes_new(const struct http_routes_rules *rules);
void http_routes_free(struct http_routes **r); /* none may be in use; *r may be NULL */
/* NULL: too many origins are in use right now. The URL is complete, but for its port. */
struct http_route *http_routes_take(struct http_routes *r, const struct url *u);
void http_routes_give(struct http_routes *r, struct http_route **route);
size_t http_routes_count(const struct http_routes *r);

#endif
