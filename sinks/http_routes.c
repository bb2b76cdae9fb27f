/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/http_routes.h"

#include <stdlib.h>

/* The sender may choose the hosts, so their number is bounded; the longest unused one goes. */
#define ROUTES_MAX 64
#define IDLE_MS    30000

struct route {
    struct http_route base;
    struct route *next;
    char *host;
    uint16_t port;
    bool tls;
    uint64_t used_ms;
};

struct http_routes {
    struct http_routes_rules rules;
    struct route *first;
    size_t n;
};

struct http_routes *
http_routes_new(const struct http_routes_rules *rules)
{
    struct http_routes *r = xcalloc(1, sizeof *r);

    r->rules = *rules;
    return r;
}

static void
drop_route(struct http_routes *r, struct route **at)
{
    struct route *route = *at;

    *at = route->next;
    r->n--;
    http_client_free(&route->base.client);
    free(route->host);
    free(route);
}

void
http_routes_free(struct http_routes **at)
{
    struct http_routes *r = *at;

    *at = NULL;
    if (r == NULL)
        return;
    while (r->first != NULL)
        drop_route(r, &r->first);
    free(r);
}

static bool
drop_unused(struct http_routes *r)
{
    struct route **oldest = NULL;

    for (struct route **at = &r->first; *at != NULL; at = &(*at)->next)
        if ((*at)->base.in_use == 0 && (oldest == NULL || (*at)->used_ms < (*oldest)->used_ms))
            oldest = at;
    if (oldest == NULL)
        return false;
    drop_route(r, oldest);
    return true;
}

static struct route *
add_route(struct http_routes *r, struct slice host, uint16_t port, bool tls)
{
    struct route *route = xcalloc(1, sizeof *route);
    struct http_client_options options = {
        .port = port,
        .tls = tls ? r->rules.tls : NULL,
        .connections = r->rules.connections,
        .connect_ms = r->rules.connect_ms,
        .request_ms = r->rules.request_ms,
        .idle_ms = IDLE_MS,
        .share = r->rules.share,
    };

    route->host = xstrndup(host.p, host.n);
    route->port = port;
    route->tls = tls;
    options.host = route->host;
    route->base.client = http_client_new(r->rules.loop, r->rules.resolver, &options);
    route->next = r->first;
    r->first = route;
    r->n++;
    return route;
}

struct http_route *
http_routes_take(struct http_routes *r, const struct url *u)
{
    bool tls = slice_eq(u->scheme, SLICE("https"));
    uint16_t port = u->port != 0 ? u->port : tls ? 443 : 80;
    struct route *route = r->first;

    while (route != NULL && (route->tls != tls || route->port != port ||
                             !slice_eq_nocase(slice_of(route->host), u->host)))
        route = route->next;
    if (route == NULL) {
        if (r->n >= ROUTES_MAX && !drop_unused(r))
            return NULL;
        route = add_route(r, u->host, port, tls);
    }
    route->used_ms = loop_now(r->rules.loop);
    route->base.in_use++;
    return &route->base;
}

void
http_routes_give(struct http_routes *r, struct http_route **route)
{
    (void)r;
    (*route)->in_use--;
    *route = NULL;
}

size_t
http_routes_count(const struct http_routes *r)
{
    return r->n;
}
