/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arenas: bytes that live and die together, with a batch or a plan.
 *
 * One thread at a time. Chunks grow from 4 KB to 64 KB to 256 KB and come from a free list of the
 * thread; a large block has a mapping of its own. Nothing is freed alone, but a block may be given
 * back early. Chunks and blocks are charged to the share that the arena was made with. With
 * -Darena=malloc every allocation is its own malloc, so that sanitizers see each overrun. */
#ifndef CODEC_BASE_ARENA_H
#define CODEC_BASE_ARENA_H

#include "codec/base/budget.h"
#include "codec/base/slice.h"

/* Readable bytes that vector code wants behind the end of what it scans. */
#define ARENA_PAD 64

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first; blocks are among them */
    char *at, *end;             /* free part of the newest chunk */
    struct budget_share *share; /* NULL: not charged (plans, tests) */
    size_t bytes;               /* charged */
};

void arena_init(struct arena *a, struct budget_share *share);
void arena_fini(struct arena *a); /* everything goes; usable again */
/* Aligned for any type, not zeroed. Never NULL. */
void *arena_alloc(struct arena *a, size_t bytes);
void *arena_calloc(struct arena *a, size_t count, size_t bytes);
/* Unaligned bytes, for text. */
char *arena_bytes(struct arena *a, size_t bytes);
struct slice arena_copy(struct arena *a, struct slice s);
/* Of the last allocation what lies at and behind `end` is not needed. */
void arena_end(struct arena *a, char *end);
/* With ARENA_PAD zero bytes behind it, for vector code (json_scan). */
char *arena_copy_padded(struct arena *a, struct slice s);
/* NUL-terminated. */
char *arena_cstr(struct arena *a, struct slice s);
/* A NUL stands behind the text. */
struct slice arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A block of its own, with ARENA_PAD readable bytes behind it. */
char *arena_block(struct arena *a, size_t bytes);
void arena_block_drop(struct arena *a, char *block);

/* The calling thread's free chunks and cached block go back to the system; each thread that used
 * arenas calls it before it ends, and after an idle while. */
void arena_thread_trim(void);
/* Where the calling thread's free chunks are charged; NULL: nowhere. */
void arena_thread_charge(struct budget_share *share);

#endif
