/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options of the elasticsearch output, and what they mean together (output-elasticsearch.md 1).
 *
 * Const after prepare; everything lies in the plan's arena. */
#ifndef SINKS_ES_CONF_H
#define SINKS_ES_CONF_H

#include "codec/codec.h"
#include "codec/template.h"
#include "pipeline/sink.h"
#include "server/net/tls.h"
#include "sinks/es_bulk.h"
#include "sinks/es_url.h"

enum es_auto { ES_TRUE, ES_FALSE, ES_AUTO };
enum es_template_api { ES_API_AUTO, ES_API_LEGACY, ES_API_COMPOSABLE };

struct es_conf {
    /* As written. */
    struct opt_list hosts, ssl_certificate_authorities, ssl_cipher_suites, ssl_supported_protocols,
        drop_error_types, silence_errors_in_log, failure_type_logging_whitelist;
    const struct opt_value *dlq_custom_codes;
    struct opt_hash custom_headers, parameters;
    struct slice cloud_id, path, bulk_path, healthcheck_path, sniffing_path, proxy, user, password,
        cloud_auth, api_key, ca_trusted_fingerprint, ssl_certificate, ssl_key, ssl_truststore_path,
        ssl_keystore_path, join_field, script_lang, script_var_name, data_stream_dataset,
        data_stream_namespace, template, template_name, ilm_rollover_alias, ilm_pattern, ilm_policy,
        action, version_type_text;
    double timeout, resurrect_delay, sniffing_delay, retry_initial_interval, retry_max_interval;
    int64_t pool_max, pool_max_per_route, validate_after_inactivity, compression_level,
        retry_on_conflict;
    int ssl_verification_mode, script_type, data_stream, data_stream_type, ecs_compatibility,
        ilm_enabled, template_api, version_type;
    bool sniffing, ssl_enabled, http_compression, doc_as_upsert, scripted_upsert,
        data_stream_auto_routing, data_stream_sync_fields, manage_template, template_overwrite,
        dlq_on_failed_indexname_interpolation;
    struct template *document_id, *index, *routing, *pipeline, *version, *parent, *upsert, *script,
        *document_type;

    /* What follows from them. */
    bool ecs;
    bool to_data_streams;
    bool index_is_default; /* not written, or as the default is */
    bool wants_alias;      /* ILM, where the cluster has it: all goes to ilm_rollover_alias */
    bool manages_template;
    bool alias_is_default, name_is_default; /* ilm_rollover_alias, template_name */
    bool own_filter_path;                   /* bulk_path has one: items may be missing */
    struct template *action_template;       /* NULL: action_fixed */
    enum es_action action_fixed;
    struct slice stream;         /* data stream by the options */
    struct slice stream_members; /* its parts as JSON, {"type":...} */
    bool index_by_day;           /* the template depends on the date alone */
    struct es_urls urls;
    struct tls_context *tls;                 /* NULL: plain */
    struct slice authorization;              /* header value; n 0: none */
    struct slice bulk_target, health_target; /* without the path of the URL and its query */
    struct es_outcome_rules outcome;
    struct slice *silenced; /* error types without log lines */
    size_t silenced_n;
    struct fieldref join, ingest_document, target_pipeline, stream_field; /* of events */
    const struct plugin_context *ctx;
};

extern const struct option es_options[];
extern const char *const es_stream_types[];

int es_conf_prepare(void *conf, const struct plugin_context *ctx, struct err *err);

#endif
