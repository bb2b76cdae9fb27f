/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/window.h"

#include "codec/base/arena.h"
#include "codec/base/error.h"

#include <stdlib.h>

#define PARTS_FIRST 2
/* Heads of malloc's pieces, and the holes between them: 640 bytes in all were in use for each
 * window of one event that waited. */
#define HEAP_BYTES 128
/* What is charged beside the bytes: most of it when windows are of one event. */
#define WINDOW_BYTES (sizeof(struct window) + PARTS_FIRST * sizeof(struct slice) + HEAP_BYTES)
#define BLOCK_BYTES  (sizeof(struct window_block) + ARENA_PAD + 16)

struct window *
window_new(struct budget_share *share)
{
    struct window *w = xcalloc(1, sizeof *w);

    w->share = share;
    budget_charge(share, BUDGET_WINDOW, WINDOW_BYTES);
    return w;
}

static void
free_block(struct window *w, struct window_block *b)
{
    w->bytes -= b->cap;
    budget_release(w->share, BUDGET_WINDOW, b->cap + BLOCK_BYTES);
    free(b);
}

void
window_drop_blocks(struct window *w)
{
    while (w->blocks != NULL) {
        struct window_block *b = w->blocks;

        w->blocks = b->next;
        free_block(w, b);
    }
    w->parts_n = 0;
}

void
window_free(struct window **w)
{
    struct window *gone = *w;

    if (gone == NULL)
        return;
    window_drop_blocks(gone);
    budget_release(gone->share, BUDGET_WINDOW, WINDOW_BYTES);
    budget_release(gone->share, BUDGET_BATCH, gone->room);
    budget_release(gone->share, BUDGET_VIEW, gone->view_room);
    if (gone->peer_drop != NULL)
        gone->peer_drop(gone->peer);
    free(gone->parts);
    free(gone);
    *w = NULL;
}

/* With readable bytes behind it: events of plain frames are scanned where they lie. */
struct window_block *
window_block(struct window *w, size_t n)
{
    struct window_block *b = xmalloc(sizeof *b + n + ARENA_PAD);
    struct window_block **last = &w->blocks;

    memset(b->data + n, 0, ARENA_PAD);
    b->next = NULL;
    b->n = 0;
    b->cap = n;
    while (*last != NULL)
        last = &(*last)->next;
    *last = b;
    w->bytes += n;
    budget_charge(w->share, BUDGET_WINDOW, n + BLOCK_BYTES);
    return b;
}

void
window_block_drop(struct window *w, struct window_block *b)
{
    struct window_block **at = &w->blocks;

    while (*at != b) {
        ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = b->next;
    free_block(w, b);
}

void
window_part(struct window *w, struct slice frames)
{
    if (w->parts_n > 0) {
        struct slice *last = &w->parts[w->parts_n - 1];

        if (last->p + last->n == frames.p) {
            last->n += frames.n;
            return;
        }
    }
    if (w->parts_n == w->parts_cap) {
        w->parts_cap = w->parts_cap == 0 ? PARTS_FIRST : w->parts_cap * 2;
        w->parts = xrealloc(w->parts, w->parts_cap * sizeof w->parts[0]);
    }
    w->parts[w->parts_n++] = frames;
}
