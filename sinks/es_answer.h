/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the answer to a bulk request means for its items, and what is logged of it
 * (output-elasticsearch.md 4). On the home loop. */
#ifndef SINKS_ES_ANSWER_H
#define SINKS_ES_ANSWER_H

#include "sinks/es_conf.h"
#include "sinks/log_burst.h"
#include "sinks/sink_queue.h"

struct es_answerer {
    const struct es_conf *conf;
    const struct log *log;
    struct log_burst burst;
};

void es_answerer_init(struct es_answerer *a, const struct es_conf *conf, const struct log *log);

/* All of them end the request. */
void es_answer_apply(struct es_answerer *a, struct sink_request **r, struct slice body);
void es_answer_unknown(struct es_answerer *a, struct sink_request **r, const struct err *why);
void es_answer_too_large(struct es_answerer *a, struct sink_request **r); /* 413 */

#endif
