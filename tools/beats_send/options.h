/* SPDX-License-Identifier: GPL-3.0-or-later */
/* beats_send: the command line. Const once it is parsed; all threads read it. */
#ifndef TOOLS_BEATS_SEND_OPTIONS_H
#define TOOLS_BEATS_SEND_OPTIONS_H

#include "codec/base/error.h"
#include "tools/beats_send/corpus.h"

enum damage { /* what is done to a window on its first way */
              DAMAGE_NONE,
              DAMAGE_BITS,     /* some bits flipped */
              DAMAGE_TRUNCATE, /* its end missing, then a half-close */
              DAMAGE_GARBAGE,  /* bytes that are no frame, in its middle */
              DAMAGE_LENGTH    /* a length or count field that lies */
};

enum slowness {
    SLOW_NONE,
    SLOW_BYTES, /* one byte a delay */
    SLOW_STALL, /* a delay in the middle of each window */
    SLOW_READER /* one ACK read a delay */
};

struct options {
    const char *host, *port;
    bool tls, insecure;
    const char *authority, *certificate, *key; /* PEM files; NULL: none */

    char version;         /* '1' or '2' */
    unsigned compression; /* 0: no C frames */
    uint32_t window_least, window_most;
    unsigned pipelining; /* windows on the wire before an answer is awaited */
    unsigned connections, threads;

    double rate;       /* events a second in all; 0: no limit */
    uint64_t events;   /* in all; 0: no limit */
    double seconds;    /* 0: no limit */
    const char *input; /* file of lines; NULL: made up */
    bool ndjson;       /* lines are events as they stand */
    enum corpus_kind corpus;
    uint64_t seed;
    const char *prefix; /* of event ids */
    unsigned preencode; /* windows made once and sent again and again; 0: each is made */

    enum damage damage;
    unsigned damage_every; /* windows */
    enum slowness slow;
    unsigned delay_ms;
    bool reconnect;       /* send again what was not acknowledged */
    double give_up;       /* seconds without progress */
    unsigned gap_most_ms; /* silence of the server while it owes an answer; 0: not judged */
    bool partial_fine;    /* partial ACKs are no fault */
    const char *ledger;   /* file; NULL: none */
};

/* 0: go on; 1: help was printed; -1: *err. */
int options_parse(int argc, char **argv, struct options *out, struct err *err);

#endif
