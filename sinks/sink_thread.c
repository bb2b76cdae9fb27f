/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/sink_thread.h"

#include "codec/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000

struct sink_thread {
    struct sink *sink;
    sink_write_fn *write;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct view *first, **end; /* the one being written is the first */
    bool stopping;
    void (*idle)(void *arg); /* set by drain, taken by whoever finds the list empty */
    void *idle_arg;
};

static void
wait_ms_locked(struct sink_thread *t, unsigned ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!t->stopping && pthread_cond_timedwait(&t->changed, &t->lock, &until) != ETIMEDOUT)
        continue;
}

/* The lock is open while idle runs: it may do anything but stop this thread. */
static void
tell_idle_locked(struct sink_thread *t)
{
    void (*idle)(void *arg) = t->idle;

    if (idle == NULL || t->first != NULL)
        return;
    t->idle = NULL;
    pthread_mutex_unlock(&t->lock);
    idle(t->idle_arg);
    pthread_mutex_lock(&t->lock);
}

static void
settle_first_locked(struct sink_thread *t)
{
    struct view *v = t->first;

    t->first = v->next;
    if (t->first == NULL)
        t->end = &t->first;
    pthread_mutex_unlock(&t->lock);
    view_settled(v, v->n, 0);
    view_free(&v);
    pthread_mutex_lock(&t->lock);
}

static void *
run(void *arg)
{
    struct sink_thread *t = arg;

    pthread_mutex_lock(&t->lock);
    while (!t->stopping) {
        struct view *v = t->first;
        unsigned again;

        if (v == NULL) {
            tell_idle_locked(t);
            if (t->first == NULL && !t->stopping && t->idle == NULL)
                pthread_cond_wait(&t->changed, &t->lock);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        again = t->write(t->sink, v);
        pthread_mutex_lock(&t->lock);
        if (again == 0)
            settle_first_locked(t);
        else
            wait_ms_locked(t, again);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

struct sink_thread *
sink_thread_start(struct sink *s, const char *name, sink_write_fn *write, struct err *err)
{
    struct sink_thread *t = xcalloc(1, sizeof *t);
    pthread_condattr_t attr;

    t->sink = s;
    t->write = write;
    t->end = &t->first;
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (thread_start(&t->thread, name, run, t, err) == 0)
        return t;
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    free(t);
    return NULL;
}

void
sink_thread_give(struct sink_thread *t, struct view **at)
{
    struct view *v = *at;

    *at = NULL;
    v->next = NULL;
    view_given(v, v->n);
    pthread_mutex_lock(&t->lock);
    *t->end = v;
    t->end = &v->next;
    if (t->first == v)
        pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

void
sink_thread_drain(struct sink_thread *t, void (*idle)(void *arg), void *arg)
{
    pthread_mutex_lock(&t->lock);
    t->idle = idle;
    t->idle_arg = arg;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

void
sink_thread_stop(struct sink_thread **at)
{
    struct sink_thread *t = *at;

    *at = NULL;
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    while (t->first != NULL) {
        struct view *v = t->first;

        t->first = v->next;
        view_abandon(&v);
    }
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

unsigned
sink_thread_pause(unsigned failures)
{
    unsigned doublings = failures > 7 ? 7 : failures;
    unsigned ms = (unsigned)PAUSE_FIRST_MS << (doublings > 0 ? doublings - 1 : 0);

    return ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : ms;
}
