/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connections: one thread, epoll, requests one after the other on each. */
#ifndef TOOLS_ES_SINK_SERVER_H
#define TOOLS_ES_SINK_SERVER_H

#include "tools/es_sink/bulk.h"

#include <signal.h>

struct server_options {
    uint16_t port;
    const char *version; /* that GET / tells */
    bool discard;        /* bodies are thrown away unread */
    bool opensearch;
};

struct server;

struct server *server_new(const struct server_options *options, struct bulk_server *bulk,
                          struct err *err);
uint16_t server_port(const struct server *s);
/* Until *stop. *blocked: answers to bulk requests wait. Both may be set by signals. */
void server_run(struct server *s, const volatile sig_atomic_t *stop,
                volatile sig_atomic_t *blocked);
void server_free(struct server **s);

#endif
