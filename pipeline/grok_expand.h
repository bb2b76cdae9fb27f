/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing out `%{...}` in a grok pattern; see grok.h. */
#ifndef PIPELINE_GROK_EXPAND_H
#define PIPELINE_GROK_EXPAND_H

#include "codec/base/buf.h"
#include "pipeline/grok_patterns.h"

/* Logstash's own limit. */
#define GROK_REPLACEMENTS 10000
#define GROK_DEPTH        100

/* Appends to *out. -1: an unknown name, or a limit. */
int grok_expand(const struct grok_patterns *patterns, struct slice text, bool named_captures_only,
                struct buf *out, struct err *err);

#endif
