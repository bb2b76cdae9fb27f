/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/net/loop.h"

#include "codec/base/arena.h"
#include "codec/base/clock.h"
#include "codec/base/thread.h"
#include "server/net/tls.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* A wheel of one slot a tick. A due further away than a turn stays in its slot and is looked at
 * once a turn, every 64 s. */
#define SLOTS 256
/* After that long with nothing but ticks the thread's caches go back to the system. */
#define IDLE_MS 10000
/* A pass may have thousands of events, each with its reads: from here on the tick does not wait for
 * the end of it. */
#define LATE_MS (LOOP_TICK_MS + LOOP_TICK_MS / 2)
/* malloc_trim walks every heap of the process: not more often, however memory swings. */
#define TRIM_EVERY_MS 1000

struct loop {
    struct event_base *base;
    struct mailbox box;
    struct event mail_event, timer;
    struct link calls, ticks;
    struct link wheel[SLOTS];
    uint64_t wheel_at; /* number of the slot that the last tick ended with */
    uint64_t now_ms, active_ms, ticked_ms;
    loop_clock_fn *clock;
    void *clock_ctx;
    char *recv_buffer, *send_buffer; /* allocated at first use, freed when idle */
    uint64_t received;               /* bytes since the last tick */
    _Atomic uint64_t load;
    struct budget *budget;
    int64_t released;           /* by the budget when it was trimmed last */
    int64_t high[BUDGET_PARTS]; /* the most each part of the budget held since the last trim */
    uint64_t trimmed_ms;
    pthread_t thread;
    _Atomic uintptr_t owner; /* pthread_self() of who runs it; its maker before that */
    atomic_bool leaving;
    unsigned index;
    bool started, idle;
};

struct watch {
    struct event read, write;
    struct loop *loop;
    watch_fn *fn;
    void *arg;
    unsigned interest;
};

static uint64_t
monotonic_ms(void *ctx)
{
    (void)ctx;
    return clock_mono_ms();
}

static void
look_at_clock(struct loop *loop)
{
    loop->now_ms = loop->clock(loop->clock_ctx);
}

/* Something other than the tick happens. */
static void
awake(struct loop *loop)
{
    look_at_clock(loop);
    loop->active_ms = loop->now_ms;
    loop->idle = false;
}

/* Between two events, mails or calls: whoever ran may be gone, and so may those that come next. */
static void
tick_if_late(struct loop *loop)
{
    if (loop->now_ms - loop->ticked_ms >= LATE_MS)
        loop_tick(loop);
}

/* ---- mail ---- */

void
loop_mail(struct loop *loop, struct mail *mail)
{
    ASSERT(mail->fn != NULL);
    mailbox_send(&loop->box, mail);
}

static void
run_mail(struct loop *loop, bool ticks)
{
    struct mail *mail = mailbox_take(&loop->box);

    while (mail != NULL) {
        struct mail *next = mail->next; /* fn may free it */

        mail->fn(loop, mail);
        mail = next;
        if (ticks) {
            look_at_clock(loop);
            tick_if_late(loop);
        }
    }
}

static void
on_mail(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    awake(arg);
    run_mail(arg, true);
}

/* ---- calls ---- */

void
loop_call_soon(struct loop *loop, struct call *call)
{
    if (!link_used(&call->link))
        link_append(&loop->calls, &call->link);
}

void
loop_call_cancel(struct call *call)
{
    link_remove(&call->link);
}

static void
run_calls(struct loop *loop)
{
    struct link now, *l;

    link_move_all(&loop->calls, &now);
    while ((l = link_take(&now)) != NULL) {
        struct call *call = CONTAINER_OF(l, struct call, link);

        call->fn(loop, call);
        look_at_clock(loop);
        tick_if_late(loop);
    }
}

/* ---- deadlines ---- */

static struct link *
slot_of(struct loop *loop, uint64_t due_ms)
{
    return &loop->wheel[due_ms / LOOP_TICK_MS % SLOTS];
}

/* One that only moves away stays where it is until its old slot comes up. */
void
loop_deadline_set(struct loop *loop, struct deadline *d, uint64_t after_ms)
{
    uint64_t due_ms = loop->now_ms + after_ms;
    bool later = link_used(&d->link) && due_ms >= d->due_ms;

    ASSERT(d->fn != NULL);
    d->due_ms = due_ms;
    if (!later)
        link_append(slot_of(loop, due_ms), &d->link);
}

void
loop_deadline_clear(struct deadline *d)
{
    link_remove(&d->link);
}

bool
loop_deadline_is_set(const struct deadline *d)
{
    return link_used(&d->link);
}

/* What is not due yet goes to its slot, which may be this one again. */
static void
serve_slot(struct loop *loop, struct link *slot)
{
    struct link now, *l;

    link_move_all(slot, &now);
    while ((l = link_take(&now)) != NULL) {
        struct deadline *d = CONTAINER_OF(l, struct deadline, link);

        if (d->due_ms <= loop->now_ms)
            d->fn(loop, d);
        else
            link_append(slot_of(loop, d->due_ms), l);
    }
}

static void
serve_deadlines(struct loop *loop)
{
    uint64_t last = loop->now_ms / LOOP_TICK_MS, first = loop->wheel_at;

    if (last - first >= SLOTS)
        first = last - SLOTS + 1;
    for (uint64_t at = first; at <= last; at++)
        serve_slot(loop, &loop->wheel[at % SLOTS]);
    loop->wheel_at = last;
}

/* ---- the tick ---- */

void
loop_tick_add(struct loop *loop, struct tick *tick)
{
    link_append(&loop->ticks, &tick->link);
}

void
loop_tick_remove(struct tick *tick)
{
    link_remove(&tick->link);
}

static void
run_ticks(struct loop *loop)
{
    struct link now, *l;

    link_move_all(&loop->ticks, &now);
    while ((l = link_take(&now)) != NULL) {
        struct tick *tick = CONTAINER_OF(l, struct tick, link);

        link_append(&loop->ticks, l);
        tick->fn(loop, tick);
    }
}

/* glibc keeps what is freed below the top of a heap; design 4 wants it out of RSS within 2 s. */
static void
trim_process(struct loop *loop)
{
    struct budget *b = loop->budget;
    int64_t used[BUDGET_PARTS], freed = 0, churned;

    if (b == NULL || loop->index != 0)
        return;
    for (int i = 0; i < BUDGET_PARTS; i++) { /* windows shrink while views grow */
        used[i] = atomic_load_explicit(&b->parts[i], memory_order_relaxed);
        if (used[i] > loop->high[i])
            loop->high[i] = used[i];
        freed += loop->high[i] - used[i];
    }
    churned = atomic_load_explicit(&b->released, memory_order_relaxed) - loop->released;
    /* What comes and goes leaves holes; while memory is plenty they are used again. */
    if (freed <= b->limit / 16 &&
        (churned <= b->limit / 2 || budget_level(&b->common) == BUDGET_CALM))
        return;
    if (loop->now_ms - loop->trimmed_ms < TRIM_EVERY_MS)
        return;
    malloc_trim(0);
    memcpy(loop->high, used, sizeof used);
    loop->released += churned;
    loop->trimmed_ms = loop->now_ms;
}

static void
free_buffers(struct loop *loop)
{
    free(loop->recv_buffer);
    free(loop->send_buffer);
    loop->recv_buffer = loop->send_buffer = NULL;
}

static void
trim_thread(struct loop *loop)
{
    tls_thread_tick(loop->now_ms);
    if (loop->idle || loop->now_ms - loop->active_ms < IDLE_MS)
        return;
    loop->idle = true;
    arena_thread_trim();
    free_buffers(loop);
}

/* Four ticks of 5/6 are about a half. */
static void
settle_load(struct loop *loop)
{
    uint64_t load = atomic_load_explicit(&loop->load, memory_order_relaxed);

    atomic_store_explicit(&loop->load, load / 6 * 5 + load % 6 * 5 / 6 + loop->received,
                          memory_order_relaxed);
    loop->received = 0;
}

void
loop_tick(struct loop *loop)
{
    look_at_clock(loop);
    loop->ticked_ms = loop->now_ms;
    serve_deadlines(loop);
    run_ticks(loop);
    settle_load(loop);
    trim_process(loop);
    trim_thread(loop);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    loop_tick(arg);
}

/* ---- watches ---- */

static void
run_watch(struct watch *w, unsigned ready)
{
    struct loop *loop = w->loop;

    awake(loop);
    w->fn(loop, w->arg, ready);
    tick_if_late(loop);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct watch *w = arg;

    (void)fd, (void)what;
    run_watch(w, WATCH_READ);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct watch *w = arg;

    (void)fd, (void)what;
    run_watch(w, WATCH_WRITE);
}

struct watch *
watch_new(struct loop *loop, int fd, watch_fn *fn, void *arg)
{
    struct watch *w = xcalloc(1, sizeof *w);

    w->loop = loop;
    w->fn = fn;
    w->arg = arg;
    event_assign(&w->read, loop->base, fd, EV_READ | EV_PERSIST, on_readable, w);
    event_assign(&w->write, loop->base, fd, EV_WRITE | EV_PERSIST, on_writable, w);
    return w;
}

void
watch_free(struct watch **watch)
{
    struct watch *w = *watch;

    *watch = NULL;
    if (w == NULL)
        return;
    watch_set(w, 0);
    free(w);
}

static void
switch_event(struct event *ev, bool on)
{
    int rc = on ? event_add(ev, NULL) : event_del(ev);

    ASSERT(rc == 0);
}

void
watch_set(struct watch *w, unsigned interest)
{
    unsigned changed = w->interest ^ interest;

    if (changed & WATCH_READ)
        switch_event(&w->read, interest & WATCH_READ);
    if (changed & WATCH_WRITE)
        switch_event(&w->write, interest & WATCH_WRITE);
    w->interest = interest;
}

unsigned
watch_get(const struct watch *w)
{
    return w->interest;
}

/* ---- life ---- */

/* Without libevent's locks: nothing but the mailbox is touched by another thread. */
static struct event_base *
base_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base;

    if (config == NULL)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

/* What the TLS library holds for the thread is charged where the loop's memory is. */
static void
own(struct loop *loop)
{
    atomic_store(&loop->owner, (uintptr_t)pthread_self());
    tls_thread_charge(loop->budget != NULL ? &loop->budget->common : NULL);
}

struct loop *
loop_new(unsigned index, struct budget *budget, struct err *err)
{
    static const struct timeval period = { .tv_usec = LOOP_TICK_MS * 1000 };
    struct loop *loop = xcalloc(1, sizeof *loop);

    loop->index = index;
    loop->budget = budget;
    link_init(&loop->calls);
    link_init(&loop->ticks);
    for (size_t i = 0; i < SLOTS; i++)
        link_init(&loop->wheel[i]);
    own(loop);
    loop->base = base_new();
    if (loop->base == NULL) {
        err_set(err, ERR_IO, "loop %u: no event base", index);
        free(loop);
        return NULL;
    }
    if (mailbox_init(&loop->box, err) < 0) {
        event_base_free(loop->base);
        free(loop);
        return NULL;
    }
    event_assign(&loop->mail_event, loop->base, loop->box.fd, EV_READ | EV_PERSIST, on_mail, loop);
    event_assign(&loop->timer, loop->base, -1, EV_PERSIST, on_timer, loop);
    event_add(&loop->mail_event, NULL);
    event_add(&loop->timer, &period);
    loop_set_clock(loop, monotonic_ms, NULL);
    return loop;
}

void
loop_set_clock(struct loop *loop, loop_clock_fn *clock, void *ctx)
{
    loop->clock = clock;
    loop->clock_ctx = ctx;
    awake(loop);
    loop->wheel_at = loop->now_ms / LOOP_TICK_MS;
    loop->trimmed_ms = loop->ticked_ms = loop->now_ms;
}

static void
pass(struct loop *loop, bool wait)
{
    bool busy = link_used(&loop->calls);

    event_base_loop(loop->base, EVLOOP_ONCE | (busy || !wait ? EVLOOP_NONBLOCK : 0));
    run_calls(loop);
}

static bool
has_mail(struct loop *loop)
{
    return atomic_load_explicit(&loop->box.newest, memory_order_relaxed) != NULL;
}

void
loop_run(struct loop *loop)
{
    own(loop);
    while (!atomic_load(&loop->leaving) || has_mail(loop))
        pass(loop, true);
}

void
loop_stop(struct loop *loop)
{
    atomic_store(&loop->leaving, true);
    mailbox_wake(&loop->box);
}

static void *
thread_main(void *arg)
{
    struct loop *loop = arg;

    if (loop->budget != NULL)
        arena_thread_charge(&loop->budget->common);
    loop_run(loop);
    tls_thread_fini();
    tls_thread_charge(NULL);
    arena_thread_trim();
    return NULL;
}

int
loop_start(struct loop *loop, struct err *err)
{
    char name[16];

    snprintf(name, sizeof name, "loop-%u", loop->index);
    if (thread_start(&loop->thread, name, thread_main, loop, err) < 0)
        return -1;
    loop->started = true;
    return 0;
}

void
loop_free(struct loop **l)
{
    struct loop *loop = *l;

    *l = NULL;
    if (loop == NULL)
        return;
    if (loop->started) {
        loop_stop(loop);
        pthread_join(loop->thread, NULL);
    }
    own(loop);
    while (has_mail(loop))
        run_mail(loop, false);
    event_del(&loop->mail_event);
    event_del(&loop->timer);
    event_base_free(loop->base);
    mailbox_fini(&loop->box);
    tls_thread_charge(NULL);
    free_buffers(loop);
    free(loop);
}

static void
on_waited(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
}

void
loop_step(struct loop *loop, unsigned wait_ms)
{
    struct timeval most = { .tv_sec = wait_ms / 1000,
                            .tv_usec = (suseconds_t)(wait_ms % 1000) * 1000 };
    struct event limit;

    look_at_clock(loop);
    event_assign(&limit, loop->base, -1, 0, on_waited, NULL);
    if (wait_ms > 0)
        event_add(&limit, &most);
    pass(loop, wait_ms > 0);
    event_del(&limit);
}

/* ---- small answers ---- */

unsigned
loop_index(const struct loop *loop)
{
    return loop->index;
}

struct budget *
loop_budget(const struct loop *loop)
{
    return loop->budget;
}

bool
loop_is_mine(const struct loop *loop)
{
    return atomic_load(&loop->owner) == (uintptr_t)pthread_self();
}

uint64_t
loop_now(const struct loop *loop)
{
    return loop->now_ms;
}

char *
loop_recv_buffer(struct loop *loop)
{
    if (loop->recv_buffer == NULL)
        loop->recv_buffer = xmalloc(LOOP_RECV_BUFFER);
    return loop->recv_buffer;
}

char *
loop_send_buffer(struct loop *loop)
{
    if (loop->send_buffer == NULL)
        loop->send_buffer = xmalloc(LOOP_SEND_BUFFER);
    return loop->send_buffer;
}

void
loop_note_bytes(struct loop *loop, size_t bytes)
{
    loop->received += bytes;
}

uint64_t
loop_load(const struct loop *loop)
{
    return atomic_load_explicit(&loop->load, memory_order_relaxed);
}
