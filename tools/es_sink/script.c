/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/es_sink/script.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned
number(const json_t *rule, const char *key)
{
    return (unsigned)json_integer_value(json_object_get(rule, key));
}

static bool
is_set(const json_t *rule, const char *key)
{
    return json_is_true(json_object_get(rule, key));
}

static void
text(const json_t *rule, const char *key, char *out, size_t n)
{
    const char *s = json_string_value(json_object_get(rule, key));

    snprintf(out, n, "%s", s == NULL ? "" : s);
}

static void
read_items(json_t *list, struct rule *out)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        struct item_rule *r = &out->items[out->items_n];

        if (out->items_n == ITEM_RULES)
            return;
        *r = (struct item_rule){ .every = number(item, "every"), .status = number(item, "status") };
        if (r->every == 0)
            r->every = 1;
        text(item, "type", r->type, sizeof r->type);
        text(item, "reason", r->reason, sizeof r->reason);
        out->items_n++;
    }
}

static struct rule
read_rule(json_t *rule)
{
    json_t *count = json_object_get(rule, "count");
    struct rule out = {
        .left = json_is_integer(count) ? (uint64_t)json_integer_value(count) : UINT64_MAX,
        .status = number(rule, "status"),
        .latency_ms = number(rule, "latency_ms"),
        .refuse_ms = number(rule, "refuse_ms"),
        .retry_after = number(rule, "retry_after"),
        .extra_items = (int)json_integer_value(json_object_get(rule, "extra_items")),
        .hang = is_set(rule, "hang"),
        .reset = is_set(rule, "reset"),
        .close = is_set(rule, "close"),
        .lose = is_set(rule, "lose"),
        .half = is_set(rule, "half"),
    };

    text(rule, "body", out.body, sizeof out.body);
    read_items(json_object_get(rule, "items"), &out);
    return out;
}

int
script_read(struct script *s, struct slice json, struct err *err)
{
    json_error_t why;
    json_t *list = json_loadb(json.p, json.n, 0, &why), *rule;
    size_t i;

    if (!json_is_array(list)) {
        json_decref(list);
        return err_set(err, ERR_PARSE, "the script is no JSON array: %s",
                       list == NULL ? why.text : "another value");
    }
    script_fini(s);
    s->rules = xcalloc(json_array_size(list) + 1, sizeof *s->rules);
    json_array_foreach(list, i, rule)
    {
        s->rules[s->n++] = read_rule(rule);
    }
    json_decref(list);
    return 0;
}

struct rule
script_next(struct script *s)
{
    while (s->at < s->n && s->rules[s->at].left == 0)
        s->at++;
    if (s->at == s->n)
        return (struct rule){ .status = 0 };
    if (s->rules[s->at].left != UINT64_MAX)
        s->rules[s->at].left--;
    return s->rules[s->at];
}

void
script_fini(struct script *s)
{
    free(s->rules);
    *s = (struct script){ .n = 0 };
}
