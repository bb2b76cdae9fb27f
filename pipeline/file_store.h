/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What plugins have made of files, and that is const: once in a process, in however many filters
 * and pipelines the file stands. A file that has changed is another one. Any thread; a lock while
 * loading and giving back. */
#ifndef PIPELINE_FILE_STORE_H
#define PIPELINE_FILE_STORE_H

#include "codec/base/error.h"

struct file_store;

struct file_kind {
    void *(*load)(const char *path, struct err *err); /* NULL with *err */
    void (*unload)(void *value);
};

struct file_store *file_store_new(void);
/* Gives up the owner's part. The store goes with the last value that is still in use; *s may be
 * NULL. */
void file_store_drop(struct file_store **s);
size_t file_store_count(struct file_store *s);

/* A part in a value. */
struct file_share;

/* NULL with *err. s may be NULL: then nobody else has it. kind: compared by its address. */
struct file_share *file_store_take(struct file_store *s, const char *path,
                                   const struct file_kind *kind, struct err *err);
const void *file_share_value(const struct file_share *f);
void file_share_give(struct file_share **f); /* *f may be NULL */

#endif
