/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"
#include "tools/beats_send/ack_check.h"

/* Windows in flight, answers, and what the last answer is. */
static const struct {
    const char *name;
    struct ack_window windows[3];
    unsigned n;
    struct slice answers;
    enum ack_seen want;
    unsigned left; /* in flight afterwards */
    const char *text;
} cases[] = {
    { "done", { { 1, 3, '2', true } }, 1, SLICE_INIT("2A\0\0\0\3"), ACK_DONE, 0, NULL },
    { "cut", { { 1, 3, '2', true } }, 1, SLICE_INIT("2A\0\0\0"), ACK_MORE, 1, NULL },
    { "keep-alive", { { 1, 3, '2', true } }, 1, SLICE_INIT("2A\0\0\0\0"), ACK_ALIVE, 1, NULL },
    { "keep-alive to version 1",
      { { 1, 3, '1', true } },
      1,
      SLICE_INIT("1A\0\0\0\0"),
      ACK_STRAY,
      1,
      NULL },
    { "keep-alive with nothing in flight",
      { { 0 } },
      0,
      SLICE_INIT("2A\0\0\0\0"),
      ACK_STRAY,
      0,
      NULL },
    { "empty window", { { 1, 0, '2', true } }, 1, SLICE_INIT("2A\0\0\0\0"), ACK_DONE, 0, NULL },
    { "part", { { 1, 3, '2', true } }, 1, SLICE_INIT("2A\0\0\0\2"), ACK_PART, 1, NULL },
    { "lower than before",
      { { 1, 3, '2', true } },
      1,
      SLICE_INIT("2A\0\0\0\2"
                 "2A\0\0\0\1"),
      ACK_BACK,
      1,
      NULL },
    { "two windows in order",
      { { 1, 3, '2', true }, { 1, 5, '2', true } },
      2,
      SLICE_INIT("2A\0\0\0\3"
                 "2A\0\0\0\5"),
      ACK_DONE,
      0,
      NULL },
    { "the second one first",
      { { 1, 3, '2', true }, { 1, 5, '2', true } },
      2,
      SLICE_INIT("2A\0\0\0\5"),
      ACK_BROKEN,
      2,
      "ACK 5 beyond the window of 1..3" },
    { "across the end of numbers",
      { { 0xFFFFFFFE, 2, '1', true } },
      1,
      SLICE_INIT("1A\0\0\0\2"),
      ACK_DONE,
      0,
      NULL },
    { "before the window",
      { { 100, 102, '1', true } },
      1,
      SLICE_INIT("1A\0\0\0\3"),
      ACK_BROKEN,
      1,
      NULL },
    { "too early",
      { { 1, 3, '2', false } },
      1,
      SLICE_INIT("2A\0\0\0\3"),
      ACK_BROKEN,
      1,
      "ACK 3 before its window was sent" },
    { "nothing in flight",
      { { 0 } },
      0,
      SLICE_INIT("2A\0\0\0\1"),
      ACK_BROKEN,
      0,
      "ACK 1 with no window in flight" },
    { "other version",
      { { 1, 3, '1', true } },
      1,
      SLICE_INIT("2A\0\0\0\3"),
      ACK_BROKEN,
      1,
      "ACK of version 2 for a window of version 1" },
    { "no ACK", { { 1, 3, '2', true } }, 1, SLICE_INIT("HTTP"), ACK_BROKEN, 1, NULL },
};

START_TEST(answer_with_its_meaning)
{
    struct ack_check c = { 0 };
    struct slice in = cases[_i].answers;
    enum ack_seen got = ACK_MORE;
    struct err err = { 0 };

    for (unsigned i = 0; i < cases[_i].n; i++)
        ck_assert(ack_check_add(&c, cases[_i].windows[i]));
    do
        got = ack_check_next(&c, &in, &err);
    while (got > ACK_MORE && in.n > 0);
    ck_assert_msg(got == cases[_i].want && c.n == cases[_i].left, "%s: %d, %u in flight: %s",
                  cases[_i].name, got, c.n, err.msg);
    if (cases[_i].text != NULL)
        ck_assert_str_eq(err.msg, cases[_i].text);
}
END_TEST

START_TEST(ring_goes_round)
{
    struct ack_check c = { 0 };

    for (unsigned round = 0; round < 3 * ACK_IN_FLIGHT; round++) {
        struct slice in = SLICE("2A\0\0\0\7");

        while (ack_check_add(&c, (struct ack_window){ .first = 1, .last = 7, .version = '2' }))
            ;
        ck_assert_uint_eq(c.n, ACK_IN_FLIGHT);
        ack_check_sent(&c);
        ck_assert_int_eq(ack_check_next(&c, &in, NULL), ACK_DONE);
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, answer_with_its_meaning, 0, (int)COUNT(cases));
    tcase_add_test(tc, ring_goes_round);
}

UNIT_MAIN("ack_check")
