/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The promise of done, with an input and sinks that follow a script: a window is settled once, and
 * not before every sink has settled every view of every batch. */
#include "pipeline/worker.h"
#include "tests/unit/unit.h"

#include "codec/zoneinfo.h"
#include "pipeline/config_parse.h"

#include <pthread.h>
#include <time.h>

#define VIEWS_MOST 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* What happened; under the lock. */
static struct {
    unsigned settled, given, backs;
    unsigned settled_at_give[VIEWS_MOST]; /* when view i was given */
    struct view *held[VIEWS_MOST];
    unsigned held_n;
    uint32_t acks;
} seen;

static struct script {
    unsigned batches; /* of the window */
    unsigned backs;   /* first this often: no room */
    unsigned answer;  /* so many views are settled inside give; the others are held */
} script;

/* ---- plugins ---- */

static enum windowed
decode(struct input *in, void *state, struct window *w, struct done *done, struct batch **out)
{
    unsigned *left = (unsigned *)(void *)w->blocks->data;

    (void)in;
    (void)state;
    budget_release(w->share, BUDGET_BATCH, w->room);
    w->room = 0;
    if (seen.backs < script.backs) {
        seen.backs++;
        return WINDOW_BACK;
    }
    if (*left == 0) {
        lj_acks_add(&done->acks, (struct lj_ack){ .seq = 7, .version = '2' });
        return WINDOW_END;
    }
    (*left)--;
    *out = batch_new(w->share);
    batch_add(*out);
    return WINDOW_BATCH;
}

static void
settled(void *to, struct done *d)
{
    (void)to;
    pthread_mutex_lock(&lock);
    seen.settled++;
    seen.acks += d->acks.n;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void
encode(struct sink *s, struct view *v, struct event *ev)
{
    (void)s;
    (void)ev;
    view_add(v);
    buf_append(&v->body, SLICE("x"));
}

/* Answers on the worker's own thread: earlier than any real output can. */
static void
give(struct sink *s, struct view **v)
{
    bool answers;

    (void)s;
    pthread_mutex_lock(&lock);
    ck_assert_uint_lt(seen.given, VIEWS_MOST);
    seen.settled_at_give[seen.given] = seen.settled;
    answers = seen.given++ < script.answer;
    if (!answers)
        seen.held[seen.held_n++] = *v;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    if (answers)
        view_free(v);
    *v = NULL;
}

static const struct sink_type one = { .name = "one", .encode = encode, .give = give };
static const struct sink_type two = { .name = "two", .encode = encode, .give = give };
static const struct sink_type *const sinks[] = { &one, &two, NULL };
static const struct input_type scripted = { .name = "scripted",
                                            .decode = decode,
                                            .settled = settled };
static const struct input_type *const inputs[] = { &scripted, NULL };

static const struct sink_type *
find_sink(struct slice name)
{
    return slice_eq(name, SLICE("one")) ? &one : &two;
}

static const struct input_type *
find_input(struct slice name)
{
    (void)name;
    return &scripted;
}

/* ---- a pool ---- */

static struct {
    struct budget budget;
    struct budget_share share;
    struct ready *ready;
    struct plan *plan;
    struct workers *workers;
    struct input input;
    struct sink sink[2];
} pool;

static struct plan *
compile(struct slice text)
{
    static const struct plan_registry registry = {
        .find_sink = find_sink, .find_input = find_input, .sinks = sinks, .inputs = inputs
    };
    struct config_source source = { "a.conf", text };
    struct plan_settings settings = { .pipeline_id = "main", .workers = 2, .batch_size = 125 };
    struct findings findings = { 0 };
    struct config *config = config_parse(&source, 1, false, &findings);
    struct plan *plan = plan_compile(config, &settings, &registry, NULL, NULL, zone_offset,
                                     timestamp_now, &findings);

    ck_assert_ptr_nonnull(plan);
    config_free(&config);
    findings_fini(&findings);
    return plan;
}

static void
start(struct slice text)
{
    struct err err = { 0 };

    memset(&seen, 0, sizeof seen);
    budget_init(&pool.budget, (size_t)64 << 20);
    budget_join(&pool.budget, &pool.share);
    pool.ready = ready_new(1);
    pool.plan = compile(text);
    pool.plan->share = &pool.share;
    for (size_t i = 0; i < pool.plan->output_n; i++) {
        sink_init(&pool.sink[i], pool.plan->output[i]->type, NULL,
                  &(struct sink_env){ .share = &pool.share });
        pool.plan->output[i]->sink = &pool.sink[i];
    }
    pool.input = (struct input){ .type = &scripted };
    pool.workers = workers_start(pool.ready, &pool.plan, 1, 2, &err);
    ck_assert_ptr_nonnull(pool.workers);
}

static void
give_window(void)
{
    struct window *w = window_new(&pool.share);
    struct window_block *b = window_block(w, sizeof script.batches);

    memcpy(b->data, &script.batches, sizeof script.batches);
    w->input = &pool.input;
    w->guess = 1000;
    ready_give(pool.ready, 0, &w);
}

static bool
all_given(unsigned n)
{
    return seen.given >= n;
}

static bool
all_settled(unsigned n)
{
    return seen.settled >= n;
}

static bool
is_reached(bool (*reached)(unsigned n), unsigned n)
{
    struct timespec until;
    bool yes;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&lock);
    while (!(yes = reached(n)) && pthread_cond_timedwait(&changed, &lock, &until) == 0)
        ;
    pthread_mutex_unlock(&lock);
    return yes;
}

static void
wait_idle(void)
{
    while (!ready_idle(pool.ready))
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

static void
end(void)
{
    ready_stop(pool.ready);
    workers_stop(&pool.workers);
    ready_free(&pool.ready);
    plan_drop(&pool.plan);
    ck_assert_int_eq(pool.share.used, 0);
    budget_leave(&pool.share);
}

#define ONE  SLICE("input { scripted { } } output { one { } }")
#define BOTH SLICE("input { scripted { } } output { one { } two { } }")

START_TEST(answers_before_the_next_view_is_given_settle_nothing)
{
    script = (struct script){ .batches = 3, .answer = 6 };
    start(BOTH);
    give_window();
    ck_assert(is_reached(all_settled, 1));
    ck_assert_uint_eq(seen.given, 6);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_uint_eq(seen.settled_at_give[i], 0);
    end();
    ck_assert_uint_eq(seen.settled, 1);
    ck_assert_uint_eq(seen.acks, 1);
}
END_TEST

START_TEST(the_last_view_settles)
{
    script = (struct script){ .batches = 2, .answer = 1 };
    start(BOTH);
    give_window();
    ck_assert(is_reached(all_given, 4));
    wait_idle();
    ck_assert_uint_eq(seen.held_n, 3);
    for (unsigned i = 3; i-- > 0;) { /* in whatever order */
        ck_assert_uint_eq(seen.settled, 0);
        view_free(&seen.held[i]);
    }
    ck_assert_uint_eq(seen.settled, 1);
    end();
}
END_TEST

START_TEST(one_view_given_up_settles_nothing)
{
    script = (struct script){ .batches = 1, .answer = 0 };
    start(BOTH);
    give_window();
    ck_assert(is_reached(all_given, 2));
    wait_idle();
    view_abandon(&seen.held[0]);
    view_free(&seen.held[1]);
    end();
    ck_assert_uint_eq(seen.settled, 0);
}
END_TEST

START_TEST(a_window_of_nothing_settles_by_itself)
{
    script = (struct script){ .batches = 0 };
    start(ONE);
    give_window();
    ck_assert(is_reached(all_settled, 1));
    end();
    ck_assert_uint_eq(seen.given, 0);
    ck_assert_uint_eq(seen.acks, 1);
}
END_TEST

START_TEST(dropped_events_settle_too)
{
    script = (struct script){ .batches = 2, .answer = 9 };
    start(SLICE("input { scripted { } } filter { drop { } } output { one { } }"));
    give_window();
    ck_assert(is_reached(all_settled, 1));
    end();
    ck_assert_uint_eq(seen.given, 0);
}
END_TEST

START_TEST(a_window_that_goes_back_answers_once)
{
    script = (struct script){ .batches = 1, .backs = 3, .answer = 9 };
    start(ONE);
    give_window();
    ck_assert(is_reached(all_settled, 1));
    end();
    ck_assert_uint_eq(seen.backs, 3);
    ck_assert_uint_eq(seen.settled, 1);
    ck_assert_uint_eq(seen.given, 1);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, answers_before_the_next_view_is_given_settle_nothing);
    tcase_add_test(tc, the_last_view_settles);
    tcase_add_test(tc, one_view_given_up_settles_nothing);
    tcase_add_test(tc, a_window_of_nothing_settles_by_itself);
    tcase_add_test(tc, dropped_events_settle_too);
    tcase_add_test(tc, a_window_that_goes_back_answers_once);
}

UNIT_MAIN("worker")
