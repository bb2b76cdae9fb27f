/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "tests/unit/hostile.h"
#include "tests/unit/shared.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DATA SHARED_DIR "/reference/cases/filters/data/"

static const struct {
    const char *name, *options;
    enum ecs_mode ecs;
    const char *event, *want;
} events[] = {
    { "an IPv4 address inside IPv6", "database => '" DATA "asn.mmdb'", ECS_DISABLED,
      "{\"ip\":\"::ffff:192.0.2.10\"}",
      "{\"ip\":\"::ffff:192.0.2.10\",\"geoip\":{\"ip\":\"192.0.2.10\",\"asn\":64496,"
      "\"as_org\":\"Example Net\"}}" },
    { "the first of a list",
      "database => '" DATA "asn.mmdb' fields => ['AUTONOMOUS_SYSTEM_NUMBER']", ECS_DISABLED,
      "{\"ip\":[\"192.0.2.10\",\"x\"]}",
      "{\"ip\":[\"192.0.2.10\",\"x\"],\"geoip\":{\"asn\":64496}}" },
    { "an empty list leaves the target alone", "database => '" DATA "asn.mmdb'", ECS_DISABLED,
      "{\"ip\":[]}", "{\"ip\":[],\"tags\":[\"_geoip_lookup_failure\"]}" },
    { "blanks leave the target alone", "database => '" DATA "asn.mmdb'", ECS_DISABLED,
      "{\"ip\":\" \"}", "{\"ip\":\" \",\"tags\":[\"_geoip_lookup_failure\"]}" },
    { "a port is no part of an address", "database => '" DATA "asn.mmdb'", ECS_DISABLED,
      "{\"ip\":\"192.0.2.10:80\"}",
      "{\"ip\":\"192.0.2.10:80\",\"geoip\":{},\"tags\":[\"_geoip_lookup_failure\"]}" },
    { "a scalar in the way stays", "database => '" DATA "asn.mmdb'", ECS_DISABLED,
      "{\"ip\":\"192.0.2.10\",\"geoip\":5}",
      "{\"ip\":\"192.0.2.10\",\"geoip\":5,\"tags\":[\"_geoip_lookup_failure\"]}" },
    { "networks and groups of ECS",
      "target => 'source' database => '" DATA "asn.mmdb' fields => "
      "['network','autonomous_system_number','autonomous_system_organization','ip']",
      ECS_V8, "{\"ip\":\"2001:db8::1\",\"source\":{\"as\":{\"x\":1}}}",
      "{\"ip\":\"2001:db8::1\",\"source\":{\"ip\":\"2001:db8:0:0:0:0:0:1\",\"as\":{\"x\":1,"
      "\"number\":4200000001,\"organization\":{\"name\":\"Doc Six\"}},"
      "\"ip_traits\":{\"network\":\"2001:db8:0:0:0:0:0:0/32\"}}}" },
    { "one coordinate", "target => 'source' database => '" DATA "city.mmdb' fields => 'latitude'",
      ECS_V8, "{\"ip\":\"192.0.2.10\"}",
      "{\"ip\":\"192.0.2.10\",\"source\":{\"geo\":{\"location\":{\"lat\":39.78}}}}" },
    { "a field that the database does not have", "database => '" DATA "city.mmdb' fields => 'isp'",
      ECS_DISABLED, "{\"ip\":\"192.0.2.10\"}", "{\"ip\":\"192.0.2.10\",\"geoip\":{}}" },
};

static struct slice
block(struct arena *a, const char *options)
{
    return arena_printf(a, "filter { geoip { source => 'ip' %s } }", options);
}

START_TEST(events_and_their_fields)
{
    struct arena a;

    arena_init(&a, NULL);
    chain_expect(events[_i].name, block(&a, events[_i].options), events[_i].ecs, events[_i].event,
                 events[_i].want);
    arena_fini(&a);
}
END_TEST

static const struct {
    const char *options, *error;
} refused[] = {
    { "database => '" DATA "asn.mmdb' fields => ['city']",
      "fields: \"city\" is no field of geoip" },
    { "database => '" DATA "d.csv'", "d.csv: " },
    { "database => '/dev/zero'", "/dev/zero: is no regular file" },
    { "database => '" DATA "asn.mmdb' ecs_compatibility => v1", "requires a `target`" },
};

START_TEST(refused_at_the_start)
{
    struct err err = { 0 };
    struct arena a;

    arena_init(&a, NULL);
    ck_assert_ptr_null(chain_new(block(&a, refused[_i].options), ECS_DISABLED, false, &err));
    ck_assert_msg(strstr(err.msg, refused[_i].error) != NULL, "%s", err.msg);
    arena_fini(&a);
}
END_TEST

/* ---- a file that changes ---- */

/* Seconds that the clock of refresh.c is ahead. */
static time_t ahead;

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, ts);

    if (clock == CLOCK_MONOTONIC_COARSE)
        ts->tv_sec += ahead;
    return rc;
}

/* Under its name only when it is whole, as geoipupdate does it. */
static void
put_file(const char *path, struct slice text)
{
    char whole[80];
    FILE *f;

    snprintf(whole, sizeof whole, "%s.new", path);
    f = fopen(whole, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text.p, 1, text.n, f), text.n);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(rename(whole, path), 0);
}

/* Which fields an address gets now. */
static bool
has_field(struct chain *c, const char *name)
{
    struct batch *b = batch_new(NULL);
    struct event *ev = chain_event(b, SLICE("{\"ip\":\"192.0.2.10\"}"));
    struct value *geoip;
    bool found;

    ck_assert(chain_run(c, ev));
    geoip = value_get(&b->arena, &ev->data, SLICE("geoip"));
    ck_assert_ptr_nonnull(geoip);
    found = value_get(&b->arena, geoip, slice_of(name)) != NULL;
    batch_recycle(&b);
    return found;
}

START_TEST(a_new_database_is_opened)
{
    char path[] = "/tmp/headrig_geoip_XXXXXX";
    struct err err = { 0 };
    struct arena a;
    struct chain *c;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    arena_init(&a, NULL);
    put_file(path, shared_read(&a, "reference/cases/filters/data/asn.mmdb"));
    c = chain_new(block(&a, arena_cstr(&a, arena_printf(&a, "database => '%s'", path))),
                  ECS_DISABLED, false, &err);
    ck_assert_msg(c != NULL, "%s", err.msg);
    ck_assert(has_field(c, "asn") && !has_field(c, "city_name"));
    put_file(path, shared_read(&a, "reference/cases/filters/data/city.mmdb"));
    ck_assert(has_field(c, "asn")); /* nobody has looked yet */
    ahead += 120;
    ck_assert(has_field(c, "city_name") && !has_field(c, "asn"));
    put_file(path, SLICE("this is no database"));
    ahead += 120;
    ck_assert(has_field(c, "city_name")); /* what was there stays */
    ck_assert_int_eq(unlink(path), 0);
    ahead += 120;
    ck_assert(has_field(c, "city_name"));
    chain_free(c);
    arena_fini(&a);
}
END_TEST

/* As `cp` does it: the same file, first empty, then with more and more of what comes. */
static bool
write_over(const char *path, struct slice text)
{
    FILE *f = fopen(path, "wb");
    bool all = f != NULL && fwrite(text.p, 1, text.n, f) == text.n;

    return f != NULL && fclose(f) == 0 && all;
}

struct writer {
    const char *path;
    struct slice text;
    atomic_bool done, failed;
};

static void *
write_often(void *arg)
{
    struct writer *w = arg;

    while (!atomic_load(&w->done)) {
        if (!write_over(w->path, (struct slice){ w->text.p, 100 }) || !write_over(w->path, w->text))
            atomic_store(&w->failed, true);
    }
    return NULL;
}

START_TEST(a_database_is_written_over_in_place)
{
    char path[] = "/tmp/headrig_geoip_XXXXXX";
    struct writer w = { .path = path };
    struct err err = { 0 };
    struct arena a;
    struct chain *c;
    pthread_t thread;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    arena_init(&a, NULL);
    put_file(path, shared_read(&a, "reference/cases/filters/data/asn.mmdb"));
    c = chain_new(block(&a, arena_cstr(&a, arena_printf(&a, "database => '%s'", path))),
                  ECS_DISABLED, false, &err);
    ck_assert_msg(c != NULL, "%s", err.msg);
    ck_assert(write_over(path, SLICE("")));
    ck_assert(has_field(c, "asn"));
    /* While it is written it is no database, or one of two: whoever looks gets a whole one. */
    w.text = shared_read(&a, "reference/cases/filters/data/asn.mmdb");
    ck_assert_int_eq(pthread_create(&thread, NULL, write_often, &w), 0);
    for (int i = 0; i < 2000; i++) {
        ahead += i % 10 == 0 ? 120 : 0;
        ck_assert(has_field(c, "asn"));
    }
    atomic_store(&w.done, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(!atomic_load(&w.failed));
    ck_assert(write_over(path, shared_read(&a, "reference/cases/filters/data/city.mmdb")));
    ahead += 120;
    ck_assert(has_field(c, "city_name") && !has_field(c, "asn"));
    ck_assert_int_eq(unlink(path), 0);
    chain_free(c);
    arena_fini(&a);
}
END_TEST

START_TEST(addresses_made_up_to_hurt)
{
    hostile_run("filter { geoip { source => 'v' target => '[t][u]' database => '" DATA
                "city.mmdb' } }");
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_checked_fixture(tc, shared_need, NULL); /* the databases are there */
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
    tcase_add_loop_test(tc, refused_at_the_start, 0, (int)COUNT(refused));
    tcase_add_test(tc, a_new_database_is_opened);
    tcase_add_test(tc, a_database_is_written_over_in_place);
    tcase_add_test(tc, addresses_made_up_to_hurt);
}

UNIT_MAIN("filter_geoip")
