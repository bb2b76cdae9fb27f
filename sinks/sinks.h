/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outputs by name; the list is in meson.build. main hands it to the pipeline layer. */
#ifndef SINKS_SINKS_H
#define SINKS_SINKS_H

#include "pipeline/sink.h"

const struct sink_type *sink_find(struct slice name); /* NULL: unknown */
const struct sink_type *const *sink_all(void);        /* ends with NULL */

#endif
