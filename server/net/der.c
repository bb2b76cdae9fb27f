/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/net/der.h"

static bool
take_length(struct slice *s, size_t *n)
{
    char c;
    size_t more, v = 0;

    if (!slice_take_byte(s, &c))
        return false;
    if (((unsigned char)c & 0x80) == 0) {
        *n = (unsigned char)c;
        return true;
    }
    more = (unsigned char)c & 0x7f;
    if (more == 0 || more > 4)
        return false;
    while (more-- > 0) {
        if (!slice_take_byte(s, &c))
            return false;
        v = v << 8 | (unsigned char)c;
    }
    *n = v;
    return true;
}

bool
der_take(struct slice *s, struct der *e)
{
    struct slice at = *s;
    size_t n;
    char tag;

    if (!slice_take_byte(&at, &tag) || !take_length(&at, &n) || !slice_take(&at, n, &e->value))
        return false;
    e->tag = (unsigned char)tag;
    e->whole = slice_between(s->p, at.p);
    *s = at;
    return true;
}

bool
der_take_tagged(struct slice *s, unsigned char tag, struct slice *value)
{
    struct der e;

    if (!der_take(s, &e) || e.tag != tag)
        return false;
    *value = e.value;
    return true;
}

bool
der_take_number(struct slice *s, size_t most, size_t *n)
{
    struct slice bytes;
    size_t v = 0;

    if (!der_take_tagged(s, DER_INTEGER, &bytes) || bytes.n == 0 || (bytes.p[0] & 0x80) != 0)
        return false;
    for (size_t i = 0; i < bytes.n; i++) {
        v = v << 8 | (unsigned char)bytes.p[i];
        if (v > most)
            return false;
    }
    *n = v;
    return true;
}
