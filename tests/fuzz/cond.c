/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions from anywhere, against events that have a value of every type. */
#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "codec/batch.h"
#include "codec/json_scan.h"
#include "pipeline/cond.h"
#include "pipeline/config_parse.h"
#include "pipeline/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const events[] = {
    "{\"s\":\"abc\",\"i\":5,\"f\":5.0,\"t\":true,\"n\":null,\"a\":[1,\"abc\",2.0,null],"
    "\"o\":{\"x\":1},\"b\":12345678901234567890}",
    "{}",
};

static void
eval(const struct cond *cond, const char *json)
{
    struct batch *b = batch_new(NULL);
    struct event *ev = batch_add(b);
    struct regex_scratch *scratch = regex_scratch_new();
    struct err err = { 0 };
    size_t n = strlen(json);
    char *text = arena_block(&b->arena, n + ARENA_PAD);
    enum truth first;

    memcpy(text, json, n);
    ASSERT(json_scan_object(&b->arena, text, n, JSON_DEPTH, &ev->data, &err) == 0);
    regex_scratch_timeout(scratch, 50);
    first = cond_eval(cond, ev, scratch, &err);
    ASSERT(first != COND_FAILED || err.msg[0] != '\0');
    regex_scratch_free(scratch);
    batch_recycle(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct findings findings = { 0 };
    struct buf text = { 0 };
    struct config_source source = { "fuzz.conf", { 0 } };
    struct cond_pool *pool = cond_pool_new();
    struct arena arena;
    struct plugin_context ctx = { .arena = &arena, .findings = &findings };
    struct config *config;
    struct cond *cond;

    arena_init(&arena, NULL);
    buf_append(&text, SLICE("filter { if "));
    buf_append(&text, (struct slice){ (const char *)data, size });
    buf_append(&text, SLICE(" { } }"));
    source.text = buf_slice(&text);
    config = config_parse(&source, 1, false, &findings);
    if (config != NULL && config->filter.n > 0 && config->filter.at[0].kind == NODE_IF &&
        cond_compile(config->filter.at[0].condition, &ctx, pool, &cond) == 0) {
        config_free(&config);
        for (size_t i = 0; i < COUNT(events); i++)
            eval(cond, events[i]);
    }
    config_free(&config);
    cond_pool_free(&pool);
    arena_fini(&arena);
    buf_fini(&text);
    findings_fini(&findings);
    return 0;
}
