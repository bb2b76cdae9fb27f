/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/dissect.h"

static size_t
count_fields(struct slice pattern)
{
    size_t n = 0, at = 0;

    while ((at = slice_find(pattern, SLICE("%{"), at)) != SIZE_MAX) {
        n++;
        at += 2;
    }
    return n;
}

static void
drop_suffix(struct slice *s, size_t n)
{
    s->n -= n;
}

/* "/12" at the end; the number, or 0. */
static unsigned
take_order(struct slice *name)
{
    unsigned order = 0, scale = 1;
    size_t digits = 0;

    while (digits < 2 && digits < name->n && name->p[name->n - 1 - digits] >= '0' &&
           name->p[name->n - 1 - digits] <= '9') {
        order += (unsigned)(name->p[name->n - 1 - digits] - '0') * scale;
        scale *= 10;
        digits++;
    }
    if (digits == 0 || digits == name->n || name->p[name->n - 1 - digits] != '/')
        return 0;
    drop_suffix(name, digits + 1);
    return order;
}

/* "->" and "/2" may stand in either order. */
static void
take_suffixes(struct dissect_field *f)
{
    if (slice_ends(f->name, SLICE("->"))) {
        f->greedy = true;
        drop_suffix(&f->name, 2);
    }
    if (f->kind == DISSECT_APPEND)
        f->order = take_order(&f->name);
    if (!f->greedy && slice_ends(f->name, SLICE("->"))) {
        f->greedy = true;
        drop_suffix(&f->name, 2);
    }
}

static int
parse_field(struct slice text, struct dissect_field *f, struct err *err)
{
    static const char marks[] = "?+&";
    const char *mark = text.n > 0 && text.p[0] != '\0' ? strchr(marks, text.p[0]) : NULL;

    f->name = text;
    if (text.n == 0) {
        f->kind = DISSECT_SKIP;
        return 0;
    }
    if (slice_starts(text, SLICE("+&")) || slice_starts(text, SLICE("&+")))
        return err_set(err, ERR_CONFIG, "%%{%.*s}: a field cannot be appended and indirect",
                       SLICE_ARGS(text));
    if (mark != NULL) {
        static const enum dissect_kind kinds[] = { DISSECT_SKIP, DISSECT_APPEND, DISSECT_INDIRECT };

        f->kind = kinds[mark - marks];
        f->name.p++;
        f->name.n--;
    }
    take_suffixes(f);
    if (f->name.n == 0 && (f->kind == DISSECT_APPEND || f->kind == DISSECT_INDIRECT))
        return err_set(err, ERR_CONFIG, "%%{%.*s}: a field without a name", SLICE_ARGS(text));
    return 0;
}

/* "%{" without "}" is text. */
static bool
next_field(struct slice pattern, size_t from, size_t *open, size_t *close)
{
    *open = slice_find(pattern, SLICE("%{"), from);
    if (*open == SIZE_MAX)
        return false;
    *close = slice_find_byte(pattern, '}', *open);
    return *close != SIZE_MAX;
}

int
dissect_compile(struct arena *a, struct slice pattern, struct dissect *out, struct err *err)
{
    struct slice between;
    size_t at = 0, open, close;

    *out = (struct dissect){ .fields =
                                 arena_calloc(a, count_fields(pattern) + 1, sizeof *out->fields) };
    while (next_field(pattern, at, &open, &close)) {
        struct dissect_field *f = &out->fields[out->n];

        between = slice_between(pattern.p + at, pattern.p + open);
        if (out->n == 0)
            out->prefix = between;
        else
            f[-1].delimiter = between;
        f->joiner = out->n == 0 || between.n == 0 ? SLICE(" ") : between;
        if (parse_field(slice_between(pattern.p + open + 2, pattern.p + close), f, err) < 0)
            return -1;
        out->n++;
        at = close + 1;
    }
    if (out->n == 0)
        return err_set(err, ERR_CONFIG, "\"%.*s\" has no field", SLICE_ARGS(pattern));
    if (at < pattern.n) {
        out->fields[out->n - 1].delimiter = slice_between(pattern.p + at, pattern.p + pattern.n);
        out->fields[out->n++].kind = DISSECT_SKIP;
    }
    return 0;
}

static size_t
skip_repeats(struct slice text, size_t at, struct slice delimiter)
{
    while (text.n - at >= delimiter.n && memcmp(text.p + at, delimiter.p, delimiter.n) == 0)
        at += delimiter.n;
    return at;
}

#define EACH(byte) (0x0101010101010101u * (uint64_t)(unsigned char)(byte))

/* Fields and delimiters are short, so eight bytes are looked at before anything is called. */
static inline size_t
find_delimiter(struct slice text, struct slice delimiter, size_t at)
{
    uint64_t w, found;
    const char *p;

    if (delimiter.n != 1)
        return delimiter.n == 0 ? SIZE_MAX : slice_find(text, delimiter, at);
    if (text.n - at >= sizeof w) {
        memcpy(&w, text.p + at, sizeof w);
        w ^= EACH(delimiter.p[0]);
        found = (w - EACH(1)) & ~w & EACH(0x80); /* the lowest bit is right */
        if (found != 0)
            return at + (size_t)__builtin_ctzll(found) / 8;
        at += sizeof w;
    }
    p = at < text.n ? memchr(text.p + at, delimiter.p[0], text.n - at) : NULL;
    return p == NULL ? SIZE_MAX : (size_t)(p - text.p);
}

bool
dissect_match(const struct dissect *d, struct slice text, struct slice *values)
{
    size_t at = d->prefix.n;

    if (!slice_starts(text, d->prefix))
        return false;
    for (size_t i = 0; i + 1 < d->n; i++) {
        const struct dissect_field *f = &d->fields[i];
        size_t found = find_delimiter(text, f->delimiter, at);

        if (found == SIZE_MAX)
            return false;
        values[i] = slice_between(text.p + at, text.p + found);
        /* A delimiter at the very start is found again by the next field: Logstash takes position
         * 0 for "no progress". */
        if (found > 0)
            at = found + f->delimiter.n;
        if (f->greedy)
            at = skip_repeats(text, at, f->delimiter);
    }
    values[d->n - 1] = slice_between(text.p + at, text.p + text.n);
    return true;
}
