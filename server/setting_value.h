/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One setting's text to its checked, normalised form (reference/runtime.md 2). Pure. */
#ifndef SERVER_SETTING_VALUE_H
#define SERVER_SETTING_VALUE_H

#include "server/settings.h"

/* 0 and *out in the arena; -1 and *err: what is wrong with the value and what would do. */
int setting_normalise(struct arena *a, const struct setting_row *row, struct slice text,
                      const char **out, struct err *err);

#endif
