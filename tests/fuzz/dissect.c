/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts cut at delimiters: the filter under several mappings; and, when there is a line end, the
 * first line as a pattern of its own for the rest. Values lie in the text, in order. */
#include "pipeline/dissect.h"
#include "tests/fuzz/filter_plan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const blocks[] = {
    "filter { dissect { mapping => { 'message' => '%{a} %{b->} %{c}' } } }",
    "filter { dissect { mapping => { 'message' => '%{+t/2} %{+t/1->}, %{?k}=%{&k}' } } }",
    "filter { dissect { mapping => { 'message' => '<%{pri}>%{[x][y]}: %{}[%{+message}]' } } }",
    "filter { dissect { mapping => { 'message' => '%{object->};%{+list}|%{@timestamp}' 'c' => "
    "'%{&n},%{tags}' } } }",
    "filter { dissect { mapping => { 'message' => '%{a}/%{b}' } convert_datatype => { 'a' => "
    "'int' 'b' => 'float' 'list' => 'int' } } }",
};

static void
check_values(const struct dissect *d, struct slice text, const struct slice *values)
{
    const char *from = text.p + d->prefix.n;

    for (size_t i = 0; i < d->n; i++) {
        ASSERT(values[i].p >= from && values[i].p + values[i].n <= text.p + text.n);
        from = values[i].p + values[i].n;
        if (i + 1 < d->n)
            ASSERT(slice_starts(slice_between(from, text.p + text.n), d->fields[i].delimiter));
    }
}

static void
check_pattern(struct slice text)
{
    struct slice pattern;
    struct dissect d;
    struct err err = { 0 };
    struct arena a;

    if (!slice_split(&text, '\n', &pattern))
        return;
    arena_init(&a, NULL);
    if (dissect_compile(&a, pattern, &d, &err) < 0) {
        ASSERT(err.msg[0] != '\0');
    } else {
        struct slice *values = arena_calloc(&a, d.n, sizeof *values);

        text = text.p == NULL ? SLICE("") : text;
        if (dissect_match(&d, text, values))
            check_values(&d, text, values);
    }
    arena_fini(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    filter_plan_input(blocks, COUNT(blocks), data, size);
    if (size > 0)
        check_pattern((struct slice){ (const char *)data + 1, size - 1 });
    return 0;
}
