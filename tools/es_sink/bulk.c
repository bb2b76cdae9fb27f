/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/es_sink/bulk.h"

#include "codec/json_scan.h"
#include "codec/value.h"

#include <stdlib.h>
#include <zlib.h>

#define INFLATE_STEP 262144

/* All members of a gzip body, or as many bytes as are wanted. */
static bool
inflate_body(struct slice body, size_t most, struct buf *out)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)body.p, .avail_in = (uInt)body.n };
    int got = inflateInit2(&z, 15 + 16);

    while (got == Z_OK && out->n < most) {
        z.next_out = (Bytef *)buf_reserve(out, INFLATE_STEP);
        z.avail_out = INFLATE_STEP;
        got = inflate(&z, Z_NO_FLUSH);
        out->n += INFLATE_STEP - z.avail_out;
        if (got == Z_STREAM_END && z.avail_in > 0)
            got = inflateReset(&z);
    }
    inflateEnd(&z);
    return got == Z_STREAM_END || out->n >= most;
}

/* ---- reading ---- */

static bool
read_object(struct arena *a, struct slice line, struct value *out)
{
    struct slice copy = arena_copy(a, line);
    struct err ignored;

    return json_scan_object(a, (char *)(uintptr_t)copy.p, copy.n, JSON_DEPTH, out, &ignored) == 0;
}

struct action {
    struct slice name, id; /* id p NULL: none */
};

static bool
read_action(struct arena *a, struct slice line, struct action *out)
{
    struct value v, *meta, *id;

    if (!read_object(a, line, &v) || value_count(a, &v) != 1)
        return false;
    meta = value_at(a, &v, 0);
    out->name = value_key(a, meta);
    id = value_get(a, meta, SLICE("_id"));
    out->id = id != NULL && id->type == V_STRING ? value_text(a, id) : (struct slice){ NULL, 0 };
    return true;
}

/* The id of the document, or of what an update wraps. */
static void
read_source(struct arena *a, struct slice line, const char *field, struct action *out)
{
    struct value v, *doc, *id;

    if (out->id.p != NULL || !read_object(a, line, &v))
        return;
    doc = value_get(a, &v, SLICE("doc"));
    id = value_get(a, doc != NULL && doc->type == V_OBJECT ? doc : &v, slice_of(field));
    if (id != NULL && id->type == V_STRING)
        out->id = value_text(a, id);
}

/* ---- answering ---- */

static const struct item_rule *
rule_of_item(const struct bulk_server *b, const struct rule *rule)
{
    for (size_t i = 0; i < rule->items_n; i++)
        if (b->items % rule->items[i].every == 0)
            return &rule->items[i];
    return NULL;
}

static void
answer_item(struct bulk_server *b, const struct rule *rule, const struct action *action,
            struct buf *out, bool *errors)
{
    const struct item_rule *item;

    b->items++;
    b->account.actions++;
    item = rule_of_item(b, rule);
    if (out->p[out->n - 1] != '[')
        buf_byte(out, ',');
    if (item == NULL || item->status == 200 || item->status == 201) {
        b->account.taken++;
        if (action->id.p != NULL)
            account_take(&b->account, action->id);
        buf_printf(out, "{\"%.*s\":{\"status\":201}}", SLICE_ARGS(action->name));
        return;
    }
    *errors = true;
    b->account.failed++;
    buf_printf(out, "{\"%.*s\":{\"status\":%u,\"error\":{\"type\":\"%s\",\"reason\":\"%s\"}}}",
               SLICE_ARGS(action->name), item->status, item->type, item->reason);
}

static void
end_answer(int extra, bool errors, struct buf *items, struct buf *answer)
{
    for (; extra > 0; extra--)
        buf_printf(items, "%s{\"index\":{\"status\":201}}",
                   items->p[items->n - 1] == '[' ? "" : ",");
    for (; extra < 0 && items->p[items->n - 1] != '['; extra++) {
        while (items->n > 0 && !(items->p[items->n - 1] == '{' &&
                                 (items->p[items->n - 2] == ',' || items->p[items->n - 2] == '[')))
            items->n--;
        items->n -= items->p[items->n - 2] == ',' ? 2 : 1;
    }
    buf_printf(answer, "{\"took\":1,\"errors\":%s,\"items\":", errors ? "true" : "false");
    buf_append(answer, buf_slice(items));
    buf_append(answer, SLICE("]}"));
}

static void
take_lines(struct bulk_server *b, const struct rule *rule, struct slice plain, unsigned *status,
           struct buf *answer)
{
    struct buf items = { 0 };
    struct arena a;
    struct slice line;
    bool errors = false, good = plain.n > 0 && plain.p[plain.n - 1] == '\n';

    arena_init(&a, NULL);
    buf_byte(&items, '[');
    while (good && slice_split(&plain, '\n', &line) && line.n > 0) {
        struct action action;

        good = read_action(&a, line, &action);
        if (good && !slice_eq(action.name, SLICE("delete"))) {
            good = slice_split(&plain, '\n', &line);
            if (good)
                read_source(&a, line, b->id_field, &action);
        }
        if (good)
            answer_item(b, rule, &action, &items, &errors);
        arena_fini(&a);
    }
    if (good) {
        end_answer(rule->extra_items, errors, &items, answer);
    } else {
        b->account.unreadable++;
        *status = 400;
        buf_append(answer, SLICE("{\"error\":{\"type\":\"illegal_argument_exception\"}}"));
    }
    buf_fini(&items);
}

void
bulk_take(struct bulk_server *b, const struct rule *rule, struct slice body, bool gzip,
          unsigned *status, struct buf *answer)
{
    struct buf plain = { 0 };

    b->account.bulk_requests++;
    *status = rule->status == 0 ? 200 : rule->status;
    if (*status >= 200 && *status < 300 && !rule->reset && !rule->close && !rule->hang) {
        if (gzip && !inflate_body(body, SIZE_MAX, &plain))
            b->account.unreadable++;
        b->account.plain_bytes += gzip ? plain.n : body.n;
        take_lines(b, rule, gzip ? buf_slice(&plain) : body, status, answer);
    } else {
        buf_append(answer, SLICE("{\"error\":{\"type\":\"scripted\"}}"));
    }
    if (rule->body[0] != '\0') {
        buf_clear(answer);
        buf_append(answer, slice_of(rule->body));
    }
    buf_fini(&plain);
}

static struct slice
first_action(struct slice front)
{
    size_t end = slice_find_byte(front, '"', 2);

    return end == SIZE_MAX || front.n < 2 ? SLICE("index") : (struct slice){ front.p + 2, end - 2 };
}

void
bulk_discard(struct bulk_server *b, struct slice front, bool gzip, uint64_t count,
             struct buf *answer)
{
    struct buf plain = { 0 };
    char item[64];
    struct slice action;

    if (gzip)
        inflate_body(front, 64, &plain);
    action = first_action(gzip ? buf_slice(&plain) : front);
    b->account.bulk_requests++;
    b->account.actions += count;
    b->account.taken += count;
    item[0] = ',';
    memcpy(item + 1, "{\"", 2);
    action.n = action.n > 16 ? 16 : action.n;
    memcpy(item + 3, action.p, action.n);
    memcpy(item + 3 + action.n, "\":{\"status\":201}}", 17);
    buf_append(answer, SLICE("{\"errors\":false,\"items\":["));
    for (uint64_t i = 0; i < count; i++)
        buf_append(answer, (struct slice){ item + (i == 0), 20 + action.n - (i == 0) });
    buf_append(answer, SLICE("]}"));
    buf_fini(&plain);
}
