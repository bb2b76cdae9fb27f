/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/lj_frame.h"

#include <inttypes.h>
#include <stdlib.h>

#define HEAD       2  /* version, type */
#define SHORT_HEAD 6  /* and a number: W, C */
#define LONG_HEAD  10 /* and two: J, D */

const struct lj_limits lj_default_limits = {
    .window_events = 100000,
    .json_bytes = 64u << 20,
    .compressed_bytes = 64u << 20,
    .decompressed_bytes = 256u << 20,
    .pairs = 65536,
    .key_bytes = 65536,
    .value_bytes = 64u << 20,
    .json_depth = 1000,
};

/* What is known of the frame at the front; zero between frames. */
struct begun {
    size_t wanted;       /* bytes it needs in all, as far as is known */
    size_t walked;       /* D: bytes up to the text under way */
    uint32_t texts_left; /* D: keys and values */
};

struct lj_framer {
    const struct lj_limits *limits;
    struct begun begun;
    uint32_t events; /* of the window, as announced or as far as known */
    uint32_t left;   /* of it, or LJ_UNKNOWN */
    char version;    /* of its W */
    bool inside_c;
};

typedef enum lj_status take_fn(struct lj_framer *f, struct slice in, struct lj_frame *out,
                               struct err *err);

struct lj_framer *
lj_new(const struct lj_limits *limits)
{
    struct lj_framer *f = xcalloc(1, sizeof *f);

    f->limits = limits;
    f->version = '2';
    return f;
}

void
lj_free(struct lj_framer **f)
{
    free(*f);
    *f = NULL;
}

static uint32_t
be32_at(struct slice in, size_t at)
{
    struct slice s = { in.p + at, in.n - at };
    uint32_t n = 0;

    slice_take_be32(&s, &n);
    return n;
}

/* Whether the frame has its first n bytes; if not, it is known to need them. */
static bool
has(struct lj_framer *f, struct slice in, size_t n)
{
    if (f->begun.wanted < n)
        f->begun.wanted = n;
    return in.n >= n;
}

static enum lj_status
take_window(struct lj_framer *f, struct slice in, struct lj_frame *out, struct err *err)
{
    if (f->left > 0 && f->left != LJ_UNKNOWN)
        return err_set(err, ERR_WINDOW_NOT_COMPLETE,
                       "W frame in an open window: %" PRIu32 " of %" PRIu32 " events received",
                       f->events - f->left, f->events);
    if (!has(f, in, SHORT_HEAD))
        return LJ_NEED_MORE;
    out->seq = be32_at(in, 2);
    if (out->seq > f->limits->window_events || out->seq == LJ_UNKNOWN)
        return err_set(err, ERR_WINDOW_TOO_LARGE,
                       "window of %" PRIu32 " events exceeds limit %" PRIu32, out->seq,
                       f->limits->window_events);
    f->version = out->version;
    f->events = f->left = out->seq;
    return out->seq == 0 ? LJ_WINDOW : LJ_FRAME;
}

/* Behind a C frame nobody here knows how many events are missing, so more of them are fine. */
static bool
may_take_event(const struct lj_framer *f, const struct lj_frame *frame, struct err *err)
{
    if (f->left > 0)
        return true;
    err_set(err, ERR_DATA_BEFORE_WINDOW, "%c frame without a window", frame->type);
    return false;
}

static enum lj_status
count_event(struct lj_framer *f)
{
    if (f->left == LJ_UNKNOWN)
        return LJ_FRAME;
    return --f->left == 0 ? LJ_WINDOW : LJ_FRAME;
}

static enum lj_status
take_json(struct lj_framer *f, struct slice in, struct lj_frame *out, struct err *err)
{
    uint32_t len;

    if (!may_take_event(f, out, err))
        return LJ_BAD;
    if (!has(f, in, LONG_HEAD))
        return LJ_NEED_MORE;
    out->seq = be32_at(in, 2);
    len = be32_at(in, 6);
    if (len == 0)
        return err_set(err, ERR_INVALID_LENGTH, "J frame without payload");
    if (len > f->limits->json_bytes)
        return err_set(err, ERR_FRAME_TOO_LARGE,
                       "J frame of %" PRIu32 " bytes exceeds limit %" PRIu32, len,
                       f->limits->json_bytes);
    if (!has(f, in, LONG_HEAD + (size_t)len))
        return LJ_NEED_MORE;
    out->payload = (struct slice){ in.p + LONG_HEAD, len };
    return count_event(f);
}

/* Texts that were whole before are not looked at again: a sender of single bytes costs no more than
 * one of whole frames. */
static enum lj_status
walk_texts(struct lj_framer *f, struct slice in, struct err *err)
{
    struct begun *b = &f->begun;

    while (b->texts_left > 0) {
        bool key = b->texts_left % 2 == 0;
        uint32_t limit = key ? f->limits->key_bytes : f->limits->value_bytes, len;

        if (!has(f, in, b->walked + 4))
            return LJ_NEED_MORE;
        len = be32_at(in, b->walked);
        if (len > limit)
            return err_set(err, ERR_FRAME_TOO_LARGE,
                           "%s of %" PRIu32 " bytes exceeds limit %" PRIu32, key ? "key" : "value",
                           len, limit);
        /* Each text still to come has its length, at least. */
        if (!has(f, in, b->walked + 4 + len + 4 * ((size_t)b->texts_left - 1)) &&
            in.n < b->walked + 4 + len)
            return LJ_NEED_MORE;
        b->walked += 4 + (size_t)len;
        b->texts_left--;
    }
    return LJ_FRAME;
}

static enum lj_status
take_data(struct lj_framer *f, struct slice in, struct lj_frame *out, struct err *err)
{
    enum lj_status status;

    if (!may_take_event(f, out, err))
        return LJ_BAD;
    if (!has(f, in, LONG_HEAD))
        return LJ_NEED_MORE;
    out->seq = be32_at(in, 2);
    out->pairs = be32_at(in, 6);
    if (f->begun.walked == 0) {
        if (out->pairs == 0)
            return err_set(err, ERR_INVALID_PAIR_COUNT, "D frame without pairs");
        if (out->pairs > f->limits->pairs)
            return err_set(err, ERR_TOO_MANY_PAIRS,
                           "D frame of %" PRIu32 " pairs exceeds limit %" PRIu32, out->pairs,
                           f->limits->pairs);
        f->begun.walked = LONG_HEAD;
        f->begun.texts_left = out->pairs * 2;
    }
    status = walk_texts(f, in, err);
    if (status != LJ_FRAME)
        return status;
    out->payload = (struct slice){ in.p + LONG_HEAD, f->begun.walked - LONG_HEAD };
    return count_event(f);
}

/* Whether the payload is zlib at all is the worker's question. */
static enum lj_status
take_compressed(struct lj_framer *f, struct slice in, struct lj_frame *out, struct err *err)
{
    uint32_t len;

    if (f->inside_c)
        return err_set(err, ERR_NESTED_COMPRESSED, "C frame inside a C frame");
    if (!has(f, in, SHORT_HEAD))
        return LJ_NEED_MORE;
    len = be32_at(in, 2);
    if (len == 0)
        return err_set(err, ERR_BAD_ZLIB, "C frame without payload");
    if (len > f->limits->compressed_bytes)
        return err_set(err, ERR_FRAME_TOO_LARGE,
                       "C frame of %" PRIu32 " bytes exceeds limit %" PRIu32, len,
                       f->limits->compressed_bytes);
    if (!has(f, in, SHORT_HEAD + (size_t)len))
        return LJ_NEED_MORE;
    out->payload = (struct slice){ in.p + SHORT_HEAD, len };
    f->left = LJ_UNKNOWN;
    return LJ_WINDOW;
}

static take_fn *
taker_of(char type)
{
    switch (type) {
    case 'W': return take_window;
    case 'J': return take_json;
    case 'D': return take_data;
    case 'C': return take_compressed;
    default: return NULL;
    }
}

enum lj_status
lj_next(struct lj_framer *f, struct slice *in, struct lj_frame *out, struct err *err)
{
    enum lj_status status;
    take_fn *take;

    /* A D frame is looked at whenever one of its texts may be whole: they have limits each. */
    if (in->n == 0 || (in->n < f->begun.wanted && f->begun.texts_left == 0))
        return LJ_NEED_MORE;
    *out = (struct lj_frame){ .version = in->p[0] };
    if (out->version != '1' && out->version != '2')
        return err_set(err, ERR_BAD_VERSION, "unknown version byte 0x%02x",
                       (unsigned char)out->version);
    if (!has(f, *in, HEAD))
        return LJ_NEED_MORE;
    out->type = in->p[1];
    take = taker_of(out->type);
    if (take == NULL)
        return err_set(err, ERR_BAD_FRAME_TYPE, "unknown frame type 0x%02x",
                       (unsigned char)out->type);
    status = take(f, *in, out, err);
    if (status > LJ_NEED_MORE) {
        size_t whole = f->begun.walked > 0 ? f->begun.walked : f->begun.wanted;

        *in = (struct slice){ in->p + whole, in->n - whole };
        f->begun = (struct begun){ 0 };
    }
    return status;
}

size_t
lj_wanted(const struct lj_framer *f)
{
    return f->begun.wanted;
}

uint32_t
lj_left(const struct lj_framer *f)
{
    return f->left;
}

char
lj_version(const struct lj_framer *f)
{
    return f->version;
}

void
lj_reopen(struct lj_framer *f, char version, uint32_t left)
{
    f->begun = (struct begun){ 0 };
    f->version = version;
    f->left = f->events = left;
}

void
lj_enter_c(struct lj_framer *f)
{
    f->inside_c = true;
}

void
lj_leave_c(struct lj_framer *f)
{
    f->inside_c = false;
}

enum err_code
lj_at_eof(const struct lj_framer *f, struct slice unread)
{
    if (unread.n > 0)
        return ERR_EOF_MID_FRAME;
    return f->left > 0 && f->left != LJ_UNKNOWN ? ERR_EOF_MID_WINDOW : ERR_NONE;
}
