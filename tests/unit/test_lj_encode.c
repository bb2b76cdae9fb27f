/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/inflate.h"
#include "codec/lj_encode.h"
#include "tests/unit/unit.h"

START_TEST(frames_as_the_protocol_lays_them_out)
{
    struct slice pairs[] = { SLICE_INIT("line"), SLICE_INIT("hi"), SLICE_INIT("host"),
                             SLICE_INIT("") };
    struct buf b = { 0 };

    lj_put_window(&b, '2', 3);
    ck_assert_slice(buf_slice(&b), SLICE("2W\0\0\0\3"));
    buf_clear(&b);
    lj_put_json(&b, '2', 0x80000001, SLICE("{\"a\":1}"));
    ck_assert_slice(buf_slice(&b), SLICE("2J\x80\0\0\1\0\0\0\7{\"a\":1}"));
    buf_clear(&b);
    lj_put_data(&b, '1', 1, pairs, 2);
    ck_assert_slice(buf_slice(&b), SLICE("1D\0\0\0\1\0\0\0\2\0\0\0\4line\0\0\0\2hi"
                                         "\0\0\0\4host\0\0\0\0"));
    buf_fini(&b);
}
END_TEST

START_TEST(compressed_frame_inflates_to_its_frames)
{
    struct inflater *i = inflater_new();

    for (int level = 0; level <= 9; level++) {
        struct buf b = { 0 };
        struct err err = { 0 };
        char out[32];
        size_t n, used;

        ck_assert_int_eq(lj_put_compressed(&b, '2', SLICE("frames frames frames"), level, &err), 0);
        ck_assert_slice(((struct slice){ b.p, 2 }), SLICE("2C"));
        ck_assert_uint_eq((unsigned char)b.p[5], b.n - 6);
        ck_assert_int_eq(inflate_zlib(i, (struct slice){ b.p + 6, b.n - 6 }, out, sizeof out, &n,
                                      &used),
                         INFLATED_OK);
        ck_assert_slice(((struct slice){ out, n }), SLICE("frames frames frames"));
        buf_fini(&b);
    }
    inflater_free(&i);
}
END_TEST

START_TEST(level_that_zlib_does_not_have)
{
    struct buf b = { 0 };
    struct err err = { 0 };

    ck_assert_int_eq(lj_put_compressed(&b, '2', SLICE("x"), 10, &err), -1);
    ck_assert_int_eq(err.code, ERR_RANGE);
    ck_assert_uint_eq(b.n, 0);
    buf_fini(&b);
}
END_TEST

START_TEST(ack_there_and_back)
{
    char bytes[LJ_ACK_BYTES], version = 0;
    struct slice in = { bytes, sizeof bytes };
    uint32_t seq = 0;

    lj_write_ack(bytes, '1', 0xFFFFFFFF);
    ck_assert_slice(in, SLICE("1A\xff\xff\xff\xff"));
    for (size_t n = 0; n < sizeof bytes; n++) {
        struct slice cut = { bytes, n };

        ck_assert_int_eq(lj_take_ack(&cut, &version, &seq, NULL), 0);
        ck_assert_uint_eq(cut.n, n);
    }
    ck_assert_int_eq(lj_take_ack(&in, &version, &seq, NULL), 1);
    ck_assert_int_eq(version, '1');
    ck_assert_uint_eq(seq, 0xFFFFFFFF);
    ck_assert_uint_eq(in.n, 0);
}
END_TEST

START_TEST(answers_that_are_no_ack)
{
    struct slice http = SLICE("HTTP/1"), window = SLICE("2W");
    struct err err = { 0 };
    uint32_t seq;
    char version;

    ck_assert_int_eq(lj_take_ack(&http, &version, &seq, &err), -1);
    ck_assert_int_eq(err.code, ERR_BAD_VERSION);
    ck_assert_str_eq(err.msg, "answer with version byte 0x48 instead of an ACK");
    ck_assert_int_eq(lj_take_ack(&window, &version, &seq, &err), -1);
    ck_assert_int_eq(err.code, ERR_BAD_FRAME_TYPE);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, frames_as_the_protocol_lays_them_out);
    tcase_add_test(tc, compressed_frame_inflates_to_its_frames);
    tcase_add_test(tc, level_that_zlib_does_not_have);
    tcase_add_test(tc, ack_there_and_back);
    tcase_add_test(tc, answers_that_are_no_ack);
}

UNIT_MAIN("lj_encode")
