/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An event as the rubydebug codec shows it (outputs-other.md 2), with a newline at the end. */
#ifndef CODEC_RUBY_PRINT_H
#define CODEC_RUBY_PRINT_H

#include "codec/event.h"

struct ruby_style {
    bool metadata; /* shown as one more field, unless it is empty */
    bool colors;
};

/* Addresses all of the event, so before its batch is sealed. */
void ruby_print_event(struct event *ev, const struct ruby_style *style, struct buf *out);
/* Whether Ruby would colour what it writes to standard output. */
bool ruby_print_wants_colors(void);

#endif
