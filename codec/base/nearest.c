/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/nearest.h"

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One row of the usual table, turned into the next in place. */
size_t
nearest_distance(struct slice a, struct slice b)
{
    size_t row[NEAREST_MAX + 1];

    a.n = least(a.n, NEAREST_MAX);
    b.n = least(b.n, NEAREST_MAX);
    for (size_t k = 0; k <= b.n; k++)
        row[k] = k;
    for (size_t i = 0; i < a.n; i++) {
        size_t corner = row[0];

        row[0] = i + 1;
        for (size_t k = 0; k < b.n; k++) {
            size_t change = corner + (lower(a.p[i]) != lower(b.p[k]));

            corner = row[k + 1];
            row[k + 1] = least(change, least(row[k], corner) + 1);
        }
    }
    return row[b.n];
}

const char *
nearest_name(struct slice unknown, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = least(unknown.n, NEAREST_MAX) / 3 + 1;

    for (size_t i = 0; i < n; i++) {
        size_t d = nearest_distance(unknown, slice_of(names[i]));

        if (d < best_distance) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}
