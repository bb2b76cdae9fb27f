/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes to the framer, whole and in pieces whose sizes the input chooses: same frames, same
 * error; payloads inside the input; what it wants is more than it has. */
#include "codec/lj_frame.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lj_limits limits = {
    .window_events = 1000,
    .json_bytes = 4096,
    .compressed_bytes = 4096,
    .decompressed_bytes = 65536,
    .pairs = 64,
    .key_bytes = 256,
    .value_bytes = 4096,
    .json_depth = 100,
};

struct seen {
    uint64_t hash; /* of all frames */
    unsigned frames;
    enum lj_status last;
    enum err_code code, eof;
    size_t unread;
};

static void
require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "lj_frame: %s\n", what);
    abort();
}

static void
note(struct seen *s, const struct lj_frame *f, const char *base)
{
    s->frames++;
    s->hash = (s->hash ^ (uint64_t)f->type ^ f->seq ^ f->pairs) * 1099511628211u;
    s->hash = (s->hash ^ f->payload.n) * 1099511628211u;
    if (f->payload.n > 0)
        s->hash = (s->hash ^ (uint64_t)(f->payload.p - base)) * 1099511628211u;
}

static struct seen
run(const char *p, size_t size, size_t step)
{
    struct lj_framer *f = lj_new(&limits);
    struct seen s = { .last = LJ_NEED_MORE };
    struct slice in = { p, 0 };
    size_t fed = 0;

    while (s.last != LJ_BAD && fed < size) {
        struct err err = { 0 };
        struct lj_frame frame;
        size_t n = size - fed < step ? size - fed : step;

        in.n += n;
        fed += n;
        while (in.n > 0 && (s.last = lj_next(f, &in, &frame, &err)) > LJ_NEED_MORE) {
            note(&s, &frame, p);
            require(in.p >= p && in.p + in.n == p + fed, "the cursor left the input");
            if (frame.type == 'C' && frame.seq % 2 == 0)
                lj_reopen(f, lj_version(f), frame.payload.n % 3 ? 1 : 0);
        }
        if (s.last == LJ_NEED_MORE && in.n > 0)
            require(lj_wanted(f) > in.n, "it has all it wants, and takes no frame");
        s.code = err.code;
    }
    s.eof = lj_at_eof(f, in);
    s.unread = in.n;
    lj_free(&f);
    return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole, bytes, pieces;
    const char *p = (const char *)data + 1;

    if (size < 2 || size > 1 << 16)
        return 0;
    whole = run(p, size - 1, size);
    bytes = run(p, size - 1, 1);
    pieces = run(p, size - 1, (size_t)data[0] + 2);
    require(whole.hash == bytes.hash && whole.hash == pieces.hash, "frames differ");
    require(whole.code == bytes.code && whole.code == pieces.code, "errors differ");
    if (whole.code == ERR_NONE)
        require(whole.unread == bytes.unread && whole.eof == bytes.eof && whole.eof == pieces.eof,
                "the ends differ");
    return 0;
}
