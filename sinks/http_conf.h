/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options of the http output, and an event's request by them (outputs-other.md 5).
 *
 * Const after prepare. http_write runs on workers and touches nothing shared. */
#ifndef SINKS_HTTP_CONF_H
#define SINKS_HTTP_CONF_H

#include "codec/codec.h"
#include "codec/template.h"
#include "pipeline/sink.h"
#include "sinks/url.h"

enum http_format { HTTP_JSON, HTTP_JSON_BATCH, HTTP_FORM, HTTP_MESSAGE };

/* A value of `mapping`, compiled: a text, or what is inside. */
struct http_mapped {
    struct slice key;
    struct template *text; /* NULL: a container */
    struct http_mapped *inside;
    size_t n;
    bool list;
};

struct http_conf {
    /* As written. */
    struct slice url_text, content_type, user, password, ssl_certificate, ssl_key,
        ssl_keystore_path, ssl_truststore_path;
    struct template *url, *message;
    struct opt_hash headers, mapping;
    struct opt_list ssl_certificate_authorities, ssl_cipher_suites, ssl_supported_protocols;
    const struct opt_value *retryable_codes, *ignorable_codes, *proxy;
    double request_timeout, socket_timeout, connect_timeout;
    int64_t automatic_retries, pool_max, pool_max_per_route, validate_after_inactivity;
    int http_method, format, ssl_verification_mode;
    bool http_compression, retry_failed, retry_non_idempotent, follow_redirects, keepalive, cookies,
        ssl_enabled;

    /* What follows from them. */
    const char *method;
    struct slice type;             /* of the content */
    struct http_mapped mapped;     /* n 0: no mapping */
    struct template **header_text; /* one for each of headers; NULL for json_batch */
    struct slice fields;           /* header lines of every request */
    bool may_use_tls;
    const struct plugin_context *ctx;
};

extern const struct option http_options[];

int http_conf_prepare(void *conf, const struct plugin_context *ctx, struct err *err);
bool http_is_retryable(const struct http_conf *c, unsigned status);
bool http_is_ignorable(const struct http_conf *c, unsigned status);

/* The item of one event: its URL and header lines, then the body, so that all of it waits and comes
 * again in one piece. -1: the URL is none; nothing was appended. */
int http_write(const struct http_conf *c, struct event *ev, struct buf *out, struct err *err);
/* Takes such an item apart. */
void http_item(struct slice item, struct slice *url, struct slice *fields, struct slice *body);
/* The JSON of one event, mapped or not. */
void http_write_json(const struct http_conf *c, struct event *ev, struct buf *out);

#endif
