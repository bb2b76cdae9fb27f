/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `hosts`, `cloud_id` and credentials to URLs (output-elasticsearch.md 1.2 to 1.5). Pure. */
#ifndef SINKS_ES_URL_H
#define SINKS_ES_URL_H

#include "codec/option.h"
#include "sinks/url.h"

/* What the operator wrote; p NULL: nothing. */
struct es_url_input {
    struct slice *hosts;
    size_t hosts_n;
    struct slice cloud_id;
    struct slice path, user, password;
    const struct opt_hash *parameters;
    bool ssl_enabled; /* was set to true */
    bool sniffing;
};

struct es_urls {
    struct url *at; /* complete: scheme, port, path without slash at the end */
    size_t n;
    bool tls;
};

int es_urls_make(struct arena *a, const struct es_url_input *in, struct es_urls *out,
                 struct err *err);
/* "http://es1:9200/es?a=1", credentials hidden; for logs and tests. */
struct slice es_url_text(struct arena *a, const struct url *u, bool with_user);
/* Slashes at the front, none doubled, none at the end: "" or "/es". */
struct slice es_path_clean(struct arena *a, struct slice path);

/* "Basic dXNlcjpwYXNz". */
struct slice es_auth_basic(struct arena *a, struct slice user, struct slice password);
/* "ApiKey ..." */
int es_auth_api_key(struct arena *a, struct slice key, struct slice *out, struct err *err);
/* Splits user:password. */
int es_cloud_auth(struct slice text, struct slice *user, struct slice *password, struct err *err);

#endif
