/* SPDX-License-Identifier: GPL-3.0-or-later */
/* path.data: made when missing, locked against a second process, holds the node's id
 * (reference/runtime.md 5). Main thread. */
#ifndef SERVER_DATA_FOLDER_H
#define SERVER_DATA_FOLDER_H

#include "codec/base/error.h"
#include "codec/base/random.h"

struct data_folder {
    int lock; /* descriptor; -1: not locked */
    char id[UUID_TEXT + 1];
};

/* -1: cannot be made or written, or another process (named by its pid) holds it. */
int data_folder_open(struct data_folder *d, const char *path, struct err *err);
void data_folder_close(struct data_folder *d);

#endif
