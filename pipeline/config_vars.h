/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variables in the configuration: ${NAME} and ${NAME:default} (config-language.md 8).
 *
 * Logstash replaces them in two stages that differ in what they reach and in what they make of the
 * result; both are here. Values are replaced, never the text of a configuration, and never keys.
 * The parsed configuration stays as it is: what changes is copied into the arena. One thread. */
#ifndef PIPELINE_CONFIG_VARS_H
#define PIPELINE_CONFIG_VARS_H

#include "pipeline/config_parse.h"

/* Bytes that replacing may make of one value, and of all together: a variable may be named often.
 */
#define CONFIG_VALUE_BYTES (1u << 20)
#define CONFIG_VARS_BYTES  (64u << 20)

struct config_vars {
    struct arena *arena;
    struct findings *findings;
    /* Value of a variable, or NULL: keystore first, then environment. */
    const char *(*lookup)(void *arg, struct slice name);
    void *arg;
    size_t made; /* bytes so far */
};

/* Both stages on a block and the codec blocks in it: a deep copy. What could not be replaced is a
 * finding. */
struct opt_plugin config_vars_plugin(struct config_vars *v, const struct opt_plugin *p);
/* Constants that are nothing but one variable; the result is always text. The tree itself when
 * there is nothing to replace. */
const struct config_condition *config_vars_condition(struct config_vars *v,
                                                     const struct config_condition *c);
/* The rules of settings files: every ${...} anywhere in the text, nothing else. -1 with *err: a
 * variable is not defined. Appends to *out. */
int config_vars_text(struct config_vars *v, struct slice text, struct buf *out, struct err *err);

#endif
