/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/lj_encode.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

static void
put_be32(char *p, uint32_t n)
{
    p[0] = (char)(n >> 24);
    p[1] = (char)(n >> 16);
    p[2] = (char)(n >> 8);
    p[3] = (char)n;
}

static void
put_head(struct buf *out, char version, char type, const uint32_t *numbers, unsigned n)
{
    char *p = buf_reserve(out, 2 + 4 * (size_t)n);

    p[0] = version;
    p[1] = type;
    for (unsigned i = 0; i < n; i++)
        put_be32(p + 2 + 4 * i, numbers[i]);
    out->n += 2 + 4 * (size_t)n;
}

static void
put_text(struct buf *out, struct slice s)
{
    put_be32(buf_reserve(out, 4), (uint32_t)s.n);
    out->n += 4;
    buf_append(out, s);
}

void
lj_put_window(struct buf *out, char version, uint32_t events)
{
    put_head(out, version, 'W', &events, 1);
}

void
lj_put_json(struct buf *out, char version, uint32_t seq, struct slice json)
{
    put_head(out, version, 'J', &seq, 1);
    put_text(out, json);
}

void
lj_put_data(struct buf *out, char version, uint32_t seq, const struct slice *pairs, uint32_t n)
{
    put_head(out, version, 'D', (uint32_t[]){ seq, n }, 2);
    for (uint32_t i = 0; i < 2 * n; i++)
        put_text(out, pairs[i]);
}

int
lj_put_compressed(struct buf *out, char version, struct slice frames, int level, struct err *err)
{
    uLong most = compressBound((uLong)frames.n);
    char *p;
    int result;

    if (frames.n > UINT32_MAX / 2)
        return err_set(err, ERR_LIMIT, "%zu bytes are too many for one C frame", frames.n);
    p = buf_reserve(out, 6 + (size_t)most);
    result = compress2((Bytef *)p + 6, &most, (const Bytef *)frames.p, (uLong)frames.n, level);
    if (result != Z_OK)
        return err_set(err, ERR_RANGE, "zlib refuses to compress at level %d: %s", level,
                       zError(result));
    p[0] = version;
    p[1] = 'C';
    put_be32(p + 2, (uint32_t)most);
    out->n += 6 + (size_t)most;
    return 0;
}

void
lj_write_ack(char out[LJ_ACK_BYTES], char version, uint32_t seq)
{
    out[0] = version;
    out[1] = 'A';
    put_be32(out + 2, seq);
}

int
lj_take_ack(struct slice *in, char *version, uint32_t *seq, struct err *err)
{
    struct slice s = *in;

    if (s.n > 0 && s.p[0] != '1' && s.p[0] != '2')
        return err_set(err, ERR_BAD_VERSION, "answer with version byte 0x%02x instead of an ACK",
                       (unsigned char)s.p[0]);
    if (s.n > 1 && s.p[1] != 'A')
        return err_set(err, ERR_BAD_FRAME_TYPE, "answer with frame type 0x%02x instead of an ACK",
                       (unsigned char)s.p[1]);
    if (s.n < LJ_ACK_BYTES)
        return 0;
    *version = s.p[0];
    s = (struct slice){ s.p + 2, s.n - 2 };
    slice_take_be32(&s, seq);
    *in = s;
    return 1;
}
