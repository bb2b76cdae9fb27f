/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every output has: its base, and the common options (outputs-other.md, top). */
#include "pipeline/sink.h"

void
sink_init(struct sink *s, const struct sink_type *type, const void *conf,
          const struct sink_env *env)
{
    s->type = type;
    s->conf = conf;
    s->env = *env;
}

const struct option sink_common_options[] = {
    OPT_CODEC(struct sink_common, codec, .help = "how an event becomes text"),
    OPT_BOOL(struct sink_common, enable_metric, .dflt = "true", .help = "count what it does"),
    OPT_STR(struct sink_common, id, .help = "name in logs, metrics and settings"),
    OPT_ANY(struct sink_common, workers, .state = OPTION_DEPRECATED, .help = "of no effect",
            .note = "outputs share the workers of the process"),
    OPT_NOTE("exclude_tags", OPTION_OBSOLETE, .help = "removed",
             .note = "You can use similar behavior with conditionals."),
    OPT_NOTE("tags", OPTION_OBSOLETE, .help = "removed",
             .note = "You can achieve similar behavior with conditionals."),
    OPT_NOTE("type", OPTION_OBSOLETE, .help = "removed",
             .note = "You can achieve this same behavior with conditionals."),
    OPT_END,
};
