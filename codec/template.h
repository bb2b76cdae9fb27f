/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text templates, `%{...}`, compiled once (event-model.md 7, 8). */
#ifndef CODEC_TEMPLATE_H
#define CODEC_TEMPLATE_H

#include "codec/event.h"

struct template;

/* -1: an illegal reference or date pattern inside, named in the message. All in the arena. */
int template_compile(struct arena *a, struct slice text, enum escape_style style,
                     struct template **out, struct err *err);
void template_render(const struct template *t, struct event *ev, struct buf *out);
/* No placeholders: renders to this text always. */
bool template_is_literal(const struct template *t, struct slice *text);
struct slice template_source(const struct template *t);

#endif
