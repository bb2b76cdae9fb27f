/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a connection may read: what the budget's level says to it, what the kernel holds for it
 * while it may not, and who goes on when all wait for each other. Loop thread. Bounds: design 4.
 *
 * That happens when memory is full of windows that nobody can finish, for all of their senders are
 * paused or slow, or of sessions whose senders have left, which nobody reads: nothing is under way
 * then that would be released. So one connection after the other is favoured: it may finish its
 * window in the last eighth. Who holds most and does not finish is closed, which makes room. */
#include "server/beats_conn_priv.h"

#define HELD_WINDOWS 4
#define HELD_BYTES   ((size_t)1 << 20)
#define KERNEL_PART  4     /* of the limit; what paused connections hold beyond is not charged */
#define GUESTS       64    /* a tick */
#define FAVOUR_MS    10000 /* for the rest of a window, when all others wait for it */
#define PACE_MS      3000  /* so often it is looked at whether the sender keeps the pace: */
#define PACE_BYTES   ((uint64_t)64 << 10)

bool
conn_may_read(const struct conn *c)
{
    if (c == c->home->favoured || c == c->home->guest)
        return true;
    switch (budget_level(c->home->in->base.env.share)) {
    case BUDGET_CALM: return true;
    case BUDGET_BUSY:
        return beats_ack_waiting(&c->acks) < HELD_WINDOWS || c->waiting_bytes < HELD_BYTES ||
               feed_is_open(&c->feed);
    case BUDGET_TIGHT: return feed_is_open(&c->feed);
    case BUDGET_FULL: return false;
    }
    UNREACHABLE("budget level");
}

void
conn_charge_kernel(struct conn *c, bool paused)
{
    struct budget *b = c->home->in->base.env.share->budget;
    size_t bytes = 2 * (size_t)c->home->in->settings.receive_buffer;

    budget_release(&b->common, BUDGET_KERNEL, c->kernel);
    c->kernel = 0;
    /* It could not be freed by pausing, and would keep everybody paused. */
    if (!paused || atomic_load(&b->parts[BUDGET_KERNEL]) > b->limit / KERNEL_PART)
        return;
    budget_charge(&b->common, BUDGET_KERNEL, bytes);
    c->kernel = bytes;
}

/* ---- when all wait for each other ---- */

void
conn_unfavour(struct conn *c)
{
    if (c->home->favoured != c)
        return;
    c->home->favoured = NULL;
    budget_give_back(c->home->in->base.env.share->budget);
}

/* Memory is short, and nothing is under way that would be released. */
static bool
all_wait(const struct beats_loop *bl)
{
    const struct input_env *env = &bl->in->base.env;

    return budget_level(env->share) >= BUDGET_TIGHT && budget_is_still(env->share) &&
           ready_idle_of(env->ready, env->pipeline);
}

/* What pausing itself charges does not count. */
static bool
has_slack(const struct beats_loop *bl)
{
    const struct budget *b = bl->in->base.env.share->budget;

    return atomic_load(&b->used) - atomic_load(&b->parts[BUDGET_KERNEL]) < b->limit / 16 * 15;
}

static struct conn *
first_that_holds_nothing(struct beats_loop *bl)
{
    for (struct link *at = bl->paused.next; at != &bl->paused; at = at->next) {
        struct conn *c = CONTAINER_OF(at, struct conn, other);

        if (!feed_is_open(&c->feed))
            return c;
    }
    return NULL;
}

static struct conn *
hungriest(struct beats_loop *bl)
{
    struct conn *most = NULL;

    for (struct link *at = bl->conns.next; at != &bl->conns; at = at->next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        if ((c->state == CONN_READING || c->state == CONN_PAUSED) && feed_is_open(&c->feed) &&
            (most == NULL || feed_open_bytes(&c->feed) > feed_open_bytes(&most->feed)))
            most = c;
    }
    return most;
}

/* May finish its window in the last eighth: it makes most room. */
static void
favour_the_hungriest(struct beats_loop *bl)
{
    struct conn *c = hungriest(bl);

    if (c == NULL || !budget_borrow(bl->in->base.env.share->budget))
        return;
    bl->favoured = c;
    bl->favoured_ms = bl->paced_ms = loop_now(bl->loop);
    bl->paced_bytes = c->bytes;
    log_debug(&c->log, "all wait: goes on, holds %zu bytes", feed_open_bytes(&c->feed));
    conn_run(c);
}

/* What they have sent by now is a whole window of most, or the end; else they hold something, and
 * wait with the others. */
static void
invite_those_that_hold_nothing(struct beats_loop *bl)
{
    for (int left = GUESTS; left > 0 && all_wait(bl) && has_slack(bl); left--) {
        bl->guest = first_that_holds_nothing(bl);
        if (bl->guest == NULL)
            return;
        conn_run(bl->guest);
        bl->guest = NULL;
    }
}

void
beats_favour(struct beats_loop *bl)
{
    if (all_wait(bl))
        invite_those_that_hold_nothing(bl);
    for (int left = GUESTS; left > 0 && bl->favoured == NULL && all_wait(bl); left--)
        favour_the_hungriest(bl); /* who has left makes room at once */
}

/* Whether it is over with the turn of whoever has it: too slow, or too long. */
static bool
turn_is_over(struct beats_loop *bl)
{
    uint64_t now = loop_now(bl->loop), got = bl->favoured->bytes - bl->paced_bytes;

    if (now - bl->favoured_ms >= FAVOUR_MS)
        return true;
    if (now - bl->paced_ms < PACE_MS)
        return false;
    bl->paced_ms = now;
    bl->paced_bytes = bl->favoured->bytes;
    return got < PACE_BYTES;
}

void
beats_favour_end(struct beats_loop *bl)
{
    static const char why[] =
        "memory.limit is full of unfinished windows, and this one was not finished in time";
    struct conn *c = bl->favoured;

    if (c == NULL || !turn_is_over(bl))
        return;
    conn_unfavour(c);
    if (!all_wait(bl))
        return;
    conn_close_because(c, why);
    conn_run(c);
}
