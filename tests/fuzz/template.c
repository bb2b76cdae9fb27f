/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Templates and print patterns from anywhere: compiling, then rendering on a fixed event. */
#include "codec/batch.h"
#include "codec/date_pattern.h"
#include "codec/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
print_pattern(struct arena *a, struct slice pattern, bool java)
{
    struct date_pattern *p;
    struct buf out = { 0 };
    int status =
        java ? date_pattern_java(a, pattern, &p, NULL) : date_pattern_joda(a, pattern, &p, NULL);

    if (status == 0) {
        date_pattern_print(p, (struct timestamp){ 1709618828, 123456789 }, &out);
        date_pattern_print(p, (struct timestamp){ -62198755200, 0 }, &out);
    }
    buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = { (const char *)data, size };
    struct batch *b = batch_new(NULL);
    struct event *ev = batch_add(b);
    struct arena *a = &b->arena;
    struct template *t;
    struct buf out = { 0 };

    value_assign(value_put(a, &ev->data, SLICE("s")), value_str(a, SLICE("text")));
    value_assign(value_put(a, &ev->data, SLICE("n")), value_double(a, 1.5));
    event_set_timestamp(ev, (struct timestamp){ 1709618828, 123456789 });
    for (int style = ESCAPE_NONE; style <= ESCAPE_AMPERSAND; style++)
        if (template_compile(a, text, (enum escape_style)style, &t, NULL) == 0)
            template_render(t, ev, &out);
    print_pattern(a, text, true);
    print_pattern(a, text, false);
    buf_fini(&out);
    batch_recycle(&b);
    return 0;
}
