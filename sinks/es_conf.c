/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/es_conf.h"

#include "codec/text_codec.h"
#include "sinks/client_tls.h"
#include "sinks/http_fields.h"
#include "sinks/key_store.h"
#include "sinks/option_notes.h"

#include <stdio.h>

static const char *const auto_choices[] = { "true", "false", "auto", NULL };
static const char *const script_types[] = { "inline", "indexed", "file", NULL };
static const char *const api_choices[] = { "auto", "legacy", "composable", NULL };
static const char *const version_types[] = { "internal",     "external", "external_gt",
                                             "external_gte", "force",    NULL };
enum { VERSION_INTERNAL, VERSION_EXTERNAL, VERSION_GT, VERSION_GTE, VERSION_FORCE };

const char *const es_stream_types[] = { "logs", "metrics", "synthetics", "traces", NULL };

#define T struct es_conf
#define OBSOLETE(old, new) \
    OPT_NOTE(old, OPTION_OBSOLETE, .help = "removed", .note = "Set '" new "' instead.")

const struct option es_options[] = {
    OPT_STR(T, action, .help = "index, create, update or delete; a template"),
    OPT_PASSWORD(T, api_key, .help = "API key, encoded or id:key; needs TLS"),
    OPT_STR(T, bulk_path, .help = "path of bulk requests"),
    OPT_SHA256(T, ca_trusted_fingerprint, .help = "SHA-256 of a trusted certificate authority"),
    OBSOLETE("cacert", "ssl_certificate_authorities"),
    OPT_PASSWORD(T, cloud_auth, .help = "user:password"),
    OPT_STR(T, cloud_id, .help = "where an Elastic Cloud deployment is; instead of hosts"),
    OPT_INT(T, compression_level, .dflt = "1", .min = 0, .max = 9,
            .help = "of bulk requests; 0: not compressed"),
    OPT_HASH(T, custom_headers, .help = "headers of every request; they win over ours"),
    OPT_ENUM(T, data_stream, .choices = auto_choices,
             .help = "write to data streams; auto: unless another option speaks against it"),
    OPT_BOOL(T, data_stream_auto_routing, .dflt = "true",
             .help = "the event's data_stream fields decide where it goes"),
    OPT_STR(T, data_stream_dataset, .dflt = "generic", .help = "second part of the stream's name"),
    OPT_STR(T, data_stream_namespace, .dflt = "default", .help = "third part of the stream's name"),
    OPT_BOOL(T, data_stream_sync_fields, .dflt = "true",
             .help = "documents get the data_stream fields of where they go"),
    OPT_ENUM(T, data_stream_type, .choices = es_stream_types, .dflt = "logs",
             .help = "first part of the stream's name"),
    OPT_NUMBERS(T, dlq_custom_codes, .help = "item codes for the dead letter queue"),
    OPT_BOOL(T, dlq_on_failed_indexname_interpolation, .dflt = "true",
             .help = "an index name with a reference left in it is not sent"),
    OPT_BOOL(T, doc_as_upsert, .dflt = "false", .help = "an update creates what is not there"),
    OPT_TEMPLATE(T, document_id, .help = "_id of the document"),
    OPT_TEMPLATE(T, document_type, .state = OPTION_DEPRECATED, .help = "_type, for 7.x only",
                 .note = "Document types are removed entirely since Elasticsearch 8"),
    OPT_STRINGS(T, drop_error_types, .help = "error types of items that are given up"),
    OPT_ENUM(T, ecs_compatibility, .choices = ecs_choices,
             .help = "default names; as the pipeline"),
    OPT_LIST(T, failure_type_logging_whitelist, .state = OPTION_DEPRECATED,
             .help = "error types without log lines",
             .note = "Deprecated, refer to `silence_errors_in_log`."),
    OPT_STR(T, healthcheck_path, .help = "path of the check of a host"),
    OPT_URIS(T, hosts, .dflt = "//127.0.0.1", .help = "where to send"),
    OPT_BOOL(T, http_compression, .state = OPTION_DEPRECATED, .help = "level 1 or 0",
             .note = "Set 'compression_level' instead."),
    OPT_ENUM(T, ilm_enabled, .choices = auto_choices, .dflt = "auto",
             .help = "index lifecycle management"),
    OPT_STR(T, ilm_pattern, .dflt = "{now/d}-000001",
            .help = "of the first index behind the alias"),
    OPT_STR(T, ilm_policy, .dflt = "logstash-policy", .help = "policy for the indices"),
    OPT_STR(T, ilm_rollover_alias, .help = "alias that all events go to"),
    OPT_TEMPLATE(T, index, .help = "index to write to"),
    OPT_STR(T, join_field, .help = "field that becomes the join with parent"),
    OBSOLETE("keystore", "ssl_keystore_path"),
    OBSOLETE("keystore_password", "ssl_keystore_password"),
    OPT_BOOL(T, manage_template,
             .help = "install an index template; default: true but for streams"),
    OPT_TEMPLATE(T, parent, .help = "parent document; with join_field"),
    OPT_PASSWORD(T, password, .help = "with user"),
    OPT_STR(T, path, .help = "prefix of all paths"),
    OPT_HASH(T, parameters, .help = "query parameters of every request"),
    OPT_TEMPLATE(T, pipeline, .help = "ingest pipeline"),
    OPT_INT(T, pool_max, .dflt = "1000", .min = 1, .max = 1000000, .help = "connections in all"),
    OPT_INT(T, pool_max_per_route, .dflt = "100", .min = 1, .max = 1000000,
            .help = "connections to a host"),
    OPT_URI(T, proxy, .state = OPTION_REFUSED_SAID, .help = "forward proxy",
            .note = "There is none"),
    OPT_NUMBER(T, resurrect_delay, .dflt = "5", .help = "seconds between checks of dead hosts"),
    OPT_NUMBER(T, retry_initial_interval, .dflt = "2", .help = "seconds of the first pause"),
    OPT_NUMBER(T, retry_max_interval, .dflt = "64", .help = "seconds of the longest pause"),
    OPT_INT(T, retry_on_conflict, .dflt = "1", .min = 0, .max = INT32_MAX,
            .help = "of updates, inside the cluster"),
    OPT_TEMPLATE(T, routing, .help = "routing of the document"),
    OPT_TEMPLATE(T, script, .help = "script of an update"),
    OPT_STR(T, script_lang, .dflt = "painless", .help = "its language; empty: left out"),
    OPT_ENUM(T, script_type, .choices = script_types, .dflt = "inline",
             .help = "text, or name of a stored one"),
    OPT_STR(T, script_var_name, .dflt = "event", .help = "its parameter that holds the event"),
    OPT_BOOL(T, scripted_upsert, .dflt = "false", .help = "the script also makes new documents"),
    OPT_LIST(T, silence_errors_in_log, .help = "error types of items without log lines"),
    OPT_BOOL(T, sniffing, .dflt = "false", .state = OPTION_LATER_SAID,
             .help = "ask the cluster for its hosts"),
    OPT_NUMBER(T, sniffing_delay, .dflt = "5", .state = OPTION_LATER_SAID,
               .help = "seconds between questions"),
    OPT_STR(T, sniffing_path, .state = OPTION_LATER_SAID, .help = "path of the question"),
    OBSOLETE("ssl", "ssl_enabled"),
    OBSOLETE("ssl_certificate_verification", "ssl_verification_mode"),
    CLIENT_TLS_OPTIONS(T, OPT_BOOL(T, ssl_enabled, .help = "default: what the URLs say")),
    OPT_PATH(T, template, .help = "JSON file of the index template"),
    OPT_ENUM(T, template_api, .choices = api_choices, .dflt = "auto", .help = "kind of template"),
    OPT_STR(T, template_name, .help = "its name"),
    OPT_BOOL(T, template_overwrite, .dflt = "false", .help = "install it also if it is there"),
    OPT_NUMBER(T, timeout, .dflt = "60", .help = "seconds to wait for an answer"),
    OBSOLETE("truststore", "ssl_truststore_path"),
    OBSOLETE("truststore_password", "ssl_truststore_password"),
    OPT_TEMPLATE(T, upsert, .help = "JSON of the document that an update creates"),
    OPT_STR(T, user, .help = "with password"),
    OPT_INT(T, validate_after_inactivity, .dflt = "10000", .min = INT32_MIN, .max = INT32_MAX,
            .state = OPTION_IGNORED, .help = "milliseconds until an unused connection is tested",
            .note = "A connection that was closed meanwhile is noticed"),
    OPT_TEMPLATE(T, version, .help = "version of the document"),
    OPT_ENUM(T, version_type, .choices = version_types, .help = "what the version means"),
    OPT_END,
};

#undef T

/* ---- action and versions ---- */

static int
check_action(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    size_t open = slice_find(c->action, SLICE("%{"), 0);

    c->action_fixed = c->to_data_streams ? ES_CREATE : ES_INDEX;
    if (c->action.p == NULL)
        return 0;
    if (c->action.n == 0)
        return err_set(err, ERR_CONFIG, "No action specified!");
    if (open != SIZE_MAX && slice_find_byte(c->action, '}', open) > open + 2)
        return template_compile(ctx->arena, c->action, ctx->escape, &c->action_template, err);
    if (!es_action_find(c->action, &c->action_fixed))
        return err_set(err, ERR_CONFIG,
                       "Action '%.*s' is invalid! Pick one of [\"index\", \"delete\", \"create\", "
                       "\"update\"] or use a sprintf style statement",
                       SLICE_ARGS(c->action));
    return 0;
}

static int
check_write_options(const struct es_conf *c, struct err *err)
{
    bool fixed = c->action.p != NULL && c->action_template == NULL;
    bool external = c->version_type == VERSION_EXTERNAL || c->version_type == VERSION_GT ||
                    c->version_type == VERSION_GTE;

    if (fixed && c->action_fixed == ES_UPDATE && c->document_id == NULL)
        return err_set(err, ERR_CONFIG, "Specifying action => 'update' needs a document_id.");
    if (c->doc_as_upsert && c->scripted_upsert)
        return err_set(err, ERR_CONFIG,
                       "doc_as_upsert and scripted_upsert are mutually exclusive.");
    if (!external)
        return 0;
    if (c->version == NULL)
        return err_set(err, ERR_CONFIG,
                       "External versioning requires the presence of a version number.");
    if (fixed && (c->action_fixed == ES_CREATE || c->action_fixed == ES_UPDATE))
        return err_set(err, ERR_CONFIG, "External versioning is not supported by the %.*s action.",
                       SLICE_ARGS(es_action_name(c->action_fixed)));
    return 0;
}

/* ---- where to, and who we are ---- */

/* The option's type made a URI of everything; as written it is one, or a bare host. */
static int
check_hosts_as_written(const struct plugin_context *ctx, struct err *err)
{
    for (size_t i = 0; ctx->given != NULL && i < ctx->given->n; i++) {
        const struct opt_pair *o = &ctx->given->options[i];
        const struct opt_value *at = o->value.kind == OV_LIST ? o->value.list : &o->value;
        size_t n = o->value.kind == OV_LIST ? o->value.n : 1;

        if (!slice_eq(o->key, SLICE("hosts")))
            continue;
        for (size_t k = 0; k < n; k++) {
            struct slice text = at[k].text;

            if (slice_find(text, SLICE("//"), 0) == SIZE_MAX &&
                slice_find(text, SLICE("${"), 0) == SIZE_MAX &&
                slice_find_byte(text, '/', 0) != SIZE_MAX)
                return err_set(err, ERR_CONFIG,
                               "hosts: URI is not valid - host is not specified: \"%.*s\"",
                               SLICE_ARGS(text));
        }
    }
    return 0;
}

static int
make_urls(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct es_url_input in = {
        .hosts = c->hosts.at,
        .hosts_n = c->hosts.n,
        .cloud_id = c->cloud_id,
        .path = c->path,
        .user = c->user,
        .password = c->password,
        .parameters = &c->parameters,
        .ssl_enabled = c->ssl_enabled,
        .sniffing = c->sniffing,
    };

    if (c->cloud_id.p != NULL && (c->hosts.given || option_is_given(ctx, "hosts")))
        return err_set(err, ERR_CONFIG,
                       "Both cloud_id and hosts specified, please only use one of those.");
    if (check_hosts_as_written(ctx, err) < 0)
        return -1;
    if (option_is_given(ctx, "hosts") && c->hosts.n == 0) /* also [""], and variables that are */
        return err_set(err, ERR_CONFIG, "hosts: must not be empty");
    return es_urls_make(ctx->arena, &in, &c->urls, err);
}

static int
check_credentials(struct es_conf *c, struct err *err)
{
    int ways = (c->user.p != NULL || c->password.p != NULL) + (c->cloud_auth.p != NULL) +
               (c->api_key.p != NULL);

    if (ways > 1)
        return err_set(err, ERR_CONFIG,
                       "Multiple authentication options are specified, please only use one of "
                       "user/password, cloud_auth or api_key");
    if (c->cloud_auth.p != NULL)
        return es_cloud_auth(c->cloud_auth, &c->user, &c->password, err);
    return 0;
}

static int
make_authorization(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    const struct url *first = &c->urls.at[0];

    if (c->api_key.p != NULL) {
        if (!c->urls.tls)
            return err_set(err, ERR_CONFIG,
                           "Using api_key authentication requires SSL/TLS secured communication "
                           "using the `ssl => true` option");
        return es_auth_api_key(ctx->arena, c->api_key, &c->authorization, err);
    }
    if (first->user.p != NULL && first->password.p != NULL)
        c->authorization = es_auth_basic(ctx->arena, first->user, first->password);
    return 0;
}

static int
check_tls(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    if (c->ssl_certificate_authorities.n > 0 && c->ssl_truststore_path.p != NULL)
        return err_set(err, ERR_CONFIG,
                       "Use either \"ssl_certificate_authorities/cacert\" or "
                       "\"ssl_truststore_path/truststore\" when configuring the CA certificate");
    if (c->ssl_certificate.p != NULL && c->ssl_keystore_path.p != NULL)
        return err_set(err, ERR_CONFIG,
                       "Use either \"ssl_certificate\" or \"ssl_keystore_path/keystore\" when "
                       "configuring client certificates");
    if (c->ssl_certificate_authorities.n > 1)
        return err_set(err, ERR_CONFIG,
                       "Multiple values on \"ssl_certificate_authorities\" are not supported by "
                       "this plugin");
    if (c->ssl_certificate.p != NULL && c->ssl_key.p == NULL)
        return err_set(err, ERR_CONFIG, "Using an \"ssl_certificate\" requires an \"ssl_key\"");
    if (c->ssl_key.p != NULL && c->ssl_certificate.p == NULL)
        return err_set(err, ERR_CONFIG,
                       "An \"ssl_certificate\" is required when using an \"ssl_key\"");
    key_stores_refuse(ctx, c->ssl_keystore_path, c->ssl_truststore_path);
    if (c->urls.tls && c->ssl_verification_mode == 1)
        option_warn(ctx,
                    "You have enabled encryption but DISABLED certificate verification, to make "
                    "sure your data is secure set `ssl_verification_mode => full`");
    return 0;
}

static int
check_transport(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    if (option_is_given(ctx, "http_compression")) {
        if (option_is_given(ctx, "compression_level"))
            return err_set(err, ERR_CONFIG,
                           "Both `compression_level` and (deprecated) `http_compression` were "
                           "set. Use only `compression_level`.");
        c->compression_level = c->http_compression ? 1 : 0;
    }
    if (c->proxy.p != NULL && c->proxy.n > 2) /* an empty one was made "//" */
        return err_set(err, ERR_CONFIG, "proxy: forward proxies are not supported");
    if (c->proxy.p != NULL)
        option_warn(ctx, "Supplied proxy setting (proxy => '') has no effect");
    if (c->timeout <= 0 || c->resurrect_delay < 0 || c->retry_initial_interval <= 0 ||
        c->retry_max_interval <= 0)
        return err_set(err, ERR_CONFIG,
                       "timeout, resurrect_delay and the retry intervals must be positive");
    if (http_fields_check(&c->custom_headers, err) < 0)
        return err_prefix(err, "custom_headers");
    if (c->sniffing)
        option_warn(ctx, "sniffing => true: not built yet, the configured hosts are used");
    return 0;
}

/* Absolute, with one slash at the front; the query stays as written. */
static struct slice
clean_target(struct arena *a, struct slice path)
{
    size_t query = slice_find_byte(path, '?', 0);
    struct slice rest = { NULL, 0 }, clean;

    if (query != SIZE_MAX) {
        rest = (struct slice){ path.p + query, path.n - query };
        path.n = query;
    }
    clean = es_path_clean(a, path);
    return arena_printf(a, "%.*s%.*s", clean.n == 0 ? 1 : (int)clean.n,
                        clean.n == 0 ? "/" : clean.p, SLICE_ARGS(rest));
}

#define FILTER_PATH "filter_path=errors,items.*.error,items.*.status"

static void
make_targets(struct es_conf *c, struct arena *a)
{
    struct slice bulk = c->bulk_path.n > 0 ? clean_target(a, c->bulk_path) : SLICE("/_bulk");

    c->own_filter_path = slice_find(bulk, SLICE("filter_path="), 0) != SIZE_MAX;
    if (!c->own_filter_path)
        bulk = arena_printf(a, "%.*s%c" FILTER_PATH, SLICE_ARGS(bulk),
                            slice_find_byte(bulk, '?', 0) == SIZE_MAX ? '?' : '&');
    c->bulk_target = bulk;
    c->health_target =
        c->healthcheck_path.n > 0 ? clean_target(a, c->healthcheck_path) : SLICE("/");
}

/* ---- data streams ---- */

static const char *const stream_compatible[] = {
    "api_key",
    "bulk_path",
    "ca_trusted_fingerprint",
    "cloud_auth",
    "cloud_id",
    "codec",
    "compression_level",
    "custom_headers",
    "data_stream",
    "data_stream_auto_routing",
    "data_stream_dataset",
    "data_stream_namespace",
    "data_stream_sync_fields",
    "data_stream_type",
    "dlq_custom_codes",
    "dlq_on_failed_indexname_interpolation",
    "document_id",
    "drop_error_types",
    "ecs_compatibility",
    "enable_metric",
    "failure_type_logging_whitelist",
    "healthcheck_path",
    "hosts",
    "http_compression",
    "id",
    "parameters",
    "password",
    "path",
    "pipeline",
    "pool_max",
    "pool_max_per_route",
    "proxy",
    "resurrect_delay",
    "retry_initial_interval",
    "retry_max_interval",
    "routing",
    "silence_errors_in_log",
    "sniffing",
    "sniffing_delay",
    "sniffing_path",
    "ssl_certificate",
    "ssl_certificate_authorities",
    "ssl_cipher_suites",
    "ssl_enabled",
    "ssl_key",
    "ssl_keystore_password",
    "ssl_keystore_path",
    "ssl_keystore_type",
    "ssl_supported_protocols",
    "ssl_truststore_password",
    "ssl_truststore_path",
    "ssl_truststore_type",
    "ssl_verification_mode",
    "timeout",
    "user",
    "validate_after_inactivity",
    "workers",
};

static bool
is_stream_compatible(const struct es_conf *c, struct slice name)
{
    if (slice_eq(name, SLICE("action")))
        return slice_eq(c->action, SLICE("create"));
    if (slice_eq(name, SLICE("manage_template")))
        return !c->manage_template;
    for (size_t i = 0; i < COUNT(stream_compatible); i++)
        if (slice_eq(slice_of(stream_compatible[i]), name))
            return true;
    return false;
}

/* ["index", "action"]: options by name, those that pass the test. False: none. */
typedef bool option_test_fn(const struct es_conf *c, struct slice name);

static bool
list_options(const struct es_conf *c, const struct plugin_context *ctx, option_test_fn *test,
             struct slice *out)
{
    struct buf names = { 0 };

    for (size_t i = 0; ctx->given != NULL && i < ctx->given->n; i++)
        if (test(c, ctx->given->options[i].key))
            buf_printf(&names, "%s\"%.*s\"", names.n > 0 ? ", " : "[",
                       SLICE_ARGS(ctx->given->options[i].key));
    if (names.n == 0)
        return false;
    buf_byte(&names, ']');
    *out = arena_copy(ctx->arena, buf_slice(&names));
    buf_fini(&names);
    return true;
}

static bool
is_incompatible(const struct es_conf *c, struct slice name)
{
    return !is_stream_compatible(c, name);
}

static bool
is_stream_option(const struct es_conf *c, struct slice name)
{
    (void)c;
    return slice_starts(name, SLICE("data_stream_"));
}

static int
refuse_stream_options(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct slice names;

    c->to_data_streams = false;
    if (!list_options(c, ctx, is_stream_option, &names))
        return 0;
    return err_set(err, ERR_CONFIG,
                   "Ambiguous configuration; data stream settings must not be present when data "
                   "streams are disabled (caused by: `data_stream => false`): %.*s",
                   SLICE_ARGS(names));
}

static int
resolve_streams_auto(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct slice names;
    char text[512];

    c->to_data_streams = false;
    if (!c->ecs) {
        option_inform(ctx,
                      "Not eligible for data streams because ecs_compatibility is not enabled. "
                      "Elasticsearch data streams require that events adhere to the Elastic Common "
                      "Schema.");
    } else if (list_options(c, ctx, is_incompatible, &names)) {
        snprintf(text, sizeof text,
                 "Not eligible for data streams because config contains one or more settings "
                 "that are not compatible with data streams: %.*s",
                 SLICE_ARGS(names));
        option_inform(ctx, text);
    } else {
        c->to_data_streams = true;
    }
    snprintf(text, sizeof text,
             "Data streams auto configuration (`data_stream => auto` or unset) resolved to `%s`",
             c->to_data_streams ? "true" : "false");
    option_inform(ctx, text);
    return c->to_data_streams ? 0 : refuse_stream_options(c, ctx, err);
}

static int
resolve_streams(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct slice names;

    if (c->data_stream == ES_FALSE)
        return refuse_stream_options(c, ctx, err);
    if (c->data_stream != ES_TRUE)
        return resolve_streams_auto(c, ctx, err);
    c->to_data_streams = true;
    if (list_options(c, ctx, is_incompatible, &names))
        return err_set(err, ERR_CONFIG, "Invalid data stream configuration: %.*s",
                       SLICE_ARGS(names));
    if (!c->ecs)
        return err_set(err, ERR_CONFIG,
                       "Invalid data stream configuration: `ecs_compatibility => disabled`");
    return 0;
}

static int
check_stream_name(const char *option, struct slice text, struct err *err)
{
    if (text.n < 1 || text.n > 100)
        return err_set(err, ERR_CONFIG, "%s: %zu bytes are not in 1..100", option, text.n);
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || strchr("\\/*?\"<>| ,#:", text.p[i]) != NULL)
            return err_set(err, ERR_CONFIG, "%s: \"%.*s\" has a character that no stream may have",
                           option, SLICE_ARGS(text));
    return 0;
}

/* ---- names by default ---- */

/* Only Joda patterns, of nothing finer than a day: all events of a day have this name. */
static bool
is_by_day(struct slice text)
{
    bool found = false;

    for (size_t at = 0; (at = slice_find(text, SLICE("%{"), at)) != SIZE_MAX; found = true) {
        size_t end = slice_find_byte(text, '}', at);

        if (end == SIZE_MAX || end < at + 4 || text.p[at + 2] != '+' || text.p[at + 3] == '%')
            return false;
        for (at += 3; at < end; at++)
            if (strchr("yYxwEeDMd.-_", text.p[at]) == NULL)
                return false;
    }
    return found;
}

static void
make_stream_members(struct es_conf *c, struct arena *a)
{
    /* Nothing in them needs an escape: the names were checked. */
    c->stream_members =
        arena_printf(a, "{\"type\":\"%s\",\"dataset\":\"%.*s\",\"namespace\":\"%.*s\"}",
                     es_stream_types[c->data_stream_type], SLICE_ARGS(c->data_stream_dataset),
                     SLICE_ARGS(c->data_stream_namespace));
}

static int
name_targets(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct slice base = c->ecs ? SLICE("ecs-logstash") : SLICE("logstash"), index;

    if (check_stream_name("data_stream_dataset", c->data_stream_dataset, err) < 0 ||
        check_stream_name("data_stream_namespace", c->data_stream_namespace, err) < 0)
        return -1;
    c->stream =
        arena_printf(ctx->arena, "%s-%.*s-%.*s", es_stream_types[c->data_stream_type],
                     SLICE_ARGS(c->data_stream_dataset), SLICE_ARGS(c->data_stream_namespace));
    c->alias_is_default = c->ilm_rollover_alias.p == NULL || slice_eq(c->ilm_rollover_alias, base);
    if (c->ilm_rollover_alias.p == NULL)
        c->ilm_rollover_alias = base;
    c->name_is_default = c->template_name.p == NULL;
    if (c->name_is_default)
        c->template_name = base;
    index = arena_printf(ctx->arena, "%.*s-%%{+yyyy.MM.dd}", SLICE_ARGS(base));
    c->index_is_default = c->index == NULL || slice_eq(template_source(c->index), index);
    c->manages_template =
        option_is_given(ctx, "manage_template") ? c->manage_template : !c->to_data_streams;
    c->wants_alias = !c->to_data_streams && c->ilm_enabled != ES_FALSE &&
                     (c->index_is_default || !c->alias_is_default);
    make_stream_members(c, ctx->arena);
    if (c->index == NULL && template_compile(ctx->arena, index, ctx->escape, &c->index, err) < 0)
        return -1;
    c->index_by_day = is_by_day(template_source(c->index));
    return 0;
}

static int
compile_references(struct es_conf *c, const struct plugin_context *ctx, struct err *err)
{
    struct arena *a = ctx->arena;

    if (c->join_field.p != NULL &&
        fieldref_compile(a, c->join_field, ctx->escape, &c->join, err) < 0)
        return err_prefix(err, "join_field");
    if (fieldref_compile(a, SLICE("[@metadata][_ingest_document]"), ESCAPE_NONE,
                         &c->ingest_document, err) < 0 ||
        fieldref_compile(a, SLICE("[@metadata][target_ingest_pipeline]"), ESCAPE_NONE,
                         &c->target_pipeline, err) < 0 ||
        fieldref_compile(a, SLICE("data_stream"), ESCAPE_NONE, &c->stream_field, err) < 0)
        return -1;
    return 0;
}

/* ---- items that fail ---- */

static int
check_dead_letters(const struct es_conf *c, struct err *err)
{
    if (c->dlq_custom_codes == NULL || c->dlq_custom_codes->n == 0)
        return 0;
    return err_set(err, ERR_CONFIG,
                   "DLQ feature (dlq_custom_codes) is configured while DLQ is not enabled");
}

static void
make_outcome_rules(struct es_conf *c, struct arena *a)
{
    c->outcome = (struct es_outcome_rules){ .drop_types = c->drop_error_types.at,
                                            .drop_types_n = c->drop_error_types.n };
    c->silenced_n = c->silence_errors_in_log.n + c->failure_type_logging_whitelist.n;
    c->silenced = arena_alloc(a, (c->silenced_n + 1) * sizeof *c->silenced);
    for (size_t i = 0; i < c->silenced_n; i++)
        c->silenced[i] = i < c->silence_errors_in_log.n
                             ? c->silence_errors_in_log.at[i]
                             : c->failure_type_logging_whitelist.at[i - c->silence_errors_in_log.n];
}

int
es_conf_prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct es_conf *c = conf;
    int ecs = c->ecs_compatibility < 0 ? (int)ctx->ecs : c->ecs_compatibility;

    c->ctx = ctx;
    c->ecs = ecs != ECS_DISABLED;
    c->ssl_enabled = c->ssl_enabled && option_is_given(ctx, "ssl_enabled");
    if (check_action(c, ctx, err) < 0 || check_credentials(c, err) < 0 ||
        make_urls(c, ctx, err) < 0 || make_authorization(c, ctx, err) < 0 ||
        check_tls(c, ctx, err) < 0 || check_transport(c, ctx, err) < 0 ||
        check_write_options(c, err) < 0 || resolve_streams(c, ctx, err) < 0 ||
        name_targets(c, ctx, err) < 0 || compile_references(c, ctx, err) < 0 ||
        check_dead_letters(c, err) < 0)
        return -1;
    make_targets(c, ctx->arena);
    make_outcome_rules(c, ctx->arena);
    if (c->version_type >= 0)
        c->version_type_text = slice_of(version_types[c->version_type]);
    return 0;
}
