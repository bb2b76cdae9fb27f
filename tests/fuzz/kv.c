/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key-value texts from anywhere, through the filter under several options. What the scanner finds
 * is compared with what the expression of Logstash's filter finds, also where that is an expression
 * of its own. */
#include "codec/base/error.h"
#include "pipeline/kv_scan.h"
#include "tests/fuzz/filter_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const blocks[] = {
    "filter { kv { } }",
    "filter { kv { target => 'kv' recursive => true allow_empty_values => true } }",
    "filter { kv { whitespace => 'strict' include_brackets => false field_split => '&?' } }",
    "filter { kv { field_split_pattern => ', ?|;' value_split_pattern => '->|:' timeout_millis => "
    "50 } }",
    "filter { kv { field_split => '\\n,' value_split => ':=' trim_key => ' <>\\[' trim_value => "
    "'\"' remove_char_key => '.' remove_char_value => 'x-z' } }",
    "filter { kv { transform_key => 'capitalize' transform_value => 'uppercase' prefix => "
    "'%{message}_' } }",
    "filter { kv { include_keys => ['a', 'b', '%{message}'] exclude_keys => ['c'] default_keys "
    "=> { 'd' => 'e' } allow_duplicate_values => false recursive => true } }",
};

static const struct kv_syntax syntaxes[] = {
    { .field_split = SLICE_INIT(" "), .value_split = SLICE_INIT("="), .brackets = true },
    { .field_split = SLICE_INIT(" "), .value_split = SLICE_INIT("="), .strict = true },
    { .field_split = SLICE_INIT("\\n,"), .value_split = SLICE_INIT(":="), .brackets = true },
    { .field_split = SLICE_INIT("&?\""), .value_split = SLICE_INIT("="), .brackets = true },
    { .field_split = SLICE_INIT(",;"), .value_split = SLICE_INIT(" >") },
    { .field_split = SLICE_INIT("a-c"), .value_split = SLICE_INIT("b="), .brackets = true },
    { .field_split_pattern = SLICE_INIT(", ?|;"),
      .value_split_pattern = SLICE_INIT("->|:"),
      .brackets = true },
    { .field_split = SLICE_INIT("\\s"), .value_split_pattern = SLICE_INIT("=+"), .strict = true },
};

static void
check_places(const struct kv_pairs *pairs, struct slice text)
{
    const char *end = text.p + text.n;

    for (size_t i = 0; i < pairs->n; i++) {
        struct kv_pair pair = pairs->at[i];

        ASSERT(pair.key.n > 0 && pair.key.p >= text.p && pair.key.p + pair.key.n <= end);
        ASSERT(pair.value.n == 0 ||
               (pair.value.p > pair.key.p && pair.value.p + pair.value.n <= end));
    }
}

/* Both ways find the same pairs, unless the expression takes too long. */
static void
compare(struct slice text, unsigned form)
{
    /* Of a program of one purpose and one thread, like the plans of the filters. */
    static struct kv_scan plain[COUNT(syntaxes)], regex[COUNT(syntaxes)];
    static struct regex_scratch *scratch;
    static struct kv_pairs found, want;
    enum regex_result got, wanted;

    if (scratch == NULL)
        scratch = regex_scratch_new();
    regex_scratch_timeout(scratch, 20);
    if (regex[form].pair == NULL) {
        struct kv_syntax by_regex = syntaxes[form];

        by_regex.by_regex = true;
        ASSERT(kv_scan_compile(&by_regex, &regex[form], NULL) == 0);
        ASSERT(kv_scan_compile(&syntaxes[form], &plain[form], NULL) == 0);
        ASSERT(plain[form].is_plain == (syntaxes[form].value_split_pattern.p == NULL));
    }
    found.n = want.n = 0;
    got = kv_scan_text(&plain[form], scratch, text, false, 0, &found);
    wanted = kv_scan_text(&regex[form], scratch, text, false, 0, &want);
    check_places(&found, text);
    if (wanted == REGEX_TIMEOUT)
        return;
    ASSERT(got == wanted && found.n == want.n);
    for (size_t i = 0; i < found.n; i++) {
        ASSERT(found.at[i].key.p == want.at[i].key.p && found.at[i].key.n == want.at[i].key.n);
        ASSERT(slice_eq(found.at[i].value, want.at[i].value));
        ASSERT(found.at[i].value.n == 0 || found.at[i].value.p == want.at[i].value.p);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    filter_plan_input(blocks, COUNT(blocks), data, size);
    if (size > 0)
        compare((struct slice){ (const char *)data + 1, size - 1 },
                data[0] / 8 % (unsigned)COUNT(syntaxes));
    return 0;
}
