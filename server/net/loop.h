/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A loop: one thread that owns sockets and deadlines, and never does long work (design 2).
 *
 * Nothing is shared between loops. Everything here is for the loop's own thread, unless it says
 * "any thread"; other threads send mail. What a loop offers: watches (a descriptor becomes ready),
 * calls (soon, on this loop), a tick every 250 ms, deadlines served by that tick, and a receive
 * buffer that all its streams share. libevent stays inside loop.c. */
#ifndef SERVER_NET_LOOP_H
#define SERVER_NET_LOOP_H

#include "codec/base/budget.h"
#include "codec/base/error.h"
#include "server/net/link.h"
#include "server/net/mailbox.h"

#include <stdint.h>

#define LOOP_TICK_MS     250
#define LOOP_RECV_BUFFER ((size_t)128 * 1024)
#define LOOP_SEND_BUFFER ((size_t)128 * 1024)

struct loop;

/* index: 0 for the first loop of the process, whose tick also gives freed memory back to the
 * system. budget may be NULL (tests). NULL and *err when the system refuses. */
struct loop *loop_new(unsigned index, struct budget *budget, struct err *err);
/* Runs the loop on a thread of its own, named "loop-<index>", with all signals blocked. */
int loop_start(struct loop *loop, struct err *err);
/* Or on the caller's thread, until loop_stop(). */
void loop_run(struct loop *loop);
/* Any thread. The loop leaves once its mailbox is empty: all mail sent before is run. */
void loop_stop(struct loop *loop);
/* Waits for a started thread to end. Mail that came later is run here, on the caller's thread.
 * *loop may be NULL; set to NULL. Watches must be gone by then. */
void loop_free(struct loop **loop);

unsigned loop_index(const struct loop *loop);
struct budget *loop_budget(const struct loop *loop); /* NULL without one */
/* Whether the caller is the loop's thread. Any thread. */
bool loop_is_mine(const struct loop *loop);

/* ---- mail: any thread ---- */

/* The mail belongs to the loop until its fn has been called, on the loop's thread. */
void loop_mail(struct loop *loop, struct mail *mail);

/* ---- time ---- */

/* Milliseconds of a monotonic clock, taken before each event and tick. */
uint64_t loop_now(const struct loop *loop);

/* Another clock, for tests; before the loop runs. */
typedef uint64_t loop_clock_fn(void *ctx);
void loop_set_clock(struct loop *loop, loop_clock_fn *clock, void *ctx);

/* ---- calls: soon, on this loop ---- */

struct call;
typedef void call_fn(struct loop *loop, struct call *call);

/* Embedded in its owner; zero but for fn. */
struct call {
    struct link link;
    call_fn *fn;
};

/* After the events of this pass, once. What is called may ask again: sockets get their turn in
 * between. No effect when it is already waiting. */
void loop_call_soon(struct loop *loop, struct call *call);
/* No effect when it is not waiting. */
void loop_call_cancel(struct call *call);

/* ---- the tick and deadlines ---- */

struct tick;
typedef void tick_fn(struct loop *loop, struct tick *tick);

/* Embedded in its owner; zero but for fn. A tick may remove itself and others. */
struct tick {
    struct link link;
    tick_fn *fn;
};

void loop_tick_add(struct loop *loop, struct tick *tick);
void loop_tick_remove(struct tick *tick);

struct deadline;
typedef void deadline_fn(struct loop *loop, struct deadline *deadline);

/* Embedded in its owner; zero but for fn. Fires once, up to one tick late (two in a pass with much
 * to do, which ticks between its events), never early. In fn it is already off; it may be set
 * again, and its owner may be freed. */
struct deadline {
    struct link link;
    uint64_t due_ms; /* by loop_now(); valid while set */
    deadline_fn *fn;
};

/* From now; moves it when it is already set. A later due costs one store. */
void loop_deadline_set(struct loop *loop, struct deadline *deadline, uint64_t after_ms);
void loop_deadline_clear(struct deadline *deadline);
bool loop_deadline_is_set(const struct deadline *deadline);

/* ---- watches ---- */

#define WATCH_READ  1u
#define WATCH_WRITE 2u

struct watch;
/* ready is WATCH_READ or WATCH_WRITE; both may come in one pass, as two calls. Level-triggered.
 * An error or hang-up shows as whatever was asked for. May free its watch. */
typedef void watch_fn(struct loop *loop, void *arg, unsigned ready);

/* Waits for nothing until watch_set(). The descriptor stays the caller's and must be open until
 * watch_free(). */
struct watch *watch_new(struct loop *loop, int fd, watch_fn *fn, void *arg);
void watch_free(struct watch **watch);
/* The set to wait for from now on; 0: none. Cheap when nothing changes. */
void watch_set(struct watch *watch, unsigned interest);
unsigned watch_get(const struct watch *watch);

/* ---- what streams use ---- */

/* LOOP_RECV_BUFFER bytes that belong to whoever is running; empty between two calls. */
char *loop_recv_buffer(struct loop *loop);
/* LOOP_SEND_BUFFER bytes, in the same way. */
char *loop_send_buffer(struct loop *loop);
/* Counts received bytes towards the load. */
void loop_note_bytes(struct loop *loop, size_t bytes);
/* Any thread. Bytes received lately (halves every second without traffic): the acceptor deals
 * connections to the loop that has least. */
uint64_t loop_load(const struct loop *loop);

/* ---- tests: a loop without a thread ---- */

/* One pass: events that are ready (waits up to wait_ms for the first), mail, then calls. */
void loop_step(struct loop *loop, unsigned wait_ms);
/* The tick, now, by the loop's clock. */
void loop_tick(struct loop *loop);

#endif
