/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/log_burst.h"

bool
log_burst_pass(struct log_burst *b, uint64_t now_ms, uint64_t *swallowed)
{
    uint64_t second = now_ms / 1000;
    bool pass;

    *swallowed = 0;
    pthread_mutex_lock(&b->lock);
    if (second != b->second) {
        b->second = second;
        b->lines = 0;
    }
    pass = b->lines < LOG_BURST_LINES;
    if (pass) {
        b->lines++;
        *swallowed = b->swallowed;
        b->swallowed = 0;
    } else {
        b->swallowed++;
    }
    pthread_mutex_unlock(&b->lock);
    return pass;
}
