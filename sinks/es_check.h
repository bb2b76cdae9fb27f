/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The check of one host: health, product and version, licence (output-elasticsearch.md 2.1). */
#ifndef SINKS_ES_CHECK_H
#define SINKS_ES_CHECK_H

#include "sinks/es_cluster.h"

struct es_check;

struct es_check_result {
    enum es_host_state state;
    struct es_facts facts; /* family ES_UNKNOWN: it did not get so far */
    struct err refused;    /* code not ERR_NONE: no output may start on this host */
};

typedef void es_checked_fn(struct es_host *h, const struct es_check_result *result);

/* registration: the product is checked too, and the root is asked even if the health check fails.
 * done is called later, on the loop. */
struct es_check *es_check_start(struct es_host *h, const struct es_conf *conf,
                                const struct log *log, bool registration, es_checked_fn *done);
/* done is not called. *c may be NULL. */
void es_check_cancel(struct es_check **c);

/* The answer of `GET /`: what it says of the product. -1: none that we know. Pure. */
int es_root_read(struct slice body, struct es_facts *out, struct err *err);

#endif
