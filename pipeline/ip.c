/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

bool
ip_parse(struct slice text, struct ip *out)
{
    char cstr[IP_TEXT];

    if (text.n == 0 || text.n >= sizeof cstr || memchr(text.p, '\0', text.n) != NULL)
        return false;
    memcpy(cstr, text.p, text.n);
    cstr[text.n] = '\0';
    *out = (struct ip){ .v6 = memchr(text.p, ':', text.n) != NULL };
    return inet_pton(out->v6 ? AF_INET6 : AF_INET, cstr, out->at) == 1;
}

static unsigned
bits_of(const struct ip *address)
{
    return address->v6 ? 128 : 32;
}

/* A dotted mask as a prefix: ones, then zeros. */
static bool
mask_prefix(const struct ip *mask, unsigned *out)
{
    unsigned n = bits_of(mask), ones = 0;

    while (ones < n && mask->at[ones / 8] >> (7 - ones % 8) & 1)
        ones++;
    for (unsigned i = ones; i < n; i++)
        if (mask->at[i / 8] >> (7 - i % 8) & 1)
            return false;
    *out = ones;
    return true;
}

bool
ip_range_parse(struct slice text, struct ip_range *out)
{
    size_t slash = slice_find_byte(text, '/', 0);
    struct slice behind;
    struct ip address, mask;
    unsigned prefix;
    int64_t n;

    if (!ip_parse((struct slice){ text.p, slash == SIZE_MAX ? text.n : slash }, &address))
        return false;
    prefix = bits_of(&address);
    if (slash != SIZE_MAX) {
        behind = slice_between(text.p + slash + 1, text.p + text.n);
        if (behind.n > 0 && behind.p[0] >= '0' && behind.p[0] <= '9' &&
            slice_to_int64(behind, &n)) {
            if (n > (int64_t)prefix)
                return false;
            prefix = (unsigned)n;
        } else if (!ip_parse(behind, &mask) || mask.v6 != address.v6 ||
                   !mask_prefix(&mask, &prefix)) {
            return false;
        }
    }
    *out = ip_range_of(&address, prefix);
    return true;
}

struct ip_range
ip_range_of(const struct ip *address, unsigned prefix)
{
    struct ip_range range = { *address, *address };

    for (unsigned i = prefix; i < bits_of(address); i++) {
        uint8_t bit = (uint8_t)(0x80 >> i % 8);

        range.from.at[i / 8] &= (uint8_t)~bit;
        range.to.at[i / 8] |= bit;
    }
    return range;
}

static int
compare(const struct ip *x, const struct ip *y)
{
    if (x->v6 != y->v6)
        return x->v6 ? 1 : -1;
    return memcmp(x->at, y->at, sizeof x->at);
}

bool
ip_range_has(const struct ip_range *outer, const struct ip_range *inner)
{
    return outer->from.v6 == inner->from.v6 && compare(&outer->from, &inner->from) <= 0 &&
           compare(&outer->to, &inner->to) >= 0;
}

size_t
ip_print(const struct ip *address, char out[IP_TEXT])
{
    size_t n = 0;

    if (!address->v6)
        return (size_t)snprintf(out, IP_TEXT, "%u.%u.%u.%u", address->at[0], address->at[1],
                                address->at[2], address->at[3]);
    for (unsigned i = 0; i < 16; i += 2)
        n += (size_t)snprintf(out + n, IP_TEXT - n, "%s%x", i > 0 ? ":" : "",
                              (unsigned)address->at[i] << 8 | address->at[i + 1]);
    return n;
}

/* ---- sets ---- */

void
ip_set_add(struct ip_set *set, const struct ip_range *range)
{
    if (set->n == set->cap) {
        set->cap = set->cap == 0 ? 8 : set->cap * 2;
        set->at = xrealloc(set->at, set->cap * sizeof set->at[0]);
    }
    set->at[set->n++] = *range;
}

/* By where they begin, of those the longest first. */
static int
by_start(const void *x, const void *y)
{
    const struct ip_range *a = x, *b = y;
    int c = compare(&a->from, &b->from);

    return c != 0 ? c : -compare(&a->to, &b->to);
}

/* Networks lie inside each other or apart: what is inside another one goes. */
void
ip_set_finish(struct ip_set *set)
{
    size_t kept = 0;

    if (set->n == 0)
        return;
    qsort(set->at, set->n, sizeof set->at[0], by_start);
    for (size_t i = 0; i < set->n; i++)
        if (kept == 0 || !ip_range_has(&set->at[kept - 1], &set->at[i]))
            set->at[kept++] = set->at[i];
    set->n = kept;
}

bool
ip_set_has(const struct ip_set *set, const struct ip_range *range)
{
    size_t low = 0, high = set->n; /* the first that begins behind range */

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (compare(&set->at[mid].from, &range->from) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && ip_range_has(&set->at[low - 1], range);
}

void
ip_set_fini(struct ip_set *set)
{
    free(set->at);
    *set = (struct ip_set){ 0 };
}
