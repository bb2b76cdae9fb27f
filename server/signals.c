/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/signals.h"

#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int meant[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

/* SIGXFSZ: blocked, too, the write fails with EFBIG and is tried again like any other. */
static const struct {
    int number;
    const char *name;
} ignored[] = {
    { SIGUSR1, "SIGUSR1" }, { SIGUSR2, "SIGUSR2" },     { SIGALRM, "SIGALRM" },
    { SIGPROF, "SIGPROF" }, { SIGVTALRM, "SIGVTALRM" }, { SIGIO, "SIGIO" },
    { SIGPWR, "SIGPWR" },   { SIGSTKFLT, "SIGSTKFLT" }, { SIGXCPU, "SIGXCPU" },
    { SIGXFSZ, "SIGXFSZ" },
};

static void
fill(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < COUNT(meant); i++)
        sigaddset(set, meant[i]);
    for (size_t i = 0; i < COUNT(ignored); i++)
        sigaddset(set, ignored[i].number);
    for (int n = SIGRTMIN; n <= SIGRTMAX; n++)
        sigaddset(set, n);
}

void
signals_block(void)
{
    sigset_t set;

    fill(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

void
signals_release(void)
{
    sigset_t set;

    fill(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int
signals_open(struct signals *s, struct err *err)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    fill(&set);
    sigemptyset(&s->said);
    s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->fd < 0 ? err_errno(err, "signalfd") : 0;
}

void
signals_close(struct signals *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static bool
has_meaning(int number)
{
    for (size_t i = 0; i < COUNT(meant); i++)
        if (meant[i] == number)
            return true;
    return false;
}

/* Once for each, as a timer sends its own for ever. */
static void
say_ignored(struct signals *s, int number, const struct log *log)
{
    char real_time[32];
    const char *name = real_time;

    if (sigismember(&s->said, number) == 1)
        return;
    sigaddset(&s->said, number);
    snprintf(real_time, sizeof real_time, "SIGRTMIN+%d", number - SIGRTMIN);
    for (size_t i = 0; i < COUNT(ignored); i++)
        if (ignored[i].number == number)
            name = ignored[i].name;
    log_warn(log,
             "%s: ignored, as any further one; SIGTERM stops in order, SIGQUIT logs where memory "
             "is",
             name);
}

int
signals_next(struct signals *s, const struct log *log)
{
    struct signalfd_siginfo info;

    while (read(s->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (has_meaning((int)info.ssi_signo))
            return (int)info.ssi_signo;
        say_ignored(s, (int)info.ssi_signo, log);
    }
    return 0;
}
