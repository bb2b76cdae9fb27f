/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/beats_send/sender.h"

#include "codec/lj_encode.h"
#include "server/net/loop.h"
#include "server/net/stream.h"
#include "tools/beats_send/ack_check.h"
#include "tools/beats_send/damage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS  10
#define RETRY_MS 200
/* A wake-up writes at most so much, so that one connection does not keep the others waiting. */
#define WRITE_AT_ONCE ((size_t)1 << 20)

enum state {
    CONN_APART, /* no socket; tries at retry_ms */
    CONN_CONNECTING,
    CONN_HANDSHAKE,
    CONN_OPEN,
    CONN_FINISHING, /* all is acknowledged; says so */
    CONN_OVER
};

/* A window from its first byte to its ACK. */
struct flight {
    struct made made;   /* own bytes; not when preencoded */
    struct slice clean; /* what it should be */
    struct buf damaged; /* what goes out the first time; empty: clean */
    uint32_t events;
    uint64_t sent_us; /* its last byte */
    bool tried;       /* was sent before */
};

struct conn {
    struct sender_group *group;
    enum state state;
    int fd; /* while connecting; then the stream's */
    struct stream *stream;
    struct watch *watch;
    struct maker maker;
    struct ack_check acks;
    struct flight flights[ACK_IN_FLIGHT]; /* a ring */
    unsigned front, n;
    unsigned sending;  /* of them, the one under way; n: none */
    size_t at;         /* its bytes that have left */
    bool no_more;      /* the source has ended */
    bool cut;          /* a truncated window was sent: nothing may follow */
    uint64_t heard_ms; /* from the server, or began to wait */
    uint64_t retry_ms, stalled_ms;
    bool stalled_once;          /* in this window */
    size_t may_write, may_read; /* slow modes: until the next turn */
    char in[64 * LJ_ACK_BYTES];
    size_t in_n;
};

struct sender_group {
    const struct sender_setup *setup;
    struct loop *loop;
    struct watch *timer;
    int timer_fd;
    struct conn *conns;
    unsigned n, over;
    struct counts counts;
    uint64_t progress_ms, slow_ms;
};

static uint64_t
now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t
now_ms(void)
{
    return now_us() / 1000;
}

static struct flight *
flight_at(struct conn *c, unsigned i)
{
    return &c->flights[(c->front + i) % ACK_IN_FLIGHT];
}

static struct slice
flight_bytes(const struct flight *f)
{
    return f->damaged.n > 0 ? buf_slice(&f->damaged) : f->clean;
}

static void run(struct conn *c);

static void
on_ready(struct loop *loop, void *arg, unsigned ready)
{
    (void)loop;
    (void)ready;
    run(arg);
}

/* ---- ends ---- */

static void
hang_up(struct conn *c)
{
    watch_free(&c->watch);
    if (c->stream != NULL)
        stream_free(&c->stream);
    else if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->in_n = 0;
}

static void
over(struct conn *c)
{
    hang_up(c);
    c->state = CONN_OVER;
    if (++c->group->over == c->group->n)
        loop_stop(c->group->loop);
}

/* The connection is gone, as it has to be after damage. Everything in flight is sent again, without
 * it. */
static void
lost(struct conn *c, const char *why)
{
    const struct options *o = c->group->setup->options;
    bool expected = c->cut;

    for (unsigned i = 0; i < c->n; i++) {
        struct flight *f = flight_at(c, i);

        expected = expected || (f->damaged.n > 0 && i == c->sending && c->at > 0);
        if (f->tried || (i == c->sending && c->at > 0))
            buf_clear(&f->damaged);
    }
    if (!expected) {
        c->group->counts.lost++;
        if (!o->reconnect) {
            report_fault(c->group->setup->report, "connection lost with %u windows in flight: %s",
                         c->n, why);
            over(c);
            return;
        }
    }
    hang_up(c);
    c->acks = (struct ack_check){ 0 };
    c->sending = 0;
    c->at = 0;
    c->cut = false;
    c->state = CONN_APART;
    c->retry_ms = now_ms() + (expected ? 0 : RETRY_MS);
}

/* What a damaged window is answered with is no fault. */
static void
broken(struct conn *c, const char *what)
{
    if (!c->cut)
        report_fault(c->group->setup->report, "%s", what);
    lost(c, what);
}

/* ---- connecting ---- */

static void
begin(struct conn *c)
{
    const struct addrinfo *peer = c->group->setup->peer;

    c->fd = socket(peer->ai_family, peer->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0 ||
        (connect(c->fd, peer->ai_addr, peer->ai_addrlen) < 0 && errno != EINPROGRESS)) {
        lost(c, strerror(errno));
        return;
    }
    c->state = CONN_CONNECTING;
    c->watch = watch_new(c->group->loop, c->fd, on_ready, c);
    watch_set(c->watch, WATCH_WRITE);
}

static void
finish_connect(struct conn *c)
{
    const struct sender_setup *setup = c->group->setup;
    struct err err = { 0 };
    socklen_t n = sizeof(int);
    int failed = 0;

    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failed, &n);
    if (failed != 0) {
        lost(c, strerror(failed));
        return;
    }
    if (setup->tls != NULL)
        c->stream =
            tls_client_stream(setup->tls, c->group->loop, c->fd, setup->options->host, &err);
    else
        c->stream = stream_plain_new(c->group->loop, c->fd);
    if (c->stream == NULL) {
        lost(c, err.msg);
        return;
    }
    c->group->counts.connects++;
    c->heard_ms = now_ms();
    c->state = CONN_HANDSHAKE;
}

static bool
shake_hands(struct conn *c)
{
    struct err err = { 0 };

    switch (stream_handshake(c->stream, &err)) {
    case STREAM_OK: c->state = CONN_OPEN; return true;
    case STREAM_AGAIN: return false;
    case STREAM_EOF:
    case STREAM_ERROR: break;
    }
    lost(c, err.msg);
    return false;
}

/* ---- windows ---- */

static void
announce(struct conn *c, const struct flight *f)
{
    uint32_t first = f->made.bytes.n > 0 ? f->made.first : 1;
    uint32_t last = f->made.bytes.n > 0 ? f->made.last : f->events;

    ack_check_add(&c->acks, (struct ack_window){ .first = first,
                                                 .last = last,
                                                 .version = c->group->setup->options->version });
}

/* A new window at the end of the ring; false: none now. */
static bool
add_window(struct conn *c)
{
    const struct options *o = c->group->setup->options;
    struct flight *f = flight_at(c, c->n);
    enum making made;

    if (c->no_more || c->n >= o->pipelining)
        return false;
    if (o->preencode > 0) {
        made = maker_ready(&c->maker, now_ms(), &f->clean, &f->events);
    } else {
        made = maker_window(&c->maker, now_ms(), &f->made);
        f->clean = buf_slice(&f->made.bytes);
        f->events = f->made.events;
    }
    c->no_more = made == MAKING_END;
    if (made != MAKING_DONE)
        return false;
    f->tried = false;
    buf_clear(&f->damaged);
    if (o->damage != DAMAGE_NONE && c->maker.windows % o->damage_every == 0) {
        damage_window(o->damage, &c->maker.corpus.rng, f->clean, &f->damaged);
        c->group->counts.damaged += f->damaged.n > 0;
    }
    c->n++;
    return true;
}

static void
window_left(struct conn *c, struct flight *f)
{
    struct counts *n = &c->group->counts;

    ack_check_sent(&c->acks);
    f->sent_us = now_us();
    if (c->sending == 0)
        c->heard_ms = now_ms(); /* now the server owes an answer */
    n->windows_sent++;
    n->events_sent += f->events;
    n->windows_resent += f->tried;
    f->tried = true;
    c->cut = f->damaged.n > 0;
    c->sending++;
    c->at = 0;
    c->stalled_once = false;
}

/* Bytes that may go now. */
static size_t
allowed(struct conn *c, size_t left, size_t all)
{
    switch (c->group->setup->options->slow) {
    case SLOW_BYTES: return left < c->may_write ? left : c->may_write;
    case SLOW_STALL:
        if (c->stalled_once || c->at < all / 2)
            return c->stalled_once || left <= all / 2 ? left : left - all / 2;
        return 0; /* the timer goes on */
    case SLOW_NONE:
    case SLOW_READER: break;
    }
    return left;
}

/* False: nothing more can be written now. */
static bool
write_some(struct conn *c)
{
    struct flight *f;
    struct slice all, rest;
    struct err err = { 0 };
    ssize_t got;

    if (c->cut || (c->sending == c->n && !add_window(c)))
        return false;
    f = flight_at(c, c->sending);
    all = flight_bytes(f);
    if (c->at == 0) {
        announce(c, f);
        if (c->group->setup->options->preencode == 0)
            report_ids(c->group->setup->report, 'S', f->made.first_id, f->events);
    }
    rest = (struct slice){ all.p + c->at, allowed(c, all.n - c->at, all.n) };
    if (rest.n == 0) {
        if (c->group->setup->options->slow == SLOW_STALL && c->stalled_ms == 0)
            c->stalled_ms = now_ms() + c->group->setup->options->delay_ms;
        return false;
    }
    got = stream_write(c->stream, rest, &err);
    if (got == STREAM_AGAIN)
        return false;
    if (got < 0) {
        lost(c, err.msg);
        return false;
    }
    c->at += (size_t)got;
    c->may_write -= c->may_write < (size_t)got ? c->may_write : (size_t)got;
    c->group->counts.bytes_sent += (uint64_t)got;
    c->group->progress_ms = now_ms();
    if (c->at == all.n)
        window_left(c, f);
    return true;
}

/* ---- answers ---- */

static void
acknowledged(struct conn *c)
{
    struct flight *f = flight_at(c, 0);
    struct counts *n = &c->group->counts;

    n->windows_acked++;
    n->events_acked += f->events;
    n->damaged_acked += f->damaged.n > 0;
    counts_ack_time(n, now_us() - f->sent_us);
    if (c->group->setup->options->preencode == 0)
        report_ids(c->group->setup->report, 'A', f->made.first_id, f->events);
    buf_clear(&f->damaged);
    c->front = (c->front + 1) % ACK_IN_FLIGHT;
    c->n--;
    c->sending--;
    c->group->progress_ms = now_ms();
}

static void
note_gap(struct conn *c, uint64_t now)
{
    const struct options *o = c->group->setup->options;
    uint64_t gap = now > c->heard_ms ? now - c->heard_ms : 0;

    if (c->sending == 0 || gap <= c->group->counts.gap_most_ms)
        return;
    if (o->gap_most_ms > 0 && gap > o->gap_most_ms &&
        c->group->counts.gap_most_ms <= o->gap_most_ms)
        report_fault(c->group->setup->report,
                     "no answer for %" PRIu64 " ms while a window waits; --max-gap is %u", gap,
                     o->gap_most_ms);
    c->group->counts.gap_most_ms = gap;
}

/* False: the connection has ended. */
static bool
judge_answers(struct conn *c)
{
    const struct options *o = c->group->setup->options;
    struct slice in = { c->in, c->in_n };
    enum ack_seen seen;
    struct err err = { 0 };

    while ((seen = ack_check_next(&c->acks, &in, &err)) > ACK_MORE) {
        switch (seen) {
        case ACK_ALIVE: c->group->counts.keepalives++; break;
        case ACK_STRAY:
            report_fault(c->group->setup->report,
                         "keep-alive that nobody waits for, or to a sender of version 1");
            break;
        case ACK_PART:
        case ACK_BACK:
            c->group->counts.partials++;
            if (!o->partial_fine && !c->cut)
                report_fault(c->group->setup->report, "partial ACK%s",
                             seen == ACK_BACK ? ", lower than one before" : "");
            break;
        case ACK_DONE: acknowledged(c); break;
        case ACK_BROKEN:
        case ACK_MORE: break;
        }
    }
    if (seen == ACK_BROKEN) {
        broken(c, err.msg);
        return false;
    }
    memmove(c->in, in.p, in.n);
    c->in_n = in.n;
    return true;
}

/* False: nothing (more) to read now, or the connection has ended. */
static bool
read_some(struct conn *c)
{
    size_t room = sizeof c->in - c->in_n;
    struct err err = { 0 };
    ssize_t got;

    if (c->group->setup->options->slow == SLOW_READER && room > c->may_read)
        room = c->may_read;
    if (room == 0)
        return false;
    got = stream_read(c->stream, c->in + c->in_n, room, &err);
    if (got == STREAM_AGAIN)
        return false;
    if (got == STREAM_EOF || got < 0) {
        lost(c, got == STREAM_EOF ? "the server has closed it" : err.msg);
        return false;
    }
    note_gap(c, now_ms());
    c->heard_ms = now_ms();
    c->may_read -= c->may_read < (size_t)got ? c->may_read : (size_t)got;
    c->in_n += (size_t)got;
    return judge_answers(c);
}

/* ---- the wake-up ---- */

static void
finish(struct conn *c)
{
    struct err err = { 0 };

    c->state = CONN_FINISHING;
    if (stream_finish(c->stream, &err) != STREAM_AGAIN)
        over(c);
}

/* A window that lies may leave the server waiting for more: it must answer and say goodbye. */
static void
half_close(struct conn *c)
{
    struct err err = { 0 };

    if (stream_flush(c->stream, &err) == STREAM_OK &&
        stream_finish(c->stream, &err) == STREAM_ERROR)
        lost(c, err.msg);
}

static void
exchange(struct conn *c)
{
    struct err err = { 0 };
    uint64_t most = c->group->counts.bytes_sent + WRITE_AT_ONCE;

    while (c->state == CONN_OPEN && read_some(c))
        ;
    while (c->state == CONN_OPEN && c->group->counts.bytes_sent < most && write_some(c))
        ;
    if (c->state != CONN_OPEN)
        return;
    if (c->cut) {
        half_close(c);
        return;
    }
    if (stream_flush(c->stream, &err) == STREAM_ERROR) {
        lost(c, err.msg);
        return;
    }
    if (c->no_more && c->n == 0)
        finish(c);
}

static void
set_interest(struct conn *c)
{
    const struct options *o = c->group->setup->options;
    unsigned wish = 0;

    if (c->stream == NULL)
        return;
    if (c->state == CONN_OPEN) {
        if (o->slow != SLOW_READER || c->may_read > 0)
            wish |= WATCH_READ;
        if (!c->cut && o->slow == SLOW_NONE && c->sending < c->n)
            wish |= WATCH_WRITE;
    }
    watch_set(c->watch, stream_interest(c->stream, wish));
}

static void
run(struct conn *c)
{
    if (c->state == CONN_CONNECTING)
        finish_connect(c);
    if (c->state == CONN_HANDSHAKE)
        shake_hands(c);
    if (c->state == CONN_OPEN)
        exchange(c);
    else if (c->state == CONN_FINISHING)
        finish(c);
    set_interest(c);
}

/* ---- the timer ---- */

static void
give_up(struct sender_group *g)
{
    report_fault(g->setup->report, "no progress for %.0f seconds", g->setup->options->give_up);
    for (unsigned i = 0; i < g->n; i++)
        if (g->conns[i].state != CONN_OVER)
            over(&g->conns[i]);
}

static void
turn(struct conn *c, uint64_t now, bool slow_turn)
{
    if (slow_turn) {
        c->may_write = 1;
        c->may_read = 6;
    }
    if (c->stalled_ms != 0 && now >= c->stalled_ms) {
        c->stalled_ms = 0;
        c->stalled_once = true;
    }
    if (c->state == CONN_APART && now >= c->retry_ms)
        begin(c);
    if (c->state == CONN_OPEN)
        note_gap(c, now);
    if (c->state == CONN_OPEN || c->state == CONN_FINISHING)
        run(c);
}

static void
on_timer(struct loop *loop, void *arg, unsigned ready)
{
    struct sender_group *g = arg;
    uint64_t now = now_ms(), ticks;
    bool slow_turn = now >= g->slow_ms;

    (void)loop;
    (void)ready;
    if (read(g->timer_fd, &ticks, sizeof ticks) < 0)
        return;
    if (slow_turn)
        g->slow_ms = now + g->setup->options->delay_ms;
    for (unsigned i = 0; i < g->n; i++)
        turn(&g->conns[i], now, slow_turn);
    if (g->over < g->n && (double)now - (double)g->progress_ms > g->setup->options->give_up * 1000)
        give_up(g);
}

/* ---- the group ---- */

struct sender_group *
sender_group_new(const struct sender_setup *setup, unsigned index, unsigned first_connection,
                 unsigned connections, struct err *err)
{
    struct sender_group *g = xcalloc(1, sizeof *g);
    struct itimerspec every = { .it_interval = { .tv_nsec = TICK_MS * 1000000 },
                                .it_value = { .tv_nsec = 1 } };

    g->setup = setup;
    g->progress_ms = now_ms();
    g->loop = loop_new(index, NULL, err);
    g->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (g->loop == NULL || g->timer_fd < 0 || timerfd_settime(g->timer_fd, 0, &every, NULL) < 0) {
        if (g->loop != NULL)
            err_errno(err, "timerfd");
        sender_group_free(&g, NULL);
        return NULL;
    }
    g->timer = watch_new(g->loop, g->timer_fd, on_timer, g);
    watch_set(g->timer, WATCH_READ);
    g->conns = xcalloc(connections, sizeof g->conns[0]);
    g->n = connections;
    for (unsigned i = 0; i < connections; i++) {
        g->conns[i].group = g;
        g->conns[i].fd = -1;
        maker_init(&g->conns[i].maker, setup->source, first_connection + i);
    }
    return g;
}

void
sender_group_run(struct sender_group *g)
{
    loop_run(g->loop);
}

void
sender_group_free(struct sender_group **group, struct counts *counts)
{
    struct sender_group *g = *group;

    *group = NULL;
    if (g == NULL)
        return;
    if (counts != NULL)
        counts_add(counts, &g->counts);
    for (unsigned i = 0; i < g->n; i++) {
        struct conn *c = &g->conns[i];

        hang_up(c);
        maker_fini(&c->maker);
        for (unsigned k = 0; k < ACK_IN_FLIGHT; k++) {
            buf_fini(&c->flights[k].made.bytes);
            buf_fini(&c->flights[k].damaged);
        }
    }
    free(g->conns);
    watch_free(&g->timer);
    if (g->timer_fd >= 0)
        close(g->timer_fd);
    loop_free(&g->loop);
    free(g);
}
