/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The subject of a certificate as text: RFC 2253, in the form of Java's X500Principal, because that
 * is what Logstash puts into events. Attributes without a keyword there are "OID=#hex".
 *
 * Reads DER that a peer made, which the TLS library has accepted; limits and no recursion all the
 * same. Where Java copies a control character or makes U+FFFD of a bad byte, we write \XX, as the
 * RFC has it: the text is to stay one line of UTF-8. */
#include "server/net/der.h"
#include "server/net/tls_priv.h"

#include <stdio.h>
#include <string.h>

#define TAG_VERSION 0xa0

#define RDNS_MAX 64

struct text {
    char *out;
    size_t n, max;
    bool full;
};

/* One piece, all of it or, from then on, nothing. */
static void
put(struct text *t, const char *piece, size_t n)
{
    if (t->full || n >= t->max - t->n) {
        t->full = true;
        return;
    }
    memcpy(t->out + t->n, piece, n);
    t->n += n;
}

/* Certificate, its signed part, and five things before the subject. */
static bool
find_subject(struct slice der, struct slice *subject)
{
    struct slice cert, tbs, skip;
    struct der first;

    if (!der_take_tagged(&der, DER_SEQUENCE, &cert) || !der_take_tagged(&cert, DER_SEQUENCE, &tbs))
        return false;
    if (!der_take(&tbs, &first)) /* version, or in version 1 the serial number */
        return false;
    if (first.tag == TAG_VERSION && !der_take_tagged(&tbs, DER_INTEGER, &skip))
        return false;
    return der_take_tagged(&tbs, DER_SEQUENCE, &skip) &&
           der_take_tagged(&tbs, DER_SEQUENCE, &skip) &&
           der_take_tagged(&tbs, DER_SEQUENCE, &skip) &&
           der_take_tagged(&tbs, DER_SEQUENCE, subject);
}

static const struct {
    struct slice oid;
    const char *keyword;
} keywords[] = {
    { SLICE_INIT("\x55\x04\x03"), "CN" },
    { SLICE_INIT("\x55\x04\x06"), "C" },
    { SLICE_INIT("\x55\x04\x07"), "L" },
    { SLICE_INIT("\x55\x04\x08"), "ST" },
    { SLICE_INIT("\x55\x04\x09"), "STREET" },
    { SLICE_INIT("\x55\x04\x0a"), "O" },
    { SLICE_INIT("\x55\x04\x0b"), "OU" },
    { SLICE_INIT("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), "DC" },
    { SLICE_INIT("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), "UID" },
};

/* Base 128 groups; the first holds two numbers. */
static void
put_oid(struct text *t, struct slice oid)
{
    uint64_t v = 0;
    bool first = true;
    char part[48];

    for (size_t i = 0; i < oid.n; i++) {
        unsigned char c = (unsigned char)oid.p[i];

        if (v >> 56 != 0) {
            t->full = true;
            return;
        }
        v = v << 7 | (c & 0x7f);
        if (c & 0x80)
            continue;
        if (first) {
            unsigned root = v < 40 ? 0 : v < 80 ? 1 : 2;

            snprintf(part, sizeof part, "%u.%llu", root, (unsigned long long)(v - root * 40));
        } else {
            snprintf(part, sizeof part, ".%llu", (unsigned long long)v);
        }
        put(t, part, strlen(part));
        first = false;
        v = 0;
    }
}

static void
put_hex(struct text *t, struct slice bytes)
{
    put(t, "#", 1);
    for (size_t i = 0; i < bytes.n && !t->full; i++) {
        char two[3];

        snprintf(two, sizeof two, "%02x", (unsigned char)bytes.p[i]);
        put(t, two, 2);
    }
}

static void
put_escaped_byte(struct text *t, unsigned char c)
{
    char three[4];

    snprintf(three, sizeof three, "\\%02X", c);
    put(t, three, 3);
}

/* edge: the first or last character, where a blank must be escaped. */
static void
put_char(struct text *t, uint32_t c, bool edge)
{
    char utf8[4];

    if (c < 0x20 || c == 0x7f) {
        put_escaped_byte(t, (unsigned char)c);
    } else if (c < 0x80) {
        char two[2] = { '\\', (char)c };
        bool escape = strchr(",=+<>#;\"\\", (int)c) != NULL || (c == ' ' && edge);

        put(t, escape ? two : two + 1, escape ? 2 : 1);
    } else if (c < 0x800) {
        utf8[0] = (char)(0xc0 | c >> 6);
        utf8[1] = (char)(0x80 | (c & 0x3f));
        put(t, utf8, 2);
    } else if (c < 0x10000) {
        utf8[0] = (char)(0xe0 | c >> 12);
        utf8[1] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[2] = (char)(0x80 | (c & 0x3f));
        put(t, utf8, 3);
    } else {
        utf8[0] = (char)(0xf0 | c >> 18);
        utf8[1] = (char)(0x80 | (c >> 12 & 0x3f));
        utf8[2] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[3] = (char)(0x80 | (c & 0x3f));
        put(t, utf8, 4);
    }
}

static bool
is_scalar(uint32_t c)
{
    return c < 0x110000 && (c < 0xd800 || c > 0xdfff);
}

/* Takes one character of UTF-8; false, and one byte gone, if it is none. */
static bool
take_utf8(struct slice *s, uint32_t *c)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    unsigned char first = (unsigned char)*s->p;
    size_t more = first < 0x80   ? 0
                  : first < 0xc2 ? 9
                  : first < 0xe0 ? 1
                  : first < 0xf0 ? 2
                  : first < 0xf5 ? 3
                                 : 9;
    uint32_t v = more == 0 ? first : first & (0x3fu >> more);

    *c = first;
    s->p++;
    s->n--;
    if (more > s->n || more == 9)
        return false;
    for (size_t i = 0; i < more; i++) {
        if (((unsigned char)s->p[i] & 0xc0) != 0x80)
            return false;
        v = v << 6 | ((unsigned char)s->p[i] & 0x3f);
    }
    if (v < least[more] || !is_scalar(v))
        return false;
    s->p += more;
    s->n -= more;
    *c = v;
    return true;
}

static void
put_utf8(struct text *t, struct slice s)
{
    const char *start = s.p, *lead = s.p, *tail = s.p + s.n;

    /* Java counts carriage returns as blanks here; ours are escaped anyway. */
    while (lead < tail && *lead == ' ')
        lead++;
    while (tail > start && tail[-1] == ' ')
        tail--;
    while (s.n > 0 && !t->full) {
        const char *at = s.p;
        uint32_t c;

        if (take_utf8(&s, &c))
            put_char(t, c, at < lead || at >= tail);
        else
            put_escaped_byte(t, (unsigned char)c);
    }
}

/* Characters of `width` bytes, big end first; a surrogate pair is two bad ones. */
static void
put_wide(struct text *t, struct slice s, size_t width)
{
    for (size_t i = 0; i + width <= s.n && !t->full; i += width) {
        uint32_t c = 0;

        for (size_t k = 0; k < width; k++)
            c = c << 8 | (unsigned char)s.p[i + k];
        put_char(t, is_scalar(c) ? c : 0xfffd, i == 0 || i + 2 * width > s.n);
    }
}

static void
put_value(struct text *t, const struct der *v)
{
    switch (v->tag) {
    case DER_UTF8:
    case DER_PRINTABLE:
    case DER_IA5: put_utf8(t, v->value); break;
    case DER_T61: put_wide(t, v->value, 1); break;
    case DER_BMP: put_wide(t, v->value, 2); break;
    case DER_UNIVERSAL: put_wide(t, v->value, 4); break;
    default: put_hex(t, v->whole); break;
    }
}

static bool
put_attribute(struct text *t, struct slice attribute)
{
    struct slice oid;
    struct der value;
    size_t i = 0;

    if (!der_take_tagged(&attribute, DER_OID, &oid) || !der_take(&attribute, &value))
        return false;
    while (i < COUNT(keywords) && !slice_eq(keywords[i].oid, oid))
        i++;
    if (i < COUNT(keywords)) {
        put(t, keywords[i].keyword, strlen(keywords[i].keyword));
        put(t, "=", 1);
        put_value(t, &value);
    } else {
        put_oid(t, oid);
        put(t, "=", 1);
        put_hex(t, value.whole);
    }
    return true;
}

/* A set of attributes, mostly one. */
static bool
put_rdn(struct text *t, struct slice rdn)
{
    struct slice attribute;
    bool first = true;

    while (rdn.n > 0) {
        if (!first)
            put(t, "+", 1);
        if (!der_take_tagged(&rdn, DER_SEQUENCE, &attribute) || !put_attribute(t, attribute))
            return false;
        first = false;
    }
    return true;
}

void
tls_subject_print(struct slice der, char *out, size_t max)
{
    struct text t = { .out = out, .max = max };
    struct slice subject, rdns[RDNS_MAX];
    size_t n = 0;

    out[0] = '\0';
    if (!find_subject(der, &subject))
        return;
    while (subject.n > 0 && n < RDNS_MAX)
        if (!der_take_tagged(&subject, DER_SET, &rdns[n++]))
            return;
    while (n-- > 0) { /* the most specific stands last in the certificate */
        if (t.n > 0)
            put(&t, ",", 1);
        if (!put_rdn(&t, rdns[n])) {
            t.n = 0;
            break;
        }
    }
    out[t.n] = '\0';
}
