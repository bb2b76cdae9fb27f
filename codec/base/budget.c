/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/budget.h"

#include "codec/base/error.h"

#include <stdio.h>
#include <unistd.h>

#define DEFAULT_MAX ((size_t)1 << 30)
/* Workers stop so much before an output holds half: reading stops there, and windows as received
 * are small. */
#define VIEWS_PART 8
/* How far the only views of each pipeline may go beyond the limit together. */
#define BEYOND_PART 8

static const char *const part_names[BUDGET_PARTS] = {
    [BUDGET_WINDOW] = "windows", [BUDGET_BATCH] = "batches",    [BUDGET_VIEW] = "views",
    [BUDGET_BODY] = "bodies",    [BUDGET_CONN] = "connections", [BUDGET_KERNEL] = "kernel",
    [BUDGET_TLS] = "tls",        [BUDGET_IDLE] = "idle",
};

const char *
budget_part_name(enum budget_part part)
{
    return part_names[part];
}

void
budget_init(struct budget *b, size_t limit_bytes)
{
    *b = (struct budget){ .limit = (int64_t)limit_bytes };
    b->common.budget = b;
}

void
budget_join(struct budget *b, struct budget_share *share)
{
    *share = (struct budget_share){ .budget = b };
    atomic_fetch_add(&b->pipelines, 1);
}

void
budget_leave(struct budget_share *share)
{
    ASSERT(atomic_load(&share->used) == 0);
    atomic_fetch_sub(&share->budget->pipelines, 1);
}

/* What each pipeline has for itself. */
static int64_t
guarantee(const struct budget *b)
{
    unsigned n = atomic_load_explicit(&b->pipelines, memory_order_relaxed);

    return b->limit / 2 / (n > 0 ? n : 1);
}

static int64_t
beyond(int64_t used, int64_t own)
{
    return used > own ? used - own : 0;
}

static void
note_peak(struct budget *b, int64_t held)
{
    int64_t peak = atomic_load_explicit(&b->peak, memory_order_relaxed);

    while (held > peak && !atomic_compare_exchange_weak(&b->peak, &peak, held))
        ;
}

static void
hold_views(struct budget_share *share, int64_t bytes)
{
    atomic_fetch_add(&share->views, bytes);
    atomic_fetch_add(&share->budget->views, bytes);
}

static void
move(struct budget_share *share, enum budget_part part, int64_t bytes)
{
    struct budget *b = share->budget;

    atomic_fetch_add(&b->used, bytes);
    atomic_fetch_add_explicit(&b->parts[part], bytes, memory_order_relaxed);
    if (share != &b->common) {
        int64_t own = guarantee(b);
        int64_t before = atomic_fetch_add(&share->used, bytes);

        ASSERT(before + bytes >= 0);
        atomic_fetch_add(&b->shared, beyond(before + bytes, own) - beyond(before, own));
        if (part == BUDGET_VIEW || part == BUDGET_BODY)
            hold_views(share, bytes);
        if (part == BUDGET_BATCH)
            atomic_fetch_add(&share->batches, bytes);
    }
    if (part != BUDGET_KERNEL)
        note_peak(b, atomic_fetch_add_explicit(&b->held, bytes, memory_order_relaxed) + bytes);
}

void
budget_charge(struct budget_share *share, enum budget_part part, size_t bytes)
{
    if (share != NULL && bytes > 0)
        move(share, part, (int64_t)bytes);
}

void
budget_release(struct budget_share *share, enum budget_part part, size_t bytes)
{
    struct budget *b;

    if (share == NULL || bytes == 0)
        return;
    b = share->budget;
    move(share, part, -(int64_t)bytes);
    atomic_fetch_add_explicit(&b->released, (int64_t)bytes, memory_order_relaxed);
    if (atomic_load_explicit(&b->wanted, memory_order_relaxed) &&
        atomic_exchange(&b->wanted, false) && b->room != NULL)
        b->room(b->room_arg);
}

/* Of a pipeline, when nobody else takes from the shared half. */
static int64_t
most_of(const struct budget *b)
{
    return guarantee(b) + b->limit / 2;
}

/* What the kernel holds for paused connections comes back only when they go on, and they wait for
 * what is asked for here. */
static int64_t
held_by_us(const struct budget *b)
{
    return atomic_load(&b->used) - atomic_load(&b->parts[BUDGET_KERNEL]);
}

static bool
has_room(const struct budget_share *share, int64_t bytes)
{
    const struct budget *b = share->budget;
    int64_t own = guarantee(b), used = atomic_load(&share->used);

    if (held_by_us(b) + bytes > b->limit)
        return false;
    if (share == &b->common || used + bytes <= own)
        return true;
    return atomic_load(&b->shared) + beyond(used + bytes, own) - beyond(used, own) <= b->limit / 2;
}

/* Two threads may both see room and overshoot by one reservation: the last eighth, which only
 * inflating uses, is larger than that. */
bool
budget_reserve(struct budget_share *share, enum budget_part part, size_t bytes)
{
    if (!has_room(share, (int64_t)bytes))
        return false;
    budget_charge(share, part, bytes);
    return true;
}

static bool
output_has_room(const struct budget_share *share, int64_t more)
{
    return atomic_load(&share->views) + more <=
           most_of(share->budget) / VIEWS_PART * (VIEWS_PART - 1) / 2;
}

/* Views that are their pipeline's only ones, beside `mine` of the same window. Were they bound by
 * the limit, a budget full of received windows could not empty; without any bound every pipeline
 * might go beyond it at once: so one at a time, or all of them an eighth. */
static bool
may_go_beyond(const struct budget *b, size_t mine, int64_t bytes)
{
    int64_t held = held_by_us(b);

    return atomic_load(&b->views) <= (int64_t)mine || held <= b->limit ||
           held + bytes <= b->limit + b->limit / BEYOND_PART;
}

bool
budget_reserve_window(struct budget_share *share, size_t batch, size_t views)
{
    const struct budget *b = share->budget;
    int64_t both = (int64_t)(batch + views);

    if (atomic_load(&share->views) == 0) {
        if (!may_go_beyond(b, 0, both) ||
            !has_room(atomic_load(&share->batches) == 0 ? &b->common : share, (int64_t)batch))
            return false;
    } else if (!output_has_room(share, (int64_t)views) || !has_room(share, both)) {
        return false;
    }
    budget_charge(share, BUDGET_BATCH, batch);
    budget_charge(share, BUDGET_VIEW, views);
    return true;
}

bool
budget_reserve_views(struct budget_share *share, size_t mine, size_t more)
{
    bool alone = atomic_load(&share->views) <= (int64_t)mine;

    if (alone ? !may_go_beyond(share->budget, mine, (int64_t)more)
              : !output_has_room(share, (int64_t)more) || !has_room(share, (int64_t)more))
        return false;
    budget_charge(share, BUDGET_VIEW, more);
    return true;
}

static enum budget_level
level_of(int64_t used, int64_t limit)
{
    if (used < limit / 2)
        return BUDGET_CALM;
    if (used < limit / 4 * 3)
        return BUDGET_BUSY;
    return used < limit / 8 * 7 ? BUDGET_TIGHT : BUDGET_FULL;
}

enum budget_level
budget_level(const struct budget_share *share)
{
    const struct budget *b = share->budget;
    enum budget_level all = level_of(atomic_load(&b->used), b->limit), mine;
    int64_t own, used, others;

    if (share == &b->common)
        return all;
    if (atomic_load_explicit(&share->views, memory_order_relaxed) > most_of(b) / 2)
        return BUDGET_FULL;
    own = guarantee(b);
    used = atomic_load_explicit(&share->used, memory_order_relaxed);
    others = atomic_load_explicit(&b->shared, memory_order_relaxed) - beyond(used, own);
    mine = level_of(used, own + beyond(b->limit / 2, others));
    return mine > all ? mine : all;
}

bool
budget_is_crowded(const struct budget *b)
{
    return atomic_load_explicit(&b->parts[BUDGET_CONN], memory_order_relaxed) +
               atomic_load_explicit(&b->parts[BUDGET_TLS], memory_order_relaxed) >=
           b->limit / 2;
}

bool
budget_is_still(const struct budget_share *share)
{
    return atomic_load(&share->batches) == 0 && atomic_load(&share->views) == 0;
}

bool
budget_borrow(struct budget *b)
{
    return !atomic_exchange(&b->lent, true);
}

void
budget_give_back(struct budget *b)
{
    atomic_store(&b->lent, false);
}

size_t
budget_window_max(const struct budget *b)
{
    return (size_t)b->limit / 8;
}

/* 0 when the file is missing or says "max". */
static unsigned long long
number_in(const char *path)
{
    unsigned long long n = 0;
    FILE *f = fopen(path, "re");

    if (f == NULL)
        return 0;
    if (fscanf(f, "%llu", &n) != 1)
        n = 0;
    fclose(f);
    return n;
}

size_t
budget_default_limit(void)
{
    unsigned long long ram =
        (unsigned long long)sysconf(_SC_PHYS_PAGES) * (unsigned long long)sysconf(_SC_PAGESIZE);
    unsigned long long group = number_in("/sys/fs/cgroup/memory.max");

    if (group == 0)
        group = number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    /* v1 says "no limit" with a number larger than any RAM. */
    if (group > 0 && group < ram)
        return (size_t)(group / 10 * 6);
    return ram / 4 < DEFAULT_MAX ? (size_t)(ram / 4) : DEFAULT_MAX;
}
