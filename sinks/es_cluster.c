/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/es_cluster.h"

#include "codec/base/log.h"
#include "codec/base/random.h"
#include "server/net/loop.h"
#include "sinks/es_check.h"
#include "sinks/gzip.h"
#include "sinks/http_fields.h"

#include <stdio.h>
#include <stdlib.h>

#define CONNECT_MS   10000 /* fixed, as in the reference */
#define IDLE_MS      60000
#define ANSWER_BYTES ((size_t)64 << 20)
#define CLIENT       "logstash-output-elasticsearch/12.1.6"

struct es_cluster {
    const struct es_conf *conf;
    const struct sink_env *env;
    struct es_cluster_events events;
    struct es_host *hosts;
    size_t n;
    size_t checks_open; /* of the first round */
    bool started;
    struct err refused; /* code ERR_NONE: nothing */
    struct es_facts facts;
    struct deadline resurrection;
    struct buf fields; /* header lines of every request */
    struct rng rng;
};

/* ---- calls ---- */

static void
make_fields(struct es_cluster *c)
{
    const struct opt_hash *own = &c->conf->custom_headers;
    struct buf agent = { 0 };

    http_user_agent(&agent, CLIENT);
    http_field_put(&c->fields, own, "User-Agent", buf_slice(&agent));
    http_field_put(&c->fields, own, "Accept-Encoding", SLICE("gzip,deflate"));
    http_field_put(&c->fields, own, "x-elastic-product-origin",
                   SLICE("logstash-output-elasticsearch"));
    if (c->conf->authorization.n > 0)
        http_field_put(&c->fields, own, "Authorization", c->conf->authorization);
    http_fields_own(&c->fields, own);
    buf_fini(&agent);
}

static void
make_target(struct es_call *call, struct slice target)
{
    const struct url *u = call->host->url;
    size_t query = slice_find_byte(target, '?', 0);
    struct slice path = { target.p, query == SIZE_MAX ? target.n : query };

    buf_clear(&call->target);
    buf_append(&call->target, u->path);
    buf_append(&call->target, path);
    if (u->query.n > 0)
        buf_printf(&call->target, "?%.*s", SLICE_ARGS(u->query));
    if (query != SIZE_MAX)
        buf_printf(&call->target, "%c%.*s", u->query.n > 0 ? '&' : '?', (int)(target.n - query - 1),
                   target.p + query + 1);
}

static void
on_done(struct http_request *r, const struct http_outcome *outcome)
{
    struct es_call *call = r->arg;

    call->done(call, outcome);
}

void
es_call_send(struct es_call *call, struct es_host *h, const char *method, struct slice target,
             const struct iovec *body, size_t body_n, uint64_t extra_ms)
{
    struct es_cluster *c = h->cluster;

    call->host = h;
    make_target(call, target);
    buf_append(&call->headers, buf_slice(&c->fields));
    if (body_n > 0)
        http_field_put(&call->headers, &c->conf->custom_headers, "Content-Type",
                       SLICE("application/json"));
    if (c->facts.family == ES_SERVERLESS)
        http_field_put(&call->headers, &c->conf->custom_headers, "Elastic-Api-Version",
                       SLICE("2023-10-31"));
    call->request = (struct http_request){
        .method = method,
        .target = buf_slice(&call->target),
        .headers = buf_slice(&call->headers),
        .body = body,
        .body_n = body_n,
        .done = on_done,
        .arg = call,
        .request_ms = (uint64_t)(c->conf->timeout * 1000) + extra_ms,
    };
    http_client_send(h->client, &call->request);
}

void
es_call_fini(struct es_call *call)
{
    buf_fini(&call->target);
    buf_fini(&call->headers);
    buf_fini(&call->body);
}

int
es_answer_body(const struct http_outcome *o, struct buf *plain, struct slice *out, struct err *err)
{
    struct slice coding = http_header(o->headers, "Content-Encoding");

    *out = o->body;
    if (coding.n == 0 || slice_eq_nocase(coding, SLICE("identity")))
        return 0;
    if (gzip_any(o->body, ANSWER_BYTES, plain, err) < 0)
        return -1;
    *out = buf_slice(plain);
    return 0;
}

struct slice
es_outcome_text(const struct http_outcome *o, char *out, size_t n)
{
    if (o->result == HTTP_ANSWER)
        snprintf(out, n, "status %u", o->status);
    else
        snprintf(out, n, "[%s] %s", http_result_name(o->result), o->err.msg);
    return slice_of(out);
}

/* ---- hosts ---- */

bool
es_cluster_has_alive(const struct es_cluster *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->hosts[i].state == ES_HOST_ALIVE)
            return true;
    return false;
}

struct es_host *
es_cluster_pick(struct es_cluster *c)
{
    enum es_host_state wanted = es_cluster_has_alive(c) ? ES_HOST_ALIVE : ES_HOST_UNKNOWN;
    struct es_host *best = NULL;
    uint64_t ties = 0;

    for (size_t i = 0; i < c->n; i++) {
        struct es_host *h = &c->hosts[i];

        if (h->state != wanted || (best != NULL && h->in_flight > best->in_flight))
            continue;
        ties = best == NULL || h->in_flight < best->in_flight ? 1 : ties + 1;
        if (ties == 1 || rng_below(&c->rng, ties) == 0)
            best = h;
    }
    return best;
}

void
es_host_died(struct es_host *h, const struct http_outcome *why)
{
    char text[ERR_MSG + 64];
    struct log_param params[] = { LOG_TEXT("url", slice_of(h->name)) };

    if (h->state == ES_HOST_DEAD)
        return;
    h->state = ES_HOST_DEAD;
    es_outcome_text(why, text, sizeof text);
    log_params(h->cluster->env->log, LOG_WARN, params, 1, "Marking url as dead. Last error: %s",
               text);
}

const struct es_facts *
es_cluster_facts(const struct es_cluster *c)
{
    return &c->facts;
}

bool
es_cluster_is_at_least(const struct es_cluster *c, unsigned major, unsigned minor)
{
    return c->facts.major > major || (c->facts.major == major && c->facts.minor >= minor);
}

/* ---- checks ---- */

static const char *const family_names[] = {
    [ES_UNKNOWN] = "",
    [ES_ELASTIC] = "Elasticsearch",
    [ES_OSS] = "Elasticsearch OSS",
    [ES_SERVERLESS] = "Elasticsearch",
    [ES_OPENSEARCH] = "OpenSearch",
};

static void
learn(struct es_cluster *c, const struct es_facts *seen)
{
    if (c->facts.family == ES_UNKNOWN) {
        c->facts = *seen;
        log_info(c->env->log, "%s version determined (%s)", family_names[seen->family],
                 seen->number);
    } else if (seen->major > c->facts.major) {
        log_warn(c->env->log,
                 "Detected a node with a higher major version than previously observed, this "
                 "could be the result of an Elasticsearch cluster upgrade (%s, before: %s)",
                 seen->number, c->facts.number);
        c->facts = *seen;
    }
}

static void
first_round_over(struct es_cluster *c)
{
    c->events.checked(c->events.arg, c->refused.code == ERR_NONE ? NULL : &c->refused);
    if (es_cluster_has_alive(c))
        c->events.restored(c->events.arg);
}

static void
on_checked(struct es_host *h, const struct es_check_result *result)
{
    struct es_cluster *c = h->cluster;
    struct log_param url = LOG_TEXT("url", slice_of(h->name));
    bool first = !c->started;

    h->check = NULL;
    if (result->facts.family != ES_UNKNOWN)
        learn(c, &result->facts);
    h->state = result->state;
    if (result->refused.code != ERR_NONE && first)
        c->refused = result->refused;
    if (h->state == ES_HOST_ALIVE && first)
        log_params(c->env->log, LOG_INFO, &url, 1, "Connected to ES instance");
    if (h->state == ES_HOST_ALIVE && !first)
        log_params(c->env->log, LOG_WARN, &url, 1, "Restored connection to ES instance");
    if (!first) {
        if (h->state == ES_HOST_ALIVE)
            c->events.restored(c->events.arg);
    } else if (--c->checks_open == 0) {
        c->started = true;
        first_round_over(c);
    }
}

static void
set_resurrection(struct es_cluster *c)
{
    double ms = c->conf->resurrect_delay * 1000;

    loop_deadline_set(c->env->loop, &c->resurrection, ms < 250 ? 250 : (uint64_t)ms);
}

static void
on_resurrection(struct loop *loop, struct deadline *d)
{
    struct es_cluster *c = CONTAINER_OF(d, struct es_cluster, resurrection);

    (void)loop;
    for (size_t i = 0; i < c->n; i++)
        if (c->hosts[i].state != ES_HOST_ALIVE && c->hosts[i].check == NULL)
            c->hosts[i].check =
                es_check_start(&c->hosts[i], c->conf, c->env->log, !c->started, on_checked);
    set_resurrection(c);
}

void
es_cluster_start(struct es_cluster *c)
{
    c->checks_open = c->n;
    for (size_t i = 0; i < c->n; i++)
        c->hosts[i].check = es_check_start(&c->hosts[i], c->conf, c->env->log, true, on_checked);
    set_resurrection(c);
}

/* ---- life ---- */

static void
init_host(struct es_cluster *c, struct es_host *h, const struct url *url, struct tls_context *tls,
          unsigned connections)
{
    struct arena a;
    struct http_client_options options = {
        .port = url->port,
        .tls = tls,
        .connections = connections,
        .connect_ms = CONNECT_MS,
        .request_ms = (uint64_t)(c->conf->timeout * 1000),
        .idle_ms = IDLE_MS,
        .answer_bytes = ANSWER_BYTES,
        .share = c->env->share,
    };

    arena_init(&a, NULL);
    options.host = arena_cstr(&a, url->host);
    h->name = xstrdup(arena_cstr(&a, es_url_text(&a, url, false)));
    h->cluster = c;
    h->url = url;
    h->client = http_client_new(c->env->loop, c->env->resolver, &options);
    arena_fini(&a);
}

struct es_cluster *
es_cluster_new(const struct es_conf *conf, const struct sink_env *env, struct tls_context *tls,
               unsigned connections, const struct es_cluster_events *events)
{
    struct es_cluster *c = xcalloc(1, sizeof *c);
    struct err ignored = { 0 };

    c->conf = conf;
    c->env = env;
    c->events = *events;
    c->resurrection.fn = on_resurrection;
    c->n = conf->urls.n;
    c->hosts = xcalloc(c->n, sizeof *c->hosts);
    rng_seed(&c->rng, &ignored); /* unseeded it is as good for ties */
    for (size_t i = 0; i < c->n; i++)
        init_host(c, &c->hosts[i], &conf->urls.at[i], tls, connections);
    make_fields(c);
    return c;
}

void
es_cluster_free(struct es_cluster **at)
{
    struct es_cluster *c = *at;

    *at = NULL;
    if (c == NULL)
        return;
    loop_deadline_clear(&c->resurrection);
    for (size_t i = 0; i < c->n; i++) {
        es_check_cancel(&c->hosts[i].check);
        http_client_free(&c->hosts[i].client);
        free((char *)(uintptr_t)c->hosts[i].name);
    }
    free(c->hosts);
    buf_fini(&c->fields);
    free(c);
}
