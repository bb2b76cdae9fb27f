/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/beats_clients.h"
#include "tests/unit/unit.h"

#include "codec/base/buf.h"

#include <stdio.h>

static struct beats_client_id
agent(const char *name)
{
    return (struct beats_client_id){ .agent = slice_of(name), .address = SLICE("192.0.2.7") };
}

static struct beats_client *
join(struct beats_clients *all, const char *name, uint64_t now_s)
{
    struct beats_client_id id = agent(name);

    return beats_clients_join(all, &id, now_s);
}

START_TEST(connections_of_one_client_share_an_entry)
{
    struct beats_clients all;
    struct beats_client_id other = agent("a");
    struct beats_client *a;

    beats_clients_init(&all, 10);
    a = join(&all, "a", 100);
    ck_assert_ptr_eq(join(&all, "a", 105), a);
    ck_assert_ptr_ne(join(&all, "b", 106), a);
    other.subject = SLICE("CN=a");
    ck_assert_ptr_ne(beats_clients_join(&all, &other, 107), a);
    other = agent("a");
    other.address = SLICE("192.0.2.8");
    ck_assert_ptr_ne(beats_clients_join(&all, &other, 107), a);
    ck_assert_uint_eq(all.n, 4);
    ck_assert_uint_eq(a->connections, 2);
    ck_assert_uint_eq(a->since_s, 100);
    ck_assert_uint_eq(a->seen_s, 105);
    beats_clients_leave(&all, a, 110);
    beats_clients_leave(&all, a, 120);
    ck_assert_ptr_eq(join(&all, "a", 130), a);
    ck_assert_uint_eq(a->connects, 3);
    ck_assert_uint_eq(a->connections, 1);
    ck_assert_uint_eq(a->since_s, 100);
    beats_clients_fini(&all);
}
END_TEST

START_TEST(longest_idle_is_forgotten_first)
{
    struct beats_clients all;
    struct beats_client *a, *b, *c;

    beats_clients_init(&all, 3);
    a = join(&all, "a", 1);
    b = join(&all, "b", 2);
    c = join(&all, "c", 3);
    beats_clients_leave(&all, c, 4);
    beats_clients_leave(&all, b, 5);
    ck_assert_str_eq(join(&all, "d", 6)->agent, "d"); /* c goes */
    ck_assert_uint_eq(all.n, 3);
    ck_assert_uint_eq(all.forgotten, 1);
    ck_assert_ptr_eq(join(&all, "b", 7), b);
    ck_assert_ptr_eq(join(&all, "a", 8), a);
    ck_assert_uint_eq(all.forgotten, 1);
    beats_clients_fini(&all);
}
END_TEST

START_TEST(newcomers_share_an_entry_while_all_are_in_use)
{
    struct beats_clients all;
    struct beats_client *a, *more;

    beats_clients_init(&all, 2);
    a = join(&all, "a", 1);
    join(&all, "b", 1);
    more = join(&all, "c", 2);
    ck_assert_str_eq(more->agent, "(others)");
    ck_assert_ptr_eq(join(&all, "d", 3), more);
    ck_assert_uint_eq(more->connections, 2);
    beats_clients_leave(&all, more, 4);
    beats_clients_leave(&all, more, 4);
    beats_clients_leave(&all, a, 5);
    ck_assert_str_eq(join(&all, "c", 6)->agent, "c");
    ck_assert_uint_eq(all.n, 2);
    beats_clients_fini(&all);
}
END_TEST

START_TEST(a_thousand_names_cost_what_the_limit_allows)
{
    struct beats_clients all;
    char name[32];

    beats_clients_init(&all, 16);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "agent-%u", i);
        beats_clients_leave(&all, join(&all, name, i), i);
    }
    ck_assert_uint_eq(all.n, 16);
    ck_assert_uint_eq(all.forgotten, 984);
    ck_assert_ptr_null(all.others);
    beats_clients_fini(&all);
}
END_TEST

START_TEST(hostile_names_are_cut_between_characters)
{
    struct beats_clients all;
    static char subject[2000];
    struct beats_client_id id = { .subject = { subject, sizeof subject },
                                  .agent = SLICE("a\"b\n\xff\\") };
    struct beats_client *c;

    for (size_t i = 0; i < sizeof subject; i++)
        subject[i] = i % 2 ? '\xa9' : '\xc3';
    beats_clients_init(&all, 2);
    c = beats_clients_join(&all, &id, 1);
    ck_assert_str_eq(c->agent, "a\"b\n\xff\\");
    ck_assert_uint_eq(strlen(c->subject), CLIENT_SUBJECT - 2); /* half of the last is left out */
    beats_clients_fini(&all);
}
END_TEST

/* ---- latency ---- */

START_TEST(percentiles_are_at_most_a_bucket_too_high)
{
    for (uint64_t ms = 0; ms < 50000; ms = ms * 17 / 16 + 1) {
        struct beats_client c = { 0 };
        uint64_t got;

        for (unsigned i = 0; i < 995; i++)
            beats_client_acked(&c, ms);
        for (unsigned i = 0; i < 5; i++)
            beats_client_acked(&c, 100000);
        got = beats_client_latency(&c, 990);
        ck_assert_msg(got >= ms && got <= ms + ms / 4, "%llu ms gives %llu", (unsigned long long)ms,
                      (unsigned long long)got);
        ck_assert_uint_eq(beats_client_latency(&c, 1000), 100000);
        ck_assert_uint_eq(c.ack_most_ms, 100000);
    }
}
END_TEST

START_TEST(latency_without_acks_and_with_one)
{
    struct beats_client c = { 0 };

    ck_assert_uint_eq(beats_client_latency(&c, 990), 0);
    beats_client_acked(&c, 7);
    ck_assert_uint_eq(beats_client_latency(&c, 990), 7);
}
END_TEST

/* ---- readings ---- */

START_TEST(readings_of_two_loops_become_one)
{
    struct beats_clients one, two;
    struct beats_clients_copy copy = { 0 };
    struct beats_client *a, *b;

    beats_clients_init(&one, 10);
    beats_clients_init(&two, 10);
    a = join(&one, "a", 100);
    b = join(&two, "a", 50);
    a->bytes = 1000;
    b->bytes = 500;
    a->windows_open = 1;
    b->windows_open = 2;
    beats_client_acked(a, 5);
    beats_client_acked(b, 9);
    join(&two, "b", 200)->bytes = 4000;
    two.forgotten = 3;
    beats_clients_copy(&one, &copy);
    beats_clients_copy(&two, &copy);
    beats_clients_merge(&copy);
    ck_assert_uint_eq(copy.n, 2);
    ck_assert_str_eq(copy.at[0].agent, "b");
    ck_assert_str_eq(copy.at[1].agent, "a");
    ck_assert_uint_eq(copy.at[1].bytes, 1500);
    ck_assert_uint_eq(copy.at[1].connections, 2);
    ck_assert_uint_eq(copy.at[1].windows_open, 3);
    ck_assert_uint_eq(copy.at[1].since_s, 50);
    ck_assert_uint_eq(copy.at[1].seen_s, 100);
    ck_assert_uint_eq(copy.at[1].acks, 2);
    ck_assert_uint_eq(copy.at[1].ack_most_ms, 9);
    ck_assert_uint_eq(copy.forgotten, 3);
    beats_clients_copy_fini(&copy);
    beats_clients_fini(&one);
    beats_clients_fini(&two);
}
END_TEST

/* What log lines say, one after the other. */
static void
collect(void *ctx, const struct log *log, enum log_level level, struct slice message,
        const struct log_param *params, size_t n)
{
    struct buf *out = ctx;

    (void)log;
    (void)level;
    buf_printf(out, "%.*s", SLICE_ARGS(message));
    for (size_t i = 0; i < n; i++)
        if (params[i].kind == LOG_KIND_INT)
            buf_printf(out, " %s=%lld", params[i].key, (long long)params[i].number);
        else
            buf_printf(out, " %s=%.*s", params[i].key, SLICE_ARGS(params[i].text));
    buf_byte(out, '\n');
}

START_TEST(one_line_a_client_and_how_many_there_are)
{
    struct beats_clients all;
    struct beats_clients_copy copy = { 0 };
    struct buf out = { 0 };
    static const struct log log = { .logger = "test" };

    beats_clients_init(&all, 10);
    join(&all, "a", 1700000000)->bytes = 10;
    join(&all, "b", 1700000000)->bytes = 20;
    join(&all, "c", 1700000000)->bytes = 5;
    beats_clients_copy(&all, &copy);
    beats_clients_merge(&copy);
    log_set_handler(collect, &out);
    beats_clients_log(&copy, 2, &log);
    log_set_handler(NULL, NULL);
    ck_assert_str_eq(
        buf_cstr(&out),
        "Client address=192.0.2.7 agent=b subject= since=2023-11-14T22:13:20Z "
        "last_seen=2023-11-14T22:13:20Z connections=1 connects=1 windows=0 windows_open=0 "
        "events=0 bytes=20 acks=0 ack_ms_p99=0 ack_ms_most=0 quarantined=0 errors=0\n"
        "Client address=192.0.2.7 agent=a subject= since=2023-11-14T22:13:20Z "
        "last_seen=2023-11-14T22:13:20Z connections=1 connects=1 windows=0 windows_open=0 "
        "events=0 bytes=10 acks=0 ack_ms_p99=0 ack_ms_most=0 quarantined=0 errors=0\n"
        "Clients clients=3 not_shown=1 forgotten=0\n");
    buf_fini(&out);
    beats_clients_copy_fini(&copy);
    beats_clients_fini(&all);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, connections_of_one_client_share_an_entry);
    tcase_add_test(tc, longest_idle_is_forgotten_first);
    tcase_add_test(tc, newcomers_share_an_entry_while_all_are_in_use);
    tcase_add_test(tc, a_thousand_names_cost_what_the_limit_allows);
    tcase_add_test(tc, hostile_names_are_cut_between_characters);
    tcase_add_test(tc, percentiles_are_at_most_a_bucket_too_high);
    tcase_add_test(tc, latency_without_acks_and_with_one);
    tcase_add_test(tc, readings_of_two_loops_become_one);
    tcase_add_test(tc, one_line_a_client_and_how_many_there_are);
}

UNIT_MAIN("beats_clients")
