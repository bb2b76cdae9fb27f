/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/json_write.h"

#include "codec/base/error.h"
#include "codec/number.h"
#include "codec/utf8.h"

/* ---- strings ---- */

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

/* The high bit of each byte that is below 0x20, a quote, or a backslash; bytes from 0x80 on may be
 * named too, never the other way round. */
static uint64_t
special_bytes(uint64_t w)
{
    uint64_t quote = w ^ EACH('"'), slash = w ^ EACH('\\');

    return ((w - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1)) | w) & EACH(0x80);
}

static bool
needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* The answer for a text with some bytes that special_bytes() named. */
static bool
is_plain_after_all(struct slice s)
{
    bool high = false;

    for (size_t i = 0; i < s.n; i++) {
        if (needs_escape((unsigned char)s.p[i]))
            return false;
        high = high || (unsigned char)s.p[i] >= 0x80;
    }
    return !high || utf8_valid(s);
}

bool
json_is_plain(struct slice s)
{
    uint64_t w, special;

    if (s.n < sizeof w)
        return s.n == 0 || special_bytes(slice_short_word(s)) == 0 || is_plain_after_all(s);
    memcpy(&w, s.p + s.n - sizeof w, sizeof w); /* the tail, which may overlap the last word */
    special = special_bytes(w);
    for (size_t i = 0; i + sizeof w < s.n; i += sizeof w) {
        memcpy(&w, s.p + i, sizeof w);
        special |= special_bytes(w);
    }
    return special == 0 || is_plain_after_all(s);
}

bool
json_is_plain_within(struct slice s, const char *end)
{
    /* The n bytes before its middle are a mask for n. */
    static const char mask[32] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    uint64_t w[2], m[2];

    if (s.n > sizeof w || (size_t)(end - s.p) < sizeof w)
        return json_is_plain(s);
    memcpy(w, s.p, sizeof w);
    memcpy(m, &mask[sizeof w - s.n], sizeof m);
    return ((special_bytes(w[0]) & m[0]) | (special_bytes(w[1]) & m[1])) == 0 ||
           is_plain_after_all(s);
}

static void
write_escape(unsigned char c, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char named[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
    };
    char *p = buf_reserve(out, 6);

    p[0] = '\\';
    if (c >= 0x20 || named[c] != 0) {
        p[1] = c >= 0x20 ? (char)c : named[c];
        out->n += 2;
        return;
    }
    memcpy(p + 1, "u00", 3);
    p[4] = hex[c >> 4];
    p[5] = hex[c & 15];
    out->n += 6;
}

void
json_write_escaped(struct slice s, struct buf *out)
{
    size_t from = 0, i = 0;

    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        unsigned len = 1, bad = 0;

        if (c >= 0x80)
            len = utf8_next((struct slice){ s.p + i, s.n - i }, &bad);
        if (len > 0 && !needs_escape(c)) {
            i += len;
            continue;
        }
        buf_append(out, (struct slice){ s.p + from, i - from });
        if (len == 0)
            buf_append(out, SLICE("\xef\xbf\xbd"));
        else
            write_escape(c, out);
        i += len == 0 ? bad : 1;
        from = i;
    }
    buf_append(out, (struct slice){ s.p + from, s.n - from });
}

void
json_write_string(struct slice s, struct buf *out)
{
    buf_byte(out, '"');
    json_write_escaped(s, out);
    buf_byte(out, '"');
}

/* ---- values ---- */

/* Where the value's own received text begins; NULL when it was made here. */
static const char *
raw_of(const struct value *v)
{
    if (v->flags & V_INDEXED)
        return v->kids->raw;
    return v->flags & V_DECODED ? v->text->raw : v->raw;
}

/* Of a member of an object: the quote before its key. */
static const char *
text_from(const struct value *v)
{
    if (v->key == NULL)
        return raw_of(v);
    if (v->flags & KEY_LONG)
        return ((const struct slice *)(const void *)v->key)->p - 1;
    return v->key - 1;
}

static const char *
text_to(const struct value *v)
{
    return raw_of(v) + v->len;
}

static void
write_key(const struct value *v, struct buf *out)
{
    struct slice key = { v->key, v->key_len };

    if (v->key == NULL)
        return;
    if (v->flags & KEY_LONG)
        key = *(const struct slice *)(const void *)v->key;
    buf_append(out, (struct slice){ key.p - 1, key.n + 2 });
    buf_byte(out, ':');
}

/* Members that still stand side by side in the sender's text leave in one copy. */
static void
write_kids(const struct kids *k, struct buf *out)
{
    for (uint32_t i = 0, end; i < k->n; i = end) {
        end = i + 1;
        if (i > 0)
            buf_byte(out, ',');
        if (k->at[i].flags & V_CHANGED) {
            write_key(&k->at[i], out);
            value_write(&k->at[i], out);
            continue;
        }
        while (end < k->n && !(k->at[end].flags & V_CHANGED) &&
               text_from(&k->at[end]) == text_to(&k->at[end - 1]) + 1) /* just the comma between */
            end++;
        buf_append(out, slice_between(text_from(&k->at[i]), text_to(&k->at[end - 1])));
    }
}

static void
write_bare(const struct value *v, struct buf *out)
{
    size_t n = v->len; /* with the quotes it may be more than 32 bits hold */
    char *p = buf_reserve(out, n + 2);

    p[0] = '"';
    memcpy(p + 1, v->raw, n);
    p[n + 1] = '"';
    out->n += n + 2;
}

void
value_write(const struct value *v, struct buf *out)
{
    if (v->flags & V_BARE) {
        write_bare(v, out);
    } else if (v->flags & V_DECODED && v->text->raw == NULL) {
        json_write_string(v->text->plain, out);
    } else if (!(v->flags & V_INDEXED) || (!(v->flags & V_CHANGED) && v->kids->raw != NULL)) {
        buf_append(out, (struct slice){ raw_of(v), v->len });
    } else {
        buf_byte(out, v->type == V_OBJECT ? '{' : '[');
        write_kids(v->kids, out);
        buf_byte(out, v->type == V_OBJECT ? '}' : ']');
    }
}
