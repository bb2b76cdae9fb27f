/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/sink_queue_priv.h"

#include "codec/base/error.h"
#include "sinks/gzip.h"
#include "sinks/view_gzip.h"

#include <stdlib.h>

bool
sink_request_next(const struct sink_request *r, struct sink_cursor *c, struct sink_item *out)
{
    if (c->i == 0 && c->lot == NULL)
        c->lot = r->lots;
    while (c->lot != NULL && c->in_lot == c->lot->n) {
        c->lot = c->lot->next;
        c->in_lot = 0;
    }
    if (c->lot == NULL)
        return false;
    *out = (struct sink_item){ c->lot->of->view, lot_item(c->lot, c->in_lot++), false };
    out->replaced = held_replaced(c->lot->of, out->index).p != NULL;
    c->i++;
    return true;
}

/* The items are what finish() made: not being able to read them is our own bug. */
static void
gather_lot(const struct sink_lot *lot, struct buf *out)
{
    struct buf inflated = { 0 };
    int64_t member = -1;

    for (uint32_t i = 0; i < lot->n; i++) {
        uint32_t item = lot_item(lot, i);
        struct slice text = held_replaced(lot->of, item);
        struct err err = { 0 };

        if (text.p == NULL &&
            view_item_text(lot->of->view, item, &member, &inflated, &text, &err) < 0)
            UNREACHABLE("a gzip member of our own is damaged");
        buf_append(out, text);
    }
    buf_fini(&inflated);
}

static void
gather(struct sink_request *r)
{
    int level = r->queue->rules.gzip_level;
    struct buf plain = { 0 };

    for (const struct sink_lot *lot = r->lots; lot != NULL; lot = lot->next)
        gather_lot(lot, &plain);
    if (level > 0) {
        gzip_member(buf_slice(&plain), level, &r->gathered);
        buf_fini(&plain);
    } else {
        r->gathered = plain;
    }
    r->charged = r->gathered.cap;
    budget_charge(r->queue->sink->env.share, BUDGET_BODY, r->charged);
    r->body = xmalloc(sizeof *r->body);
    r->body[0] = (struct iovec){ r->gathered.p, r->gathered.n };
    r->body_n = 1;
    r->body_bytes = r->gathered.n;
}

void
sink_request_body(struct sink_request *r)
{
    size_t n = 0;
    struct slice part = { 0 };

    for (const struct sink_lot *lot = r->lots; lot != NULL; lot = lot->next, n++)
        if (!lot_lies_together(lot, &part)) {
            gather(r);
            return;
        }
    r->body = xmalloc(n * sizeof *r->body);
    for (const struct sink_lot *lot = r->lots; lot != NULL; lot = lot->next) {
        lot_lies_together(lot, &part);
        r->body[r->body_n++] = (struct iovec){ (char *)(uintptr_t)part.p, part.n };
        r->body_bytes += part.n;
    }
}

struct slice
sink_request_text(struct sink_request *r)
{
    const struct sink_lot *lot = r->lots;
    const struct view *v = lot->of->view;
    const struct view_item *item = &v->items[lot_item(lot, 0)];

    ASSERT(r->n == 1 && v->members_n == 0 && lot->of->replaced == NULL);
    return (struct slice){ v->body.p + item->at, item->len };
}

struct sink_lot *
sink_request_end(struct sink_request **at)
{
    struct sink_request *r = *at;
    struct sink_queue *q = r->queue;
    struct sink_lot *lots = r->lots;

    *at = NULL;
    *(r->before != NULL ? &r->before->next : &q->requests) = r->next;
    if (r->next != NULL)
        r->next->before = r->before;
    q->under_way--;
    for (struct sink_lot *lot = lots; lot != NULL; lot = lot->next)
        lot->of->under_way--;
    budget_release(q->sink->env.share, BUDGET_BODY, r->charged);
    buf_fini(&r->gathered);
    free(r->body);
    free(r);
    return lots;
}
