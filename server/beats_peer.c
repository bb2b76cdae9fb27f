/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/beats_peer.h"

#include "codec/base/error.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static const struct sockaddr_in6 *
as_ipv6(const struct address *a)
{
    return (const struct sockaddr_in6 *)(const void *)&a->sa;
}

static void
print_java_ipv6(const struct sockaddr_in6 *sa, char *out, size_t room)
{
    const unsigned char *b = sa->sin6_addr.s6_addr;
    size_t used = 0;

    for (int i = 0; i < 16; i += 2)
        used += (size_t)snprintf(out + used, room - used, "%s%x", i == 0 ? "" : ":",
                                 (unsigned)(b[i] << 8 | b[i + 1]));
    if (sa->sin6_scope_id != 0 && IN6_IS_ADDR_LINKLOCAL(&sa->sin6_addr)) {
        char name[IF_NAMESIZE];

        if (if_indextoname(sa->sin6_scope_id, name) != NULL)
            snprintf(out + used, room - used, "%%%s", name);
        else
            snprintf(out + used, room - used, "%%%u", sa->sin6_scope_id);
    }
}

const char *
beats_ip_print(const struct address *address, enum ip_format format, char out[ADDRESS_TEXT])
{
    out[0] = '\0';
    if (address->sa.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)&address->sa)->sin_addr, out,
                  ADDRESS_TEXT);
    } else if (address->sa.ss_family == AF_INET6) {
        const struct sockaddr_in6 *sa = as_ipv6(address);

        if (IN6_IS_ADDR_V4MAPPED(&sa->sin6_addr))
            inet_ntop(AF_INET, &sa->sin6_addr.s6_addr[12], out, ADDRESS_TEXT);
        else if (format == IP_JAVA)
            print_java_ipv6(sa, out, ADDRESS_TEXT);
        else
            inet_ntop(AF_INET6, &sa->sin6_addr, out, ADDRESS_TEXT);
    }
    return out;
}

struct beats_peer *
beats_peer_new(const struct address *address, enum ip_format format)
{
    struct beats_peer *p = xcalloc(1, sizeof *p);

    atomic_init(&p->count, 1);
    p->address = *address;
    address_print(address, p->text);
    beats_ip_print(address, format, p->ip);
    return p;
}

struct beats_peer *
beats_peer_hold(struct beats_peer *p)
{
    atomic_fetch_add_explicit(&p->count, 1, memory_order_relaxed);
    return p;
}

void
beats_peer_drop(void *peer)
{
    struct beats_peer *p = peer;

    if (p == NULL || atomic_fetch_sub_explicit(&p->count, 1, memory_order_acq_rel) > 1)
        return;
    free(p->info);
    free(p);
}
