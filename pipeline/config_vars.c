/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/config_vars.h"

#include "codec/base/buf.h"

/* ---- references ---- */

struct reference {
    struct slice name, fallback, whole;
    bool has_fallback;
};

static bool
starts_name(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '.';
}

static bool
is_name(char c)
{
    return starts_name(c) || (c >= '0' && c <= '9');
}

/* The text stands at "${". A default goes up to the first closing brace. */
static bool
reference_at(struct slice s, struct reference *out)
{
    size_t end = 2, close;

    if (s.n < 4 || s.p[0] != '$' || s.p[1] != '{' || !starts_name(s.p[2]))
        return false;
    while (end < s.n && is_name(s.p[end]))
        end++;
    *out = (struct reference){ .name = { s.p + 2, end - 2 } };
    if (end == s.n)
        return false;
    close = end;
    if (s.p[end] == ':') {
        close = slice_find_byte(s, '}', end);
        if (close == SIZE_MAX)
            return false;
        out->has_fallback = true;
        out->fallback = slice_between(s.p + end + 1, s.p + close);
    }
    if (s.p[close] != '}')
        return false;
    out->whole = (struct slice){ s.p, close + 1 };
    return true;
}

/* False: it has no value. */
static bool
value_of(const struct config_vars *v, const struct reference *r, struct slice *out)
{
    const char *text = v->lookup != NULL ? v->lookup(v->arg, r->name) : NULL;

    if (text == NULL && !r->has_fallback)
        return false;
    *out = text != NULL ? slice_of(text) : r->fallback;
    return true;
}

static bool
room_for(struct config_vars *v, size_t in_value, size_t more, struct err *err)
{
    v->made += more;
    if (in_value + more > CONFIG_VALUE_BYTES || v->made > CONFIG_VARS_BYTES) {
        err_set(err, ERR_LIMIT,
                "Variables make a value of more than %u bytes, or more than %u "
                "bytes of all values",
                CONFIG_VALUE_BYTES, CONFIG_VARS_BYTES);
        return false;
    }
    return true;
}

static int
undefined(const struct reference *r, const char *where, struct err *err)
{
    int n = (int)(r->name.n < 100 ? r->name.n : 100);

    return err_set(err, ERR_CONFIG,
                   "Cannot evaluate `%.*s`. Replacement variable `%.*s` is not defined in a "
                   "Logstash secret store or %s and there is no default value given.",
                   (int)(r->whole.n < 140 ? r->whole.n : 140), r->whole.p, n, r->name.p, where);
}

/* Appends the text with every reference replaced once. *found: there was one. */
static int
replace_all(struct config_vars *v, struct slice s, struct buf *out, bool *found, struct err *err)
{
    size_t at = 0;

    *found = false;
    while (at < s.n) {
        size_t next = slice_find(s, SLICE("${"), at);
        struct reference r;
        struct slice value;

        next = next == SIZE_MAX ? s.n : next;
        buf_append(out, slice_between(s.p + at, s.p + next));
        if (next == s.n)
            break;
        if (!reference_at((struct slice){ s.p + next, s.n - next }, &r)) {
            buf_append(out, SLICE("${"));
            at = next + 2;
            continue;
        }
        if (!value_of(v, &r, &value))
            return undefined(&r, "as an Environment entry", err);
        if (!room_for(v, out->n, value.n, err))
            return -1;
        buf_append(out, value);
        *found = true;
        at = next + r.whole.n;
    }
    return 0;
}

int
config_vars_text(struct config_vars *v, struct slice text, struct buf *out, struct err *err)
{
    bool found;

    return replace_all(v, text, out, &found, err);
}

/* ---- stage 1: whole values ---- */

static bool
is_whole_reference(const struct opt_value *v, struct reference *r)
{
    return opt_is_text(v) && reference_at(v->text, r) && r->whole.n == v->text.n;
}

static void
report(const struct config_vars *v, struct config_pos pos, const char *before,
       const struct err *err)
{
    findings_add(v->findings, FINDING_ERROR, pos,
                 "set the variable where Headrig is started, or write a default: ${NAME:default}",
                 "%s%s", before, err->msg);
}

/* Never a null slice: that stands for no value. */
static struct slice
copy_text(struct config_vars *v, struct slice text)
{
    struct slice copy = arena_copy(v->arena, text);

    return copy.p != NULL ? copy : SLICE("");
}

/* before: what Logstash puts in front of the error at this place. */
static void
replace_whole(struct config_vars *v, struct opt_value *value, const char *before)
{
    struct reference r;
    struct slice text;
    struct err err = { 0 };

    if (!is_whole_reference(value, &r))
        return;
    if (!value_of(v, &r, &text))
        undefined(&r, "an environment entry", &err);
    else if (room_for(v, 0, text.n, &err))
        value->text = copy_text(v, text);
    if (err.code != ERR_NONE)
        report(v, value->pos, before, &err);
    value->kind = OV_STRING;
}

/* The value, members of a list, values of a hash: no deeper. Works on copies. */
static void
stage_one(struct config_vars *v, struct opt_value *value)
{
    static const char before[] = "Unable to configure plugins: ";

    replace_whole(v, value, before);
    for (size_t i = 0; value->kind == OV_LIST && i < value->n; i++)
        replace_whole(v, &value->list[i], before);
    for (size_t i = 0; value->kind == OV_HASH && i < value->n; i++)
        replace_whole(v, &value->pairs[i].value, before);
}

/* ---- stage 2: anywhere, with clean-up ---- */

static struct slice
without(struct slice s, char quote)
{
    if (s.n >= 2 && s.p[0] == quote && s.p[s.n - 1] == quote)
        return (struct slice){ s.p + 1, s.n - 2 };
    return s;
}

static struct slice
unquoted(struct slice s)
{
    return without(without(s, '\''), '"');
}

/* `[a, b]` becomes a list of texts. */
static void
clean_up(struct config_vars *v, struct opt_value *value)
{
    struct slice s = unquoted(value->text), item;
    struct opt_value *list;
    size_t n = 1;

    value->text = s;
    if (s.n < 2 || s.p[0] != '[' || s.p[s.n - 1] != ']')
        return;
    s = (struct slice){ s.p + 1, s.n - 2 };
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == ',';
    list = arena_calloc(v->arena, n, sizeof *list);
    value->n = 0;
    if (slice_trim(s).n == 0)
        s = (struct slice){ 0 };
    while (slice_split(&s, ',', &item))
        list[value->n++] = (struct opt_value){ .kind = OV_STRING,
                                               .pos = value->pos,
                                               .text = unquoted(slice_trim(item)) };
    value->kind = OV_LIST;
    value->list = list;
    value->text = (struct slice){ 0 };
}

static void
replace_anywhere(struct config_vars *v, struct opt_value *value)
{
    struct buf text = { 0 };
    struct err err = { 0 };
    bool found;

    if (slice_find(value->text, SLICE("${"), 0) == SIZE_MAX)
        return;
    if (replace_all(v, value->text, &text, &found, &err) < 0) {
        report(v, value->pos, "Unable to configure plugins: (ConfigurationError) ", &err);
    } else if (found) {
        value->text = copy_text(v, buf_slice(&text));
        value->kind = OV_STRING;
        clean_up(v, value);
    }
    buf_fini(&text);
}

/* Any depth; the parser bounds it. */
static void
stage_two(struct config_vars *v, struct opt_value *value)
{
    if (opt_is_text(value) && value->text.p != NULL) {
        replace_anywhere(v, value);
        return;
    }
    for (size_t i = 0; value->kind == OV_LIST && i < value->n; i++)
        stage_two(v, &value->list[i]);
    for (size_t i = 0; value->kind == OV_HASH && i < value->n; i++)
        stage_two(v, &value->pairs[i].value);
}

/* ---- blocks ---- */

static struct opt_value copy_value(struct config_vars *v, const struct opt_value *value);

static struct opt_pair *
copy_pairs(struct config_vars *v, const struct opt_pair *pairs, size_t n)
{
    struct opt_pair *copy = arena_calloc(v->arena, n, sizeof *copy);

    for (size_t i = 0; i < n; i++)
        copy[i] = (struct opt_pair){ arena_copy(v->arena, pairs[i].key), pairs[i].pos,
                                     copy_value(v, &pairs[i].value) };
    return copy;
}

/* Deep, texts too; nested blocks with their variables replaced. */
static struct opt_value
copy_value(struct config_vars *v, const struct opt_value *value)
{
    struct opt_value copy = *value;

    if (value->text.p != NULL)
        copy.text = copy_text(v, value->text);
    switch (value->kind) {
    case OV_LIST:
        copy.list = arena_calloc(v->arena, value->n, sizeof *copy.list);
        for (size_t i = 0; i < value->n; i++)
            copy.list[i] = copy_value(v, &value->list[i]);
        break;
    case OV_HASH: copy.pairs = copy_pairs(v, value->pairs, value->n); break;
    case OV_PLUGIN:
        copy.plugin = arena_alloc(v->arena, sizeof *copy.plugin);
        *copy.plugin = config_vars_plugin(v, value->plugin);
        break;
    default: break;
    }
    return copy;
}

struct opt_plugin
config_vars_plugin(struct config_vars *v, const struct opt_plugin *p)
{
    struct opt_plugin copy = *p;
    size_t errors = v->findings->errors;

    copy.name = copy_text(v, p->name);
    copy.options = copy_pairs(v, p->options, p->n);
    for (size_t i = 0; i < copy.n; i++)
        stage_one(v, &copy.options[i].value);
    for (int twice = 0; twice < 2 && v->findings->errors == errors; twice++)
        for (size_t i = 0; i < copy.n; i++)
            stage_two(v, &copy.options[i].value);
    return copy;
}

/* ---- conditions ---- */

static bool
value_has_reference(const struct opt_value *value)
{
    struct reference r;

    if (value->kind != OV_LIST)
        return is_whole_reference(value, &r);
    for (size_t i = 0; i < value->n; i++)
        if (is_whole_reference(&value->list[i], &r))
            return true;
    return false;
}

static bool
operand_has_reference(const struct operand *o)
{
    return o->kind == OPERAND_VALUE && o->pos.line > 0 && value_has_reference(&o->value);
}

static bool
has_reference(const struct config_condition *c)
{
    for (; c != NULL; c = c->right)
        if (operand_has_reference(&c->a) || operand_has_reference(&c->b) || has_reference(c->left))
            return true;
    return false;
}

static void
replace_operand(struct config_vars *v, struct operand *o)
{
    if (!operand_has_reference(o))
        return;
    o->value = copy_value(v, &o->value);
    replace_whole(v, &o->value, "");
    for (size_t i = 0; o->value.kind == OV_LIST && i < o->value.n; i++)
        replace_whole(v, &o->value.list[i], "");
}

static struct config_condition *
copy_condition(struct config_vars *v, const struct config_condition *c)
{
    struct config_condition *first = NULL, **at = &first;

    for (; c != NULL; c = c->right) {
        struct config_condition *copy = arena_alloc(v->arena, sizeof *copy);

        *copy = *c;
        copy->left = copy_condition(v, c->left);
        replace_operand(v, &copy->a);
        replace_operand(v, &copy->b);
        *at = copy;
        at = &copy->right;
    }
    return first;
}

const struct config_condition *
config_vars_condition(struct config_vars *v, const struct config_condition *c)
{
    return has_reference(c) ? copy_condition(v, c) : c;
}
