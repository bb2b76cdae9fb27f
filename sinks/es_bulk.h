/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answer to a `_bulk` request (output-elasticsearch.md 4). Pure.
 *
 * An answer counts only if it fits its request: a boolean `errors`, as many items as actions, each
 * under the action that was sent. Most answers say `errors: false`; for them one pass over the
 * bytes does, without a tree. Only the others are parsed. */
#ifndef SINKS_ES_BULK_H
#define SINKS_ES_BULK_H

#include "codec/base/error.h"
#include "codec/base/slice.h"

enum es_action { ES_INDEX, ES_CREATE, ES_UPDATE, ES_DELETE, ES_ACTIONS };

struct slice es_action_name(enum es_action action);
/* False: no such action. */
bool es_action_find(struct slice name, enum es_action *out);

/* What was sent, item by item in order. */
typedef enum es_action es_sent_fn(const void *request, uint32_t item);

enum es_answer {
    ES_ALL_DONE,   /* every action was taken */
    ES_ITEMS,      /* look at the items */
    ES_UNREADABLE, /* not the answer of a bulk request */
    ES_MISFIT      /* it is, but not of this one: *returned items, or other actions */
};

struct es_item {
    unsigned status;     /* 0: the item has none */
    struct slice type;   /* error.type; n 0: none */
    struct slice text;   /* the item as JSON, for logs */
    bool duplicate_keys; /* refused since a key comes twice in an object of the document */
};

struct es_items {
    struct es_item *at;
    uint32_t n;
    void *tree; /* what the slices lie in */
};

/* with_items: whether the request asked for them (an own filter_path may leave them out).
 * *returned: the number of items, for ES_MISFIT. ES_ITEMS fills *items, freed by es_items_fini. */
enum es_answer es_answer_read(struct slice body, uint32_t actions, es_sent_fn *sent,
                              const void *request, bool with_items, uint32_t *returned,
                              struct es_items *items, struct err *err);
void es_items_fini(struct es_items *items);

/* The first pass alone, for the fuzzer. */
struct es_scan {
    bool has_errors, errors; /* has: a boolean at top level */
    bool has_items;          /* an array at top level */
    bool actions_fit;
    uint32_t items;
};
int es_answer_scan(struct slice body, uint32_t actions, es_sent_fn *sent, const void *request,
                   struct es_scan *out, struct err *err);

/* What to do with an item (4.2): by status and error.type, first match wins. */
enum es_outcome { ES_DELIVERED, ES_CONFLICT, ES_DROPPED, ES_REFUSED, ES_RETRY };

struct es_outcome_rules {
    const struct slice *drop_types;
    size_t drop_types_n;
    const int *refused_codes; /* besides 400 and 404 */
    size_t refused_codes_n;
};

enum es_outcome es_outcome_of(const struct es_outcome_rules *rules, const struct es_item *item);

#endif
