/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lint: what is legal and silently does something else than it says (config-language.md 13). One
 * WARN each, with the place and the spelling that works; behaviour stays Logstash's.
 *
 * What shows while a tree is built is warned of there (lists of one, calls, conditions in inputs,
 * octal numbers, options given twice); what a plugin alone knows, in its prepare. Here is what
 * needs the finished tree. */
#ifndef PIPELINE_CONFIG_CHECK_H
#define PIPELINE_CONFIG_CHECK_H

#include "pipeline/config_parse.h"

/* Chains of else if longer than this are not searched for equal conditions. */
#define CHECK_CHAIN 200

void config_check(const struct config *c, struct findings *findings);
/* Of these, what one block's texts show (config_texts.c). */
void config_check_texts(const struct opt_plugin *p, struct findings *findings);

#endif
