/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a connection, from the feed to events: whole and byte by byte must give the same
 * events and ACKs. A third time answers come late, in little memory. The first byte chooses: bit 0
 * the policy, bit 1 whether the rest is compressed into a C frame first (no mutation gets past a
 * checksum), bit 2 whether the third time is byte by byte, bit 3 whether windows must be small
 * then, bits 4 to 6 how little memory. */
#include "codec/json_write.h"
#include "codec/lj_encode.h"
#include "tests/vectors/wire.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lj_limits limits = {
    .window_events = 1000,
    .json_bytes = 4096,
    .compressed_bytes = 65536,
    .decompressed_bytes = 65536,
    .pairs = 64,
    .key_bytes = 256,
    .value_bytes = 4096,
    .json_depth = 100,
};

static void
require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "lj_decode: %s\n", what);
    abort();
}

static void
run(struct wire *w, struct slice bytes, size_t step, enum lj_on_bad on_bad, struct buf *out)
{
    wire_init(w, &limits, on_bad);
    while (bytes.n > 0 && !w->closed) {
        struct slice piece;

        slice_take(&bytes, bytes.n < step ? bytes.n : step, &piece);
        wire_feed(w, piece);
    }
    wire_eof(w);
    for (size_t i = 0; i < w->n; i++)
        value_write(&w->events[i]->data, out);
}

/* ---- the same with answers that come late, and little room ---- */

/* What a server does whose workers are busy and whose memory is short: whole windows wait, frames
 * behind them are held, and a window that finds no room is tried again. */
struct late {
    struct budget budget;
    struct budget_share share;
    struct beats_feed feed;
    struct lj_decoder *decoder;
    struct buf acks, events;
    enum lj_on_bad on_bad;
    size_t room;   /* what others leave */
    size_t others; /* what they have */
    enum err_code ended;
};

#define LATE_LIMIT   ((size_t)8 << 20)
#define SMALL_WINDOW 1024

static void
late_start(struct late *l, enum lj_on_bad on_bad, uint8_t chosen)
{
    *l = (struct late){ .on_bad = on_bad,
                        .decoder = lj_decoder_new(),
                        .room = (size_t)1024 << (chosen >> 4 & 7) };
    budget_init(&l->budget, LATE_LIMIT);
    budget_join(&l->budget, &l->share);
    feed_init(&l->feed, &limits, &l->share,
              chosen & 8 ? SMALL_WINDOW : budget_window_max(&l->budget));
}

/* They take all but the room; one byte of it is a view, for windows alone may go beyond. */
static void
others_come(struct late *l)
{
    for (size_t step = LATE_LIMIT; step > 0; step /= 2)
        if (budget_reserve(&l->share, BUDGET_WINDOW, step))
            l->others += step;
    require(l->others > l->room, "so much is left behind");
    budget_release(&l->share, BUDGET_WINDOW, l->room);
    l->others -= l->room;
    budget_charge(&l->share, BUDGET_VIEW, 1);
}

static void
others_leave(struct late *l)
{
    if (l->others == 0)
        return;
    budget_release(&l->share, BUDGET_WINDOW, l->others);
    budget_release(&l->share, BUDGET_VIEW, 1);
    l->others = 0;
}

static void
late_end(struct late *l)
{
    lj_decoder_free(&l->decoder);
    feed_fini(&l->feed);
    require(atomic_load(&l->share.used) == 0, "something is still charged");
    budget_leave(&l->share);
    buf_fini(&l->acks);
    buf_fini(&l->events);
}

static void
put_acks(struct buf *out, struct lj_acks acks)
{
    for (uint32_t i = 0; i < acks.n; i++) {
        struct lj_ack ack = lj_acks_at(&acks, i);

        lj_write_ack(buf_reserve(out, LJ_ACK_BYTES), ack.version, ack.seq);
        out->n += LJ_ACK_BYTES;
    }
    lj_acks_fini(&acks);
}

static void
late_reserve(struct late *l, struct window *w)
{
    size_t guess = w->guess > 0 ? w->guess : 64;

    if (!budget_reserve_window(&l->share, guess, guess)) {
        require(l->others > 0, "no room though nobody else is there");
        others_leave(l);
        require(budget_reserve_window(&l->share, guess, guess), "no room for the only window");
    }
    w->room = w->view_room = guess;
    w->encoded = 1.0;
}

/* One try; DECODED_ROOM: again. */
static enum decoded
late_try(struct late *l, struct window *w, struct lj_acks *acks, struct lj_found *found)
{
    struct err err = { 0 };
    struct batch *b = NULL;
    enum decoded got;

    late_reserve(l, w);
    lj_decode_start(l->decoder, w, &limits, l->on_bad);
    while ((got = lj_decode(l->decoder, acks, &b, found, &err)) == DECODED_BATCH) {
        for (uint32_t i = 0; i < b->n; i++)
            value_write(&b->events[i]->data, &l->events);
        batch_recycle(&b);
    }
    budget_release(&l->share, BUDGET_VIEW, w->view_room);
    w->view_room = 0;
    if (got == DECODED_BAD)
        l->ended = err.code;
    return got;
}

/* False: the connection ends. */
static bool
late_work(struct late *l, struct window **w, bool last, struct slice *held)
{
    struct lj_acks acks = { 0 };
    struct lj_found found;
    enum decoded got;

    *held = (struct slice){ NULL, 0 };
    if ((*w)->parts_n == 0) {
        lj_acks_add(&acks, (struct lj_ack){ .seq = 0, .version = (*w)->version });
        put_acks(&l->acks, lj_acks_take(&acks));
        return true;
    }
    others_come(l);
    while ((got = late_try(l, *w, &acks, &found)) == DECODED_ROOM) {
        require(l->others > 0, "no room though nobody else is there");
        require(acks.n == 0, "ACKs of a window that is tried again");
        others_leave(l);
    }
    others_leave(l);
    put_acks(&l->acks, lj_acks_take(&acks));
    window_free(w);
    if (got == DECODED_BAD)
        return false;
    if (found.left > 0 && (!last || feed_has_next(&l->feed))) {
        l->ended = ERR_WINDOW_NOT_COMPLETE;
        return false;
    }
    if (last && !feed_answer(&l->feed, found.version, found.left, held))
        *held = (struct slice){ NULL, 0 };
    return true;
}

/* What is asked of a connection that stands still. */
static void
check_open(const struct beats_feed *f)
{
    if (f->holding)
        return;
    require(feed_is_open(f) == (feed_at_eof(f) != ERR_NONE), "open, or not open, at the end");
    require(feed_open_bytes(f) == 0 || feed_is_open(f), "bytes of no window");
}

/* Feeds everything, and puts the windows in a row. */
static enum feed_status
line_up(struct late *l, struct slice in, size_t step, struct window **end, struct err *err)
{
    enum feed_status got = FEED_MORE;

    while (in.n > 0 && got != FEED_BAD) {
        struct window *w;
        struct slice piece;
        char version;

        slice_take(&in, in.n < step ? in.n : step, &piece);
        while ((got = feed_bytes(&l->feed, &piece, &w, &version, err)) == FEED_WINDOW ||
               got == FEED_EMPTY) {
            if (got == FEED_EMPTY) { /* waits for its turn: a window without a byte */
                w = window_new(&l->share);
                w->version = version;
            }
            w->next = NULL;
            *end = w;
            end = &w->next;
        }
        if (got != FEED_BAD)
            check_open(&l->feed);
    }
    return got;
}

/* Everything is fed before the first window is looked into; what was held is fed again at once. */
static void
late_feed(struct late *l, struct slice in, size_t step)
{
    while (in.n > 0 && l->ended == ERR_NONE) {
        struct window *first = NULL, *w;
        struct err err = { 0 };
        enum feed_status got = line_up(l, in, step, &first, &err);
        bool open = true;

        in = (struct slice){ NULL, 0 };
        while (first != NULL) {
            w = first;
            first = w->next;
            if (open)
                open = late_work(l, &w, first == NULL && got != FEED_BAD, &in);
            window_free(&w);
        }
        if (got == FEED_BAD && open)
            l->ended = err.code;
        step = SIZE_MAX;
    }
}

/* The head of a W that comes too early is enough to refuse it, but not before the answer: then its
 * number is waited for. */
static bool
is_cut_window(const struct late *l, const struct wire *at_once)
{
    return at_once->err.code == ERR_WINDOW_NOT_COMPLETE && l->ended == ERR_NONE && l->feed.tail > 0;
}

/* What was found with all the room and an answer at once comes first; behind it there may be events
 * of a window that turned out bad, which had to leave before. */
static void
run_late(const struct wire *at_once, struct slice events, struct slice bytes, uint8_t chosen)
{
    struct late l;

    late_start(&l, at_once->on_bad, chosen);
    late_feed(&l, bytes, chosen & 4 ? 1 : SIZE_MAX);
    if (l.ended != ERR_WINDOW_TOO_LARGE && l.ended != ERR_DECOMPRESSED_TOO_LARGE) {
        require(slice_eq(buf_slice(&l.acks), buf_slice(&at_once->acks)), "late ACKs differ");
        require((l.ended != ERR_NONE) == at_once->closed || is_cut_window(&l, at_once),
                "late: another end");
        require(at_once->closed ? slice_starts(buf_slice(&l.events), events)
                                : slice_eq(buf_slice(&l.events), events),
                "late events differ");
    }
    late_end(&l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = { (const char *)data + 1, size - 1 };
    struct buf c = { 0 }, events[2] = { { 0 }, { 0 } };
    struct wire w[2];

    if (size < 2 || size > 1 << 16)
        return 0;
    if (data[0] & 2) {
        buf_append(&c, SLICE("2W\0\0\0\3"));
        lj_put_compressed(&c, '2', bytes, 1, NULL);
        bytes = buf_slice(&c);
    }
    for (unsigned i = 0; i < 2; i++)
        run(&w[i], bytes, i == 0 ? bytes.n : 1, data[0] & 1 ? LJ_CLOSE : LJ_QUARANTINE, &events[i]);
    require(slice_eq(buf_slice(&w[0].acks), buf_slice(&w[1].acks)), "ACKs differ");
    require(slice_eq(buf_slice(&events[0]), buf_slice(&events[1])), "events differ");
    require(w[0].err.code == w[1].err.code && w[0].err_at == w[1].err_at, "errors differ");
    run_late(&w[0], buf_slice(&events[0]), bytes, data[0]);
    for (unsigned i = 0; i < 2; i++) {
        wire_fini(&w[i]);
        buf_fini(&events[i]);
    }
    buf_fini(&c);
    return 0;
}
