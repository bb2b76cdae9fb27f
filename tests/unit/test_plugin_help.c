/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "pipeline/filters.h"
#include "pipeline/known_plugins.h"
#include "server/inputs.h"
#include "server/plugin_help.h"
#include "sinks/sinks.h"

#include <stdio.h>

static const struct {
    const char *topic, *says;
    bool found;
} topics[] = {
    { "drop", "filter drop\n\n", true },
    { "drop", "  add_field (hash)\n      fields to add when the filter succeeds\n", true },
    { "beats", "  port (number, required) from 0 to 65535\n", true },
    { "elastic_agent", "input beats\n", true },
    { "json", "codec json\n", true },
    { "json", "filter json\n", true },
    { "json", "tag_on_failure (array, default _jsonparsefailure)", true },
    { "codec json", "codec json\n", true },
    { "stdout", "codec (codec, default rubydebug)", true },
    { "mutat", "There is no plugin named 'mutat'; did you mean 'mutate'?\n", false },
    { "output s3", "Logstash has the output s3; Headrig does not\n", false },
    { "filter stdout", "There is no plugin named 'stdout'", false },
    { "", "There is no plugin named ''\n", false },
};

START_TEST(help_of_a_plugin)
{
    struct buf out = { 0 };

    ck_assert_int_eq(plugin_help(slice_of(topics[_i].topic), &out), topics[_i].found);
    ck_assert_msg(strstr(buf_cstr(&out), topics[_i].says) != NULL, "%s", buf_cstr(&out));
    buf_fini(&out);
}
END_TEST

START_TEST(a_section_excludes_the_others)
{
    struct buf out = { 0 };

    ck_assert(plugin_help(SLICE("codec json"), &out));
    ck_assert_ptr_null(strstr(buf_cstr(&out), "filter json"));
    buf_fini(&out);
}
END_TEST

static void
check_rows(const char *plugin, const struct option *rows)
{
    for (; rows != NULL && rows->type != OPTION_END; rows++) {
        ck_assert_msg(rows->help != NULL && rows->help[0] != '\0', "%s: %s has no help", plugin,
                      rows->name);
        ck_assert_msg(rows->state == OPTION_WORKS || rows->state == OPTION_LATER ||
                          rows->state == OPTION_LATER_SAID ||
                          (rows->note != NULL && rows->note[0] != '\0'),
                      "%s: %s says not why", plugin, rows->name);
        ck_assert_msg((rows->type == OPTION_ENUM) <= (rows->choices != NULL),
                      "%s: %s has no choices", plugin, rows->name);
    }
}

START_TEST(every_row_says_what_it_means)
{
    for (const struct input_type *const *t = input_all(); *t != NULL; t++)
        check_rows((*t)->name, (*t)->options);
    for (const struct filter_type *const *t = filter_all(); *t != NULL; t++)
        check_rows((*t)->name, (*t)->options);
    for (const struct sink_type *const *t = sink_all(); *t != NULL; t++)
        check_rows((*t)->name, (*t)->options);
    for (const struct codec_type *const *t = codec_all(); *t != NULL; t++)
        check_rows((*t)->name, (*t)->options);
    check_rows("inputs", input_common_options);
    check_rows("filters", filter_failing_options);
    check_rows("outputs", sink_common_options);
    check_rows("codecs", codec_common_options);
}
END_TEST

static void
uuid_alone(const char *section, const char *name, struct buf *out, void *arg)
{
    (void)arg;
    if (strcmp(section, "filter") == 0 && strcmp(name, "uuid") == 0)
        buf_append(out, SLICE("An id.\n"));
}

START_TEST(the_page_has_every_plugin)
{
    struct buf out = { 0 };

    plugin_reference(uuid_alone, NULL, &out);
    buf_cstr(&out);
    for (const struct filter_type *const *t = filter_all(); *t != NULL; t++) {
        char head[64];

        snprintf(head, sizeof head, "\n### %s\n", (*t)->name);
        ck_assert_msg(strstr(out.p, head) != NULL, "%s", head);
    }
    ck_assert(strstr(out.p, "`s3`") != NULL);
    ck_assert_msg(strstr(out.p, "| `terminator` | string | `\\n` |") != NULL,
                  "a default of a line end");
    ck_assert(strstr(out.p, "#### Example\n\nAn id.\n\n") > strstr(out.p, "### uuid"));
    ck_assert_ptr_null(strstr(strstr(out.p, "#### Example") + 1, "#### Example"));
    ck_assert(plugin_is_known("filter", SLICE("ruby")));
    ck_assert(!plugin_is_known("filter", SLICE("stdin")));
    buf_fini(&out);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, help_of_a_plugin, 0, (int)COUNT(topics));
    tcase_add_test(tc, a_section_excludes_the_others);
    tcase_add_test(tc, every_row_says_what_it_means);
    tcase_add_test(tc, the_page_has_every_plugin);
}

UNIT_MAIN("plugin_help")
