/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What came and what was taken: counters, and how often each event id was stored. */
#ifndef TOOLS_ES_SINK_ACCOUNT_H
#define TOOLS_ES_SINK_ACCOUNT_H

#include "codec/base/buf.h"

#include <stdint.h>

struct account_id;

struct account {
    uint64_t requests, bulk_requests, actions, taken, failed, wire_bytes, plain_bytes;
    uint64_t unreadable;         /* bulk bodies that are none */
    uint64_t status[600];        /* answers by code */
    uint64_t distinct, repeated; /* ids; stores of an id that was there */
    struct account_id **table;
    size_t size;
};

void account_take(struct account *a, struct slice id);
void account_report(const struct account *a, struct buf *out); /* JSON */
/* A line an id: how often, tab, id. */
void account_ids(const struct account *a, struct buf *out);
void account_fini(struct account *a);

#endif
