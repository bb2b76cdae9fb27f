/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/refresh.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* While another worker loads, the old one is good for so long. */
#define BUSY_MS 20

struct refreshed {
    atomic_uint count; /* views, and the refresh itself for the current one */
    void *value;
    refresh_unload_fn *unload;
};

struct refresh {
    struct refresh_spec spec;
    pthread_mutex_t lock; /* for everything below */
    struct refreshed *current;
    struct stat seen;
    uint64_t next_ms;
};

static uint64_t
now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
drop(struct refreshed *value)
{
    if (value == NULL || atomic_fetch_sub_explicit(&value->count, 1, memory_order_acq_rel) > 1)
        return;
    value->unload(value->value);
    free(value);
}

static struct refreshed *
hold(struct refreshed *value)
{
    atomic_fetch_add_explicit(&value->count, 1, memory_order_relaxed);
    return value;
}

static bool
is_same_file(const struct stat *x, const struct stat *y)
{
    return x->st_ino == y->st_ino && x->st_dev == y->st_dev && x->st_size == y->st_size &&
           x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
}

/* Looked at before it is read: a change in between is seen the next time. */
static int
load_locked(struct refresh *r, struct err *err)
{
    struct stat now;
    void *value;

    if (stat(r->spec.path, &now) != 0)
        return err_errno(err, "%s", r->spec.path);
    if (r->current != NULL && is_same_file(&now, &r->seen))
        return 0;
    r->seen = now;
    value =
        r->spec.load(r->spec.arg, r->spec.path, r->current == NULL ? NULL : r->current->value, err);
    if (value == NULL)
        return -1;
    drop(r->current);
    r->current = xcalloc(1, sizeof *r->current);
    atomic_init(&r->current->count, 1);
    r->current->value = value;
    r->current->unload = r->spec.unload;
    return 0;
}

struct refresh *
refresh_new(const struct refresh_spec *spec, struct err *err)
{
    struct refresh *r = xcalloc(1, sizeof *r);

    r->spec = *spec;
    pthread_mutex_init(&r->lock, NULL);
    r->next_ms = now_ms() + spec->interval_ms;
    if (load_locked(r, err) < 0)
        refresh_free(&r);
    return r;
}

void
refresh_free(struct refresh **r)
{
    if (*r == NULL)
        return;
    drop((*r)->current);
    pthread_mutex_destroy(&(*r)->lock);
    free(*r);
    *r = NULL;
}

static void
look_locked(struct refresh *r, uint64_t now)
{
    struct err err = { 0 };

    if (now < r->next_ms || r->spec.interval_ms == 0)
        return;
    r->next_ms = now + r->spec.interval_ms;
    if (load_locked(r, &err) < 0 && r->spec.log != NULL)
        log_warn(r->spec.log, "%s: what was loaded before stays in use", err.msg);
}

const void *
refresh_get(struct refresh *r, struct refresh_view *view)
{
    uint64_t now;

    if (view->held != NULL && r->spec.interval_ms == 0)
        return view->held->value;
    now = now_ms();
    if (view->held != NULL && now < view->next_ms)
        return view->held->value;
    if (view->held == NULL) {
        pthread_mutex_lock(&r->lock);
    } else if (pthread_mutex_trylock(&r->lock) != 0) {
        view->next_ms = now + BUSY_MS;
        return view->held->value;
    }
    look_locked(r, now);
    view->next_ms = r->next_ms;
    if (view->held != r->current) {
        drop(view->held);
        view->held = hold(r->current);
    }
    pthread_mutex_unlock(&r->lock);
    return view->held->value;
}

void
refresh_release(struct refresh_view *view)
{
    drop(view->held);
    *view = (struct refresh_view){ 0 };
}
