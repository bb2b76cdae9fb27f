/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/beats_ack.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static void
settle(struct beats_acks *a, uint32_t number, char version, uint32_t seq)
{
    struct lj_acks acks = { 0 };

    lj_acks_add(&acks, (struct lj_ack){ .seq = seq, .version = version });
    beats_ack_settle(a, number, &acks);
    lj_acks_fini(&acks);
}

/* The numbers that may leave now, joined by blanks. */
static const char *
leaving(struct beats_acks *a)
{
    static char text[256];
    struct lj_ack ack;
    size_t used = 0;

    text[0] = '\0';
    while (beats_ack_next(a, &ack))
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%c%u", used > 0 ? " " : "",
                                 ack.version, ack.seq);
    return text;
}

START_TEST(acks_leave_in_order_of_arrival)
{
    struct beats_acks a = { .keepalive_ms = 3000 };

    for (uint32_t i = 0; i < 6; i++)
        ck_assert_uint_eq(beats_ack_expect(&a, '2', 0), i);
    settle(&a, 1, '2', 20);
    settle(&a, 5, '2', 60);
    ck_assert_str_eq(leaving(&a), "");
    settle(&a, 0, '2', 10);
    ck_assert_str_eq(leaving(&a), "210 220");
    settle(&a, 3, '2', 40);
    settle(&a, 4, '2', 50);
    ck_assert_str_eq(leaving(&a), "");
    settle(&a, 2, '2', 30);
    ck_assert_str_eq(leaving(&a), "230 240 250 260");
    ck_assert_uint_eq(beats_ack_waiting(&a), 0);
    beats_ack_fini(&a);
}
END_TEST

START_TEST(one_window_on_the_wire_may_owe_several_or_none)
{
    struct beats_acks a = { 0 };
    struct lj_acks none = { 0 }, two = { 0 };

    beats_ack_expect(&a, '2', 0);
    beats_ack_expect(&a, '2', 0);
    lj_acks_add(&two, (struct lj_ack){ .seq = 1, .version = '1' });
    lj_acks_add(&two, (struct lj_ack){ .seq = 9, .version = '2' });
    beats_ack_settle(&a, 1, &two);
    beats_ack_settle(&a, 0, &none);
    ck_assert_str_eq(leaving(&a), "11 29");
    beats_ack_fini(&a);
}
END_TEST

START_TEST(nothing_leaves_from_a_stopped_window_on)
{
    struct beats_acks a = { 0 };

    for (int i = 0; i < 3; i++)
        beats_ack_expect(&a, '2', 0);
    settle(&a, 2, '2', 3);
    settle(&a, 1, '2', 2);
    beats_ack_stop(&a, 1);
    beats_ack_stop(&a, 2); /* a later one changes nothing */
    settle(&a, 0, '2', 1);
    ck_assert_str_eq(leaving(&a), "21");
    ck_assert_uint_eq(beats_ack_waiting(&a), 0);
    beats_ack_fini(&a);
}
END_TEST

START_TEST(an_answer_for_nobody_is_ignored)
{
    struct beats_acks a = { 0 };

    settle(&a, 0, '2', 1);
    beats_ack_expect(&a, '2', 0);
    settle(&a, 0, '2', 1);
    settle(&a, 0, '2', 7); /* twice */
    settle(&a, 4, '2', 1); /* never expected */
    ck_assert_str_eq(leaving(&a), "21");
    beats_ack_fini(&a);
}
END_TEST

START_TEST(keepalive_while_any_complete_window_waits)
{
    struct beats_acks a = { .keepalive_ms = 3000 };

    ck_assert(beats_ack_keepalive_in(&a, 0) == UINT64_MAX);
    beats_ack_expect(&a, '2', 1000);
    ck_assert_uint_eq(beats_ack_keepalive_in(&a, 1500), 2500);
    beats_ack_expect(&a, '2', 2000); /* the second one does not put it off */
    ck_assert_uint_eq(beats_ack_keepalive_in(&a, 4000), 0);
    beats_ack_wrote(&a, 4000);
    ck_assert_uint_eq(beats_ack_keepalive_in(&a, 4000), 3000);
    settle(&a, 0, '2', 1);
    leaving(&a);
    beats_ack_wrote(&a, 5000);
    ck_assert_uint_eq(beats_ack_keepalive_in(&a, 8000), 0); /* still one waits */
    settle(&a, 1, '2', 1);
    leaving(&a);
    ck_assert(beats_ack_keepalive_in(&a, 90000) == UINT64_MAX);
    beats_ack_fini(&a);
}
END_TEST

START_TEST(no_keepalive_to_version_1)
{
    struct beats_acks a = { .keepalive_ms = 3000 };

    beats_ack_expect(&a, '2', 0);
    beats_ack_expect(&a, '1', 0);
    ck_assert(beats_ack_keepalive_in(&a, 60000) == UINT64_MAX);
    settle(&a, 0, '2', 1);
    settle(&a, 1, '1', 2);
    leaving(&a);
    beats_ack_expect(&a, '2', 0);
    ck_assert_uint_eq(beats_ack_keepalive_in(&a, 60000), 0);
    beats_ack_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, acks_leave_in_order_of_arrival);
    tcase_add_test(tc, one_window_on_the_wire_may_owe_several_or_none);
    tcase_add_test(tc, nothing_leaves_from_a_stopped_window_on);
    tcase_add_test(tc, an_answer_for_nobody_is_ignored);
    tcase_add_test(tc, keepalive_while_any_complete_window_waits);
    tcase_add_test(tc, no_keepalive_to_version_1);
}

UNIT_MAIN("beats_ack")
