/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/random.h"
#include "sinks/gzip.h"

#include <zlib.h>

/* As a server reads a body of several members: the strict way, by another library. */
static void
check_read(struct slice body, struct slice want)
{
    size_t got = 0, cap = want.n + 64;
    char *out = malloc(cap);
    z_stream z = { .next_in = (Bytef *)(uintptr_t)body.p, .avail_in = (uInt)body.n };

    ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
    while (z.avail_in > 0) {
        z.next_out = (Bytef *)out + got;
        z.avail_out = (uInt)(cap - got);
        ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
        got = cap - z.avail_out;
        inflateReset(&z);
    }
    inflateEnd(&z);
    ck_assert(slice_eq((struct slice){ out, got }, want));
    free(out);
}

static struct slice
text_of(size_t n)
{
    char *p = malloc(n + 1);

    for (size_t i = 0; i < n; i++)
        p[i] = "{\"message\":\"user 42 logged in\",\"n\":%}\n"[i % 37];
    return (struct slice){ p, n };
}

static struct slice
noise_of(size_t n)
{
    struct rng r = { { 1, 2 } };
    char *p = malloc(n + 1);

    for (size_t i = 0; i < n; i++)
        p[i] = (char)rng_next(&r);
    return (struct slice){ p, n };
}

static const size_t sizes[] = { 0, 1, 17, 4096, 65535, 65536, 65537, 1000000, 5200000 };

START_TEST(members_are_whole_at_any_size_and_level)
{
    static const int levels[] = { 1, 2, 6, 9 };

    for (size_t l = 0; l < COUNT(levels); l++) {
        struct slice in[] = { text_of(sizes[_i]), noise_of(sizes[_i]) };

        for (size_t i = 0; i < COUNT(in); i++) {
            struct buf out = { 0 }, back = { 0 };
            struct err err = { 0 };

            gzip_member(in[i], levels[l], &out);
            check_read(buf_slice(&out), in[i]);
            ck_assert_int_eq(gzip_plain(buf_slice(&out), in[i].n, &back, &err), 0);
            ck_assert(slice_eq(buf_slice(&back), in[i]));
            buf_fini(&out);
            buf_fini(&back);
            free((char *)(uintptr_t)in[i].p);
        }
    }
}
END_TEST

START_TEST(text_gets_much_smaller)
{
    struct slice in = text_of(1000000);
    struct buf out = { 0 };

    gzip_member(in, 1, &out);
    ck_assert_uint_lt(out.n, in.n / 20);
    buf_fini(&out);
    free((char *)(uintptr_t)in.p);
}
END_TEST

START_TEST(members_stand_one_after_the_other)
{
    struct buf out = { 0 }, back = { 0 };
    struct err err = { 0 };

    gzip_member(SLICE("first\n"), 1, &out);
    gzip_member(SLICE(""), 1, &out);
    gzip_member(SLICE("second\n"), 3, &out);
    check_read(buf_slice(&out), SLICE("first\nsecond\n"));
    ck_assert_int_eq(gzip_any(buf_slice(&out), 13, &back, &err), 0);
    ck_assert_slice(buf_slice(&back), SLICE("first\nsecond\n"));
    buf_clear(&back);
    ck_assert_int_eq(gzip_any(buf_slice(&out), 12, &back, &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    buf_byte(&out, 'x');
    buf_clear(&back);
    ck_assert_int_eq(gzip_any(buf_slice(&out), 100, &back, &err), -1);
    ck_assert_int_eq(err.code, ERR_PARSE);
    buf_fini(&out);
    buf_fini(&back);
}
END_TEST

START_TEST(damage_is_an_error)
{
    struct buf out = { 0 }, back = { 0 };
    struct err err = { 0 };

    gzip_member(SLICE("some text"), 1, &out);
    ck_assert_int_eq(gzip_plain((struct slice){ out.p, out.n - 1 }, 9, &back, &err), -1);
    ck_assert_int_eq(err.code, ERR_PARSE);
    ck_assert_int_eq(gzip_plain(buf_slice(&out), 8, &back, &err), -1);
    out.p[out.n - 5] ^= 1; /* the checksum */
    ck_assert_int_eq(gzip_plain(buf_slice(&out), 9, &back, &err), -1);
    ck_assert_uint_eq(back.n, 0);
    buf_fini(&out);
    buf_fini(&back);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, members_are_whole_at_any_size_and_level, 0, (int)COUNT(sizes));
    tcase_add_test(tc, text_gets_much_smaller);
    tcase_add_test(tc, members_stand_one_after_the_other);
    tcase_add_test(tc, damage_is_an_error);
}

UNIT_MAIN("gzip")
