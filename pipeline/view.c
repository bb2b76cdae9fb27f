/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Views: made and filled on a worker, then owned by a sink until they are settled. */
#include "pipeline/sink.h"

#include "codec/base/error.h"

#include <stdlib.h>

/* With its done, and what malloc adds to half a dozen pieces: heads, and the holes that their
 * growing leaves between those that stay. Most of it, when windows are of one event: of such a
 * view, in a file output that does not move, 1,190 bytes were in use. */
#define HEAP_BYTES  400
#define VIEW_BYTES  (sizeof(struct view) + sizeof(struct done) + HEAP_BYTES)
#define ITEMS_FIRST 4

struct view *
view_new(struct sink *sink, struct budget_share *share)
{
    struct view *v = xcalloc(1, sizeof *v);

    v->sink = sink;
    v->share = share;
    return v;
}

void
view_free(struct view **at)
{
    struct view *v = *at;

    *at = NULL;
    if (v == NULL)
        return;
    if (v->sink->type->view_fini != NULL)
        v->sink->type->view_fini(v);
    budget_release(v->share, BUDGET_VIEW, v->charged);
    buf_fini(&v->body);
    free(v->items);
    free(v->members);
    free(v->events);
    if (v->done != NULL)
        done_drop(&v->done);
    free(v);
}

void
view_abandon(struct view **v)
{
    if (*v != NULL && (*v)->done != NULL)
        done_abandon(&(*v)->done);
    view_free(v);
}

struct view_item *
view_add(struct view *v)
{
    struct view_item *item;

    if (v->n == v->cap) {
        v->cap = v->cap == 0 ? ITEMS_FIRST : v->cap * 2;
        v->items = xrealloc(v->items, v->cap * sizeof *v->items);
    }
    item = &v->items[v->n++];
    *item = (struct view_item){ .at = v->body.n };
    return item;
}

void
view_keep(struct view *v, struct event *ev)
{
    if (v->n == v->events_cap) {
        v->events_cap = v->events_cap == 0 ? ITEMS_FIRST : v->events_cap * 2;
        v->events = xrealloc(v->events, v->events_cap * sizeof v->events[0]);
    }
    v->events[v->n++] = ev;
}

static bool
has_no_sender(const struct view *v)
{
    return v->done != NULL && v->done->no_sender;
}

void
view_given(struct view *v, uint64_t n)
{
    v->sink->stats.given += n;
    if (has_no_sender(v))
        v->sink->stats.no_sender += n;
}

void
view_settled(struct view *v, uint64_t done, uint64_t refused)
{
    v->sink->stats.done += done;
    v->sink->stats.refused += refused;
    if (has_no_sender(v))
        v->sink->stats.no_sender -= done + refused;
}

static size_t
bytes_of(const struct view *v)
{
    return VIEW_BYTES + v->extra_bytes + v->body.cap + v->cap * sizeof *v->items +
           v->members_n * sizeof *v->members + v->events_cap * sizeof v->events[0];
}

void
view_charge(struct view *v)
{
    size_t now;

    buf_trim(&v->body);
    now = bytes_of(v);
    if (now > v->charged)
        budget_charge(v->share, BUDGET_VIEW, now - v->charged);
    else
        budget_release(v->share, BUDGET_VIEW, v->charged - now);
    v->charged = now;
}

void
view_charge_from(struct view *v, size_t *room)
{
    size_t now, more;

    buf_trim(&v->body);
    now = bytes_of(v);
    more = now > v->charged ? now - v->charged : 0;
    if (more > *room)
        more = *room;
    *room -= more;
    v->charged += more;
    view_charge(v);
}
