/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/run.h"

#include "codec/base/clock.h"
#include "codec/base/error.h"
#include "codec/base/log.h"
#include "codec/batch.h"
#include "pipeline/regex.h"

#include <stdlib.h>

#define FAILED_LOG_MS 1000

struct plan_local {
    struct plan *plan;
    void **locals; /* one for each filter of the plan; NULL where it has none */
    size_t started;
    struct regex_scratch *regex; /* for conditions */
    struct buf scratch;
    struct event **run; /* the events under way */
    uint32_t run_n, run_cap;
    uint64_t failed;
    struct log_throttle throttle;
};

/* ---- a worker's state ---- */

struct plan_local *
plan_local_new(struct plan *p, struct err *err)
{
    struct plan_local *l = xcalloc(1, sizeof *l);

    l->plan = plan_hold(p);
    l->regex = regex_scratch_new();
    l->locals = xcalloc(p->filter_n + 1, sizeof l->locals[0]);
    for (; l->started < p->filter_n; l->started++) {
        struct plan_filter *f = p->filter[l->started];
        void **local = &l->locals[l->started];

        *local = f->type->local_size > 0 ? xcalloc(1, f->type->local_size) : NULL;
        if (f->type->start != NULL && f->type->start(f->conf, *local, err) < 0) {
            err_prefix(err, "filter %s (%s)", f->type->name, f->ctx.id);
            free(*local);
            plan_local_free(&l);
            return NULL;
        }
    }
    return l;
}

void
plan_local_free(struct plan_local **l)
{
    struct plan_local *local = *l;

    if (local == NULL)
        return;
    for (size_t i = 0; i < local->started; i++) {
        struct plan_filter *f = local->plan->filter[i];

        if (f->type->stop != NULL)
            f->type->stop(f->conf, local->locals[i]);
        free(local->locals[i]);
    }
    regex_scratch_free(local->regex);
    buf_fini(&local->scratch);
    free(local->locals);
    free(local->run);
    plan_drop(&local->plan);
    free(local);
    *l = NULL;
}

struct plan *
plan_local_plan(struct plan_local *local)
{
    return local->plan;
}

uint64_t
plan_local_failed(const struct plan_local *local)
{
    return local->failed;
}

/* ---- conditions ---- */

static void
condition_failed(struct plan_local *l, struct event *ev, const struct err *err)
{
    uint64_t swallowed;

    ev->cancelled = true;
    l->failed++;
    if (!log_throttle_pass(&l->throttle, clock_mono_ms(), FAILED_LOG_MS, &swallowed))
        return;
    log_warn(&l->plan->log,
             "Error in condition evaluation: %s. Event was dropped, enable debug logging to see "
             "the event's payload (%llu more were not logged)",
             err->msg, (unsigned long long)swallowed);
}

bool
plan_truth(struct plan_local *local, const struct cond *cond, struct event *ev)
{
    struct err err; /* read only where it was set: to clear half a kilobyte costs more than most
                     * conditions */

    switch (cond_eval(cond, ev, local->regex, &err)) {
    case COND_TRUE: return true;
    case COND_FALSE: return false;
    case COND_FAILED: condition_failed(local, ev, &err); return false;
    }
    UNREACHABLE("truth");
}

/* ---- filters ---- */

static void
make_room(struct plan_local *l, uint32_t more)
{
    if (l->run_n + more <= l->run_cap)
        return;
    l->run_cap = (l->run_n + more) * 2;
    l->run = xrealloc(l->run, l->run_cap * sizeof l->run[0]);
}

/* A common option that cannot be done is a failure of the filter, as in Logstash. */
static void
decorate(struct plan_local *l, const struct plan_filter *f, struct event *ev)
{
    if (plan_edits_apply(f->edits, ev, &l->scratch) < 0)
        plan_edits_failed(f->edits, ev);
}

/* What a filter made follows its parent, in the same branch. Returns how many. */
static uint32_t
place_spawned(struct plan_local *l, struct batch *b, uint32_t parent, const struct plan_filter *f)
{
    uint32_t n = b->spawned_n;

    make_room(l, n);
    memmove(&l->run[parent + 1 + n], &l->run[parent + 1],
            (l->run_n - parent - 1) * sizeof l->run[0]);
    for (uint32_t i = 0; i < n; i++) {
        struct event *ev = b->spawned[i];

        ev->skip = 0;
        decorate(l, f, ev);
        l->run[parent + 1 + i] = ev;
    }
    l->run_n += n;
    b->spawned_n = 0;
    return n;
}

static void
follow(struct plan_local *l, const struct plan_filter *f, struct event *ev, enum verdict v)
{
    switch (v) {
    case EVENT_KEEP: decorate(l, f, ev); return;
    case EVENT_SKIP:
    case EVENT_MORE: return;
    case EVENT_FAILED: plan_edits_failed(f->edits, ev); return;
    case EVENT_DROP:
        decorate(l, f, ev);
        ev->cancelled = true;
        return;
    }
}

static void
apply_one(struct plan_local *l, const struct plan_filter *f, void *local, struct event *ev)
{
    enum verdict v;

    do {
        v = f->type->apply(f->conf, local, ev);
        follow(l, f, ev, v & ~(unsigned)EVENT_MORE);
    } while ((v & EVENT_MORE) != 0);
}

static bool
takes_part(const struct event *ev)
{
    return ev->skip == 0 && !ev->cancelled;
}

/* Returns which event is the next to look at. */
static uint32_t
look_ahead(struct plan_local *l, const struct plan_filter *f, void *local, uint32_t from,
           uint32_t to)
{
    for (; from < to && from < l->run_n; from++)
        if (takes_part(l->run[from]))
            f->type->ahead(f->conf, local, l->run[from]);
    return from;
}

static void
run_filter(struct plan_local *l, const struct plan_filter *f, struct batch *b)
{
    void *local = l->locals[f->local];
    uint32_t seen = 0;

    for (uint32_t i = 0; i < l->run_n; i++) {
        struct event *ev = l->run[i];

        if (f->type->ahead != NULL)
            seen = look_ahead(l, f, local, seen, i + FILTER_AHEAD);
        if (!takes_part(ev))
            continue;
        apply_one(l, f, local, ev);
        if (b->spawned_n > 0) {
            uint32_t n = place_spawned(l, b, i, f);

            i += n;
            seen += n; /* they stand before those that were announced */
        }
    }
}

/* ---- branches ---- */

static void run_block(struct plan_local *l, const struct block *block, struct batch *b,
                      unsigned depth);

/* Every event whose skip is one of two becomes to. Returns how many there are of it then. */
static uint32_t
change_skip(struct plan_local *l, uint16_t from, uint16_t or_from, uint16_t to)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < l->run_n; i++) {
        struct event *ev = l->run[i];

        if (ev->skip == from || ev->skip == or_from)
            ev->skip = to;
        n += ev->skip == to && !ev->cancelled;
    }
    return n;
}

/* Of the events that are `from`, those the condition holds for take part; the others wait. Returns
 * how many take part. */
static uint32_t
take_branch(struct plan_local *l, const struct cond *cond, uint16_t from, uint16_t waits)
{
    uint32_t taken = 0;

    for (uint32_t i = 0; i < l->run_n; i++) {
        struct event *ev = l->run[i];

        if (ev->skip != from || ev->cancelled)
            continue;
        if (plan_truth(l, cond, ev)) {
            ev->skip = 0;
            taken++;
        } else {
            ev->skip = waits;
        }
    }
    return taken;
}

/* An if with all its else ifs, which the parser nests in the else branch. An event that waits for
 * the next condition is `pending`, one that has been through its branch is `finished`. */
static void
run_chain(struct plan_local *l, const struct step *step, struct batch *b, unsigned depth)
{
    uint16_t pending = (uint16_t)(2 * depth), finished = (uint16_t)(pending + 1), from = 0;
    const struct block *rest;

    ASSERT(depth > 0 && depth < UINT16_MAX / 2);
    for (;; step = &rest->at[0], from = pending) {
        uint32_t taken = take_branch(l, step->branch.cond, from, pending);

        if (taken > 0)
            run_block(l, step->branch.then, b, depth + 1);
        rest = step->branch.otherwise;
        if (rest->n > 0 && taken > 0)
            change_skip(l, 0, 0, finished);
        if (rest->n != 1 || rest->at[0].kind != STEP_IF)
            break;
    }
    if (rest->n > 0 && change_skip(l, pending, pending, 0) > 0)
        run_block(l, rest, b, depth + 1);
    change_skip(l, pending, finished, 0);
}

static void
run_block(struct plan_local *l, const struct block *block, struct batch *b, unsigned depth)
{
    for (size_t i = 0; i < block->n; i++) {
        const struct step *step = &block->at[i];

        switch (step->kind) {
        case STEP_FILTER: run_filter(l, step->filter, b); break;
        case STEP_IF: run_chain(l, step, b, depth); break;
        case STEP_OUTPUT: UNREACHABLE("an output among filters");
        }
    }
}

/* ---- the batch ---- */

struct event_list {
    struct event **at;
    uint32_t n, cap;
};

static void
keep_alive_ones(struct plan_local *l, struct batch *b, struct event_list *out)
{
    if (out->n + l->run_n > out->cap) {
        struct event **more;

        out->cap = (out->n + l->run_n) * 2;
        more = arena_alloc(&b->arena, out->cap * sizeof *more);
        if (out->n > 0)
            memcpy(more, out->at, out->n * sizeof *more);
        out->at = more;
    }
    for (uint32_t i = 0; i < l->run_n; i++)
        if (!l->run[i]->cancelled)
            out->at[out->n++] = l->run[i];
}

void
plan_run(struct plan_local *l, struct batch *b)
{
    uint32_t size = l->plan->settings.batch_size > 0 ? l->plan->settings.batch_size : b->n;
    struct event_list out = { .at = arena_alloc(&b->arena, b->n * sizeof out.at[0]), .cap = b->n };

    if (l->plan->filters.n == 0)
        return;
    for (uint32_t from = 0; from < b->n; from += size) {
        uint32_t n = b->n - from < size ? b->n - from : size;

        l->run_n = 0;
        make_room(l, n);
        memcpy(l->run, &b->events[from], n * sizeof l->run[0]);
        l->run_n = n;
        run_block(l, &l->plan->filters, b, 1);
        keep_alive_ones(l, b, &out);
    }
    b->events = out.at;
    b->n = out.n;
    b->cap = out.cap;
}
