/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that every input has (config-language.md 10); what they do is in edits.c. */
#include "pipeline/input.h"

const struct option input_common_options[] = {
    OPT_HASH(struct input_common, add_field, .help = "fields to add to every event"),
    OPT_CODEC(struct input_common, codec, .help = "how text becomes events"),
    OPT_BOOL(struct input_common, enable_metric, .dflt = "true", .help = "count what it does"),
    OPT_STR(struct input_common, id, .help = "name in logs, metrics and settings"),
    OPT_TEMPLATES(struct input_common, tags, .help = "tags to append to every event"),
    OPT_STR(struct input_common, type, .help = "sets the field `type` of events without one"),
    OPT_NOTE("charset", OPTION_OBSOLETE, .help = "removed", .note = "Set it in the codec."),
    OPT_NOTE("debug", OPTION_OBSOLETE, .help = "removed", .note = "Use log.level."),
    OPT_NOTE("format", OPTION_OBSOLETE, .help = "removed",
             .note = "You should use the newer 'codec' setting instead."),
    OPT_NOTE("message_format", OPTION_OBSOLETE, .help = "removed",
             .note = "Set the format in the codec."),
    OPT_END,
};
