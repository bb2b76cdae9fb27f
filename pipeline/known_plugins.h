/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plugins that a Logstash installation brings, whether Headrig has them or not: so that an
 * error can tell a plugin that is not built from a slip of the pen. */
#ifndef PIPELINE_KNOWN_PLUGINS_H
#define PIPELINE_KNOWN_PLUGINS_H

#include "codec/base/slice.h"

/* section: "input", "filter", "output", "codec". */
bool plugin_is_known(const char *section, struct slice name);
/* Names of a section in order, ends with NULL. */
const char *const *plugins_known(const char *section);

#endif
