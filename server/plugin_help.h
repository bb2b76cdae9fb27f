/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the option rows say to people: --help PLUGIN, and the reference page of all plugins
 * (docs/plugins.md). Both come from the registries, so they cannot fall behind. */
#ifndef SERVER_PLUGIN_HELP_H
#define SERVER_PLUGIN_HELP_H

#include "codec/base/buf.h"

/* Every plugin of that name, whatever its kind; "input beats" names one kind. False: there is none,
 * and *out says so. */
bool plugin_help(struct slice topic, struct buf *out);
/* The page in Markdown: each plugin with its options, and those of Logstash that are not built. */
void plugin_reference(struct buf *out);

#endif
