/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bus between pipelines: addresses that `pipeline` inputs listen on, for `pipeline` outputs.
 *
 * Filled while pipelines open, const while they run: no lock. A window on the bus is a view of the
 * sender: its settling settles that view, so acknowledgement is carried through (design 3). */
#ifndef PIPELINE_BUS_H
#define PIPELINE_BUS_H

#include "codec/base/error.h"
#include "codec/base/slice.h"

struct input;
struct view;
struct bus;

/* Takes the view: a window for the input's pipeline. Any worker; never blocks. */
typedef void bus_send_fn(struct input *in, struct view *v);

struct bus *bus_new(void);
void bus_free(struct bus **b);
/* -1: the address is taken. */
int bus_listen(struct bus *b, struct slice address, struct input *in, bus_send_fn *send,
               struct err *err);
/* NULL: nobody listens. */
struct input *bus_find(const struct bus *b, struct slice address, bus_send_fn **send);
/* The pipeline of this index sends there. -1: nobody listens (the message names who does), or the
 * events would go round in a circle. */
int bus_connect(struct bus *b, uint32_t from, struct slice address, struct err *err);

#endif
