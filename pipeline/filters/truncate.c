/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter truncate: cuts texts to a number of bytes (filters.md 16). */
#include "pipeline/filter.h"

#include "codec/utf8.h"

struct conf {
    struct opt_fieldrefs fields;
    int64_t length_bytes;
};

static const struct option options[] = {
    OPT_FIELDREFS(struct conf, fields, .help = "fields to cut; default: all at the top level"),
    OPT_INT(struct conf, length_bytes, .required = true, .min = 0, .max = UINT32_MAX,
            .help = "bytes that stay; a character is never cut in two"),
    OPT_END,
};

static size_t
cut_at(struct slice s, size_t n)
{
    while (n > 0 && (s.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* True if something was cut, here or below. */
static bool
cut(const struct conf *c, struct arena *a, struct value *v)
{
    size_t most = (size_t)c->length_bytes;
    bool changed = false;

    if (v->type == V_STRING) {
        struct slice s = value_text(a, v);

        if (s.n <= most)
            return false;
        value_assign(v, value_str(a, (struct slice){ s.p, cut_at(s, most) }));
        return true;
    }
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++)
        changed |= cut(c, a, value_at(a, v, i));
    if (changed)
        v->flags |= V_CHANGED;
    return changed;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct arena *a = event_arena(ev);
    bool changed = false;

    (void)local;
    if (!c->fields.given)
        return cut(c, a, &ev->data) ? EVENT_KEEP : EVENT_SKIP;
    for (size_t i = 0; i < c->fields.n; i++) {
        struct value *v = event_get(ev, &c->fields.at[i]);

        if (v != NULL && cut(c, a, v)) {
            event_edit(ev, &c->fields.at[i]); /* marks the way */
            changed = true;
        }
    }
    return changed ? EVENT_KEEP : EVENT_SKIP;
}

const struct filter_type filter_truncate = {
    .name = "truncate",
    .conf_size = sizeof(struct conf),
    .options = options,
    .apply = apply,
};
