/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/vectors/wire.h"

#include "codec/lj_encode.h"

#include <stdlib.h>

void
wire_init(struct wire *w, const struct lj_limits *limits, enum lj_on_bad on_bad)
{
    *w = (struct wire){ .limits = *limits, .on_bad = on_bad };
    w->decoder = lj_decoder_new();
    feed_init(&w->feed, &w->limits, NULL, SIZE_MAX / 2);
}

void
wire_fini(struct wire *w)
{
    for (struct batch *b = w->batches, *next; b != NULL; b = next) {
        next = b->next;
        batch_recycle(&b);
    }
    for (struct window *v = w->windows, *next; v != NULL; v = next) {
        next = v->next;
        window_free(&v);
    }
    lj_decoder_free(&w->decoder);
    feed_fini(&w->feed);
    buf_fini(&w->acks);
    free(w->events);
}

static void
fail(struct wire *w, const struct err *err, uint64_t at)
{
    w->err = *err;
    w->err_at = at;
    w->closed = true;
}

static void
put_ack(struct wire *w, struct lj_ack ack)
{
    lj_write_ack(buf_reserve(&w->acks, LJ_ACK_BYTES), ack.version, ack.seq);
    w->acks.n += LJ_ACK_BYTES;
}

static void
keep_batch(struct wire *w, struct batch *b)
{
    b->next = w->batches;
    w->batches = b;
    while (w->cap - w->n < b->n) {
        w->cap = w->cap == 0 ? 16 : w->cap * 2;
        w->events = xrealloc(w->events, w->cap * sizeof w->events[0]);
    }
    if (b->n > 0)
        memcpy(w->events + w->n, b->events, b->n * sizeof w->events[0]);
    w->n += b->n;
}

static void
add_found(struct wire *w, const struct lj_found *found)
{
    w->found.events += found->events;
    w->found.inflated += found->inflated;
    w->found.trailing += found->trailing;
    for (int i = 0; i < LJ_BAD_KINDS; i++)
        w->found.bad[i] += found->bad[i];
}

/* A whole window, which ends right before w->pos. */
static void
work_on(struct wire *w, struct window *win)
{
    uint64_t start = w->pos;
    struct lj_acks acks = { 0 };
    struct lj_found found;
    struct err err = { 0 };
    struct slice held;
    struct batch *b;
    enum decoded got;

    for (size_t i = 0; i < win->parts_n; i++)
        start -= win->parts[i].n;
    win->next = w->windows;
    w->windows = win;
    lj_decode_start(w->decoder, win, &w->limits, w->on_bad);
    while ((got = lj_decode(w->decoder, &acks, &b, &found, &err)) == DECODED_BATCH)
        keep_batch(w, b);
    ASSERT(got != DECODED_ROOM);
    for (uint32_t i = 0; i < acks.n; i++)
        put_ack(w, lj_acks_at(&acks, i));
    lj_acks_fini(&acks);
    add_found(w, &found);
    if (got == DECODED_BAD) {
        fail(w, &err, start + err.pos);
        return;
    }
    if (feed_answer(&w->feed, found.version, found.left, &held))
        UNREACHABLE("nothing was held: the answer came at once");
}

void
wire_feed(struct wire *w, struct slice bytes)
{
    w->pos += bytes.n;
    while (bytes.n > 0 && !w->closed) {
        struct window *win;
        struct err err = { 0 };
        size_t before = bytes.n;
        char version;

        switch (feed_bytes(&w->feed, &bytes, &win, &version, &err)) {
        case FEED_MORE: break;
        case FEED_HELD: UNREACHABLE("the answer came at once");
        case FEED_EMPTY: put_ack(w, (struct lj_ack){ .seq = 0, .version = version }); break;
        case FEED_BAD: fail(w, &err, w->pos - bytes.n - w->feed.tail); break;
        case FEED_WINDOW:
            w->pos -= bytes.n;
            work_on(w, win);
            w->pos += bytes.n;
            break;
        }
        ASSERT(bytes.n < before || w->closed);
    }
}

void
wire_eof(struct wire *w)
{
    enum err_code code = feed_at_eof(&w->feed);

    if (w->closed || code == ERR_NONE)
        return;
    err_set(&w->err, code, "stream ends early");
    w->err_at = w->pos - w->feed.tail;
}
