/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting threads: all signals blocked, they are the main thread's, and a name for ps and gdb. */
#ifndef CODEC_BASE_THREAD_H
#define CODEC_BASE_THREAD_H

#include "codec/base/error.h"

#include <pthread.h>

typedef void *thread_fn(void *arg);

/* name: at most 15 bytes, the system's limit; a longer one is cut. The caller joins. */
int thread_start(pthread_t *thread, const char *name, thread_fn *run, void *arg, struct err *err);

#endif
