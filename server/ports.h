/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ports that two inputs want: found before anything listens, also by `-t`. Cold, main thread. */
#ifndef SERVER_PORTS_H
#define SERVER_PORTS_H

#include "pipeline/plan.h"

/* An error for each input of `plan` that wants what an input before it has; before: plans of other
 * pipelines, NULLs among them. The position is that of the port. */
void ports_check(const struct plan *plan, struct plan *const *before, size_t n,
                 struct findings *findings);

#endif
