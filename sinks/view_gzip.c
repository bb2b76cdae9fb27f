/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/view_gzip.h"

#include "sinks/gzip.h"

#include <stdlib.h>

static void
add_member(struct view *v, size_t from, size_t to, int level, struct buf *out)
{
    struct view_member *m;

    v->members = xrealloc(v->members, (v->members_n + 1) * sizeof *v->members);
    m = &v->members[v->members_n++];
    *m = (struct view_member){ .plain_at = from, .plain_n = to - from, .at = out->n };
    gzip_member((struct slice){ v->body.p + from, to - from }, level, out);
    m->n = out->n - m->at;
}

void
view_gzip(struct view *v, int level, size_t member_bytes, struct body_pool *pool)
{
    struct buf out = { 0 }, exact = { 0 };
    size_t from = 0;

    if (pool != NULL)
        body_pool_take(pool, &out);
    v->plain_bytes = v->body.n;
    for (uint32_t i = 0; i < v->n; i++) {
        size_t end = (size_t)v->items[i].at + v->items[i].len;

        if (end - from > member_bytes && v->items[i].at > from) {
            add_member(v, from, (size_t)v->items[i].at, level, &out);
            from = (size_t)v->items[i].at;
        }
    }
    add_member(v, from, v->body.n, level, &out);
    /* What is kept is what was written, not the room for the worst case. */
    buf_append(&exact, buf_slice(&out));
    if (pool != NULL) {
        body_pool_give(pool, &out);
        body_pool_give(pool, &v->body);
    }
    buf_fini(&out);
    buf_fini(&v->body);
    v->body = exact;
}

/* The member that holds this place of the plain body. */
static uint32_t
find_member(const struct view *v, uint64_t plain_at)
{
    uint32_t low = 0, high = v->members_n;

    while (high - low > 1) {
        uint32_t mid = (low + high) / 2;

        if (v->members[mid].plain_at <= plain_at)
            low = mid;
        else
            high = mid;
    }
    return low;
}

int64_t
view_member_at(const struct view *v, uint64_t plain_at)
{
    uint32_t m = find_member(v, plain_at);

    return v->members_n > 0 && v->members[m].plain_at == plain_at ? (int64_t)m : -1;
}

int
view_item_text(const struct view *v, uint32_t item, int64_t *member, struct buf *inflated,
               struct slice *out, struct err *err)
{
    const struct view_item *it = &v->items[item];
    const struct view_member *m;
    uint32_t at;

    if (v->members_n == 0) {
        *out = (struct slice){ v->body.p + it->at, it->len };
        return 0;
    }
    at = find_member(v, it->at);
    m = &v->members[at];
    if (*member != (int64_t)at) {
        buf_clear(inflated);
        *member = -1;
        if (gzip_plain((struct slice){ v->body.p + m->at, m->n }, m->plain_n, inflated, err) < 0)
            return -1;
        *member = (int64_t)at;
    }
    *out = (struct slice){ inflated->p + (it->at - m->plain_at), it->len };
    return 0;
}
