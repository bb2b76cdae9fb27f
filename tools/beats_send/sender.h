/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connections of one thread: connect, send windows, judge the answers, begin again.
 *
 * A group has a loop and everything on it. Windows in flight stay with their connection until they
 * are acknowledged, over as many attempts as it takes. */
#ifndef TOOLS_BEATS_SEND_SENDER_H
#define TOOLS_BEATS_SEND_SENDER_H

#include "server/net/tls.h"
#include "tools/beats_send/report.h"
#include "tools/beats_send/source.h"

#include <netdb.h>

struct sender_group;

/* What all groups share; must outlive them. */
struct sender_setup {
    const struct options *options;
    struct source *source;
    struct report *report;
    struct tls_context *tls;     /* NULL: plain */
    const struct addrinfo *peer; /* the first address is used */
};

struct sender_group *sender_group_new(const struct sender_setup *setup, unsigned index,
                                      unsigned first_connection, unsigned connections,
                                      struct err *err);
/* Runs on the calling thread until every connection is through or the run has failed. */
void sender_group_run(struct sender_group *g);
/* *counts gets what it did. */
void sender_group_free(struct sender_group **g, struct counts *counts);

#endif
