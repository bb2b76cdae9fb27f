/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pattern, a newline, a subject: where the pattern matches, the subject has one of the texts that
 * the pattern is said to need. ASCII only: case folding beyond it is not Java's. */
#include "pipeline/literal_index.h"
#include "pipeline/regex.h"
#include "pipeline/regex_needs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned
rarity(struct slice text)
{
    return text.n < LITERAL_LEAST ? 0 : (unsigned)text.n;
}

static bool
may_match(struct arena *a, struct slice pattern, struct slice subject)
{
    struct regex_needs needs = regex_needs_find(a, pattern, rarity);
    struct literal_index *x = literal_index_new(a, 1);
    uint64_t *words = arena_calloc(a, literal_index_words(x), sizeof words[0]);

    if (needs.n == 0)
        literal_index_always(x, 0);
    for (size_t i = 0; i < needs.n; i++)
        literal_index_add(x, needs.at[i], 0);
    literal_index_scan(x, subject, words);
    return words[0] != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice subject = { (const char *)data, size }, pattern;
    struct regex_scratch *scratch = regex_scratch_new();
    struct regex *re;
    struct arena a;

    arena_init(&a, NULL);
    regex_scratch_timeout(scratch, 50);
    for (size_t i = 0; i < size; i++)
        if (data[i] & 0x80)
            subject.n = 0;
    if (slice_split(&subject, '\n', &pattern) && subject.p != NULL) {
        re = regex_new(pattern, (struct regex_options){ .java = true, .icase = true }, NULL);
        if (re != NULL && regex_search(re, scratch, subject, 0) == REGEX_MATCH)
            ASSERT(may_match(&a, pattern, subject));
        regex_free(re);
    }
    regex_scratch_free(scratch);
    arena_fini(&a);
    return 0;
}
