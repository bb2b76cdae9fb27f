/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a scripted cluster answers: as the cases of elasticsearch/ say (their README). For http_stub.
 */
#ifndef TESTS_UNIT_ES_CLUSTER_STUB_H
#define TESTS_UNIT_ES_CLUSTER_STUB_H

#include "tests/unit/http_stub.h"

#include <jansson.h>
#include <stdatomic.h>

struct es_cluster_stub {
    json_t *cluster, *answers; /* of the case; borrowed */
    const char *prefix;
    size_t answered;
    char address[32];
    atomic_uint posts;
};

/* A stub_fn; arg is the struct. */
void es_stub_answer(void *arg, struct stub_request *r, struct stub_answer *out);
/* The body of a request without its coding. */
void es_stub_plain(const struct stub_request *r, struct buf *out);

#endif
