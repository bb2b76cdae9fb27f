/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter_bench: what conditions, templates and filters cost an event, on one core. Only plan_run is
 * timed: a batch of events is made anew before each pass, the numbers in it run on to AGENTS. For
 * each text the minimum, the median and the spread of the CPU time over the passes (default 15,
 * argument 1); argument 2 selects by a part of the name, argument 3 is a database of cities for
 * geoip that knows 192.0.2.0/24, as the reference's cases have it. */
#include "codec/batch.h"
#include "codec/json_scan.h"
#include "codec/zoneinfo.h"
#include "pipeline/config_parse.h"
#include "pipeline/run.h"
#include "tools/bench/bench.h"

#include <unistd.h>

#define EVENTS 2048
#define PASSES 101
#define AGENTS 10000

/* In an event the message stands last of 14 members; %u are numbers that differ. */
#define EVENT                                                                                     \
    "{\"@timestamp\":\"2024-05-01T12:00:00.123Z\",\"@version\":\"1\",\"host\":{\"name\":\"web-"   \
    "1\"},"                                                                                       \
    "\"agent\":{\"name\":\"web-1\",\"type\":\"filebeat\"},\"ecs\":{\"version\":\"8.0.0\"},"       \
    "\"input\":{\"type\":\"filestream\"},\"service\":\"s%u\",\"env\":\"prod\",\"team\":\"web\","  \
    "\"level\":\"info\",\"zone\":\"eu-west-1a\",\"status\":%u,\"ip\":\"81.2.69.%u\",\"message\":" \
    "\""

#define ACCESS                                                                                 \
    "203.0.113.%u - frank [10/Oct/2024:13:55:%02u -0700] \\\"GET /a/%u?b=%u HTTP/1.1\\\" 200 " \
    "%u \\\"https://www.example.com/\\\" \\\"Mozilla/5.0 (X11; Linux x86_64)\\\""

#define JSON                                                                                       \
    "{\\\"user\\\":{\\\"id\\\":%u,\\\"name\\\":\\\"someone\\\",\\\"roles\\\":[\\\"a\\\","          \
    "\\\"b\\\"]},"                                                                                 \
    "\\\"request\\\":{\\\"id\\\":\\\"0123456789abcdef%u\\\",\\\"path\\\":\\\"/api/v1/items/"       \
    "%u\\\","                                                                                      \
    "\\\"took\\\":%u},\\\"response\\\":{\\\"status\\\":200,\\\"bytes\\\":%u,\\\"cached\\\":false}" \
    ","                                                                                            \
    "\\\"node\\\":\\\"app-17.eu-west.example.com\\\",\\\"v\\\":12,"                                \
    "\\\"trace\\\":\\\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\\"}"

#define AGENT "Mozilla/5.0 (X11; Linux x86_64; rv:%u.0) Gecko/20100101 Firefox/12%u.0 x%u y%u z%u"

#define GEOIP_DATABASE "../shared/reference/cases/filters/data/city.mmdb"

static const struct {
    const char *name, *message, *text;
    unsigned copies; /* of the text, which ends with "database =>" where it wants one */
} cases[] = {
    { "nothing", "hello", "", 1 },
    { "1 condition ==", "hello", "if [service] == \"none\" { mutate { add_tag => [\"x\"] } }\n",
      1 },
    { "5 conditions ==", "hello", "if [service] == \"none\" { mutate { add_tag => [\"x\"] } }\n",
      5 },
    { "50 conditions ==", "hello", "if [service] == \"none\" { mutate { add_tag => [\"x\"] } }\n",
      50 },
    { "10 templates of two fields", "hello",
      "mutate { add_field => { \"[@metadata][t]\" => \"%{service}-%{env}\" } "
      "remove_field => \"[@metadata][t]\" }\n",
      10 },
    { "the same with a literal", "hello",
      "mutate { add_field => { \"[@metadata][t]\" => \"service-production\" } "
      "remove_field => \"[@metadata][t]\" }\n",
      10 },
    { "20 set and rename", "hello",
      "mutate { add_field => { \"a\" => \"x\" } } mutate { rename => { \"a\" => \"b\" } } "
      "mutate { remove_field => [\"b\"] }\n",
      10 },
    { "mutate, five operations", "hello",
      "mutate { rename => { \"team\" => \"group\" } convert => { \"status\" => \"string\" } "
      "uppercase => [\"level\"] replace => { \"env\" => \"test\" } copy => { \"zone\" => \"az\" } "
      "}\n",
      1 },
    { "grok COMBINEDAPACHELOG, match", ACCESS,
      "grok { match => { \"message\" => \"%{COMBINEDAPACHELOG}\" } }\n", 1 },
    { "grok, unrelated line",
      "Jan %u 03:04:%02u web%u sshd[%u]: Accepted publickey for root from 10.0.0.7 port %u",
      "grok { match => { \"message\" => \"%{COMBINEDAPACHELOG}\" } }\n", 1 },
    { "date", "10/Oct/2024:13:%02u:%02u -0700",
      "date { match => [\"message\", \"dd/MMM/yyyy:HH:mm:ss Z\"] }\n", 1 },
    { "date, each another day", "%02u/Oct/2024:13:55:%02u -0700",
      "date { match => [\"message\", \"dd/MMM/yyyy:HH:mm:ss Z\"] }\n", 1 },
    { "dissect, six fields", "a%u b%u c%u d%u e%u f",
      "dissect { mapping => { \"message\" => \"%{a} %{b} %{c} %{d} %{e} %{f}\" } }\n", 1 },
    { "kv, ten pairs", "a=%u b=%u c=%u d=%u e=%u f=1 g=2 h=3 i=4 j=5", "kv { target => \"kv\" }\n",
      1 },
    { "kv, ten pairs, into the root", "a=%u b=%u c=%u d=%u e=%u f=1 g=2 h=3 i=4 j=5", "kv { }\n",
      1 },
    { "kv, ten longer pairs",
      "user=\\\"u%u\\\" session=0123456789abcdef%u duration=%u.5 status=%u method=GET "
      "path=/api/v1/items/%u client=203.0.113.7 host=www.example.com level=info component=web",
      "kv { target => \"kv\" }\n", 1 },
    { "kv, by patterns", "a=%u; b=%u; c=%u; d=%u; e=%u; f=1; g=2; h=3; i=4; j=5",
      "kv { field_split_pattern => \"; ?\" value_split_pattern => \"=\" target => \"kv\" }\n", 1 },
    { "json, 300 bytes", JSON, "json { source => \"message\" target => \"j\" }\n", 1 },
    { "json, 300 bytes, into the root", JSON, "json { source => \"message\" }\n", 1 },
    { "useragent, cached", AGENT,
      "useragent { source => \"message\" target => \"ua\" lru_cache_size => 100000 }\n", 1 },
    { "useragent, cached, into the root", AGENT,
      "useragent { source => \"message\" lru_cache_size => 100000 }\n", 1 },
    { "useragent, not cached", AGENT,
      "useragent { source => \"message\" target => \"ua\" lru_cache_size => 1 }\n", 1 },
    { "useragent, not cached, of a bot",
      "Mozilla/5.0 (compatible; AhrefsBot/%u.%u; +http://ahrefs.com/robot/) x%u y%u z%u",
      "useragent { source => \"message\" target => \"ua\" lru_cache_size => 1 }\n", 1 },
    { "useragent, not cached, unknown", "some-tool %u (a %u; b %u; c %u) z%u",
      "useragent { source => \"message\" target => \"ua\" lru_cache_size => 1 }\n", 1 },
    { "geoip", "192.0.2.%u", "geoip { source => \"message\" database =>", 1 },
    { "geoip, unknown address", "10.%u.%u.%u", "geoip { source => \"message\" database =>", 1 },
};

static struct timestamp
fixed_now(void)
{
    return (struct timestamp){ .sec = 1714564800 };
}

static const char *
no_env(void *arg, struct slice name)
{
    (void)arg;
    (void)name;
    return NULL;
}

static struct plan *
compile(const char *text, unsigned copies, const char *database)
{
    const struct plan_settings settings = {
        .pipeline_id = "bench", .workers = 1, .batch_size = 125, .ecs = ECS_DISABLED
    };
    const struct plan_registry registry = { 0 };
    struct findings findings = { 0 };
    struct buf all = { 0 };
    struct config_source source = { .name = "bench" };
    struct config *config;
    struct plan *plan = NULL;

    buf_append(&all, SLICE("filter {\n"));
    for (unsigned i = 0; i < copies; i++)
        buf_append(&all, slice_of(text));
    if (database != NULL)
        buf_printf(&all, " \"%s\" }\n", database);
    buf_append(&all, SLICE("}\n"));
    source.text = buf_slice(&all);
    config = config_parse(&source, 1, false, &findings);
    if (config != NULL)
        plan = plan_compile(config, &settings, &registry, no_env, NULL, zone_offset, fixed_now,
                            &findings);
    for (size_t i = 0; plan == NULL && i < findings.n; i++)
        fprintf(stderr, "filter_bench: %s\n", findings.at[i].text);
    if (plan == NULL)
        exit(1);
    findings_fini(&findings);
    config_free(&config);
    buf_fini(&all);
    return plan;
}

static struct batch *
make_batch(const char *message, unsigned pass)
{
    struct batch *b = batch_new(NULL);
    struct buf line = { 0 };

    for (unsigned i = 0; i < EVENTS; i++) {
        unsigned n = (pass * EVENTS + i) * 7 % AGENTS;
        struct event *ev = batch_add(b);
        struct err err;

        buf_clear(&line);
        buf_printf(&line, EVENT, n % 40, 200 + n % 300, n % 250);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        /* The message is one of the table above, with five numbers at the most. */
        buf_printf(&line, message, n % 28 + 1, n % 60, n % 97, n % 89, n);
#pragma GCC diagnostic pop
        buf_append(&line, SLICE("\"}"));
        if (json_scan_object(&b->arena, arena_copy_padded(&b->arena, buf_slice(&line)), line.n,
                             JSON_DEPTH, &ev->data, &err) < 0 ||
            event_construct(ev, fixed_now(), NULL, true, &err) < 0) {
            fprintf(stderr, "filter_bench: %s in %.*s\n", err.msg, (int)line.n, line.p);
            exit(1);
        }
    }
    buf_fini(&line);
    return b;
}

static bool
wants_database(size_t i)
{
    return slice_ends(slice_of(cases[i].text), SLICE("database =>"));
}

/* What the filter reads, on average. */
static size_t
message_bytes(struct batch *b)
{
    size_t bytes = 0;

    for (size_t i = 0; i < b->n; i++)
        bytes +=
            value_text(&b->arena, value_get(&b->arena, &b->events[i]->data, SLICE("message"))).n;
    return bytes / b->n;
}

/* As many passes go before as bring each agent once: they compile patterns and fill caches. */
#define FIRST_PASSES (AGENTS / EVENTS + 1)

static void
measure(size_t i, unsigned passes, const char *database, double *nothing)
{
    struct plan *plan =
        compile(cases[i].text, cases[i].copies, wants_database(i) ? database : NULL);
    struct err err = { 0 };
    struct plan_local *local = plan_local_new(plan, &err);
    double runs[PASSES], spread, median;
    size_t bytes = 0;

    if (local == NULL) {
        fprintf(stderr, "filter_bench: %s\n", err.msg);
        exit(1);
    }
    for (unsigned pass = 0; pass < FIRST_PASSES + passes; pass++) {
        struct batch *b = make_batch(cases[i].message, pass);
        double before;

        bytes = message_bytes(b);
        before = bench_cpu_ns();
        plan_run(local, b);
        if (pass >= FIRST_PASSES)
            runs[pass - FIRST_PASSES] = (bench_cpu_ns() - before) / EVENTS;
        batch_recycle(&b);
    }
    median = bench_median(runs, passes, &spread);
    if (i == 0) {
        nothing[0] = runs[0]; /* they are sorted */
        nothing[1] = median;
    }
    printf("%-34s %8.1f %8.1f ns an event above nothing  (spread %.0f %%, message of %zu bytes)\n",
           cases[i].name, runs[0] - nothing[0], median - nothing[1], spread, bytes);
    plan_local_free(&local);
    plan_drop(&plan);
}

int
main(int argc, char **argv)
{
    unsigned passes = argc > 1 ? (unsigned)atoi(argv[1]) : 15;
    const char *database = argc > 3 ? argv[3] : GEOIP_DATABASE;
    double nothing[2];

    if (passes < 1 || passes > PASSES)
        passes = 15;
    bench_machine();
    printf("%u passes over a batch of %d events of 14 members; minimum and median\n", passes,
           EVENTS);
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (i > 0 && argc > 2 && strstr(cases[i].name, argv[2]) == NULL)
            continue;
        if (wants_database(i) && access(database, R_OK) != 0)
            printf("%-34s left out: there is no %s\n", cases[i].name, database);
        else
            measure(i, passes, database, nothing);
    }
    return 0;
}
