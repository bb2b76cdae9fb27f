/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/lj_encode.h"
#include "server/beats_feed.h"
#include "tests/unit/unit.h"

#define W3   "2W\0\0\0\3"
#define J(n) "2J\0\0\0" n "\0\0\0\7{\"a\":1}"
#define C    "2C\0\0\0\5zzzzz"

static struct budget budget;
static struct budget_share share;

struct seen {
    unsigned windows, empty;
    uint32_t left; /* of the last window */
    enum feed_status last;
    struct buf bytes; /* of all parts of all windows */
    struct buf kinds; /* 'p' for a window of plain frames only, 'c' for one with a C frame */
    struct err err;
};

static void
start(struct beats_feed *f, size_t window_max)
{
    budget_init(&budget, (size_t)64 << 20);
    budget_join(&budget, &share);
    feed_init(f, &lj_default_limits, &share, window_max);
}

static void
end(struct beats_feed *f, struct seen *s)
{
    feed_fini(f);
    buf_fini(&s->bytes);
    buf_fini(&s->kinds);
    ck_assert_int_eq(atomic_load(&share.used), 0); /* every byte charged is released */
    budget_leave(&share);
}

static void
feed(struct beats_feed *f, struct slice in, struct seen *s)
{
    struct window *w = NULL;
    char version;

    while ((s->last = feed_bytes(f, &in, &w, &version, &s->err)) == FEED_WINDOW ||
           s->last == FEED_EMPTY) {
        if (s->last == FEED_EMPTY) {
            s->empty++;
            continue;
        }
        s->windows++;
        s->left = w->left;
        for (size_t i = 0; i < w->parts_n; i++)
            buf_append(&s->bytes, w->parts[i]);
        buf_byte(&s->kinds, w->whole ? 'p' : 'c');
        window_free(&w);
    }
}

/* However the network cuts the bytes, windows hold the same bytes. */
START_TEST(any_chunking_gives_the_same_windows)
{
    static const struct slice wire =
        SLICE_INIT(W3 J("\1") J("\2") J("\3") "2W\0\0\0\0" W3 C "2W\0\0\0\1" J("\1"));
    static const struct slice kept =
        SLICE_INIT(W3 J("\1") J("\2") J("\3") W3 C "2W\0\0\0\1" J("\1"));

    for (size_t step = 1; step <= wire.n; step++) {
        struct beats_feed f;
        struct seen s = { 0 };

        start(&f, (size_t)1 << 20);
        for (size_t at = 0; at < wire.n; at += step)
            feed(&f, (struct slice){ wire.p + at, wire.n - at < step ? wire.n - at : step }, &s);
        ck_assert_msg(s.windows == 3 && s.empty == 1, "step %zu: %u windows, %u empty: %s", step,
                      s.windows, s.empty, s.err.msg);
        ck_assert_slice(buf_slice(&s.bytes), kept);
        ck_assert_slice(buf_slice(&s.kinds), SLICE("pcp"));
        ck_assert_int_eq(feed_at_eof(&f), ERR_NONE);
        end(&f, &s);
    }
}
END_TEST

START_TEST(frames_without_a_window_wait_for_the_worker)
{
    struct beats_feed f;
    struct seen s = { 0 };
    struct slice held;

    start(&f, (size_t)1 << 20);
    feed(&f, SLICE(W3 C J("\3")), &s);
    ck_assert_int_eq(s.last, FEED_HELD);
    ck_assert_uint_eq(s.windows, 1);
    ck_assert_uint_gt(f.held.cap, 0);
    ck_assert_int_ge(atomic_load(&share.used), (int64_t)f.held.cap); /* what waits is charged */
    ck_assert(feed_answer(&f, '2', 1, &held));                       /* one event was missing */
    feed(&f, held, &s);
    ck_assert_uint_eq(s.windows, 2);
    ck_assert_slice(buf_slice(&s.bytes), SLICE(W3 C J("\3")));
    ck_assert_int_eq(atomic_load(&share.used), 0); /* and no longer once it was fed again */
    end(&f, &s);
}
END_TEST

/* Each C frame is an answer of its own: what waits behind it is neither moved nor copied. */
START_TEST(held_frames_stay_where_they_are)
{
    enum { FRAMES = 1000 };
    struct beats_feed f;
    struct seen s = { 0 };
    struct buf wire = { 0 };
    struct slice held;
    const char *at;

    start(&f, (size_t)1 << 20);
    lj_put_window(&wire, '2', FRAMES);
    for (unsigned i = 0; i < FRAMES; i++)
        buf_append(&wire, SLICE(C));
    feed(&f, buf_slice(&wire), &s);
    at = f.held.p;
    for (uint32_t left = FRAMES - 1; left > 0; left--) {
        ck_assert_int_eq(s.last, FEED_HELD);
        ck_assert(feed_answer(&f, '2', left, &held));
        ck_assert_uint_eq(held.n, left * SLICE(C).n);
        ck_assert_ptr_eq(held.p + held.n, at + f.held.n);
        feed(&f, held, &s);
        ck_assert_uint_eq(s.windows, FRAMES - left + 1);
    }
    ck_assert_int_eq(s.last, FEED_MORE);
    ck_assert_slice(buf_slice(&s.bytes), buf_slice(&wire));
    ck_assert(!feed_answer(&f, '2', 0, &held));
    buf_fini(&wire);
    end(&f, &s);
}
END_TEST

/* Of the next frame no more than its first byte is there when the answer comes: the window that it
 * began goes on with what the answer said. */
START_TEST(an_answer_between_the_bytes_of_a_frame)
{
    static const struct slice next[] = { SLICE_INIT(C), SLICE_INIT(J("\3")) };

    for (size_t i = 0; i < COUNT(next); i++)
        for (size_t cut = 0; cut < next[i].n; cut++) {
            struct slice held, rest = { next[i].p + cut, next[i].n - cut };
            struct beats_feed f;
            struct seen s = { 0 };

            start(&f, (size_t)1 << 20);
            feed(&f, SLICE(W3 C), &s);
            feed(&f, (struct slice){ next[i].p, cut }, &s);
            if (feed_answer(&f, '2', 1, &held))
                feed(&f, held, &s);
            ck_assert(f.open == NULL || f.open->left == 1);
            feed(&f, rest, &s);
            ck_assert_uint_eq(s.windows, 2);
            ck_assert_uint_eq(s.left, 1);
            end(&f, &s);
        }
}
END_TEST

/* The last held frame is cut; its rest comes after the answer. */
START_TEST(a_cut_frame_waits_for_its_rest_behind_held_ones)
{
    for (size_t cut = 1; cut < SLICE(C).n; cut++) {
        struct beats_feed f;
        struct seen s = { 0 };
        struct slice held, last = SLICE(C);

        start(&f, (size_t)1 << 20);
        feed(&f, SLICE(W3 C C), &s);
        feed(&f, (struct slice){ last.p, cut }, &s);
        ck_assert_int_eq(s.last, FEED_HELD);
        ck_assert(feed_answer(&f, '2', 2, &held));
        feed(&f, held, &s);
        ck_assert_uint_eq(s.windows, 2);
        if (feed_answer(&f, '2', 1, &held))
            feed(&f, held, &s);
        feed(&f, (struct slice){ last.p + cut, last.n - cut }, &s);
        if (s.last == FEED_HELD && feed_answer(&f, '2', 1, &held)) /* cut at its first byte */
            feed(&f, held, &s);
        ck_assert_msg(s.windows == 3, "cut at %zu: %u windows: %s", cut, s.windows, s.err.msg);
        ck_assert_slice(buf_slice(&s.bytes), SLICE(W3 C C C));
        end(&f, &s);
    }
}
END_TEST

START_TEST(held_frames_of_a_complete_window_are_an_error)
{
    struct beats_feed f;
    struct seen s = { 0 };
    struct slice held;

    start(&f, (size_t)1 << 20);
    feed(&f, SLICE(W3 C J("\3")), &s);
    ck_assert(feed_answer(&f, '2', 0, &held));
    feed(&f, held, &s);
    ck_assert_int_eq(s.last, FEED_BAD);
    ck_assert_int_eq(s.err.code, ERR_DATA_BEFORE_WINDOW);
    ck_assert_int_eq(atomic_load(&share.used), 0);
    end(&f, &s);
}
END_TEST

START_TEST(a_window_over_the_budget_is_refused_with_both_numbers)
{
    struct beats_feed f;
    struct seen s = { 0 };
    struct buf wire = { 0 };

    start(&f, 20000);
    lj_put_window(&wire, '2', 200);
    for (uint32_t i = 1; i <= 200; i++) {
        lj_put_json(&wire, '2', i,
                    SLICE("{\"message\":\"0123456789012345678901234567890123456789"
                          "0123456789012345678901234567890123456789012345678901234567"
                          "8901234567890123456789012345678901234567890123456789012345"
                          "6789012345678901234567890123456789012345678901234567\"}"));
        if (wire.n > 4096) { /* as it comes from a socket */
            feed(&f, buf_slice(&wire), &s);
            buf_clear(&wire);
        }
        if (s.last == FEED_BAD)
            break;
    }
    if (s.last != FEED_BAD)
        feed(&f, buf_slice(&wire), &s);
    ck_assert_int_eq(s.last, FEED_BAD);
    ck_assert_int_eq(s.err.code, ERR_WINDOW_TOO_LARGE);
    ck_assert_msg(strstr(s.err.msg, "exceeds 20000") != NULL, "%s", s.err.msg);
    buf_fini(&wire);
    end(&f, &s);
}
END_TEST

/* An announced length costs nothing until its bytes arrive. */
START_TEST(an_announced_length_is_not_believed)
{
    struct beats_feed f;
    struct seen s = { 0 };

    start(&f, (size_t)128 << 20);
    feed(&f,
         SLICE("2W\0\0\0\1"
               "2C\3\0\0\0abc"),
         &s); /* 48 MiB, three bytes of it */
    ck_assert_int_eq(s.last, FEED_MORE);
    ck_assert_int_le(atomic_load(&share.used), 300 << 10);
    ck_assert_int_eq(feed_at_eof(&f), ERR_EOF_MID_FRAME);
    end(&f, &s);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, any_chunking_gives_the_same_windows);
    tcase_add_test(tc, frames_without_a_window_wait_for_the_worker);
    tcase_add_test(tc, held_frames_stay_where_they_are);
    tcase_add_test(tc, an_answer_between_the_bytes_of_a_frame);
    tcase_add_test(tc, a_cut_frame_waits_for_its_rest_behind_held_ones);
    tcase_add_test(tc, held_frames_of_a_complete_window_are_an_error);
    tcase_add_test(tc, a_window_over_the_budget_is_refused_with_both_numbers);
    tcase_add_test(tc, an_announced_length_is_not_believed);
}

UNIT_MAIN("beats_feed")
