/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/inflate.h"
#include "tests/unit/unit.h"

/* "hello hello hello", zlib level 9. */
#define STREAM "\x78\xda\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x00\x3a\x2e\x06\x7d"
#define TEXT   "hello hello hello"

static const struct {
    const char *name;
    struct slice in;
    size_t cap;
    enum inflated want;
    size_t n, used;
} streams[] = {
    { "whole", SLICE_INIT(STREAM), 17, INFLATED_OK, 17, 16 },
    { "room to spare", SLICE_INIT(STREAM), 64, INFLATED_OK, 17, 16 },
    { "trailing bytes", SLICE_INIT(STREAM "\xde\xad"), 17, INFLATED_OK, 17, 16 },
    { "two streams: the first", SLICE_INIT(STREAM STREAM), 64, INFLATED_OK, 17, 16 },
    { "nothing inside", SLICE_INIT("\x78\x5e\x03\x00\x00\x00\x00\x01"), 4, INFLATED_OK, 0, 8 },
    { "one byte more than there is room", SLICE_INIT(STREAM), 16, INFLATED_SPACE, 0, 0 },
    { "no room at all", SLICE_INIT(STREAM), 0, INFLATED_SPACE, 0, 0 },
    { "wrong checksum", SLICE_INIT("\x78\x5e\x03\x00\x00\x00\x00\x02"), 4, INFLATED_BAD, 0, 0 },
    { "no checksum", SLICE_INIT("\x78\x5e\x03\x00"), 4, INFLATED_BAD, 0, 0 },
    { "wrong header", SLICE_INIT("\x78\x5f\x03\x00\x00\x00\x00\x01"), 4, INFLATED_BAD, 0, 0 },
    { "gzip", SLICE_INIT("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00"), 4,
      INFLATED_BAD, 0, 0 },
    { "empty", SLICE_INIT(""), 4, INFLATED_BAD, 0, 0 },
};

START_TEST(stream_with_its_verdict)
{
    struct inflater *i = inflater_new();
    char *out = malloc(streams[_i].cap);
    size_t n = 0, used = 0;

    ck_assert_msg(inflate_zlib(i, streams[_i].in, out, streams[_i].cap, &n, &used) ==
                      streams[_i].want,
                  "%s", streams[_i].name);
    if (streams[_i].want == INFLATED_OK) {
        ck_assert_uint_eq(n, streams[_i].n);
        ck_assert_uint_eq(used, streams[_i].used);
        ck_assert_slice(((struct slice){ out, n }), ((struct slice){ TEXT, n }));
    }
    free(out);
    inflater_free(&i);
    ck_assert_ptr_null(i);
}
END_TEST

START_TEST(cut_at_every_byte_is_bad)
{
    struct slice whole = SLICE(STREAM);
    struct inflater *i = inflater_new();
    char out[64];
    size_t n, used;

    for (size_t cut = 0; cut < whole.n; cut++)
        ck_assert_int_eq(inflate_zlib(i, (struct slice){ whole.p, cut }, out, sizeof out, &n,
                                      &used),
                         INFLATED_BAD);
    inflater_free(&i);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, stream_with_its_verdict, 0, (int)COUNT(streams));
    tcase_add_test(tc, cut_at_every_byte_is_bad);
}

UNIT_MAIN("inflate")
