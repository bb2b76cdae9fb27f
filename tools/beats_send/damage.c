/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/beats_send/damage.h"

#define GARBAGE 40

static void
flip_bits(struct rng *rng, struct buf *b)
{
    for (uint64_t left = 1 + rng_below(rng, 8); left > 0; left--) {
        char *at = b->p + rng_below(rng, b->n);

        *at = (char)(*at ^ (1 << rng_below(rng, 8)));
    }
}

static void
put_garbage(struct rng *rng, struct slice window, struct buf *out)
{
    size_t at = (size_t)rng_below(rng, window.n);

    buf_append(out, (struct slice){ window.p, at });
    for (unsigned i = 0; i < GARBAGE; i++)
        buf_byte(out, (char)rng_next(rng));
    buf_append(out, (struct slice){ window.p + at, window.n - at });
}

/* The count of the W frame, or the length of the frame behind it. */
static void
lie(struct rng *rng, struct buf *b)
{
    bool count = b->n < 16 || rng_below(rng, 2);
    size_t at = count ? 2 : b->p[7] == 'C' ? 8 : 12;

    b->p[at + rng_below(rng, 4)] = (char)(1 + rng_below(rng, 255));
}

void
damage_window(enum damage how, struct rng *rng, struct slice window, struct buf *out)
{
    buf_clear(out);
    if (how == DAMAGE_GARBAGE) {
        put_garbage(rng, window, out);
        return;
    }
    buf_append(out, window);
    switch (how) {
    case DAMAGE_BITS: flip_bits(rng, out); break;
    case DAMAGE_TRUNCATE: out->n = (size_t)rng_below(rng, window.n); break;
    case DAMAGE_LENGTH: lie(rng, out); break;
    case DAMAGE_GARBAGE:
    case DAMAGE_NONE: break;
    }
}
