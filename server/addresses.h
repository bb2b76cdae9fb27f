/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses between pipelines, checked without starting anything, for `-t`: taken twice, sent to
 * but not there, or in a circle. The rules are those of the bus itself. Cold, main thread. */
#ifndef SERVER_ADDRESSES_H
#define SERVER_ADDRESSES_H

#include "pipeline/plan.h"

/* All n plans have compiled. An error goes to the findings of the plan that has the plugin. */
void addresses_check(struct plan *const *plans, size_t n, struct findings *findings);

#endif
