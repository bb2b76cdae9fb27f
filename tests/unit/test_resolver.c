/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/net/resolver.h"
#include "tests/unit/unit.h"

#include <netdb.h>
#include <arpa/inet.h>
#include <netinet/in.h>

struct answer {
    unsigned times;
    size_t n;
    char first[ADDRESS_TEXT];
    struct err err;
    bool mine;
    struct loop *loop;
};

static void
on_answer(void *arg, const struct address *at, size_t n, const struct err *err)
{
    struct answer *a = arg;

    a->times++;
    a->n = n;
    if (n > 0)
        address_print(&at[0], a->first);
    a->err = *err;
    a->mine = loop_is_mine(a->loop);
}

static void
wait_for(struct loop *loop, const unsigned *times)
{
    for (int i = 0; i < 500 && *times == 0; i++)
        loop_step(loop, 20);
}

static const struct {
    const char *host, *want;
} numbers[] = {
    { "127.0.0.1", "127.0.0.1:9200" },
    { "::1", "[::1]:9200" },
    { "[2001:db8::1]", "[2001:db8::1]:9200" },
};

START_TEST(number_is_answered_later_and_without_the_thread)
{
    struct loop *loop = loop_new(1, NULL, NULL);
    struct answer a = { .loop = loop };

    ck_assert_ptr_nonnull(resolver_ask(NULL, loop, numbers[_i].host, 9200, on_answer, &a));
    ck_assert_uint_eq(a.times, 0);
    wait_for(loop, &a.times);
    ck_assert_uint_eq(a.times, 1);
    ck_assert_uint_eq(a.n, 1);
    ck_assert_str_eq(a.first, numbers[_i].want);
    loop_free(&loop);
}
END_TEST

START_TEST(name_is_answered_on_the_loop)
{
    struct loop *loop = loop_new(1, NULL, NULL);
    struct resolver *r = resolver_start(NULL);
    struct answer a = { .loop = loop };
    struct addrinfo *here = NULL;
    bool known = getaddrinfo("localhost", NULL, NULL, &here) == 0;

    if (here != NULL)
        freeaddrinfo(here);
    resolver_ask(r, loop, "localhost", 5044, on_answer, &a);
    wait_for(loop, &a.times);
    ck_assert_uint_eq(a.times, 1);
    ck_assert_msg((a.n > 0) == known, "%s", a.err.msg); /* a bare root has no hosts file */
    ck_assert(a.mine);
    resolver_stop(&r);
    resolver_stop(&r);
    loop_free(&loop);
}
END_TEST

START_TEST(name_that_is_none)
{
    struct loop *loop = loop_new(1, NULL, NULL);
    struct resolver *r = resolver_start(NULL);
    struct answer a = { .loop = loop };

    resolver_ask(r, loop, "no such host", 5044, on_answer, &a);
    wait_for(loop, &a.times);
    ck_assert_uint_eq(a.times, 1);
    ck_assert_uint_eq(a.n, 0);
    ck_assert_int_eq(a.err.code, ERR_IO);
    ck_assert_int_eq(strncmp(a.err.msg, "no such host: ", 14), 0);
    resolver_stop(&r);
    loop_free(&loop);
}
END_TEST

/* Whatever the thread is doing with the question at that moment. */
START_TEST(cancelled_lookup_is_not_answered)
{
    struct loop *loop = loop_new(1, NULL, NULL);
    struct resolver *r = resolver_start(NULL);
    struct answer never = { .loop = loop }, last = { .loop = loop };

    for (int i = 0; i < 50; i++) {
        struct lookup *l =
            resolver_ask(r, loop, i % 2 ? "localhost" : "127.0.0.1", 1, on_answer, &never);

        resolver_cancel(&l);
        ck_assert_ptr_null(l);
        resolver_cancel(&l);
    }
    resolver_ask(r, loop, "localhost", 1, on_answer, &last);
    wait_for(loop, &last.times);
    ck_assert_uint_eq(last.times, 1);
    ck_assert_uint_eq(never.times, 0);
    resolver_stop(&r);
    loop_free(&loop);
}
END_TEST

START_TEST(stop_answers_what_is_left)
{
    struct loop *loop = loop_new(1, NULL, NULL);
    struct resolver *r = resolver_start(NULL);
    struct answer a[20];

    for (size_t i = 0; i < COUNT(a); i++) {
        a[i] = (struct answer){ .loop = loop };
        resolver_ask(r, loop, "localhost", 1, on_answer, &a[i]);
    }
    resolver_stop(&r);
    loop_free(&loop);
    for (size_t i = 0; i < COUNT(a); i++)
        ck_assert_uint_eq(a[i].times, 1);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, number_is_answered_later_and_without_the_thread, 0,
                        (int)COUNT(numbers));
    tcase_add_test(tc, name_is_answered_on_the_loop);
    tcase_add_test(tc, name_that_is_none);
    tcase_add_test(tc, cancelled_lookup_is_not_answered);
    tcase_add_test(tc, stop_answers_what_is_left);
}

UNIT_MAIN("resolver")
