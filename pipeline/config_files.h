/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the text of a pipeline comes from: files, directories, globs, and the command line
 * (config-language.md 7). Reads; parsing is config_parse.c's. Called on the main thread. */
#ifndef PIPELINE_CONFIG_FILES_H
#define PIPELINE_CONFIG_FILES_H

#include "pipeline/config_parse.h"

struct config_files {
    struct arena arena;
    struct config_source *sources; /* in the order in which they count */
    size_t n, cap;
    size_t bytes;
};

void config_files_init(struct config_files *f);
void config_files_fini(struct config_files *f);

/* A file, a directory, or a pattern with * ? [..] {a,b} **; relative paths and ~ are expanded,
 * file:// is taken off. What cannot be read is a finding; that nothing was found, an INFO. -1 when
 * a finding is an error. */
int config_files_add_path(struct config_files *f, const char *path, struct findings *findings);
/* Text as it is. From the command line (-e) it gets a stdin input and a stdout output if it has
 * none, which is a search in the text. */
void config_files_add_text(struct config_files *f, const char *name, struct slice text,
                           bool command_line);

#endif
