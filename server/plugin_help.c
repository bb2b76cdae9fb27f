/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/plugin_help.h"

#include "codec/base/name_index.h"
#include "pipeline/filters.h"
#include "pipeline/known_plugins.h"
#include "server/inputs.h"
#include "sinks/sinks.h"

#include <inttypes.h>

/* A plugin of any kind, as far as people ask. */
struct shown {
    const char *section, *name, *alias;
    const struct option *options, *common;
    const char *codec; /* by default; NULL: the kind has none */
    const char *tags;  /* of tag_on_failure; NULL: it has none */
};

typedef void each_fn(const struct shown *p, void *arg);

static void
each_plugin(each_fn *fn, void *arg)
{
    for (const struct input_type *const *t = input_all(); *t != NULL; t++)
        fn(&(struct shown){ "input", (*t)->name, (*t)->alias, (*t)->options, input_common_options,
                            (*t)->default_codec != NULL ? (*t)->default_codec : "plain", NULL },
           arg);
    for (const struct filter_type *const *t = filter_all(); *t != NULL; t++)
        fn(&(struct shown){ "filter", (*t)->name, NULL, (*t)->options,
                            (*t)->tag_on_failure != NULL ? filter_failing_options
                                                         : filter_common_options,
                            NULL, (*t)->tag_on_failure },
           arg);
    for (const struct sink_type *const *t = sink_all(); *t != NULL; t++)
        fn(&(struct shown){ "output", (*t)->name, NULL, (*t)->options, sink_common_options,
                            (*t)->default_codec != NULL ? (*t)->default_codec : "plain", NULL },
           arg);
    for (const struct codec_type *const *t = codec_all(); *t != NULL; t++)
        fn(&(struct shown){ "codec", (*t)->name, NULL, (*t)->options, codec_common_options, NULL,
                            NULL },
           arg);
}

/* ---- one option ---- */

static const char *
kind_of(const struct option *row, struct buf *text)
{
    static const char *const lists[] = {
        [OPTION_PATHS] = "list of ",
        [OPTION_URIS] = "list of ",
        [OPTION_FIELDREFS] = "list of ",
        [OPTION_STRINGS] = "list of ",
        [OPTION_NUMBERS] = "list of ",
        [OPTION_SHA256S] = "list of ",
        [OPTION_NONE] = NULL,
    };

    buf_clear(text);
    if (row->choices != NULL && row->type == OPTION_LIST)
        buf_append(text, SLICE("list of "));
    else if (row->type <= OPTION_NONE && lists[row->type] != NULL)
        buf_append(text, slice_of(lists[row->type]));
    option_kind_print(row, text);
    return buf_cstr(text);
}

static const char *
state_of(const struct option *row)
{
    switch (row->state) {
    case OPTION_WORKS: return "works";
    case OPTION_IGNORED: return "accepted, without effect";
    case OPTION_LATER:
    case OPTION_LATER_SAID: return "accepted, not built yet";
    case OPTION_REFUSED:
    case OPTION_REFUSED_SAID: return "refused";
    case OPTION_OBSOLETE: return "obsolete";
    case OPTION_DEPRECATED: return "deprecated";
    }
    return "";
}

static const char *
default_of(const struct shown *p, const struct option *row)
{
    if (p->codec != NULL && row->type == OPTION_CODEC && strcmp(row->name, "codec") == 0)
        return p->codec;
    return p->tags != NULL && strcmp(row->name, "tag_on_failure") == 0 ? p->tags : row->dflt;
}

static bool
is_own(const struct shown *p, const char *name)
{
    for (const struct option *row = p->options; row != NULL && row->type != OPTION_END; row++)
        if (strcmp(row->name, name) == 0)
            return true;
    return false;
}

/* ---- for the terminal ---- */

static void
help_option(const struct shown *p, const struct option *row, struct buf *out)
{
    struct buf kind = { 0 };
    const char *dflt = default_of(p, row);

    buf_printf(out, "  %s", row->name);
    if (row->type != OPTION_NONE)
        buf_printf(out, " (%s%s%s%s)", kind_of(row, &kind), row->required ? ", required" : "",
                   dflt != NULL ? ", default " : "", dflt != NULL ? dflt : "");
    if (row->min != 0 || row->max != 0)
        buf_printf(out, " from %" PRId64 " to %" PRId64, row->min, row->max);
    if (row->state != OPTION_WORKS)
        buf_printf(out, " [%s]", state_of(row));
    buf_printf(out, "\n      %s\n", row->help != NULL ? row->help : "");
    if (row->note != NULL)
        buf_printf(out, "      %s\n", row->note);
    buf_fini(&kind);
}

static void
help_options(const struct shown *p, const struct option *rows, bool common, struct buf *out)
{
    for (; rows != NULL && rows->type != OPTION_END; rows++)
        if (!common || !is_own(p, rows->name))
            help_option(p, rows, out);
}

struct help {
    struct slice section, name; /* section empty: any */
    struct buf *out;
    const char *nearest;
    unsigned best;
    bool found;
};

static void
help_one(const struct shown *p, void *arg)
{
    struct help *h = arg;
    struct slice name = slice_of(p->name);

    if (h->section.n > 0 && !slice_eq(h->section, slice_of(p->section)))
        return;
    if (!slice_eq(h->name, name) && (p->alias == NULL || !slice_eq(h->name, slice_of(p->alias)))) {
        if (name_is_nearer(h->name, name, &h->best))
            h->nearest = p->name;
        return;
    }
    buf_printf(h->out, "%s%s %s\n\n", h->found ? "\n" : "", p->section, p->name);
    h->found = true;
    if (p->options != NULL && p->options->type != OPTION_END) {
        help_options(p, p->options, false, h->out);
        buf_byte(h->out, '\n');
    }
    buf_printf(h->out, "  Options of every %s:\n\n", p->section);
    help_options(p, p->common, true, h->out);
}

static void
not_found(const struct help *h, struct buf *out)
{
    static const char *const sections[] = { "input", "filter", "output", "codec" };

    for (size_t i = 0; i < COUNT(sections); i++)
        if ((h->section.n == 0 || slice_eq(h->section, slice_of(sections[i]))) &&
            plugin_is_known(sections[i], h->name)) {
            buf_printf(out, "Logstash has the %s %.*s; Headrig does not\n", sections[i],
                       SLICE_ARGS(h->name));
            return;
        }
    buf_printf(out, "There is no plugin named '%.*s'", SLICE_ARGS(h->name));
    if (h->nearest != NULL)
        buf_printf(out, "; did you mean '%s'?", h->nearest);
    buf_byte(out, '\n');
}

bool
plugin_help(struct slice topic, struct buf *out)
{
    size_t space = slice_find_byte(topic, ' ', 0);
    struct help h = { .name = topic, .out = out, .best = 100 };

    if (space != SIZE_MAX) {
        h.section = (struct slice){ topic.p, space };
        h.name = slice_between(topic.p + space + 1, topic.p + topic.n);
    }
    each_plugin(help_one, &h);
    if (!h.found)
        not_found(&h, out);
    return h.found;
}

/* ---- the page ---- */

/* A bar would end the cell, a line end the row. */
static void
cell(const char *text, struct buf *out)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '|' || *text == '\n')
            buf_byte(out, '\\');
        buf_byte(out, *text == '\n' ? 'n' : *text);
    }
}

static void
page_option(const struct shown *p, const struct option *row, struct buf *out)
{
    struct buf kind = { 0 };
    const char *dflt = default_of(p, row);

    buf_printf(out, "| `%s` | %s%s | ", row->name,
               row->type != OPTION_NONE ? kind_of(row, &kind) : "",
               row->required ? ", required" : "");
    if (dflt != NULL) {
        buf_byte(out, '`');
        cell(dflt, out);
        buf_byte(out, '`');
    }
    buf_printf(out, " | %s | ", state_of(row));
    cell(row->help, out);
    if (row->min != 0 || row->max != 0)
        buf_printf(out, " (%" PRId64 " to %" PRId64 ")", row->min, row->max);
    if (row->note != NULL) {
        buf_append(out, SLICE(". "));
        cell(row->note, out);
    }
    buf_append(out, SLICE(" |\n"));
    buf_fini(&kind);
}

static void
page_table(const struct shown *p, const struct option *rows, struct buf *out)
{
    if (rows == NULL || rows->type == OPTION_END) {
        buf_append(out, SLICE("No options of its own.\n\n"));
        return;
    }
    buf_append(out, SLICE("| Option | Type | Default | State | Meaning |\n"
                          "|---|---|---|---|---|\n"));
    for (; rows->type != OPTION_END; rows++)
        page_option(p, rows, out);
    buf_byte(out, '\n');
}

struct page {
    struct buf *out;
    const char *section;
    const char *const *known; /* walked to find what is absent */
    plugin_example_fn *example;
    void *example_arg;
    bool built;
};

static void
page_example(const struct shown *p, struct page *page)
{
    struct buf text = { 0 };

    page->example(p->section, p->name, &text, page->example_arg);
    if (text.n > 0) {
        buf_append(page->out, SLICE("#### Example\n\n"));
        buf_append(page->out, buf_slice(&text));
        buf_byte(page->out, '\n');
    }
    buf_fini(&text);
}

static void
page_one(const struct shown *p, void *arg)
{
    struct page *page = arg;

    if (strcmp(p->section, page->section) != 0)
        return;
    buf_printf(page->out, "### %s\n\n", p->name);
    if (p->alias != NULL)
        buf_printf(page->out, "Also called `%s`.\n\n", p->alias);
    if (p->codec != NULL)
        buf_printf(page->out, "Codec: `%s` unless another is given.\n\n", p->codec);
    if (p->tags != NULL)
        buf_printf(page->out, "`tag_on_failure` is `%s` unless given.\n\n", p->tags);
    page_table(p, p->options, page->out);
    page_example(p, page);
}

static void
page_built(const struct shown *p, void *arg)
{
    struct page *page = arg;

    if (strcmp(p->section, page->section) == 0 &&
        (strcmp(p->name, *page->known) == 0 ||
         (p->alias != NULL && strcmp(p->alias, *page->known) == 0)))
        page->built = true;
}

static void
page_absent(struct page *page)
{
    size_t n = 0;

    for (page->known = plugins_known(page->section); *page->known != NULL; page->known++) {
        page->built = false;
        each_plugin(page_built, page);
        if (!page->built)
            buf_printf(page->out, "%s`%s`",
                       n++ > 0 ? ", " : "Of Logstash, not here: ", *page->known);
    }
    buf_append(page->out, n > 0 ? SLICE(".\n\n") : SLICE(""));
}

void
plugin_reference(plugin_example_fn *example, void *arg, struct buf *out)
{
    static const struct {
        const char *section, *title;
        const struct option *common;
    } parts[] = {
        { "input", "Inputs", input_common_options },
        { "filter", "Filters", filter_common_options },
        { "output", "Outputs", sink_common_options },
        { "codec", "Codecs", codec_common_options },
    };

    buf_append(
        out,
        SLICE(
            "# Plugins\n\nMade by `plugin_reference` from the option rows and "
            "`docs/examples`; do not edit. An option that is not listed is refused by name.\n\n"));
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct shown all = { .section = parts[i].section };
        struct page page = {
            .out = out, .section = parts[i].section, .example = example, .example_arg = arg
        };

        buf_printf(out, "## %s\n\n", parts[i].title);
        page_absent(&page);
        buf_printf(out, "Options of every %s:\n\n", parts[i].section);
        page_table(&all, parts[i].common, out);
        each_plugin(page_one, &page);
    }
    /* One newline at the end, as editors want it. */
    while (out->n > 1 && out->p[out->n - 1] == '\n' && out->p[out->n - 2] == '\n')
        out->n--;
}
