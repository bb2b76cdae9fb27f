/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/net/loop.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t
hand_clock(void *ctx)
{
    return *(uint64_t *)ctx;
}

/* A loop whose clock the test turns. */
static struct loop *
loop_by_hand(uint64_t *now)
{
    struct loop *loop = loop_new(1, NULL, NULL);

    ck_assert_ptr_nonnull(loop);
    loop_set_clock(loop, hand_clock, now);
    return loop;
}

/* ---- mail ---- */

struct letter {
    struct mail mail;
    unsigned *count;
    struct loop *ran_on;
    bool mine;
};

static void
count_letter(struct loop *loop, struct mail *mail)
{
    struct letter *l = CONTAINER_OF(mail, struct letter, mail);

    ++*l->count;
    l->ran_on = loop;
    l->mine = loop_is_mine(loop);
}

START_TEST(mail_runs_on_the_loop)
{
    unsigned count = 0;
    struct letter letters[100];
    struct loop *loop = loop_new(1, NULL, NULL);

    for (size_t i = 0; i < COUNT(letters); i++) {
        letters[i] = (struct letter){ .mail = { .fn = count_letter }, .count = &count };
        if (i == 50)
            ck_assert_int_eq(loop_start(loop, NULL), 0);
        loop_mail(loop, &letters[i].mail);
    }
    loop_stop(loop);
    loop_free(&loop);
    ck_assert_ptr_null(loop);
    ck_assert_uint_eq(count, COUNT(letters));
    ck_assert(letters[99].mine);
}
END_TEST

START_TEST(late_mail_runs_at_the_end)
{
    unsigned count = 0;
    struct letter l = { .mail = { .fn = count_letter }, .count = &count };
    struct loop *loop = loop_new(1, NULL, NULL);

    loop_mail(loop, &l.mail);
    ck_assert_uint_eq(count, 0);
    loop_free(&loop);
    ck_assert_uint_eq(count, 1);
    ck_assert(l.mine);
}
END_TEST

/* ---- calls ---- */

struct caller {
    struct call call;
    unsigned runs, again;
};

static void
count_call(struct loop *loop, struct call *call)
{
    struct caller *c = CONTAINER_OF(call, struct caller, call);

    c->runs++;
    if (c->again > 0) {
        c->again--;
        loop_call_soon(loop, call);
    }
}

START_TEST(a_call_that_asks_again_runs_once_a_pass)
{
    uint64_t now = 1000;
    struct loop *loop = loop_by_hand(&now);
    struct caller c = { .call = { .fn = count_call }, .again = 2 };

    loop_call_soon(loop, &c.call);
    loop_call_soon(loop, &c.call);
    for (unsigned i = 1; i <= 3; i++) {
        loop_step(loop, 1000); /* returns at once while something waits */
        ck_assert_uint_eq(c.runs, i);
    }
    loop_step(loop, 0);
    ck_assert_uint_eq(c.runs, 3);
    loop_free(&loop);
}
END_TEST

START_TEST(a_cancelled_call_does_not_run)
{
    uint64_t now = 1000;
    struct loop *loop = loop_by_hand(&now);
    struct caller c = { .call = { .fn = count_call } };

    loop_call_cancel(&c.call);
    loop_call_soon(loop, &c.call);
    loop_call_cancel(&c.call);
    loop_step(loop, 0);
    ck_assert_uint_eq(c.runs, 0);
    loop_free(&loop);
}
END_TEST

/* ---- deadlines ---- */

struct timer {
    struct deadline deadline;
    uint64_t fired_ms;
    unsigned fires;
    uint64_t again_ms;
    struct timer *clears;
};

static void
note_fire(struct loop *loop, struct deadline *d)
{
    struct timer *t = CONTAINER_OF(d, struct timer, deadline);

    ck_assert(!loop_deadline_is_set(d));
    t->fired_ms = loop_now(loop);
    t->fires++;
    if (t->again_ms > 0)
        loop_deadline_set(loop, d, t->again_ms);
    if (t->clears != NULL)
        loop_deadline_clear(&t->clears->deadline);
}

/* Ticks every 250 ms up to `until`. */
static void
turn(struct loop *loop, uint64_t *now, uint64_t until)
{
    while (*now < until) {
        *now += LOOP_TICK_MS;
        loop_tick(loop);
    }
}

static const uint64_t delays[] = { 0, 1, 249, 250, 251, 10000, 63999, 64000, 64001, 700000 };

START_TEST(fires_at_most_a_tick_late_and_never_early)
{
    uint64_t start = 12345, now = start, after = delays[_i];
    struct loop *loop = loop_by_hand(&now);
    struct timer t = { .deadline = { .fn = note_fire } };

    loop_deadline_set(loop, &t.deadline, after);
    turn(loop, &now, start + after + 2000);
    ck_assert_uint_eq(t.fires, 1);
    ck_assert_uint_ge(t.fired_ms, start + after);
    ck_assert_uint_le(t.fired_ms, start + after + LOOP_TICK_MS);
    loop_free(&loop);
}
END_TEST

START_TEST(moved_later_and_earlier)
{
    uint64_t now = 5000;
    struct loop *loop = loop_by_hand(&now);
    struct timer late = { .deadline = { .fn = note_fire } }, early = late;

    loop_deadline_set(loop, &late.deadline, 1000);
    loop_deadline_set(loop, &late.deadline, 3000);
    loop_deadline_set(loop, &early.deadline, 3000);
    loop_deadline_set(loop, &early.deadline, 1000);
    turn(loop, &now, 7500);
    ck_assert_uint_eq(late.fires, 0);
    ck_assert_uint_eq(early.fires, 1);
    turn(loop, &now, 8250);
    ck_assert_uint_eq(late.fires, 1);
    loop_deadline_set(loop, &late.deadline, 1000);
    loop_deadline_clear(&late.deadline);
    ck_assert(!loop_deadline_is_set(&late.deadline));
    turn(loop, &now, 20000);
    ck_assert_uint_eq(late.fires, 1);
    loop_free(&loop);
}
END_TEST

START_TEST(a_deadline_may_set_itself_and_clear_its_neighbour)
{
    uint64_t now = 5000;
    struct loop *loop = loop_by_hand(&now);
    struct timer b = { .deadline = { .fn = note_fire } };
    struct timer a = { .deadline = { .fn = note_fire }, .again_ms = 500, .clears = &b };

    loop_deadline_set(loop, &a.deadline, 100);
    loop_deadline_set(loop, &b.deadline, 101);
    turn(loop, &now, 6000);
    ck_assert_uint_eq(a.fires, 2);
    ck_assert_uint_eq(b.fires, 0);
    loop_free(&loop);
}
END_TEST

START_TEST(a_clock_that_jumps_fires_everything_once)
{
    uint64_t now = 5000;
    struct loop *loop = loop_by_hand(&now);
    struct timer t[600];

    for (size_t i = 0; i < COUNT(t); i++) {
        t[i] = (struct timer){ .deadline = { .fn = note_fire } };
        loop_deadline_set(loop, &t[i].deadline, i * 331);
    }
    now += 1000000;
    loop_tick(loop);
    for (size_t i = 0; i < COUNT(t); i++)
        ck_assert_uint_eq(t[i].fires, 1);
    loop_free(&loop);
}
END_TEST

/* ---- ticks ---- */

struct ticker {
    struct tick tick;
    unsigned ticks;
    struct ticker *removes;
};

static void
count_tick(struct loop *loop, struct tick *tick)
{
    struct ticker *t = CONTAINER_OF(tick, struct ticker, tick);

    (void)loop;
    t->ticks++;
    if (t->removes != NULL)
        loop_tick_remove(&t->removes->tick);
}

START_TEST(ticks_run_in_order_and_may_remove_each_other)
{
    uint64_t now = 5000;
    struct loop *loop = loop_by_hand(&now);
    struct ticker c = { .tick = { .fn = count_tick } }, b = c, a = c;

    a.removes = &b;
    c.removes = &c;
    loop_tick_add(loop, &a.tick);
    loop_tick_add(loop, &b.tick);
    loop_tick_add(loop, &c.tick);
    turn(loop, &now, 5500);
    ck_assert_uint_eq(a.ticks, 2);
    ck_assert_uint_eq(b.ticks, 0);
    ck_assert_uint_eq(c.ticks, 1);
    loop_free(&loop);
}
END_TEST

START_TEST(a_running_loop_ticks_by_itself)
{
    struct loop *loop = loop_new(1, NULL, NULL);
    struct ticker t = { .tick = { .fn = count_tick } };

    loop_tick_add(loop, &t.tick);
    for (unsigned i = 0; i < 100 && t.ticks == 0; i++)
        loop_step(loop, 100);
    ck_assert_uint_ge(t.ticks, 1);
    loop_tick_remove(&t.tick);
    loop_free(&loop);
}
END_TEST

/* ---- watches ---- */

struct seen {
    struct watch *watch;
    unsigned read, write;
    bool frees;
};

static void
on_ready(struct loop *loop, void *arg, unsigned ready)
{
    struct seen *s = arg;

    (void)loop;
    s->read += ready == WATCH_READ;
    s->write += ready == WATCH_WRITE;
    if (s->frees)
        watch_free(&s->watch);
}

START_TEST(watch_tells_only_what_was_asked)
{
    uint64_t now = 1;
    struct loop *loop = loop_by_hand(&now);
    struct seen s = { 0 };
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    s.watch = watch_new(loop, fds[0], on_ready, &s);
    loop_step(loop, 0);
    ck_assert_uint_eq(s.read + s.write, 0);
    watch_set(s.watch, WATCH_WRITE);
    loop_step(loop, 1000);
    ck_assert_uint_eq(s.write, 1);
    watch_set(s.watch, WATCH_READ);
    loop_step(loop, 0);
    ck_assert_uint_eq(s.read, 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    loop_step(loop, 1000);
    loop_step(loop, 1000); /* still there: level-triggered */
    ck_assert_uint_eq(s.read, 2);
    ck_assert_uint_eq(s.write, 1);
    ck_assert_uint_eq(watch_get(s.watch), WATCH_READ);
    watch_set(s.watch, 0);
    loop_step(loop, 0);
    ck_assert_uint_eq(s.read, 2);
    watch_free(&s.watch);
    watch_free(&s.watch);
    close(fds[0]);
    close(fds[1]);
    loop_free(&loop);
}
END_TEST

START_TEST(watch_freed_by_the_first_of_two_calls)
{
    uint64_t now = 1;
    struct loop *loop = loop_by_hand(&now);
    struct seen s = { .frees = true };
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    s.watch = watch_new(loop, fds[0], on_ready, &s);
    watch_set(s.watch, WATCH_READ | WATCH_WRITE);
    loop_step(loop, 1000);
    loop_step(loop, 0);
    ck_assert_uint_eq(s.read + s.write, 1);
    close(fds[0]);
    close(fds[1]);
    loop_free(&loop);
}
END_TEST

/* ---- long passes ---- */

#define SLOW_MS 100
#define SLOW_N  30 /* libevent takes 32 at its first look */

/* What takes SLOW_MS by the loop's clock, by each of the three roads into the loop's thread. */
struct slow {
    uint64_t *now;
    unsigned *done; /* of all of them */
    struct watch *watch;
    struct mail mail;
    struct call call;
    int fds[2];
};

struct alarm {
    struct deadline deadline;
    unsigned *done, done_before;
    bool fired;
};

static void
on_alarm(struct loop *loop, struct deadline *d)
{
    struct alarm *a = CONTAINER_OF(d, struct alarm, deadline);

    (void)loop;
    a->fired = true;
    a->done_before = *a->done;
}

static void
be_slow(struct slow *s)
{
    *s->now += SLOW_MS;
    ++*s->done;
}

static void
slow_event(struct loop *loop, void *arg, unsigned ready)
{
    (void)loop, (void)ready;
    be_slow(arg);
}

static void
slow_mail(struct loop *loop, struct mail *mail)
{
    (void)loop;
    be_slow(CONTAINER_OF(mail, struct slow, mail));
}

static void
slow_call(struct loop *loop, struct call *call)
{
    (void)loop;
    be_slow(CONTAINER_OF(call, struct slow, call));
}

/* 0: events, 1: mail, 2: calls. */
START_TEST(deadlines_are_kept_inside_a_long_pass)
{
    uint64_t now = 1000;
    unsigned done = 0;
    struct loop *loop = loop_by_hand(&now);
    struct slow slow[SLOW_N];
    struct alarm a = { .deadline = { .fn = on_alarm }, .done = &done };

    for (size_t i = 0; i < SLOW_N; i++) {
        struct slow *s = &slow[i];

        *s = (struct slow){
            .now = &now, .done = &done, .mail = { .fn = slow_mail }, .call = { .fn = slow_call }
        };
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s->fds), 0);
        s->watch = watch_new(loop, s->fds[0], slow_event, s);
        if (_i == 0)
            watch_set(s->watch, WATCH_WRITE);
        else if (_i == 1)
            loop_mail(loop, &s->mail);
        else
            loop_call_soon(loop, &s->call);
    }
    loop_deadline_set(loop, &a.deadline, LOOP_TICK_MS);
    loop_step(loop, 0);
    ck_assert_uint_eq(done, SLOW_N);
    ck_assert(a.fired);
    ck_assert_uint_le(a.done_before, 3 * LOOP_TICK_MS / SLOW_MS);
    for (size_t i = 0; i < SLOW_N; i++) {
        watch_free(&slow[i].watch);
        close(slow[i].fds[0]);
        close(slow[i].fds[1]);
    }
    loop_free(&loop);
}
END_TEST

START_TEST(load_rises_with_bytes_and_halves_in_a_second)
{
    uint64_t now = 1000;
    struct loop *loop = loop_by_hand(&now);
    uint64_t before;

    loop_note_bytes(loop, 1000000);
    loop_tick(loop);
    before = loop_load(loop);
    ck_assert_uint_eq(before, 1000000);
    turn(loop, &now, now + 1000);
    ck_assert_uint_gt(loop_load(loop), before * 2 / 5);
    ck_assert_uint_lt(loop_load(loop), before * 3 / 5);
    turn(loop, &now, now + 60000);
    ck_assert_uint_eq(loop_load(loop), 0);
    loop_free(&loop);
}
END_TEST

/* Resident memory in pages. */
static long
resident(void)
{
    long size = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%ld %ld", &size, &pages), 2);
    fclose(f);
    return pages;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC true
#else
#define OWN_MALLOC false
#endif

/* What was given back leaves the process, too: 2 s after the release, on the first loop. */
START_TEST(freed_memory_leaves_the_process)
{
    struct budget budget;
    uint64_t now = 10000;
    struct loop *loop;
    enum { BLOCKS = 4000, BLOCK = 4096 };
    char **blocks = calloc(BLOCKS, sizeof *blocks);
    char *top;
    long full;

    budget_init(&budget, (size_t)64 << 20);
    loop = loop_new(0, &budget, NULL);
    loop_set_clock(loop, hand_clock, &now);
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK);
        memset(blocks[i], 1, BLOCK);
    }
    top = malloc(BLOCK); /* keeps the heap from shrinking by itself */
    full = resident();
    budget_charge(&budget.common, BUDGET_WINDOW, BLOCKS * (size_t)BLOCK);
    turn(loop, &now, now + 1000);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    budget_release(&budget.common, BUDGET_WINDOW, BLOCKS * (size_t)BLOCK);
    turn(loop, &now, now + 2000);
    if (!OWN_MALLOC)
        ck_assert_int_lt(resident(), full - BLOCKS / 2);
    free(top);
    free(blocks);
    loop_free(&loop);
    ck_assert_int_eq(budget.used, 0);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, mail_runs_on_the_loop);
    tcase_add_test(tc, late_mail_runs_at_the_end);
    tcase_add_test(tc, a_call_that_asks_again_runs_once_a_pass);
    tcase_add_test(tc, a_cancelled_call_does_not_run);
    tcase_add_loop_test(tc, fires_at_most_a_tick_late_and_never_early, 0, (int)COUNT(delays));
    tcase_add_test(tc, moved_later_and_earlier);
    tcase_add_test(tc, a_deadline_may_set_itself_and_clear_its_neighbour);
    tcase_add_test(tc, a_clock_that_jumps_fires_everything_once);
    tcase_add_test(tc, ticks_run_in_order_and_may_remove_each_other);
    tcase_add_test(tc, a_running_loop_ticks_by_itself);
    tcase_add_test(tc, watch_tells_only_what_was_asked);
    tcase_add_test(tc, watch_freed_by_the_first_of_two_calls);
    tcase_add_loop_test(tc, deadlines_are_kept_inside_a_long_pass, 0, 3);
    tcase_add_test(tc, load_rises_with_bytes_and_halves_in_a_second);
    tcase_add_test(tc, freed_memory_leaves_the_process);
}

UNIT_MAIN("loop")
