/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values and plugin blocks of the configuration: what the syntax means before any option type is
 * known (config-language.md 2, 3). */
#include "pipeline/config_build.h"

#include "codec/base/buf.h"
#include "codec/base/name_index.h"

#include <errno.h>
#include <stdlib.h>

/* One option written more often than this in one block is no configuration any more. */
#define REPEATS 1000
/* What a message repeats of a name or an operand. */
#define BRIEF_BYTES 120
/* What of the text in front an error repeats; nothing when it is longer. */
#define AFTER_BYTES 16384

struct slice
build_text(const struct config_build *b, const struct syntax *s)
{
    return slice_between(b->text.p + s->at, b->text.p + s->end);
}

struct slice
build_brief(const struct config_build *b, const struct syntax *s)
{
    struct slice text = build_text(b, s);

    if (text.n > BRIEF_BYTES)
        text.n = BRIEF_BYTES;
    while (text.n > 0 && text.p + text.n < b->text.p + b->text.n &&
           ((unsigned char)text.p[text.n] & 0xC0) == 0x80)
        text.n--;
    return text;
}

struct config_pos
build_pos(const struct config_build *b, const struct syntax *s)
{
    return config_lines_pos(b->lines, b->file, s->at);
}

size_t
build_count(const struct syntax *first)
{
    size_t n = 0;

    for (; first != NULL; first = first->next)
        n++;
    return n;
}

/* ---- strings ---- */

static char
unescaped(char c)
{
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '0': return '\0';
    default: return c;
    }
}

static bool
is_escape(char c)
{
    return memchr("\"'\\nrt0", c, 7) != NULL;
}

/* Other pairs stay as they are, the backslash included. */
static struct slice
process_escapes(struct arena *a, struct slice s)
{
    char *out = arena_bytes(a, s.n);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\\' && i + 1 < s.n && is_escape(s.p[i + 1]))
            out[n++] = unescaped(s.p[++i]);
        else if (s.p[i] == '\\' && i + 1 < s.n)
            out[n++] = s.p[i], out[n++] = s.p[++i];
        else
            out[n++] = s.p[i];
    return (struct slice){ out, n };
}

static struct slice
without_quotes(struct slice s)
{
    return (struct slice){ s.p + 1, s.n - 2 };
}

struct slice
build_string(const struct config_build *b, const struct syntax *s)
{
    struct slice text = without_quotes(build_text(b, s));

    if (!b->support_escapes || slice_find_byte(text, '\\', 0) == SIZE_MAX)
        return text;
    return process_escapes(b->arena, text);
}

/* ---- numbers ---- */

static void
warn_octal(const struct config_build *b, const struct opt_value *v, const char *digits, long long n)
{
    if (strtoll(digits, NULL, 10) != n)
        findings_add(b->findings, FINDING_WARN, v->pos,
                     "write the number without the leading zero, or in quotes",
                     "A leading zero means octal: %.64s is %lld", digits, n);
}

/* A leading zero means octal. */
static struct opt_value
integer(const struct config_build *b, const struct syntax *s, struct slice text)
{
    struct opt_value v = { .kind = OV_INT, .pos = build_pos(b, s), .text = text };
    const char *digits = arena_cstr(b->arena, text);
    size_t sign = digits[0] == '-';
    int base = digits[sign] == '0' && digits[sign + 1] != '\0' ? 8 : 10;
    char *end;
    long long n;

    errno = 0;
    n = strtoll(digits, &end, base);
    if (*end != '\0')
        findings_add(b->findings, FINDING_ERROR, v.pos,
                     "a leading zero means octal: write it without, or in quotes",
                     "invalid value for Integer(): \"%.64s\"", digits);
    else if (errno == ERANGE)
        findings_add(b->findings, FINDING_ERROR, v.pos,
                     "whole numbers go from -9223372036854775808 to 9223372036854775807",
                     "Integer out of range: %.64s", digits);
    else if (base == 8)
        warn_octal(b, &v, digits, n);
    v.number = n;
    return v;
}

static struct opt_value
number(const struct config_build *b, const struct syntax *s)
{
    struct slice text = build_text(b, s);

    if (slice_find_byte(text, '.', 0) == SIZE_MAX)
        return integer(b, s, text);
    return (struct opt_value){ .kind = OV_DOUBLE,
                               .pos = build_pos(b, s),
                               .text = text,
                               .real = strtod(arena_cstr(b->arena, text), NULL) };
}

/* ---- lists and hashes ---- */

/* The reference empties a plugin inside an array and keeps what values it finds in it; only the
 * harmless form, an empty block, is taken here. */
static void
plugin_in_array(const struct config_build *b, const struct syntax *s)
{
    struct slice called = build_brief(b, s->kids);

    if (s->kids->next == NULL)
        findings_add(b->findings, FINDING_WARN, build_pos(b, s),
                     "leave it out, or quote the name if text was meant",
                     "The plugin block `%.*s` inside an array is ignored", SLICE_ARGS(called));
    else
        findings_add(b->findings, FINDING_ERROR, build_pos(b, s),
                     "a block can only be the value of an option, such as codec",
                     "A plugin block (`%.*s`) inside an array is not supported",
                     SLICE_ARGS(called));
}

static struct opt_value
list(const struct config_build *b, const struct syntax *s)
{
    struct opt_value v = { .kind = OV_LIST, .pos = build_pos(b, s) };

    v.list = arena_calloc(b->arena, build_count(s->kids), sizeof *v.list);
    for (const struct syntax *kid = s->kids; kid != NULL; kid = kid->next)
        if (kid->kind == SYNTAX_PLUGIN)
            plugin_in_array(b, kid);
        else
            v.list[v.n++] = build_value(b, kid);
    return v;
}

/* Logstash compares keys as written, quotes included. False: one is there twice. */
static bool
check_keys(const struct config_build *b, const struct syntax *s)
{
    struct name_index seen = { 0 };
    struct buf twice = { 0 };
    const struct syntax *second = NULL;
    size_t entries = build_count(s->kids);
    bool found;

    for (const struct syntax *e = s->kids; e != NULL; e = e->next)
        ++*name_index_put(&seen, build_text(b, e->kids), 0, &found);
    for (const struct syntax *e = s->kids; e != NULL && seen.n < entries; e = e->next) {
        size_t *times = name_index_put(&seen, build_text(b, e->kids), 0, &found);

        if (*times > 1 && twice.n < 1024)
            buf_printf(&twice, "%s%.*s", twice.n > 0 ? ", " : "",
                       SLICE_ARGS(build_brief(b, e->kids)));
        if (*times > 1)
            *times = 0;
        else if (*times == 0 && second == NULL)
            second = e;
    }
    if (second != NULL) {
        struct config_pos at = build_pos(b, s), here = build_pos(b, second);
        size_t byte = config_lines_chars(b->lines, s->at) + 1;
        uint32_t shown = s->at < AFTER_BYTES ? s->at + 1 : 0;

        findings_add(b->findings, FINDING_ERROR, here, "the key is written twice here",
                     "Duplicate keys found in your configuration: [%s]\n"
                     "At line: %u, column %u (byte %zu)\nafter %.*s",
                     buf_cstr(&twice), at.line, at.column, byte, (int)shown, b->text.p);
    }
    name_index_fini(&seen);
    buf_fini(&twice);
    return second == NULL;
}

static struct slice
entry_key(const struct config_build *b, const struct syntax *key)
{
    return key->kind == SYNTAX_STRING ? build_string(b, key) : build_text(b, key);
}

static struct opt_value
entry_value(const struct config_build *b, const struct syntax *s)
{
    if (s->kind == SYNTAX_PLUGIN)
        findings_add(b->findings, FINDING_ERROR, build_pos(b, s),
                     "a block can only be the value of an option, such as codec",
                     "A plugin block (`%.*s`) inside a hash is not supported",
                     SLICE_ARGS(build_brief(b, s->kids)));
    return build_value(b, s);
}

/* Of keys that are the same text in other quotes the last value wins, in the place of the first. */
static struct opt_value
hash(const struct config_build *b, const struct syntax *s)
{
    struct opt_value v = { .kind = OV_HASH, .pos = build_pos(b, s) };
    struct name_index places = { 0 };
    bool distinct = check_keys(b, s);

    v.pairs = arena_calloc(b->arena, build_count(s->kids), sizeof *v.pairs);
    for (const struct syntax *e = s->kids; e != NULL; e = e->next) {
        struct slice key = entry_key(b, e->kids);
        bool found;
        size_t place = *name_index_put(&places, key, v.n, &found);

        v.pairs[place] =
            (struct opt_pair){ key, build_pos(b, e->kids), entry_value(b, e->kids->next) };
        v.n += !found;
        if (found && distinct)
            findings_add(b->findings, FINDING_WARN, build_pos(b, e->kids), "keep one of them",
                         "The key %.*s is written twice, in different quotes: the last one counts",
                         SLICE_ARGS(build_brief(b, e->kids)));
    }
    name_index_fini(&places);
    return v;
}

struct opt_value
build_value(const struct config_build *b, const struct syntax *s)
{
    struct opt_value v = { .pos = build_pos(b, s) };

    switch (s->kind) {
    case SYNTAX_NUMBER: return number(b, s);
    case SYNTAX_ARRAY: return list(b, s);
    case SYNTAX_HASH: return hash(b, s);
    case SYNTAX_STRING:
        v.kind = OV_STRING;
        v.text = build_string(b, s);
        return v;
    case SYNTAX_PLUGIN: {
        struct config_build inner = *b;

        inner.section = "codec";
        v.kind = OV_PLUGIN;
        v.plugin = arena_alloc(b->arena, sizeof *v.plugin);
        *v.plugin = build_plugin(&inner, s);
        return v;
    }
    default:
        v.kind = OV_BAREWORD;
        v.text = build_text(b, s);
        return v;
    }
}

/* ---- plugin blocks ---- */

/* All that one block gives to one option. */
struct given {
    struct slice name;
    struct config_pos pos;
    const struct opt_value **at;
    size_t n, cap;
};

static void
given_add(struct arena *a, struct given *g, struct opt_value v)
{
    struct opt_value *kept = arena_alloc(a, sizeof *kept);

    *kept = v;
    if (g->n == g->cap) {
        const struct opt_value **old = g->at;

        g->cap = g->cap > 0 ? 2 * g->cap : 1;
        g->at = arena_alloc(a, g->cap * sizeof(struct opt_value *));
        if (g->n > 0)
            memcpy(g->at, old, g->n * sizeof(struct opt_value *));
    }
    g->at[g->n++] = kept;
}

static struct slice
option_name(const struct config_build *b, const struct syntax *s)
{
    struct slice text = build_text(b, s);

    return s->kind == SYNTAX_STRING ? without_quotes(text) : text;
}

/* Only one codec can decode or encode. Equal names in text collapse to one value before this. */
static bool
is_second_codec(const struct config_build *b, const struct given *g, const struct opt_value *v)
{
    return g->n > 1 && slice_eq(g->name, SLICE("codec")) && v->kind == OV_LIST &&
           strcmp(b->section, "filter") != 0 && strcmp(b->section, "codec") != 0;
}

/* What merging makes of it is legal, and nobody means it. */
static void
warn_merged(const struct config_build *b, const struct given *g)
{
    const struct opt_value *first = g->at[0], *second = g->n > 1 ? g->at[1] : NULL;

    if (second == NULL || first->kind == OV_LIST || first->kind == OV_HASH)
        return;
    if (second->kind == OV_LIST || second->kind == OV_HASH)
        findings_add(b->findings, FINDING_WARN, second->pos, "write one list with all members",
                     "`%.*s` has a single value at line %u: this whole list becomes one member "
                     "behind it",
                     SLICE_ARGS(g->name), first->pos.line);
    else if (opt_value_equal(first, second, false))
        findings_add(b->findings, FINDING_WARN, second->pos, "keep one of them",
                     "`%.*s` is given at line %u, too: they count as one only while they are equal",
                     SLICE_ARGS(g->name), first->pos.line);
}

static struct opt_value
merged(const struct config_build *b, const struct opt_plugin *p, const struct given *g)
{
    bool incompatible = false;
    struct opt_value v = g->n == 1 ? *g->at[0] : config_merge(b->arena, g->at, g->n, &incompatible);

    warn_merged(b, g);

    if (incompatible)
        findings_add(b->findings, FINDING_ERROR, g->at[g->n - 1]->pos,
                     "write one hash with all entries, or one list",
                     "Option `%.*s` of %.*s is given as a hash and again as something else; "
                     "the two cannot be merged",
                     SLICE_ARGS(g->name), SLICE_ARGS(p->name));
    if (is_second_codec(b, g, &v))
        findings_add(
            b->findings, FINDING_ERROR, g->at[1]->pos, "the second one stands here",
            "The %s plugin %.*s at line %u has multiple `codec` declarations - this is not "
            "a valid configuration, only one top-level `codec` per %s plugin is "
            "supported.",
            b->section, SLICE_ARGS(p->name), p->pos.line, b->section);
    return v;
}

static void
too_often(const struct config_build *b, const struct syntax *s, struct slice name)
{
    findings_add(b->findings, FINDING_ERROR, build_pos(b, s), NULL,
                 "Option `%.*s` is given more than %d times in one block", SLICE_ARGS(name),
                 REPEATS);
}

struct opt_plugin
build_plugin(const struct config_build *b, const struct syntax *s)
{
    struct opt_plugin p = { .name = build_text(b, s->kids), .pos = build_pos(b, s->kids) };
    size_t most = build_count(s->kids->next), n = 0;
    struct given *given = arena_calloc(b->arena, most, sizeof *given);
    struct name_index places = { 0 };

    for (const struct syntax *o = s->kids->next; o != NULL; o = o->next) {
        struct slice name = option_name(b, o->kids);
        bool found;
        struct given *g = &given[*name_index_put(&places, name, n, &found)];

        n += !found;
        if (!found)
            *g = (struct given){ .name = name, .pos = build_pos(b, o->kids) };
        if (g->n < REPEATS)
            given_add(b->arena, g, build_value(b, o->kids->next));
        else if (g->n++ == REPEATS)
            too_often(b, o, name);
    }
    name_index_fini(&places);
    p.options = arena_calloc(b->arena, n, sizeof *p.options);
    for (; p.n < n; p.n++) {
        if (given[p.n].n > REPEATS)
            given[p.n].n = REPEATS;
        p.options[p.n] =
            (struct opt_pair){ given[p.n].name, given[p.n].pos, merged(b, &p, &given[p.n]) };
    }
    return p;
}
