/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers to bulk requests: the quick pass agrees with a whole parser wherever both read the text,
 * and nothing counts that does not fit. The first byte is the number of actions. */
#include "codec/base/error.h"
#include "sinks/es_bulk.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum es_action
sent(const void *request, uint32_t item)
{
    (void)request;
    return (enum es_action)(item % ES_ACTIONS);
}

/* An escaped key is another text to the quick pass: such an answer never counts. */
static void
compare(struct slice body, const struct es_scan *scan)
{
    json_t *root = json_loadb(body.p, body.n, 0, NULL);
    json_t *errors = json_object_get(root, "errors"), *items = json_object_get(root, "items");

    if (root != NULL && slice_find_byte(body, '\\', 0) == SIZE_MAX) {
        ASSERT(json_is_object(root));
        ASSERT(scan->has_errors == json_is_boolean(errors));
        ASSERT(scan->errors == json_is_true(errors));
        ASSERT(scan->has_items == json_is_array(items));
        ASSERT(!scan->has_items || scan->items == json_array_size(items));
    }
    json_decref(root);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct es_items items;
    struct es_scan scan;
    struct slice body;
    struct err err;
    uint32_t actions, returned;

    if (size == 0)
        return 0;
    actions = data[0] % 16;
    body = (struct slice){ (const char *)data + 1, size - 1 };
    if (es_answer_scan(body, actions, sent, NULL, &scan, &err) == 0)
        compare(body, &scan);
    switch (es_answer_read(body, actions, sent, NULL, true, &returned, &items, &err)) {
    case ES_ALL_DONE: ASSERT(returned == actions && items.n == 0); break;
    case ES_ITEMS: ASSERT(returned == actions && items.n == actions); break;
    case ES_UNREADABLE:
    case ES_MISFIT: ASSERT(items.n == 0); break;
    }
    es_items_fini(&items);
    return 0;
}
