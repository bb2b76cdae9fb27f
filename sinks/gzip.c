/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/gzip.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx"))) static void
clean_vectors(void)
{
    _mm256_zeroupper();
}

static bool
igzip_suits(void)
{
    return __builtin_cpu_supports("avx");
}

#else
static void
clean_vectors(void)
{
}

/* Without its vector code igzip is no faster than libdeflate, and compresses less. */
static bool
igzip_suits(void)
{
    return false;
}
#endif

/* Stored blocks of 64 KB are the worst that deflate can do. */
static size_t
worst_case(size_t n)
{
    return n + n / 1000 + 512;
}

/* False: it did not fit, which means that the data is noise; libdeflate has a bound for it. */
static bool
igzip_member(struct slice plain, struct buf *out)
{
    size_t room = worst_case(plain.n);
    uint8_t *work;
    struct isal_zstream *z;
    int got;

    if (plain.n > UINT32_MAX / 2)
        return false;
    work = xmalloc(ISAL_DEF_LVL1_DEFAULT);
    z = xmalloc(sizeof *z);
    isal_deflate_stateless_init(z);
    z->level = 1;
    z->level_buf = work;
    z->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    z->gzip_flag = IGZIP_GZIP;
    z->end_of_stream = 1;
    z->flush = NO_FLUSH;
    z->next_in = (uint8_t *)(uintptr_t)plain.p;
    z->avail_in = (uint32_t)plain.n;
    z->next_out = (uint8_t *)buf_reserve(out, room);
    z->avail_out = (uint32_t)room;
    got = isal_deflate_stateless(z);
    clean_vectors();
    if (got == COMP_OK)
        out->n += room - z->avail_out;
    free(z);
    free(work);
    return got == COMP_OK;
}

static void
libdeflate_member(struct slice plain, int level, struct buf *out)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
    size_t room, n;

    ASSERT(c != NULL);
    room = libdeflate_gzip_compress_bound(c, plain.n);
    n = libdeflate_gzip_compress(c, plain.p, plain.n, buf_reserve(out, room), room);
    ASSERT(n > 0); /* the bound was enough, says its documentation */
    out->n += n;
    libdeflate_free_compressor(c);
}

void
gzip_member(struct slice plain, int level, struct buf *out)
{
    if (level > 1 || !igzip_suits() || !igzip_member(plain, out))
        libdeflate_member(plain, level, out);
}

int
gzip_plain(struct slice member, size_t plain_bytes, struct buf *out, struct err *err)
{
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    enum libdeflate_result got;

    ASSERT(d != NULL);
    got = libdeflate_gzip_decompress(d, member.p, member.n, buf_reserve(out, plain_bytes + 1),
                                     plain_bytes, NULL);
    libdeflate_free_decompressor(d);
    if (got != LIBDEFLATE_SUCCESS)
        return err_set(err, ERR_PARSE, "gzip member of %zu bytes is damaged", member.n);
    out->n += plain_bytes;
    return 0;
}

#define ANY_STEP 65536

int
gzip_any(struct slice stream, size_t limit, struct buf *out, struct err *err)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)stream.p };
    size_t before = out->n;
    int got = Z_OK;

    if (stream.n > UINT32_MAX)
        return err_set(err, ERR_LIMIT, "compressed body of %zu bytes", stream.n);
    z.avail_in = (uInt)stream.n;
    if (inflateInit2(&z, 15 + 32) != Z_OK)
        return err_set(err, ERR_PARSE, "compressed body: no memory");
    while (got == Z_OK && out->n - before <= limit) {
        z.next_out = (Bytef *)buf_reserve(out, ANY_STEP);
        z.avail_out = ANY_STEP;
        got = inflate(&z, Z_NO_FLUSH);
        out->n += ANY_STEP - z.avail_out;
        if (got == Z_STREAM_END && z.avail_in > 0)
            got = inflateReset(&z);
    }
    inflateEnd(&z);
    if (got == Z_STREAM_END && out->n - before <= limit)
        return 0;
    if (got == Z_OK || got == Z_STREAM_END)
        return err_set(err, ERR_LIMIT, "compressed body: more than %zu bytes", limit);
    return err_set(err, ERR_PARSE, "compressed body of %zu bytes is damaged", stream.n);
}
