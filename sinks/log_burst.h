/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log lines that come with events: some a second, then silence that is counted. Any thread. */
#ifndef SINKS_LOG_BURST_H
#define SINKS_LOG_BURST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_BURST_LINES 20 /* a second */

struct log_burst {
    pthread_mutex_t lock;
    uint64_t second;
    unsigned lines;
    uint64_t swallowed;
};

#define LOG_BURST_INIT                    \
    {                                     \
        .lock = PTHREAD_MUTEX_INITIALIZER \
    }

/* True: log now. *swallowed: how many were not logged since the last line. now_ms: any clock. */
bool log_burst_pass(struct log_burst *b, uint64_t now_ms, uint64_t *swallowed);

#endif
