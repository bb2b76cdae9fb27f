/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scripted HTTP server on loopback for tests of outputs: a thread a connection, blocking. */
#ifndef TESTS_UNIT_HTTP_STUB_H
#define TESTS_UNIT_HTTP_STUB_H

#include "codec/base/buf.h"

#include <stdint.h>

struct http_stub;

struct stub_request {
    char method[16], target[1024];
    struct buf head; /* header lines as they came */
    struct buf body; /* as it came */
    uint64_t ms;     /* when */
};

struct stub_answer {
    unsigned status;    /* 0: close without an answer */
    struct buf headers; /* lines, each with CRLF */
    struct buf body;
    unsigned silent_ms; /* say nothing for so long, then close */
    unsigned refuse_ms; /* close this and the listener, for so long */
};

/* On a thread of the stub, one call at a time. The stub frees the answer's buffers. */
typedef void stub_fn(void *arg, struct stub_request *r, struct stub_answer *out);

struct http_stub *http_stub_start(stub_fn *fn, void *arg);
void http_stub_stop(struct http_stub **s); /* waits for its threads */
uint16_t http_stub_port(const struct http_stub *s);

/* All requests so far; valid until the next. Any thread. */
size_t http_stub_count(struct http_stub *s);
const struct stub_request *http_stub_request(struct http_stub *s, size_t i);
/* The value of a header, without regard to letter case; p NULL: none. */
struct slice stub_header(const struct stub_request *r, const char *name);

#endif
