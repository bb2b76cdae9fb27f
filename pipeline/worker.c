/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/worker.h"

#include "codec/base/error.h"
#include "codec/base/log.h"
#include "codec/base/thread.h"
#include "pipeline/route.h"
#include "pipeline/run.h"

#include <stdio.h>
#include <stdlib.h>

/* A worker's state for one input. */
struct input_state {
    struct input_state *next;
    struct input *input;
    void *state;
};

struct worker {
    struct workers *pool;
    pthread_t thread;
    bool running;
    struct plan_local **locals; /* one for each pipeline */
    struct view **views;        /* as many as the plan with most outputs has */
    struct input_state *inputs;
    _Atomic uint64_t filtered;
};

struct workers {
    struct ready *ready;
    size_t plans_n;
    unsigned n;
    atomic_uint busy;
    struct worker *at;
};

static void *
state_of(struct worker *wk, struct input *in)
{
    struct input_state *s = wk->inputs;

    while (s != NULL && s->input != in)
        s = s->next;
    if (s != NULL)
        return s->state;
    s = xcalloc(1, sizeof *s);
    s->input = in;
    s->state = in->type->worker_new == NULL ? NULL : in->type->worker_new(in);
    s->next = wk->inputs;
    wk->inputs = s;
    return s->state;
}

/* Somebody reads the events after they are encoded. */
static bool
batch_is_wanted(const struct plan *plan)
{
    for (size_t i = 0; i < plan->output_n; i++)
        if (plan->output[i]->type->keeps_events)
            return true;
    return false;
}

/* *room: reserved for the views. *encoded: what they hold. */
static void
work_on_batch(struct worker *wk, struct plan_local *local, struct done *done, struct batch *b,
              size_t *room, size_t *encoded)
{
    struct plan *plan = plan_local_plan(local);
    size_t n;

    plan_run(local, b);
    done->events += b->n;
    atomic_store_explicit(&wk->filtered, wk->filtered + b->n, memory_order_relaxed);
    n = route_encode(local, b, room, wk->views);
    batch_seal(b); /* only now: templates still turn opaque into indexed */
    if (batch_is_wanted(plan))
        done_keep(done, &b);
    else
        batch_recycle(&b); /* its views are encoded: nobody reads it again */
    for (size_t i = 0; i < n; i++) {
        struct sink *sink = wk->views[i]->sink;

        *encoded += wk->views[i]->charged;
        wk->views[i]->done = done_hold(done); /* before the sink can answer */
        sink->type->give(sink, &wk->views[i]);
    }
}

/* One window, all the way. A batch is worked on while the next is already decoded, so that the
 * connection's next window may be decoded as soon as this one is through. */
static void
work_on(struct worker *wk, uint32_t pipeline, struct window *w)
{
    struct plan_local *local = wk->locals[pipeline];
    struct ready *ready = wk->pool->ready;
    struct input *in = w->input;
    void *state = state_of(wk, in);
    struct conn_id conn = w->conn;
    struct done *done = done_new(in->type->settled, in, plan_local_plan(local));
    struct batch *b = NULL, *next = NULL;
    struct ready_sizes sizes = { .received = w->whole ? 0 : w->bytes };
    size_t inflated = 0;
    enum windowed got;

    done->conn = conn;
    done->window = w->number;
    done->no_sender = in->type->cannot_ask_again;
    got = in->type->decode(in, state, w, done, &b);
    if (got == WINDOW_BACK) {
        done_cancel(&done);
        ready_put_back(ready, pipeline, &w);
        return;
    }
    while (got == WINDOW_BATCH) {
        got = in->type->decode(in, state, w, done, &next);
        if (got != WINDOW_BATCH)
            ready_decoded(ready, pipeline, conn);
        inflated += b->arena.bytes;
        work_on_batch(wk, local, done, b, &w->view_room, &sizes.views);
        b = next;
        next = NULL;
        if (got != WINDOW_BATCH)
            goto out;
    }
    ready_decoded(ready, pipeline, conn);
out:
    sizes.text = w->text > 0 ? w->text : inflated; /* not of every input */
    sizes.events = done->events;
    ready_learn(ready, pipeline, &sizes);
    budget_release(w->share, BUDGET_VIEW, w->view_room);
    w->view_room = 0;
    if (done->kept != NULL) {
        done->window_kept = w; /* plain frames: values alias it */
        w = NULL;
    }
    window_free(&w);
    ready_leave(ready, pipeline);
    done_drop(&done); /* ours last: no answer can settle a window that we still work on */
}

static void *
run_worker(void *arg)
{
    struct worker *wk = arg;
    struct plan *plan = plan_local_plan(wk->locals[0]);
    struct window *w;
    uint32_t pipeline;

    if (plan->share != NULL) /* what it keeps for reuse is nobody's in particular */
        arena_thread_charge(&plan->share->budget->common);
    while ((w = ready_take(wk->pool->ready, &pipeline)) != NULL) {
        atomic_fetch_add(&wk->pool->busy, 1);
        work_on(wk, pipeline, w);
        atomic_fetch_sub(&wk->pool->busy, 1);
    }
    while (wk->inputs != NULL) {
        struct input_state *s = wk->inputs;

        wk->inputs = s->next;
        if (s->input->type->worker_free != NULL)
            s->input->type->worker_free(s->input, s->state);
        free(s);
    }
    arena_thread_trim();
    return NULL;
}

static int
start_one(struct worker *wk, unsigned i, struct err *err)
{
    char name[32];

    snprintf(name, sizeof name, "worker-%u", i);
    if (thread_start(&wk->thread, name, run_worker, wk, err) < 0)
        return -1;
    wk->running = true;
    return 0;
}

static int
prepare(struct worker *wk, struct workers *pool, struct plan *const *plans, struct err *err)
{
    size_t outputs = 0;

    wk->pool = pool;
    wk->locals = xcalloc(pool->plans_n, sizeof wk->locals[0]);
    for (size_t p = 0; p < pool->plans_n; p++) {
        wk->locals[p] = plan_local_new(plans[p], err);
        if (wk->locals[p] == NULL)
            return -1;
        if (plans[p]->output_n > outputs)
            outputs = plans[p]->output_n;
    }
    wk->views = xcalloc(outputs + 1, sizeof wk->views[0]);
    return 0;
}

struct workers *
workers_start(struct ready *ready, struct plan *const *plans, size_t plans_n, unsigned threads,
              struct err *err)
{
    struct workers *pool = xcalloc(1, sizeof *pool);

    ASSERT(threads > 0);
    pool->ready = ready;
    pool->plans_n = plans_n;
    pool->n = threads;
    pool->at = xcalloc(threads, sizeof pool->at[0]);
    for (unsigned i = 0; i < threads; i++)
        if (prepare(&pool->at[i], pool, plans, err) < 0)
            goto failed;
    for (unsigned i = 0; i < threads; i++)
        if (start_one(&pool->at[i], i, err) < 0)
            goto failed;
    return pool;

failed:
    ready_stop(ready);
    workers_stop(&pool);
    return NULL;
}

void
workers_stop(struct workers **w)
{
    struct workers *pool = *w;

    if (pool == NULL)
        return;
    for (unsigned i = 0; i < pool->n; i++) {
        struct worker *wk = &pool->at[i];

        if (wk->running)
            pthread_join(wk->thread, NULL);
        for (size_t p = 0; wk->locals != NULL && p < pool->plans_n; p++)
            plan_local_free(&wk->locals[p]);
        free(wk->locals);
        free(wk->views);
    }
    free(pool->at);
    free(pool);
    *w = NULL;
}

unsigned
workers_busy(const struct workers *w)
{
    return atomic_load(&w->busy);
}

uint64_t
workers_filtered(const struct workers *w)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < w->n; i++)
        sum += atomic_load_explicit(&w->at[i].filtered, memory_order_relaxed);
    return sum;
}
