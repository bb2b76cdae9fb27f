/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/net/resolver.h"

#include "codec/base/thread.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A question and its answer. The resolver's thread fills in the answer and then mails it; fn and
 * arg are only ever touched on the loop, so that a cancellation needs no lock. */
struct lookup {
    struct mail mail;
    struct link link; /* the resolver's queue */
    struct loop *loop;
    lookup_fn *fn; /* NULL: cancelled */
    void *arg;
    char *host;
    uint16_t port;
    struct address at[RESOLVER_ADDRESSES];
    size_t n;
    struct err err;
};

struct resolver {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    struct link queue; /* under the lock, like leaving */
    bool leaving;
};

/* ---- the loop's side ---- */

static void
lookup_free(struct lookup *l)
{
    free(l->host);
    free(l);
}

static void
on_answer(struct loop *loop, struct mail *mail)
{
    struct lookup *l = CONTAINER_OF(mail, struct lookup, mail);

    (void)loop;
    if (l->fn != NULL)
        l->fn(l->arg, l->at, l->n, &l->err);
    lookup_free(l);
}

void
resolver_cancel(struct lookup **lookup)
{
    if (*lookup != NULL)
        (*lookup)->fn = NULL;
    *lookup = NULL;
}

/* Numbers need nobody's help. */
static bool
answer_number(struct lookup *l)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(l->port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(l->port) };

    if (inet_pton(AF_INET, l->host, &v4.sin_addr) == 1) {
        memcpy(&l->at[0].sa, &v4, sizeof v4);
        l->at[0].n = sizeof v4;
    } else if (inet_pton(AF_INET6, l->host, &v6.sin6_addr) == 1) {
        memcpy(&l->at[0].sa, &v6, sizeof v6);
        l->at[0].n = sizeof v6;
    } else {
        return false;
    }
    l->n = 1;
    return true;
}

struct lookup *
resolver_ask(struct resolver *r, struct loop *loop, const char *host, uint16_t port, lookup_fn *fn,
             void *arg)
{
    struct lookup *l = xcalloc(1, sizeof *l);

    ASSERT(loop_is_mine(loop));
    l->mail.fn = on_answer;
    l->loop = loop;
    l->fn = fn;
    l->arg = arg;
    l->host = address_bare_host(host);
    l->port = port;
    if (answer_number(l)) {
        loop_mail(loop, &l->mail);
        return l;
    }
    pthread_mutex_lock(&r->lock);
    link_append(&r->queue, &l->link);
    pthread_cond_signal(&r->asked);
    pthread_mutex_unlock(&r->lock);
    return l;
}

/* ---- the thread's side ---- */

static void
keep_addresses(struct lookup *l, const struct addrinfo *found)
{
    for (; found != NULL && l->n < RESOLVER_ADDRESSES; found = found->ai_next) {
        struct address *a = &l->at[l->n++];

        memcpy(&a->sa, found->ai_addr, found->ai_addrlen);
        a->n = found->ai_addrlen;
    }
}

static void
resolve(struct lookup *l)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    char port[8];
    int rc;

    snprintf(port, sizeof port, "%u", (unsigned)l->port);
    rc = getaddrinfo(l->host, port, &hints, &found);
    if (rc == EAI_SYSTEM)
        err_errno(&l->err, "%.200s", l->host);
    else if (rc != 0)
        err_set(&l->err, ERR_IO, "%.200s: %s", l->host, gai_strerror(rc));
    else
        keep_addresses(l, found);
    if (found != NULL)
        freeaddrinfo(found);
    if (rc == 0 && l->n == 0)
        err_set(&l->err, ERR_IO, "%.200s: no address", l->host);
}

/* The next question, waited for; NULL: leave. */
static struct lookup *
next_question(struct resolver *r)
{
    struct link *l;

    pthread_mutex_lock(&r->lock);
    while (!r->leaving && !link_used(&r->queue))
        pthread_cond_wait(&r->asked, &r->lock);
    l = r->leaving ? NULL : link_take(&r->queue);
    pthread_mutex_unlock(&r->lock);
    return l != NULL ? CONTAINER_OF(l, struct lookup, link) : NULL;
}

static void *
thread_main(void *arg)
{
    struct resolver *r = arg;
    struct lookup *l;

    while ((l = next_question(r)) != NULL) {
        resolve(l);
        loop_mail(l->loop, &l->mail);
    }
    return NULL;
}

struct resolver *
resolver_start(struct err *err)
{
    struct resolver *r = xcalloc(1, sizeof *r);

    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->asked, NULL);
    link_init(&r->queue);
    if (thread_start(&r->thread, "resolver", thread_main, r, err) == 0)
        return r;
    pthread_cond_destroy(&r->asked);
    pthread_mutex_destroy(&r->lock);
    free(r);
    return NULL;
}

/* Questions that nobody has looked at are mailed as failed: their owners may still wait. */
static void
refuse_rest(struct resolver *r)
{
    struct link *l;

    while ((l = link_take(&r->queue)) != NULL) {
        struct lookup *lookup = CONTAINER_OF(l, struct lookup, link);

        err_set(&lookup->err, ERR_IO, "%.200s: the resolver has stopped", lookup->host);
        loop_mail(lookup->loop, &lookup->mail);
    }
}

void
resolver_stop(struct resolver **resolver)
{
    struct resolver *r = *resolver;

    *resolver = NULL;
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->leaving = true;
    pthread_cond_signal(&r->asked);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    refuse_rest(r);
    pthread_cond_destroy(&r->asked);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

char *
address_bare_host(const char *host)
{
    size_t n = strlen(host);

    if (n >= 2 && host[0] == '[' && host[n - 1] == ']')
        return xstrndup(host + 1, n - 2);
    return xstrdup(host);
}

const char *
address_print(const struct address *a, char out[ADDRESS_TEXT])
{
    const struct sockaddr_in *v4 = (const void *)&a->sa;
    const struct sockaddr_in6 *v6 = (const void *)&a->sa;
    char host[INET6_ADDRSTRLEN] = "?";

    switch (a->sa.ss_family) {
    case AF_INET:
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT, "%s:%u", host, (unsigned)ntohs(v4->sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT, "[%s]:%u", host, (unsigned)ntohs(v6->sin6_port));
        break;
    default: snprintf(out, ADDRESS_TEXT, "family %d", a->sa.ss_family); break;
    }
    return out;
}
