/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running process: budget, loops, workers, and the pipelines' inputs and outputs; started in
 * one order and stopped in the reverse (reference/operations.md 19). Main thread. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include "codec/base/log.h"
#include "pipeline/plan.h"
#include "server/settings.h"

struct process;

/* What the process counted, for the last lines of the log and tests. */
struct process_account {
    uint64_t in;       /* events that inputs made */
    uint64_t filtered; /* that came out of filters */
    uint64_t given;    /* to outputs, each output once */
    uint64_t done, refused;
    uint64_t left; /* given and never settled: their senders send again */
};

/* Opens and starts everything; -1 with *err when something refuses, and all is undone. Takes the
 * caller's count of each plan. log and settings live longer. */
struct process *process_start(const struct settings *settings, struct plan **plans, size_t n,
                              const struct log *log, struct err *err);
/* Readable when all inputs of all pipelines have ended by themselves. */
int process_ended_fd(const struct process *p);
/* Memory by part, connections, counters: SIGQUIT. */
void process_report(struct process *p);
/* Drains and stops; frees. limit_ms 0: no limit. The account is what was left then. */
void process_stop(struct process **p, uint64_t limit_ms, uint64_t pre_delay_ms,
                  struct process_account *out);

#endif
