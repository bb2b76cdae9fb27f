/* SPDX-License-Identifier: GPL-3.0-or-later */
/* output http: a request an event, or one a batch with json_batch (outputs-other.md 5).
 *
 * http_conf: options, and events to requests, on workers. http_routes: clients by origin.
 * sink_queue: what waits and what comes again. Here a request goes out, follows redirects, and its
 * answer is judged, on the home loop. */
#include "sinks/client_tls.h"
#include "sinks/http_conf.h"
#include "sinks/http_fields.h"
#include "sinks/http_routes.h"
#include "sinks/log_burst.h"
#include "sinks/sink_queue.h"
#include "sinks/view_gzip.h"

#include "codec/base/clock.h"
#include "codec/base/log.h"
#include "codec/base/random.h"
#include "codec/utf8.h"
#include "server/net/loop.h"

#include <stdio.h>
#include <stdlib.h>

#define REDIRECTS_MAX   5
#define UPLOAD_BYTES_MS 256
#define PAUSE_MAX_S     60
#define PAUSE_MIN_MS    100

struct http_sink {
    struct sink base;
    const struct http_conf *conf;
    struct tls_context *tls;
    struct sink_queue *queue;
    struct http_routes *routes;
    struct slice batch_fields; /* header lines of a json_batch request; heap */
    struct log_burst burst;
    struct rng rng;
};

/* A request under way; sink_request.arg. */
struct transfer {
    struct call soon; /* when no route was free */
    struct http_sink *sink;
    struct sink_request *request;
    struct http_route *route;
    struct http_request http;
    struct arena arena; /* of the URL */
    struct url url;
    struct buf target, fields;
    struct iovec body;
    unsigned redirects, tries;
};

extern const struct sink_type sink_http;

/* ---- log ---- */

static void
log_url(struct http_sink *s, enum log_level level, const char *text, const struct transfer *call,
        const struct log_param *more, size_t n)
{
    char shown[512];
    struct buf url = { 0 };
    struct log_param params[8];
    uint64_t swallowed;

    if (!log_wanted(level) || !log_burst_pass(&s->burst, clock_mono_ms(), &swallowed))
        return;
    buf_printf(&url, "%.*s://%.*s%.*s", SLICE_ARGS(call->url.scheme), SLICE_ARGS(call->url.host),
               SLICE_ARGS(buf_slice(&call->target)));
    params[0] = (struct log_param)LOG_TEXT("url", utf8_shown(buf_slice(&url), shown, sizeof shown));
    memcpy(params + 1, more, n * sizeof *more);
    params[n + 1] = (struct log_param)LOG_INT("swallowed", swallowed);
    log_params(s->base.env.log, level, params, n + 1 + (swallowed > 0), "%s", text);
    buf_fini(&url);
}

/* ---- sending ---- */

static void
transfer_free(struct transfer *c)
{
    if (c->route != NULL)
        http_routes_give(c->sink->routes, &c->route);
    arena_fini(&c->arena);
    buf_fini(&c->target);
    buf_fini(&c->fields);
    free(c);
}

static void on_done(struct http_request *r, const struct http_outcome *o);

/* Where the URL says. False: no route is free. */
static bool
start(struct transfer *c, bool with_body)
{
    struct http_sink *s = c->sink;
    const struct http_conf *conf = s->conf;

    c->route = http_routes_take(s->routes, &c->url);
    if (c->route == NULL)
        return false;
    buf_clear(&c->target);
    buf_append(&c->target, c->url.path.n > 0 ? c->url.path : SLICE("/"));
    if (c->url.query.p != NULL)
        buf_printf(&c->target, "?%.*s", SLICE_ARGS(c->url.query));
    c->http = (struct http_request){
        .method = conf->method,
        .target = buf_slice(&c->target),
        .headers = buf_slice(&c->fields),
        .body = &c->body,
        .body_n = with_body ? 1 : 0,
        .done = on_done,
        .arg = c,
        .request_ms = (uint64_t)(conf->socket_timeout * 1000) + c->body.iov_len / UPLOAD_BYTES_MS,
    };
    http_client_send(c->route->client, &c->http);
    return true;
}

static bool
may_send(struct sink *base)
{
    (void)base;
    return true;
}

static void on_no_route(struct loop *loop, struct call *call);

static void
send_request(struct sink *base, struct sink_request *r)
{
    struct http_sink *s = (struct http_sink *)base;
    const struct http_conf *conf = s->conf;
    struct transfer *c = xcalloc(1, sizeof *c);
    struct slice url, fields, body;
    struct err err = { 0 };

    c->sink = s;
    c->request = r;
    r->arg = c;
    arena_init(&c->arena, NULL);
    if (conf->format == HTTP_JSON_BATCH) {
        sink_request_body(r);
        ASSERT(r->body_n == 1);
        url = conf->url_text;
        fields = s->batch_fields;
        c->body = r->body[0];
    } else {
        http_item(sink_request_text(r), &url, &fields, &body);
        c->body = (struct iovec){ (char *)(uintptr_t)body.p, body.n };
    }
    if (url_parse(&c->arena, url, &c->url, &err) < 0)
        UNREACHABLE("a URL that was checked on the worker");
    buf_append(&c->fields, conf->fields);
    buf_append(&c->fields, fields);
    if (!start(c, true)) {
        c->soon.fn = on_no_route;
        loop_call_soon(s->base.env.loop, &c->soon);
    }
}

static void
cancel_request(struct sink *base, struct sink_request *r)
{
    struct transfer *c = r->arg;

    (void)base;
    if (c->route != NULL)
        http_client_cancel(c->route->client, &c->http);
    else
        loop_call_cancel(&c->soon);
    transfer_free(c);
}

/* ---- outcomes ---- */

static void
finish_transfer(struct transfer *c, enum sink_verdict verdict)
{
    struct sink_request *r = c->request;
    struct sink_answer *answers;

    transfer_free(c);
    if (verdict == SINK_DONE) {
        sink_queue_answer(&r, NULL);
        return;
    }
    answers = xcalloc(r->n, sizeof *answers);
    for (uint32_t i = 0; i < r->n; i++)
        answers[i].verdict = verdict;
    sink_queue_answer(&r, answers);
    free(answers);
}

static void
retry(struct transfer *c)
{
    struct sink_request *r = c->request;

    transfer_free(c);
    sink_queue_failed(&r, SINK_FAILED, 0);
}

/* Events go to more servers at once than we keep. */
static void
on_no_route(struct loop *loop, struct call *call)
{
    (void)loop;
    retry(CONTAINER_OF(call, struct transfer, soon));
}

static bool
is_idempotent(const struct http_conf *c)
{
    return strcmp(c->method, "POST") != 0 && strcmp(c->method, "PATCH") != 0;
}

/* Repeats at once are for those who do not retry otherwise. */
static bool
repeat_at_once(struct transfer *c)
{
    const struct http_conf *conf = c->sink->conf;

    if (conf->retry_failed || c->tries >= (unsigned)conf->automatic_retries ||
        (!is_idempotent(conf) && !conf->retry_non_idempotent))
        return false;
    c->tries++;
    http_routes_give(c->sink->routes, &c->route);
    return start(c, true);
}

static void
on_no_answer(struct transfer *c, const struct http_outcome *o)
{
    struct http_sink *s = c->sink;
    bool again = s->conf->retry_failed;
    struct log_param more[] = {
        LOG_TEXT("message", slice_of(o->err.msg)),
        LOG_TEXT("class", slice_of(http_result_name(o->result))),
        LOG_BOOL("will_retry", again),
    };

    if (repeat_at_once(c))
        return;
    log_url(s, LOG_ERROR, "Could not fetch URL", c, more, 3);
    if (again)
        retry(c);
    else
        finish_transfer(c, SINK_REFUSED);
}

static void
on_retryable(struct transfer *c, unsigned status)
{
    struct http_sink *s = c->sink;
    bool again = s->conf->retry_failed;
    struct log_param more[] = { LOG_INT("code", status) };

    log_url(s, status == 429 ? LOG_DEBUG : LOG_WARN,
            again ? "Encountered a retryable HTTP request in HTTP output, will retry"
                  : "Encountered a retryable HTTP request in HTTP output, won't retry",
            c, more, 1);
    if (again)
        retry(c);
    else
        finish_transfer(c, SINK_REFUSED);
}

static void
on_refused(struct transfer *c, const struct http_outcome *o)
{
    char text[64], shown[512];
    struct log_param more[] = {
        LOG_INT("response_code", o->status),
        LOG_TEXT("body", utf8_shown(o->body, shown, sizeof shown)),
    };

    snprintf(text, sizeof text, "Encountered non-2xx HTTP code %u", o->status);
    log_url(c->sink, LOG_ERROR, text, c, more, 2);
    finish_transfer(c, SINK_REFUSED);
}

/* A whole URL, or a path on the same host. */
static bool
read_location(struct transfer *c, struct slice location)
{
    struct url next;
    struct err ignored = { 0 };
    size_t query;

    if (location.n == 0)
        return false;
    location = arena_copy(&c->arena, location);
    if (location.p[0] != '/' || slice_starts(location, SLICE("//"))) {
        if (url_parse(&c->arena, location, &next, &ignored) < 0)
            return false;
        if (next.scheme.p == NULL)
            next.scheme = c->url.scheme;
        c->url = next;
        return slice_eq(next.scheme, SLICE("http")) || slice_eq(next.scheme, SLICE("https"));
    }
    query = slice_find_byte(location, '?', 0);
    c->url.query = query == SIZE_MAX
                       ? (struct slice){ NULL, 0 }
                       : (struct slice){ location.p + query + 1, location.n - query - 1 };
    c->url.path = (struct slice){ location.p, query == SIZE_MAX ? location.n : query };
    return true;
}

static bool
follow(struct transfer *c, const struct http_outcome *o)
{
    const struct http_conf *conf = c->sink->conf;
    bool moved = o->status == 301 || o->status == 302 || o->status == 303 || o->status == 307 ||
                 o->status == 308;

    if (!moved || !conf->follow_redirects || c->redirects == REDIRECTS_MAX ||
        (strcmp(conf->method, "GET") != 0 && strcmp(conf->method, "HEAD") != 0))
        return false;
    if (!read_location(c, http_header(o->headers, "Location")))
        return false;
    c->redirects++;
    http_routes_give(c->sink->routes, &c->route);
    if (!start(c, false))
        retry(c);
    return true;
}

static void
on_done(struct http_request *http, const struct http_outcome *o)
{
    struct transfer *c = http->arg;
    const struct http_conf *conf = c->sink->conf;

    if (o->result != HTTP_ANSWER)
        on_no_answer(c, o);
    else if ((o->status >= 200 && o->status < 300) || http_is_ignorable(conf, o->status))
        finish_transfer(c, SINK_DONE);
    else if (http_is_retryable(conf, o->status))
        on_retryable(c, o->status);
    else if (!follow(c, o))
        on_refused(c, o);
}

/* min(tries squared, 60) seconds: half of it, and up to half of it at random. */
static uint64_t
pause_ms(struct sink *base, unsigned tries)
{
    struct http_sink *s = (struct http_sink *)base;
    uint64_t most = tries >= 8 ? PAUSE_MAX_S : (uint64_t)tries * tries, ms;

    if (most > PAUSE_MAX_S)
        most = PAUSE_MAX_S;
    ms = most * 500 + rng_below(&s->rng, most + 1) * 500;
    return ms < PAUSE_MIN_MS ? PAUSE_MIN_MS : ms;
}

/* ---- on workers ---- */

static void
refuse_event(struct http_sink *s, const struct err *why)
{
    struct log_param params[] = { LOG_TEXT("message", slice_of(why->msg)),
                                  LOG_BOOL("will_retry", false), LOG_INT("swallowed", 0) };
    uint64_t swallowed;

    s->base.stats.given++; /* it never gets into a view */
    s->base.stats.refused++;
    if (!log_burst_pass(&s->burst, clock_mono_ms(), &swallowed))
        return;
    params[2].number = (int64_t)swallowed;
    log_params(s->base.env.log, LOG_ERROR, params, swallowed > 0 ? 3 : 2, "Could not fetch URL");
}

/* The items of a batch are the members of one array. */
static void
encode(struct sink *base, struct view *v, struct event *ev)
{
    struct http_sink *s = (struct http_sink *)base;
    size_t at = v->body.n;
    struct view_item *item;
    struct err err = { 0 };

    if (s->conf->format == HTTP_JSON_BATCH) {
        buf_byte(&v->body, v->n == 0 ? '[' : ',');
        http_write_json(s->conf, ev, &v->body);
    } else if (http_write(s->conf, ev, &v->body, &err) < 0) {
        refuse_event(s, &err);
        return;
    }
    item = view_add(v);
    item->at = at;
    item->len = (uint32_t)(v->body.n - at);
}

static void
finish(struct sink *base, struct view *v)
{
    struct http_sink *s = (struct http_sink *)base;

    v->plain_bytes = v->body.n;
    if (s->conf->format != HTTP_JSON_BATCH || v->n == 0)
        return;
    buf_byte(&v->body, ']');
    v->items[v->n - 1].len++;
    v->plain_bytes = v->body.n;
    if (s->conf->http_compression)
        view_gzip(v, 1, SIZE_MAX, NULL);
}

/* ---- life ---- */

static void
on_closed(struct sink *base)
{
    http_routes_free(&((struct http_sink *)base)->routes);
}

static const struct sink_queue_ops queue_ops = {
    .may_send = may_send,
    .send = send_request,
    .cancel = cancel_request,
    .pause = pause_ms,
    .closed = on_closed,
};

static struct sink_queue_rules
queue_rules(const struct http_conf *c)
{
    bool batch = c->format == HTTP_JSON_BATCH;

    return (struct sink_queue_rules){
        .in_flight = (unsigned)c->pool_max,
        .per_view = batch ? 1 : (unsigned)c->pool_max_per_route,
        .request_bytes = UINT64_MAX,
        .request_items = batch ? 0 : 1,
        .joins = false,
        .gzip_level = batch && c->http_compression ? 1 : 0,
        .retry_first_ms = 1000,
        .retry_max_ms = PAUSE_MAX_S * 1000,
    };
}

static struct tls_context *
make_tls(const struct http_conf *c, struct err *err)
{
    bool on = c->ssl_enabled;
    const struct client_tls wish = {
        .authorities = on ? &c->ssl_certificate_authorities : NULL,
        .protocols = on ? &c->ssl_supported_protocols : NULL,
        .ciphers = on ? &c->ssl_cipher_suites : NULL,
        .certificate = on ? c->ssl_certificate : (struct slice){ NULL, 0 },
        .key = on ? c->ssl_key : (struct slice){ NULL, 0 },
        .verify = !on || c->ssl_verification_mode != 1,
    };

    return client_tls_new(&wish, err);
}

static struct slice
batch_fields(const struct http_conf *c)
{
    struct buf out = { 0 };

    for (size_t i = 0; i < c->headers.n; i++)
        if (!slice_eq_nocase(c->headers.at[i].key, SLICE("Content-Type")))
            buf_printf(&out, "%.*s: %.*s\r\n", SLICE_ARGS(c->headers.at[i].key),
                       SLICE_ARGS(c->headers.at[i].value.text));
    return buf_slice(&out);
}

static struct sink *
open_sink(const void *conf, const struct sink_env *env, struct err *err)
{
    struct http_sink *s = xcalloc(1, sizeof *s);
    const struct http_conf *c = conf;
    const struct sink_queue_rules rules = queue_rules(c);
    struct err ignored = { 0 };

    sink_init(&s->base, &sink_http, conf, env);
    s->conf = c;
    s->burst = (struct log_burst)LOG_BURST_INIT;
    rng_seed(&s->rng, &ignored);
    if (c->may_use_tls && (s->tls = make_tls(c, err)) == NULL) {
        free(s);
        return NULL;
    }
    s->batch_fields = batch_fields(c);
    s->routes = http_routes_new(&(struct http_routes_rules){
        .loop = env->loop,
        .resolver = env->resolver,
        .tls = s->tls,
        .share = env->share,
        .connections = (unsigned)c->pool_max_per_route,
        .connect_ms = (uint64_t)(c->connect_timeout * 1000),
        .request_ms = (uint64_t)(c->socket_timeout * 1000),
    });
    s->queue = sink_queue_new(&s->base, &queue_ops, &rules);
    return &s->base;
}

static void
give(struct sink *s, struct view **v)
{
    sink_queue_give(((struct http_sink *)s)->queue, v);
}

static void
drain(struct sink *s, void (*idle)(void *arg), void *arg)
{
    sink_queue_drain(((struct http_sink *)s)->queue, idle, arg);
}

static void
close_sink(struct sink **base)
{
    struct http_sink *s = (struct http_sink *)*base;

    *base = NULL;
    sink_queue_close(&s->queue);
    tls_context_free(&s->tls);
    free((char *)(uintptr_t)s->batch_fields.p);
    free(s);
}

const struct sink_type sink_http = {
    .name = "http",
    .conf_size = sizeof(struct http_conf),
    .options = http_options,
    .prepare = http_conf_prepare,
    .open = open_sink,
    .encode = encode,
    .finish = finish,
    .give = give,
    .drain = drain,
    .close = close_sink,
};
