/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/buf.h"

#include "codec/base/error.h"

#include <stdio.h>
#include <stdlib.h>

#define BUF_MIN    64
#define TRIM_LEAST 4096 /* bytes unused; less is not worth the call */

void
buf_fini(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ 0 };
}

char *
buf_reserve(struct buf *b, size_t n)
{
    if (b->cap - b->n < n) {
        size_t cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;

        ASSERT(n <= SIZE_MAX / 4 && b->n <= SIZE_MAX / 4);
        while (cap - b->n < n)
            cap += cap / 2 + BUF_MIN;
        b->p = xrealloc(b->p, cap);
        b->cap = cap;
    }
    return b->p + b->n;
}

void
buf_trim(struct buf *b)
{
    if (b->cap - b->n < b->n / 8 + TRIM_LEAST)
        return;
    b->p = xrealloc(b->p, b->n + 1);
    b->cap = b->n + 1;
}

void
buf_append(struct buf *b, struct slice s)
{
    if (s.n == 0)
        return;
    memcpy(buf_reserve(b, s.n), s.p, s.n);
    b->n += s.n;
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    size_t room;
    int n;

    va_copy(again, ap);
    buf_reserve(b, BUF_MIN);
    room = b->cap - b->n;
    n = vsnprintf(b->p + b->n, room, fmt, ap);
    ASSERT(n >= 0);
    if ((size_t)n >= room) {
        buf_reserve(b, (size_t)n + 1);
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    b->n += (size_t)n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

struct slice
buf_int_text(int64_t n, char text[BUF_INT_TEXT])
{
    size_t i = BUF_INT_TEXT;
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do {
        text[--i] = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    if (n < 0)
        text[--i] = '-';
    return (struct slice){ text + i, BUF_INT_TEXT - i };
}

void
buf_int(struct buf *b, int64_t n)
{
    char text[BUF_INT_TEXT];

    buf_append(b, buf_int_text(n, text));
}

const char *
buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return b->p;
}
