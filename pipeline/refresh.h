/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Something made from a file (a dictionary, a database), shared by all workers of a plan, made anew
 * when the file has changed.
 *
 * It is counted: a worker holds the one it uses through a view of its own, and the old one goes
 * with the last view that leaves it. Looking at the file and loading happen on a worker, at the
 * first event after the interval, under the one lock; others go on with what they have. */
#ifndef PIPELINE_REFRESH_H
#define PIPELINE_REFRESH_H

#include "codec/base/error.h"
#include "codec/base/log.h"

/* old: what the new one follows, or NULL. NULL: *err says why. */
typedef void *refresh_load_fn(void *arg, const char *path, const void *old, struct err *err);
typedef void refresh_unload_fn(void *value);

struct refresh;

struct refresh_spec {
    const char *path;     /* lives as long as the refresh */
    uint64_t interval_ms; /* 0: loaded once */
    refresh_load_fn *load;
    refresh_unload_fn *unload;
    void *arg;
    const struct log *log; /* a later load that fails is a warning there; NULL: none */
};

/* Loads for the first time. NULL with *err. */
struct refresh *refresh_new(const struct refresh_spec *spec, struct err *err);
void refresh_free(struct refresh **r); /* no view may be left */

/* Zeroed at first; belongs to one worker. */
struct refresh_view {
    struct refreshed *held;
    uint64_t next_ms;
};

/* What to use now; good until the view's next call. Never NULL. */
const void *refresh_get(struct refresh *r, struct refresh_view *view);
void refresh_release(struct refresh_view *view);

#endif
