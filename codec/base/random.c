/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/random.h"

#include <sys/random.h>

int
rng_seed(struct rng *r, struct err *err)
{
    if (getrandom(r->state, sizeof r->state, 0) != (ssize_t)sizeof r->state)
        return err_errno(err, "getrandom");
    r->state[0] |= 1; /* all zero would stay zero */
    return 0;
}

/* xorshift128+ */
uint64_t
rng_next(struct rng *r)
{
    uint64_t x = r->state[0], y = r->state[1];

    r->state[0] = y;
    x ^= x << 23;
    r->state[1] = x ^ y ^ x >> 17 ^ y >> 26;
    return r->state[1] + y;
}

uint64_t
rng_below(struct rng *r, uint64_t limit)
{
    return (uint64_t)((unsigned __int128)rng_next(r) * limit >> 64);
}

void
uuid4_print(struct rng *r, char text[UUID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    uint64_t bits[2] = { rng_next(r), rng_next(r) };

    for (unsigned i = 0, digit = 0; i < UUID_TEXT; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            text[i] = '-';
            continue;
        }
        text[i] = hex[bits[digit / 16] >> 4 * (digit % 16) & 15];
        digit++;
    }
    text[14] = '4';
    text[19] = hex[8 | (bits[1] & 3)];
}
