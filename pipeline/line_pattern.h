/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Grok patterns for codecs: what codec.h asks for, made of grok.h and regex.h. */
#ifndef PIPELINE_LINE_PATTERN_H
#define PIPELINE_LINE_PATTERN_H

#include "codec/codec.h"

extern const struct line_patterns grok_line_patterns;

#endif
