/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/known_plugins.h"

static const char *const inputs[] = {
    "azure_event_hubs",
    "beats",
    "couchdb_changes",
    "dead_letter_queue",
    "elastic_agent",
    "elastic_serverless_forwarder",
    "elasticsearch",
    "exec",
    "file",
    "ganglia",
    "gelf",
    "generator",
    "graphite",
    "heartbeat",
    "http",
    "http_poller",
    "jdbc",
    "jms",
    "kafka",
    "logstash",
    "pipe",
    "pipeline",
    "rabbitmq",
    "redis",
    "s3",
    "snmp",
    "snmptrap",
    "sqs",
    "stdin",
    "syslog",
    "tcp",
    "twitter",
    "udp",
    "unix",
    NULL,
};

static const char *const filters[] = {
    "aggregate",
    "anonymize",
    "cidr",
    "clone",
    "csv",
    "date",
    "de_dot",
    "dissect",
    "dns",
    "drop",
    "elastic_integration",
    "elasticsearch",
    "fingerprint",
    "geoip",
    "grok",
    "http",
    "jdbc_static",
    "jdbc_streaming",
    "json",
    "kv",
    "memcached",
    "metrics",
    "mutate",
    "prune",
    "ruby",
    "sleep",
    "split",
    "syslog_pri",
    "throttle",
    "translate",
    "truncate",
    "urldecode",
    "useragent",
    "uuid",
    "xml",
    NULL,
};

static const char *const outputs[] = {
    "cloudwatch", "csv",        "elasticsearch", "email",  "file", "graphite", "http",     "kafka",
    "logstash",   "lumberjack", "nagios",        "null",   "pipe", "pipeline", "rabbitmq", "redis",
    "s3",         "sns",        "sqs",           "stdout", "tcp",  "udp",      "webhdfs",  NULL,
};

static const char *const codecs[] = {
    "avro",    "cef",       "collectd", "dots",  "edn",        "edn_lines",
    "es_bulk", "fluent",    "graphite", "json",  "json_lines", "line",
    "msgpack", "multiline", "netflow",  "plain", "rubydebug",  NULL,
};

static const struct {
    const char *section;
    const char *const *names;
} sections[] = {
    { "input", inputs },
    { "filter", filters },
    { "output", outputs },
    { "codec", codecs },
};

const char *const *
plugins_known(const char *section)
{
    size_t i = 0;

    while (i + 1 < COUNT(sections) && strcmp(sections[i].section, section) != 0)
        i++;
    return sections[i].names;
}

bool
plugin_is_known(const char *section, struct slice name)
{
    for (const char *const *known = plugins_known(section); *known != NULL; known++)
        if (slice_eq(name, slice_of(*known)))
            return true;
    return false;
}
