/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/lj_event.h"

#include "codec/json_scan.h"
#include "codec/utf8.h"

int
lj_event_json(struct event *ev, struct slice payload, uint32_t depth, struct err *err)
{
    return json_scan_object(event_arena(ev), (char *)payload.p, payload.n, depth, &ev->data, err);
}

enum lj_bad_event
lj_bad_kind(enum err_code code)
{
    switch (code) {
    case ERR_JSON_NOT_OBJECT: return LJ_NOT_OBJECT;
    case ERR_INVALID_UTF8: return LJ_BAD_UTF8;
    case ERR_JSON_TOO_DEEP: return LJ_TOO_DEEP;
    default: return LJ_BAD_JSON;
    }
}

/* s itself if it is UTF-8, else a repaired copy. */
static struct slice
as_utf8(struct arena *a, struct slice s)
{
    struct buf repaired = { 0 };

    if (utf8_valid(s))
        return s;
    utf8_repair(s, &repaired);
    s = arena_copy(a, buf_slice(&repaired));
    buf_fini(&repaired);
    return s;
}

static struct value
text_value(struct arena *a, struct slice s)
{
    return value_str_alias(a, as_utf8(a, s));
}

static struct slice
take_text(struct slice *pairs)
{
    struct slice text;
    uint32_t n;

    if (!slice_take_be32(pairs, &n) || !slice_take(pairs, n, &text))
        UNREACHABLE("the framer has walked these pairs");
    return text;
}

/* Members are made one by one in an object of their own and moved: asking the growing object for
 * each key would be quadratic. */
void
lj_event_pairs(struct event *ev, struct slice pairs, uint32_t n)
{
    struct arena *a = event_arena(ev);
    struct value one = value_object(a);

    for (uint32_t i = 0; i < n; i++) {
        struct slice key = take_text(&pairs), text = take_text(&pairs);
        struct value *member = value_put(a, &one, as_utf8(a, key));

        value_assign(member, text_value(a, text));
        value_adopt(a, &ev->data, member);
        value_remove_at(a, &one, 0);
    }
    json_kids_unique(a, ev->data.kids);
}

void
lj_event_quarantine(struct event *ev, struct slice payload)
{
    struct arena *a = event_arena(ev);
    struct value tags = value_array(a);

    ev->data = value_object(a);
    value_assign(value_push(a, &tags), value_str(a, SLICE("_jsonparsefailure")));
    value_assign(value_put(a, &ev->data, SLICE("message")), text_value(a, payload));
    value_assign(value_put(a, &ev->data, SLICE("tags")), tags);
    ev->run_index = LJ_EVENT_BAD;
}
