/* SPDX-License-Identifier: GPL-3.0-or-later */
/* YAML from anywhere: what comes out is JSON. */
#include "codec/json_scan.h"
#include "pipeline/yaml_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf json = { 0 };
    struct err err = { 0 };
    struct value v;
    struct arena a;
    size_t used;
    char *copy;

    arena_init(&a, NULL);
    if (yaml_to_json((struct slice){ (const char *)data, size }, 1 << 20, &json, &err) == 0) {
        copy = arena_block(&a, json.n);
        memcpy(copy, json.p, json.n);
        ASSERT(json_scan_value(&a, copy, json.n, YAML_DEPTH + 2, &v, &used, &err) == 0);
        ASSERT(used == json.n);
    }
    buf_fini(&json);
    arena_fini(&a);
    return 0;
}
