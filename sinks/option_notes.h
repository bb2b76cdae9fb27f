/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notes of a plugin's prepare: findings with its place while the config is checked, else log lines.
 */
#ifndef SINKS_OPTION_NOTES_H
#define SINKS_OPTION_NOTES_H

#include "codec/codec.h"

void option_warn(const struct plugin_context *ctx, const char *text);
void option_inform(const struct plugin_context *ctx, const char *text);
/* An error at the option's place; `hint` is what to do. Nothing is compiled then. */
void option_refuse(const struct plugin_context *ctx, const char *name, const char *hint,
                   const char *why);
/* Whether the operator wrote the option. */
bool option_is_given(const struct plugin_context *ctx, const char *name);

#endif
