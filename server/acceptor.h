/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The acceptor: one thread that takes connections of all listeners and deals each to the least
 * loaded loop (style 3.3: Beats keep few, long connections, so balance decides).
 *
 * While the budget is tight nothing is accepted; when descriptors run out it waits for the next
 * tick instead of spinning. */
#ifndef SERVER_ACCEPTOR_H
#define SERVER_ACCEPTOR_H

#include "codec/base/budget.h"
#include "codec/base/log.h"
#include "server/net/loop.h"
#include "server/net/resolver.h"

struct acceptor;
struct listener;

/* On the chosen loop's thread. The descriptor is non-blocking and belongs to the callee. */
typedef void accepted_fn(void *arg, struct loop *loop, int fd, const struct address *peer);

struct acceptor *acceptor_new(struct loop *const *loops, size_t n, struct budget *budget,
                              const struct log *log, struct err *err);
int acceptor_start(struct acceptor *a, struct err *err);
/* Ends the thread; no accepted_fn is mailed afterwards. *a may be NULL. */
void acceptor_free(struct acceptor **a);

/* Binds and listens; nothing is accepted before listener_start. host: one local address or name.
 * receive_buffer: SO_RCVBUF, 0 leaves the system's. Main thread. Errors name host and port. */
struct listener *listener_open(struct acceptor *a, const char *host, uint16_t port,
                               int receive_buffer, accepted_fn *accepted, void *arg,
                               struct err *err);
void listener_start(struct listener *l);
/* Closes the socket; waits until the acceptor is done with it. *l may be NULL. */
void listener_close(struct listener **l);
/* The port it got, for port 0. */
uint16_t listener_port(const struct listener *l);

#endif
