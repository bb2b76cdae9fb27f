/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/es_sink/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES  ((size_t)1 << 20)
#define HEAD_BYTES  65536
#define FRONT_BYTES 4096
#define TICK_MS     5

enum after { AFTER_KEEP, AFTER_CLOSE, AFTER_RESET, AFTER_NOTHING };

struct conn {
    struct conn *next;
    int fd;
    struct buf in; /* head, and the body as far as it is kept */
    size_t head;   /* bytes of the head with its blank line; 0: not whole yet */
    uint64_t length, body_left, count;
    bool gzip, bulk, thrown; /* thrown: the body is not kept */
    struct buf out;
    size_t written;
    uint64_t answer_at; /* 0: no answer is ready */
    bool held;          /* while the server is blocked */
    enum after after;
    unsigned refuse_ms;
};

struct server {
    struct server_options options;
    struct bulk_server *bulk;
    int epoll, listener;
    uint16_t port;
    struct conn *conns;
    uint64_t refuse_until;
    char *scratch;
    volatile sig_atomic_t *blocked;
};

static uint64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
watch(struct server *s, struct conn *c, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = c };

    epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void
close_conn(struct server *s, struct conn *c, bool reset)
{
    struct conn **at = &s->conns;
    struct linger linger = { 1, 0 };

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(c->fd);
    buf_fini(&c->in);
    buf_fini(&c->out);
    free(c);
}

/* ---- requests ---- */

static struct slice
field(const struct conn *c, const char *name)
{
    struct slice rest = { c->in.p, c->head }, line;

    while (slice_split(&rest, '\n', &line)) {
        size_t colon = slice_find_byte(line, ':', 0);

        if (colon != SIZE_MAX && slice_eq_nocase((struct slice){ line.p, colon }, slice_of(name)))
            return slice_trim((struct slice){ line.p + colon + 1, line.n - colon - 1 });
    }
    return (struct slice){ NULL, 0 };
}

static uint64_t
number_field(const struct conn *c, const char *name)
{
    int64_t n = 0;

    slice_to_int64(field(c, name), &n);
    return n < 0 ? 0 : (uint64_t)n;
}

/* "POST /_bulk": path without its query. */
static bool
request_is(const struct conn *c, const char *method, const char *path)
{
    struct slice line = { c->in.p, c->head }, word, rest = line;
    size_t query;

    if (!slice_split(&rest, ' ', &word) || !slice_eq(word, slice_of(method)) ||
        !slice_split(&rest, ' ', &word))
        return false;
    query = slice_find_byte(word, '?', 0);
    if (query != SIZE_MAX)
        word.n = query;
    return slice_eq(word, slice_of(path)) ||
           (strcmp(path, "/_bulk") == 0 && slice_ends(word, SLICE("/_bulk")));
}

static void
answer(struct conn *c, unsigned status, struct slice body, const char *fields)
{
    bool head = slice_starts(buf_slice(&c->in), SLICE("HEAD "));

    buf_printf(&c->out,
               "HTTP/1.1 %u X\r\nContent-Type: application/json\r\n"
               "X-elastic-product: Elasticsearch\r\n%sContent-Length: %zu\r\n\r\n",
               status, fields, body.n);
    if (!head)
        buf_append(&c->out, body);
    if (c->answer_at == 0)
        c->answer_at = 1;
}

static void
answer_root(struct server *s, struct conn *c)
{
    struct buf body = { 0 };

    buf_printf(&body,
               "{\"name\":\"es_sink\",\"cluster_name\":\"es_sink\",\"cluster_uuid\":\"es_sink\","
               "\"version\":{%s\"number\":\"%s\",\"build_flavor\":\"default\"},\"tagline\":"
               "\"You Know, for Search\"}",
               s->options.opensearch ? "\"distribution\":\"opensearch\"," : "", s->options.version);
    answer(c, 200, buf_slice(&body), "");
    buf_fini(&body);
}

static void
answer_account(struct server *s, struct conn *c, bool ids)
{
    struct buf body = { 0 };

    if (ids)
        account_ids(&s->bulk->account, &body);
    else
        account_report(&s->bulk->account, &body);
    answer(c, 200, buf_slice(&body), "");
    buf_fini(&body);
}

static void
take_script(struct server *s, struct conn *c)
{
    struct err err = { 0 };
    struct slice body = { c->in.p + c->head, (size_t)c->length };

    if (script_read(&s->bulk->script, body, &err) == 0)
        answer(c, 200, SLICE("{}\n"), "");
    else
        answer(c, 400, slice_of(err.msg), "");
}

static void
apply_rule(struct conn *c, const struct rule *rule)
{
    c->refuse_ms = rule->refuse_ms;
    if (rule->hang)
        c->after = AFTER_NOTHING;
    if (rule->close || rule->lose || rule->refuse_ms > 0)
        c->after = AFTER_CLOSE;
    if (rule->reset)
        c->after = AFTER_RESET;
    if (c->after != AFTER_KEEP)
        c->out.n = 0;
    if (rule->half) {
        c->out.n -= c->out.n / 2;
        c->after = AFTER_NOTHING;
    }
}

static void
take_bulk(struct server *s, struct conn *c)
{
    struct buf body = { 0 };
    struct rule rule = script_next(&s->bulk->script);
    unsigned status = 200;
    char retry[64] = "";
    struct slice in = { c->in.p + c->head, c->in.n - c->head };

    s->bulk->account.wire_bytes += c->length;
    if (s->options.discard)
        bulk_discard(s->bulk, in, c->gzip, c->count, &body);
    else
        bulk_take(s->bulk, &rule, in, c->gzip, &status, &body);
    if (status < COUNT(s->bulk->account.status))
        s->bulk->account.status[status]++;
    if (rule.retry_after > 0)
        snprintf(retry, sizeof retry, "Retry-After: %u\r\n", rule.retry_after);
    answer(c, status, buf_slice(&body), retry);
    apply_rule(c, &rule);
    c->answer_at = now_ms() + rule.latency_ms;
    c->held = *s->blocked != 0;
    buf_fini(&body);
}

static void
handle(struct server *s, struct conn *c)
{
    s->bulk->account.requests++;
    if (c->bulk) {
        take_bulk(s, c);
    } else if (request_is(c, "GET", "/") || request_is(c, "HEAD", "/")) {
        answer_root(s, c);
    } else if (request_is(c, "GET", "/_license")) {
        answer(c, 200, SLICE("{\"license\":{\"status\":\"active\"}}"), "");
    } else if (request_is(c, "GET", "/_report") || request_is(c, "GET", "/_ids")) {
        answer_account(s, c, request_is(c, "GET", "/_ids"));
    } else if (request_is(c, "POST", "/_script")) {
        take_script(s, c);
    } else if (request_is(c, "POST", "/_block") || request_is(c, "POST", "/_release")) {
        *s->blocked = request_is(c, "POST", "/_block");
        answer(c, 200, SLICE("{}\n"), "");
    } else if (slice_starts(buf_slice(&c->in), SLICE("PUT "))) {
        answer(c, 200, SLICE("{\"acknowledged\":true}"), "");
    } else {
        answer(c, 404, SLICE("{}"), "");
    }
}

/* ---- reading ---- */

static void
start_body(struct server *s, struct conn *c)
{
    size_t have = c->in.n - c->head;

    c->length = number_field(c, "Content-Length");
    c->gzip = slice_eq_nocase(field(c, "Content-Encoding"), SLICE("gzip"));
    c->bulk = request_is(c, "POST", "/_bulk");
    c->count = number_field(c, "X-Elastic-Event-Count");
    c->thrown = c->bulk && s->options.discard;
    c->body_left = have > c->length ? 0 : c->length - have;
}

/* What the front of a thrown body needs stays; the rest leaves the socket unread. */
static ssize_t
read_some(struct server *s, struct conn *c)
{
    size_t most = c->head == 0                ? HEAD_BYTES
                  : c->body_left < READ_BYTES ? (size_t)c->body_left
                                              : READ_BYTES;
    ssize_t n;

    if (c->head > 0 && c->thrown && c->in.n - c->head >= FRONT_BYTES)
        return recv(c->fd, s->scratch, most, MSG_TRUNC);
    n = recv(c->fd, buf_reserve(&c->in, most), most, 0);
    if (n > 0)
        c->in.n += (size_t)n;
    return n;
}

/* False: the connection is gone. */
static bool
on_readable(struct server *s, struct conn *c)
{
    ssize_t n = read_some(s, c);

    if (n <= 0) {
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        close_conn(s, c, false);
        return false;
    }
    if (c->head == 0) {
        size_t end = slice_find(buf_slice(&c->in), SLICE("\r\n\r\n"), 0);

        if (end == SIZE_MAX)
            return true;
        c->head = end + 4;
        start_body(s, c);
    } else {
        c->body_left -= (uint64_t)n < c->body_left ? (uint64_t)n : c->body_left;
    }
    if (c->body_left > 0)
        return true;
    handle(s, c);
    watch(s, c, 0);
    return true;
}

/* ---- writing ---- */

static void
refuse(struct server *s, unsigned ms)
{
    s->refuse_until = now_ms() + ms;
    close(s->listener);
    s->listener = -1;
    while (s->conns != NULL)
        close_conn(s, s->conns, true);
}

static void
next_request(struct server *s, struct conn *c)
{
    c->in.n = 0;
    c->out.n = 0;
    c->written = c->head = 0;
    c->answer_at = 0;
    watch(s, c, EPOLLIN);
}

/* False: the connection is gone. */
static bool
write_out(struct server *s, struct conn *c)
{
    while (c->written < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->written, c->out.n - c->written, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            watch(s, c, EPOLLOUT);
            return true;
        }
        if (n < 0) {
            close_conn(s, c, false);
            return false;
        }
        c->written += (size_t)n;
    }
    if (c->refuse_ms > 0) {
        refuse(s, c->refuse_ms);
        return false;
    }
    switch (c->after) {
    case AFTER_KEEP: next_request(s, c); return true;
    case AFTER_NOTHING: c->answer_at = UINT64_MAX; return true;
    case AFTER_CLOSE:
    case AFTER_RESET: close_conn(s, c, c->after == AFTER_RESET); return false;
    }
    return true;
}

/* ---- the loop ---- */

static int
open_listener(struct server *s, struct err *err)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(s->port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
    socklen_t n = sizeof at;
    int one = 1;

    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listener < 0)
        return err_errno(err, "socket");
    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s->listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(s->listener, 128) < 0 ||
        getsockname(s->listener, (struct sockaddr *)&at, &n) < 0)
        return err_errno(err, "port %u", s->port);
    s->port = ntohs(at.sin_port);
    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e);
    return 0;
}

static void
accept_one(struct server *s)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), one = 1;
    struct conn *c;
    struct epoll_event e;

    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c = xcalloc(1, sizeof *c);
    c->fd = fd;
    c->next = s->conns;
    s->conns = c;
    e = (struct epoll_event){ .events = EPOLLIN, .data.ptr = c };
    epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e);
}

static bool
is_due(const struct server *s, const struct conn *c, uint64_t now)
{
    return c->answer_at > 0 && c->answer_at <= now && c->written == 0 &&
           !(c->held && *s->blocked != 0);
}

/* Answers whose time has come. A connection that goes may take others with it, so from the start
 * again. */
static void
send_due(struct server *s)
{
    uint64_t now = now_ms();
    struct conn *c = s->conns;

    while (c != NULL) {
        struct conn *next = c->next;

        if (is_due(s, c, now) && !write_out(s, c))
            next = s->conns;
        c = next;
    }
}

static bool
someone_waits(const struct server *s)
{
    for (const struct conn *c = s->conns; c != NULL; c = c->next)
        if (c->answer_at > 0 && c->answer_at != UINT64_MAX)
            return true;
    return s->listener < 0;
}

void
server_run(struct server *s, const volatile sig_atomic_t *stop, volatile sig_atomic_t *blocked)
{
    struct err err;

    s->blocked = blocked;
    while (!*stop) {
        struct epoll_event events[1];

        if (s->listener < 0 && now_ms() >= s->refuse_until)
            open_listener(s, &err);
        /* One at a time: handling it may close others. */
        if (epoll_wait(s->epoll, events, 1, someone_waits(s) ? TICK_MS : 100) == 1) {
            struct conn *c = events[0].data.ptr;

            if (c == NULL)
                accept_one(s);
            else if ((events[0].events & EPOLLOUT) != 0)
                write_out(s, c);
            else if (c->answer_at == 0)
                on_readable(s, c);
            else /* gone while its answer waits */
                close_conn(s, c, false);
        }
        send_due(s);
    }
}

struct server *
server_new(const struct server_options *options, struct bulk_server *bulk, struct err *err)
{
    struct server *s = xcalloc(1, sizeof *s);

    s->options = *options;
    s->bulk = bulk;
    s->port = options->port;
    s->scratch = xmalloc(READ_BYTES);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll >= 0 && open_listener(s, err) == 0)
        return s;
    server_free(&s);
    return NULL;
}

uint16_t
server_port(const struct server *s)
{
    return s->port;
}

void
server_free(struct server **at)
{
    struct server *s = *at;

    *at = NULL;
    if (s == NULL)
        return;
    while (s->conns != NULL)
        close_conn(s, s->conns, false);
    if (s->listener >= 0)
        close(s->listener);
    close(s->epoll);
    free(s->scratch);
    free(s);
}
