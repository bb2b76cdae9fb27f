/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter mutate: the everyday edits of fields (filters.md 4).
 *
 * The options are compiled to one list of operations in the filter's fixed order, whatever order
 * they are written in. The first that fails ends the event's; what earlier ones did stays. */
#include "pipeline/convert.h"
#include "pipeline/filter.h"
#include "pipeline/gsub.h"
#include "pipeline/place.h"
#include "pipeline/ruby_value.h"
#include "pipeline/text_case.h"

#include "codec/json_write.h"
#include "codec/utf8.h"

struct local {
    struct buf text, part; /* scratch of one operation */
    struct gsub_scratch gsub;
};

/* One event's way through the operations. */
struct work {
    struct event *ev;
    struct local *local;
    struct err *err;
};

struct op;
typedef int op_fn(const struct op *op, struct work *w);

struct op {
    op_fn *run;
    struct place at, other;
    struct template *text;  /* what coerce, update and replace set */
    struct slice literal;   /* the same as JSON text, when it has no placeholders; p NULL: it has */
    struct slice separator; /* split, join */
    struct place *sources;  /* merge */
    size_t sources_n;
    struct gsub gsub;
    int how; /* enum convert_to, enum text_case */
};

struct conf {
    struct opt_hash coerce, rename, update, replace, convert, split, join, merge, copy;
    struct opt_list gsub, uppercase, capitalize, lowercase, strip;
    struct op *ops;
    size_t n, cap;
};

static const struct option options[] = {
    OPT_HASH(struct conf, coerce, .help = "values for fields that exist but hold null"),
    OPT_HASH(struct conf, rename, .help = "fields to new names"),
    OPT_HASH(struct conf, update, .help = "new values for fields that exist"),
    OPT_HASH(struct conf, replace, .help = "values for fields, made if missing"),
    OPT_HASH(struct conf, convert,
             .help = "fields to types: integer, float, integer_eu, float_eu, string, boolean"),
    OPT_LIST(struct conf, gsub, .help = "field, pattern, replacement; as often as needed"),
    OPT_LIST(struct conf, uppercase, .help = "fields to write in capital letters"),
    OPT_LIST(struct conf, capitalize, .help = "fields whose first letter becomes a capital"),
    OPT_LIST(struct conf, lowercase, .help = "fields to write in small letters"),
    OPT_LIST(struct conf, strip, .help = "fields that lose blanks at both ends"),
    OPT_HASH(struct conf, split, .help = "fields to split into lists, by separator"),
    OPT_HASH(struct conf, join, .help = "lists to join to texts, by separator"),
    OPT_HASH(struct conf, merge, .help = "fields that take in the values of other fields"),
    OPT_HASH(struct conf, copy, .help = "fields to copy to other names"),
    OPT_END,
};

/* ---- setting ---- */

static struct value
text_of(const struct op *op, struct work *w)
{
    if (op->literal.p != NULL)
        return value_raw(V_STRING, op->literal);
    buf_clear(&w->local->text);
    template_render(op->text, w->ev, &w->local->text);
    return value_str(event_arena(w->ev), buf_slice(&w->local->text));
}

static int
run_coerce(const struct op *op, struct work *w)
{
    struct value *v = event_get(w->ev, &op->at.ref);

    if (v == NULL || v->type != V_NULL)
        return 0;
    return event_set(w->ev, &op->at.ref, text_of(op, w), w->err);
}

static int
run_update(const struct op *op, struct work *w)
{
    if (!event_has(w->ev, &op->at.ref))
        return 0;
    return event_set(w->ev, &op->at.ref, text_of(op, w), w->err);
}

static int
run_replace(const struct op *op, struct work *w)
{
    return event_set(w->ev, &op->at.ref, text_of(op, w), w->err);
}

/* The old field goes before the new one is set: if that fails, the value is lost, as in Logstash.
 */
static int
run_rename(const struct op *op, struct work *w)
{
    struct fieldref room[2];
    struct buf *scratch = &w->local->text;
    const struct fieldref *from = place_of(&op->at, w->ev, scratch, &room[0], w->err);
    const struct fieldref *to;
    struct value v;

    if (from == NULL)
        return -1;
    /* The new name may have the old field in it. */
    if (op->other.text != NULL && !event_has(w->ev, from))
        return 0;
    to = place_of(&op->other, w->ev, scratch, &room[1], w->err);
    if (!event_take(w->ev, from, &v))
        return 0;
    return to == NULL ? -1 : event_set(w->ev, to, v, w->err);
}

static int
run_copy(const struct op *op, struct work *w)
{
    struct value *v = event_get(w->ev, &op->at.ref);

    if (v == NULL || v->type == V_NULL)
        return 0;
    if (op->other.illegal)
        return place_of(&op->other, w->ev, NULL, NULL, w->err) == NULL ? -1 : 0;
    return event_set(w->ev, &op->other.ref, value_copy(event_arena(w->ev), v), w->err);
}

/* ---- converting ---- */

static int
run_convert(const struct op *op, struct work *w)
{
    struct value *v = event_get(w->ev, &op->at.ref), out;
    bool changed;

    if (v == NULL)
        return 0;
    if (convert_value(event_arena(w->ev), v, (enum convert_to)op->how, &w->local->text, &out,
                      &changed, w->err) < 0)
        return -1;
    return changed ? place_store(w->ev, &op->at.ref, v, out, w->err) : 0;
}

/* ---- texts, alone or in a list ---- */

/* A new text for an old one. *same: it stays. */
typedef int text_fn(const struct op *op, struct work *w, struct slice old, struct value *out,
                    bool *same);

static int
edit_list(const struct op *op, struct work *w, struct value *list, text_fn *edit, bool only_texts,
          struct value *out)
{
    struct arena *a = event_arena(w->ev);

    *out = value_array(a);
    for (uint32_t i = 0, n = value_count(a, list); i < n; i++) {
        struct value *from = value_at(a, list, i), one = *from;
        bool same = false;

        if (from->type == V_STRING) {
            if (edit(op, w, value_text(a, from), &one, &same) < 0)
                return -1;
        } else if (only_texts) {
            return err_set(w->err, ERR_TYPE, "%.*s: member %u of the list is no text",
                           SLICE_ARGS(op->at.ref.text), i);
        }
        value_assign(value_push(a, out), one);
    }
    return 0;
}

static int
edit_texts(const struct op *op, struct work *w, text_fn *edit, bool only_texts)
{
    struct value *v = event_get(w->ev, &op->at.ref), out;
    bool same = false;

    if (v == NULL || (v->type != V_STRING && v->type != V_ARRAY))
        return 0;
    if (v->type == V_ARRAY) {
        if (edit_list(op, w, v, edit, only_texts, &out) < 0)
            return -1;
    } else if (edit(op, w, value_text(event_arena(w->ev), v), &out, &same) < 0) {
        return -1;
    }
    return same ? 0 : place_store(w->ev, &op->at.ref, v, out, w->err);
}

static int
case_text(const struct op *op, struct work *w, struct slice old, struct value *out, bool *same)
{
    *same = !text_case_differs(old, (enum text_case)op->how);
    if (*same)
        return 0;
    buf_clear(&w->local->text);
    text_case_print(old, (enum text_case)op->how, &w->local->text);
    *out = value_str(event_arena(w->ev), buf_slice(&w->local->text));
    return 0;
}

static int
run_case(const struct op *op, struct work *w)
{
    return edit_texts(op, w, case_text, false);
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int
strip_text(const struct op *op, struct work *w, struct slice old, struct value *out, bool *same)
{
    struct slice s = old;

    (void)op;
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && (is_blank(s.p[s.n - 1]) || s.p[s.n - 1] == '\0'))
        s.n--;
    *same = s.n == old.n;
    if (!*same)
        *out = value_str(event_arena(w->ev), s);
    return 0;
}

static int
run_strip(const struct op *op, struct work *w)
{
    return edit_texts(op, w, strip_text, true);
}

static int
gsub_text(const struct op *op, struct work *w, struct slice old, struct value *out, bool *same)
{
    int hits;

    buf_clear(&w->local->text);
    hits = gsub_run(&op->gsub, &w->local->gsub, w->ev, old, &w->local->text, w->err);
    *same = hits == 0;
    if (hits > 0)
        *out = value_str(event_arena(w->ev), buf_slice(&w->local->text));
    return hits < 0 ? -1 : 0;
}

static int
run_gsub(const struct op *op, struct work *w)
{
    return edit_texts(op, w, gsub_text, false);
}

/* ---- lists ---- */

static void
push_text(struct arena *a, struct value *list, struct slice s)
{
    value_assign(value_push(a, list), value_str(a, s));
}

static void
split_blanks(struct arena *a, struct slice s, struct value *list)
{
    size_t i = 0;

    while (i < s.n) {
        size_t from;

        while (i < s.n && is_blank(s.p[i]))
            i++;
        for (from = i; i < s.n && !is_blank(s.p[i]); i++)
            ;
        if (i > from)
            push_text(a, list, slice_between(s.p + from, s.p + i));
    }
}

static void
split_letters(struct arena *a, struct slice s, struct value *list)
{
    while (s.n > 0) {
        unsigned bad, n = utf8_next(s, &bad);

        n = n > 0 ? n : bad;
        push_text(a, list, (struct slice){ s.p, n });
        s.p += n;
        s.n -= n;
    }
}

/* Empty pieces wait until one follows that is not: those at the end are dropped. */
static void
split_literal(struct arena *a, struct slice s, struct slice separator, struct value *list)
{
    size_t from = 0, empty = 0;

    while (from <= s.n) {
        size_t to = slice_find(s, separator, from);

        if (to == SIZE_MAX)
            to = s.n;
        if (to == from) {
            empty++;
        } else {
            for (; empty > 0; empty--)
                push_text(a, list, SLICE(""));
            push_text(a, list, slice_between(s.p + from, s.p + to));
        }
        from = to + separator.n;
        if (to == s.n)
            break;
    }
}

static int
run_split(const struct op *op, struct work *w)
{
    struct arena *a = event_arena(w->ev);
    struct value *v = event_get(w->ev, &op->at.ref), list;
    struct slice s;

    if (v == NULL || v->type != V_STRING)
        return 0;
    s = value_text(a, v);
    list = value_array(a);
    if (slice_eq(op->separator, SLICE(" ")))
        split_blanks(a, s, &list);
    else if (op->separator.n == 0)
        split_letters(a, s, &list);
    else
        split_literal(a, s, op->separator, &list);
    return place_store(w->ev, &op->at.ref, v, list, w->err);
}

static void
join_members(struct arena *a, struct value *list, struct slice separator, struct buf *out)
{
    for (uint32_t i = 0, n = value_count(a, list); i < n; i++) {
        struct value *one = value_at(a, list, i);

        if (i > 0)
            buf_append(out, separator);
        if (one->type == V_ARRAY)
            join_members(a, one, separator, out);
        else
            ruby_value_print(a, one, out);
    }
}

static int
run_join(const struct op *op, struct work *w)
{
    struct arena *a = event_arena(w->ev);
    struct value *v = event_get(w->ev, &op->at.ref);

    if (v == NULL || v->type != V_ARRAY)
        return 0;
    buf_clear(&w->local->text);
    join_members(a, v, op->separator, &w->local->text);
    return place_store(w->ev, &op->at.ref, v, value_str(a, buf_slice(&w->local->text)), w->err);
}

/* Ruby's Array(v): null is an empty list, a scalar a list of one. */
static void
push_all(struct arena *a, struct value *list, struct value *v)
{
    if (v == NULL || v->type == V_NULL)
        return;
    if (v->type != V_ARRAY) {
        value_assign(value_push(a, list), value_copy(a, v));
        return;
    }
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++)
        value_assign(value_push(a, list), value_copy(a, value_at(a, v, i)));
}

static void
merge_members(struct arena *a, struct value *into, struct value *from)
{
    for (uint32_t i = 0, n = value_count(a, from); i < n; i++) {
        struct value *member = value_at(a, from, i), copy = value_copy(a, member);

        value_assign(value_put(a, into, value_key(a, member)), copy);
    }
}

/* An object and something else do not go together: that source changes nothing. Objects and lists
 * take in one source after the other; anything else starts anew with each, so the last one stays,
 * as in Logstash. */
static int
run_merge(const struct op *op, struct work *w)
{
    struct arena *a = event_arena(w->ev);
    struct value *into = event_get(w->ev, &op->at.ref), merged = { 0 };
    bool object = into != NULL && into->type == V_OBJECT, any = false;

    for (size_t i = 0; i < op->sources_n; i++) {
        const struct fieldref *at = place_of(&op->sources[i], w->ev, NULL, NULL, w->err);
        struct value *from = at == NULL ? NULL : event_get(w->ev, at);

        if (at == NULL)
            return -1;
        if (object != (from != NULL && from->type == V_OBJECT))
            continue;
        if (object && !any) {
            merged = value_copy(a, into);
        } else if (!object && (!any || into == NULL || into->type != V_ARRAY)) {
            merged = value_array(a);
            push_all(a, &merged, into);
        }
        if (object)
            merge_members(a, &merged, from);
        else
            push_all(a, &merged, from);
        any = true;
    }
    return any ? event_set(w->ev, &op->at.ref, merged, w->err) : 0;
}

/* Found illegal at the start, in Logstash a failure of every event that gets here. */
static int
run_illegal(const struct op *op, struct work *w)
{
    place_of(&op->at, w->ev, NULL, NULL, w->err);
    return -1;
}

/* ---- compiling ---- */

static struct op *
add_op(struct conf *c, op_fn *run)
{
    ASSERT(c->n < c->cap);
    c->ops[c->n] = (struct op){ .run = run };
    return &c->ops[c->n++];
}

static struct slice
printed(const struct plugin_context *ctx, const struct opt_value *v)
{
    struct buf text = { 0 };
    struct slice s;

    if (v->kind == OV_LIST || v->kind == OV_HASH) {
        opt_value_print(v, &text);
        s = arena_copy(ctx->arena, buf_slice(&text));
        buf_fini(&text);
        return s;
    }
    return v->text;
}

/* The operation on the field called name; with an illegal name it fails whatever it is. */
static int
op_at(struct conf *c, const struct plugin_context *ctx, op_fn *run, struct slice name,
      struct op **out, struct err *err)
{
    bool interpolate = run == run_rename;

    *out = add_op(c, run);
    if (place_compile(ctx, name, interpolate, &(*out)->at, err) < 0)
        return -1;
    if ((*out)->at.illegal)
        (*out)->run = run_illegal;
    return 0;
}

static int
compile_text(struct op *op, const struct plugin_context *ctx, struct slice text, struct err *err)
{
    struct slice literal;
    struct buf json = { 0 };

    if (template_compile(ctx->arena, text, ctx->escape, &op->text, err) < 0)
        return -1;
    if (!template_is_literal(op->text, &literal) || !json_is_plain(literal))
        return 0;
    json_write_string(literal, &json);
    op->literal = arena_copy(ctx->arena, buf_slice(&json));
    buf_fini(&json);
    return 0;
}

static int
compile_texts(struct conf *c, const struct plugin_context *ctx, const struct opt_hash *hash,
              op_fn *run, struct err *err)
{
    struct op *op;

    for (size_t i = 0; i < hash->n; i++)
        if (op_at(c, ctx, run, hash->at[i].key, &op, err) < 0 ||
            compile_text(op, ctx, printed(ctx, &hash->at[i].value), err) < 0)
            return -1;
    return 0;
}

static int
compile_pairs(struct conf *c, const struct plugin_context *ctx, const struct opt_hash *hash,
              op_fn *run, struct err *err)
{
    struct op *op;

    for (size_t i = 0; i < hash->n; i++)
        if (op_at(c, ctx, run, hash->at[i].key, &op, err) < 0 ||
            place_compile(ctx, printed(ctx, &hash->at[i].value), run == run_rename, &op->other,
                          err) < 0)
            return -1;
    return 0;
}

static int
compile_convert(struct conf *c, const struct plugin_context *ctx, struct err *err)
{
    for (size_t i = 0; i < c->convert.n; i++) {
        struct slice type = printed(ctx, &c->convert.at[i].value);
        struct op *op;

        if (op_at(c, ctx, run_convert, c->convert.at[i].key, &op, err) < 0)
            return -1;
        for (op->how = 0; convert_names[op->how] != NULL; op->how++)
            if (slice_eq(type, slice_of(convert_names[op->how])))
                break;
        if (convert_names[op->how] == NULL)
            return err_set(err, ERR_CONFIG,
                           "convert: \"%.*s\" is not one of string, integer, float, boolean, "
                           "integer_eu, float_eu",
                           SLICE_ARGS(type));
    }
    return 0;
}

static int
compile_gsub(struct conf *c, const struct plugin_context *ctx, struct err *err)
{
    if (c->gsub.n % 3 != 0)
        return err_set(err, ERR_CONFIG,
                       "gsub: %zu members are no multiple of 3 (field, pattern, replacement)",
                       c->gsub.n);
    for (size_t i = 0; i < c->gsub.n; i += 3) {
        struct op *op;

        if (op_at(c, ctx, run_gsub, c->gsub.at[i], &op, err) < 0 ||
            gsub_compile(ctx, c->gsub.at[i + 1], c->gsub.at[i + 2], &op->gsub, err) < 0)
            return -1;
    }
    return 0;
}

static int
compile_list(struct conf *c, const struct plugin_context *ctx, const struct opt_list *fields,
             op_fn *run, int how, struct err *err)
{
    struct op *op;

    for (size_t i = 0; i < fields->n; i++) {
        if (op_at(c, ctx, run, fields->at[i], &op, err) < 0)
            return -1;
        op->how = how;
    }
    return 0;
}

static int
compile_separators(struct conf *c, const struct plugin_context *ctx, const struct opt_hash *hash,
                   op_fn *run, struct err *err)
{
    struct op *op;

    for (size_t i = 0; i < hash->n; i++) {
        if (op_at(c, ctx, run, hash->at[i].key, &op, err) < 0)
            return -1;
        op->separator = printed(ctx, &hash->at[i].value);
    }
    return 0;
}

static int
compile_merge(struct conf *c, const struct plugin_context *ctx, struct err *err)
{
    for (size_t i = 0; i < c->merge.n; i++) {
        const struct opt_value *v = &c->merge.at[i].value;
        size_t n = v->kind == OV_LIST ? v->n : 1;
        struct op *op;

        if (op_at(c, ctx, run_merge, c->merge.at[i].key, &op, err) < 0)
            return -1;
        op->sources = arena_calloc(ctx->arena, n, sizeof op->sources[0]);
        for (; op->sources_n < n; op->sources_n++)
            if (place_compile(ctx, printed(ctx, v->kind == OV_LIST ? &v->list[op->sources_n] : v),
                              false, &op->sources[op->sources_n], err) < 0)
                return -1;
    }
    return 0;
}

static size_t
count_ops(const struct conf *c)
{
    return c->coerce.n + c->rename.n + c->update.n + c->replace.n + c->convert.n + c->split.n +
           c->join.n + c->merge.n + c->copy.n + c->gsub.n / 3 + c->uppercase.n + c->capitalize.n +
           c->lowercase.n + c->strip.n;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    c->cap = count_ops(c);
    c->ops = arena_calloc(ctx->arena, c->cap, sizeof c->ops[0]);
    if (compile_texts(c, ctx, &c->coerce, run_coerce, err) < 0 ||
        compile_pairs(c, ctx, &c->rename, run_rename, err) < 0 ||
        compile_texts(c, ctx, &c->update, run_update, err) < 0 ||
        compile_texts(c, ctx, &c->replace, run_replace, err) < 0 ||
        compile_convert(c, ctx, err) < 0 || compile_gsub(c, ctx, err) < 0 ||
        compile_list(c, ctx, &c->uppercase, run_case, CASE_UPPER, err) < 0 ||
        compile_list(c, ctx, &c->capitalize, run_case, CASE_CAPITAL, err) < 0 ||
        compile_list(c, ctx, &c->lowercase, run_case, CASE_LOWER, err) < 0 ||
        compile_list(c, ctx, &c->strip, run_strip, 0, err) < 0 ||
        compile_separators(c, ctx, &c->split, run_split, err) < 0 ||
        compile_separators(c, ctx, &c->join, run_join, err) < 0 || compile_merge(c, ctx, err) < 0 ||
        compile_pairs(c, ctx, &c->copy, run_copy, err) < 0)
        return -1;
    return 0;
}

/* ---- running ---- */

static int
start(const void *conf, void *local, struct err *err)
{
    struct local *l = local;

    (void)conf;
    (void)err;
    gsub_scratch_init(&l->gsub);
    return 0;
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    buf_fini(&l->text);
    gsub_scratch_fini(&l->gsub);
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    for (size_t i = 0; i < c->n; i++)
        gsub_dispose(&c->ops[i].gsub);
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct work w = { ev, local, NULL };

    for (size_t i = 0; i < c->n; i++)
        if (c->ops[i].run(&c->ops[i], &w) < 0)
            return EVENT_FAILED;
    return EVENT_KEEP;
}

const struct filter_type filter_mutate = {
    .name = "mutate",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .tag_on_failure = "_mutate_error",
    .prepare = prepare,
    .dispose = dispose,
    .start = start,
    .stop = stop,
    .apply = apply,
};
