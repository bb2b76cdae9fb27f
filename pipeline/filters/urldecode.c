/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter urldecode: percent triplets to the bytes they stand for (filters.md 17). */
#include "pipeline/filter.h"

#include "codec/charset.h"
#include "codec/utf8.h"

struct conf {
    struct fieldref field;
    bool all_fields;
    int charset;
    struct opt_list tag_on_failure;
    bool utf8;
};

struct local {
    struct charset_converter *converter;
    struct buf scratch;
};

/* The tags are the filter's own: the common options follow on a failure, too. */
static const struct option options[] = {
    OPT_FIELDREF(struct conf, field, .dflt = "message", .help = "field to decode"),
    OPT_BOOL(struct conf, all_fields, .dflt = "false", .help = "decode every field"),
    OPT_ENUM(struct conf, charset, .choices = charset_names, .dflt = "UTF-8",
             .help = "character set of the decoded bytes"),
    OPT_LIST(struct conf, tag_on_failure, .dflt = "_urldecodefailure",
             .help = "tags when it cannot be done"),
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    (void)ctx;
    c->utf8 = slice_eq(slice_of(charset_names[c->charset]), SLICE("UTF-8"));
    return charset_check(c->charset, err);
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    charset_free(&l->converter);
    buf_fini(&l->scratch);
}

/* ---- decoding ---- */

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Once; what is no triplet stays, and so does a plus. */
static struct slice
decode(struct slice s, struct buf *out)
{
    char *to;

    if (slice_find_byte(s, '%', 0) == SIZE_MAX)
        return s;
    buf_clear(out);
    to = buf_reserve(out, s.n);
    for (size_t i = 0; i < s.n; i++) {
        int high = -1, low = -1;

        if (s.p[i] == '%' && i + 2 < s.n) {
            high = hex_digit(s.p[i + 1]);
            low = hex_digit(s.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            *to++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *to++ = s.p[i];
        }
    }
    out->n = (size_t)(to - out->p);
    return buf_slice(out);
}

/* Values only, in lists and objects, too. True if something changed here or below. */
static bool
decode_value(const struct conf *c, struct local *l, struct arena *a, struct value *v)
{
    bool changed = false;

    if (v->type == V_STRING) {
        struct slice old = value_text(a, v), text = decode(old, &l->scratch);

        if (text.p == old.p && c->utf8 && utf8_valid(old))
            return false;
        charset_convert(&l->converter, c->charset, text, &text);
        value_assign(v, value_str(a, text));
        return true;
    }
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++)
        changed |= decode_value(c, l, a, value_at(a, v, i));
    if (changed)
        v->flags |= V_CHANGED;
    return changed;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct arena *a = event_arena(ev);
    struct value *v;

    if (c->all_fields) {
        decode_value(c, local, a, &ev->data);
        return EVENT_KEEP;
    }
    v = event_get(ev, &c->field);
    if (v != NULL) {
        if (decode_value(c, local, a, v))
            event_edit(ev, &c->field); /* marks the way */
    } else if (event_set(ev, &c->field, value_null(), NULL) < 0) {
        for (size_t i = 0; i < c->tag_on_failure.n; i++)
            event_tag(ev, c->tag_on_failure.at[i]);
    }
    return EVENT_KEEP;
}

const struct filter_type filter_urldecode = {
    .name = "urldecode",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .prepare = prepare,
    .stop = stop,
    .apply = apply,
};
