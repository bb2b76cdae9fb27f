/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/fuzz/filter_plan.h"

#include "codec/json_scan.h"
#include "codec/json_write.h"
#include "codec/zoneinfo.h"
#include "pipeline/config_parse.h"
#include "pipeline/run.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCKS 16

/* Of a program of one purpose and one thread; a plan goes with the process. */
static struct plan_local *ready[BLOCKS];

static const char *
no_variable(void *arg, struct slice name)
{
    (void)arg;
    (void)name;
    return NULL;
}

static struct timestamp
fixed_now(void)
{
    return (struct timestamp){ 1709618828, 123456789 };
}

static struct plan_local *
compile(const char *block)
{
    struct config_source source = { "fuzz.conf", slice_of(block) };
    struct plan_settings settings = { .pipeline_id = "main", .batch_size = 125 };
    struct plan_registry registry = { 0 };
    struct findings findings = { 0 };
    struct err err = { 0 };
    struct config *config = config_parse(&source, 1, false, &findings);
    struct plan *plan = NULL;
    struct plan_local *local;

    if (config != NULL)
        plan = plan_compile(config, &settings, &registry, no_variable, NULL, zone_offset, fixed_now,
                            &findings);
    local = plan == NULL ? NULL : plan_local_new(plan, &err);
    if (local == NULL) {
        fprintf(stderr, "%s: %s\n", block, findings.n > 0 ? findings.at[0].text : err.msg);
        abort();
    }
    config_free(&config);
    findings_fini(&findings);
    return local;
}

static struct event *
add_event(struct batch *b, struct slice message)
{
    static const char other[] =
        "{\"tags\":[\"x\"],\"n\":1.5,\"list\":[1,\"a\"],\"object\":{\"a\":{}}}";
    struct event *ev = batch_add(b);
    char *text = arena_block(&b->arena, sizeof other - 1);

    memcpy(text, other, sizeof other - 1);
    ASSERT(json_scan_object(&b->arena, text, sizeof other - 1, JSON_DEPTH, &ev->data, NULL) == 0);
    event_set_timestamp(ev, fixed_now());
    value_assign(value_put(&b->arena, &ev->data, SLICE("message")), value_str(&b->arena, message));
    return ev;
}

static void
check_event(struct arena *a, struct event *ev)
{
    struct buf text = { 0 };
    struct value again;
    char *copy;

    value_write(&ev->data, &text);
    copy = arena_block(a, text.n);
    memcpy(copy, text.p, text.n);
    ASSERT(json_scan_object(a, copy, text.n, JSON_DEPTH + 100, &again, NULL) == 0);
    buf_fini(&text);
}

void
filter_plan_input(const char *const *blocks, size_t n, const uint8_t *data, size_t size)
{
    struct batch *b;
    size_t i;

    ASSERT(n <= BLOCKS);
    if (size == 0)
        return;
    i = data[0] % n;
    if (ready[i] == NULL)
        ready[i] = compile(blocks[i]);
    b = batch_new(NULL);
    add_event(b, (struct slice){ (const char *)data + 1, size - 1 });
    plan_run(ready[i], b);
    for (uint32_t k = 0; k < b->n; k++)
        check_event(&b->arena, b->events[k]);
    batch_recycle(&b);
}
