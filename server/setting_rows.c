/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of settings: Logstash's own (reference/runtime.md 3) and ours (3.1). */
#include "server/settings.h"

static const char *const escape_styles[] = { "none", "percent", "ampersand", NULL };
static const char *const ordered[] = { "auto", "true", "false", NULL };
static const char *const ecs_modes[] = { "disabled", "v1", "v8", NULL };
static const char *const queue_types[] = { "memory", "persisted", NULL };
static const char *const log_levels[] = {
    "fatal", "error", "warn", "info", "debug", "trace", NULL
};
static const char *const log_formats[] = { "plain", "json", NULL };
static const char *const auth_types[] = { "none", "basic", NULL };
static const char *const bad_event[] = { "close", "quarantine", NULL };
static const char *const ack_points[] = { "delivered", "queued", NULL };
static const char *const ip_formats[] = { "java", "rfc5952", NULL };
static const char *const storage[] = { "drop_newer", "drop_older", NULL };

#define WORKS(n, k, d, ...)                                    \
    {                                                          \
        .name = n, .kind = SETTING_##k, .dflt = d, __VA_ARGS__ \
    }
#define LATER(n, k, d, ...)                                                            \
    {                                                                                  \
        .name = n, .kind = SETTING_##k, .dflt = d, .state = SETTING_LATER, __VA_ARGS__ \
    }
#define IGNORED(n, k, ...)                                                    \
    {                                                                         \
        .name = n, .kind = SETTING_##k, .state = SETTING_IGNORED, __VA_ARGS__ \
    }
#define REMOVED(n, why)                                  \
    {                                                    \
        .name = n, .state = SETTING_REMOVED, .note = why \
    }
#define OURS(n, k, d, ...)                                                          \
    {                                                                               \
        .name = n, .kind = SETTING_##k, .dflt = d, .file = HEADRIG_YML, __VA_ARGS__ \
    }
#define PLUGIN(n, k, d, ...) OURS(n, k, d, .plugin = true, __VA_ARGS__)

const struct setting_row setting_rows[] = {
    WORKS("node.name", TEXT, NULL),
    WORKS("path.settings", TEXT, NULL),
    WORKS("path.data", TEXT, "data"),
    LATER("path.logs", TEXT, NULL),
    WORKS("path.config", TEXT, NULL),
    LATER("path.queue", TEXT, NULL),
    LATER("path.dead_letter_queue", TEXT, NULL),
    IGNORED("path.plugins", LIST, .note = "plugins are built in"),
    WORKS("config.string", TEXT, NULL),
    WORKS("config.test_and_exit", BOOL, "false"),
    LATER("config.reload.automatic", BOOL, "false"),
    LATER("config.reload.interval", TIME, "3000"),
    LATER("config.debug", BOOL, "false"),
    WORKS("config.support_escapes", BOOL, "false"),
    WORKS("config.field_reference.escape_style", ENUM, "none", .choices = escape_styles),
    LATER("ssl.reload.automatic", BOOL, "false"),
    WORKS("allow_superuser", BOOL, "false"),
    IGNORED("metric.collect", BOOL, .note = "counters cost nothing and are always on"),
    WORKS("pipeline.id", TEXT, "main"),
    WORKS("pipeline.workers", POSITIVE, NULL),
    WORKS("pipeline.batch.size", POSITIVE, "125"),
    IGNORED("pipeline.batch.delay", COUNT, .note = "a batch is a window; nothing waits for more"),
    IGNORED("pipeline.batch.output_chunking.growth_threshold_factor", POSITIVE,
            .note = "requests are cut by size"),
    LATER("pipeline.batch.metrics.sampling_mode", TEXT, "minimal"),
    WORKS("pipeline.ordered", ENUM, "auto", .choices = ordered),
    WORKS("pipeline.ecs_compatibility", ENUM, "v8", .choices = ecs_modes),
    LATER("pipeline.unsafe_shutdown", BOOL, "false"),
    LATER("pipeline.reloadable", BOOL, "true"),
    LATER("pipeline.recoverable", TEXT, "false"),
    IGNORED("pipeline.system", BOOL, .note = "there are no hidden pipelines"),
    LATER("pipeline.separate_logs", BOOL, "false"),
    IGNORED("pipeline.plugin_classloaders", BOOL, .note = "of the JVM"),
    IGNORED("pipeline.buffer.type", TEXT, .note = "of the JVM; see memory.limit in headrig.yml"),
    WORKS("queue.type", ENUM, "memory", .choices = queue_types),
    LATER("queue.page_capacity", BYTES, "67108864"),
    LATER("queue.max_bytes", BYTES, "1073741824"),
    LATER("queue.max_events", COUNT, "0"),
    LATER("queue.checkpoint.acks", COUNT, "1024"),
    LATER("queue.checkpoint.writes", COUNT, "1024"),
    IGNORED("queue.checkpoint.interval", COUNT, .note = "has no effect in Logstash either"),
    LATER("queue.checkpoint.retry", BOOL, "true"),
    LATER("queue.compression", TEXT, "none"),
    LATER("queue.drain", BOOL, "false"),
    WORKS("dead_letter_queue.enable", BOOL, "false"),
    LATER("dead_letter_queue.max_bytes", BYTES, "1073741824"),
    LATER("dead_letter_queue.flush_interval", COUNT, "5000"),
    LATER("dead_letter_queue.flush_check_interval", COUNT, "1000"),
    LATER("dead_letter_queue.storage_policy", ENUM, "drop_newer", .choices = storage),
    LATER("dead_letter_queue.retain.age", TEXT, NULL),
    LATER("api.enabled", BOOL, "true"),
    LATER("api.http.host", TEXT, "127.0.0.1"),
    LATER("api.http.port", PORTS, "9600-9700"),
    LATER("api.environment", TEXT, "production"),
    LATER("api.auth.type", ENUM, "none", .choices = auth_types),
    LATER("api.auth.basic.username", TEXT, NULL),
    LATER("api.auth.basic.password", PASSWORD, NULL),
    LATER("api.auth.basic.password_policy.mode", TEXT, "WARN"),
    LATER("api.auth.basic.password_policy.length.minimum", COUNT, "8"),
    LATER("api.auth.basic.password_policy.include.upper", TEXT, "REQUIRED"),
    LATER("api.auth.basic.password_policy.include.lower", TEXT, "REQUIRED"),
    LATER("api.auth.basic.password_policy.include.digit", TEXT, "REQUIRED"),
    LATER("api.auth.basic.password_policy.include.symbol", TEXT, "OPTIONAL"),
    LATER("api.ssl.enabled", BOOL, "false"),
    LATER("api.ssl.keystore.path", TEXT, NULL),
    LATER("api.ssl.keystore.password", PASSWORD, NULL),
    LATER("api.ssl.supported_protocols", LIST, NULL),
    WORKS("log.level", ENUM, "info", .choices = log_levels),
    WORKS("log.format", ENUM, "plain", .choices = log_formats),
    WORKS("log.format.json.fix_duplicate_message_fields", BOOL, "true"),
    LATER("slowlog.threshold.warn", TIME, "-1"),
    LATER("slowlog.threshold.info", TIME, "-1"),
    LATER("slowlog.threshold.debug", TIME, "-1"),
    LATER("slowlog.threshold.trace", TIME, "-1"),
    IGNORED("keystore.classname", TEXT, .note = "of the JVM"),
    LATER("keystore.file", TEXT, NULL),
    LATER("monitoring.cluster_uuid", TEXT, NULL),
    IGNORED("interactive", TEXT, .note = "there is no Ruby shell"),
    IGNORED("version", BOOL, .note = "use --version"),
    IGNORED("help", BOOL, .note = "use --help"),
    IGNORED("enable-local-plugin-development", BOOL, .note = "plugins are built in"),
    LATER("otel.metrics.enabled", BOOL, "false"),
    IGNORED("node.uuid", TEXT, .note = "made by itself, kept in path.data"),
    REMOVED("http.host", "is now api.http.host"),
    REMOVED("http.port", "is now api.http.port"),
    REMOVED("http.enabled", "is now api.enabled"),
    REMOVED("http.environment", "is now api.environment"),
    REMOVED("modules", "modules were removed in 9.0"),
    REMOVED("event_api.tags.illegal", "bad tags are always renamed"),
    REMOVED("pipeline.output.workers", "has no effect any more"),
    REMOVED("config.field_reference.parser", "references are always strict"),
    REMOVED("pipeline.java_execution", "has no effect any more"),

    OURS("memory.limit", BYTES, NULL, .least = (int64_t)16 << 20), /* windows get an eighth */
    OURS("shutdown.timeout", TIME, "60000"),
    OURS("shutdown.pre_delay", TIME, "0"),
    PLUGIN("beats.on_bad_event", ENUM, "quarantine", .choices = bad_event),
    PLUGIN("beats.ack", ENUM, "delivered", .choices = ack_points),
    PLUGIN("beats.keepalive_seconds", COUNT, "3"),
    PLUGIN("beats.max_window_events", POSITIVE, "100000"),
    PLUGIN("beats.max_json_bytes", BYTES, "67108864"),
    PLUGIN("beats.max_compressed_bytes", BYTES, "67108864"),
    PLUGIN("beats.max_value_bytes", BYTES, "67108864"),
    PLUGIN("beats.max_decompressed_bytes", BYTES, "268435456"),
    PLUGIN("beats.max_pairs", POSITIVE, "65536"),
    PLUGIN("beats.max_key_bytes", BYTES, "65536"),
    PLUGIN("beats.max_json_depth", POSITIVE, "1000"),
    PLUGIN("beats.stall_seconds", COUNT, "60"),
    PLUGIN("beats.close_stuck_after", TIME, "0"),
    PLUGIN("beats.receive_buffer_bytes", BYTES, "65536"),
    PLUGIN("beats.ip_format", ENUM, "java", .choices = ip_formats),
    PLUGIN("beats.proxy_protocol", NETWORKS, NULL),
    PLUGIN("file.fsync", BOOL, "false"),
    PLUGIN("elasticsearch.gzip_members", BOOL, "true"),
    PLUGIN("http.gzip_members", BOOL, "false"),
    { .name = NULL },
};
