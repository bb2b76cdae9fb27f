/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hosts of an elasticsearch output: calls to them, which of them lives, and what cluster they
 * are (output-elasticsearch.md 2.1, 2.6, 6). On the output's home loop.
 *
 * Elasticsearch and OpenSearch differ by what es_facts says, nowhere else. */
#ifndef SINKS_ES_CLUSTER_H
#define SINKS_ES_CLUSTER_H

#include "server/net/http_client.h"
#include "sinks/es_conf.h"

enum es_host_state {
    ES_HOST_UNKNOWN, /* not reached yet; may be tried when no other lives */
    ES_HOST_ALIVE,
    ES_HOST_DEAD
};

enum es_family { ES_UNKNOWN, ES_ELASTIC, ES_OSS, ES_SERVERLESS, ES_OPENSEARCH };

/* Of the first host that answered; major: the highest seen. */
struct es_facts {
    enum es_family family;
    unsigned major, minor;
    char number[32];
};

struct es_cluster;

struct es_host {
    struct es_cluster *cluster;
    const struct url *url;
    const char *name; /* for logs, no credentials */
    struct http_client *client;
    enum es_host_state state;
    unsigned in_flight;     /* bulk requests */
    struct es_check *check; /* under way; NULL: none */
};

/* A call to a host. Embedded or on the heap; es_call_send fills it. */
struct es_call;
typedef void es_call_fn(struct es_call *call, const struct http_outcome *outcome);
struct es_call {
    struct http_request request;
    struct es_host *host;
    struct buf target, headers, body;
    struct iovec iov;
    es_call_fn *done;
    void *arg;
};

struct es_cluster_events {
    void (*checked)(void *arg, const struct err *refused); /* the first round of checks is over */
    void (*restored)(void *arg);                           /* a host lives (again) */
    void *arg;
};

/* Nothing is sent before es_cluster_start. tls may be NULL; it must outlive the cluster. */
struct es_cluster *es_cluster_new(const struct es_conf *conf, const struct sink_env *env,
                                  struct tls_context *tls, unsigned connections,
                                  const struct es_cluster_events *events);
/* On the loop: checks all hosts, then those that are not alive every resurrect_delay. checked is
 * called once; *refused tells why the output must not start (NULL: it may). */
void es_cluster_start(struct es_cluster *c);
/* On the loop: calls under way are canceled (their done is called with HTTP_CANCELED). */
void es_cluster_free(struct es_cluster **c);

const struct es_facts *es_cluster_facts(const struct es_cluster *c);
bool es_cluster_is_at_least(const struct es_cluster *c, unsigned major, unsigned minor);
bool es_cluster_has_alive(const struct es_cluster *c);
/* The host for a request: alive, else unknown, with fewest in flight; NULL: all are dead. */
struct es_host *es_cluster_pick(struct es_cluster *c);
/* A connection failed. The line is written when the host was not dead already. */
void es_host_died(struct es_host *h, const struct http_outcome *why);

/* target: behind the path of the URL, with its own query. Body and further header lines (complete)
 * may be set in the call before. */
void es_call_send(struct es_call *call, struct es_host *h, const char *method, struct slice target,
                  const struct iovec *body, size_t body_n, uint64_t extra_ms);
void es_call_fini(struct es_call *call);
/* The answer's body without its Content-Encoding; *plain holds it if it had one. -1: damaged. */
int es_answer_body(const struct http_outcome *o, struct buf *plain, struct slice *out,
                   struct err *err);
/* "[refused] 127.0.0.1:1: Connection refused" */
struct slice es_outcome_text(const struct http_outcome *o, char *out, size_t n);

#endif
