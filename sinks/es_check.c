/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/es_check.h"

#include "codec/base/log.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct es_check {
    struct es_host *host;
    const struct es_conf *conf;
    const struct log *log;
    bool registration;
    bool healthy;
    es_checked_fn *done;
    struct es_check_result result;
    struct es_call call;
    void (*next)(struct es_check *c, const struct http_outcome *o);
};

static void on_health(struct es_check *c, const struct http_outcome *o);
static void on_root(struct es_check *c, const struct http_outcome *o);
static void on_serverless(struct es_check *c, const struct http_outcome *o);
static void on_license(struct es_check *c, const struct http_outcome *o);

static void
on_answer(struct es_call *call, const struct http_outcome *o)
{
    struct es_check *c = call->arg;

    c->next(c, o);
}

static void
ask(struct es_check *c, const char *method, struct slice target, const char *version,
    void (*next)(struct es_check *c, const struct http_outcome *o))
{
    es_call_fini(&c->call);
    c->call = (struct es_call){ .done = on_answer, .arg = c };
    if (version != NULL)
        buf_printf(&c->call.headers, "Elastic-Api-Version: %s\r\n", version);
    c->next = next;
    es_call_send(&c->call, c->host, method, target, NULL, 0, 0);
}

static void
finish(struct es_check *c, enum es_host_state state)
{
    struct es_check copy = *c;

    copy.result.state = state;
    es_call_fini(&c->call);
    free(c);
    copy.done(copy.host, &copy.result);
}

/* Not alive; a host that never was is still unknown. */
static void
give_up(struct es_check *c)
{
    finish(c, c->host->state == ES_HOST_DEAD ? ES_HOST_DEAD : ES_HOST_UNKNOWN);
}

static void
refuse(struct es_check *c, const char *text)
{
    err_set(&c->result.refused, ERR_CONFIG, "%s", text);
    give_up(c);
}

static void
log_unreachable(struct es_check *c, const struct http_outcome *o)
{
    char text[ERR_MSG + 64];
    struct log_param params[] = {
        LOG_TEXT("url", slice_of(c->host->name)),
        LOG_TEXT("message", es_outcome_text(o, text, sizeof text)),
    };

    log_params(c->log, LOG_WARN, params, 2,
               "Attempted to resurrect connection to dead ES instance, but got an error");
}

static bool
is_good(const struct http_outcome *o)
{
    return o->result == HTTP_ANSWER && o->status >= 200 && o->status < 300;
}

/* ---- health ---- */

static void
on_health(struct es_check *c, const struct http_outcome *o)
{
    struct log_param params[] = { LOG_INT("code", o->status),
                                  LOG_TEXT("url", slice_of(c->host->name)) };

    if (o->result == HTTP_CANCELED) {
        give_up(c);
        return;
    }
    if (o->result != HTTP_ANSWER) {
        log_unreachable(c, o);
        give_up(c);
        return;
    }
    c->healthy = is_good(o);
    if (!c->healthy)
        log_params(c->log, LOG_WARN, params, 2, "Health check failed");
    if (c->healthy || c->registration) {
        ask(c, "GET", SLICE("/"), NULL, on_root);
        return;
    }
    log_unreachable(c, o);
    give_up(c);
}

/* ---- product and version ---- */

static const char *
member_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == NULL ? "" : text;
}

/* What the distribution says wins over the number, which may pretend to be another. */
static enum es_family
family_of(const json_t *version)
{
    const char *flavor = member_text(version, "build_flavor");

    if (strcmp(member_text(version, "distribution"), "opensearch") == 0)
        return ES_OPENSEARCH;
    if (strcmp(flavor, "serverless") == 0)
        return ES_SERVERLESS;
    return strcmp(flavor, "oss") == 0 ? ES_OSS : ES_ELASTIC;
}

int
es_root_read(struct slice body, struct es_facts *out, struct err *err)
{
    json_t *root = json_loadb(body.p, body.n, 0, NULL);
    const json_t *version = json_object_get(root, "version");
    int got = 0;

    *out = (struct es_facts){ .family = ES_UNKNOWN };
    snprintf(out->number, sizeof out->number, "%s", member_text(version, "number"));
    if (sscanf(out->number, "%u.%u", &out->major, &out->minor) < 1)
        out->major = 0;
    if (json_is_object(version))
        out->family = family_of(version);
    if (out->family == ES_UNKNOWN || (out->family != ES_OPENSEARCH && out->major < 7)) {
        out->family = ES_UNKNOWN;
        got =
            err_set(err, ERR_CONFIG, "Could not connect to a compatible version of Elasticsearch");
    }
    json_decref(root);
    return got;
}

static const char *
refusal_of(const struct http_outcome *o)
{
    if (o->status == 401)
        return "Could not read Elasticsearch. Please check the credentials";
    if (o->status == 403)
        return "Could not read Elasticsearch. Please check the privileges";
    if (o->status == 400 && slice_find(o->body, SLICE("Elastic-Api-Version"), 0) != SIZE_MAX)
        return "The Elastic-Api-Version header is not valid";
    return NULL;
}

/* A code that is not good: some of them end the registration. */
static void
root_failed(struct es_check *c, const struct http_outcome *o)
{
    const char *refusal = o->result == HTTP_ANSWER ? refusal_of(o) : NULL;

    if (o->result == HTTP_CANCELED) {
        give_up(c);
    } else if (refusal != NULL && c->registration) {
        refuse(c, refusal);
    } else if (o->result == HTTP_ANSWER) {
        struct log_param params[] = { LOG_INT("code", o->status),
                                      LOG_TEXT("url", slice_of(c->host->name)) };

        log_params(c->log, LOG_WARN, params, 2, "Elasticsearch main endpoint returns %u",
                   o->status);
        give_up(c);
    } else {
        log_unreachable(c, o);
        give_up(c);
    }
}

static void
after_version(struct es_check *c)
{
    if (!c->healthy)
        give_up(c);
    else if (c->result.facts.family == ES_OPENSEARCH || c->result.facts.family == ES_OSS ||
             c->result.facts.family == ES_SERVERLESS)
        finish(c, ES_HOST_ALIVE); /* they have no licence */
    else
        ask(c, "GET", SLICE("/_license"), NULL, on_license);
}

static void
on_root(struct es_check *c, const struct http_outcome *o)
{
    struct buf plain = { 0 };
    struct slice body;
    struct err err = { 0 };
    int got;

    if (!is_good(o)) {
        root_failed(c, o);
        return;
    }
    got = es_answer_body(o, &plain, &body, &err);
    if (got == 0)
        got = es_root_read(body, &c->result.facts, &err);
    buf_fini(&plain);
    if (got < 0 && c->registration)
        refuse(c, err.msg);
    else if (got == 0 && c->result.facts.family == ES_SERVERLESS &&
             es_cluster_facts(c->host->cluster)->family != ES_SERVERLESS)
        ask(c, "GET", SLICE("/"), "2023-10-31", on_serverless);
    else
        after_version(c);
}

static void
on_serverless(struct es_check *c, const struct http_outcome *o)
{
    if (is_good(o))
        after_version(c);
    else
        root_failed(c, o);
}

/* ---- licence ---- */

static void
no_license(struct es_check *c, const struct http_outcome *o)
{
    char text[ERR_MSG + 64];
    struct log_param params[] = { LOG_TEXT("message", es_outcome_text(o, text, sizeof text)) };
    struct log_param url = LOG_TEXT("url", slice_of(c->host->name));

    if (o->result != HTTP_CANCELED) {
        log_params(c->log, LOG_ERROR, params, 1, "Unable to get license information");
        log_params(c->log, LOG_ERROR, &url, 1,
                   "Could not connect to a compatible version of Elasticsearch");
    }
    finish(c, ES_HOST_DEAD);
}

static void
on_license(struct es_check *c, const struct http_outcome *o)
{
    struct buf plain = { 0 };
    struct slice body = { NULL, 0 };
    struct err err = { 0 };
    const char *status = "";
    json_t *root = NULL;
    struct log_param params[] = { LOG_TEXT("license", slice_of("")) };

    if (is_good(o) && es_answer_body(o, &plain, &body, &err) == 0)
        root = json_loadb(body.p, body.n, 0, NULL);
    status = member_text(json_object_get(root, "license"), "status");
    if (status[0] == '\0') {
        no_license(c, o);
    } else {
        params[0].text = slice_of(status);
        if (strcmp(status, "active") != 0)
            log_params(
                c->log, LOG_WARN, params, 1,
                "Elasticsearch license is not active, please check Elasticsearch\xE2\x80\x99s "
                "licensing information");
        finish(c, ES_HOST_ALIVE);
    }
    json_decref(root);
    buf_fini(&plain);
}

/* ---- life ---- */

struct es_check *
es_check_start(struct es_host *h, const struct es_conf *conf, const struct log *log,
               bool registration, es_checked_fn *done)
{
    struct es_check *c = xcalloc(1, sizeof *c);

    c->host = h;
    c->conf = conf;
    c->log = log;
    c->registration = registration;
    c->done = done;
    ask(c, "HEAD", conf->health_target, NULL, on_health);
    return c;
}

void
es_check_cancel(struct es_check **at)
{
    struct es_check *c = *at;

    *at = NULL;
    if (c == NULL)
        return;
    http_client_cancel(c->host->client, &c->call.request);
    es_call_fini(&c->call);
    free(c);
}
