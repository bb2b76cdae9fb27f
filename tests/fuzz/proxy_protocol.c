/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a PROXY header: a good one is good from its length on, whatever follows, and wants
 * more at every length before; what is bad stays bad with more bytes behind it. */
#include "server/proxy_protocol.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "proxy_protocol: %s\n", what);
    abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header whole, part;
    struct slice in = { (const char *)data, size };
    enum proxy_status got, before;
    struct err err = { 0 };

    got = proxy_parse(in, &whole, &err);
    require(got == PROXY_BAD || whole.length > 0, "no length");
    require(got != PROXY_WHOLE || whole.length <= size, "longer than what is there");
    require(got != PROXY_MORE || whole.length > size, "wants what is there");
    for (size_t n = 0; n < size && n <= PROXY_V1_MAX + 1; n++) {
        before = proxy_parse((struct slice){ in.p, n }, &part, &err);
        require(before != PROXY_BAD || got == PROXY_BAD, "bad bytes became good");
        require(before != PROXY_WHOLE || (got == PROXY_WHOLE && part.length == whole.length),
                "the length depends on what follows");
        require(got != PROXY_WHOLE || n >= whole.length || before == PROXY_MORE,
                "a part of a good header does not want more");
    }
    return 0;
}
