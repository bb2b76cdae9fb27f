/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Option `ecs_compatibility` of the filters that have it: the plugin's own, else the pipeline's. */
#ifndef PIPELINE_ECS_H
#define PIPELINE_ECS_H

#include "codec/codec.h"
#include "codec/text_codec.h"

/* The struct has `int ecs_compatibility`. */
#define OPT_ECS(T)                                         \
    OPT_ENUM(T, ecs_compatibility, .choices = ecs_choices, \
             .help = "names of fields: disabled, v1 or v8; default: as the pipeline")

/* v1 and v8 are the same. */
static inline bool
ecs_is_on(int chosen, const struct plugin_context *ctx)
{
    return (chosen < 0 ? (int)ctx->ecs : chosen) != ECS_DISABLED;
}

#endif
