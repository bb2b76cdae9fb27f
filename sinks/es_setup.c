/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/es_setup.h"

#include "codec/base/log.h"
#include "codec/utf8.h"
#include "sinks/es_template.h"

#include <jansson.h>
#include <stdlib.h>

typedef void step_fn(struct es_setup *s, const struct http_outcome *o);

struct es_setup {
    struct es_cluster *cluster;
    struct es_host *host;
    const struct es_conf *conf;
    const struct sink_env *env;
    es_setup_fn *done;
    void *arg;
    struct es_call call;
    step_fn *next;
};

static step_fn on_uuid, on_template_head, on_template_put, on_alias_head, on_alias_put, on_policy,
    on_policy_put;

bool
es_setup_uses_alias(const struct es_conf *conf, const struct es_facts *facts)
{
    return conf->wants_alias && facts->family != ES_SERVERLESS && facts->family != ES_OPENSEARCH &&
           facts->family != ES_OSS;
}

/* ---- calls ---- */

static void
on_answer(struct es_call *call, const struct http_outcome *o)
{
    struct es_setup *s = call->arg;

    s->next(s, o);
}

/* body: NULL for none; taken. */
static void
ask(struct es_setup *s, const char *method, struct slice target, struct buf *body, step_fn *next)
{
    es_call_fini(&s->call);
    s->call = (struct es_call){ .done = on_answer, .arg = s };
    s->next = next;
    if (body != NULL) {
        s->call.body = *body;
        *body = (struct buf){ 0 };
        s->call.iov = (struct iovec){ s->call.body.p, s->call.body.n };
    }
    es_call_send(&s->call, s->host, method, target, &s->call.iov, s->call.body.n > 0, 0);
}

static void
finish(struct es_setup *s, enum es_setup_result result, const struct err *err)
{
    es_setup_fn *done = s->done;
    void *arg = s->arg;

    es_call_fini(&s->call);
    free(s);
    done(arg, result, err);
}

static void
fail(struct es_setup *s, const struct err *err)
{
    const char *pipeline = s->env->ctx != NULL ? s->env->ctx->pipeline_id : NULL;
    struct log_param params[] = { LOG_TEXT("message", slice_of(err->msg)) };

    log_params(s->env->log, LOG_ERROR, params, 1,
               "Failed to bootstrap. Pipeline \"%s\" is going to shut down",
               pipeline == NULL ? "main" : pipeline);
    finish(s, ES_SETUP_FAILED, err);
}

/* The host went away, or 429: later. Any other code that is not good: the operator must look. */
static void
bad_answer(struct es_setup *s, const struct http_outcome *o)
{
    struct err err = { 0 };

    if (o->result != HTTP_ANSWER) {
        if (o->result != HTTP_CANCELED)
            es_host_died(s->host, o);
        finish(s, ES_SETUP_AGAIN, NULL);
        return;
    }
    if (o->status == 429) {
        finish(s, ES_SETUP_AGAIN, NULL);
        return;
    }
    err_set(&err, ERR_CONFIG, "Got response code '%u' contacting Elasticsearch at URL '%s'",
            o->status, s->host->name);
    fail(s, &err);
}

static bool
is_good(const struct http_outcome *o)
{
    return o->result == HTTP_ANSWER && o->status >= 200 && o->status < 300;
}

static bool
is_missing(const struct http_outcome *o)
{
    return o->result == HTTP_ANSWER && o->status == 404;
}

/* ---- template ---- */

static bool
is_composable(const struct es_setup *s)
{
    const struct es_facts *f = es_cluster_facts(s->cluster);

    if (f->family == ES_SERVERLESS || s->conf->template_api == ES_API_COMPOSABLE)
        return true;
    return s->conf->template_api == ES_API_AUTO && (f->family == ES_OPENSEARCH || f->major >= 8);
}

static struct slice
template_name(const struct es_setup *s)
{
    const struct es_conf *c = s->conf;

    return c->name_is_default && es_setup_uses_alias(c, es_cluster_facts(s->cluster))
               ? c->ilm_rollover_alias
               : c->template_name;
}

static struct slice
template_target(const struct es_setup *s, struct buf *out)
{
    struct buf escaped = { 0 };

    url_escape(template_name(s), &escaped);
    buf_printf(out, "/%s/%.*s", is_composable(s) ? "_index_template" : "_template",
               SLICE_ARGS(buf_slice(&escaped)));
    buf_fini(&escaped);
    return buf_slice(out);
}

static void start_alias(struct es_setup *s);

static void
start_template(struct es_setup *s)
{
    const struct es_facts *f = es_cluster_facts(s->cluster);
    struct buf target = { 0 };
    struct err err = { 0 };

    if (!s->conf->manages_template) {
        start_alias(s);
        return;
    }
    if (f->family == ES_SERVERLESS && s->conf->template_api == ES_API_LEGACY) {
        err_set(&err, ERR_CONFIG,
                "Invalid template configuration `template_api => legacy`. Serverless "
                "Elasticsearch does not support legacy template API");
        fail(s, &err);
        return;
    }
    if (s->conf->template_api == ES_API_AUTO && !is_composable(s))
        log_warn(s->env->log,
                 "`template_api => auto` resolved to `legacy` since we are connected to "
                 "Elasticsearch %u, but will resolve to `composable` the first time it connects "
                 "to Elasticsearch 8+",
                 f->major);
    if (s->conf->template.p != NULL)
        log_info(s->env->log, "Using mapping template from %.*s", SLICE_ARGS(s->conf->template));
    else
        log_info(s->env->log, "Using a default mapping template");
    ask(s, "HEAD", template_target(s, &target), NULL, on_template_head);
    buf_fini(&target);
}

static void
on_template_head(struct es_setup *s, const struct http_outcome *o)
{
    const struct es_facts *f = es_cluster_facts(s->cluster);
    struct slice name = template_name(s);
    struct log_param param = LOG_TEXT("name", name);
    struct buf target = { 0 }, body = { 0 };
    struct err err = { 0 };

    if (!is_good(o) && !is_missing(o)) {
        bad_answer(s, o);
        return;
    }
    if (is_good(o) && !s->conf->template_overwrite) {
        log_debug(s->env->log,
                  "Found existing Elasticsearch template, skipping template management");
        start_alias(s);
        return;
    }
    if (es_template_body(s->conf, f, es_setup_uses_alias(s->conf, f), &body, &err) < 0) {
        fail(s, &err);
        return;
    }
    log_params(s->env->log, LOG_INFO, &param, 1, "Installing Elasticsearch template");
    ask(s, "PUT", template_target(s, &target), &body, on_template_put);
    buf_fini(&target);
}

static void
on_template_put(struct es_setup *s, const struct http_outcome *o)
{
    if (is_good(o) || is_missing(o)) {
        start_alias(s);
        return;
    }
    if (o->result == HTTP_ANSWER && o->status != 429) {
        char shown[512];
        struct log_param params[] = {
            LOG_INT("code", o->status),
            LOG_TEXT("body", utf8_shown(o->body, shown, sizeof shown)),
        };

        log_params(s->env->log, LOG_ERROR, params, 2, "Failed to install template");
    }
    bad_answer(s, o);
}

/* ---- rollover alias and policy ---- */

static void
start_alias(struct es_setup *s)
{
    const struct es_conf *c = s->conf;
    const struct es_facts *f = es_cluster_facts(s->cluster);
    struct buf target = { 0 };
    struct err err = { 0 };

    if (c->ilm_enabled == ES_TRUE && !c->to_data_streams &&
        (f->family == ES_OPENSEARCH || f->family == ES_SERVERLESS)) {
        err_set(&err, ERR_CONFIG,
                "`ilm_enabled => true`: the cluster at %s has no index lifecycle management",
                s->host->name);
        fail(s, &err);
        return;
    }
    if (!es_setup_uses_alias(c, f)) {
        finish(s, ES_SETUP_DONE, NULL);
        return;
    }
    if (!c->index_is_default)
        log_warn(s->env->log, "Overwriting supplied index %.*s with rollover alias %.*s",
                 SLICE_ARGS(template_source(c->index)), SLICE_ARGS(c->ilm_rollover_alias));
    buf_byte(&target, '/');
    url_escape(c->ilm_rollover_alias, &target);
    ask(s, "HEAD", buf_slice(&target), NULL, on_alias_head);
    buf_fini(&target);
}

static void
ask_policy(struct es_setup *s)
{
    struct buf target = { 0 };

    buf_append(&target, SLICE("/_ilm/policy/"));
    url_escape(s->conf->ilm_policy, &target);
    ask(s, "GET", buf_slice(&target), NULL, on_policy);
    buf_fini(&target);
}

static void
put_alias(struct es_setup *s)
{
    struct slice alias = s->conf->ilm_rollover_alias;
    struct buf name = { 0 }, target = { 0 }, body = { 0 };
    json_t *json;
    char *text, *key = xstrndup(alias.p, alias.n);

    buf_printf(&name, "<%.*s-%.*s>", SLICE_ARGS(alias), SLICE_ARGS(s->conf->ilm_pattern));
    buf_byte(&target, '/');
    url_escape(buf_slice(&name), &target);
    json = json_pack("{s:{s:{s:b}}}", "aliases", key, "is_write_index", 1);
    text = json_dumps(json, JSON_COMPACT);
    buf_append(&body, slice_of(text));
    ask(s, "PUT", buf_slice(&target), &body, on_alias_put);
    free(text);
    free(key);
    json_decref(json);
    buf_fini(&name);
    buf_fini(&target);
}

static void
on_alias_head(struct es_setup *s, const struct http_outcome *o)
{
    if (is_missing(o))
        put_alias(s);
    else if (is_good(o))
        ask_policy(s);
    else
        bad_answer(s, o);
}

static void
on_alias_put(struct es_setup *s, const struct http_outcome *o)
{
    struct log_param param = LOG_TEXT("name", s->conf->ilm_rollover_alias);

    if (is_good(o)) {
        log_params(s->env->log, LOG_INFO, &param, 1, "Created rollover alias");
    } else if (o->result == HTTP_ANSWER && o->status == 400) {
        log_params(s->env->log, LOG_INFO, &param, 1, "Rollover alias already exists, skipping");
    } else {
        bad_answer(s, o);
        return;
    }
    ask_policy(s);
}

static const char default_policy[] = "{\"policy\":{\"phases\":{\"hot\":{\"actions\":{\"rollover\":"
                                     "{\"max_size\":\"50gb\",\"max_age\":\"30d\"}}}}}}";

static void
on_policy(struct es_setup *s, const struct http_outcome *o)
{
    struct slice policy = s->conf->ilm_policy;
    struct log_param param = LOG_TEXT("name", policy);
    struct buf body = { 0 };
    struct err err = { 0 };

    if (is_good(o)) {
        finish(s, ES_SETUP_DONE, NULL);
        return;
    }
    if (!is_missing(o)) {
        bad_answer(s, o);
        return;
    }
    if (!slice_eq(policy, SLICE("logstash-policy"))) {
        err_set(&err, ERR_CONFIG,
                "The specified ILM policy %.*s does not exist on your Elasticsearch instance",
                SLICE_ARGS(policy));
        fail(s, &err);
        return;
    }
    log_params(s->env->log, LOG_INFO, &param, 1, "Installing ILM policy");
    buf_append(&body, slice_of(default_policy));
    ask(s, "PUT", SLICE("/_ilm/policy/logstash-policy"), &body, on_policy_put);
}

static void
on_policy_put(struct es_setup *s, const struct http_outcome *o)
{
    if (is_good(o))
        finish(s, ES_SETUP_DONE, NULL);
    else
        bad_answer(s, o);
}

/* ---- start ---- */

static bool
has_streams(const struct es_setup *s)
{
    return es_cluster_facts(s->cluster)->family == ES_OPENSEARCH ||
           es_cluster_is_at_least(s->cluster, 7, 9);
}

/* Asked for its cluster id, as the reference does; nobody here needs it yet. */
static void
on_uuid(struct es_setup *s, const struct http_outcome *o)
{
    struct err err = { 0 };

    if (o->result != HTTP_ANSWER) {
        bad_answer(s, o);
        return;
    }
    if (!is_good(o))
        log_warn(s->env->log, "Unable to retrieve Elasticsearch cluster uuid: status %u",
                 o->status);
    if (s->conf->to_data_streams && !has_streams(s)) {
        err_set(&err, ERR_CONFIG, "data streams need Elasticsearch 7.9.0 or later, this is %s",
                es_cluster_facts(s->cluster)->number);
        log_error(s->env->log, "Elasticsearch version does not support data streams, Logstash "
                               "might end up writing to an index");
        fail(s, &err);
        return;
    }
    start_template(s);
}

struct es_setup *
es_setup_start(struct es_cluster *cluster, struct es_host *h, const struct es_conf *conf,
               const struct sink_env *env, es_setup_fn *done, void *arg)
{
    struct es_setup *s = xcalloc(1, sizeof *s);

    *s = (struct es_setup){ cluster, h, conf, env, done, arg, .next = NULL };
    ask(s, "GET", SLICE("/"), NULL, on_uuid);
    return s;
}

void
es_setup_cancel(struct es_setup **at)
{
    struct es_setup *s = *at;

    *at = NULL;
    if (s == NULL)
        return;
    http_client_cancel(s->host->client, &s->call.request);
    es_call_fini(&s->call);
    free(s);
}
