/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/arena.h"

#include "codec/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ALIGN  16
#define SMALL  ((size_t)4 << 10)
#define MIDDLE ((size_t)64 << 10)
#define LARGE  ((size_t)256 << 10)
/* More than this many free chunks of one size go back to the system at once. */
#define FREE_MOST 32
/* A block up to this size is kept by its thread for the next one: touching fresh pages costs more
 * than inflating into them. */
#define BLOCK_KEEP ((size_t)16 << 20)

struct arena_chunk {
    struct arena_chunk *next;
    size_t bytes; /* of the mapping or malloc, this header included */
    bool block;
    _Alignas(ALIGN) char data[];
};

/* Small ones are kept too: between what views have from malloc they would leave holes. */
static const size_t sizes[] = { SMALL, MIDDLE, LARGE };

static _Thread_local struct {
    struct arena_chunk *free[COUNT(sizes)];
    unsigned free_n[COUNT(sizes)];
    struct arena_chunk *block;  /* the last block */
    struct budget_share *share; /* charged for both */
} cache;

#ifdef ARENA_MALLOC
static const bool each_its_own = true;
#else
static const bool each_its_own = false;
#endif

static size_t
round_up(size_t n, size_t to)
{
    ASSERT(n <= SIZE_MAX - to);
    return (n + to - 1) / to * to;
}

/* Large ones are mappings of their own, so that freeing them returns the pages for sure. */
static struct arena_chunk *
chunk_new(size_t bytes)
{
    struct arena_chunk *c;

    if (bytes < MIDDLE || each_its_own) {
        c = xmalloc(bytes);
    } else {
        c = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (c == MAP_FAILED) {
            fprintf(stderr, "headrig: out of memory, %zu bytes wanted\n", bytes);
            abort();
        }
    }
    c->bytes = bytes;
    c->block = false;
    c->next = NULL;
    return c;
}

static void
chunk_free(struct arena_chunk *c)
{
    if (c->bytes < MIDDLE || each_its_own)
        free(c);
    else
        munmap(c, c->bytes);
}

static void
drop_cached_block(void)
{
    struct arena_chunk *c = cache.block;

    if (c == NULL)
        return;
    cache.block = NULL;
    budget_release(cache.share, BUDGET_IDLE, c->bytes);
    chunk_free(c);
}

/* COUNT(sizes): none of them. */
static size_t
size_index(size_t bytes)
{
    size_t i = 0;

    while (i < COUNT(sizes) && sizes[i] != bytes)
        i++;
    return i;
}

static struct arena_chunk *
cache_take(size_t i)
{
    struct arena_chunk *c = i < COUNT(sizes) ? cache.free[i] : NULL;

    if (c == NULL)
        return NULL;
    cache.free[i] = c->next;
    cache.free_n[i]--;
    budget_release(cache.share, BUDGET_IDLE, c->bytes);
    return c;
}

static struct arena_chunk *
cache_take_block(size_t bytes)
{
    struct arena_chunk *c = cache.block;

    if (c == NULL || c->bytes < bytes)
        return NULL;
    cache.block = NULL;
    budget_release(cache.share, BUDGET_IDLE, c->bytes);
    return c;
}

/* Keeps a chunk for the thread's next arena; false: the caller frees it. */
static bool
cache_put(struct arena_chunk *c)
{
    if (each_its_own)
        return false;
    if (c->block) {
        if (c->bytes > BLOCK_KEEP || (cache.block != NULL && cache.block->bytes >= c->bytes))
            return false;
        drop_cached_block(); /* the larger one serves more windows */
        cache.block = c;
    } else {
        size_t i = size_index(c->bytes);

        if (i == COUNT(sizes) || cache.free_n[i] >= FREE_MOST)
            return false;
        c->next = cache.free[i];
        cache.free[i] = c;
        cache.free_n[i]++;
    }
    budget_charge(cache.share, BUDGET_IDLE, c->bytes);
    return true;
}

void
arena_thread_trim(void)
{
    struct arena_chunk *c;

    for (size_t i = 0; i < COUNT(sizes); i++)
        while ((c = cache_take(i)) != NULL)
            chunk_free(c);
    drop_cached_block();
}

void
arena_thread_charge(struct budget_share *share)
{
    arena_thread_trim();
    cache.share = share;
}

void
arena_init(struct arena *a, struct budget_share *share)
{
    *a = (struct arena){ .share = share };
}

void
arena_fini(struct arena *a)
{
    budget_release(a->share, BUDGET_BATCH, a->bytes);
    for (struct arena_chunk *c = a->chunks, *next; c != NULL; c = next) {
        next = c->next;
        if (!cache_put(c))
            chunk_free(c);
    }
    arena_init(a, a->share);
}

static void
own(struct arena *a, struct arena_chunk *c)
{
    c->next = a->chunks;
    a->chunks = c;
    a->bytes += c->bytes;
    budget_charge(a->share, BUDGET_BATCH, c->bytes);
}

/* A chunk that has room for n bytes becomes the one that is cut from. */
static void
grow(struct arena *a, size_t n)
{
    size_t header = sizeof(struct arena_chunk);
    size_t want = a->bytes == 0 ? SMALL : a->bytes < MIDDLE ? MIDDLE : LARGE;
    struct arena_chunk *c;

    ASSERT(n <= SIZE_MAX / 2);
    if (each_its_own)
        want = n + header;
    else if (want < n + header)
        want = n + header <= LARGE ? LARGE : round_up(n + header, SMALL);
    c = cache_take(size_index(want));
    if (c == NULL)
        c = chunk_new(want);
    own(a, c);
    a->at = c->data;
    a->end = (char *)c + c->bytes;
}

void *
arena_alloc(struct arena *a, size_t bytes)
{
    char *p = (char *)(((uintptr_t)a->at + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));

    if (a->at == NULL || each_its_own || p > a->end || (size_t)(a->end - p) < bytes) {
        grow(a, bytes);
        p = a->at;
    }
    a->at = p + bytes;
    return p;
}

void *
arena_calloc(struct arena *a, size_t count, size_t bytes)
{
    void *p;

    ASSERT(bytes == 0 || count <= SIZE_MAX / 2 / bytes);
    p = arena_alloc(a, count * bytes);
    if (count * bytes > 0)
        memset(p, 0, count * bytes);
    return p;
}

char *
arena_bytes(struct arena *a, size_t bytes)
{
    char *p = a->at;

    if (p == NULL || each_its_own || (size_t)(a->end - p) < bytes) {
        grow(a, bytes);
        p = a->at;
    }
    a->at = p + bytes;
    return p;
}

void
arena_end(struct arena *a, char *end)
{
    if (!each_its_own)
        a->at = end;
}

struct slice
arena_copy(struct arena *a, struct slice s)
{
    char *p = arena_bytes(a, s.n);

    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return (struct slice){ p, s.n };
}

char *
arena_copy_padded(struct arena *a, struct slice s)
{
    char *p = arena_bytes(a, s.n + ARENA_PAD);

    if (s.n > 0)
        memcpy(p, s.p, s.n);
    memset(p + s.n, 0, ARENA_PAD);
    return p;
}

char *
arena_cstr(struct arena *a, struct slice s)
{
    char *p = arena_bytes(a, s.n + 1);

    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

struct slice
arena_printf(struct arena *a, const char *fmt, ...)
{
    char text[256], *p;
    va_list ap, again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ASSERT(n >= 0);
    p = arena_bytes(a, (size_t)n + 1);
    if ((size_t)n < sizeof text)
        memcpy(p, text, (size_t)n + 1);
    else
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (struct slice){ p, (size_t)n };
}

char *
arena_block(struct arena *a, size_t bytes)
{
    size_t want = sizeof(struct arena_chunk) + bytes + ARENA_PAD;
    struct arena_chunk *c;

    ASSERT(bytes <= SIZE_MAX / 2);
    c = cache_take_block(want);
    if (c == NULL)
        c = chunk_new(each_its_own ? want : round_up(want, want > LARGE ? LARGE : SMALL));
    c->block = true;
    /* Behind the newest chunk, so that the small allocations go on in it. */
    own(a, c);
    memset(c->data + bytes, 0, ARENA_PAD);
    return c->data;
}

void
arena_block_drop(struct arena *a, char *block)
{
    for (struct arena_chunk **at = &a->chunks; *at != NULL; at = &(*at)->next) {
        struct arena_chunk *c = *at;

        if (c->data != block)
            continue;
        *at = c->next;
        a->bytes -= c->bytes;
        budget_release(a->share, BUDGET_BATCH, c->bytes);
        if (!cache_put(c))
            chunk_free(c);
        return;
    }
    UNREACHABLE("no block of this arena");
}
