/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the sink does to bulk requests, in order: a list of rules in JSON.
 *
 * [{"count": 2, "status": 503, "retry_after": 1},
 *  {"latency_ms": 50, "items": [{"every": 10, "status": 429, "type": "x"}]}]
 *
 * A rule is for `count` requests, then the next one comes; without count it stays. Behind the last
 * one everything is taken. */
#ifndef TOOLS_ES_SINK_SCRIPT_H
#define TOOLS_ES_SINK_SCRIPT_H

#include "codec/base/error.h"
#include "codec/base/slice.h"

#define ITEM_RULES 8

/* Every so many-th item of all requests answers this instead. */
struct item_rule {
    uint64_t every;
    unsigned status;
    char type[64], reason[128];
};

struct rule {
    uint64_t left;   /* requests; UINT64_MAX: for ever */
    unsigned status; /* 0: 200 */
    unsigned latency_ms;
    unsigned refuse_ms; /* the listener and all connections close for so long */
    unsigned retry_after;
    int extra_items; /* too many, or too few */
    bool hang;       /* no answer, ever */
    bool reset;      /* RST instead of an answer, events not taken */
    bool close;      /* the same with FIN */
    bool lose;       /* events are taken, then FIN instead of the answer */
    bool half;       /* half of the answer, then nothing */
    char body[256];  /* instead of the answer */
    struct item_rule items[ITEM_RULES];
    size_t items_n;
};

struct script {
    struct rule *rules;
    size_t n, at;
};

/* Replaces the rules. */
int script_read(struct script *s, struct slice json, struct err *err);
/* The rule for the next bulk request; used up by one. */
struct rule script_next(struct script *s);
void script_fini(struct script *s);

#endif
