/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions: compiled from the syntax tree once, evaluated per event (config-language.md 5, 6). */
#ifndef PIPELINE_COND_H
#define PIPELINE_COND_H

#include "codec/codec.h"
#include "codec/event.h"

struct cond;
struct config_condition;
struct regex_scratch;

/* All in ctx->arena. Errors with position. */
int cond_compile(const struct config_condition *tree, const struct plugin_context *ctx,
                 struct cond **out, struct err *err);

enum truth { COND_FALSE, COND_TRUE, COND_FAILED /* *err says why: the event is dropped */ };

enum truth cond_eval(const struct cond *c, struct event *ev, struct regex_scratch *scratch,
                     struct err *err);

#endif
