/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the option rows say to people: --help PLUGIN, and the reference page of all plugins
 * (docs/plugins.md). Both come from the registries, so they cannot fall behind. */
#ifndef SERVER_PLUGIN_HELP_H
#define SERVER_PLUGIN_HELP_H

#include "codec/base/buf.h"

/* Every plugin of that name, whatever its kind; "input beats" names one kind. False: there is none,
 * and *out says so. */
bool plugin_help(struct slice topic, struct buf *out);
/* Appends the worked example of a plugin, in Markdown; nothing: it has none. */
typedef void plugin_example_fn(const char *section, const char *name, struct buf *out, void *arg);
/* The page in Markdown: each plugin with its options and its example, and those of Logstash that
 * are not built. */
void plugin_reference(plugin_example_fn *example, void *arg, struct buf *out);

#endif
