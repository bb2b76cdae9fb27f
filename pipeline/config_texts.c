/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The texts in options, as config_check sees them: date patterns whose letters mean something else
 * than they look like, placeholders without an end, escapes that are none, lists written as one
 * text. Sources: reference/event-model.md 8 and 14, and what people report of Logstash. */
#include "pipeline/config_check.h"

#include "codec/base/buf.h"

/* A block, while its texts are looked at. */
struct texts {
    struct findings *findings;
    const struct opt_plugin *plugin;
    struct slice option;
};

static void
warn(const struct texts *t, struct config_pos pos, const char *hint, struct slice shown,
     const char *why)
{
    findings_add(t->findings, FINDING_WARN, pos, hint, "`%.*s`: %s",
                 (int)(shown.n < 100 ? shown.n : 100), shown.p, why);
}

/* ---- date patterns ---- */

/* Which letters a pattern has outside of its quoted parts; index 0 is 'A'. */
struct letters {
    bool has['z' - 'A' + 1];
    bool month_as_minute; /* HH:MM */
};

static struct letters
letters_of(struct slice p)
{
    struct letters l = { { false }, false };
    bool quoted = false;

    for (size_t i = 0; i < p.n; i++) {
        char c = p.p[i];

        if (c == '\'')
            quoted = !quoted;
        if (quoted || c < 'A' || c > 'z')
            continue;
        l.has[c - 'A'] = true;
        l.month_as_minute |= c == 'M' && i > 1 && p.p[i - 1] == ':' &&
                             (p.p[i - 2] == 'H' || p.p[i - 2] == 'h' || p.p[i - 2] == 'k');
    }
    return l;
}

#define HAS(letter) (l.has[(letter) - 'A'])

/* java: the pattern of %{{...}}, where a capital Y is the year of the week. */
static void
check_date(const struct texts *t, struct config_pos pos, struct slice pattern, bool java)
{
    struct letters l = letters_of(pattern);
    bool hour = HAS('H') || HAS('h') || HAS('k') || HAS('K');
    bool year = HAS('y') || HAS('Y') || HAS('u');

    if (HAS('D') && HAS('M') && !HAS('d'))
        warn(t, pos, "write dd", pattern, "DD counts the days of the year, not of the month");
    if (l.month_as_minute)
        warn(t, pos, "write mm for minutes", pattern, "MM are months, also behind an hour");
    if (HAS('m') && !HAS('M') && !hour && year)
        warn(t, pos, "write MM for months", pattern, "mm are minutes");
    if ((HAS('h') || HAS('K')) && !HAS('a'))
        warn(t, pos, "write HH, or add a for AM and PM", pattern, "hh are hours from 1 to 12");
    if (HAS('w') && !java && (HAS('y') || HAS('Y')) && !HAS('x') && !HAS('M'))
        warn(t, pos, "write xxxx.ww", pattern,
             "the year of the calendar is not the year of the week: wrong around New Year");
    if (java && HAS('Y') && (HAS('M') || HAS('d')))
        warn(t, pos, "write yyyy", pattern,
             "YYYY is the year of the week here: wrong around New Year");
}

#undef HAS

static bool
is_named_format(struct slice s)
{
    static const char *const names[] = { "ISO8601", "UNIX", "UNIX_MS", "TAI64N" };

    for (size_t i = 0; i < COUNT(names); i++)
        if (slice_eq(s, slice_of(names[i])))
            return true;
    return false;
}

/* The first is the field. */
static void
check_formats(const struct texts *t, const struct opt_value *v)
{
    for (size_t i = 1; v->kind == OV_LIST && i < v->n; i++)
        if (opt_is_text(&v->list[i]) && !is_named_format(v->list[i].text))
            check_date(t, v->list[i].pos, v->list[i].text, false);
}

/* ---- placeholders ---- */

static bool
begins_name(struct slice s, size_t at)
{
    char c = at < s.n ? s.p[at] : '\0';

    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '[' || c == '@' || c == '+';
}

static void
check_placeholders(const struct texts *t, struct config_pos pos, struct slice s)
{
    for (size_t at = slice_find(s, SLICE("%{"), 0); at != SIZE_MAX;) {
        bool java = at + 2 < s.n && s.p[at + 2] == '{';
        size_t end = slice_find_byte(s, '}', at);

        if (end == SIZE_MAX) {
            if (begins_name(s, at + 2)) /* the text is not shown: it may be a password */
                findings_add(t->findings, FINDING_WARN, pos, "close it: %{name}",
                             "`%.*s` has a placeholder without an end, which stays as it is",
                             SLICE_ARGS(t->option));
            return;
        }
        if (java)
            check_date(t, pos, slice_between(s.p + at + 3, s.p + end), true);
        else if (s.p[at + 2] == '+')
            check_date(t, pos, slice_between(s.p + at + 3, s.p + end), false);
        at = slice_find(s, SLICE("%{"), end);
    }
}

/* ---- escapes ---- */

/* Options that take the very characters. Elsewhere a pattern understands \t by itself. */
static const struct {
    const char *plugin, *option;
} literal[] = {
    { "csv", "separator" },    { "mutate", "split" },   { "mutate", "join" },
    { "split", "terminator" }, { "line", "delimiter" }, { "json_lines", "delimiter" },
    { "file", "delimiter" },
};

static bool
is_literal(const struct texts *t)
{
    for (size_t i = 0; i < COUNT(literal); i++)
        if (slice_eq(t->plugin->name, slice_of(literal[i].plugin)) &&
            slice_eq(t->option, slice_of(literal[i].option)))
            return true;
    return false;
}

static void
check_escapes(const struct texts *t, struct config_pos pos, struct slice s)
{
    size_t at = slice_find_byte(s, '\\', 0);

    if (at == SIZE_MAX || at + 1 >= s.n || strchr("ntr", s.p[at + 1]) == NULL || !is_literal(t))
        return;
    warn(t, pos,
         "write the character itself between the quotes, or set config.support_escapes: true", s,
         "a backslash and a letter, as long as config.support_escapes is off");
}

/* ---- lists ---- */

/* remove_field => "a, b" names one field. */
static void
check_comma(const struct texts *t, struct config_pos pos, struct slice s)
{
    bool list = slice_eq(t->option, SLICE("remove_field")) ||
                slice_eq(t->option, SLICE("remove_tag")) || slice_eq(t->option, SLICE("add_tag"));

    if (list && slice_find_byte(s, ',', 0) != SIZE_MAX && slice_find(s, SLICE("%{"), 0) == SIZE_MAX)
        warn(t, pos, "write a list: [\"a\", \"b\"]", s, "one name with a comma in it");
}

/* Elasticsearch refuses such an index. */
static void
check_index(const struct texts *t, struct config_pos pos, struct slice s)
{
    size_t depth = 0;

    if (!slice_eq(t->plugin->name, SLICE("elasticsearch")) || !slice_eq(t->option, SLICE("index")))
        return;
    for (size_t i = 0; i < s.n; i++) {
        depth += s.p[i] == '{';
        depth -= s.p[i] == '}' && depth > 0;
        if (depth == 0 && s.p[i] >= 'A' && s.p[i] <= 'Z') {
            warn(t, pos, "write it in small letters", s,
                 "Elasticsearch takes no index with capital letters");
            return;
        }
    }
}

/* ---- walking ---- */

static void
check_text(const struct texts *t, struct config_pos pos, struct slice s)
{
    check_placeholders(t, pos, s);
    check_escapes(t, pos, s);
    check_comma(t, pos, s);
    check_index(t, pos, s);
}

/* Nesting is bounded by the parser. */
static void
check_value(const struct texts *t, const struct opt_value *v)
{
    if (opt_is_text(v))
        check_text(t, v->pos, v->text);
    for (size_t i = 0; v->kind == OV_LIST && i < v->n; i++)
        check_value(t, &v->list[i]);
    for (size_t i = 0; v->kind == OV_HASH && i < v->n; i++) {
        check_placeholders(t, v->pairs[i].pos, v->pairs[i].key);
        check_value(t, &v->pairs[i].value);
    }
    if (v->kind == OV_PLUGIN)
        config_check_texts(v->plugin, t->findings);
}

void
config_check_texts(const struct opt_plugin *p, struct findings *findings)
{
    struct texts t = { .findings = findings, .plugin = p };

    for (size_t i = 0; i < p->n; i++) {
        t.option = p->options[i].key;
        check_value(&t, &p->options[i].value);
        if (slice_eq(p->name, SLICE("date")) && slice_eq(t.option, SLICE("match")))
            check_formats(&t, &p->options[i].value);
    }
}
