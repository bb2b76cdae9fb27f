/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/es_template.h"

#include <jansson.h>
#include <stdlib.h>

/* What the reference describes in words, written anew. */
static const char mappings_plain[] =
    "{\"dynamic_templates\":["
    "{\"message_field\":{\"path_match\":\"message\",\"match_mapping_type\":\"string\","
    "\"mapping\":{\"type\":\"text\",\"norms\":false}}},"
    "{\"string_fields\":{\"match\":\"*\",\"match_mapping_type\":\"string\","
    "\"mapping\":{\"type\":\"text\",\"norms\":false,"
    "\"fields\":{\"keyword\":{\"type\":\"keyword\",\"ignore_above\":256}}}}}],"
    "\"properties\":{\"@timestamp\":{\"type\":\"date\"},\"@version\":{\"type\":\"keyword\"},"
    "\"geoip\":{\"dynamic\":true,\"properties\":{\"ip\":{\"type\":\"ip\"},"
    "\"location\":{\"type\":\"geo_point\"},\"latitude\":{\"type\":\"half_float\"},"
    "\"longitude\":{\"type\":\"half_float\"}}}}}";

/* The core of the Elastic Common Schema; what it does not name becomes a keyword, as most fields
 * of the schema are. */
static const char mappings_ecs[] =
    "{\"date_detection\":false,\"dynamic_templates\":["
    "{\"strings_as_keyword\":{\"match_mapping_type\":\"string\","
    "\"mapping\":{\"type\":\"keyword\",\"ignore_above\":1024}}}],"
    "\"properties\":{\"@timestamp\":{\"type\":\"date\"},"
    "\"@version\":{\"type\":\"keyword\"},"
    "\"labels\":{\"type\":\"object\"},"
    "\"message\":{\"type\":\"text\",\"norms\":false},"
    "\"tags\":{\"type\":\"keyword\",\"ignore_above\":1024},"
    "\"client\":{\"properties\":{\"ip\":{\"type\":\"ip\"},\"port\":{\"type\":\"long\"},"
    "\"bytes\":{\"type\":\"long\"},"
    "\"geo\":{\"properties\":{\"location\":{\"type\":\"geo_point\"}}}}},"
    "\"source\":{\"properties\":{\"ip\":{\"type\":\"ip\"},\"port\":{\"type\":\"long\"},"
    "\"bytes\":{\"type\":\"long\"},"
    "\"geo\":{\"properties\":{\"location\":{\"type\":\"geo_point\"}}}}},"
    "\"destination\":{\"properties\":{\"ip\":{\"type\":\"ip\"},\"port\":{\"type\":\"long\"},"
    "\"bytes\":{\"type\":\"long\"},"
    "\"geo\":{\"properties\":{\"location\":{\"type\":\"geo_point\"}}}}},"
    "\"server\":{\"properties\":{\"ip\":{\"type\":\"ip\"},\"port\":{\"type\":\"long\"},"
    "\"bytes\":{\"type\":\"long\"}}},"
    "\"host\":{\"properties\":{\"ip\":{\"type\":\"ip\"},\"uptime\":{\"type\":\"long\"},"
    "\"geo\":{\"properties\":{\"location\":{\"type\":\"geo_point\"}}}}},"
    "\"observer\":{\"properties\":{\"ip\":{\"type\":\"ip\"}}},"
    "\"event\":{\"properties\":{\"created\":{\"type\":\"date\"},\"start\":{\"type\":\"date\"},"
    "\"end\":{\"type\":\"date\"},\"ingested\":{\"type\":\"date\"},"
    "\"duration\":{\"type\":\"long\"},\"sequence\":{\"type\":\"long\"},"
    "\"severity\":{\"type\":\"long\"},\"risk_score\":{\"type\":\"float\"},"
    "\"original\":{\"type\":\"keyword\",\"index\":false,\"doc_values\":false}}},"
    "\"error\":{\"properties\":{\"message\":{\"type\":\"text\",\"norms\":false},"
    "\"stack_trace\":{\"type\":\"keyword\",\"index\":false,\"doc_values\":false}}},"
    "\"file\":{\"properties\":{\"size\":{\"type\":\"long\"},\"created\":{\"type\":\"date\"},"
    "\"mtime\":{\"type\":\"date\"},\"ctime\":{\"type\":\"date\"},"
    "\"accessed\":{\"type\":\"date\"}}},"
    "\"http\":{\"properties\":{\"request\":{\"properties\":{\"bytes\":{\"type\":\"long\"},"
    "\"body\":{\"properties\":{\"bytes\":{\"type\":\"long\"}}}}},"
    "\"response\":{\"properties\":{\"bytes\":{\"type\":\"long\"},"
    "\"status_code\":{\"type\":\"long\"},"
    "\"body\":{\"properties\":{\"bytes\":{\"type\":\"long\"}}}}}}},"
    "\"log\":{\"properties\":{\"origin\":{\"properties\":{\"file\":{\"properties\":"
    "{\"line\":{\"type\":\"long\"}}}}},"
    "\"syslog\":{\"properties\":{\"priority\":{\"type\":\"long\"},"
    "\"facility\":{\"properties\":{\"code\":{\"type\":\"long\"}}},"
    "\"severity\":{\"properties\":{\"code\":{\"type\":\"long\"}}}}}}},"
    "\"network\":{\"properties\":{\"bytes\":{\"type\":\"long\"},"
    "\"packets\":{\"type\":\"long\"},\"forwarded_ip\":{\"type\":\"ip\"}}},"
    "\"process\":{\"properties\":{\"pid\":{\"type\":\"long\"},\"exit_code\":{\"type\":\"long\"},"
    "\"start\":{\"type\":\"date\"},\"uptime\":{\"type\":\"long\"},"
    "\"thread\":{\"properties\":{\"id\":{\"type\":\"long\"}}}}},"
    "\"url\":{\"properties\":{\"port\":{\"type\":\"long\"}}}}}";

static json_t *
settings_of(bool composable)
{
    json_t *index = json_pack("{s:s}", "refresh_interval", "5s");

    if (!composable)
        json_object_set_new(index, "number_of_shards", json_integer(1));
    return json_pack("{s:o}", "index", index);
}

static json_t *
bundled(const struct es_conf *c, const struct es_facts *facts, struct err *err)
{
    /* Every OpenSearch takes the newer shape. */
    bool composable = facts->family == ES_OPENSEARCH || facts->major >= 8;
    json_t *mappings = json_loads(c->ecs ? mappings_ecs : mappings_plain, 0, NULL);
    json_t *settings = settings_of(composable);
    json_t *patterns = c->ecs ? json_pack("[s]", "ecs-logstash-*") : json_string("logstash-*");

    ASSERT(mappings != NULL);
    if (facts->family != ES_OPENSEARCH && facts->major > 9) {
        json_decref(mappings);
        json_decref(settings);
        json_decref(patterns);
        err_set(err, ERR_CONFIG,
                "Failed to load default template for Elasticsearch v%u with ECS "
                "compatibility; set template",
                facts->major);
        return NULL;
    }
    if (!composable)
        return json_pack("{s:o,s:i,s:o,s:o}", "index_patterns", patterns, "version", 60001,
                         "settings", settings, "mappings", mappings);
    return json_pack("{s:o,s:i,s:i,s:{s:s},s:{s:o,s:o}}", "index_patterns", patterns, "version",
                     80001, "priority", 200, "_meta", "description",
                     c->ecs ? "ECS index template for logstash-output-elasticsearch"
                            : "index template for logstash-output-elasticsearch",
                     "template", "settings", settings, "mappings", mappings);
}

/* The object settings of either shape, made when it is missing. */
static json_t *
settings_in(json_t *body)
{
    json_t *inner = json_object_get(body, "template"), *settings;

    if (!json_is_object(inner))
        inner = body;
    settings = json_object_get(inner, "settings");
    if (!json_is_object(settings)) {
        settings = json_object();
        json_object_set_new(inner, "settings", settings);
    }
    return settings;
}

static void
add_lifecycle(const struct es_conf *c, json_t *body)
{
    json_t *settings = settings_in(body);
    struct buf pattern = { 0 };

    buf_printf(&pattern, "%.*s-*", SLICE_ARGS(c->ilm_rollover_alias));
    json_object_set_new(body, "index_patterns", json_stringn(pattern.p, pattern.n));
    json_object_set_new(settings, "index.lifecycle.name",
                        json_stringn(c->ilm_policy.p, c->ilm_policy.n));
    json_object_set_new(settings, "index.lifecycle.rollover_alias",
                        json_stringn(c->ilm_rollover_alias.p, c->ilm_rollover_alias.n));
    buf_fini(&pattern);
}

/* Serverless clusters decide that themselves, and refuse to be told. */
static void
drop_shards(json_t *body)
{
    static const char *const names[] = { "number_of_shards", "number_of_replicas" };
    json_t *settings = settings_in(body);

    for (size_t i = 0; i < COUNT(names); i++) {
        char dotted[64] = "index.";

        strcat(dotted, names[i]);
        json_object_del(settings, names[i]);
        json_object_del(settings, dotted);
        json_object_del(json_object_get(settings, "index"), names[i]);
    }
}

int
es_template_body(const struct es_conf *c, const struct es_facts *facts, bool alias, struct buf *out,
                 struct err *err)
{
    json_error_t why;
    json_t *body;
    char *text;

    if (c->template.p != NULL) {
        char *path = xstrndup(c->template.p, c->template.n);

        body = json_load_file(path, 0, &why);
        if (!json_is_object(body))
            err_set(err, ERR_CONFIG, "template %s: %s", path,
                    body == NULL ? why.text : "no JSON object");
        free(path);
    } else {
        body = bundled(c, facts, err);
    }
    if (!json_is_object(body)) {
        json_decref(body);
        return -1;
    }
    if (alias)
        add_lifecycle(c, body);
    if (facts->family == ES_SERVERLESS)
        drop_shards(body);
    text = json_dumps(body, JSON_COMPACT);
    buf_append(out, slice_of(text));
    free(text);
    json_decref(body);
    return 0;
}
