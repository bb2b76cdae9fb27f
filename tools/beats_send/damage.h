/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A window as no sender should send it. */
#ifndef TOOLS_BEATS_SEND_DAMAGE_H
#define TOOLS_BEATS_SEND_DAMAGE_H

#include "tools/beats_send/options.h"

/* A copy of the window into *out, changed. It may be shorter or longer. */
void damage_window(enum damage how, struct rng *rng, struct slice window, struct buf *out);

#endif
