/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files that the file output holds open, by path: opening, directories, writing, closing what
 * is stale (outputs-other.md 4, writing). One thread. */
#ifndef SINKS_FILE_SET_H
#define SINKS_FILE_SET_H

#include "codec/base/error.h"
#include "codec/base/log.h"
#include "codec/base/slice.h"

struct file_rules {
    int64_t dir_mode, file_mode; /* -1: the process's default */
    bool overwrite, fsync;
    uint64_t stale_ms;
    const struct log *log;
};

struct file_set;

struct file_set *file_set_new(const struct file_rules *rules);
void file_set_free(struct file_set **s); /* closes all; *s may be NULL */

/* What a write under way has done, so that it goes on where it stopped. Zero at first. */
struct file_progress {
    size_t written;
    uint64_t generation; /* of the open file that has them */
};

/* All of text at the end of the file (or instead of what is in it), with fsync if wanted. The path
 * is NUL-terminated. -1: errno tells; call again with the same progress. */
int file_set_write(struct file_set *s, const char *path, struct slice text,
                   struct file_progress *progress);
/* Closes what was not written to since the last such call, once stale_ms have passed. */
void file_set_clean(struct file_set *s, uint64_t now_ms);
bool file_set_exists(const char *path);
size_t file_set_count(const struct file_set *s);

#endif
