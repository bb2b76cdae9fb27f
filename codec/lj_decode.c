/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/lj_decode.h"

#include "codec/inflate.h"
#include "codec/lj_event.h"

#include <inttypes.h>
#include <stdlib.h>

/* Deflate cannot do better. */
#define RATIO_MOST 1032
/* When nobody says what to expect. */
#define RATIO_FIRST 16
/* Bytes of a frame with an event: version, type, number, length, and {}. */
#define EVENT_LEAST 12
#define BLOCK_LEAST ((size_t)1 << 10)

/* ---- lists of ACKs ---- */

void
lj_acks_add(struct lj_acks *acks, struct lj_ack ack)
{
    if (acks->n == 0) {
        acks->first = ack;
    } else {
        if (acks->n > acks->cap) {
            acks->cap = acks->cap == 0 ? 4 : acks->cap * 2;
            acks->more = xrealloc(acks->more, acks->cap * sizeof acks->more[0]);
        }
        acks->more[acks->n - 1] = ack;
    }
    acks->n++;
}

struct lj_acks
lj_acks_take(struct lj_acks *acks)
{
    struct lj_acks taken = *acks;

    *acks = (struct lj_acks){ 0 };
    return taken;
}

struct lj_ack
lj_acks_at(const struct lj_acks *acks, uint32_t i)
{
    ASSERT(i < acks->n);
    return i == 0 ? acks->first : acks->more[i - 1];
}

void
lj_acks_fini(struct lj_acks *acks)
{
    free(acks->more);
    *acks = (struct lj_acks){ 0 };
}

/* ---- the decoder ---- */

struct lj_decoder {
    struct lj_framer *framer;
    struct inflater *inflater;
    const struct lj_limits *limits;
    enum lj_on_bad on_bad;

    struct window *w;
    size_t received;    /* w->bytes, while it had its blocks */
    size_t part;        /* the one that outer is the rest of */
    struct slice outer; /* frames as received */
    size_t outer_bytes; /* of all parts */
    size_t outer_left;  /* of them, outer included */
    size_t frame_at;    /* offset of the outer frame under way */
    struct slice inner; /* frames that a C frame inflated to */
    bool in_c;
    bool aliased;    /* values lie in the window's blocks */
    size_t inflated; /* bytes, of all C frames */

    struct batch *batch;  /* under way; NULL between two */
    size_t charged;       /* what its arena had when w->room was last adjusted */
    size_t blocks;        /* of its arena, for inflated frames */
    uint32_t complete;    /* its events whose window is complete */
    bool given;           /* a batch has left */
    uint32_t acks_before; /* on the list when the window started */

    /* Inflated frames that go on in another batch than the one whose arena they were in; from then
     * on each event is copied to its own. */
    struct arena rest;
    bool in_rest;

    enum { FRESH, RUNNING, THROUGH, FAILED } state;
    struct err failed; /* said once the batch before it has left */
};

struct lj_decoder *
lj_decoder_new(void)
{
    struct lj_decoder *d = xcalloc(1, sizeof *d);

    d->inflater = inflater_new();
    d->state = THROUGH;
    return d;
}

void
lj_decoder_free(struct lj_decoder **d)
{
    if (*d == NULL)
        return;
    batch_recycle(&(*d)->batch);
    arena_fini(&(*d)->rest);
    if ((*d)->framer != NULL)
        lj_free(&(*d)->framer);
    inflater_free(&(*d)->inflater);
    free(*d);
    *d = NULL;
}

void
lj_decode_start(struct lj_decoder *d, struct window *w, const struct lj_limits *limits,
                enum lj_on_bad on_bad)
{
    struct lj_framer *framer = d->framer;
    struct inflater *inflater = d->inflater;

    batch_recycle(&d->batch);
    arena_fini(&d->rest);
    if (framer != NULL && d->limits != limits)
        lj_free(&framer);
    if (framer == NULL)
        framer = lj_new(limits);
    lj_leave_c(framer);
    lj_reopen(framer, w->left > 0 ? w->version : '2', w->left);
    *d = (struct lj_decoder){ .framer = framer,
                              .inflater = inflater,
                              .limits = limits,
                              .on_bad = on_bad,
                              .w = w,
                              .received = w->bytes,
                              .state = FRESH };
    arena_init(&d->rest, w->share);
    for (size_t i = 0; i < w->parts_n; i++)
        d->outer_bytes += w->parts[i].n;
    d->outer_left = d->outer_bytes;
}

/* ---- room ---- */

/* What the arena charges is no longer only reserved. */
static void
spend_room(struct lj_decoder *d, size_t bytes)
{
    struct window *w = d->w;
    size_t spent = bytes < w->room ? bytes : w->room;

    w->room -= spent;
    budget_release(w->share, BUDGET_BATCH, spent);
}

static void
settle_room(struct lj_decoder *d)
{
    size_t now = d->batch->arena.bytes;

    if (now > d->charged)
        spend_room(d, now - d->charged);
    d->charged = now;
}

static bool
want_room(struct window *w, size_t bytes)
{
    if (bytes <= w->room || w->share == NULL)
        return true;
    if (!budget_reserve(w->share, BUDGET_BATCH, bytes - w->room))
        return false;
    w->room = bytes;
    return true;
}

/* For the events that this window is now known to have; `left` is what its head still announces. */
static bool
want_views(struct window *w, size_t inflated, uint32_t left)
{
    size_t most = inflated / EVENT_LEAST;
    size_t text = inflated + (left < most ? left : most) * WINDOW_EVENT;
    size_t views = (size_t)((double)text * w->encoded);

    if (views <= w->view_room || w->share == NULL)
        return true;
    if (!budget_reserve_views(w->share, w->view_room, views - w->view_room))
        return false;
    w->view_room = views;
    return true;
}

/* For a window whose frames so far left no room for views. With frames to come it at least doubles,
 * so that many small ones do not cost a try each. */
static size_t
next_guess(const struct lj_decoder *d)
{
    size_t before = d->w->guess;

    return d->outer_left > 0 && d->inflated < 2 * before ? 2 * before : d->inflated;
}

/* ---- inflating ---- */

/* What this C frame may become: by the limit of the frame, and by what a window may have in all. */
static size_t
inflate_limit(const struct lj_decoder *d, struct err *err)
{
    uint64_t limit = d->limits->decompressed_bytes, most, used = d->received + d->inflated;

    err_set(err, ERR_DECOMPRESSED_TOO_LARGE,
            "C frame inflates to more than max_decompressed_bytes, %" PRIu64, limit);
    if (d->w->share != NULL) {
        most = budget_window_max(d->w->share->budget);
        if (most - (used < most ? used : most) < limit) {
            limit = most - (used < most ? used : most);
            err_set(err, ERR_DECOMPRESSED_TOO_LARGE,
                    "window of %zu bytes inflates to more than %" PRIu64
                    " bytes; both together may be %" PRIu64 ", memory.limit / 8",
                    d->received, d->inflated + limit, most);
        }
    }
    return (size_t)(limit < SIZE_MAX / 4 ? limit : SIZE_MAX / 4);
}

/* To an eighth of a power of two, so that windows of about the same size take the block that the
 * thread has kept from the last one. */
static size_t
round_up(size_t n)
{
    size_t step = BLOCK_LEAST / 8;

    if (n <= BLOCK_LEAST)
        return BLOCK_LEAST;
    while (step * 16 <= n)
        step *= 2;
    return (n + step - 1) / step * step;
}

/* This frame's part of the room that was reserved for its window, and an eighth on top if there is
 * so much: a guess that is short by little would cost as much as one short by half. */
static size_t
first_guess(struct lj_decoder *d, size_t payload, size_t limit)
{
    struct window *w = d->w;
    double part = (double)payload / (double)(d->outer_left + payload); /* it is taken already */
    size_t guess = w->room > 0 ? (size_t)((double)w->room * part) : payload * RATIO_FIRST;
    size_t most = payload * RATIO_MOST + BLOCK_LEAST;

    if (want_room(w, w->room + guess / 8))
        guess += guess / 8;
    if (guess > most)
        guess = most;
    guess = round_up(guess);
    return guess < limit ? guess : limit;
}

enum inflating { INFLATING_DONE, INFLATING_ROOM, INFLATING_BAD };

/* One try with a block of so many bytes in the batch's arena. */
static enum inflated
try_inflate(struct lj_decoder *d, struct slice payload, size_t size, size_t *used)
{
    struct arena *a = &d->batch->arena;
    enum inflated result;
    char *block;
    size_t n = 0;

    spend_room(d, size);
    block = arena_block(a, size);
    d->charged = a->bytes;
    result = inflate_zlib(d->inflater, payload, block, size, &n, used);
    if (result == INFLATED_OK) {
        d->blocks += size;
        d->inner = (struct slice){ block, n };
        memset(block + n, 0, size - n < ARENA_PAD ? size - n : ARENA_PAD);
    } else {
        arena_block_drop(a, block);
        d->charged = a->bytes;
    }
    return result;
}

static enum inflating
inflate(struct lj_decoder *d, struct slice payload, uint32_t left, struct lj_found *found,
        struct err *err)
{
    struct err too_large;
    size_t limit = inflate_limit(d, &too_large), used = 0;
    size_t size = first_guess(d, payload.n, limit);

    for (;;) {
        switch (try_inflate(d, payload, size, &used)) {
        case INFLATED_OK:
            d->inflated += d->inner.n;
            found->inflated += d->inner.n;
            found->trailing += payload.n - used;
            if (d->given || want_views(d->w, d->inflated, left))
                return INFLATING_DONE;
            d->w->guess = next_guess(d);
            return INFLATING_ROOM;
        case INFLATED_BAD:
            err_set(err, ERR_BAD_ZLIB, "C frame of %zu bytes that is no whole zlib stream",
                    payload.n);
            return INFLATING_BAD;
        case INFLATED_SPACE: break;
        }
        if (size == limit) {
            *err = too_large;
            return INFLATING_BAD;
        }
        size = size < limit / 2 ? size * 2 : limit;
        /* Once a batch has left there is no way back; the last eighth of the budget is for this. */
        if (!want_room(d->w, size) && !d->given) {
            d->w->guess = d->inflated + size;
            return INFLATING_ROOM;
        }
    }
}

/* ---- frames ---- */

/* Frames of an inflated block that another batch's arena must not lose. */
static void
save_rest(struct lj_decoder *d)
{
    char *block;

    if (d->inner.n == 0 || d->in_rest)
        return;
    block = arena_block(&d->rest, d->inner.n);
    memcpy(block, d->inner.p, d->inner.n);
    d->inner.p = block;
    d->in_rest = true;
}

/* Where an event's values may point into for as long as its batch lives. */
static struct slice
lasting(struct lj_decoder *d, struct slice payload)
{
    char *copy;

    if (!d->in_c)
        d->aliased = true;
    if (!d->in_rest)
        return payload;
    copy = arena_bytes(&d->batch->arena, payload.n + ARENA_PAD);
    memcpy(copy, payload.p, payload.n);
    memset(copy + payload.n, 0, ARENA_PAD);
    return (struct slice){ copy, payload.n };
}

static int
take_event(struct lj_decoder *d, const struct lj_frame *frame, struct lj_found *found,
           struct err *err)
{
    struct slice payload = lasting(d, frame->payload);
    struct event *ev = batch_add(d->batch);
    struct err bad = { 0 };

    if (frame->type == 'D') {
        lj_event_pairs(ev, payload, frame->pairs);
    } else if (lj_event_json(ev, payload, d->limits->json_depth, &bad) < 0) {
        if (found->first_bad.code == ERR_NONE)
            found->first_bad = bad;
        found->bad[lj_bad_kind(bad.code)]++;
        if (d->on_bad == LJ_CLOSE) {
            d->batch->n--;
            *err = bad;
            return err_prefix(err, "event %" PRIu32, frame->seq);
        }
        lj_event_quarantine(ev, payload);
    }
    found->events++;
    d->w->text += payload.n;
    settle_room(d);
    return 0;
}

/* The frame that ended a window. */
static void
owe_ack(struct lj_decoder *d, struct lj_acks *acks, const struct lj_frame *frame)
{
    lj_acks_add(acks, (struct lj_ack){ .seq = frame->type == 'W' ? 0 : frame->seq,
                                       .version = lj_version(d->framer) });
    d->complete = d->batch->n;
}

static enum inflating
open_compressed(struct lj_decoder *d, const struct lj_frame *frame, uint32_t left,
                struct lj_found *found, struct err *err)
{
    enum inflating result = inflate(d, frame->payload, left, found, err);

    if (result != INFLATING_DONE)
        return result;
    lj_reopen(d->framer, lj_version(d->framer), left);
    lj_enter_c(d->framer);
    d->in_c = true;
    if (d->outer_left == 0 && !d->aliased)
        window_drop_blocks(d->w);
    return result;
}

static void
close_compressed(struct lj_decoder *d)
{
    lj_leave_c(d->framer);
    d->in_c = d->in_rest = false;
    arena_fini(&d->rest);
}

/* The next frame, from inside a C frame first. LJ_NEED_MORE: there is none. */
static enum lj_status
next_frame(struct lj_decoder *d, struct lj_frame *frame, struct err *err)
{
    enum lj_status status;
    size_t before;

    if (d->in_c) {
        status = lj_next(d->framer, &d->inner, frame, err);
        if (status != LJ_NEED_MORE)
            return status;
        if (d->inner.n > 0)
            return err_set(err, ERR_TRUNCATED_IN_COMPRESSED,
                           "C frame ends inside a frame, %zu bytes behind its start", d->inner.n);
        close_compressed(d);
    }
    if (d->outer_left == 0)
        return LJ_NEED_MORE;
    while (d->outer.n == 0)
        d->outer = d->w->parts[d->part++];
    before = d->outer.n;
    d->frame_at = d->outer_bytes - d->outer_left;
    status = lj_next(d->framer, &d->outer, frame, err);
    if (status == LJ_NEED_MORE)
        return err_set(err, ERR_EOF_MID_FRAME, "window ends inside a frame");
    d->outer_left -= before - d->outer.n;
    return status;
}

/* ---- batches ---- */

static enum decoded
give(struct lj_decoder *d, struct batch **out)
{
    *out = d->batch;
    d->batch = NULL;
    d->given = true;
    d->complete = 0;
    d->charged = 0;
    d->blocks = 0;
    return DECODED_BATCH;
}

static enum decoded
end(struct lj_decoder *d, struct lj_found *found)
{
    batch_recycle(&d->batch);
    arena_fini(&d->rest);
    spend_room(d, d->w->room);
    found->left = lj_left(d->framer);
    found->version = lj_version(d->framer);
    d->w = NULL;
    return DECODED_END;
}

static enum decoded
fail(struct lj_decoder *d, struct lj_found *found, struct err *err)
{
    *err = d->failed;
    end(d, found);
    return DECODED_BAD;
}

/* Events of windows that were complete before the error go on; the others will come again. */
static enum decoded
stop(struct lj_decoder *d, struct batch **out, struct lj_found *found, struct err *err)
{
    uint32_t lost = d->batch->n - d->complete;

    d->state = FAILED;
    d->failed.pos = d->frame_at;
    found->events -= lost;
    d->batch->n = d->complete;
    return d->batch->n > 0 ? give(d, out) : fail(d, found, err);
}

/* What nodes cost beside their text is bounded like a window: tiny events are mostly nodes. */
static bool
is_full(const struct lj_decoder *d)
{
    const struct batch *b = d->batch;

    return b->n == BATCH_EVENTS ||
           (d->w->share != NULL && b->n > 0 &&
            b->arena.bytes > d->blocks + budget_window_max(d->w->share->budget));
}

/* Nothing has left yet: the window goes back as it was. */
static enum decoded
put_back(struct lj_decoder *d, struct lj_acks *acks, struct lj_found *found)
{
    acks->n = d->acks_before;
    d->w->text = 0;
    end(d, found);
    *found = (struct lj_found){ 0 };
    return DECODED_ROOM;
}

static void
begin(struct lj_decoder *d, const struct lj_acks *acks, struct lj_found *found)
{
    *found = (struct lj_found){ 0 };
    d->acks_before = acks->n;
    d->state = RUNNING;
}

enum decoded
lj_decode(struct lj_decoder *d, struct lj_acks *acks, struct batch **out, struct lj_found *found,
          struct err *err)
{
    ASSERT(d->w != NULL);
    if (d->state == FRESH)
        begin(d, acks, found);
    if (d->state == FAILED)
        return fail(d, found, err);
    if (d->state == THROUGH)
        return end(d, found);
    d->batch = batch_new(d->w->share);
    for (;;) {
        uint32_t left = lj_left(d->framer);
        struct lj_frame frame;
        enum lj_status status;

        if (is_full(d)) {
            save_rest(d);
            return give(d, out);
        }
        status = next_frame(d, &frame, &d->failed);
        if (status == LJ_NEED_MORE)
            break;
        if (status == LJ_BAD)
            return stop(d, out, found, err);
        if (frame.type == 'C') {
            switch (open_compressed(d, &frame, left, found, &d->failed)) {
            case INFLATING_DONE: continue;
            case INFLATING_ROOM: return put_back(d, acks, found);
            case INFLATING_BAD: return stop(d, out, found, err);
            }
        }
        if (frame.type != 'W' && take_event(d, &frame, found, &d->failed) < 0)
            return stop(d, out, found, err);
        if (status == LJ_WINDOW)
            owe_ack(d, acks, &frame);
    }
    d->state = THROUGH;
    return d->batch->n > 0 ? give(d, out) : end(d, found);
}
