/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/beats_feed.h"

#include "codec/base/error.h"

#define BLOCK_FIRST ((size_t)4 << 10)
#define BLOCK_MOST  ((size_t)256 << 10)
/* A frame whose length is announced gets so much at once; more only as its bytes arrive. */
#define TRUSTED ((size_t)256 << 10)
/* The longest fixed head of a frame: enough to learn what it needs. */
#define FRAME_HEAD 10

void
feed_init(struct beats_feed *f, const struct lj_limits *limits, struct budget_share *share,
          size_t window_max)
{
    *f = (struct beats_feed){ .share = share, .window_max = window_max, .block_size = BLOCK_FIRST };
    f->framer = lj_new(limits);
}

static void
drop_held(struct beats_feed *f)
{
    budget_release(f->share, BUDGET_WINDOW, f->held.cap);
    buf_fini(&f->held);
    f->held_from = 0;
    f->again = false;
}

void
feed_fini(struct beats_feed *f)
{
    lj_free(&f->framer);
    window_free(&f->open);
    drop_held(f);
}

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- storing ---- */

static struct window *
open_window(struct beats_feed *f)
{
    if (f->open == NULL) {
        f->open = window_new(f->share);
        f->block = NULL;
        f->block_size = BLOCK_FIRST;
        f->open->left = f->left;
        f->open->version = lj_version(f->framer);
    }
    return f->open;
}

static size_t
room(const struct beats_feed *f)
{
    return f->block == NULL ? 0 : f->block->cap - f->block->n;
}

static int
check_size(const struct beats_feed *f, size_t more, struct err *err)
{
    size_t have = f->open == NULL ? 0 : f->open->bytes;

    if (have + more <= f->window_max)
        return 0;
    return err_set(err, ERR_WINDOW_TOO_LARGE,
                   "window of more than %zu bytes exceeds %zu, an eighth of memory.limit",
                   have + more, f->window_max);
}

/* Whole frames from the loop's buffer become a part. The last ones need no room for more. */
static int
store_frames(struct beats_feed *f, struct slice frames, bool last, struct err *err)
{
    char *to;

    if (frames.n == 0)
        return 0;
    open_window(f);
    if (room(f) < frames.n) {
        if (check_size(f, frames.n, err) < 0)
            return -1;
        f->block = window_block(f->open, last ? frames.n : larger(frames.n, f->block_size));
        f->block_size = smaller(f->block_size * 2, BLOCK_MOST);
    }
    to = f->block->data + f->block->n;
    memcpy(to, frames.p, frames.n);
    f->block->n += frames.n;
    window_part(f->open, (struct slice){ to, frames.n });
    return 0;
}

/* Moves the partial frame to a block where it has room for n more bytes. */
static int
grow_tail(struct beats_feed *f, size_t n, struct err *err)
{
    size_t wanted = lj_wanted(f->framer);
    size_t trusted = smaller(wanted, larger(TRUSTED, 2 * f->tail));
    size_t cap = larger(f->tail + n, larger(trusted, wanted == 0 ? BLOCK_FIRST : 0));
    struct window_block *old = f->block;

    if (check_size(f, cap, err) < 0)
        return -1;
    open_window(f);
    f->block = window_block(f->open, cap);
    if (f->tail > 0) {
        memcpy(f->block->data, old->data + old->n - f->tail, f->tail);
        f->block->n = f->tail;
        old->n -= f->tail;
        if (old->n == 0)
            window_block_drop(f->open, old);
    }
    return 0;
}

static int
store_tail(struct beats_feed *f, struct slice bytes, struct err *err)
{
    if (bytes.n == 0)
        return 0;
    if (room(f) < bytes.n && grow_tail(f, bytes.n, err) < 0)
        return -1;
    memcpy(f->block->data + f->block->n, bytes.p, bytes.n);
    f->block->n += bytes.n;
    f->tail += bytes.n;
    return 0;
}

/* ---- parsing ---- */

/* After a C frame stage 1 does not know what is missing: only a W may follow at once. */
static bool
must_hold(const struct beats_feed *f, struct slice front)
{
    return lj_left(f->framer) == LJ_UNKNOWN && front.n >= 2 && front.p[1] != 'W';
}

static void
append_held(struct beats_feed *f, struct slice more)
{
    size_t before = f->held.cap;

    buf_append(&f->held, more);
    budget_charge(f->share, BUDGET_WINDOW, f->held.cap - before);
}

static enum feed_status
hold(struct beats_feed *f, struct slice *in)
{
    f->holding = true;
    if (f->again) { /* *in is their rest, and no frame is cut before its end */
        ASSERT(f->tail == 0);
        f->held_from = f->held.n - in->n;
        f->again = false;
        in->p += in->n;
        in->n = 0;
        return FEED_HELD;
    }
    if (f->tail > 0) {
        append_held(f, (struct slice){ f->block->data + f->block->n - f->tail, f->tail });
        f->tail = 0;
        window_free(&f->open);
        f->block = NULL;
    }
    append_held(f, *in);
    in->p += in->n;
    in->n = 0;
    return FEED_HELD;
}

static enum feed_status
complete(struct beats_feed *f, const struct lj_frame *frame, struct window **out, char *version)
{
    bool compressed = f->compressed;

    *version = lj_version(f->framer);
    f->left = 0;
    f->compressed = false;
    if (frame->type == 'W') {
        window_free(&f->open);
        f->block = NULL;
        return FEED_EMPTY;
    }
    f->open->whole = !compressed;
    *out = f->open;
    f->open = NULL;
    f->block = NULL;
    return FEED_WINDOW;
}

/* Straight from the loop's buffer, until a window ends or a frame is cut. */
static enum feed_status
feed_direct(struct beats_feed *f, struct slice *in, struct window **out, char *version,
            struct err *err)
{
    const char *from = in->p;
    struct lj_frame frame;

    while (in->n > 0) {
        if (must_hold(f, *in))
            return hold(f, in);
        switch (lj_next(f->framer, in, &frame, err)) {
        case LJ_BAD: return FEED_BAD;
        case LJ_NEED_MORE:
            if (store_frames(f, slice_between(from, in->p), false, err) < 0 ||
                store_tail(f, *in, err) < 0)
                return FEED_BAD;
            in->p += in->n;
            in->n = 0;
            return FEED_MORE;
        case LJ_FRAME: f->compressed = f->compressed || frame.type == 'C'; break;
        case LJ_WINDOW:
            f->compressed = f->compressed || frame.type == 'C';
            if (frame.type != 'W' && store_frames(f, slice_between(from, in->p), true, err) < 0)
                return FEED_BAD;
            return complete(f, &frame, out, version);
        }
    }
    return store_frames(f, slice_between(from, in->p), false, err) < 0 ? FEED_BAD : FEED_MORE;
}

/* What the cut frame still needs, as far as it is known. */
static size_t
missing(const struct beats_feed *f)
{
    size_t wanted = lj_wanted(f->framer);

    if (wanted > f->tail)
        return wanted - f->tail;
    return f->tail < FRAME_HEAD ? FRAME_HEAD - f->tail : FRAME_HEAD;
}

/* One frame is cut: completes it from *in, byte for byte what it needs. */
static enum feed_status
feed_tail(struct beats_feed *f, struct slice *in, struct window **out, char *version,
          struct err *err)
{
    struct lj_frame frame;
    struct slice more, front;
    enum lj_status got;

    slice_take(in, smaller(missing(f), in->n), &more);
    if (store_tail(f, more, err) < 0)
        return FEED_BAD;
    front = (struct slice){ f->block->data + f->block->n - f->tail, f->tail };
    if (must_hold(f, front))
        return hold(f, in);
    got = lj_next(f->framer, &front, &frame, err);
    if (got == LJ_BAD)
        return FEED_BAD;
    if (got == LJ_NEED_MORE)
        return FEED_MORE;
    /* What was taken too much goes back: it came from *in just now. */
    in->p -= front.n;
    in->n += front.n;
    f->block->n -= front.n;
    f->tail -= front.n;
    window_part(f->open, (struct slice){ f->block->data + f->block->n - f->tail, f->tail });
    f->tail = 0;
    f->compressed = f->compressed || frame.type == 'C';
    return got == LJ_WINDOW ? complete(f, &frame, out, version) : FEED_MORE;
}

enum feed_status
feed_bytes(struct beats_feed *f, struct slice *in, struct window **out, char *version,
           struct err *err)
{
    enum feed_status got = FEED_MORE;

    if (f->holding) {
        append_held(f, *in);
        in->n = 0;
        return FEED_HELD;
    }
    while (in->n > 0 && got == FEED_MORE)
        got = f->tail > 0 ? feed_tail(f, in, out, version, err)
                          : feed_direct(f, in, out, version, err);
    if (f->again && (got == FEED_MORE || got == FEED_BAD))
        drop_held(f);
    return got;
}

bool
feed_answer(struct beats_feed *f, char version, uint32_t left, struct slice *held)
{
    if (lj_left(f->framer) == LJ_UNKNOWN) {
        lj_reopen(f->framer, version, left);
        f->left = left;
        if (f->open != NULL) /* the first byte of the next frame came before the answer */
            f->open->left = left;
    }
    if (!f->holding)
        return false;
    f->holding = false;
    f->again = true;
    *held = (struct slice){ f->held.p + f->held_from, f->held.n - f->held_from };
    return true;
}

bool
feed_has_next(const struct beats_feed *f)
{
    return lj_left(f->framer) != LJ_UNKNOWN;
}

bool
feed_is_open(const struct beats_feed *f)
{
    uint32_t left = lj_left(f->framer);

    return f->open != NULL || (left > 0 && left != LJ_UNKNOWN);
}

size_t
feed_open_bytes(const struct beats_feed *f)
{
    return f->open == NULL ? 0 : f->open->bytes;
}

enum err_code
feed_at_eof(const struct beats_feed *f)
{
    struct slice tail = { NULL, 0 };

    if (f->holding)
        return ERR_EOF_MID_WINDOW;
    if (f->tail > 0)
        tail = (struct slice){ f->block->data + f->block->n - f->tail, f->tail };
    return lj_at_eof(f->framer, tail);
}
