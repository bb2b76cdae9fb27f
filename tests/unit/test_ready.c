/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/ready.h"
#include "tests/unit/unit.h"

#include <pthread.h>

static struct budget budget;
static struct budget_share shares[2];

static struct ready *
start(size_t pipelines, size_t limit)
{
    struct ready *r = ready_new(pipelines);

    budget_init(&budget, limit);
    for (size_t i = 0; i < pipelines; i++)
        budget_join(&budget, &shares[i]);
    return r;
}

static void
end(struct ready *r, size_t pipelines)
{
    ready_free(&r);
    for (size_t i = 0; i < pipelines; i++)
        budget_leave(&shares[i]);
    ck_assert_int_eq(atomic_load(&budget.used), 0);
}

/* A window of so many bytes from connection `slot`. */
static void
give(struct ready *r, uint32_t pipeline, uint32_t slot, uint32_t number, size_t bytes, size_t guess)
{
    struct window *w = window_new(&shares[pipeline]);

    w->conn.slot = slot;
    w->number = number;
    w->guess = guess;
    window_block(w, bytes);
    ready_give(r, pipeline, &w);
}

static void
finish(struct ready *r, uint32_t pipeline, struct window *w)
{
    ready_decoded(r, pipeline, w->conn);
    window_free(&w);
    ready_leave(r, pipeline);
}

START_TEST(one_window_of_a_connection_at_a_time)
{
    struct ready *r = start(1, (size_t)64 << 20);
    struct window *a, *b;
    uint32_t p;

    give(r, 0, 1, 0, 100, 1000);
    give(r, 0, 1, 1, 100, 1000);
    give(r, 0, 2, 0, 100, 1000);
    a = ready_take(r, &p);
    b = ready_take(r, &p);
    ck_assert_uint_ne(a->conn.slot, b->conn.slot);
    ck_assert_uint_eq(ready_count(r), 1); /* the second of connection 1 waits */
    ready_decoded(r, 0, a->conn);
    {
        struct window *c = ready_take(r, &p);

        ck_assert_uint_eq(c->number, 1);
        finish(r, 0, c);
    }
    finish(r, 0, a);
    finish(r, 0, b);
    ck_assert(ready_idle(r));
    end(r, 1);
}
END_TEST

/* A connection with large windows does not keep the small ones of others waiting. */
START_TEST(rounds_are_fair_in_bytes)
{
    struct ready *r = start(1, (size_t)64 << 20);
    unsigned small_first = 0;
    uint32_t p;

    for (uint32_t i = 0; i < 4; i++)
        give(r, 0, 1, i, 400000, 1000);
    for (uint32_t slot = 2; slot < 6; slot++)
        give(r, 0, slot, 0, 1000, 1000);
    for (int i = 0; i < 5; i++) {
        struct window *w = ready_take(r, &p);

        small_first += w->conn.slot != 1;
        finish(r, 0, w);
    }
    ck_assert_uint_eq(small_first, 4);
    for (int i = 0; i < 3; i++)
        finish(r, 0, ready_take(r, &p));
    end(r, 1);
}
END_TEST

static void *
take_one(void *arg)
{
    struct ready *r = arg;
    uint32_t p;

    return ready_take(r, &p);
}

START_TEST(no_room_waits_and_a_release_wakes)
{
    struct ready *r = start(1, (size_t)8 << 20);
    pthread_t thread;
    void *got;

    budget.room = (void (*)(void *))ready_room;
    budget.room_arg = r;
    budget_charge(&budget.common, BUDGET_TLS, ((size_t)8 << 20) - 4096);
    give(r, 0, 1, 0, 100, 900000);
    pthread_create(&thread, NULL, take_one, r);
    while (!atomic_load(&budget.wanted)) /* until the thread has seen that there is none */
        ;
    ck_assert_uint_eq(ready_count(r), 1);
    budget_release(&budget.common, BUDGET_TLS, ((size_t)8 << 20) - 4096);
    pthread_join(thread, &got);
    ck_assert_ptr_nonnull(got);
    ck_assert_uint_eq(((struct window *)got)->room, 900000);
    finish(r, 0, got);
    end(r, 1);
}
END_TEST

START_TEST(a_full_pipeline_does_not_stop_another)
{
    struct ready *r = start(2, (size_t)8 << 20);
    struct window *w;
    uint32_t p;

    /* The first pipeline has used its own quarter and all that is shared. */
    budget_charge(&shares[0], BUDGET_BATCH, (size_t)6 << 20);
    give(r, 0, 1, 0, 100, 900000);
    give(r, 1, 2, 0, 100, 900000);
    w = ready_take(r, &p);
    ck_assert_uint_eq(p, 1);
    finish(r, 1, w);
    budget_release(&shares[0], BUDGET_BATCH, (size_t)6 << 20);
    w = ready_take(r, &p);
    ck_assert_uint_eq(p, 0);
    finish(r, 0, w);
    end(r, 2);
}
END_TEST

START_TEST(a_pipeline_is_idle_by_itself)
{
    struct ready *r = start(2, 1 << 20);
    struct window *w;
    uint32_t p;

    give(r, 1, 7, 1, 100, 100);
    ck_assert(ready_idle_of(r, 0));
    ck_assert(!ready_idle_of(r, 1));
    w = ready_take(r, &p);
    ck_assert(!ready_idle_of(r, 1)); /* a worker is inside */
    finish(r, p, w);
    ck_assert(ready_idle_of(r, 1));
    end(r, 2);
}
END_TEST

START_TEST(a_lane_keeps_the_order_of_arrival)
{
    struct ready *r = start(1, (size_t)64 << 20);
    uint32_t p;

    ready_limit(r, 0, 8, true);
    for (uint32_t i = 0; i < 6; i++)
        give(r, 0, 9 - i, i, 1000 * (6 - i), 1000);
    for (uint32_t i = 0; i < 6; i++) {
        struct window *w = ready_take(r, &p);

        ck_assert_uint_eq(w->number, i);
        finish(r, 0, w);
    }
    end(r, 1);
}
END_TEST

START_TEST(put_back_comes_first_again)
{
    struct ready *r = start(1, (size_t)64 << 20);
    struct window *w;
    uint32_t p;

    give(r, 0, 1, 0, 100, 1000);
    give(r, 0, 1, 1, 100, 1000);
    w = ready_take(r, &p);
    w->guess = 5000;
    ready_put_back(r, 0, &w);
    w = ready_take(r, &p);
    ck_assert_uint_eq(w->number, 0);
    ck_assert_uint_eq(w->room, 5000);
    finish(r, 0, w);
    finish(r, 0, ready_take(r, &p));
    end(r, 1);
}
END_TEST

/* Who has not shown it yet is taken for what others were: at once when they were larger. */
START_TEST(an_unknown_connection_is_taken_for_the_others)
{
    struct ready *r = start(1, (size_t)64 << 20);
    const size_t large = (size_t)8 << 20;
    struct window *w;
    uint32_t p;

    give(r, 0, 1, 0, 1000, 0);
    w = ready_take(r, &p);
    ck_assert_uint_eq(w->room, 16 * 1000 + 4096);
    ck_assert_uint_eq(w->view_room, 2 * w->room);
    ready_learn(r, 0, &(struct ready_sizes){ large / 100, large, 0, 5 * large });
    ready_learn(r, 0, &(struct ready_sizes){ 10, 10000, 0, 500000 }); /* small: nothing rises */
    finish(r, 0, w);
    give(r, 0, 2, 0, 1000, 0);
    w = ready_take(r, &p);
    ck_assert_uint_eq(w->room, 100 * 1000 + 4096);
    ck_assert_uint_eq(w->view_room, 5 * w->room);
    ready_learn(r, 0, &(struct ready_sizes){ .text = large, .views = large }); /* plain: no ratio */
    finish(r, 0, w);
    give(r, 0, 3, 0, 1000, 0);
    w = ready_take(r, &p);
    ck_assert_uint_eq(w->room, 100 * 1000 + 4096);
    ck_assert_uint_eq(w->view_room, w->room / 2 * 9); /* 5 - (5 - 1) / 8 */
    w->guess = 4000000;                               /* for 1000 bytes */
    ready_put_back(r, 0, &w);
    give(r, 0, 4, 0, 1000, 0);
    finish(r, 0, ready_take(r, &p));
    w = ready_take(r, &p);
    ck_assert_uint_eq(w->conn.slot, 4);
    ck_assert_uint_eq(w->room, 4000 * 1000 + 4096);
    finish(r, 0, w);
    end(r, 1);
}
END_TEST

/* What one sender's odd windows taught does not hold the others up. */
START_TEST(lessons_of_odd_windows_do_not_stay)
{
    struct ready *r = start(1, (size_t)64 << 20);
    size_t before, after;
    struct window *w;
    uint32_t p;

    /* 65,535 times {}: a hundred times their text, but they are many. */
    ready_learn(r, 0, &(struct ready_sizes){ 0, 131070, 65535, 13000000 });
    give(r, 0, 1, 0, 1000, 0);
    w = ready_take(r, &p);
    ck_assert_uint_le(w->view_room, 2 * w->room);
    finish(r, 0, w);
    ready_learn(r, 0, &(struct ready_sizes){ 1000, 1000000, 100, 20000000 });
    give(r, 0, 1, 0, 1000, 0);
    w = ready_take(r, &p);
    before = w->view_room;
    ck_assert_uint_gt(before, 10 * w->room);
    finish(r, 0, w);
    ready_learn(r, 0, &(struct ready_sizes){ 100, 1000, 1, 1000 }); /* small, and lowers both */
    give(r, 0, 1, 0, 1000, 0);
    w = ready_take(r, &p);
    after = w->view_room;
    ck_assert_uint_lt(after, before * 8 / 10);
    finish(r, 0, w);
    end(r, 1);
}
END_TEST

START_TEST(a_dead_connection_loses_what_waits)
{
    struct ready *r = start(1, (size_t)64 << 20);
    struct window *w;
    uint32_t p;

    for (uint32_t i = 0; i < 3; i++)
        give(r, 0, 1, i, 100, 1000);
    give(r, 0, 2, 0, 100, 1000);
    w = ready_take(r, &p);
    ck_assert_uint_eq(w->conn.slot, 1);
    ck_assert_uint_eq(ready_forget(r, 0, w->conn), 2);
    finish(r, 0, w);
    w = ready_take(r, &p);
    ck_assert_uint_eq(w->conn.slot, 2);
    finish(r, 0, w);
    ck_assert(ready_idle(r));
    end(r, 1);
}
END_TEST

START_TEST(connections_of_two_inputs_with_equal_slots_are_two)
{
    struct ready *r = start(1, (size_t)64 << 20);
    struct window *first, *other = window_new(&shares[0]);
    struct conn_id gone = { .slot = 1 };
    uint32_t p;

    give(r, 0, 1, 0, 100, 1000);
    other->conn = (struct conn_id){ .slot = 1, .input = 1 };
    window_block(other, 100);
    ready_give(r, 0, &other);
    first = ready_take(r, &p);
    other = ready_take(r, &p); /* does not wait for the first to be decoded */
    ck_assert_uint_ne(first->conn.input, other->conn.input);
    finish(r, 0, first);
    finish(r, 0, other);
    give(r, 0, 1, 0, 100, 1000);
    gone.input = 1;
    ck_assert_uint_eq(ready_forget(r, 0, gone), 0);
    ck_assert_uint_eq(ready_count(r), 1);
    finish(r, 0, ready_take(r, &p));
    end(r, 1);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, one_window_of_a_connection_at_a_time);
    tcase_add_test(tc, rounds_are_fair_in_bytes);
    tcase_add_test(tc, no_room_waits_and_a_release_wakes);
    tcase_add_test(tc, a_full_pipeline_does_not_stop_another);
    tcase_add_test(tc, a_pipeline_is_idle_by_itself);
    tcase_add_test(tc, a_lane_keeps_the_order_of_arrival);
    tcase_add_test(tc, put_back_comes_first_again);
    tcase_add_test(tc, an_unknown_connection_is_taken_for_the_others);
    tcase_add_test(tc, lessons_of_odd_windows_do_not_stay);
    tcase_add_test(tc, a_dead_connection_loses_what_waits);
    tcase_add_test(tc, connections_of_two_inputs_with_equal_slots_are_two);
}

UNIT_MAIN("ready")
