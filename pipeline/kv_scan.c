/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/kv_scan.h"

#include "codec/utf8.h"
#include "pipeline/kv_plain.h"

/* Pairs between two looks at the clock. */
#define PAIRS_UNWATCHED 64u

/* A bracket of the operator's characters, or his pattern, in a group. */
static void
print_split(struct slice body, struct slice pattern, struct buf *out)
{
    if (pattern.p != NULL)
        buf_printf(out, "(?:%.*s)", SLICE_ARGS(pattern));
    else
        buf_printf(out, "[%.*s]", SLICE_ARGS(body));
}

/* Blanks around it belong to it, unless strict. */
static void
print_value_split(const struct kv_syntax *x, struct buf *out)
{
    const char *blanks = x->strict ? "" : " *";

    buf_printf(out, "%s", blanks);
    print_split(x->value_split, x->value_split_pattern, out);
    buf_printf(out, "%s", blanks);
}

static bool
has_patterns(const struct kv_syntax *x)
{
    return x->field_split_pattern.p != NULL || x->value_split_pattern.p != NULL;
}

/* A backslash takes the next character along. */
static void
print_key(const struct kv_syntax *x, struct buf *out)
{
    if (!has_patterns(x)) {
        buf_printf(out, "((?:\\\\.|[^%.*s%.*s])+)", SLICE_ARGS(x->value_split),
                   SLICE_ARGS(x->field_split));
        return;
    }
    buf_printf(out, "((?:(?!");
    print_value_split(x, out);
    buf_byte(out, '|');
    print_split(x->field_split, x->field_split_pattern, out);
    buf_printf(out, ")(?:\\\\.|.))+)");
}

/* Quoted, bracketed, or bare; each form has one group. */
static void
print_value(const struct kv_syntax *x, struct buf *out)
{
    buf_printf(out, "(?:\"((?:\\\\.|[^\"])*)\"|'((?:\\\\.|[^'])*)'|");
    if (x->brackets)
        buf_printf(out, "\\(((?:\\\\.|[^)])*)\\)|\\[((?:\\\\.|[^\\]])*)\\]|<((?:\\\\.|[^>])*)>|");
    if (!has_patterns(x)) {
        buf_printf(out, "((?:\\\\.|[^%.*s])+))?", SLICE_ARGS(x->field_split));
        return;
    }
    buf_printf(out, "((?:(?!");
    print_split(x->field_split, x->field_split_pattern, out);
    buf_printf(out, ")(?:\\\\.|.))+))?");
}

int
kv_scan_compile(const struct kv_syntax *syntax, struct kv_scan *out, struct err *err)
{
    struct buf text = { 0 };

    *out = (struct kv_scan){ 0 };
    out->is_plain = !syntax->by_regex && kv_plain_compile(syntax, &out->plain);
    if (out->is_plain)
        return 0;
    print_value_split(syntax, &text);
    out->split = regex_new(buf_slice(&text), (struct regex_options){ .store = syntax->store }, err);
    buf_clear(&text);
    print_key(syntax, &text);
    print_value_split(syntax, &text);
    print_value(syntax, &text);
    buf_printf(&text, "(?:");
    print_split(syntax->field_split, syntax->field_split_pattern, &text);
    buf_printf(&text, "|$)");
    if (out->split != NULL)
        out->pair =
            regex_new(buf_slice(&text), (struct regex_options){ .store = syntax->store }, err);
    buf_fini(&text);
    return out->pair == NULL ? err_prefix(err, "field_split and value_split") : 0;
}

void
kv_scan_fini(struct kv_scan *k)
{
    regex_free(k->pair);
    regex_free(k->split);
    *k = (struct kv_scan){ 0 };
}

/* The first group behind the key that took part, as in Ruby: a group in the operator's own pattern
 * may come in between. */
static struct kv_pair
pair_of(const struct regex *re, const struct regex_scratch *s)
{
    struct kv_pair pair = { regex_group(s, 1), SLICE_INIT("") };

    for (unsigned i = 2; i <= regex_groups(re); i++) {
        struct slice group = regex_group(s, i);

        if (group.p != NULL) {
            pair.value = group;
            break;
        }
    }
    return pair;
}

static enum regex_result
scan_by_regex(const struct kv_scan *k, struct regex_scratch *s, struct slice text,
              uint64_t deadline_ms, struct kv_pairs *out)
{
    enum regex_result got = regex_search(k->split, s, text, 0);
    unsigned pairs = 0;

    if (got == REGEX_MATCH)
        got = regex_search_on(k->pair, s, 0);
    while (got == REGEX_MATCH) {
        struct slice whole = regex_group(s, 0);
        size_t end = (size_t)(whole.p - text.p) + whole.n;

        kv_pairs_push(out, pair_of(k->pair, s));
        if (++pairs % PAIRS_UNWATCHED == 0 && deadline_ms > 0 && regex_now_ms() >= deadline_ms)
            return REGEX_TIMEOUT;
        got = regex_search_on(k->pair, s, end);
    }
    if (got != REGEX_NO_MATCH)
        return got;
    return pairs > 0 ? REGEX_MATCH : REGEX_NO_MATCH;
}

enum regex_result
kv_scan_text(const struct kv_scan *k, struct regex_scratch *s, struct slice text, bool valid,
             uint64_t deadline_ms, struct kv_pairs *out)
{
    if (!k->is_plain)
        return scan_by_regex(k, s, text, deadline_ms, out);
    if (!valid && !utf8_valid(text))
        return REGEX_BAD_TEXT;
    return kv_plain_text(&k->plain, text, deadline_ms, out);
}
