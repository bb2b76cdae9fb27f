/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/es_answer.h"

#include "codec/base/clock.h"
#include "codec/base/log.h"
#include "codec/json_scan.h"
#include "codec/json_write.h"
#include "codec/utf8.h"
#include "sinks/view_gzip.h"

#include <stdlib.h>

#define SHOWN 1024 /* bytes of an item or its answer in the log */

void
es_answerer_init(struct es_answerer *a, const struct es_conf *conf, const struct log *log)
{
    *a = (struct es_answerer){ .conf = conf, .log = log, .burst = LOG_BURST_INIT };
}

/* ---- the request, item by item ---- */

/* For es_answer_read, which asks in order. */
struct walk {
    const struct sink_request *request;
    struct sink_cursor cursor;
    struct sink_item item;
    uint32_t next;
};

static enum es_action
sent(const void *request, uint32_t i)
{
    struct walk *w = (struct walk *)(uintptr_t)request;

    if (i < w->next) { /* the second pass */
        w->cursor = (struct sink_cursor){ 0 };
        w->next = 0;
    }
    for (; w->next <= i; w->next++)
        sink_request_next(w->request, &w->cursor, &w->item);
    return (enum es_action)w->item.view->items[w->item.index].aux;
}

/* ---- log lines ---- */

static bool
is_silenced(const struct es_answerer *a, struct slice type)
{
    for (size_t i = 0; i < a->conf->silenced_n; i++)
        if (slice_eq(a->conf->silenced[i], type))
            return true;
    return false;
}

static void
log_item(struct es_answerer *a, enum log_level level, const char *text, const struct es_item *it,
         struct slice item_text)
{
    char action[SHOWN], response[SHOWN];
    uint64_t swallowed;
    struct log_param params[] = {
        LOG_INT("status", it->status),
        LOG_TEXT("action", utf8_shown(item_text, action, sizeof action)),
        LOG_TEXT("response", utf8_shown(it->text, response, sizeof response)),
        LOG_INT("swallowed", 0),
    };

    if (!log_burst_pass(&a->burst, clock_mono_ms(), &swallowed))
        return;
    params[3].number = (int64_t)swallowed;
    log_params(a->log, level, params, swallowed > 0 ? 4 : 3, "%s", text);
}

/* ---- one item ---- */

/* Of a document with equal keys in one object: the last one stays. */
static bool
make_keys_unique(struct slice text, struct slice *out)
{
    size_t line = slice_find_byte(text, '\n', 0) + 1, used;
    struct buf made = { 0 };
    struct arena a;
    char *copy;
    struct value v;
    struct err err = { 0 };
    bool good;

    if (line == 0 || line >= text.n)
        return false;
    arena_init(&a, NULL);
    copy = arena_copy_padded(&a, (struct slice){ text.p + line, text.n - line });
    good = json_scan_value(&a, copy, text.n - line, JSON_DEPTH, &v, &used, &err) == 0;
    if (good) {
        value_unique_keys(&a, &v);
        buf_append(&made, (struct slice){ text.p, line });
        value_write(&v, &made);
        buf_byte(&made, '\n');
        *out = buf_slice(&made);
    }
    arena_fini(&a);
    return good;
}

static void
refuse_item(struct es_answerer *a, const struct es_item *it, enum es_action action,
            struct slice text)
{
    bool bad_name = action == ES_INDEX && slice_eq(it->type, SLICE("invalid_index_name_exception"));

    log_item(a, bad_name ? LOG_ERROR : LOG_WARN, "Could not index event to Elasticsearch.", it,
             text);
}

static struct sink_answer
answer_item(struct es_answerer *a, const struct es_item *it, const struct sink_item *item,
            struct slice text)
{
    enum es_action action = (enum es_action)item->view->items[item->index].aux;
    struct sink_answer out = { .verdict = SINK_REFUSED };

    switch (es_outcome_of(&a->conf->outcome, it)) {
    case ES_DELIVERED: out.verdict = SINK_DONE; break;
    case ES_CONFLICT:
    case ES_DROPPED:
        if (!is_silenced(a, it->type))
            log_item(a, LOG_WARN, "Failed action", it, text);
        break;
    case ES_REFUSED:
        if (it->duplicate_keys && !item->replaced && make_keys_unique(text, &out.replaced)) {
            out.verdict = SINK_AGAIN;
            out.later_ms = 1;
        } else {
            refuse_item(a, it, action, text);
        }
        break;
    case ES_RETRY:
        out.verdict = SINK_AGAIN;
        if (!is_silenced(a, it->type))
            log_item(a, LOG_INFO, "Retrying failed action", it, text);
        break;
    }
    return out;
}

/* ---- the answer ---- */

static void
apply_items(struct es_answerer *a, struct sink_request **r, const struct es_items *items)
{
    struct sink_answer *answers = xcalloc((*r)->n, sizeof *answers);
    struct sink_cursor cursor = { 0 };
    struct sink_item item;
    struct buf inflated = { 0 };
    const struct view *view = NULL;
    int64_t member = -1;
    uint32_t again = 0;

    for (uint32_t i = 0; sink_request_next(*r, &cursor, &item); i++) {
        struct slice text = { "", 0 };
        struct err err = { 0 };

        if (item.view != view)
            member = -1;
        view = item.view;
        if (items->at[i].status != 200 && items->at[i].status != 201)
            view_item_text(view, item.index, &member, &inflated, &text, &err);
        answers[i] = answer_item(a, &items->at[i], &item, text);
        again += answers[i].verdict == SINK_AGAIN && answers[i].replaced.p == NULL;
    }
    if (again > 0) {
        struct log_param count = LOG_INT("count", again);

        log_params(a->log, LOG_INFO, &count, 1,
                   "Retrying individual bulk actions that failed or were rejected by the previous "
                   "bulk request");
    }
    sink_queue_answer(r, answers);
    buf_fini(&inflated);
    free(answers);
}

void
es_answer_unknown(struct es_answerer *a, struct sink_request **r, const struct err *why)
{
    struct log_param params[] = { LOG_TEXT("message", slice_of(why->msg)) };

    log_params(a->log, LOG_ERROR, params, 1,
               "An unknown error occurred sending a bulk request to Elasticsearch (will retry "
               "indefinitely)");
    sink_queue_failed(r, SINK_FAILED, 0);
}

static void
answer_misfit(struct es_answerer *a, struct sink_request **r, uint32_t returned)
{
    log_warn(a->log, "Sent %u documents but Elasticsearch returned %u responses%s", (*r)->n,
             returned, returned == (*r)->n ? ", some of them to other actions" : "");
    log_error(a->log, "Encountered an unexpected error submitting a bulk request, will retry");
    sink_queue_failed(r, SINK_FAILED, 0);
}

void
es_answer_apply(struct es_answerer *a, struct sink_request **r, struct slice body)
{
    struct walk walk = { .request = *r };
    struct es_items items;
    struct err err = { 0 };
    uint32_t returned;

    switch (es_answer_read(body, (*r)->n, sent, &walk, !a->conf->own_filter_path, &returned, &items,
                           &err)) {
    case ES_ALL_DONE: sink_queue_answer(r, NULL); break;
    case ES_ITEMS: apply_items(a, r, &items); break;
    case ES_UNREADABLE: es_answer_unknown(a, r, &err); break;
    case ES_MISFIT: answer_misfit(a, r, returned); break;
    }
    es_items_fini(&items);
}

/* Each action counts as refused with 413, so that the operator's lists apply; else the request
 * comes again, smaller after a while. */
void
es_answer_too_large(struct es_answerer *a, struct sink_request **r)
{
    const struct es_item each = { .status = 413,
                                  .type = SLICE_INIT("payload_too_large"),
                                  .text = SLICE_INIT("{\"status\":413,\"error\":{\"type\":"
                                                     "\"payload_too_large\"}}") };
    struct log_param params[] = { LOG_INT("action_count", (*r)->n),
                                  LOG_INT("content_length", (*r)->body_bytes) };

    log_params(a->log, LOG_WARN, params, 2, "Bulk request rejected: `413 Payload Too Large`");
    if (es_outcome_of(&a->conf->outcome, &each) == ES_RETRY) {
        if (!is_silenced(a, each.type))
            log_item(a, LOG_INFO, "Retrying failed action", &each, SLICE("(all of the request)"));
        sink_queue_failed(r, SINK_TOO_LARGE, 0);
        return;
    }
    struct es_items items = { .at = xcalloc((*r)->n, sizeof each), .n = (*r)->n };

    for (uint32_t i = 0; i < items.n; i++)
        items.at[i] = each;
    apply_items(a, r, &items);
    free(items.at);
}
