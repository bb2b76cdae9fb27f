/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/arena.h"
#include "codec/window.h"
#include "tests/unit/unit.h"

static void
count_drop(void *peer)
{
    ++*(unsigned *)peer;
}

START_TEST(blocks_are_charged_until_they_go)
{
    struct budget budget;
    struct budget_share share;
    struct window *w;
    struct window_block *first, *second;
    unsigned dropped = 0;
    int64_t bare, one;

    budget_init(&budget, 1 << 20);
    budget_join(&budget, &share);
    w = window_new(&share);
    w->peer = &dropped;
    w->peer_drop = count_drop;
    bare = budget.parts[BUDGET_WINDOW]; /* what it costs beside its bytes */
    ck_assert_int_ge(bare, (int64_t)sizeof *w);
    first = window_block(w, 100);
    one = budget.parts[BUDGET_WINDOW];
    ck_assert_int_ge(one, bare + 100 + (int64_t)sizeof *first);
    second = window_block(w, 2000);
    ck_assert_uint_eq(first->cap, 100);
    ck_assert_ptr_eq(first->next, second);
    ck_assert_uint_eq(w->bytes, 2100);
    ck_assert_int_eq(budget.parts[BUDGET_WINDOW], 2 * one - bare + 1900);
    window_block_drop(w, second);
    ck_assert_int_eq(budget.parts[BUDGET_WINDOW], one);
    w->room = 500;
    budget_charge(&share, BUDGET_BATCH, 500);
    window_free(&w);
    ck_assert_ptr_null(w);
    ck_assert_uint_eq(dropped, 1);
    ck_assert_int_eq(budget.used, 0);
    budget_leave(&share);
}
END_TEST

START_TEST(neighbours_become_one_part)
{
    struct window *w = window_new(NULL);
    struct window_block *b = window_block(w, 10), *other;

    window_part(w, (struct slice){ b->data, 4 });
    window_part(w, (struct slice){ b->data + 4, 6 });
    ck_assert_uint_eq(w->parts_n, 1);
    ck_assert_uint_eq(w->parts[0].n, 10);
    for (unsigned i = 0; i < 9; i++) {
        other = window_block(w, 1);
        window_part(w, (struct slice){ other->data, 1 });
    }
    ck_assert_uint_eq(w->parts_n, 10);
    ck_assert_ptr_eq(w->parts[9].p, other->data);
    window_drop_blocks(w);
    ck_assert_uint_eq(w->parts_n, 0);
    ck_assert_uint_eq(w->bytes, 0);
    window_free(&w);
}
END_TEST

/* Vector code loads past the end of an event that ends its block. */
START_TEST(zeros_stand_behind_each_block)
{
    static const char zeros[ARENA_PAD];
    struct window *w = window_new(NULL);
    struct window_block *b = window_block(w, 7);

    ck_assert(memcmp(b->data + 7, zeros, sizeof zeros) == 0);
    window_free(&w);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, blocks_are_charged_until_they_go);
    tcase_add_test(tc, neighbours_become_one_part);
    tcase_add_test(tc, zeros_stand_behind_each_block);
}

UNIT_MAIN("window")
