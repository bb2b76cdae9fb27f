/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/lj_frame.h"
#include "tests/unit/unit.h"

static const struct lj_limits small = {
    .window_events = 3,
    .json_bytes = 8,
    .compressed_bytes = 6,
    .decompressed_bytes = 64,
    .pairs = 2,
    .key_bytes = 3,
    .value_bytes = 4,
    .json_depth = 10,
};

#define W1    "2W\0\0\0\1"
#define W2    "2W\0\0\0\2"
#define J(n)  "2J\0\0\0" n "\0\0\0\2{}"
#define PAIR  "\0\0\0\1k\0\0\0\2vv"
#define KEY_A "\0\0\0\1a"

static const struct {
    const char *name;
    struct slice in;
    enum lj_status want; /* the last answer */
    enum err_code code;
    unsigned frames, windows;
    const char *text; /* of the error; NULL: any */
} vectors[] = {
    { "one event", SLICE_INIT(W1 J("\1")), LJ_WINDOW, ERR_NONE, 2, 1, NULL },
    { "two windows", SLICE_INIT(W1 J("\1") W2 J("\1") J("\2")), LJ_WINDOW, ERR_NONE, 5, 2, NULL },
    { "empty window", SLICE_INIT("2W\0\0\0\0"), LJ_WINDOW, ERR_NONE, 1, 1, NULL },
    { "version 1 in version 2", SLICE_INIT(W1 "1J\0\0\0\1\0\0\0\2{}"), LJ_WINDOW, ERR_NONE, 2, 1,
      NULL },
    { "zlib not looked at", SLICE_INIT(W1 "2C\0\0\0\3zzz"), LJ_WINDOW, ERR_NONE, 2, 1, NULL },
    { "C without W", SLICE_INIT("2C\0\0\0\3zzz"), LJ_WINDOW, ERR_NONE, 1, 1, NULL },
    { "C and C", SLICE_INIT(W2 "2C\0\0\0\3zzz2C\0\0\0\1z"), LJ_WINDOW, ERR_NONE, 3, 2, NULL },
    { "W behind C", SLICE_INIT(W2 "2C\0\0\0\3zzz" W1), LJ_FRAME, ERR_NONE, 3, 1, NULL },
    { "J behind C", SLICE_INIT(W2 "2C\0\0\0\3zzz" J("\2")), LJ_FRAME, ERR_NONE, 3, 1, NULL },
    { "pairs", SLICE_INIT(W1 "1D\0\0\0\1\0\0\0\2" PAIR KEY_A "\0\0\0\0"), LJ_WINDOW, ERR_NONE, 2, 1,
      NULL },
    { "events as many as the limit", SLICE_INIT("2W\0\0\0\3"), LJ_FRAME, ERR_NONE, 1, 0, NULL },
    { "one more", SLICE_INIT("2W\0\0\0\4"), LJ_BAD, ERR_WINDOW_TOO_LARGE, 0, 0,
      "window of 4 events exceeds limit 3" },
    { "all ones", SLICE_INIT("2W\xff\xff\xff\xff"), LJ_BAD, ERR_WINDOW_TOO_LARGE, 0, 0, NULL },
    { "J as long as the limit", SLICE_INIT(W1 "2J\0\0\0\1\0\0\0\10{      }"), LJ_WINDOW, ERR_NONE,
      2, 1, NULL },
    { "J longer, refused at its header", SLICE_INIT(W1 "2J\0\0\0\1\0\0\0\11"), LJ_BAD,
      ERR_FRAME_TOO_LARGE, 1, 0, "J frame of 9 bytes exceeds limit 8" },
    { "J of no bytes", SLICE_INIT(W1 "2J\0\0\0\1\0\0\0\0"), LJ_BAD, ERR_INVALID_LENGTH, 1, 0,
      "J frame without payload" },
    { "C as long as the limit", SLICE_INIT(W1 "2C\0\0\0\6zzzzzz"), LJ_WINDOW, ERR_NONE, 2, 1,
      NULL },
    { "C longer", SLICE_INIT(W1 "2C\0\0\0\7"), LJ_BAD, ERR_FRAME_TOO_LARGE, 1, 0,
      "C frame of 7 bytes exceeds limit 6" },
    { "C of no bytes", SLICE_INIT(W1 "2C\0\0\0\0"), LJ_BAD, ERR_BAD_ZLIB, 1, 0, NULL },
    { "no pairs", SLICE_INIT(W1 "1D\0\0\0\1\0\0\0\0"), LJ_BAD, ERR_INVALID_PAIR_COUNT, 1, 0, NULL },
    { "pairs, one more", SLICE_INIT(W1 "1D\0\0\0\1\0\0\0\3"), LJ_BAD, ERR_TOO_MANY_PAIRS, 1, 0,
      "D frame of 3 pairs exceeds limit 2" },
    { "key longer", SLICE_INIT(W1 "1D\0\0\0\1\0\0\0\1\0\0\0\4"), LJ_BAD, ERR_FRAME_TOO_LARGE, 1, 0,
      "key of 4 bytes exceeds limit 3" },
    { "value longer", SLICE_INIT(W1 "1D\0\0\0\1\0\0\0\1" KEY_A "\0\0\0\5"), LJ_BAD,
      ERR_FRAME_TOO_LARGE, 1, 0, "value of 5 bytes exceeds limit 4" },
    { "second key longer", SLICE_INIT(W1 "1D\0\0\0\1\0\0\0\2" PAIR "\xff\0\0\0"), LJ_BAD,
      ERR_FRAME_TOO_LARGE, 1, 0, NULL },
    { "one pair less than there are", SLICE_INIT(W1 "1D\0\0\0\1\0\0\0\1" PAIR PAIR), LJ_BAD,
      ERR_BAD_VERSION, 2, 1, "unknown version byte 0x00" },
    { "cut mid length", SLICE_INIT(W1 "2J\0\0\0\1\0\0"), LJ_NEED_MORE, ERR_NONE, 1, 0, NULL },
    { "cut mid pair", SLICE_INIT(W1 "1D\0\0\0\1\0\0\0\2" PAIR KEY_A "\0\0\0\1"), LJ_NEED_MORE,
      ERR_NONE, 1, 0, NULL },
    { "data before window", SLICE_INIT(J("\1")), LJ_BAD, ERR_DATA_BEFORE_WINDOW, 0, 0,
      "J frame without a window" },
    { "pairs before window", SLICE_INIT("1D"), LJ_BAD, ERR_DATA_BEFORE_WINDOW, 0, 0, NULL },
    { "event behind its window", SLICE_INIT(W1 J("\1") J("\2")), LJ_BAD, ERR_DATA_BEFORE_WINDOW, 2,
      1, NULL },
    { "premature W", SLICE_INIT(W2 J("\1") W1), LJ_BAD, ERR_WINDOW_NOT_COMPLETE, 2, 0,
      "W frame in an open window: 1 of 2 events received" },
    { "version 3", SLICE_INIT("3"), LJ_BAD, ERR_BAD_VERSION, 0, 0, "unknown version byte 0x33" },
    { "lower-case type", SLICE_INIT("2w"), LJ_BAD, ERR_BAD_FRAME_TYPE, 0, 0,
      "unknown frame type 0x77" },
    { "ACK", SLICE_INIT(W1 "2A\0\0\0\1"), LJ_BAD, ERR_BAD_FRAME_TYPE, 1, 0, NULL },
};

/* However the network cuts the bytes, the answer is the same; and the bytes may move in between. */
START_TEST(vector_any_chunking)
{
    const struct slice all = vectors[_i].in;

    for (size_t step = 1; step <= all.n; step++) {
        struct lj_framer *f = lj_new(&small);
        size_t taken = 0;
        struct lj_frame frame;
        struct err err = { 0 };
        enum lj_status got = LJ_NEED_MORE;
        unsigned windows = 0, frames = 0;

        for (size_t fed = step; got != LJ_BAD; fed += step) {
            size_t n = (fed < all.n ? fed : all.n) - taken;
            char *moved = malloc(n);
            struct slice in = { moved, n };

            memcpy(moved, all.p + taken, n);
            while (in.n > 0 && (got = lj_next(f, &in, &frame, &err)) > LJ_NEED_MORE) {
                frames++;
                windows += got == LJ_WINDOW;
            }
            ck_assert(got != LJ_NEED_MORE || lj_wanted(f) > in.n);
            taken += n - in.n;
            free(moved);
            if (fed >= all.n)
                break;
        }
        ck_assert_msg(got == vectors[_i].want && err.code == vectors[_i].code &&
                          frames == vectors[_i].frames && windows == vectors[_i].windows,
                      "%s, step %zu: status %d, %u frames, %u windows, \"%s\"", vectors[_i].name,
                      step, got, frames, windows, err.msg);
        if (vectors[_i].text != NULL)
            ck_assert_str_eq(err.msg, vectors[_i].text);
        lj_free(&f);
        ck_assert_ptr_null(f);
    }
}
END_TEST

START_TEST(frame_holds_numbers_and_payload)
{
    struct lj_framer *f = lj_new(&small);
    struct slice in = SLICE("1W\0\0\0\2"
                            "2J\xff\xff\xff\xfe\0\0\0\2{}"
                            "1D\0\0\1\0\0\0\0\1" PAIR);
    struct lj_frame frame;

    ck_assert_int_eq(lj_next(f, &in, &frame, NULL), LJ_FRAME);
    ck_assert_int_eq(frame.type, 'W');
    ck_assert_uint_eq(frame.seq, 2);
    ck_assert_uint_eq(lj_left(f), 2);
    ck_assert_int_eq(lj_version(f), '1');
    ck_assert_int_eq(lj_next(f, &in, &frame, NULL), LJ_FRAME);
    ck_assert_int_eq(frame.version, '2');
    ck_assert_uint_eq(frame.seq, 0xFFFFFFFE);
    ck_assert_slice(frame.payload, SLICE("{}"));
    ck_assert_int_eq(lj_next(f, &in, &frame, NULL), LJ_WINDOW);
    ck_assert_int_eq(frame.type, 'D');
    ck_assert_uint_eq(frame.pairs, 1);
    ck_assert_uint_eq(frame.seq, 256);
    ck_assert_slice(frame.payload, SLICE(PAIR));
    ck_assert_int_eq(lj_version(f), '1');
    ck_assert_uint_eq(in.n, 0);
    lj_free(&f);
}
END_TEST

/* What a frame is known to need grows with what is known of it. */
START_TEST(wanted_says_how_long_the_frame_is)
{
    static const struct {
        struct slice in;
        size_t wanted;
    } steps[] = {
        { SLICE_INIT("2"), 2 },
        { SLICE_INIT("2D"), 10 },
        { SLICE_INIT("2D\0\0\0\1\0\0\0\2"), 14 },
        { SLICE_INIT("2D\0\0\0\1\0\0\0\2\0\0\0\1"), 10 + 4 + 1 + 3 * 4 },
        { SLICE_INIT("2D\0\0\0\1\0\0\0\2" PAIR), 10 + 11 + 4 },
        { SLICE_INIT("2D\0\0\0\1\0\0\0\2" PAIR "\0\0\0\2"), 10 + 11 + 4 + 2 + 4 },
    };

    for (unsigned i = 0; i < COUNT(steps); i++) {
        struct lj_framer *f = lj_new(&small);
        struct slice in = SLICE(W1);
        struct lj_frame frame;

        lj_next(f, &in, &frame, NULL);
        ck_assert_uint_eq(lj_wanted(f), 0);
        in = steps[i].in;
        ck_assert_int_eq(lj_next(f, &in, &frame, NULL), LJ_NEED_MORE);
        ck_assert_msg(lj_wanted(f) >= steps[i].wanted, "step %u: %zu", i, lj_wanted(f));
        ck_assert_uint_eq(in.n, steps[i].in.n);
        lj_free(&f);
    }
}
END_TEST

START_TEST(reopened_after_a_worker_has_counted)
{
    struct lj_framer *f = lj_new(&small);
    struct slice in = SLICE(W2 "2C\0\0\0\3zzz");
    struct lj_frame frame;
    struct err err;

    lj_next(f, &in, &frame, &err);
    ck_assert_int_eq(lj_next(f, &in, &frame, &err), LJ_WINDOW);
    ck_assert_uint_eq(lj_left(f), LJ_UNKNOWN);
    ck_assert_int_eq(lj_at_eof(f, in), ERR_NONE);
    lj_reopen(f, '1', 1);
    ck_assert_int_eq(lj_version(f), '1');
    ck_assert_int_eq(lj_at_eof(f, in), ERR_EOF_MID_WINDOW);
    in = SLICE(J("\2") "2");
    ck_assert_int_eq(lj_next(f, &in, &frame, &err), LJ_WINDOW);
    ck_assert_int_eq(lj_next(f, &in, &frame, &err), LJ_NEED_MORE);
    ck_assert_int_eq(lj_at_eof(f, in), ERR_EOF_MID_FRAME);
    lj_free(&f);
}
END_TEST

START_TEST(inside_a_c_frame_no_other)
{
    struct lj_framer *f = lj_new(&small);
    struct slice in = SLICE(W1 "2C");
    struct lj_frame frame;
    struct err err;

    lj_enter_c(f);
    ck_assert_int_eq(lj_next(f, &in, &frame, &err), LJ_FRAME);
    ck_assert_int_eq(lj_next(f, &in, &frame, &err), LJ_BAD);
    ck_assert_int_eq(err.code, ERR_NESTED_COMPRESSED);
    lj_leave_c(f);
    ck_assert_int_eq(lj_next(f, &in, &frame, &err), LJ_NEED_MORE);
    lj_free(&f);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, vector_any_chunking, 0, (int)COUNT(vectors));
    tcase_add_test(tc, frame_holds_numbers_and_payload);
    tcase_add_test(tc, wanted_says_how_long_the_frame_is);
    tcase_add_test(tc, reopened_after_a_worker_has_counted);
    tcase_add_test(tc, inside_a_c_frame_no_other);
}

UNIT_MAIN("lj_frame")
