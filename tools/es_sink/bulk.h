/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The `_bulk` endpoint: bodies read, events counted, answers made as the rule says. */
#ifndef TOOLS_ES_SINK_BULK_H
#define TOOLS_ES_SINK_BULK_H

#include "tools/es_sink/account.h"
#include "tools/es_sink/script.h"

struct bulk_server {
    struct account account;
    struct script script;
    uint64_t items;       /* of all requests, for "every" */
    const char *id_field; /* whose text is the event's id, when _id is absent */
};

/* body: as it came. gzip: its coding. *status and the answer's body. */
void bulk_take(struct bulk_server *b, const struct rule *rule, struct slice body, bool gzip,
               unsigned *status, struct buf *answer);
/* Nothing is read: the count of the header, the action of the first bytes. */
void bulk_discard(struct bulk_server *b, struct slice front, bool gzip, uint64_t count,
                  struct buf *answer);

#endif
