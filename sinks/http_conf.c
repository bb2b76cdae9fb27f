/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/http_conf.h"

#include "codec/base/base64.h"
#include "codec/base/log.h"
#include "codec/json_write.h"
#include "pipeline/ruby_value.h"
#include "sinks/gzip.h"
#include "sinks/client_tls.h"
#include "sinks/http_fields.h"
#include "sinks/key_store.h"
#include "sinks/option_notes.h"

#define CLIENT    "logstash-output-http/6.0.1"
#define MAP_DEPTH 100

static const char *const methods[] = { "put", "post", "patch", "delete", "get", "head", NULL };
static const char *const method_names[] = { "PUT", "POST", "PATCH", "DELETE", "GET", "HEAD" };
static const char *const formats[] = { "json", "json_batch", "form", "message", NULL };
static const char *const content_types[] = { "application/json", "application/json",
                                             "application/x-www-form-urlencoded", "text/plain" };

#define T struct http_conf
#define OBSOLETE(old, new) \
    OPT_NOTE(old, OPTION_OBSOLETE, .help = "removed", .note = "Use `" new "` instead.")

const struct option http_options[] = {
    OPT_INT(T, automatic_retries, .dflt = "1", .min = 0, .max = 100,
            .help = "repeats at once after a failed connection, where retry_failed is false"),
    OBSOLETE("cacert", "ssl_certificate_authorities"),
    OBSOLETE("client_cert", "ssl_certificate"),
    OBSOLETE("client_key", "ssl_key"),
    OPT_NUMBER(T, connect_timeout, .dflt = "10", .help = "seconds for a connection to stand"),
    OPT_STR(T, content_type, .help = "default: by format"),
    OPT_BOOL(T, cookies, .dflt = "true", .state = OPTION_LATER_SAID,
             .help = "keep cookies from request to request"),
    OPT_BOOL(T, follow_redirects, .dflt = "true", .help = "of get and head, up to five"),
    OPT_ENUM(T, format, .choices = formats, .dflt = "json", .help = "what a body is"),
    OPT_HASH(T, headers, .help = "header lines; the values are templates"),
    OPT_BOOL(T, http_compression, .dflt = "false", .help = "gzip the body"),
    OPT_ENUM(T, http_method, .choices = methods, .required = true, .help = "the verb"),
    OPT_NUMBERS(T, ignorable_codes, .help = "codes that are as good as 2xx"),
    OPT_BOOL(T, keepalive, .dflt = "true", .state = OPTION_IGNORED, .help = "use connections again",
             .note = "They always are"),
    OBSOLETE("keystore", "ssl_keystore_path"),
    OBSOLETE("keystore_password", "ssl_keystore_password"),
    OBSOLETE("keystore_type", "ssl_keystore_type"),
    OPT_HASH(T, mapping, .help = "what is sent, instead of the event; the values are templates"),
    OPT_TEMPLATE(T, message, .help = "the body, with format message"),
    OPT_PASSWORD(T, password, .help = "with user"),
    OPT_INT(T, pool_max, .dflt = "50", .min = 1, .max = 100000, .help = "requests at once"),
    OPT_INT(T, pool_max_per_route, .dflt = "25", .min = 1, .max = 100000,
            .help = "of them to one server"),
    OPT_ANY(T, proxy, .state = OPTION_REFUSED_SAID, .help = "forward proxy",
            .note = "There is none"),
    OPT_NUMBER(T, request_timeout, .dflt = "60", .state = OPTION_IGNORED,
               .help = "seconds until a request gets a connection",
               .note = "A request that waits for one waits"),
    OPT_BOOL(T, retry_failed, .dflt = "true", .help = "try again after failures, for ever"),
    OPT_BOOL(T, retry_non_idempotent, .dflt = "false",
             .help = "automatic_retries also of post and patch"),
    OPT_NUMBERS(T, retryable_codes,
                .help = "codes to try again after; default 429, 500, 502, "
                        "503, 504"),
    OPT_NUMBER(T, socket_timeout, .dflt = "10", .help = "seconds to wait for an answer"),
    CLIENT_TLS_OPTIONS(T, OPT_BOOL(T, ssl_enabled, .dflt = "true",
                                   .help = "false: the other ssl_ options are ignored")),
    OBSOLETE("truststore", "ssl_truststore_path"),
    OBSOLETE("truststore_password", "ssl_truststore_password"),
    OBSOLETE("truststore_type", "ssl_truststore_type"),
    OPT_TEMPLATE(T, url, .required = true, .help = "where to; a template but with json_batch"),
    OPT_STR(T, user, .help = "with password"),
    OPT_INT(T, validate_after_inactivity, .dflt = "200", .min = INT32_MIN, .max = INT32_MAX,
            .state = OPTION_IGNORED, .help = "milliseconds until an unused connection is tested",
            .note = "A connection that was closed meanwhile is noticed"),
    OPT_END,
};

#undef T

/* ---- codes ---- */

static bool
has_code(const struct opt_value *codes, unsigned status)
{
    for (size_t i = 0; codes != NULL && i < codes->n; i++)
        if (codes->list[i].number == (int64_t)status)
            return true;
    return false;
}

bool
http_is_retryable(const struct http_conf *c, unsigned status)
{
    if (c->retryable_codes != NULL)
        return has_code(c->retryable_codes, status);
    return status == 429 || status == 500 || (status >= 502 && status <= 504);
}

bool
http_is_ignorable(const struct http_conf *c, unsigned status)
{
    return has_code(c->ignorable_codes, status);
}

/* ---- options ---- */

static int
compile_mapping(const struct plugin_context *ctx, const struct opt_value *v,
                struct http_mapped *out, unsigned depth, struct err *err)
{
    if (depth > MAP_DEPTH)
        return err_set(err, ERR_CONFIG, "mapping: more than %d levels", MAP_DEPTH);
    if (v->kind != OV_HASH && v->kind != OV_LIST) {
        if (template_compile(ctx->arena, v->text, ctx->escape, &out->text, err) < 0)
            return err_prefix(err, "mapping");
        return 0;
    }
    out->list = v->kind == OV_LIST;
    out->n = v->n;
    out->inside = arena_calloc(ctx->arena, v->n + 1, sizeof *out->inside);
    for (size_t i = 0; i < v->n; i++) {
        const struct opt_value *inner = out->list ? &v->list[i] : &v->pairs[i].value;

        if (!out->list)
            out->inside[i].key = v->pairs[i].key;
        if (compile_mapping(ctx, inner, &out->inside[i], depth + 1, err) < 0)
            return -1;
    }
    return 0;
}

static int
check_content(struct http_conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct opt_value mapping = { .kind = OV_HASH, .pairs = c->mapping.at, .n = c->mapping.n };

    if (c->format == HTTP_MESSAGE && c->message == NULL)
        return err_set(err, ERR_CONFIG, "message must be set if message format is used");
    if (c->format == HTTP_MESSAGE && c->mapping.n > 0)
        option_warn(ctx, "mapping is not supported and will be ignored if message format is used");
    c->type = c->content_type.p != NULL ? c->content_type : slice_of(content_types[c->format]);
    if (c->format == HTTP_MESSAGE)
        return 0;
    return compile_mapping(ctx, &mapping, &c->mapped, 0, err);
}

static int
check_tls(const struct http_conf *c, const struct plugin_context *ctx, struct err *err)
{
    bool any = c->ssl_certificate.p != NULL || c->ssl_key.p != NULL ||
               c->ssl_certificate_authorities.n > 0;

    key_stores_refuse(ctx, c->ssl_keystore_path, c->ssl_truststore_path);
    if (c->ssl_certificate_authorities.n > 1)
        return err_set(err, ERR_CONFIG,
                       "Multiple values on `ssl_certificate_authorities` are not supported by "
                       "this plugin");
    if ((c->ssl_certificate.p != NULL) != (c->ssl_key.p != NULL))
        return err_set(err, ERR_CONFIG, "`ssl_certificate` and `ssl_key` need each other");
    if (!c->ssl_enabled && any)
        option_warn(ctx,
                    "Configured SSL settings are not used when `ssl_enabled` is set to `false`");
    return 0;
}

static int
check_transport(const struct http_conf *c, const struct plugin_context *ctx, struct err *err)
{
    if (c->proxy != NULL)
        return err_set(err, ERR_CONFIG, "proxy: forward proxies are not supported");
    if ((c->user.n > 0) != (c->password.n > 0))
        return err_set(err, ERR_CONFIG, "user and password need each other");
    if (c->socket_timeout <= 0 || c->connect_timeout <= 0)
        return err_set(err, ERR_CONFIG, "socket_timeout and connect_timeout must be positive");
    if (c->cookies && option_is_given(ctx, "cookies"))
        option_warn(ctx, "cookies => true: cookies are not kept");
    if (http_fields_check(&c->headers, err) < 0)
        return err_prefix(err, "headers");
    return 0;
}

/* ---- header lines ---- */

/* The operator's own are there as names only: their values come with each event. Content-Type is
 * always ours. */
static void
make_fields(struct http_conf *c, struct arena *a)
{
    struct buf out = { 0 }, agent = { 0 }, plain = { 0 }, coded = { 0 };

    http_user_agent(&agent, CLIENT);
    http_field_put(&out, &c->headers, "User-Agent", buf_slice(&agent));
    http_field_put(&out, &c->headers, "Accept-Encoding", SLICE("gzip,deflate"));
    buf_printf(&out, "Content-Type: %.*s\r\n", SLICE_ARGS(c->type));
    if (c->http_compression)
        buf_append(&out, SLICE("Content-Encoding: gzip\r\n"));
    if (c->user.n > 0) {
        buf_printf(&plain, "%.*s:%.*s", SLICE_ARGS(c->user), SLICE_ARGS(c->password));
        buf_append(&coded, SLICE("Basic "));
        base64_encode(buf_slice(&plain), &coded);
        http_field_put(&out, &c->headers, "Authorization", buf_slice(&coded));
    }
    c->fields = arena_copy(a, buf_slice(&out));
    buf_fini(&out);
    buf_fini(&agent);
    buf_fini(&plain);
    buf_fini(&coded);
}

static bool
is_ours(struct slice name)
{
    static const char *const ours[] = { "Content-Type", "Content-Length", "Connection", "Host" };

    for (size_t i = 0; i < COUNT(ours); i++)
        if (slice_eq_nocase(name, slice_of(ours[i])))
            return true;
    return false;
}

static int
compile_headers(struct http_conf *c, const struct plugin_context *ctx, struct err *err)
{
    c->header_text = arena_calloc(ctx->arena, c->headers.n + 1, sizeof(struct template *));
    for (size_t i = 0; i < c->headers.n; i++)
        if (c->format != HTTP_JSON_BATCH &&
            template_compile(ctx->arena, c->headers.at[i].value.text, ctx->escape,
                             &c->header_text[i], err) < 0)
            return err_prefix(err, "headers");
    return 0;
}

static int
check_url(struct http_conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct slice literal;
    struct url u;

    c->url_text = template_source(c->url);
    c->may_use_tls = !slice_starts(c->url_text, SLICE("http://"));
    if (!template_is_literal(c->url, &literal) && c->format != HTTP_JSON_BATCH)
        return 0;
    if (url_parse(ctx->arena, c->url_text, &u, err) < 0)
        return err_prefix(err, "url");
    if (!slice_eq(u.scheme, SLICE("http")) && !slice_eq(u.scheme, SLICE("https")))
        return err_set(err, ERR_CONFIG, "url: the scheme is not http or https");
    return 0;
}

int
http_conf_prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct http_conf *c = conf;

    c->ctx = ctx;
    c->method = method_names[c->http_method];
    if (check_url(c, ctx, err) < 0 || check_content(c, ctx, err) < 0 ||
        check_tls(c, ctx, err) < 0 || check_transport(c, ctx, err) < 0 ||
        compile_headers(c, ctx, err) < 0)
        return -1;
    make_fields(c, ctx->arena);
    return 0;
}

/* ---- bodies ---- */

static struct value
map_value(const struct http_mapped *m, struct event *ev, struct buf *scratch)
{
    struct arena *a = event_arena(ev);
    struct value made;

    if (m->text != NULL) {
        buf_clear(scratch);
        template_render(m->text, ev, scratch);
        return value_str(a, buf_slice(scratch));
    }
    made = m->list ? value_array(a) : value_object(a);
    for (size_t i = 0; i < m->n; i++) {
        struct value inside = map_value(&m->inside[i], ev, scratch);

        value_assign(m->list ? value_push(a, &made) : value_put(a, &made, m->inside[i].key),
                     inside);
    }
    made.flags |= V_CHANGED;
    return made;
}

/* What is sent: the mapping's values, or the event. */
static struct value
content_of(const struct http_conf *c, struct event *ev)
{
    struct buf scratch = { 0 };
    struct value v;

    if (c->mapped.n == 0)
        return ev->data;
    v = map_value(&c->mapped, ev, &scratch);
    buf_fini(&scratch);
    return v;
}

void
http_write_json(const struct http_conf *c, struct event *ev, struct buf *out)
{
    struct value v = content_of(c, ev);

    value_write(&v, out);
}

/* application/x-www-form-urlencoded: a blank is a plus. */
static void
put_form_text(struct slice s, struct buf *out)
{
    struct slice word;
    bool first = true;

    while (slice_split(&s, ' ', &word)) {
        if (!first)
            buf_byte(out, '+');
        url_escape(word, out);
        first = false;
    }
}

static void
put_form(const struct http_conf *c, struct event *ev, struct buf *out)
{
    struct arena *a = event_arena(ev);
    struct value v = content_of(c, ev);
    struct buf text = { 0 };

    for (uint32_t i = 0; i < value_count(a, &v); i++) {
        struct value *member = value_at(a, &v, i);

        if (i > 0)
            buf_byte(out, '&');
        put_form_text(value_key(a, member), out);
        buf_byte(out, '=');
        buf_clear(&text);
        ruby_value_print(a, member, &text);
        put_form_text(buf_slice(&text), out);
    }
    buf_fini(&text);
}

static void
put_body(const struct http_conf *c, struct event *ev, struct buf *out)
{
    switch ((enum http_format)c->format) {
    case HTTP_JSON:
    case HTTP_JSON_BATCH: http_write_json(c, ev, out); return;
    case HTTP_FORM: put_form(c, ev, out); return;
    case HTTP_MESSAGE: template_render(c->message, ev, out); return;
    }
}

/* ---- items ---- */

struct item_head {
    uint32_t url_bytes, fields_bytes;
};

/* A line end that came with an event must not start a header of its own. */
static void
put_headers(const struct http_conf *c, struct event *ev, struct buf *out)
{
    for (size_t i = 0; i < c->headers.n; i++) {
        struct slice name = c->headers.at[i].key;
        size_t from;

        if (is_ours(name))
            continue;
        buf_append(out, name);
        buf_append(out, SLICE(": "));
        from = out->n;
        template_render(c->header_text[i], ev, out);
        for (size_t k = from; k < out->n; k++)
            if ((unsigned char)out->p[k] < 0x20 || out->p[k] == 0x7F)
                out->p[k] = ' ';
        buf_append(out, SLICE("\r\n"));
    }
}

static int
check_event_url(struct event *ev, struct slice text, struct err *err)
{
    struct url u;

    for (size_t i = 0; i < text.n; i++)
        if (strchr("\"<>\\^`{|}", text.p[i]) != NULL)
            return err_set(err, ERR_PARSE, "Illegal character in URI at index %zu", i);
    if (url_parse(event_arena(ev), text, &u, err) < 0)
        return -1;
    if (!slice_eq(u.scheme, SLICE("http")) && !slice_eq(u.scheme, SLICE("https")))
        return err_set(err, ERR_PARSE, "the scheme is not http or https");
    return 0;
}

static void
compress_from(struct buf *out, size_t from)
{
    struct buf member = { 0 };

    gzip_member((struct slice){ out->p + from, out->n - from }, 1, &member);
    out->n = from;
    buf_append(out, buf_slice(&member));
    buf_fini(&member);
}

int
http_write(const struct http_conf *c, struct event *ev, struct buf *out, struct err *err)
{
    struct item_head head;
    size_t start = out->n, from;

    buf_reserve(out, sizeof head);
    out->n += sizeof head;
    from = out->n;
    template_render(c->url, ev, out);
    head.url_bytes = (uint32_t)(out->n - from);
    if (check_event_url(ev, (struct slice){ out->p + from, out->n - from }, err) < 0) {
        char shown[256];

        err_prefix(err, "%s",
                   log_escape((struct slice){ out->p + from, out->n - from }, shown, sizeof shown));
        out->n = start;
        return -1;
    }
    from = out->n;
    put_headers(c, ev, out);
    head.fields_bytes = (uint32_t)(out->n - from);
    memcpy(out->p + start, &head, sizeof head);
    from = out->n;
    put_body(c, ev, out);
    if (c->http_compression)
        compress_from(out, from);
    return 0;
}

void
http_item(struct slice item, struct slice *url, struct slice *fields, struct slice *body)
{
    struct item_head head;

    memcpy(&head, item.p, sizeof head);
    *url = (struct slice){ item.p + sizeof head, head.url_bytes };
    *fields = (struct slice){ url->p + url->n, head.fields_bytes };
    *body = slice_between(fields->p + fields->n, item.p + item.n);
}
