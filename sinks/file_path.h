/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the file output writes an event: path templates and the guard around them
 * (outputs-other.md 4, path handling). Pure: no file is looked at. */
#ifndef SINKS_FILE_PATH_H
#define SINKS_FILE_PATH_H

#include "codec/template.h"

struct file_path {
    struct template *template; /* of the absolute path */
    struct slice literal;      /* p NULL: it depends on the event */
    struct slice root;         /* without a slash at the end; "" is the file system's */
    const char *failure;       /* where misfits go */
};

enum file_path_verdict {
    FILE_PATH_OK,
    FILE_PATH_OUTSIDE,   /* it left the root */
    FILE_PATH_IMPOSSIBLE /* holds a NUL, or is longer than a system takes */
};

/* cwd: what a relative path is under. Everything in the arena. */
int file_path_compile(struct arena *a, struct slice path, struct slice cwd, struct slice failure,
                      enum escape_style style, struct file_path *out, struct err *err);
/* The event's path, in the buffer (cleared first); the failure file's unless it is OK. */
enum file_path_verdict file_path_render(const struct file_path *p, struct event *ev,
                                        struct buf *out);
/* Textually: "//", "." and ".." are folded; absolute paths only. */
void file_path_fold(struct slice path, struct buf *out);

#endif
