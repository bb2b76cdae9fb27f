/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of inputs, from server/meson.build. */
#ifndef SERVER_INPUTS_H
#define SERVER_INPUTS_H

#include "pipeline/input.h"

#define INPUT(name) extern const struct input_type input_##name;
#include "server/inputs.def"
#undef INPUT

/* By name or alias; NULL: unknown. */
const struct input_type *input_find(struct slice name);
/* All of them, ends with NULL. */
const struct input_type *const *input_all(void);

#endif
