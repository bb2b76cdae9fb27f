/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events as Beats send them, made up: the same seed gives the same events on any machine.
 *
 * Messages are half Apache's combined log, a fifth syslog, a fifth JSON inside a string, and a few
 * Java stack traces and lines beyond ASCII; around them stands the metadata of one simulated Beat.
 * For the sender tool, benchmarks and tests. */
#ifndef TOOLS_BEATS_SEND_CORPUS_H
#define TOOLS_BEATS_SEND_CORPUS_H

#include "codec/base/buf.h"
#include "codec/base/random.h"

enum corpus_kind {
    CORPUS_LOGS,  /* windows of 2,048 deflate to about a thirteenth */
    CORPUS_NOISY, /* ids and digests in each line: about a fifth */
    CORPUS_KINDS
};

/* One simulated Beat. */
struct corpus {
    struct rng rng;
    enum corpus_kind kind;
    uint64_t offset; /* in the log file it follows */
    uint64_t line;   /* events made so far */
    char id[UUID_TEXT], ephemeral[UUID_TEXT];
    unsigned host;
    bool rich; /* full host, cloud and fields, as three Beats in five send */
};

void corpus_init(struct corpus *c, enum corpus_kind kind, uint64_t seed);
/* Appends one JSON object; id, plain text, becomes its field test_id when it is not empty. */
void corpus_event(struct corpus *c, struct slice id, struct buf *out);
const char *corpus_name(enum corpus_kind kind); /* "logs", "noisy" */
bool corpus_parse(const char *name, enum corpus_kind *out);

#endif
