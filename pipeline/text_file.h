/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole files that the operator names: dictionaries, lists. */
#ifndef PIPELINE_TEXT_FILE_H
#define PIPELINE_TEXT_FILE_H

#include "codec/base/buf.h"
#include "codec/base/error.h"

/* Appends all of it. -1: cannot be read, or has more than limit bytes. */
int text_file_read(const char *path, size_t limit, struct buf *out, struct err *err);

#endif
