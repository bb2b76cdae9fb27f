/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/http_stub.h"

#include "codec/base/error.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS_MAX 4096
#define CONNS_MAX    256

struct http_stub {
    stub_fn *fn;
    void *arg;
    uint16_t port;
    int listener;
    pthread_t acceptor;
    pthread_mutex_t lock;
    struct stub_request *requests[REQUESTS_MAX];
    size_t n;
    pthread_t threads[CONNS_MAX];
    int fds[CONNS_MAX]; /* -1: closed */
    size_t conns;
    bool stopping;
    uint64_t closed_until; /* 0: the listener is open */
};

struct conn {
    struct http_stub *stub;
    size_t slot;
    int fd;
};

static uint64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int
open_listener(uint16_t port, uint16_t *got)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ASSERT(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    ASSERT(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 64) == 0);
    ASSERT(getsockname(fd, (struct sockaddr *)&at, &n) == 0);
    *got = ntohs(at.sin_port);
    return fd;
}

/* ---- one connection ---- */

static bool
read_more(int fd, struct buf *in)
{
    ssize_t n = recv(fd, buf_reserve(in, 65536), 65536, 0);

    if (n <= 0)
        return false;
    in->n += (size_t)n;
    return true;
}

struct slice
stub_header(const struct stub_request *r, const char *name)
{
    struct slice rest = buf_slice(&r->head), line;

    while (slice_split(&rest, '\n', &line)) {
        size_t colon = slice_find_byte(line, ':', 0);

        if (colon != SIZE_MAX && slice_eq_nocase((struct slice){ line.p, colon }, slice_of(name)))
            return slice_trim((struct slice){ line.p + colon + 1, line.n - colon - 1 });
    }
    return (struct slice){ NULL, 0 };
}

/* False: the client left. *in keeps what came behind the request. */
static bool
read_request(int fd, struct buf *in, struct stub_request *r)
{
    size_t head, line;
    int64_t length = 0;

    while ((head = slice_find(buf_slice(in), SLICE("\r\n\r\n"), 0)) == SIZE_MAX)
        if (!read_more(fd, in))
            return false;
    ASSERT(sscanf(in->p, "%15s %1023s", r->method, r->target) == 2);
    line = slice_find(buf_slice(in), SLICE("\r\n"), 0) + 2;
    buf_append(&r->head, (struct slice){ in->p + line, head + 2 > line ? head + 2 - line : 0 });
    slice_to_int64(stub_header(r, "Content-Length"), &length);
    while (in->n < head + 4 + (size_t)length)
        if (!read_more(fd, in))
            return false;
    buf_append(&r->body, (struct slice){ in->p + head + 4, (size_t)length });
    in->n -= head + 4 + (size_t)length;
    memmove(in->p, in->p + head + 4 + (size_t)length, in->n);
    r->ms = now_ms();
    return true;
}

static bool
write_answer(int fd, const struct stub_request *r, const struct stub_answer *a)
{
    struct buf out = { 0 };
    size_t at = 0;
    ssize_t n = 1;

    buf_printf(&out, "HTTP/1.1 %u Scripted\r\n%.*sContent-Length: %zu\r\n\r\n", a->status,
               SLICE_ARGS(buf_slice(&a->headers)), a->body.n);
    if (strcmp(r->method, "HEAD") != 0)
        buf_append(&out, buf_slice(&a->body));
    while (at < out.n && n > 0) {
        n = send(fd, out.p + at, out.n - at, MSG_NOSIGNAL);
        at += n > 0 ? (size_t)n : 0;
    }
    buf_fini(&out);
    return n > 0;
}

static void
close_listener(struct http_stub *s, unsigned ms)
{
    pthread_mutex_lock(&s->lock);
    s->closed_until = now_ms() + ms;
    pthread_mutex_unlock(&s->lock);
}

static bool
answer(struct conn *c, struct stub_request *r)
{
    struct http_stub *s = c->stub;
    struct stub_answer a = { .status = 200 };
    bool good = true;

    pthread_mutex_lock(&s->lock);
    ASSERT(s->n < REQUESTS_MAX);
    s->requests[s->n++] = r;
    s->fn(s->arg, r, &a);
    pthread_mutex_unlock(&s->lock);
    if (a.silent_ms > 0)
        poll(&(struct pollfd){ .fd = c->fd, .events = POLLIN }, 1, (int)a.silent_ms);
    if (a.refuse_ms > 0)
        close_listener(s, a.refuse_ms);
    if (a.status == 0 || a.silent_ms > 0 || a.refuse_ms > 0)
        good = false;
    else
        good = write_answer(c->fd, r, &a);
    buf_fini(&a.headers);
    buf_fini(&a.body);
    return good;
}

static void *
serve(void *arg)
{
    struct conn *c = arg;
    struct buf in = { 0 };

    for (;;) {
        struct stub_request *r = xcalloc(1, sizeof *r);

        if (!read_request(c->fd, &in, r)) {
            buf_fini(&r->head);
            buf_fini(&r->body);
            free(r);
            break;
        }
        if (!answer(c, r))
            break;
    }
    pthread_mutex_lock(&c->stub->lock);
    c->stub->fds[c->slot] = -1;
    close(c->fd);
    pthread_mutex_unlock(&c->stub->lock);
    buf_fini(&in);
    free(c);
    return NULL;
}

/* ---- the listener ---- */

static void
take_connection(struct http_stub *s, int fd)
{
    struct conn *c = xcalloc(1, sizeof *c);
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pthread_mutex_lock(&s->lock);
    ASSERT(s->conns < CONNS_MAX);
    *c = (struct conn){ s, s->conns++, fd };
    s->fds[c->slot] = fd;
    ASSERT(pthread_create(&s->threads[c->slot], NULL, serve, c) == 0);
    pthread_mutex_unlock(&s->lock);
}

static void *
accept_all(void *arg)
{
    struct http_stub *s = arg;
    bool stopping = false;

    while (!stopping) {
        uint64_t until;
        int fd;

        pthread_mutex_lock(&s->lock);
        stopping = s->stopping;
        until = s->closed_until;
        pthread_mutex_unlock(&s->lock);
        if (until > 0 && s->listener >= 0) {
            close(s->listener);
            s->listener = -1;
        }
        if (s->listener < 0 && now_ms() >= until) {
            uint16_t port;

            s->listener = open_listener(s->port, &port);
            pthread_mutex_lock(&s->lock);
            s->closed_until = 0;
            pthread_mutex_unlock(&s->lock);
        }
        if (poll(&(struct pollfd){ .fd = s->listener, .events = POLLIN }, 1, 10) <= 0)
            continue;
        fd = accept(s->listener, NULL, NULL);
        if (fd >= 0)
            take_connection(s, fd);
    }
    return NULL;
}

struct http_stub *
http_stub_start(stub_fn *fn, void *arg)
{
    struct http_stub *s = xcalloc(1, sizeof *s);

    s->fn = fn;
    s->arg = arg;
    s->listener = open_listener(0, &s->port);
    pthread_mutex_init(&s->lock, NULL);
    ASSERT(pthread_create(&s->acceptor, NULL, accept_all, s) == 0);
    return s;
}

void
http_stub_stop(struct http_stub **at)
{
    struct http_stub *s = *at;

    *at = NULL;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->acceptor, NULL);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->conns; i++)
        if (s->fds[i] >= 0)
            shutdown(s->fds[i], SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->conns; i++)
        pthread_join(s->threads[i], NULL);
    if (s->listener >= 0)
        close(s->listener);
    for (size_t i = 0; i < s->n; i++) {
        buf_fini(&s->requests[i]->head);
        buf_fini(&s->requests[i]->body);
        free(s->requests[i]);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

uint16_t
http_stub_port(const struct http_stub *s)
{
    return s->port;
}

size_t
http_stub_count(struct http_stub *s)
{
    size_t n;

    pthread_mutex_lock(&s->lock);
    n = s->n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

const struct stub_request *
http_stub_request(struct http_stub *s, size_t i)
{
    const struct stub_request *r;

    pthread_mutex_lock(&s->lock);
    r = s->requests[i];
    pthread_mutex_unlock(&s->lock);
    return r;
}
