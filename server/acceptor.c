/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/acceptor.h"

#include "codec/base/error.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096
/* Connections taken in one wake-up, so that all listeners get their turn. */
#define ACCEPT_BURST 64
#define LOG_EVERY_MS 10000
/* What a new connection weighs against bytes received lately, so that many quiet ones spread. */
#define CONNECTION_WEIGHT 4096

struct acceptor {
    struct loop *own; /* its thread waits on the listeners */
    struct loop *const *loops;
    size_t n;
    uint64_t *dealt; /* weight dealt since the last tick, for each loop */
    struct budget *budget;
    const struct log *log;
    struct link listeners;
    struct tick tick;
    bool paused;
    struct log_throttle throttle;
};

struct listener {
    struct link link;
    struct acceptor *acceptor;
    int fd;
    struct watch *watch;
    accepted_fn *accepted;
    void *arg;
    /* Main waits for the acceptor's thread here. */
    struct mail start, stop;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
};

struct arrival {
    struct mail mail;
    accepted_fn *accepted;
    void *arg;
    int fd;
    struct address peer;
};

static void
on_arrival(struct loop *loop, struct mail *mail)
{
    struct arrival *got = CONTAINER_OF(mail, struct arrival, mail);

    got->accepted(got->arg, loop, got->fd, &got->peer);
    free(got);
}

static size_t
least_loaded(struct acceptor *a)
{
    size_t best = 0;
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < a->n; i++) {
        uint64_t load = loop_load(a->loops[i]) + a->dealt[i];

        if (load < least) {
            least = load;
            best = i;
        }
    }
    a->dealt[best] += CONNECTION_WEIGHT;
    return best;
}

static void
set_paused(struct acceptor *a, bool paused)
{
    if (a->paused == paused)
        return;
    a->paused = paused;
    for (struct link *at = a->listeners.next; at != &a->listeners; at = at->next)
        watch_set(CONTAINER_OF(at, struct listener, link)->watch, paused ? 0 : WATCH_READ);
}

static void
accept_failed(struct acceptor *a, int error)
{
    uint64_t swallowed;

    set_paused(a, true); /* until the next tick */
    errno = error;
    if (log_throttle_pass(&a->throttle, loop_now(a->own), LOG_EVERY_MS, &swallowed))
        log_error(a->log, "accepting connections: %s; trying again", strerror(error));
}

/* False: no more for now. */
static bool
accept_one(struct acceptor *a, struct listener *l)
{
    struct address peer = { .n = sizeof peer.sa };
    int fd = accept4(l->fd, (struct sockaddr *)&peer.sa, &peer.n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct arrival *got;

    if (fd < 0) {
        if (errno == EAGAIN)
            return false;
        if (errno == EINTR || errno == ECONNABORTED)
            return true;
        accept_failed(a, errno);
        return false;
    }
    got = xcalloc(1, sizeof *got);
    got->mail.fn = on_arrival;
    got->accepted = l->accepted;
    got->arg = l->arg;
    got->fd = fd;
    got->peer = peer;
    loop_mail(a->loops[least_loaded(a)], &got->mail);
    return true;
}

static bool
budget_is_tight(const struct acceptor *a)
{
    return a->budget != NULL &&
           (budget_level(&a->budget->common) >= BUDGET_TIGHT || budget_is_crowded(a->budget));
}

static void
on_ready(struct loop *loop, void *arg, unsigned ready)
{
    struct listener *l = arg;
    struct acceptor *a = l->acceptor;

    (void)loop;
    (void)ready;
    if (budget_is_tight(a)) {
        set_paused(a, true);
        return;
    }
    for (int left = ACCEPT_BURST; left > 0 && accept_one(a, l); left--)
        ;
}

static void
on_tick(struct loop *loop, struct tick *tick)
{
    struct acceptor *a = CONTAINER_OF(tick, struct acceptor, tick);

    (void)loop;
    for (size_t i = 0; i < a->n; i++)
        a->dealt[i] /= 2;
    if (!budget_is_tight(a))
        set_paused(a, false);
}

struct acceptor *
acceptor_new(struct loop *const *loops, size_t n, struct budget *budget, const struct log *log,
             struct err *err)
{
    struct acceptor *a = xcalloc(1, sizeof *a);

    a->own = loop_new((unsigned)n, NULL, err);
    if (a->own == NULL) {
        free(a);
        return NULL;
    }
    a->loops = loops;
    a->n = n;
    a->dealt = xcalloc(n, sizeof a->dealt[0]);
    a->budget = budget;
    a->log = log;
    a->tick.fn = on_tick;
    link_init(&a->listeners);
    return a;
}

int
acceptor_start(struct acceptor *a, struct err *err)
{
    loop_tick_add(a->own, &a->tick);
    return loop_start(a->own, err);
}

void
acceptor_free(struct acceptor **a)
{
    struct acceptor *gone = *a;

    if (gone == NULL)
        return;
    loop_stop(gone->own);
    loop_free(&gone->own);
    free(gone->dealt);
    free(gone);
    *a = NULL;
}

/* ---- listeners ---- */

static int
bind_one(const struct addrinfo *ai, int receive_buffer, struct err *err)
{
    int on = 1, off = 0;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return err_errno(err, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (ai->ai_family == AF_INET6) /* "::" serves IPv4 too, as in Java */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (receive_buffer > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        err_errno(err, "bind");
        close(fd);
        return -1;
    }
    return fd;
}

static int
bind_to(const char *host, uint16_t port, int receive_buffer, struct err *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *list;
    char service[8];
    int failed, fd;

    snprintf(service, sizeof service, "%u", port);
    failed = getaddrinfo(host, service, &hints, &list);
    if (failed != 0)
        return err_set(err, ERR_CONFIG, "host %s: %s", host, gai_strerror(failed));
    fd = bind_one(list, receive_buffer, err);
    freeaddrinfo(list);
    if (fd < 0)
        err_prefix(err, "%s:%u", host, port);
    return fd;
}

struct listener *
listener_open(struct acceptor *a, const char *host, uint16_t port, int receive_buffer,
              accepted_fn *accepted, void *arg, struct err *err)
{
    int fd = bind_to(host, port, receive_buffer, err);
    struct listener *l;

    if (fd < 0)
        return NULL;
    l = xcalloc(1, sizeof *l);
    l->acceptor = a;
    l->fd = fd;
    l->accepted = accepted;
    l->arg = arg;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    return l;
}

static void
on_start(struct loop *loop, struct mail *mail)
{
    struct listener *l = CONTAINER_OF(mail, struct listener, start);

    l->watch = watch_new(loop, l->fd, on_ready, l);
    link_append(&l->acceptor->listeners, &l->link);
    watch_set(l->watch, l->acceptor->paused ? 0 : WATCH_READ);
}

void
listener_start(struct listener *l)
{
    l->start.fn = on_start;
    loop_mail(l->acceptor->own, &l->start);
}

static void
on_close(struct loop *loop, struct mail *mail)
{
    struct listener *l = CONTAINER_OF(mail, struct listener, stop);

    (void)loop;
    link_remove(&l->link);
    watch_free(&l->watch);
    pthread_mutex_lock(&l->lock);
    l->closed = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

void
listener_close(struct listener **l)
{
    struct listener *gone = *l;

    if (gone == NULL)
        return;
    if (gone->start.fn != NULL) {
        gone->stop.fn = on_close;
        loop_mail(gone->acceptor->own, &gone->stop);
        pthread_mutex_lock(&gone->lock);
        while (!gone->closed)
            pthread_cond_wait(&gone->changed, &gone->lock);
        pthread_mutex_unlock(&gone->lock);
    }
    close(gone->fd);
    pthread_cond_destroy(&gone->changed);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *l = NULL;
}

uint16_t
listener_port(const struct listener *l)
{
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;

    if (getsockname(l->fd, (struct sockaddr *)&sa, &n) < 0)
        return 0;
    if (sa.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)(void *)&sa)->sin6_port);
    return ntohs(((struct sockaddr_in *)(void *)&sa)->sin_port);
}
