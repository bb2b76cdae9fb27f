/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tools/embed_patterns.py makes of conf/patterns/: both sets, each sorted by name. */
#ifndef PIPELINE_GROK_BUILTIN_H
#define PIPELINE_GROK_BUILTIN_H

#include <stddef.h>

struct grok_builtin {
    const char *name, *text;
};

extern const struct grok_builtin grok_builtin_legacy[], grok_builtin_ecs[];
extern const size_t grok_builtin_legacy_n, grok_builtin_ecs_n;

#endif
