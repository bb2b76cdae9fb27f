/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The queue of a sink that sends requests: what waits, what is under way, what comes again
 * (design 7). Knows views and items, no destination: the sink sends, and says of each item what
 * became of it.
 *
 * A request is cut when a slot is free: natural batching, no timer. Items that are left are index
 * lists over their view, which stays until the last of them is settled; nothing is dropped but what
 * the sink calls refused. Lives on the sink's home loop; other threads reach it by give, drain and
 * close. */
#ifndef SINKS_SINK_QUEUE_H
#define SINKS_SINK_QUEUE_H

#include "pipeline/sink.h"

#include <sys/uio.h>

struct sink_queue;
struct sink_lot;

/* Fields are read-only outside sink_queue.c. */
struct sink_request {
    struct sink_queue *queue;
    struct sink_lot *lots; /* in order */
    uint32_t n;            /* items */
    uint64_t plain_bytes;
    struct iovec *body; /* set by sink_request_body */
    size_t body_n;
    size_t body_bytes;
    void *arg; /* the sink's own */

    struct buf gathered; /* private: what was put together for this request */
    size_t charged;
    struct sink_request *next, *before; /* private: under way */
};

/* Item i of a request: its view and its index there. */
struct sink_item {
    const struct view *view;
    uint32_t index;
    bool replaced; /* its text is another by now */
};

/* One after the other; starts zeroed. */
struct sink_cursor {
    const struct sink_lot *lot;
    uint32_t in_lot, i;
};
bool sink_request_next(const struct sink_request *r, struct sink_cursor *c, struct sink_item *out);

enum sink_verdict {
    SINK_DONE,
    SINK_AGAIN,  /* after the back-off, or later_ms */
    SINK_REFUSED /* for good: counted; the sink has logged it */
};

struct sink_answer {
    enum sink_verdict verdict;
    uint32_t later_ms;     /* 0: the back-off decides */
    struct slice replaced; /* SINK_AGAIN: send this text instead; heap, taken. p NULL: as it was */
};

enum sink_failure {
    SINK_FAILED,      /* an answer that says so: again after the back-off */
    SINK_UNREACHABLE, /* the same, but cut short once a host is back (sink_queue_wake) */
    SINK_TOO_LARGE,   /* again alone, from the second time on in halves */
    SINK_ELSEWHERE    /* not a byte was sent: again at once, if may_send says so */
};

struct sink_queue_ops {
    /* Whether a request could leave now. */
    bool (*may_send)(struct sink *s);
    /* Takes the request until sink_queue_answer or _failed, which must not be called from inside.
     */
    void (*send)(struct sink *s, struct sink_request *r);
    /* At close: the request is freed on return. */
    void (*cancel)(struct sink *s, struct sink_request *r);
    /* Milliseconds before try number `tries` (from 1); NULL: doubling between the two rules. */
    uint64_t (*pause)(struct sink *s, unsigned tries);
    /* At close, on the loop, nothing is under way any more. */
    void (*closed)(struct sink *s);
};

struct sink_queue_rules {
    unsigned in_flight;     /* requests at once */
    unsigned per_view;      /* of them, parts of one view */
    uint64_t request_bytes; /* plain; a larger item goes alone */
    uint32_t request_items; /* 0: any number */
    bool joins;             /* several views in a request */
    int gzip_level;         /* of texts gathered anew; 0: plain */
    uint64_t retry_first_ms, retry_max_ms;
};

/* Before any view; on the main thread. */
struct sink_queue *sink_queue_new(struct sink *s, const struct sink_queue_ops *ops,
                                  const struct sink_queue_rules *rules);

/* Any thread. Takes the view. */
void sink_queue_give(struct sink_queue *q, struct view **v);
/* As sink_type.drain. */
void sink_queue_drain(struct sink_queue *q, void (*idle)(void *arg), void *arg);
/* Main thread; waits until the loop has let everything go, then frees. *q may be NULL. */
void sink_queue_close(struct sink_queue **q);

/* ---- on the home loop ---- */

/* The body as it goes out: of whole members or ranges where they lie, else gathered. */
void sink_request_body(struct sink_request *r);
/* The plain text of the only item. */
struct slice sink_request_text(struct sink_request *r);
/* Free the request. answers: r->n, or NULL when all are done. */
void sink_queue_answer(struct sink_request **r, const struct sink_answer *answers);
/* later_ms: at least so long, as the server asked for; 0: it did not. */
void sink_queue_failed(struct sink_request **r, enum sink_failure how, uint64_t later_ms);
/* The pause that sink_queue_failed would give the request. */
uint64_t sink_queue_pause(const struct sink_request *r);
/* may_send may have become true; views that wait for a host go at once. */
void sink_queue_wake(struct sink_queue *q);
bool sink_queue_is_empty(const struct sink_queue *q);
/* Views that are not settled. */
size_t sink_queue_views(const struct sink_queue *q);

#endif
