/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a connection, from the feed to events: whole and byte by byte must give the same
 * events and ACKs. The first byte chooses the policy, and whether the rest is compressed into a C
 * frame first: no mutation gets past a checksum. */
#include "codec/json_write.h"
#include "codec/lj_encode.h"
#include "tests/vectors/wire.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lj_limits limits = {
    .window_events = 1000,
    .json_bytes = 4096,
    .compressed_bytes = 65536,
    .decompressed_bytes = 65536,
    .pairs = 64,
    .key_bytes = 256,
    .value_bytes = 4096,
    .json_depth = 100,
};

static void
require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "lj_decode: %s\n", what);
    abort();
}

static void
run(struct wire *w, struct slice bytes, size_t step, enum lj_on_bad on_bad, struct buf *out)
{
    wire_init(w, &limits, on_bad);
    while (bytes.n > 0 && !w->closed) {
        struct slice piece;

        slice_take(&bytes, bytes.n < step ? bytes.n : step, &piece);
        wire_feed(w, piece);
    }
    wire_eof(w);
    for (size_t i = 0; i < w->n; i++)
        value_write(&w->events[i]->data, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = { (const char *)data + 1, size - 1 };
    struct buf c = { 0 }, events[2] = { { 0 }, { 0 } };
    struct wire w[2];

    if (size < 2 || size > 1 << 16)
        return 0;
    if (data[0] & 2) {
        buf_append(&c, SLICE("2W\0\0\0\3"));
        lj_put_compressed(&c, '2', bytes, 1, NULL);
        bytes = buf_slice(&c);
    }
    for (unsigned i = 0; i < 2; i++)
        run(&w[i], bytes, i == 0 ? bytes.n : 1, data[0] & 1 ? LJ_CLOSE : LJ_QUARANTINE, &events[i]);
    require(slice_eq(buf_slice(&w[0].acks), buf_slice(&w[1].acks)), "ACKs differ");
    require(slice_eq(buf_slice(&events[0]), buf_slice(&events[1])), "events differ");
    require(w[0].err.code == w[1].err.code && w[0].err_at == w[1].err_at, "errors differ");
    for (unsigned i = 0; i < 2; i++) {
        wire_fini(&w[i]);
        buf_fini(&events[i]);
    }
    buf_fini(&c);
    return 0;
}
