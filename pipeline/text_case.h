/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Upper, lower and capital letters as Ruby makes them: full Unicode mappings (one letter may become
 * three), no rules of a language or of the context. Pure. */
#ifndef PIPELINE_TEXT_CASE_H
#define PIPELINE_TEXT_CASE_H

#include "codec/base/buf.h"

enum text_case {
    CASE_UPPER,
    CASE_LOWER,
    CASE_CAPITAL /* the first letter as in a title, the others lower */
};

/* Appends; bytes that are not UTF-8 stay. */
void text_case_print(struct slice s, enum text_case how, struct buf *out);
/* True if there may be something to change; false is certain. */
bool text_case_differs(struct slice s, enum text_case how);

#endif
