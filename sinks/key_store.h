/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Java's key stores and trust stores: outputs do not read them, and say which command makes PEM of
 * this very file and which options take it. */
#ifndef SINKS_KEY_STORE_H
#define SINKS_KEY_STORE_H

#include "codec/codec.h"

/* For a plugin's prepare: an error at the option's place for each of the two paths that is given
 * (p not NULL). The file's first byte tells what it is. */
void key_stores_refuse(const struct plugin_context *ctx, struct slice key_store,
                       struct slice trust_store);

#endif
