/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing byte buffer on the heap, for output that is built up: bodies, messages, texts.
 *
 * One owner; zero-initialised is empty. Slices of it die with the next append. */
#ifndef CODEC_BASE_BUF_H
#define CODEC_BASE_BUF_H

#include "codec/base/slice.h"

#include <stdarg.h>

struct buf {
    char *p;
    size_t n, cap;
};

void buf_fini(struct buf *b); /* frees; empty and usable afterwards */
/* Makes room for n more bytes and returns where they go; the caller adds to b->n what it wrote. */
char *buf_reserve(struct buf *b, size_t n);
void buf_trim(struct buf *b); /* gives back what it does not use, if that is worth it */
void buf_append(struct buf *b, struct slice s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_int(struct buf *b, int64_t n); /* decimal digits */
#define BUF_INT_TEXT 20
/* The same at the end of text. */
struct slice buf_int_text(int64_t n, char text[BUF_INT_TEXT]);
/* NUL behind the text, not counted in n. Returns b->p. */
const char *buf_cstr(struct buf *b);

static inline void
buf_byte(struct buf *b, char c)
{
    if (b->n == b->cap)
        buf_reserve(b, 1);
    b->p[b->n++] = c;
}

static inline struct slice
buf_slice(const struct buf *b)
{
    return (struct slice){ b->p, b->n };
}

static inline void
buf_clear(struct buf *b)
{
    b->n = 0;
}

#endif
