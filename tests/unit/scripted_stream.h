/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream without a socket, for state machines: what it gives to read and what it takes to write
 * is a script. Caller's memory; it outlives stream_free(), so that a test can look at what was
 * done. */
#ifndef TESTS_UNIT_SCRIPTED_STREAM_H
#define TESTS_UNIT_SCRIPTED_STREAM_H

#include "codec/base/buf.h"
#include "server/net/stream.h"

enum script_kind {
    SCRIPT_BYTES, /* to read, in as many calls as it takes */
    SCRIPT_AGAIN, /* one STREAM_AGAIN */
    SCRIPT_EOF,   /* from then on; also what follows the last step, unless scripted.open */
    SCRIPT_ERROR  /* from then on: STREAM_ERROR "scripted" */
};

struct script_step {
    enum script_kind kind;
    struct slice bytes;
};

struct scripted {
    struct stream stream; /* give &s->stream to what is tested */
    const struct script_step *steps;
    size_t steps_n;
    size_t at;                /* the step that the next read looks at */
    size_t used;              /* bytes of it that were read */
    size_t read_most;         /* at most so many bytes a read; 0: no limit */
    size_t write_most;        /* at most so many bytes a write; 0: no limit */
    unsigned handshake_again; /* STREAM_AGAIN that often first */
    unsigned flush_again;
    bool open;          /* STREAM_AGAIN instead of EOF behind the last step */
    bool blocked;       /* writes say STREAM_AGAIN */
    bool broken;        /* writes say STREAM_ERROR */
    struct buf written; /* what was taken */
    unsigned reads, writes, finishes, frees, resets;
};

/* Sets everything but the steps to zero. loop may be NULL. */
void scripted_init(struct scripted *s, struct loop *loop, const struct script_step *steps,
                   size_t n);
void scripted_fini(struct scripted *s); /* what was written */

#endif
