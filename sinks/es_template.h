/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bodies of index templates (output-elasticsearch.md 2.4). Pure but for the operator's own file. */
#ifndef SINKS_ES_TEMPLATE_H
#define SINKS_ES_TEMPLATE_H

#include "codec/base/buf.h"
#include "sinks/es_cluster.h"

/* The body as it is sent, JSON. alias: NULL without ILM. -1: the file is not there or no JSON, or
 * there is no template for this major. */
int es_template_body(const struct es_conf *conf, const struct es_facts *facts, bool alias,
                     struct buf *out, struct err *err);

#endif
