/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names to addresses: one thread that may block in getaddrinfo, so that no loop does.
 *
 * Ask on a loop; the answer comes by mail on the same loop, never from inside the call. Questions
 * are answered in order. Nothing is cached: that is the system's business. */
#ifndef SERVER_NET_RESOLVER_H
#define SERVER_NET_RESOLVER_H

#include "codec/base/error.h"
#include "server/net/loop.h"

#include <sys/socket.h>

#define RESOLVER_ADDRESSES 16

struct address {
    struct sockaddr_storage sa;
    socklen_t n;
};

struct resolver;
struct lookup;

/* n = 0: *err says why ("elastic-1: Name or service not known"). The addresses are the resolver's
 * until return. */
typedef void lookup_fn(void *arg, const struct address *at, size_t n, const struct err *err);

struct resolver *resolver_start(struct err *err);
/* Waits for the question under way; those behind it are answered with an error. All answers are
 * mail: stop resolvers before loops. *r may be NULL; set to NULL. */
void resolver_stop(struct resolver **r);

/* On the loop's thread. host is copied; "::1", "[::1]" and "10.0.0.1" are answered without the
 * thread. The lookup is gone once fn was called. */
struct lookup *resolver_ask(struct resolver *r, struct loop *loop, const char *host, uint16_t port,
                            lookup_fn *fn, void *arg);
/* On the loop's thread, before fn was called: it will not be. Set to NULL. */
void resolver_cancel(struct lookup **lookup);

/* A copy of the host without the brackets that an IPv6 address has in a URL. The caller frees it.
 */
char *address_bare_host(const char *host);
/* "10.0.0.7:51344", "[2001:db8::1]:5044"; out of 64 bytes. Returns out. */
#define ADDRESS_TEXT 64
const char *address_print(const struct address *a, char out[ADDRESS_TEXT]);

#endif
