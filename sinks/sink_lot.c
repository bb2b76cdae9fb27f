/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/sink_queue_priv.h"

#include "codec/base/error.h"
#include "sinks/view_gzip.h"

#include <stdlib.h>

/* ---- lists ---- */

void
lots_init(struct lots *l)
{
    l->first = NULL;
    l->end = &l->first;
}

void
lots_append(struct lots *l, struct sink_lot *lot)
{
    lot->next = NULL;
    *l->end = lot;
    l->end = &lot->next;
}

void
lots_push(struct lots *l, struct sink_lot *lot)
{
    lot->next = l->first;
    l->first = lot;
    if (lot->next == NULL)
        l->end = &lot->next;
}

void
lots_unlink(struct lots *l, struct sink_lot **at)
{
    struct sink_lot *lot = *at;

    *at = lot->next;
    if (lot->next == NULL)
        l->end = at;
    lot->next = NULL;
}

/* ---- lots ---- */

struct sink_lot *
lot_new(struct held *of, uint32_t first, uint32_t n)
{
    struct sink_lot *lot = xcalloc(1, sizeof *lot);

    lot->of = of;
    lot->first = first;
    lot->n = n;
    return lot;
}

void
lot_free(struct sink_lot *lot)
{
    free(lot->index);
    free(lot);
}

uint32_t
lot_item(const struct sink_lot *lot, uint32_t i)
{
    return lot->index == NULL ? lot->first + i : lot->index[i];
}

/* Plain bytes of the first n > 0 items of a range. */
static uint64_t
range_bytes(const struct sink_lot *lot, uint32_t n)
{
    const struct view_item *items = lot->of->view->items;
    const struct view_item *last = &items[lot->first + n - 1];

    return last->at + last->len - items[lot->first].at;
}

uint64_t
lot_bytes(const struct sink_lot *lot)
{
    uint64_t sum = 0;

    if (lot->index == NULL)
        return range_bytes(lot, lot->n);
    for (uint32_t i = 0; i < lot->n; i++)
        sum += lot->of->view->items[lot->index[i]].len;
    return sum;
}

uint32_t
lot_fits(const struct sink_lot *lot, uint64_t room)
{
    uint32_t low = 0, high = lot->n;
    uint64_t sum = 0;

    if (lot->index != NULL) {
        while (low < lot->n) {
            sum += lot->of->view->items[lot->index[low]].len;
            if (sum > room)
                break;
            low++;
        }
        return low;
    }
    while (low < high) {
        uint32_t mid = low + (high - low + 1) / 2;

        if (range_bytes(lot, mid) <= room)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

struct sink_lot *
lot_split(struct sink_lot *lot, uint32_t n)
{
    struct sink_lot *front = lot_new(lot->of, lot->first, n);
    uint32_t *index = lot->index;

    *front = *lot;
    front->next = NULL;
    front->n = n;
    lot->n -= n;
    if (index == NULL) {
        lot->first += n;
        return front;
    }
    lot->index = xmalloc(lot->n * sizeof *lot->index);
    memcpy(lot->index, index + n, lot->n * sizeof *lot->index);
    return front;
}

bool
lot_lies_together(const struct sink_lot *lot, struct slice *out)
{
    const struct view *v = lot->of->view;
    uint64_t from = v->items[lot->first].at, to = from + range_bytes(lot, lot->n);
    int64_t first, behind;

    if (lot->index != NULL || lot->of->replaced != NULL)
        return false;
    if (v->members_n == 0) {
        *out = (struct slice){ v->body.p + from, (size_t)(to - from) };
        return true;
    }
    first = view_member_at(v, from);
    behind = to == v->plain_bytes ? (int64_t)v->members_n : view_member_at(v, to);
    if (first < 0 || behind <= first)
        return false;
    *out = slice_between(v->body.p + v->members[first].at,
                         v->body.p + v->members[behind - 1].at + v->members[behind - 1].n);
    return true;
}

/* ---- replaced texts ---- */

void
held_replace(struct held *h, uint32_t index, struct slice text)
{
    if (h->replaced == NULL)
        h->replaced = xcalloc(h->view->n, sizeof *h->replaced);
    ASSERT(h->replaced[index].p == NULL);
    h->replaced[index] = text;
    h->replaced_bytes += text.n;
    budget_charge(h->view->share, BUDGET_VIEW, text.n);
}

struct slice
held_replaced(const struct held *h, uint32_t index)
{
    return h->replaced == NULL ? (struct slice){ NULL, 0 } : h->replaced[index];
}

void
held_forget_replaced(struct held *h)
{
    for (uint32_t i = 0; h->replaced != NULL && i < h->view->n; i++)
        free((char *)(uintptr_t)h->replaced[i].p);
    budget_release(h->view->share, BUDGET_VIEW, h->replaced_bytes);
    free(h->replaced);
    h->replaced = NULL;
}
