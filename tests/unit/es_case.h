/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cases of elasticsearch/ as values: options, events, lines. For tests of the output. */
#ifndef TESTS_UNIT_ES_CASE_H
#define TESTS_UNIT_ES_CASE_H

#include "codec/batch.h"
#include "codec/option.h"

#include <jansson.h>

/* A config value from JSON; ${MOCK} in texts becomes the address, ${FILE} a file that exists. */
struct opt_value es_case_option(struct arena *a, json_t *v, const char *address);
struct event *es_case_event(struct batch *b, json_t *json);
/* Asserts that the body has these lines; null members of metadata lines may be left out. */
void es_case_lines(const char *name, json_t *wanted, struct slice body);
/* All cases of a file. */
json_t *es_case_load(const char *file);

#endif
