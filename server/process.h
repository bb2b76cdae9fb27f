/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running process: budget, loops, workers, and the pipelines' inputs and outputs; started in
 * one order and stopped in the reverse (reference/operations.md 19). Main thread. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include "codec/base/log.h"
#include "pipeline/plan.h"
#include "server/settings.h"

struct process;

/* Whose plugin did not start, and where its text is; found is false when it was no plugin. */
struct process_culprit {
    bool found;
    size_t plan; /* index in what process_start got */
    struct config_pos pos;
};

/* What the process counted, for the last lines of the log and tests. */
struct process_account {
    uint64_t in;       /* events that inputs made */
    uint64_t filtered; /* that came out of filters */
    uint64_t given;    /* to outputs, each output once */
    uint64_t done, refused;
    uint64_t left; /* given and never settled: their senders send again */
    uint64_t lost; /* the same, of inputs that cannot be asked again (stdin, generator) */
};

/* The TLS library has started. Opens and starts everything; NULL with *err when something refuses,
 * and all is undone. Takes the caller's count of each plan. log and settings live longer. */
struct process *process_start(const struct settings *settings, struct plan **plans, size_t n,
                              const struct log *log, struct process_culprit *culprit,
                              struct err *err);
/* Readable when all inputs of all pipelines have ended by themselves. */
int process_ended_fd(const struct process *p);
/* Memory by part, connections, counters: SIGQUIT. */
void process_report(struct process *p);
/* How long a stop may take. */
struct process_patience {
    uint64_t limit_ms;     /* 0: no limit */
    uint64_t pre_delay_ms; /* before listeners close */
    /* Asked again and again while a stop without a limit waits: true when somebody wants it to end;
     * then limit_ms counts from there. May end the process itself. NULL: nobody asks. */
    bool (*lost)(void *arg);
    void *arg;
};

/* Drains and stops; frees. hurry: within the limit (a signal); else the inputs have ended by
 * themselves, and there is no limit until patience is lost. *out: what was left then. */
void process_stop(struct process **p, const struct process_patience *patience, bool hurry,
                  struct process_account *out);

#endif
