/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The value is N / D with whole N and D; scaled by a power of two so that the quotient has 64 bits,
 * then rounded to what a double holds there. Fixed arrays, no allocation; the longest text that
 * can decide a double's last bit has 768 digits, what is behind them only counts as "more". */
#include "codec/number_big.h"

#include "codec/base/error.h"

#include <math.h>

/* 10^(330 + 770) has 3,655 bits, and 64 more are needed for the quotient. */
#define LIMBS      120
#define BIG_DIGITS 769

struct big {
    uint32_t limb[LIMBS]; /* lowest first */
    int n;                /* the last one is not 0 */
};

static void
big_mul_add(struct big *b, uint32_t by, uint32_t add)
{
    uint64_t carry = add;

    for (int i = 0; i < b->n; i++) {
        carry += (uint64_t)b->limb[i] * by;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) {
        ASSERT(b->n < LIMBS);
        b->limb[b->n++] = (uint32_t)carry;
    }
}

static void
big_mul_pow10(struct big *b, int k)
{
    for (; k >= 9; k -= 9)
        big_mul_add(b, 1000000000, 0);
    for (; k > 0; k--)
        big_mul_add(b, 10, 0);
}

static int
big_bits(const struct big *b)
{
    return b->n * 32 - __builtin_clz(b->limb[b->n - 1]);
}

static void
big_shift(struct big *b, int bits)
{
    int limbs = bits / 32;

    ASSERT(b->n + limbs < LIMBS);
    memmove(b->limb + limbs, b->limb, (size_t)b->n * sizeof b->limb[0]);
    memset(b->limb, 0, (size_t)limbs * sizeof b->limb[0]);
    b->n += limbs;
    if (bits % 32 != 0)
        big_mul_add(b, UINT32_C(1) << bits % 32, 0);
}

static bool
big_less(const struct big *a, const struct big *b)
{
    if (a->n != b->n)
        return a->n < b->n;
    for (int i = a->n; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i];
    return false;
}

/* a -= b, which is not larger. */
static void
big_sub(struct big *a, const struct big *b)
{
    uint64_t borrow = 0;

    for (int i = 0; i < a->n; i++) {
        uint64_t take = (i < b->n ? b->limb[i] : 0) + borrow;

        borrow = a->limb[i] < take;
        a->limb[i] = (uint32_t)(a->limb[i] - take);
    }
    while (a->n > 0 && a->limb[a->n - 1] == 0)
        a->n--;
}

/* The first 64 bits of a / b, of which the caller made sure that b <= a < 2b; a keeps the rest. */
static uint64_t
big_quotient(struct big *a, const struct big *b)
{
    uint64_t q = 0;

    for (int i = 0; i < 64; i++) {
        q <<= 1;
        if (i > 0 && a->n > 0)
            big_mul_add(a, 2, 0);
        if (!big_less(a, b)) {
            big_sub(a, b);
            q |= 1;
        }
    }
    return q;
}

/* q * 2^e, q with its highest bit set, to the nearest double; sticky: the truth is a little more.
 * Only the last step may be inexact, and ldexp rounds no normal number. */
static double
round_off(uint64_t q, int e, bool sticky)
{
    int cut = e + 11 < -1074 ? -1074 - e : 11;
    uint64_t rest, half, whole;

    if (cut > 64)
        return 0;
    whole = cut == 64 ? 0 : q >> cut;
    half = UINT64_C(1) << (cut - 1);
    rest = cut == 64 ? q : q & ((half << 1) - 1);
    whole += rest > half || (rest == half && (sticky || (whole & 1) != 0));
    return ldexp((double)whole, e + cut);
}

/* Reads up to BIG_DIGITS significant digits; how many. */
static int
read_digits(struct slice s, struct big *out)
{
    int n = 0;
    bool more = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || (n == 0 && s.p[i] == '0'))
            continue;
        if (n < BIG_DIGITS) {
            big_mul_add(out, 10, (uint32_t)(s.p[i] - '0'));
            n++;
        } else {
            more = more || s.p[i] != '0';
        }
    }
    if (more) {
        big_mul_add(out, 10, 1);
        n++;
    }
    return n;
}

double
number_big_to_double(struct slice digits, int lead)
{
    struct big a = { .n = 0 }, b = { .limb = { 1 }, .n = 1 };
    int n = read_digits(digits, &a);
    int q = lead - (n - 1); /* the value is a * 10^q */
    int up;

    ASSERT(n > 0 && lead >= -330 && lead <= 310);
    if (q >= 0)
        big_mul_pow10(&a, q);
    else
        big_mul_pow10(&b, -q);
    up = big_bits(&b) - big_bits(&a); /* then both have as many bits */
    if (up > 0)
        big_shift(&a, up);
    else
        big_shift(&b, -up);
    if (big_less(&a, &b)) {
        big_shift(&a, 1);
        up++;
    }
    uint64_t bits = big_quotient(&a, &b);
    return round_off(bits, -up - 63, a.n > 0);
}
