/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of a connection's other end: for events, logs and later the ledger of clients.
 * Counted: windows on their way hold it longer than the connection lives. The rest is const once
 * published. */
#ifndef SERVER_BEATS_PEER_H
#define SERVER_BEATS_PEER_H

#include "server/net/resolver.h"
#include "server/net/tls.h"

#include <stdatomic.h>

struct beats_peer {
    atomic_uint count;
    atomic_bool known; /* the ledger has its agent: workers need not look */
    struct address address;
    char text[ADDRESS_TEXT]; /* "10.0.0.7:51344", for logs */
    char ip[ADDRESS_TEXT];   /* as events show it */
    struct tls_info *info;   /* NULL: plain */
};

enum ip_format { IP_JAVA, IP_RFC5952 };

struct beats_peer *beats_peer_new(const struct address *address, enum ip_format format);
struct beats_peer *beats_peer_hold(struct beats_peer *p);
void beats_peer_drop(void *peer); /* any thread; struct beats_peer */
/* Java's text: IPv4 dotted, IPv6 in full without zero compression, a scope for link-local ones,
 * IPv4-mapped as IPv4. Or RFC 5952. Returns out. */
const char *beats_ip_print(const struct address *address, enum ip_format format,
                           char out[ADDRESS_TEXT]);

#endif
