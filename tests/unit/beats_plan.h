/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan of inputs as an operator writes them, with the real registries, for tests. */
#ifndef TESTS_UNIT_BEATS_PLAN_H
#define TESTS_UNIT_BEATS_PLAN_H

#include "pipeline/plan.h"

/* inputs: what stands inside input { }; @name is the quoted path of that file of tls_certs.h. The
 * plan (ECS v8, UTC clock stopped at 2026-01-02T03:04:05Z), or NULL with an error among the
 * findings. */
struct plan *beats_plan(const char *inputs, struct findings *findings);

#endif
