/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/beats_plan.h"

#include "codec/base/buf.h"
#include "codec/zoneinfo.h"
#include "pipeline/config_parse.h"
#include "server/inputs.h"
#include "sinks/sinks.h"
#include "tests/unit/tls_certs.h"
#include "tests/unit/unit.h"

/* @name becomes the quoted path of that file. */
static void
expand(const char *text, struct buf *out)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "@"), name;
        char file[64];

        buf_append(out, (struct slice){ text, n });
        text += n;
        if (*text == '\0')
            break;
        name = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0123456789-.");
        ck_assert_uint_lt(name, sizeof file);
        memcpy(file, text + 1, name);
        file[name] = '\0';
        buf_printf(out, "\"%s\"", tls_certs_path(file));
        text += 1 + name;
    }
}

/* 2026-01-02T03:04:05Z */
static struct timestamp
now(void)
{
    return (struct timestamp){ .sec = 1767323045 };
}

struct plan *
beats_plan(const char *inputs, struct findings *findings)
{
    static const struct plan_settings settings = {
        .pipeline_id = "main", .workers = 1, .batch_size = 125, .ecs = ECS_V8
    };
    const struct plan_registry registry = {
        .find_sink = sink_find, .find_input = input_find, .sinks = sink_all(), .inputs = input_all()
    };
    struct buf text = { 0 };
    struct config_source source = { .name = "test" };
    struct config *config;
    struct plan *plan = NULL;

    buf_append(&text, SLICE("input { "));
    expand(inputs, &text);
    buf_append(&text, SLICE(" } output { stdout { } }"));
    source.text = buf_slice(&text);
    config = config_parse(&source, 1, false, findings);
    if (config != NULL)
        plan = plan_compile(config, &settings, &registry, NULL, NULL, zone_offset, now, findings);
    config_free(&config);
    buf_fini(&text);
    return plan;
}
