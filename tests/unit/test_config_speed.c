/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a large installation takes to load: 200 generated pipelines of 500 lines, in processor
 * time, without machine code for patterns. Sanitizers and slow machines get more. */
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "codec/zoneinfo.h"
#include "pipeline/config_check.h"
#include "pipeline/config_parse.h"
#include "pipeline/plan.h"
#include "pipeline/regex_store.h"

#include <stdio.h>
#include <time.h>

#define PIPELINES 200
#define LINES     500

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUDGET_S 20.0
#else
#define BUDGET_S 1.0
#endif

/* One of the blocks that pipelines are made of, eight to twelve lines each. */
static unsigned
block(struct buf *out, unsigned pipeline, unsigned i)
{
    switch (i % 5) {
    case 0:
        buf_printf(
            out,
            "  if [event][module] == \"m%u\" and [level] in [\"warn\", \"error\", \"%u\"] {\n"
            "    mutate {\n"
            "      add_field => { \"[labels][n%u]\" => \"%%{[host][name]}-%%{level}\" }\n"
            "      rename => { \"[a][b%u]\" => \"[c][d%u]\" }\n"
            "      convert => { \"[http][status]\" => \"integer\" }\n"
            "      remove_field => [\"tmp%u\", \"[x][y]\"]\n"
            "    }\n"
            "  } else if [message] =~ /^(GET|POST) \\/v%u\\// {\n"
            "    mutate { add_tag => [\"web\"] }\n"
            "  }\n",
            i % 17, pipeline, i, i, i, i, i % 5);
        return 10;
    case 1:
        buf_printf(out,
                   "  mutate {\n"
                   "    id => \"p%u_%u\"\n"
                   "    gsub => [\n"
                   "      \"message\", \"[\\r\\n]+\", \" \",\n"
                   "      \"[url][path]\", \"\\?.*$\", \"\"\n"
                   "    ]\n"
                   "    lowercase => [\"[host][name]\"]\n"
                   "  }\n",
                   pipeline, i);
        return 8;
    case 2:
        buf_append(out,
                   SLICE(
                       "  date {\n"
                       "    # the time of the application\n"
                       "    match => [\"[app][time]\", \"ISO8601\", \"yyyy-MM-dd HH:mm:ss,SSS\",\n"
                       "              \"UNIX_MS\"]\n"
                       "    timezone => \"Europe/Berlin\"\n"
                       "    target => \"@timestamp\"\n"
                       "    remove_field => [\"[app][time]\"]\n"
                       "    tag_on_failure => [\"_apptime\"]\n"
                       "  }\n"));
        return 9;
    case 3:
        buf_printf(out,
                   "  grok {\n"
                   "    match => {\n"
                   "      \"message\" => [\n"
                   "        \"%%{COMBINEDAPACHELOG}\",\n"
                   "        \"%%{SYSLOGTIMESTAMP:[log][time]} %%{NOTSPACE:[log][host]} \\[%u\\] "
                   "%%{GREEDYDATA:[log][text]}\"\n"
                   "      ]\n"
                   "    }\n"
                   "    tag_on_failure => [\"_nogrok\"]\n"
                   "  }\n",
                   i);
        return 9;
    default:
        buf_printf(out,
                   "  if ![fields][skip] {\n"
                   "    drop {\n"
                   "      percentage => %u\n"
                   "    }\n"
                   "  } else if [n] > %u or ([n] < 3 and \"x\" in [tags]) {\n"
                   "    json {\n"
                   "      source => \"[payload%u]\"\n"
                   "      target => \"[doc][p%u]\"\n"
                   "      skip_on_invalid_json => true\n"
                   "    }\n"
                   "  }\n",
                   i % 100, i, i, i);
        return 11;
    }
}

static void
generate(struct buf *out, unsigned pipeline)
{
    unsigned lines = 2;

    buf_append(out, SLICE("filter {\n"));
    for (unsigned i = 0; lines < LINES; i++)
        lines += block(out, pipeline, i);
    buf_append(out, SLICE("}\n"));
}

static double
seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

START_TEST(two_hundred_pipelines_load_in_a_second)
{
    struct plan *plans[PIPELINES];
    struct plan_registry registry = { 0 };
    struct plan_settings settings = { .pipeline_id = "main", .ecs = ECS_V8 };
    struct regex_store *store = regex_store_new();
    struct findings findings = { 0 };
    struct buf texts[PIPELINES] = { { 0 } };
    double parsed = 0, from, spent;
    size_t patterns;

    settings.regexes = store;
    for (unsigned i = 0; i < PIPELINES; i++)
        generate(&texts[i], i);
    from = seconds();
    for (unsigned i = 0; i < PIPELINES; i++) {
        struct config_source source = { "pipeline.conf", buf_slice(&texts[i]) };
        double start = seconds();
        struct config *config = config_parse(&source, 1, false, &findings);

        ck_assert_msg(config != NULL, "%s", findings.n > 0 ? findings.at[0].text : "");
        config_check(config, &findings);
        parsed += seconds() - start;
        plans[i] = plan_compile(config, &settings, &registry, NULL, NULL, zone_offset,
                                timestamp_now, &findings);
        ck_assert_msg(plans[i] != NULL, "%s", findings_reason(&findings));
        config_free(&config);
    }
    spent = seconds() - from;
    patterns = regex_store_count(store);
    printf("%d pipelines of %d lines: %.0f ms, of which parsing %.0f ms; %zu patterns\n", PIPELINES,
           LINES, spent * 1e3, parsed * 1e3, patterns);
    /* Of each kind of block a pattern or two for each place in a pipeline, not for each pipeline.
     */
    ck_assert_uint_gt(patterns, 2);
    ck_assert_uint_lt(patterns, LINES / 2);
    ck_assert_msg(spent < BUDGET_S, "%g s", spent);
    for (unsigned i = 0; i < PIPELINES; i++) {
        plan_drop(&plans[i]);
        buf_fini(&texts[i]);
    }
    ck_assert_uint_eq(regex_store_count(store), 0);
    regex_store_drop(&store);
    findings_fini(&findings);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, two_hundred_pipelines_load_in_a_second);
}

UNIT_MAIN("config_speed")
