/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The filters by name (the list is in meson.build), and the options that all of them have
 * (config-language.md 10). */
#include "pipeline/filters.h"

#define FILTER(n) extern const struct filter_type filter_##n;
#include "pipeline/filters.def"
#undef FILTER

#define FILTER(n) &filter_##n,
static const struct filter_type *const all[] = {
#include "pipeline/filters.def"
    NULL,
};
#undef FILTER

const struct filter_type *const *
filter_all(void)
{
    return all;
}

const struct filter_type *
filter_find(struct slice name)
{
    for (size_t i = 0; all[i] != NULL; i++)
        if (slice_eq(slice_of(all[i]->name), name))
            return all[i];
    return NULL;
}

#define COMMON_ROWS                                                                              \
    OPT_HASH(struct filter_common, add_field, .help = "fields to add when the filter succeeds"), \
        OPT_TEMPLATES(struct filter_common, add_tag,                                             \
                      .help = "tags to add when the filter succeeds"),                           \
        OPT_BOOL(struct filter_common, enable_metric, .dflt = "true",                            \
                 .help = "count what it does"),                                                  \
        OPT_STR(struct filter_common, id, .help = "name in logs, metrics and settings"),         \
        OPT_BOOL(struct filter_common, periodic_flush, .dflt = "false",                          \
                 .help = "call the filter's flush every 5 seconds"),                             \
        OPT_TEMPLATES(struct filter_common, remove_field,                                        \
                      .help = "fields to remove when the filter succeeds"),                      \
        OPT_TEMPLATES(struct filter_common, remove_tag,                                          \
                      .help = "tags to remove when the filter succeeds"),                        \
        OPT_NOTE("exclude_tags", OPTION_OBSOLETE, .help = "removed",                             \
                 .note = "You can use similar behavior with conditionals."),                     \
        OPT_NOTE("tags", OPTION_OBSOLETE, .help = "removed",                                     \
                 .note = "You can use similar behavior with conditionals."),                     \
        OPT_NOTE("type", OPTION_OBSOLETE, .help = "removed",                                     \
                 .note = "You can achieve this same behavior with conditionals."),               \
        OPT_END

const struct option filter_common_options[] = { COMMON_ROWS };

const struct option filter_failing_options[] = {
    OPT_LIST(struct filter_common, tag_on_failure,
             .help = "tags to add when the filter fails on an event"),
    COMMON_ROWS,
};
