/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One Beats connection: a state machine on its loop; how it begins is in beats_hello.c. Reads
 * windows and hands them to the ready list, writes ACKs and keep-alives, pauses when the budget
 * says so (beats_room.c) and for no other reason.
 *
 * Nothing outside the loop holds a struct conn: windows carry an id with a generation. Rules and
 * timers: reference/lumberjack-and-beats-input.md 2.5, 2.6, 2.8; budget: design 4. */
#include "server/beats_conn_priv.h"

#include "codec/base/error.h"
#include "codec/lj_encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STEPS_PER_WAKEUP 4
#define READS_PER_WAKEUP 2
#define UNREAD_MOST      ((size_t)64 << 10) /* of ACKs that the peer does not read */
#define WAITING_MOST     65536              /* windows without an ACK; a Beat has a few */
/* What a window that waits for its ACK costs beside its bytes. */
#define PENDING_BYTES    (sizeof(struct beats_pending) + sizeof(size_t))
#define WRITE_BLOCKED_MS 30000
#define LINGER_MS        1000
#define SLOTS_FIRST      16
#define PARTS_BYTES      512 /* of the framer, the watch and the stream */

static conn_step_fn on_reading, on_paused, on_closing, on_linger;

#define TO(s) (1u << CONN_##s)
static const struct {
    const char *name;
    conn_step_fn *run;
    unsigned may_enter;
} states[] = {
    [CONN_PROXY] = { "proxy", beats_on_proxy, TO(HELLO) | TO(READING) },
    [CONN_HELLO] = { "hello", beats_on_hello, TO(HANDSHAKE) },
    [CONN_HANDSHAKE] = { "handshake", beats_on_handshake, TO(READING) | TO(CLOSING) },
    [CONN_READING] = { "reading", on_reading, TO(PAUSED) | TO(CLOSING) },
    [CONN_PAUSED] = { "paused", on_paused, TO(READING) | TO(CLOSING) },
    [CONN_CLOSING] = { "closing", on_closing, TO(LINGER) },
    [CONN_LINGER] = { "linger", on_linger, 0 },
};

static void set_timer(struct conn *c);

enum step
conn_enter(struct conn *c, enum conn_state next)
{
    if (next == CONN_CLOSING)
        conn_unfavour(c);
    ASSERT(states[c->state].may_enter & (1u << next));
    log_debug(&c->log, "%s -> %s", states[c->state].name, states[next].name);
    if (link_used(&c->other)) {
        if (c->state == CONN_HANDSHAKE)
            c->home->shaking_n--;
        link_remove(&c->other);
    }
    c->state = next;
    set_timer(c);
    return STEP_AGAIN;
}

enum step
conn_close_because(struct conn *c, const char *why)
{
    conn_refused(c, why);
    beats_ack_stop(&c->acks, c->acks.first + c->acks.n);
    return conn_enter(c, CONN_CLOSING);
}

/* ---- slots ---- */

static uint32_t
take_slot(struct beats_loop *bl, struct conn *c)
{
    uint32_t i;

    if (bl->free_n == 0) {
        uint32_t slots = bl->slots == 0 ? SLOTS_FIRST : bl->slots * 2;

        bl->slot = xrealloc(bl->slot, slots * sizeof bl->slot[0]);
        bl->generation = xrealloc(bl->generation, slots * sizeof bl->generation[0]);
        bl->free_slot = xrealloc(bl->free_slot, slots * sizeof bl->free_slot[0]);
        for (uint32_t k = slots; k-- > bl->slots;) {
            bl->slot[k] = NULL;
            bl->generation[k] = 0;
            bl->free_slot[bl->free_n++] = k;
        }
        bl->slots = slots;
    }
    i = bl->free_slot[--bl->free_n];
    bl->slot[i] = c;
    return i;
}

static void
give_slot(struct beats_loop *bl, uint32_t i)
{
    bl->slot[i] = NULL;
    bl->generation[i]++;
    bl->free_slot[bl->free_n++] = i;
}

static struct conn *
find(struct beats_loop *bl, struct conn_id id)
{
    if (id.slot >= bl->slots || bl->generation[id.slot] != id.generation)
        return NULL;
    return bl->slot[id.slot];
}

/* ---- timers ---- */

/* Milliseconds until the state's own limit, UINT64_MAX for none. *why is what to log then; NULL
 * for a quiet close. */
static uint64_t
limit_of(const struct conn *c, const char **why)
{
    const struct beats_input *in = c->home->in;
    uint64_t idle_s =
        in->conf->client_inactivity_timeout > 0 ? (uint64_t)in->conf->client_inactivity_timeout : 0;
    uint64_t last = c->last_read_ms > c->last_write_ms ? c->last_read_ms : c->last_write_ms;

    *why = NULL;
    switch (c->state) {
    case CONN_PROXY:
        *why = "the PROXY header was not complete within ssl_handshake_timeout";
        return c->last_read_ms + (uint64_t)in->conf->ssl_handshake_timeout;
    case CONN_HELLO:
    case CONN_HANDSHAKE:
        *why = link_used(&c->other) && c->state == CONN_HELLO
                   ? "memory.limit leaves no room for another TLS session"
                   : "the TLS handshake was not finished within ssl_handshake_timeout";
        return c->last_read_ms + (uint64_t)in->conf->ssl_handshake_timeout;
    case CONN_LINGER: return c->last_write_ms + LINGER_MS;
    case CONN_READING:
        if (feed_is_open(&c->feed) && in->settings.stall_ms > 0) {
            *why = "the sender stalled inside a window";
            return c->last_read_ms + in->settings.stall_ms;
        }
        if (idle_s == 0 || beats_ack_waiting(&c->acks) > 0)
            return UINT64_MAX;
        return last + idle_s * 1000;
    case CONN_PAUSED:
    case CONN_CLOSING: return UINT64_MAX;
    }
    UNREACHABLE("connection state");
}

static void
set_timer(struct conn *c)
{
    const char *why;
    uint64_t at = limit_of(c, &why), now = conn_now(c);

    if (at == UINT64_MAX)
        loop_deadline_clear(&c->timer);
    else
        loop_deadline_set(c->home->loop, &c->timer, at > now ? at - now : 0);
}

static void
set_keepalive(struct conn *c)
{
    uint64_t in = beats_ack_keepalive_in(&c->acks, conn_now(c));

    if (in == UINT64_MAX || c->finished)
        loop_deadline_clear(&c->keepalive);
    else
        loop_deadline_set(c->home->loop, &c->keepalive, in);
}

/* From when the oldest window became the oldest. */
static void
set_stuck(struct conn *c)
{
    uint64_t after = c->home->in->settings.stuck_ms, now = conn_now(c), from;

    if (after == 0)
        return;
    if (beats_ack_waiting(&c->acks) == 0) {
        loop_deadline_clear(&c->stuck);
        return;
    }
    from = beats_ack_oldest_ms(&c->acks);
    if (from < c->progress_ms)
        from = c->progress_ms;
    loop_deadline_set(c->home->loop, &c->stuck, from + after > now ? from + after - now : 0);
}

/* ---- writing ---- */

/* The peer itself is in the way: it reads no ACKs, or has sent more than any sender would. */
static bool
is_full(const struct conn *c)
{
    return c->out.n >= UNREAD_MOST || beats_ack_waiting(&c->acks) >= WAITING_MOST;
}

static void
update_watch(struct conn *c)
{
    unsigned wish = c->out.n > 0 ? WATCH_WRITE : 0;

    if (c->watch == NULL)
        return;
    if (c->stream == NULL) {
        watch_set(c->watch, link_used(&c->other) ? 0 : WATCH_READ); /* queued: its bytes are here */
        return;
    }
    if (c->state == CONN_HANDSHAKE || c->state == CONN_LINGER ||
        (c->state == CONN_READING && !c->feed.holding && !is_full(c)))
        wish |= WATCH_READ;
    watch_set(c->watch, stream_interest(c->stream, wish));
}

/* False: the connection is of no use any more. */
static bool
write_out(struct conn *c)
{
    struct err err = { 0 };
    enum stream_status st;

    while (c->out.n > 0) {
        ssize_t n = stream_write(c->stream, buf_slice(&c->out), &err);

        if (n == STREAM_AGAIN)
            break;
        if (n < 0)
            return false;
        memmove(c->out.p, c->out.p + n, c->out.n - (size_t)n);
        c->out.n -= (size_t)n;
        c->last_write_ms = conn_now(c);
    }
    st = stream_flush(c->stream, &err); /* TLS may keep what was taken, up to its close_notify */
    if (st == STREAM_ERROR)
        return false;
    if (c->out.n == 0 && st == STREAM_OK)
        loop_deadline_clear(&c->blocked);
    else if (!loop_deadline_is_set(&c->blocked))
        loop_deadline_set(c->home->loop, &c->blocked, WRITE_BLOCKED_MS);
    return true;
}

static void
put_ack(struct conn *c, struct lj_ack ack)
{
    lj_write_ack(buf_reserve(&c->out, LJ_ACK_BYTES), ack.version, ack.seq);
    c->out.n += LJ_ACK_BYTES;
    beats_ack_wrote(&c->acks, conn_now(c));
}

static void
charge_rings(struct conn *c, size_t bytes)
{
    struct budget_share *common = &c->home->in->base.env.share->budget->common;

    budget_release(common, BUDGET_CONN, c->rings);
    budget_charge(common, BUDGET_CONN, bytes);
    c->rings = bytes;
}

/* Those first in line. False as write_out. */
static bool
write_acks(struct conn *c)
{
    struct lj_ack ack;
    uint32_t before = c->acks.first;

    while (beats_ack_next(&c->acks, &ack)) {
        put_ack(c, ack);
        c->progress_ms = conn_now(c);
        if (c->client != NULL)
            beats_client_acked(c->client, c->progress_ms - beats_ack_oldest_ms(&c->acks));
        atomic_fetch_add_explicit(&c->home->in->acks, 1, memory_order_relaxed);
    }
    for (; before != c->acks.first; before++)
        c->waiting_bytes -= c->window_bytes[before & (c->window_bytes_cap - 1)];
    if (beats_ack_shrink(&c->acks)) {
        free(c->window_bytes);
        c->window_bytes = NULL;
        c->window_bytes_cap = 0;
        charge_rings(c, 0);
    }
    set_keepalive(c);
    set_stuck(c);
    return write_out(c);
}

static void
on_keepalive(struct loop *loop, struct deadline *d)
{
    struct conn *c = CONTAINER_OF(d, struct conn, keepalive);

    (void)loop;
    if (beats_ack_keepalive_in(&c->acks, conn_now(c)) == 0) {
        put_ack(c, (struct lj_ack){ .seq = 0, .version = '2' });
        atomic_fetch_add_explicit(&c->home->in->keepalives, 1, memory_order_relaxed);
        if (!write_out(c)) {
            conn_gone(c);
            return;
        }
    }
    set_keepalive(c);
    update_watch(c);
}

static void
on_blocked(struct loop *loop, struct deadline *d)
{
    struct conn *c = CONTAINER_OF(d, struct conn, blocked);

    (void)loop;
    conn_refused(c, "the sender has not read its ACKs for 30 s");
    conn_gone(c);
}

/* A client with several hosts moves on, and the windows come again (there or here). */
static void
on_stuck(struct loop *loop, struct deadline *d)
{
    struct conn *c = CONTAINER_OF(d, struct conn, stuck);
    struct err err = { 0 };

    (void)loop;
    conn_refused(c, "its oldest window has made no progress for beats.close_stuck_after");
    stream_finish(c->stream, &err);
    conn_gone(c);
}

/* ---- windows ---- */

static void
note_window_bytes(struct conn *c, uint32_t number, size_t bytes)
{
    if (c->window_bytes_cap < c->acks.cap) {
        size_t *ring = xcalloc(c->acks.cap, sizeof *ring);

        for (uint32_t i = 0; i < c->window_bytes_cap; i++) {
            uint32_t n = c->acks.first + i;

            ring[n & (c->acks.cap - 1)] = c->window_bytes[n & (c->window_bytes_cap - 1)];
        }
        free(c->window_bytes);
        c->window_bytes = ring;
        c->window_bytes_cap = c->acks.cap;
    }
    bytes += PENDING_BYTES;
    if (c->acks.n * PENDING_BYTES > c->rings) /* by what is touched, an eighth at a time */
        charge_rings(c, (c->acks.n + c->acks.n / 8) * PENDING_BYTES);
    c->window_bytes[number & (c->window_bytes_cap - 1)] = bytes;
    c->waiting_bytes += bytes;
}

static void
push_window(struct conn *c, struct window **w, char version)
{
    struct beats_input *in = c->home->in;
    struct window *full = *w;
    /* What plain frames need beside their own bytes: nodes for members and events. */
    double ratio = full->whole ? 1.0 : c->ratio;

    full->conn = c->id;
    full->number = beats_ack_expect(&c->acks, version, conn_now(c));
    full->input = in;
    full->peer = beats_peer_hold(c->peer);
    full->peer_drop = beats_peer_drop;
    full->guess = ratio > 0 ? (size_t)((double)full->bytes * ratio) + 4096 : 0;
    note_window_bytes(c, full->number, full->bytes);
    if (c->client != NULL)
        c->client->windows++;
    atomic_fetch_add_explicit(&in->base.stats.windows, 1, memory_order_relaxed);
    ready_give(in->base.env.ready, in->base.env.pipeline, w);
    conn_unfavour(c);
    set_keepalive(c);
    set_stuck(c);
}

/* Answered with ACK 0 in its turn. */
static void
push_empty(struct conn *c, char version)
{
    uint32_t number = beats_ack_expect(&c->acks, version, conn_now(c));
    struct lj_acks acks = { 0 };

    lj_acks_add(&acks, (struct lj_ack){ .seq = 0, .version = version });
    note_window_bytes(c, number, 0);
    beats_ack_settle(&c->acks, number, &acks);
}

static enum step
bad_bytes(struct conn *c, int first, const struct err *err)
{
    const char *known = c->bytes <= LOOP_RECV_BUFFER && c->acks.first + c->acks.n == 0 &&
                                first >= 0 && err->code == ERR_BAD_VERSION
                            ? beats_wrong_protocol((unsigned char)first)
                            : NULL;
    char why[ERR_MSG + 128];

    snprintf(why, sizeof why, "%s%s%s", err->msg, known == NULL ? "" : ": ",
             known == NULL ? "" : known);
    return conn_close_because(c, why);
}

/* Takes everything: what was read is held anyway, parsed or not. */
static enum step
take_bytes(struct conn *c, struct slice in)
{
    int first = in.n > 0 ? (unsigned char)in.p[0] : -1; /* bytes that were held go on the way */
    struct window *w = NULL;
    struct err err = { 0 };
    char version;

    for (;;) {
        switch (feed_bytes(&c->feed, &in, &w, &version, &err)) {
        case FEED_MORE: return STEP_AGAIN;
        case FEED_WINDOW: push_window(c, &w, version); break;
        case FEED_EMPTY: push_empty(c, version); break;
        case FEED_HELD: return STEP_AGAIN;
        case FEED_BAD: return bad_bytes(c, first, &err);
        }
    }
}

/* ---- states ---- */

static enum step
on_reading(struct conn *c)
{
    struct err err = { 0 };
    ssize_t n;

    if (c->feed.holding || is_full(c))
        return STEP_WAIT;
    if (!conn_may_read(c)) {
        conn_enter(c, CONN_PAUSED);
        link_append(&c->home->paused, &c->other);
        conn_charge_kernel(c, true);
        return STEP_WAIT;
    }
    n = stream_read(c->stream, c->home->buffer, LOOP_RECV_BUFFER, &err);
    if (n == STREAM_AGAIN)
        return STEP_WAIT;
    if (n == STREAM_EOF) {
        enum err_code cut = feed_at_eof(&c->feed);

        if (c->bytes == 0)
            conn_probed(c);
        else if (cut != ERR_NONE)
            log_debug(&c->log, "the sender left: %s", err_name(cut));
        return conn_enter(c, CONN_CLOSING);
    }
    if (n < 0) {
        if (c->bytes == 0)
            conn_probed(c);
        log_debug(&c->log, "connection lost: %s", err.msg);
        conn_gone(c);
        return STEP_GONE;
    }
    c->last_read_ms = conn_now(c);
    conn_received(c, (size_t)n);
    return take_bytes(c, (struct slice){ c->home->buffer, (size_t)n });
}

static enum step
on_paused(struct conn *c)
{
    if (!conn_may_read(c))
        return STEP_WAIT;
    conn_charge_kernel(c, false);
    c->last_read_ms = conn_now(c); /* it was us who did not read */
    return conn_enter(c, CONN_READING);
}

static enum step
on_closing(struct conn *c)
{
    struct err err = { 0 };

    window_free(&c->feed.open);
    if (beats_ack_waiting(&c->acks) > 0 || c->out.n > 0)
        return STEP_WAIT;
    switch (stream_finish(c->stream, &err)) {
    case STREAM_OK: break;
    case STREAM_AGAIN: return STEP_WAIT;
    case STREAM_EOF:
    case STREAM_ERROR: conn_gone(c); return STEP_GONE;
    }
    c->finished = true;
    c->last_write_ms = conn_now(c);
    return conn_enter(c, CONN_LINGER);
}

/* Bytes that nobody reads would make the kernel reset the connection, with our last ACK in it. */
static enum step
on_linger(struct conn *c)
{
    struct err err = { 0 };
    ssize_t n = stream_read(c->stream, c->home->buffer, LOOP_RECV_BUFFER, &err);

    if (n > 0)
        return STEP_AGAIN;
    if (n == STREAM_AGAIN)
        return STEP_WAIT;
    conn_gone(c);
    return STEP_GONE;
}

/* The step count keeps one busy peer from starving the others on this loop. */
void
conn_run(struct conn *c)
{
    for (int left = STEPS_PER_WAKEUP; left > 0; left--) {
        switch (states[c->state].run(c)) {
        case STEP_AGAIN: break;
        case STEP_GONE: return;
        case STEP_WAIT:
            if (c->stream != NULL && c->state != CONN_HANDSHAKE && !write_acks(c)) {
                conn_gone(c);
                return;
            }
            if (c->state == CONN_CLOSING && !c->finished && beats_ack_waiting(&c->acks) == 0 &&
                c->out.n == 0 && left > 1) {
                continue; /* the last ACK has just left */
            }
            if (c->state != CONN_HANDSHAKE || !link_used(&c->other))
                update_watch(c);
            set_timer(c);
            return;
        }
    }
    if (c->stream != NULL && c->state != CONN_HANDSHAKE && !write_acks(c)) {
        conn_gone(c);
        return;
    }
    set_timer(c);
    loop_call_soon(c->home->loop, &c->soon);
}

/* ---- events ---- */

static void
on_ready(struct loop *loop, void *arg, unsigned ready)
{
    struct conn *c = arg;

    (void)loop;
    if (ready & WATCH_WRITE && c->stream != NULL && c->state != CONN_HANDSHAKE && !write_out(c)) {
        conn_gone(c);
        return;
    }
    conn_run(c);
}

static void
on_soon(struct loop *loop, struct call *call)
{
    (void)loop;
    conn_run(CONTAINER_OF(call, struct conn, soon));
}

static void
on_timer(struct loop *loop, struct deadline *d)
{
    struct conn *c = CONTAINER_OF(d, struct conn, timer);
    const char *why;
    uint64_t at = limit_of(c, &why);

    (void)loop;
    if (at == UINT64_MAX || at > conn_now(c)) {
        set_timer(c);
        return;
    }
    if (why != NULL)
        conn_refused(c, why);
    if (c->state != CONN_READING) {
        conn_gone(c);
        return;
    }
    conn_enter(c, CONN_CLOSING); /* what is complete still gets its ACKs */
    conn_run(c);
}

/* Paused connections look again: those that hold least first. */
static void
on_tick(struct loop *loop, struct tick *tick)
{
    struct beats_loop *bl = CONTAINER_OF(tick, struct beats_loop, tick);
    struct link all, *at;

    (void)loop;
    beats_hello_tick(bl);
    beats_favour_end(bl);
    beats_favour(bl);
    link_move_all(&bl->paused, &all);
    while ((at = link_take(&all)) != NULL) {
        struct conn *c = CONTAINER_OF(at, struct conn, other);

        link_append(&bl->paused, &c->other);
        if (conn_may_read(c))
            conn_run(c);
    }
}

/* ---- coming and going ---- */

void
beats_conn_accepted(void *input, struct loop *loop, int fd, const struct address *peer)
{
    struct beats_input *in = input;
    struct beats_loop *bl = &in->loops[loop_index(loop)];
    struct conn *c;

    if (bl->stopping) {
        close(fd);
        return;
    }
    c = xcalloc(1, sizeof *c);
    c->home = bl;
    c->id.loop = (uint16_t)loop_index(loop);
    c->id.input = in->base.env.number;
    c->id.slot = take_slot(bl, c);
    c->id.generation = bl->generation[c->id.slot];
    c->peer = beats_peer_new(peer, in->settings.ip_format);
    c->log = *in->base.env.log;
    c->log.prefix = c->peer->text;
    c->acks.keepalive_ms = in->settings.keepalive_ms;
    c->timer.fn = on_timer;
    c->keepalive.fn = on_keepalive;
    c->blocked.fn = on_blocked;
    c->stuck.fn = on_stuck;
    c->soon.fn = on_soon;
    c->last_read_ms = c->last_write_ms = loop_now(loop);
    feed_init(&c->feed, &in->settings.limits, in->base.env.share,
              budget_window_max(in->base.env.share->budget));
    c->charged = sizeof *c + sizeof *c->peer + PARTS_BYTES;
    budget_charge(&in->base.env.share->budget->common, BUDGET_CONN, c->charged);
    link_append(&bl->conns, &c->link);
    atomic_fetch_add_explicit(&in->base.stats.connections, 1, memory_order_relaxed);
    c->fd = fd;
    c->state = beats_from_proxy(in, peer) ? CONN_PROXY : beats_greet(c);
    c->watch = watch_new(loop, fd, on_ready, c);
    set_timer(c);
    update_watch(c);
}

/* Reset, write error, or everything said. Windows that no worker has taken are lost: they were
 * never acknowledged. */
void
conn_gone(struct conn *c)
{
    struct beats_loop *bl = c->home;
    struct input_env *env = &bl->in->base.env;

    if (c->state == CONN_HANDSHAKE && link_used(&c->other))
        bl->shaking_n--;
    conn_unfavour(c);
    ready_forget(env->ready, env->pipeline, c->id);
    loop_deadline_clear(&c->timer);
    loop_deadline_clear(&c->keepalive);
    loop_deadline_clear(&c->blocked);
    loop_deadline_clear(&c->stuck);
    conn_left(c);
    loop_call_cancel(&c->soon);
    link_remove(&c->other);
    link_remove(&c->link);
    watch_free(&c->watch);
    if (c->stream != NULL)
        stream_free(&c->stream);
    else
        close(c->fd);
    give_slot(bl, c->id.slot);
    conn_charge_kernel(c, false);
    charge_rings(c, 0);
    budget_release(&env->share->budget->common, BUDGET_CONN, c->charged);
    feed_fini(&c->feed);
    beats_ack_fini(&c->acks);
    free(c->window_bytes);
    buf_fini(&c->out);
    beats_peer_drop(c->peer);
    free(c);
    atomic_fetch_sub_explicit(&bl->in->base.stats.connections, 1, memory_order_relaxed);
}

/* ---- mail ---- */

/* What the next window is expected to be. A guess that is short costs the inflating up to there
 * once more, one that is long costs room for a moment: it rises at once and falls by an eighth. */
static double
next_ratio(double last, double now)
{
    return now > last ? now : last - (last - now) / 8;
}

static void
take_answer(struct conn *c, const struct beats_found *m)
{
    struct slice held;
    bool last;

    if (m->received > 0 && m->inflated > 0)
        c->ratio = next_ratio(c->ratio, (double)m->inflated / (double)m->received);
    if (m->bad) {
        beats_ack_stop(&c->acks, m->number + 1);
        if (c->state == CONN_READING || c->state == CONN_PAUSED) {
            conn_charge_kernel(c, false);
            conn_refused(c, m->why);
            conn_enter(c, CONN_CLOSING);
        }
        return;
    }
    last = m->number + 1 == c->acks.first + c->acks.n;
    if (m->left > 0 && (!last || feed_has_next(&c->feed))) {
        /* Its successor is here, in part or whole: that W came too early. */
        beats_ack_stop(&c->acks, m->number + 1);
        if (c->state == CONN_READING || c->state == CONN_PAUSED) {
            conn_charge_kernel(c, false);
            conn_refused(c, "a window frame came before the window before it was complete");
            conn_enter(c, CONN_CLOSING);
        }
        return;
    }
    /* What may be held is behind the last one. */
    if (last && feed_answer(&c->feed, m->version, m->left, &held) &&
        (c->state == CONN_READING || c->state == CONN_PAUSED))
        take_bytes(c, held);
}

void
beats_conn_found(struct loop *loop, struct mail *mail)
{
    struct beats_found *m = CONTAINER_OF(mail, struct beats_found, mail);
    struct conn *c = find(&m->in->loops[loop_index(loop)], m->conn);

    if (c != NULL) {
        conn_found(c, m);
        take_answer(c, m);
        conn_run(c);
    }
    free(m->why);
    free(m);
}

void
beats_conn_settled(struct loop *loop, struct mail *mail)
{
    struct beats_settled *m = CONTAINER_OF(mail, struct beats_settled, mail);
    struct conn *c = find(&m->in->loops[loop_index(loop)], m->conn);

    if (c != NULL) { /* else the windows were never acknowledged, so they come again */
        beats_ack_settle(&c->acks, m->number, &m->acks);
        conn_run(c);
    }
    beats_favour(&m->in->loops[loop_index(loop)]);
    lj_acks_fini(&m->acks);
    free(m);
}

/* ---- the loop's part ---- */

void
beats_loop_init(struct beats_loop *bl, struct beats_input *in, struct loop *loop)
{
    *bl = (struct beats_loop){ .in = in, .loop = loop };
    link_init(&bl->conns);
    link_init(&bl->shaking);
    link_init(&bl->queued);
    link_init(&bl->paused);
    beats_hello_init(bl);
    bl->tick.fn = on_tick;
    bl->buffer = xmalloc(LOOP_RECV_BUFFER);
    beats_clients_init(&bl->clients, BEATS_CLIENTS_MOST / in->base.env.loops_n + 1);
}

void
beats_loop_start(struct beats_loop *bl)
{
    loop_tick_add(bl->loop, &bl->tick);
}

void
beats_loop_stop(struct beats_loop *bl)
{
    bl->stopping = true;
    for (struct link *at = bl->conns.next, *next; at != &bl->conns; at = next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        next = at->next;
        if (c->state <= CONN_HANDSHAKE) {
            conn_gone(c);
        } else if (c->state == CONN_READING || c->state == CONN_PAUSED) {
            conn_charge_kernel(c, false);
            conn_enter(c, CONN_CLOSING);
            conn_run(c);
        }
    }
}

void
beats_loop_fini(struct beats_loop *bl)
{
    while (link_used(&bl->conns))
        conn_gone(CONTAINER_OF(bl->conns.next, struct conn, link));
    bl->stopping = true;
    loop_tick_remove(&bl->tick);
    loop_call_cancel(&bl->shake);
    beats_clients_fini(&bl->clients);
    free(bl->slot);
    free(bl->generation);
    free(bl->free_slot);
    bl->slots = bl->free_n = 0;
    bl->slot = NULL;
    bl->generation = bl->free_slot = NULL;
    free(bl->buffer);
    bl->buffer = NULL;
}
