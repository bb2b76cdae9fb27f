/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key-value texts from anywhere, through the filter under several options. What the scan calls a
 * pair has to lie in the text, in order. */
#include "codec/base/error.h"
#include "pipeline/kv_scan.h"
#include "tests/fuzz/filter_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const blocks[] = {
    "filter { kv { } }",
    "filter { kv { target => 'kv' recursive => true allow_empty_values => true } }",
    "filter { kv { whitespace => 'strict' include_brackets => false field_split => '&?' } }",
    "filter { kv { field_split_pattern => ', ?|;' value_split_pattern => '->|:' } }",
    "filter { kv { field_split => '\\n,' value_split => ':=' trim_key => ' <>\\[' trim_value => "
    "'\"' remove_char_key => '.' remove_char_value => 'x-z' } }",
    "filter { kv { transform_key => 'capitalize' transform_value => 'uppercase' prefix => "
    "'%{message}_' } }",
    "filter { kv { include_keys => ['a', 'b', '%{message}'] exclude_keys => ['c'] default_keys "
    "=> { 'd' => 'e' } allow_duplicate_values => false recursive => true } }",
};

struct state {
    struct slice text;
    const char *from;
    size_t n;
};

static void
check_pair(void *to, struct kv_pair pair)
{
    struct state *s = to;

    ASSERT(pair.key.p >= s->from && pair.key.n > 0);
    s->from = pair.key.p + pair.key.n;
    if (pair.value.n > 0) {
        ASSERT(pair.value.p >= s->from);
        s->from = pair.value.p + pair.value.n;
    }
    ASSERT(s->from <= s->text.p + s->text.n);
    s->n++;
}

static void
check_scan(struct slice text, unsigned form)
{
    /* Of a program of one purpose and one thread, like the plans of the filters. */
    static struct kv_scan scans[4];
    static struct regex_scratch *scratch;
    struct kv_syntax syntax = { .field_split = SLICE(" "),
                                .value_split = SLICE("="),
                                .strict = (form & 1) != 0,
                                .brackets = (form & 2) != 0 };
    struct state state = { text, text.p, 0 };
    enum regex_result got;

    if (scratch == NULL)
        scratch = regex_scratch_new();
    if (scans[form].pair == NULL)
        ASSERT(kv_scan_compile(&syntax, &scans[form], NULL) == 0);
    got = kv_scan_text(&scans[form], scratch, text, 0, check_pair, &state);
    ASSERT((got == REGEX_MATCH) == (state.n > 0) || got == REGEX_BAD_TEXT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    filter_plan_input(blocks, COUNT(blocks), data, size);
    if (size > 0)
        check_scan((struct slice){ (const char *)data + 1, size - 1 }, data[0] / 16 % 4);
    return 0;
}
