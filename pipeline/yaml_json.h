/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A YAML document as JSON text, scalars typed as Ruby types them (YAML 1.1): yes is true, 010 is 8,
 * a date is text. A tag in front of a plain scalar does not count. For dictionaries and pattern
 * lists of the operator; wraps the YAML library. */
#ifndef PIPELINE_YAML_JSON_H
#define PIPELINE_YAML_JSON_H

#include "codec/base/buf.h"
#include "codec/base/error.h"

#define YAML_DEPTH 100

/* Whether the program was built with the library. */
bool yaml_is_here(void);

/* Appends. Members of the outermost object whose key is no text are left out, since no text is
 * equal to them; further in, keys become text. No document: "null". -1: *err with line and column;
 * or over limit bytes come out, or it is too deep. */
int yaml_to_json(struct slice text, size_t limit, struct buf *out, struct err *err);

#endif
