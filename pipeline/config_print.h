/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings as a person or a machine reads them: Logstash's words with the file, the line, a caret
 * under the place, and our hint. In the order of the text, whatever found them first. */
#ifndef PIPELINE_CONFIG_PRINT_H
#define PIPELINE_CONFIG_PRINT_H

#include "pipeline/config_parse.h"

struct buf;

struct config_print {
    const struct config_source *sources; /* that findings' positions point into */
    size_t sources_n;
    bool colors;
    enum finding_level least; /* less important ones are left out */
};

/* a.conf:4:11: error: TEXT, the line, the caret, the hint; an empty line behind each. */
void config_print_text(const struct config_print *p, const struct findings *f, struct buf *out);
/* {"findings":[{"level","file","line","column","message","hint","source"}...],"errors":N,
 * "dropped":N} */
void config_print_json(const struct config_print *p, const struct findings *f, struct buf *out);
/* "a.conf:4:11", or the file alone, or nothing when the position says nothing. */
void config_print_place(const struct config_print *p, struct config_pos pos, struct buf *out);

#endif
