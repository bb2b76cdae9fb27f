/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ruby's gsub over regex_search, and its language of replacements. */
#include "pipeline/regex.h"

static unsigned
group_by_name(const struct regex *re, const struct regex_scratch *s, struct slice name)
{
    unsigned found = UINT32_MAX;

    /* Of several groups with one name the last that took part. */
    for (unsigned i = 1; i <= regex_groups(re); i++)
        if (slice_eq(regex_group_name(re, i), name) &&
            (found == UINT32_MAX || regex_group(s, i).p != NULL))
            found = i;
    return found;
}

/* Behind "\k": takes "<name>" and appends what it stands for; false, and nothing moves, if there
 * is no such text. */
static bool
expand_name(const struct regex *re, const struct regex_scratch *s, struct slice *in,
            struct buf *out)
{
    size_t close;
    struct slice name;
    int64_t number;
    unsigned group;

    if (in->n == 0 || in->p[0] != '<')
        return false;
    close = slice_find_byte(*in, '>', 1);
    if (close == SIZE_MAX)
        return false;
    name = (struct slice){ in->p + 1, close - 1 };
    group = group_by_name(re, s, name);
    if (group == UINT32_MAX && slice_to_int64(name, &number) && number >= 0 &&
        number <= (int64_t)regex_groups(re))
        group = (unsigned)number;
    if (group == UINT32_MAX)
        return false;
    buf_append(out, regex_group(s, group));
    in->p += close + 1;
    in->n -= close + 1;
    return true;
}

/* One pair of backslash and character, the backslash being taken already. */
static void
expand_escape(const struct regex *re, const struct regex_scratch *s, struct slice subject,
              struct slice *in, struct buf *out)
{
    struct slice whole = regex_group(s, 0);
    char c = in->p[0];

    in->p++;
    in->n--;
    if (c >= '0' && c <= '9') {
        /* \1 is the first named group, too: plain ones do not count then. */
        buf_append(out, regex_group(s, (unsigned)(c - '0')));
        return;
    }
    switch (c) {
    case '&': buf_append(out, whole); return;
    case '`': buf_append(out, slice_between(subject.p, whole.p)); return;
    case '\'': buf_append(out, slice_between(whole.p + whole.n, subject.p + subject.n)); return;
    case '\\': buf_byte(out, '\\'); return;
    case 'k':
        if (expand_name(re, s, in, out))
            return;
        break;
    default: break;
    }
    buf_byte(out, '\\');
    buf_byte(out, c);
}

static void
expand(const struct regex *re, const struct regex_scratch *s, struct slice subject,
       struct slice replacement, struct buf *out)
{
    while (replacement.n > 0) {
        size_t at = slice_find_byte(replacement, '\\', 0);

        if (at == SIZE_MAX || at + 1 == replacement.n) {
            buf_append(out, replacement);
            return;
        }
        buf_append(out, (struct slice){ replacement.p, at });
        replacement.p += at + 1;
        replacement.n -= at + 1;
        expand_escape(re, s, subject, &replacement, out);
    }
}

/* Bytes of the character that starts at `at`; 1 at the end, which leads out of the text. */
static size_t
char_bytes(struct slice s, size_t at)
{
    size_t n = 1;

    while (at + n < s.n && (s.p[at + n] & 0xc0) == 0x80)
        n++;
    return n;
}

enum regex_result
regex_gsub(const struct regex *re, struct regex_scratch *s, struct slice subject,
           struct slice replacement, struct buf *out)
{
    enum regex_result got;
    size_t copied = 0, start = out->n; /* the text before copied is in *out */

    if (subject.p == NULL)
        subject = SLICE("");
    got = regex_search(re, s, subject, 0);
    if (got != REGEX_MATCH)
        return got;
    while (got == REGEX_MATCH) {
        struct slice whole = regex_group(s, 0);
        size_t end = (size_t)(whole.p - subject.p) + whole.n;

        buf_append(out, slice_between(subject.p + copied, whole.p));
        expand(re, s, subject, replacement, out);
        if (out->n - start > REGEX_GSUB_BYTES)
            return REGEX_TIMEOUT;
        copied = end;
        /* An empty match is stepped over; the character behind it stays. */
        got = regex_search_on(re, s, whole.n > 0 ? end : end + char_bytes(subject, end));
    }
    if (got != REGEX_NO_MATCH)
        return got;
    buf_append(out, slice_between(subject.p + copied, subject.p + subject.n));
    return REGEX_MATCH;
}
