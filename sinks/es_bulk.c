/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/es_bulk.h"

#include <jansson.h>
#include <stdlib.h>

static const char *const action_names[ES_ACTIONS] = {
    [ES_INDEX] = "index",
    [ES_CREATE] = "create",
    [ES_UPDATE] = "update",
    [ES_DELETE] = "delete",
};

struct slice
es_action_name(enum es_action action)
{
    return slice_of(action_names[action]);
}

bool
es_action_find(struct slice name, enum es_action *out)
{
    for (int i = 0; i < ES_ACTIONS; i++) {
        if (slice_eq(slice_of(action_names[i]), name)) {
            *out = (enum es_action)i;
            return true;
        }
    }
    return false;
}

/* ---- the first pass ---- */

/* Looks at nothing that an answer without errors does not need: strings are skipped, nesting is
 * counted, numbers are any run of other bytes. What it accepts wrongly is still bound to the
 * number and the actions of the items. */
struct scanner {
    const char *p, *end;
};

static void
skip_blanks(struct scanner *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static bool
take(struct scanner *s, char c)
{
    skip_blanks(s);
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* The text between quotes, escapes as they are. */
static bool
take_string(struct scanner *s, struct slice *out)
{
    const char *from;

    if (!take(s, '"'))
        return false;
    for (from = s->p; s->p < s->end; s->p++) {
        if (*s->p == '"') {
            *out = slice_between(from, s->p++);
            return true;
        }
        if (*s->p == '\\' && ++s->p == s->end)
            return false;
    }
    return false;
}

static bool
skip_string(struct scanner *s)
{
    struct slice ignored;

    return take_string(s, &ignored);
}

static bool
is_scalar_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == '.';
}

static bool
skip_scalar(struct scanner *s)
{
    const char *from = s->p;

    while (s->p < s->end && is_scalar_byte(*s->p))
        s->p++;
    return s->p > from;
}

/* A whole value, however deep. */
static bool
skip_value(struct scanner *s)
{
    size_t depth = 0;

    do {
        skip_blanks(s);
        if (s->p == s->end)
            return false;
        if (*s->p == '{' || *s->p == '[') {
            depth++;
            s->p++;
        } else if (*s->p == '}' || *s->p == ']') {
            if (depth-- == 0)
                return false;
            s->p++;
        } else if (*s->p == '"') {
            if (!skip_string(s))
                return false;
        } else if (*s->p == ',' || *s->p == ':') {
            if (depth == 0)
                return false;
            s->p++;
        } else if (!skip_scalar(s)) {
            return false;
        }
    } while (depth > 0);
    return true;
}

static bool
take_boolean(struct scanner *s, struct es_scan *out)
{
    struct slice word = { s->p, 0 };

    skip_blanks(s);
    word.p = s->p;
    if (!skip_value(s))
        return false;
    word.n = (size_t)(s->p - word.p);
    out->errors = slice_eq(word, SLICE("true"));
    out->has_errors = out->errors || slice_eq(word, SLICE("false"));
    return true;
}

/* {"index":{...}}: one member, named by the action. */
static bool
take_item(struct scanner *s, struct slice *action)
{
    return take(s, '{') && take_string(s, action) && take(s, ':') && skip_value(s) && take(s, '}');
}

static bool
take_items(struct scanner *s, uint32_t actions, es_sent_fn *sent, const void *request,
           struct es_scan *out)
{
    struct slice action;

    out->actions_fit = true;
    out->items = 0;
    if (take(s, ']'))
        return true;
    do {
        if (!take_item(s, &action))
            return false;
        if (out->items < actions && !slice_eq(action, es_action_name(sent(request, out->items))))
            out->actions_fit = false;
        out->items++;
    } while (take(s, ','));
    return take(s, ']');
}

static bool
take_member(struct scanner *s, uint32_t actions, es_sent_fn *sent, const void *request,
            struct es_scan *out)
{
    struct slice key;

    if (!take_string(s, &key) || !take(s, ':'))
        return false;
    if (slice_eq(key, SLICE("errors")))
        return take_boolean(s, out);
    if (!slice_eq(key, SLICE("items")))
        return skip_value(s);
    out->has_items = take(s, '[');
    return out->has_items ? take_items(s, actions, sent, request, out) : skip_value(s);
}

int
es_answer_scan(struct slice body, uint32_t actions, es_sent_fn *sent, const void *request,
               struct es_scan *out, struct err *err)
{
    struct scanner s = { body.p, body.p + body.n };
    bool good = take(&s, '{');

    *out = (struct es_scan){ .has_errors = false };
    if (good && !take(&s, '}')) {
        do
            good = take_member(&s, actions, sent, request, out);
        while (good && take(&s, ','));
        good = good && take(&s, '}');
    }
    skip_blanks(&s);
    if (good && s.p == s.end)
        return 0;
    if (err != NULL)
        err->pos = (uint64_t)(s.p - body.p);
    return err_set(err, ERR_PARSE, "the answer is no JSON object, byte %zu",
                   (size_t)(s.p - body.p));
}

/* ---- the items ---- */

static struct slice
text_of(const json_t *v)
{
    return json_is_string(v) ? (struct slice){ json_string_value(v), json_string_length(v) }
                             : (struct slice){ NULL, 0 };
}

/* Elasticsearch and OpenSearch say it in the innermost cause. */
static bool
says_duplicate(const json_t *error)
{
    for (int depth = 0; json_is_object(error) && depth < 10; depth++) {
        if (slice_find(text_of(json_object_get(error, "reason")), SLICE("Duplicate field"), 0) !=
            SIZE_MAX)
            return true;
        error = json_object_get(error, "caused_by");
    }
    return false;
}

static bool
read_item(json_t *wrapped, enum es_action want, struct es_item *out)
{
    const char *name = action_names[want];
    json_t *item = json_object_get(wrapped, name), *error;
    char *text;

    if (json_object_size(wrapped) != 1 || !json_is_object(item))
        return false;
    error = json_object_get(item, "error");
    *out = (struct es_item){ .type = text_of(json_object_get(error, "type")) };
    if (json_is_integer(json_object_get(item, "status")))
        out->status = (unsigned)json_integer_value(json_object_get(item, "status"));
    out->duplicate_keys = out->status == 400 && says_duplicate(error);
    if (out->status == 200 || out->status == 201)
        return true;
    text = json_dumps(item, JSON_COMPACT);
    if (text != NULL)
        out->text = slice_of(text);
    return true;
}

static enum es_answer
read_items(json_t *array, uint32_t actions, es_sent_fn *sent, const void *request,
           struct es_items *out)
{
    out->at = xcalloc(actions, sizeof *out->at);
    for (out->n = 0; out->n < actions; out->n++)
        if (!read_item(json_array_get(array, out->n), sent(request, out->n), &out->at[out->n]))
            return ES_MISFIT;
    return ES_ITEMS;
}

void
es_items_fini(struct es_items *items)
{
    for (uint32_t i = 0; i < items->n; i++)
        free((char *)(uintptr_t)items->at[i].text.p);
    free(items->at);
    json_decref(items->tree);
    *items = (struct es_items){ .n = 0 };
}

enum es_answer
es_answer_read(struct slice body, uint32_t actions, es_sent_fn *sent, const void *request,
               bool with_items, uint32_t *returned, struct es_items *items, struct err *err)
{
    struct es_scan scan;
    json_error_t why;
    enum es_answer got;

    *items = (struct es_items){ .n = 0 };
    *returned = 0;
    if (es_answer_scan(body, actions, sent, request, &scan, err) < 0)
        return ES_UNREADABLE;
    if (!scan.has_errors || (!scan.has_items && (with_items || scan.errors))) {
        err_set(err, ERR_PARSE, "the answer has no %s", scan.has_errors ? "items" : "errors");
        return ES_UNREADABLE;
    }
    *returned = scan.items;
    if (scan.has_items && (scan.items != actions || !scan.actions_fit))
        return ES_MISFIT;
    if (!scan.errors)
        return ES_ALL_DONE;
    items->tree = json_loadb(body.p, body.n, 0, &why);
    if (items->tree == NULL) {
        err_set(err, ERR_PARSE, "the answer is no JSON: %s", why.text);
        return ES_UNREADABLE;
    }
    got = read_items(json_object_get(items->tree, "items"), actions, sent, request, items);
    if (got != ES_ITEMS)
        es_items_fini(items);
    return got;
}

/* ---- outcomes ---- */

static bool
is_among(struct slice type, const struct slice *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(list[i], type))
            return true;
    return false;
}

enum es_outcome
es_outcome_of(const struct es_outcome_rules *rules, const struct es_item *item)
{
    if (item->status == 200 || item->status == 201)
        return ES_DELIVERED;
    if (item->status == 409)
        return ES_CONFLICT;
    if (item->type.n > 0 && is_among(item->type, rules->drop_types, rules->drop_types_n))
        return ES_DROPPED;
    if (item->status == 400 || item->status == 404)
        return ES_REFUSED;
    for (size_t i = 0; i < rules->refused_codes_n; i++)
        if (rules->refused_codes[i] == (int)item->status)
            return ES_REFUSED;
    return ES_RETRY;
}
