/* SPDX-License-Identifier: GPL-3.0-or-later */
/* output elasticsearch: bulk requests to Elasticsearch and OpenSearch (output-elasticsearch.md).
 *
 * es_conf: options. es_write: events to lines, on workers. es_cluster and es_check: hosts.
 * es_setup: what is installed first. es_bulk: answers. sink_queue: what waits and what comes again.
 * Here they meet, on the home loop: no request leaves before the first host was checked and the
 * set-up is through. */
#include "sinks/client_tls.h"
#include "sinks/es_answer.h"
#include "sinks/es_setup.h"
#include "sinks/es_write.h"
#include "sinks/http_fields.h"
#include "sinks/sink_queue.h"
#include "sinks/view_gzip.h"

#include "codec/base/log.h"
#include "codec/utf8.h"
#include "server/net/loop.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUEST_BYTES     ((uint64_t)20 << 20) /* plain, as the reference cuts */
#define REQUESTS_PER_HOST 4
#define REQUESTS_MAX      16
#define UPLOAD_BYTES_MS   256 /* a line of 2 Mbit/s may take its time beyond the timeout */
#define RETRY_AFTER_MAX   300 /* seconds */
#define SETUP_AGAIN_MS    1000

struct es_sink {
    struct sink base;
    const struct es_conf *conf;
    struct es_writer writer;
    struct es_answerer answerer;
    struct tls_context *tls;
    struct es_cluster *cluster;
    struct sink_queue *queue;
    struct body_pool *pool;
    bool gzip_members;

    /* Home loop. */
    struct es_setup *setup;
    struct deadline setup_again;
    struct tick tick;
    bool ready;         /* set-up is through: requests may leave */
    bool failed;        /* it never will be */
    bool told_no_hosts; /* once an outage */

    /* open() waits for the first contact. */
    struct mail start_mail;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool checked;
    struct err refused;
};

/* A bulk request under way; sink_request.arg. */
struct bulk {
    struct es_call call;
    struct es_sink *sink;
    struct sink_request *request;
};

extern const struct sink_type sink_elasticsearch;

/* ---- sending ---- */

static bool
may_send(struct sink *base)
{
    struct es_sink *s = (struct es_sink *)base;

    return s->ready && es_cluster_pick(s->cluster) != NULL;
}

static void
bulk_free(struct bulk *b)
{
    es_call_fini(&b->call);
    free(b);
}

static void on_bulk(struct es_call *call, const struct http_outcome *o);

static void
send_bulk(struct sink *base, struct sink_request *r)
{
    struct es_sink *s = (struct es_sink *)base;
    const struct es_conf *c = s->conf;
    struct bulk *b = xcalloc(1, sizeof *b);
    struct es_host *h = es_cluster_pick(s->cluster);
    char number[24];

    ASSERT(h != NULL);
    b->sink = s;
    b->request = r;
    b->call.done = on_bulk;
    b->call.arg = b;
    r->arg = b;
    sink_request_body(r);
    snprintf(number, sizeof number, "%u", r->n);
    http_field_put(&b->call.headers, &c->custom_headers, "X-Elastic-Event-Count", slice_of(number));
    snprintf(number, sizeof number, "%llu", (unsigned long long)r->plain_bytes);
    http_field_put(&b->call.headers, &c->custom_headers, "X-Elastic-Uncompressed-Request-Length",
                   slice_of(number));
    if (c->compression_level > 0)
        http_field_put(&b->call.headers, &c->custom_headers, "Content-Encoding", SLICE("gzip"));
    h->in_flight++;
    es_call_send(&b->call, h, "POST", c->bulk_target, r->body, r->body_n,
                 r->body_bytes / UPLOAD_BYTES_MS);
}

static void
cancel_bulk(struct sink *base, struct sink_request *r)
{
    struct bulk *b = r->arg;

    (void)base;
    b->call.host->in_flight--;
    http_client_cancel(b->call.host->client, &b->call.request);
    bulk_free(b);
}

/* ---- answers ---- */

static void
tell_no_hosts(struct es_sink *s)
{
    if (s->told_no_hosts || es_cluster_pick(s->cluster) != NULL)
        return;
    s->told_no_hosts = true;
    log_error(s->base.env.log,
              "Attempted to send a bulk request but there are no living connections in the pool "
              "(perhaps Elasticsearch is unreachable or down?)");
}

/* Nothing was written: no other host can have taken any of it. */
static void
on_unreachable(struct es_sink *s, struct sink_request *r, const struct http_outcome *o)
{
    char text[ERR_MSG + 64];
    struct log_param params[] = {
        LOG_TEXT("message", es_outcome_text(o, text, sizeof text)),
        LOG_REAL("will_retry_in_seconds", (double)sink_queue_pause(r) / 1000),
    };
    bool elsewhere = !o->written && es_cluster_has_alive(s->cluster);

    if (!elsewhere)
        log_params(s->base.env.log, LOG_ERROR, params, 2,
                   "Attempted to send a bulk request but Elasticsearch appears to be unreachable "
                   "or down");
    tell_no_hosts(s);
    sink_queue_failed(&r, elsewhere ? SINK_ELSEWHERE : SINK_UNREACHABLE, 0);
}

static uint64_t
retry_after_ms(const struct http_outcome *o)
{
    int64_t seconds;

    if ((o->status != 429 && o->status != 503) ||
        !slice_to_int64(http_header(o->headers, "Retry-After"), &seconds) || seconds < 0)
        return 0;
    return (uint64_t)(seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX) * 1000;
}

static void
on_bad_code(struct es_sink *s, struct sink_request *r, const char *url,
            const struct http_outcome *o)
{
    char shown[1024];
    struct log_param params[] = {
        LOG_INT("code", o->status),
        LOG_TEXT("url", slice_of(url)),
        LOG_INT("content_length", r->body_bytes),
        LOG_TEXT("body", utf8_shown(o->body, shown, sizeof shown)),
    };

    if (o->status == 429)
        log_debug(s->base.env.log, "Encountered a retryable error: code 429, url %s", url);
    else
        log_params(s->base.env.log, LOG_ERROR, params, COUNT(params),
                   "Encountered a retryable error (will retry with exponential backoff)");
    sink_queue_failed(&r, SINK_FAILED, retry_after_ms(o));
}

static void
on_answer(struct es_sink *s, struct sink_request *r, const struct http_outcome *o)
{
    struct buf plain = { 0 };
    struct slice body;
    struct err err = { 0 };

    if (es_answer_body(o, &plain, &body, &err) < 0)
        es_answer_unknown(&s->answerer, &r, &err);
    else
        es_answer_apply(&s->answerer, &r, body);
    buf_fini(&plain);
}

static void
on_bulk(struct es_call *call, const struct http_outcome *o)
{
    struct bulk *b = call->arg;
    struct es_sink *s = b->sink;
    struct sink_request *r = b->request;
    struct es_host *h = call->host;

    h->in_flight--;
    bulk_free(b);
    if (o->result == HTTP_LIMIT) { /* it did answer */
        es_answer_unknown(&s->answerer, &r, &o->err);
    } else if (o->result != HTTP_ANSWER) {
        es_host_died(h, o);
        on_unreachable(s, r, o);
    } else if (o->status >= 200 && o->status < 300) {
        on_answer(s, r, o);
    } else if (o->status == 413) {
        es_answer_too_large(&s->answerer, &r);
    } else {
        on_bad_code(s, r, h->name, o);
    }
}

/* ---- start ---- */

static void
on_setup(void *arg, enum es_setup_result result, const struct err *err)
{
    struct es_sink *s = arg;

    (void)err;
    s->setup = NULL;
    switch (result) {
    case ES_SETUP_DONE:
        s->ready = true;
        sink_queue_wake(s->queue);
        return;
    case ES_SETUP_AGAIN:
        loop_deadline_set(s->base.env.loop, &s->setup_again, SETUP_AGAIN_MS);
        return;
    case ES_SETUP_FAILED:
        s->failed = true;
        if (s->base.env.failed != NULL)
            s->base.env.failed(s->base.env.failed_arg, &s->base);
        return;
    }
}

static void
start_setup(struct es_sink *s)
{
    const struct es_facts *facts = es_cluster_facts(s->cluster);

    if (s->ready || s->failed || s->setup != NULL || !es_cluster_has_alive(s->cluster))
        return;
    atomic_store(&s->writer.major, facts->family == ES_OPENSEARCH ? 0 : facts->major);
    atomic_store(&s->writer.uses_alias, es_setup_uses_alias(s->conf, facts));
    s->setup =
        es_setup_start(s->cluster, es_cluster_pick(s->cluster), s->conf, &s->base.env, on_setup, s);
}

static void
on_setup_again(struct loop *loop, struct deadline *d)
{
    (void)loop;
    start_setup(CONTAINER_OF(d, struct es_sink, setup_again));
}

static void
on_restored(void *arg)
{
    struct es_sink *s = arg;

    s->told_no_hosts = false;
    start_setup(s);
    if (s->ready)
        sink_queue_wake(s->queue);
}

static void
on_first_round(void *arg, const struct err *refused)
{
    struct es_sink *s = arg;

    pthread_mutex_lock(&s->lock);
    s->checked = true;
    if (refused != NULL) {
        s->refused = *refused;
        s->failed = true;
    }
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void
on_tick(struct loop *loop, struct tick *tick)
{
    (void)loop;
    body_pool_tick(CONTAINER_OF(tick, struct es_sink, tick)->pool);
}

static void
on_start(struct loop *loop, struct mail *mail)
{
    struct es_sink *s = CONTAINER_OF(mail, struct es_sink, start_mail);

    loop_tick_add(loop, &s->tick);
    es_cluster_start(s->cluster);
}

/* ---- life ---- */

static int
make_tls(struct es_sink *s, struct err *err)
{
    const struct es_conf *c = s->conf;
    const struct client_tls wish = {
        .authorities = &c->ssl_certificate_authorities,
        .protocols = &c->ssl_supported_protocols,
        .ciphers = &c->ssl_cipher_suites,
        .certificate = c->ssl_certificate,
        .key = c->ssl_key,
        .fingerprint = c->ca_trusted_fingerprint,
        .verify = c->ssl_verification_mode != 1,
    };

    if (!c->urls.tls)
        return 0;
    s->tls = client_tls_new(&wish, err);
    return s->tls == NULL ? -1 : 0;
}

static void
on_closed(struct sink *base)
{
    struct es_sink *s = (struct es_sink *)base;

    loop_tick_remove(&s->tick);
    loop_deadline_clear(&s->setup_again);
    es_setup_cancel(&s->setup);
    es_cluster_free(&s->cluster);
}

static const struct sink_queue_ops queue_ops = {
    .may_send = may_send,
    .send = send_bulk,
    .cancel = cancel_bulk,
    .closed = on_closed,
};

static struct sink_queue_rules
queue_rules(const struct es_sink *s)
{
    const struct es_conf *c = s->conf;
    size_t requests = c->urls.n * REQUESTS_PER_HOST;

    return (struct sink_queue_rules){
        .in_flight = (unsigned)(requests < REQUESTS_MAX ? requests : REQUESTS_MAX),
        .per_view = 1,
        .request_bytes = REQUEST_BYTES,
        .joins = c->compression_level == 0 || s->gzip_members,
        .gzip_level = (int)c->compression_level,
        .retry_first_ms = (uint64_t)(c->retry_initial_interval * 1000),
        .retry_max_ms = (uint64_t)(c->retry_max_interval * 1000),
    };
}

static void
close_sink(struct sink **base)
{
    struct es_sink *s = (struct es_sink *)*base;

    *base = NULL;
    sink_queue_close(&s->queue);
    body_pool_free(&s->pool);
    tls_context_free(&s->tls);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* The first contact with every host; those that cannot be reached are no reason not to start. */
static int
wait_for_contact(struct es_sink *s, struct err *err)
{
    s->start_mail.fn = on_start;
    loop_mail(s->base.env.loop, &s->start_mail);
    pthread_mutex_lock(&s->lock);
    while (!s->checked)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    if (s->refused.code == ERR_NONE)
        return 0;
    *err = s->refused;
    return -1;
}

static struct sink *
open_sink(const void *conf, const struct sink_env *env, struct err *err)
{
    struct es_sink *s = xcalloc(1, sizeof *s);
    const char *members =
        env->setting == NULL ? NULL : env->setting(env->setting_arg, "gzip_members");
    struct sink_queue_rules rules;
    struct sink *base = &s->base;

    sink_init(base, &sink_elasticsearch, conf, env);
    s->conf = conf;
    s->gzip_members = members == NULL || strcmp(members, "false") != 0;
    s->setup_again.fn = on_setup_again;
    s->tick.fn = on_tick;
    es_writer_init(&s->writer, s->conf, env->log);
    atomic_store(&s->writer.uses_alias, s->conf->wants_alias);
    es_answerer_init(&s->answerer, s->conf, env->log);
    if (make_tls(s, err) < 0) {
        free(s);
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    rules = queue_rules(s);
    s->pool = body_pool_new(env->share);
    s->queue = sink_queue_new(base, &queue_ops, &rules);
    s->cluster = es_cluster_new(s->conf, &base->env, s->tls, rules.in_flight + 1,
                                &(struct es_cluster_events){
                                    .checked = on_first_round, .restored = on_restored, .arg = s });
    log_info(env->log, "New Elasticsearch output");
    if (wait_for_contact(s, err) == 0)
        return base;
    close_sink(&base);
    return NULL;
}

static void
encode(struct sink *base, struct view *v, struct event *ev)
{
    struct es_sink *s = (struct es_sink *)base;

    if (v->body.cap == 0)
        body_pool_take(s->pool, &v->body);
    es_write(&s->writer, v, ev);
}

static void
finish(struct sink *base, struct view *v)
{
    struct es_sink *s = (struct es_sink *)base;

    es_write_end(&s->writer, v);
    if (s->conf->compression_level > 0)
        view_gzip(v, (int)s->conf->compression_level, REQUEST_BYTES, s->pool);
}

static void
view_fini(struct view *v)
{
    es_view_fini(v);
    body_pool_give(((struct es_sink *)v->sink)->pool, &v->body);
}

static void
give(struct sink *s, struct view **v)
{
    sink_queue_give(((struct es_sink *)s)->queue, v);
}

static void
drain(struct sink *s, void (*idle)(void *arg), void *arg)
{
    sink_queue_drain(((struct es_sink *)s)->queue, idle, arg);
}

const struct sink_type sink_elasticsearch = {
    .name = "elasticsearch",
    .conf_size = sizeof(struct es_conf),
    .options = es_options,
    .prepare = es_conf_prepare,
    .open = open_sink,
    .encode = encode,
    .finish = finish,
    .give = give,
    .drain = drain,
    .close = close_sink,
    .view_fini = view_fini,
};
