/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of filters; filter.h has the contract. */
#ifndef PIPELINE_FILTERS_H
#define PIPELINE_FILTERS_H

#include "pipeline/filter.h"

/* The common options with tag_on_failure, for filters that can fail. */
extern const struct option filter_failing_options[];

#endif
