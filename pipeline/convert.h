/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values to another type, by the rules of mutate's convert (filters.md 4). Pure. */
#ifndef PIPELINE_CONVERT_H
#define PIPELINE_CONVERT_H

#include "codec/base/error.h"
#include "codec/value.h"

enum convert_to {
    CONVERT_STRING,
    CONVERT_INTEGER,
    CONVERT_FLOAT,
    CONVERT_BOOLEAN,
    CONVERT_INTEGER_EU, /* comma and dot change places first */
    CONVERT_FLOAT_EU
};

/* Names in the order of the enum, ends with NULL. */
extern const char *const convert_names[];

/* Lists element by element; null and objects stay. *changed: *out is another value than *v, else it
 * is not set. -1: a text that is no number, with the reason. */
int convert_value(struct arena *a, struct value *v, enum convert_to to, struct buf *scratch,
                  struct value *out, bool *changed, struct err *err);

#endif
