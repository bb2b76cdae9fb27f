/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#define NAME_BYTES 16

/* Blocked before it starts: a signal in between would be its own. */
int
thread_start(pthread_t *thread, const char *name, thread_fn *run, void *arg, struct err *err)
{
    char cut[NAME_BYTES];
    sigset_t all, before;
    int failed;

    snprintf(cut, sizeof cut, "%s", name);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        errno = failed;
        return err_errno(err, "thread \"%s\" cannot be started", name);
    }
    pthread_setname_np(*thread, cut);
    return 0;
}
