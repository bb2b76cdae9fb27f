/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/error.h"
#include "server/net/loop.h"
#include "sinks/gzip.h"
#include "sinks/sink_queue.h"
#include "sinks/view_gzip.h"

/* A sink whose server is the test: requests pile up in `sent` until the test answers them. */
struct scripted {
    struct sink base;
    struct sink_queue *queue;
    struct sink_request *sent[64];
    size_t sent_n;
    bool host_dead, closed;
    unsigned canceled;
};

static struct scripted s;
static struct loop *loop;
static uint64_t clock_ms;
static unsigned freed, idle;

static uint64_t
now(void *ctx)
{
    (void)ctx;
    return clock_ms;
}

static void
on_view_fini(struct view *v)
{
    (void)v;
    freed++;
}

static const struct sink_type scripted_type = { .name = "scripted", .view_fini = on_view_fini };

static bool
may_send(struct sink *base)
{
    return !((struct scripted *)base)->host_dead;
}

static void
send_request(struct sink *base, struct sink_request *r)
{
    struct scripted *t = (struct scripted *)base;

    ck_assert_uint_lt(t->sent_n, COUNT(t->sent));
    sink_request_body(r);
    t->sent[t->sent_n++] = r;
}

static void
cancel(struct sink *base, struct sink_request *r)
{
    (void)r;
    ((struct scripted *)base)->canceled++;
}

static void
on_closed(struct sink *base)
{
    ((struct scripted *)base)->closed = true;
}

static const struct sink_queue_ops ops = {
    .may_send = may_send,
    .send = send_request,
    .cancel = cancel,
    .closed = on_closed,
};

static const struct sink_queue_rules usual = {
    .in_flight = 4,
    .per_view = 1,
    .request_bytes = 100,
    .joins = true,
    .retry_first_ms = 2000,
    .retry_max_ms = 64000,
};

static void
start(const struct sink_queue_rules *rules)
{
    struct err err = { 0 };

    s = (struct scripted){ .host_dead = false };
    freed = idle = 0;
    clock_ms = 1000;
    loop = loop_new(0, NULL, &err);
    ck_assert_msg(loop != NULL, "%s", err.msg);
    loop_set_clock(loop, now, NULL);
    sink_init(&s.base, &scripted_type, NULL, &(struct sink_env){ .loop = loop });
    s.queue = sink_queue_new(&s.base, &ops, rules);
}

static void
stop(void)
{
    struct err err = { 0 };

    ck_assert_int_eq(loop_start(loop, &err), 0);
    sink_queue_close(&s.queue);
    ck_assert(s.closed);
    loop_stop(loop);
    loop_free(&loop);
}

/* A view of n items "AAAA;", "BBBB;", ... */
static void
give(char first, uint32_t n, size_t len, int gzip_level)
{
    struct view *v = view_new(&s.base, NULL);

    for (uint32_t i = 0; i < n; i++) {
        struct view_item *item = view_add(v);

        for (size_t k = 0; k + 1 < len; k++)
            buf_byte(&v->body, (char)(first + (char)i));
        buf_byte(&v->body, ';');
        item->len = (uint32_t)len;
    }
    if (gzip_level > 0)
        view_gzip(v, gzip_level, 100, NULL);
    sink_queue_give(s.queue, &v);
    ck_assert_ptr_null(v);
    loop_step(loop, 0);
}

static void
pass(uint64_t ms)
{
    clock_ms += ms;
    loop_step(loop, 0);
    loop_tick(loop);
    loop_step(loop, 0);
}

static struct slice
body_of(const struct sink_request *r, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < r->body_n; i++) {
        memcpy(out + n, r->body[i].iov_base, r->body[i].iov_len);
        n += r->body[i].iov_len;
    }
    ck_assert_uint_eq(n, r->body_bytes);
    return (struct slice){ out, n };
}

static void
check_body(size_t request, const char *want)
{
    char bytes[1024];

    ck_assert_uint_gt(s.sent_n, request);
    ck_assert_slice(body_of(s.sent[request], bytes), slice_of(want));
}

static void
all_done(size_t request)
{
    sink_queue_answer(&s.sent[request], NULL);
    ck_assert_ptr_null(s.sent[request]);
}

/* One letter an item: d(one), a(gain), r(efused). */
static void
answer(size_t request, const char *verdicts)
{
    struct sink_answer answers[16] = { 0 };

    for (size_t i = 0; verdicts[i] != '\0'; i++)
        answers[i].verdict = verdicts[i] == 'd'   ? SINK_DONE
                             : verdicts[i] == 'a' ? SINK_AGAIN
                                                  : SINK_REFUSED;
    ck_assert_uint_eq(s.sent[request]->n, strlen(verdicts));
    sink_queue_answer(&s.sent[request], answers);
}

START_TEST(a_view_leaves_at_once_and_is_settled_by_the_answer)
{
    start(&usual);
    give('A', 2, 5, 0);
    check_body(0, "AAAA;BBBB;");
    ck_assert_uint_eq(s.sent[0]->n, 2);
    ck_assert_uint_eq(s.sent[0]->plain_bytes, 10);
    ck_assert_uint_eq(freed, 0);
    all_done(0);
    ck_assert_uint_eq(freed, 1);
    ck_assert_uint_eq(s.base.stats.done, 2);
    stop();
}
END_TEST

START_TEST(what_waits_for_a_slot_is_joined_up_to_the_limit)
{
    struct sink_queue_rules one = usual;

    one.in_flight = 1;
    start(&one);
    give('A', 1, 5, 0);
    give('B', 1, 50, 0);
    give('C', 1, 45, 0);
    give('D', 1, 10, 0); /* 105 with those before */
    ck_assert_uint_eq(s.sent_n, 1);
    all_done(0);
    ck_assert_uint_eq(s.sent_n, 2);
    ck_assert_uint_eq(s.sent[1]->n, 2);
    ck_assert_uint_eq(s.sent[1]->plain_bytes, 95);
    all_done(1);
    check_body(2, "DDDDDDDDD;");
    all_done(2);
    ck_assert_uint_eq(freed, 4);
    stop();
}
END_TEST

START_TEST(a_large_view_goes_in_parts_one_after_the_other)
{
    start(&usual);
    give('A', 3, 45, 0);
    ck_assert_uint_eq(s.sent_n, 1);
    ck_assert_uint_eq(s.sent[0]->n, 2);
    give('X', 1, 5, 0); /* another view need not wait */
    ck_assert_uint_eq(s.sent_n, 2);
    check_body(1, "XXXX;");
    all_done(0);
    ck_assert_uint_eq(freed, 0);
    ck_assert_uint_eq(s.sent[2]->n, 1);
    all_done(2);
    ck_assert_uint_eq(freed, 1);
    stop();
}
END_TEST

START_TEST(an_item_over_the_limit_goes_alone)
{
    start(&usual);
    give('A', 1, 101, 0);
    ck_assert_uint_eq(s.sent[0]->plain_bytes, 101);
    all_done(0);
    stop();
}
END_TEST

START_TEST(only_what_failed_comes_again_after_a_doubling_pause)
{
    static const uint64_t pauses[] = { 2000, 4000, 8000, 16000, 32000, 64000, 64000 };

    start(&usual);
    give('A', 4, 5, 0);
    answer(0, "dard");
    ck_assert_uint_eq(s.base.stats.refused, 1);
    for (size_t i = 0; i < COUNT(pauses); i++) {
        pass(pauses[i] - 1);
        ck_assert_uint_eq(s.sent_n, i + 1);
        pass(1);
        ck_assert_uint_eq(s.sent_n, i + 2);
        check_body(i + 1, "BBBB;");
        answer(i + 1, "a");
    }
    ck_assert_uint_eq(freed, 0);
    pass(64000);
    all_done(COUNT(pauses) + 1);
    ck_assert_uint_eq(freed, 1);
    ck_assert_uint_eq(s.base.stats.done, 3);
    ck_assert_uint_eq(s.base.stats.given, 4);
    stop();
}
END_TEST

START_TEST(a_server_may_say_when)
{
    struct sink_answer later = { .verdict = SINK_AGAIN, .later_ms = 500 };

    start(&usual);
    give('A', 1, 5, 0);
    sink_queue_answer(&s.sent[0], &later);
    pass(499);
    ck_assert_uint_eq(s.sent_n, 1);
    pass(1);
    ck_assert_uint_eq(s.sent_n, 2);
    all_done(1);
    stop();
}
END_TEST

START_TEST(a_server_that_asks_for_more_patience_gets_it)
{
    start(&usual);
    give('A', 1, 5, 0);
    sink_queue_failed(&s.sent[0], SINK_FAILED, 7000);
    pass(6999);
    ck_assert_uint_eq(s.sent_n, 1);
    pass(1);
    sink_queue_failed(&s.sent[1], SINK_FAILED, 10); /* not less than our own */
    pass(3999);
    ck_assert_uint_eq(s.sent_n, 2);
    pass(1);
    all_done(2);
    stop();
}
END_TEST

START_TEST(others_go_on_while_items_wait)
{
    start(&usual);
    give('A', 2, 5, 0);
    answer(0, "ad");
    give('B', 1, 5, 0);
    check_body(1, "BBBB;");
    all_done(1);
    pass(2000);
    check_body(2, "AAAA;");
    all_done(2);
    stop();
}
END_TEST

START_TEST(a_failed_request_comes_again_whole)
{
    start(&usual);
    give('A', 2, 5, 0);
    ck_assert_uint_eq(sink_queue_pause(s.sent[0]), 2000);
    sink_queue_failed(&s.sent[0], SINK_FAILED, 0);
    sink_queue_wake(s.queue); /* a host that comes back is no reason to hurry */
    pass(1999);
    ck_assert_uint_eq(s.sent_n, 1);
    pass(1);
    check_body(1, "AAAA;BBBB;");
    ck_assert_uint_eq(sink_queue_pause(s.sent[1]), 4000);
    answer(1, "ad"); /* the count of failures starts afresh */
    pass(2000);
    ck_assert_uint_eq(sink_queue_pause(s.sent[2]), 2000);
    all_done(2);
    stop();
}
END_TEST

START_TEST(a_host_that_is_back_ends_the_pause_but_for_its_first_step)
{
    start(&usual);
    give('A', 1, 5, 0);
    for (size_t i = 0; i < 3; i++) {
        sink_queue_failed(&s.sent[i], SINK_UNREACHABLE, 0);
        pass(2000u << i);
    }
    ck_assert_uint_eq(s.sent_n, 4);
    s.host_dead = true;
    sink_queue_failed(&s.sent[3], SINK_UNREACHABLE, 0); /* pauses 16 s */
    pass(3000);
    s.host_dead = false;
    sink_queue_wake(s.queue);
    ck_assert_uint_eq(s.sent_n, 5);
    sink_queue_failed(&s.sent[4], SINK_UNREACHABLE, 0);
    sink_queue_wake(s.queue);
    ck_assert_uint_eq(s.sent_n, 5);
    pass(2000);
    ck_assert_uint_eq(s.sent_n, 6);
    all_done(5);
    stop();
}
END_TEST

START_TEST(nothing_leaves_without_a_host)
{
    start(&usual);
    s.host_dead = true;
    give('A', 1, 5, 0);
    ck_assert_uint_eq(s.sent_n, 0);
    s.host_dead = false;
    sink_queue_wake(s.queue);
    ck_assert_uint_eq(s.sent_n, 1);
    sink_queue_failed(&s.sent[0], SINK_ELSEWHERE, 0); /* another host, at once */
    ck_assert_uint_eq(s.sent_n, 2);
    all_done(1);
    stop();
}
END_TEST

START_TEST(too_large_goes_again_as_it_was_then_in_halves)
{
    start(&usual);
    give('A', 3, 5, 0);
    sink_queue_failed(&s.sent[0], SINK_TOO_LARGE, 0);
    give('X', 1, 5, 0);
    all_done(1);
    pass(2000);
    check_body(2, "AAAA;BBBB;CCCC;");
    sink_queue_failed(&s.sent[2], SINK_TOO_LARGE, 0);
    pass(4000);
    check_body(3, "AAAA;"); /* one view, one request at a time */
    all_done(3);
    check_body(4, "BBBB;CCCC;");
    all_done(4);
    ck_assert_uint_eq(freed, 2);
    stop();
}
END_TEST

START_TEST(a_replaced_text_is_sent_instead)
{
    struct sink_answer answers[2] = { { .verdict = SINK_DONE },
                                      { .verdict = SINK_AGAIN, .later_ms = 1 } };

    start(&usual);
    give('A', 2, 5, 0);
    answers[1].replaced = (struct slice){ strdup("better;"), 7 };
    sink_queue_answer(&s.sent[0], answers);
    pass(1);
    check_body(1, "better;");
    answer(1, "a");
    pass(4000);
    check_body(2, "better;");
    all_done(2);
    stop();
}
END_TEST

START_TEST(members_are_sent_as_they_lie_and_items_found_inside)
{
    struct sink_queue_rules gzip = usual;
    struct buf plain = { 0 };
    struct err err = { 0 };
    char bytes[1024];

    gzip.gzip_level = 1;
    start(&gzip);
    give('A', 5, 45, 1); /* members of 2, 2 and 1 */
    ck_assert_uint_eq(s.sent[0]->n, 2);
    ck_assert_ptr_eq(s.sent[0]->gathered.p, NULL);
    ck_assert_int_eq(gzip_plain(body_of(s.sent[0], bytes), 90, &plain, &err), 0);
    ck_assert(plain.p[0] == 'A' && plain.p[45] == 'B');
    answer(0, "da");
    ck_assert_ptr_eq(s.sent[1]->gathered.p, NULL);
    answer(1, "ad");
    all_done(2);
    pass(2000);
    for (size_t i = 3; i < 5; i++) { /* of the first and of the second part */
        buf_clear(&plain);
        ck_assert_uint_eq(s.sent[i]->n, 1);
        ck_assert_int_eq(gzip_plain(body_of(s.sent[i], bytes), 45, &plain, &err), 0);
        ck_assert_int_eq(plain.p[0], i == 3 ? 'B' : 'C');
        all_done(i);
    }
    ck_assert_uint_eq(freed, 1);
    buf_fini(&plain);
    stop();
}
END_TEST

START_TEST(parts_of_a_view_may_go_side_by_side)
{
    struct sink_queue_rules single = usual;

    single.per_view = 2;
    single.request_items = 1;
    single.joins = false;
    start(&single);
    give('A', 3, 5, 0);
    ck_assert_uint_eq(s.sent_n, 2);
    ck_assert_slice(sink_request_text(s.sent[1]), SLICE("BBBB;"));
    all_done(0);
    check_body(2, "CCCC;");
    all_done(1);
    all_done(2);
    ck_assert_uint_eq(freed, 1);
    stop();
}
END_TEST

START_TEST(the_cursor_walks_over_all_lots)
{
    struct sink_queue_rules one = usual;
    struct sink_cursor c = { 0 };
    struct sink_item item;
    char seen[16] = "";
    size_t n = 0;

    one.in_flight = 1;
    start(&one);
    give('X', 1, 5, 0);
    give('A', 3, 5, 0);
    give('D', 1, 5, 0);
    all_done(0);
    while (sink_request_next(s.sent[1], &c, &item))
        seen[n++] = item.view->body.p[item.view->items[item.index].at];
    ck_assert_str_eq(seen, "ABCD");
    answer(1, "adad");
    pass(2000);
    check_body(2, "AAAA;CCCC;");
    all_done(2);
    stop();
}
END_TEST

static void
on_idle(void *arg)
{
    ck_assert_ptr_eq(arg, &idle);
    idle++;
}

START_TEST(drained_when_nothing_is_left)
{
    start(&usual);
    give('A', 1, 5, 0);
    sink_queue_drain(s.queue, on_idle, &idle);
    loop_step(loop, 0);
    ck_assert_uint_eq(idle, 0);
    answer(0, "a");
    ck_assert_uint_eq(idle, 0);
    pass(2000);
    all_done(1);
    ck_assert_uint_eq(idle, 1);
    sink_queue_drain(s.queue, on_idle, &idle);
    loop_step(loop, 0);
    ck_assert_uint_eq(idle, 2);
    stop();
}
END_TEST

static unsigned settled;

static void
on_settled(void *to, struct done *d)
{
    (void)to;
    (void)d;
    settled++;
}

START_TEST(closing_acknowledges_nothing)
{
    struct done done = { .settled = on_settled };

    atomic_init(&done.left, 2);
    start(&usual);
    give('A', 1, 5, 0); /* under way */
    give('B', 2, 5, 0);
    answer(1, "da"); /* waiting */
    s.host_dead = true;
    struct view *v = view_new(&s.base, NULL); /* ready */

    view_add(v)->len = 0;
    v->done = &done;
    sink_queue_give(s.queue, &v);
    stop();
    ck_assert_uint_eq(s.canceled, 1);
    ck_assert_uint_eq(freed, 3);
    ck_assert_uint_eq(settled, 0);
    ck_assert_uint_eq(done.left, 1); /* dropped, but as given up */
    ck_assert(done.abandoned);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, a_view_leaves_at_once_and_is_settled_by_the_answer);
    tcase_add_test(tc, what_waits_for_a_slot_is_joined_up_to_the_limit);
    tcase_add_test(tc, a_large_view_goes_in_parts_one_after_the_other);
    tcase_add_test(tc, an_item_over_the_limit_goes_alone);
    tcase_add_test(tc, only_what_failed_comes_again_after_a_doubling_pause);
    tcase_add_test(tc, a_server_may_say_when);
    tcase_add_test(tc, a_server_that_asks_for_more_patience_gets_it);
    tcase_add_test(tc, others_go_on_while_items_wait);
    tcase_add_test(tc, a_failed_request_comes_again_whole);
    tcase_add_test(tc, a_host_that_is_back_ends_the_pause_but_for_its_first_step);
    tcase_add_test(tc, nothing_leaves_without_a_host);
    tcase_add_test(tc, too_large_goes_again_as_it_was_then_in_halves);
    tcase_add_test(tc, a_replaced_text_is_sent_instead);
    tcase_add_test(tc, members_are_sent_as_they_lie_and_items_found_inside);
    tcase_add_test(tc, parts_of_a_view_may_go_side_by_side);
    tcase_add_test(tc, the_cursor_walks_over_all_lots);
    tcase_add_test(tc, drained_when_nothing_is_left);
    tcase_add_test(tc, closing_acknowledges_nothing);
}

UNIT_MAIN("sink_queue")
