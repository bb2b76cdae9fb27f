/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an elasticsearch output installs before its first event: index template, rollover alias and
 * policy (output-elasticsearch.md 2.2 to 2.5). On the home loop; cold. */
#ifndef SINKS_ES_SETUP_H
#define SINKS_ES_SETUP_H

#include "sinks/es_cluster.h"

struct es_setup;

enum es_setup_result {
    ES_SETUP_DONE,
    ES_SETUP_AGAIN, /* the host went away, or asked for patience */
    ES_SETUP_FAILED /* *err says why; logged as the reference does */
};

typedef void es_setup_fn(void *arg, enum es_setup_result result, const struct err *err);

/* done is called later, on the loop. */
struct es_setup *es_setup_start(struct es_cluster *cluster, struct es_host *h,
                                const struct es_conf *conf, const struct sink_env *env,
                                es_setup_fn *done, void *arg);
/* done is not called. *s may be NULL. */
void es_setup_cancel(struct es_setup **s);
/* Whether events go to the rollover alias. */
bool es_setup_uses_alias(const struct es_conf *conf, const struct es_facts *facts);

#endif
