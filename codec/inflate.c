/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/inflate.h"

#include "codec/base/error.h"

#include <libdeflate.h>
#include <stdlib.h>

struct inflater {
    struct libdeflate_decompressor *state;
};

struct inflater *
inflater_new(void)
{
    struct inflater *i = xcalloc(1, sizeof *i);

    i->state = libdeflate_alloc_decompressor();
    if (i->state == NULL)
        abort(); /* as xmalloc does */
    return i;
}

void
inflater_free(struct inflater **i)
{
    if (*i == NULL)
        return;
    libdeflate_free_decompressor((*i)->state);
    free(*i);
    *i = NULL;
}

enum inflated
inflate_zlib(struct inflater *i, struct slice in, char *out, size_t cap, size_t *n, size_t *used)
{
    switch (libdeflate_zlib_decompress_ex(i->state, in.p, in.n, out, cap, used, n)) {
    case LIBDEFLATE_SUCCESS: return INFLATED_OK;
    case LIBDEFLATE_INSUFFICIENT_SPACE: return INFLATED_SPACE;
    case LIBDEFLATE_BAD_DATA:
    case LIBDEFLATE_SHORT_OUTPUT: break;
    }
    return INFLATED_BAD;
}
