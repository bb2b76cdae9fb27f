/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signals: blocked from the first moment of main, for all threads, and read from a descriptor by
 * the main thread. Those that ask for something are main.c's; whatever else would end the process
 * by its default (a reload habit's SIGUSR1, a timer left over from before the exec) is ignored here
 * with a line, as events in flight are worth more than the mistake. Faults keep their defaults.
 * Source: reference/runtime.md 11, reference/operations.md 7. */
#ifndef SERVER_SIGNALS_H
#define SERVER_SIGNALS_H

#include "codec/base/error.h"
#include "codec/base/log.h"

#include <signal.h>

struct signals {
    int fd;        /* readable when one came, also from before it was opened; -1: not open */
    sigset_t said; /* ignored, and said so: one line each */
};

void signals_block(void);
void signals_release(void); /* unblocks them: nothing is under way that they could lose */
int signals_open(struct signals *s, struct err *err);
void signals_close(struct signals *s); /* they stay blocked */

/* The next that has a meaning: TERM, INT, HUP, QUIT; 0: none is left. Never waits. */
int signals_next(struct signals *s, const struct log *log);

#endif
