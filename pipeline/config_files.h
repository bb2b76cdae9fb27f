/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a pipeline's text comes from: files, folders, patterns, or the command line
 * (config-language.md 7). Reads files; start-up only. */
#ifndef PIPELINE_CONFIG_FILES_H
#define PIPELINE_CONFIG_FILES_H

#include "codec/base/log.h"
#include "pipeline/config_parse.h"

/* All files of one pipeline together. */
#define CONFIG_FILES_BYTES CONFIG_BYTES

struct config_files {
    struct arena arena;
    struct config_source *at; /* ordered by full path */
    size_t n;
};

/* path: a file, a folder (every file directly inside), or a pattern with * ? [..] {a,b} **. No
 * match is no error: n is 0. -1 with *err: all unreadable files, all that are no UTF-8, or too
 * much. */
int config_files_read(const char *path, const struct log *log, struct config_files *out,
                      struct err *err);
/* Text of -e: without an input a stdin input is added, without an output a stdout output. */
void config_files_string(struct slice text, struct config_files *out);
void config_files_fini(struct config_files *f);

#endif
