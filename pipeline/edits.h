/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Common options compiled to edits: add_field, remove_field, add_tag, remove_tag of filters; type,
 * add_field and tags of inputs (config-language.md 10). Once, for all plugins.
 *
 * Const after compiling; in the plan's arena. */
#ifndef PIPELINE_EDITS_H
#define PIPELINE_EDITS_H

#include "pipeline/filter.h"

struct plan_edits;

int plan_edits_compile(struct arena *a, const struct filter_common *common,
                       const struct plugin_context *ctx, struct plan_edits **out, struct err *err);
/* Order on success: add_field, remove_field, add_tag, remove_tag. scratch is cleared. -1: one could
 * not be made, and those behind it were not; the filter has failed then. */
int plan_edits_apply(const struct plan_edits *e, struct event *ev, struct buf *scratch);
/* tag_on_failure: the tag call for each. */
void plan_edits_failed(const struct plan_edits *e, struct event *ev);

#endif
