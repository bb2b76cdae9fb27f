/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/done.h"

#include "codec/base/error.h"
#include "pipeline/plan.h"

#include <stdlib.h>

struct done *
done_new(settled_fn *settled, void *to, struct plan *plan)
{
    struct done *d = xcalloc(1, sizeof *d);

    atomic_init(&d->left, 1);
    d->settled = settled;
    d->to = to;
    d->plan = plan_hold(plan);
    return d;
}

struct done *
done_hold(struct done *d)
{
    atomic_fetch_add_explicit(&d->left, 1, memory_order_relaxed);
    return d;
}

static void
done_free(struct done *d)
{
    while (d->kept != NULL) {
        struct batch *b = d->kept;

        d->kept = b->next;
        batch_recycle(&b);
    }
    window_free(&d->window_kept);
    view_abandon(&d->origin); /* nobody settled it */
    lj_acks_fini(&d->acks);
    plan_drop(&d->plan);
    free(d);
}

void
done_drop(struct done **d)
{
    struct done *last = *d;

    *d = NULL;
    if (atomic_fetch_sub_explicit(&last->left, 1, memory_order_acq_rel) > 1)
        return;
    if (last->settled != NULL && !atomic_load(&last->abandoned))
        last->settled(last->to, last);
    done_free(last);
}

void
done_abandon(struct done **d)
{
    atomic_store(&(*d)->abandoned, true);
    done_drop(d);
}

void
done_cancel(struct done **d)
{
    struct done *only = *d;

    *d = NULL;
    ASSERT(atomic_load(&only->left) == 1);
    done_free(only);
}

void
done_keep(struct done *d, struct batch **b)
{
    ASSERT((*b)->sealed);
    (*b)->next = d->kept;
    d->kept = *b;
    *b = NULL;
}
