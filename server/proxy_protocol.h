/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The PROXY protocol, versions 1 and 2: what a balancer sends first, to say whose connection it is.
 *
 * proxy_parse is pure. proxy_take looks into a socket and takes exactly the header, so that what
 * follows (a ClientHello, a window) is where it would be without a balancer. Any thread. Source:
 * proxy-protocol.txt of HAProxy, sections 2.1 and 2.2; interop-parts.md 5. */
#ifndef SERVER_PROXY_PROTOCOL_H
#define SERVER_PROXY_PROTOCOL_H

#include "codec/base/slice.h"
#include "server/net/resolver.h"

/* The longest version 1 header, its line end included. */
#define PROXY_V1_MAX 107
/* Fixed part of version 2, and the most we take of addresses and extensions (TLVs) behind it. */
#define PROXY_V2_HEAD ((size_t)16)
#define PROXY_V2_MAX  ((size_t)4096)

enum proxy_status {
    PROXY_BAD = -1, /* *err says why */
    PROXY_MORE,     /* good so far; out->length bytes are needed to go on */
    PROXY_WHOLE,
    PROXY_EOF /* proxy_take only: the peer left */
};

struct proxy_header {
    size_t length;   /* of the header, or what is needed at least */
    bool has_source; /* false: the balancer speaks for itself, or does not know (LOCAL, UNKNOWN) */
    struct address source; /* who really connected */
};

/* Extensions of version 2 are skipped unread. */
enum proxy_status proxy_parse(struct slice in, struct proxy_header *out, struct err *err);
/* The descriptor must be non-blocking. PROXY_MORE: SO_RCVLOWAT is set so that the next wake-up is
 * worth it; PROXY_WHOLE restores it, and the header has left the socket. */
enum proxy_status proxy_take(int fd, struct proxy_header *out, struct err *err);

#endif
