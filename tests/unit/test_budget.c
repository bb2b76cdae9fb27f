/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/budget.h"
#include "tests/unit/unit.h"

#define MB(n) ((size_t)(n) << 20)

static struct budget budget;
static struct budget_share shares[4];

static void
start(size_t limit, size_t pipelines)
{
    budget_init(&budget, limit);
    for (size_t i = 0; i < pipelines; i++)
        budget_join(&budget, &shares[i]);
}

START_TEST(a_window_that_goes_through_alone_asks_for_no_views)
{
    start(MB(64), 1);
    budget_charge(&shares[0], BUDGET_WINDOW, MB(56));
    ck_assert(budget_reserve_window(&shares[0], MB(8), MB(40))); /* the last eighth is for this */
    ck_assert(!budget_reserve_window(&shares[0], MB(1), 0));
    budget_release(&shares[0], BUDGET_BATCH, MB(8));
    ck_assert(!budget_reserve_window(&shares[0], MB(1), MB(1))); /* views are held now */
    budget_release(&shares[0], BUDGET_VIEW, MB(40));
    ck_assert(budget_reserve_window(&shares[0], MB(1), MB(1)));
}
END_TEST

START_TEST(workers_stop_before_an_output_holds_half)
{
    start(MB(64), 1);
    ck_assert(budget_reserve_window(&shares[0], MB(1), MB(20)));
    budget_release(&shares[0], BUDGET_BATCH, MB(1));
    ck_assert(budget_reserve_window(&shares[0], MB(1), MB(8)));
    budget_release(&shares[0], BUDGET_BATCH, MB(1));
    ck_assert(!budget_reserve_window(&shares[0], MB(1), MB(1)));
    ck_assert_int_eq(shares[0].views, MB(28));
    ck_assert_int_eq(budget_level(&shares[0]), BUDGET_CALM); /* reading goes on */
    budget_charge(&shares[0], BUDGET_VIEW, MB(5));
    ck_assert_int_eq(budget_level(&shares[0]), BUDGET_FULL);
}
END_TEST

/* By what others hold: a window that has all views may have more. */
START_TEST(views_that_grow_ask_like_new_ones)
{
    start(MB(64), 1);
    budget_charge(&shares[0], BUDGET_VIEW, MB(2));
    ck_assert(budget_reserve_views(&shares[0], MB(2), MB(40)));
    budget_release(&shares[0], BUDGET_VIEW, MB(22));
    ck_assert(budget_reserve_views(&shares[0], MB(2), MB(8)));
    ck_assert(!budget_reserve_views(&shares[0], MB(10), MB(1)));
    ck_assert_int_eq(shares[0].views, MB(28));
}
END_TEST

/* Each pipeline has one window, whose views turn out three times as large: together they go an
 * eighth beyond the limit, not each of them. */
START_TEST(only_views_of_several_pipelines_share_what_is_beyond)
{
    unsigned granted = 0;

    start(MB(64), 4);
    budget_charge(&shares[0], BUDGET_WINDOW, MB(32));
    for (size_t i = 0; i < 4; i++)
        ck_assert(budget_reserve_window(&shares[i], MB(4), MB(4)));
    for (size_t i = 0; i < 4; i++)
        granted += budget_reserve_views(&shares[i], MB(4), MB(8));
    ck_assert_uint_eq(granted, 1);
    ck_assert_int_eq(budget.used, MB(72));
    /* Who was refused goes back and asks for all of it, once the others are through. */
    for (size_t i = 0; i < 4; i++) {
        budget_release(&shares[i], BUDGET_BATCH, MB(4));
        budget_release(&shares[i], BUDGET_VIEW, (size_t)atomic_load(&shares[i].views));
    }
    ck_assert_int_eq(budget.views, 0);
    ck_assert(budget_reserve_window(&shares[3], MB(8), MB(60)));
    ck_assert(!budget_reserve_window(&shares[2], MB(4), MB(8)));
}
END_TEST

/* However long another output holds its views. */
START_TEST(a_large_window_goes_beside_a_dead_output)
{
    start(MB(64), 2);
    budget_charge(&shares[0], BUDGET_VIEW, MB(1));
    ck_assert(budget_reserve_window(&shares[1], MB(2), MB(72)));
}
END_TEST

START_TEST(the_peak_is_without_the_kernel)
{
    start(MB(64), 1);
    budget_charge(&shares[0], BUDGET_WINDOW, MB(10));
    budget_charge(&budget.common, BUDGET_KERNEL, MB(20));
    ck_assert_int_eq(budget.peak, MB(10));
    budget_charge(&shares[0], BUDGET_WINDOW, MB(1));
    ck_assert_int_eq(budget.peak, MB(11));
    ck_assert_int_eq(budget.used, MB(31));
}
END_TEST

START_TEST(the_kernel_keeps_no_worker_waiting)
{
    start(MB(64), 1);
    budget_charge(&budget.common, BUDGET_KERNEL, MB(60));
    ck_assert(budget_reserve_window(&shares[0], MB(8), MB(8)));
    ck_assert(budget_reserve(&shares[0], BUDGET_BATCH, MB(8)));
}
END_TEST

START_TEST(a_pipeline_feels_what_others_took_of_the_shared_half)
{
    start(MB(64), 4);
    budget_charge(&shares[0], BUDGET_WINDOW, MB(40)); /* its own 8 and the shared half */
    ck_assert_int_eq(budget_level(&shares[1]), BUDGET_BUSY);
    budget_charge(&shares[1], BUDGET_WINDOW, MB(6));
    ck_assert_int_eq(budget_level(&shares[1]), BUDGET_TIGHT);
    budget_charge(&shares[1], BUDGET_WINDOW, MB(1));
    ck_assert_int_eq(budget_level(&shares[1]), BUDGET_FULL);
    ck_assert_int_eq(budget_level(&shares[2]), BUDGET_BUSY);
    /* Its only batch needs room in the whole budget alone. */
    ck_assert(budget_reserve_window(&shares[1], MB(8), MB(8)));
    ck_assert(!budget_reserve_window(&shares[1], MB(2), MB(2)));
}
END_TEST

START_TEST(connections_crowd_at_half)
{
    start(MB(64), 1);
    budget_charge(&budget.common, BUDGET_TLS, MB(20));
    budget_charge(&budget.common, BUDGET_CONN, MB(11));
    ck_assert(!budget_is_crowded(&budget));
    budget_charge(&budget.common, BUDGET_CONN, MB(1));
    ck_assert(budget_is_crowded(&budget));
    ck_assert_int_eq(budget_level(&shares[0]), BUDGET_BUSY); /* those that are here may send */
}
END_TEST

static unsigned rooms;

static void
on_room(void *arg)
{
    (void)arg;
    rooms++;
}

START_TEST(who_waits_for_room_is_called_once)
{
    start(MB(64), 1);
    budget.room = on_room;
    budget_charge(&shares[0], BUDGET_WINDOW, MB(2));
    budget_release(&shares[0], BUDGET_WINDOW, MB(1));
    ck_assert_uint_eq(rooms, 0);
    atomic_store(&budget.wanted, true);
    ck_assert(budget_reserve_window(&shares[0], MB(1), MB(1)));
    ck_assert_uint_eq(rooms, 0);
    budget_release(&shares[0], BUDGET_WINDOW, MB(1));
    budget_release(&shares[0], BUDGET_BATCH, MB(1));
    ck_assert_uint_eq(rooms, 1);
}
END_TEST

/* What is received is released only when it is decoded; what is decoded or encoded moves. */
START_TEST(windows_alone_are_still)
{
    start(MB(64), 1);
    budget_charge(&shares[0], BUDGET_WINDOW, MB(60));
    ck_assert(budget_is_still(&shares[0]));
    for (int part = BUDGET_BATCH; part <= BUDGET_BODY; part++) {
        budget_charge(&shares[0], (enum budget_part)part, 1);
        ck_assert(!budget_is_still(&shares[0]));
        budget_release(&shares[0], (enum budget_part)part, 1);
        ck_assert(budget_is_still(&shares[0]));
    }
}
END_TEST

START_TEST(the_last_eighth_is_lent_once)
{
    start(MB(64), 1);
    ck_assert(budget_borrow(&budget));
    ck_assert(!budget_borrow(&budget));
    budget_give_back(&budget);
    ck_assert(budget_borrow(&budget));
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, a_window_that_goes_through_alone_asks_for_no_views);
    tcase_add_test(tc, workers_stop_before_an_output_holds_half);
    tcase_add_test(tc, views_that_grow_ask_like_new_ones);
    tcase_add_test(tc, only_views_of_several_pipelines_share_what_is_beyond);
    tcase_add_test(tc, a_large_window_goes_beside_a_dead_output);
    tcase_add_test(tc, the_peak_is_without_the_kernel);
    tcase_add_test(tc, the_kernel_keeps_no_worker_waiting);
    tcase_add_test(tc, a_pipeline_feels_what_others_took_of_the_shared_half);
    tcase_add_test(tc, connections_crowd_at_half);
    tcase_add_test(tc, who_waits_for_room_is_called_once);
    tcase_add_test(tc, windows_alone_are_still);
    tcase_add_test(tc, the_last_eighth_is_lent_once);
}

UNIT_MAIN("budget")
