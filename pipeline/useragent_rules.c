/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/useragent_rules.h"

#include "codec/json_scan.h"
#include "codec/utf8.h"
#include "pipeline/literal_index.h"
#include "pipeline/regex_needs.h"
#include "pipeline/text_file.h"
#include "pipeline/yaml_json.h"

#include <stdlib.h>

#define FILE_BYTES ((size_t)32 << 20)
/* What replacements and groups make of one agent; groups beyond it are left out. */
#define MADE_BYTES ((size_t)64 << 10)

enum list { LIST_AGENTS, LIST_OS, LIST_DEVICES, LISTS };

static const char *const list_names[LISTS] = { "user_agent_parsers", "os_parsers",
                                               "device_parsers" };

/* Replacements with p NULL: the group of that place is taken. */
struct rule {
    struct regex *regex;
    struct slice family;
    struct slice part[4];
};

struct useragent_rules {
    struct arena arena;
    struct rule *at; /* of the three lists, one after the other */
    uint32_t n;
    uint32_t end[LISTS];
    struct literal_index *index;
};

/* ---- loading ---- */

/* Words of most agents: a rule with one of them is as good as one without. */
static const char *const common_words[] = { "mozilla",   "applewebkit", "khtml",  "gecko",
                                            "safari",    "chrome",      "mobile", "android",
                                            "linux",     "windows",     "build",  "version",
                                            "macintosh", "compatible",  "iphone", "like" };

static bool
is_within(struct slice text, struct slice other)
{
    return slice_find(other, text, 0) != SIZE_MAX;
}

static unsigned
rarity(struct slice text)
{
    size_t letters = 0;

    if (text.n < LITERAL_LEAST)
        return 0;
    for (size_t i = 0; i < COUNT(common_words); i++) {
        struct slice word = slice_of(common_words[i]);

        if (is_within(text, word) || (text.n <= word.n + 3 && is_within(word, text)))
            return 1;
    }
    for (size_t i = 0; i < text.n; i++)
        letters += (text.p[i] >= 'a' && text.p[i] <= 'z') || (text.p[i] >= '0' && text.p[i] <= '9');
    return letters < LITERAL_LEAST ? 1 : (unsigned)(text.n < 12 ? text.n : 12);
}

static struct slice
option_text(struct useragent_rules *r, struct arena *a, struct value *item, const char *name)
{
    struct value *v = value_get(a, item, slice_of(name));

    if (v == NULL || v->type == V_NULL)
        return (struct slice){ NULL, 0 };
    if (v->type == V_STRING)
        return arena_copy(&r->arena, value_text(a, v));
    return value_is_container(v) ? (struct slice){ NULL, 0 }
                                 : arena_copy(&r->arena, value_raw_text(v));
}

static void
read_replacements(struct useragent_rules *r, struct arena *a, enum list list, struct value *item,
                  struct rule *rule)
{
    static const char *const family[LISTS] = { "family_replacement", "os_replacement",
                                               "device_replacement" };
    static const char *const parts[2][4] = {
        { "v1_replacement", "v2_replacement", "v3_replacement", "v4_replacement" },
        { "os_v1_replacement", "os_v2_replacement", "os_v3_replacement", "os_v4_replacement" }
    };

    rule->family = option_text(r, a, item, family[list]);
    for (unsigned i = 0; list != LIST_DEVICES && i < 4; i++)
        rule->part[i] = option_text(r, a, item, parts[list == LIST_OS][i]);
}

static void
index_rule(struct useragent_rules *r, struct arena *a, struct slice pattern, uint32_t i)
{
    struct regex_needs needs = regex_needs_find(a, pattern, rarity);

    if (needs.n == 0)
        literal_index_always(r->index, i);
    for (size_t k = 0; k < needs.n; k++)
        literal_index_add(r->index, arena_copy(&r->arena, needs.at[k]), i);
}

static int
read_rule(struct useragent_rules *r, struct arena *a, enum list list, struct value *item,
          struct err *err)
{
    struct rule *rule = &r->at[r->n];
    struct value *pattern = item->type == V_OBJECT ? value_get(a, item, SLICE("regex")) : NULL;
    struct regex_options options = { .java = true };

    if (pattern == NULL || pattern->type != V_STRING)
        return err_set(err, ERR_CONFIG, "%s, rule %u: no regex", list_names[list],
                       r->n - (list > 0 ? r->end[list - 1] : 0) + 1);
    if (list == LIST_DEVICES)
        options.icase = slice_eq(option_text(r, a, item, "regex_flag"), SLICE("i"));
    rule->regex = regex_new(value_text(a, pattern), options, err);
    if (rule->regex == NULL)
        return err_prefix(err, "%s, %.*s", list_names[list], SLICE_ARGS(value_text(a, pattern)));
    read_replacements(r, a, list, item, rule);
    index_rule(r, a, value_text(a, pattern), r->n++);
    return 0;
}

static int
read_lists(struct useragent_rules *r, struct arena *a, struct value *document, struct err *err)
{
    struct value *lists[LISTS];
    uint32_t n = 0;

    for (unsigned i = 0; i < LISTS; i++) {
        lists[i] = value_get(a, document, slice_of(list_names[i]));
        if (lists[i] == NULL || lists[i]->type != V_ARRAY)
            return err_set(err, ERR_CONFIG, "no list called %s", list_names[i]);
        n += value_count(a, lists[i]);
    }
    r->at = arena_calloc(&r->arena, n, sizeof r->at[0]);
    r->index = literal_index_new(&r->arena, n);
    for (unsigned i = 0; i < LISTS; i++) {
        for (uint32_t k = 0; k < value_count(a, lists[i]); k++)
            if (read_rule(r, a, (enum list)i, value_at(a, lists[i], k), err) < 0)
                return -1;
        r->end[i] = r->n;
    }
    return 0;
}

static int
read_file(const char *path, struct arena *a, struct value *document, struct err *err)
{
    struct buf text = { 0 }, json = { 0 };
    int result = text_file_read(path, FILE_BYTES, &text, err);
    char *copy;

    if (result == 0)
        result = yaml_to_json(buf_slice(&text), FILE_BYTES, &json, err) < 0
                     ? err_prefix(err, "%s", path)
                     : 0;
    if (result == 0) {
        copy = arena_block(a, json.n);
        memcpy(copy, json.p, json.n);
        result = json_scan_object(a, copy, json.n, JSON_DEPTH, document, err);
    }
    buf_fini(&text);
    buf_fini(&json);
    return result;
}

struct useragent_rules *
useragent_rules_load(const char *path, struct err *err)
{
    struct useragent_rules *r = xcalloc(1, sizeof *r);
    struct value document;
    struct arena a;

    arena_init(&r->arena, NULL);
    arena_init(&a, NULL);
    if (read_file(path, &a, &document, err) < 0) {
        useragent_rules_free(&r);
    } else if (read_lists(r, &a, &document, err) < 0) {
        err_prefix(err, "%s", path);
        useragent_rules_free(&r);
    }
    arena_fini(&a);
    return r;
}

void
useragent_rules_free(struct useragent_rules **r)
{
    if (*r == NULL)
        return;
    for (uint32_t i = 0; i < (*r)->n; i++)
        regex_free((*r)->at[i].regex);
    arena_fini(&(*r)->arena);
    free(*r);
    *r = NULL;
}

/* ---- matching ---- */

void
useragent_scratch_init(struct useragent_scratch *s, const struct useragent_rules *r)
{
    *s = (struct useragent_scratch){ .regex = regex_scratch_new() };
    s->may_match = xcalloc(literal_index_words(r->index) + 1, sizeof s->may_match[0]);
}

void
useragent_scratch_fini(struct useragent_scratch *s)
{
    regex_scratch_free(s->regex);
    free(s->may_match);
    buf_fini(&s->text);
    buf_fini(&s->made);
}

/* The rule of the list that matches first and gives a name, with its groups in the scratch; NULL:
 * none. */
static const struct rule *
first_match(const struct useragent_rules *r, struct useragent_scratch *s, enum list list,
            struct slice text)
{
    uint32_t i = list > 0 ? r->end[list - 1] : 0, end = r->end[list];

    while (i < end) {
        uint64_t word = s->may_match[i / 64] >> (i % 64);

        if (word == 0) {
            i = (i / 64 + 1) * 64;
            continue;
        }
        i += (uint32_t)__builtin_ctzll(word);
        if (i >= end)
            break;
        if (regex_search(r->at[i].regex, s->regex, text, 0) == REGEX_MATCH &&
            (r->at[i].family.p != NULL || regex_group(s->regex, 1).p != NULL))
            return &r->at[i];
        i++;
    }
    return NULL;
}

/* The replacement with the groups $1 to $last filled in. Lies in s->made. */
static struct slice
fill_in(struct useragent_scratch *s, struct slice replacement, char last)
{
    size_t start = s->made.n;

    for (size_t i = 0; i < replacement.n; i++) {
        char digit = i + 1 < replacement.n ? replacement.p[i + 1] : '0';
        struct slice group;

        if (replacement.p[i] != '$' || digit < '1' || digit > last) {
            buf_byte(&s->made, replacement.p[i]);
            continue;
        }
        group = regex_group(s->regex, (unsigned)(digit - '0'));
        if (s->made.n + group.n + replacement.n < MADE_BYTES)
            buf_append(&s->made, group);
        i++;
    }
    return (struct slice){ s->made.p + start, s->made.n - start };
}

static struct slice
without_blank(struct slice s)
{
    return slice_trim(s).n == 0 ? (struct slice){ NULL, 0 } : s;
}

static struct slice
part_of(struct useragent_scratch *s, const struct rule *rule, enum list list, unsigned i)
{
    struct slice replacement = rule->part[i];

    if (replacement.p == NULL)
        return without_blank(regex_group(s->regex, i + 2));
    if (list == LIST_OS && replacement.n == 2 && replacement.p[0] == '$' &&
        replacement.p[1] >= '1' && replacement.p[1] <= '9')
        return without_blank(regex_group(s->regex, (unsigned)(replacement.p[1] - '0')));
    return without_blank(replacement);
}

static void
name_of(const struct useragent_rules *r, struct useragent_scratch *s, enum list list,
        struct slice text, struct useragent_name *out)
{
    const struct rule *rule = first_match(r, s, list, text);

    *out = (struct useragent_name){ .family = SLICE("Other") };
    if (rule == NULL)
        return;
    out->family = rule->family.p != NULL ? fill_in(s, rule->family, '1') : regex_group(s->regex, 1);
    for (unsigned i = 0; i < 4; i++)
        out->part[i] = part_of(s, rule, list, i);
}

static struct slice
device_of(const struct useragent_rules *r, struct useragent_scratch *s, struct slice text)
{
    const struct rule *rule = first_match(r, s, LIST_DEVICES, text);

    if (rule == NULL)
        return SLICE("Other");
    return rule->family.p != NULL ? slice_trim(fill_in(s, rule->family, '9'))
                                  : regex_group(s->regex, 1);
}

void
useragent_parse(const struct useragent_rules *r, struct useragent_scratch *s, struct slice text,
                struct useragent *out)
{
    if (text.n > USERAGENT_BYTES)
        text.n = USERAGENT_BYTES;
    if (!utf8_valid(text)) {
        buf_clear(&s->text);
        utf8_repair(text, &s->text);
        text = buf_slice(&s->text);
    }
    buf_clear(&s->made);
    buf_reserve(&s->made, MADE_BYTES); /* so that slices of it stay where they are */
    literal_index_scan(r->index, text, s->may_match);
    name_of(r, s, LIST_AGENTS, text, &out->agent);
    name_of(r, s, LIST_OS, text, &out->os);
    out->device = device_of(r, s, text);
}
