/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filters through their contract, without a plan: a filter block becomes a chain, events go
 * through it one by one. Tests of single filters share this; whole pipelines are for tests/cases.
 */
#ifndef TESTS_UNIT_FILTER_CASES_H
#define TESTS_UNIT_FILTER_CASES_H

#include "codec/batch.h"
#include "codec/codec.h"

struct chain;

/* NULL with *err: the block is refused. Conditionals are not supported. */
struct chain *chain_new(struct slice config, enum ecs_mode ecs, bool support_escapes,
                        struct err *err);
void chain_free(struct chain *c);
/* The time that filters see from now on, and events that have none; a literal. */
void chain_clock(struct slice now);
/* An event from a JSON object, in the batch. */
struct event *chain_event(struct batch *b, struct slice json);
/* False: the event was cancelled. */
bool chain_run(struct chain *c, struct event *ev);
/* The event as JSON, with @metadata if there is any. */
void chain_print(struct event *ev, struct buf *out);

/* Sends one event through one block, and asserts what comes out; want NULL: nothing does. Both are
 * JSON objects, completed with @version and @timestamp. */
void chain_expect(const char *name, struct slice config, enum ecs_mode ecs, const char *event,
                  const char *want);

/* The same for one filter with these options, ECS off. */
void filter_expect(const char *filter, const char *name, const char *options, const char *event,
                   const char *want);
/* Asserts that the filter refuses these options, in words that start so. */
void filter_refuses(const char *filter, const char *options, const char *message);
/* Asserts that it accepts them with one warning of this text in it; NULL: without any. */
void filter_warns(const char *filter, const char *options, const char *text);

/* Runs a file of reference/cases/filters in place and asserts every case. */
void filter_cases_run(const char *file);

#endif
