/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "pipeline/sink.h"

static unsigned settled, finished;

static void
on_settled(void *to, struct done *d)
{
    (void)to;
    (void)d;
    settled++;
}

static void
on_fini(struct view *v)
{
    ck_assert_ptr_eq(v->extra, &finished);
    finished++;
}

static const struct sink_type scripted = { .name = "scripted", .view_fini = on_fini };

START_TEST(items_start_where_the_body_ends)
{
    struct sink s;
    struct view *v;

    sink_init(&s, &scripted, NULL, &(struct sink_env){ .loop = NULL });
    v = view_new(&s, NULL);
    v->extra = &finished;
    for (uint32_t i = 0; i < 1000; i++) {
        struct view_item *item = view_add(v);

        ck_assert_uint_eq(item->at, i * 3);
        ck_assert_uint_eq(item->aux, 0);
        buf_append(&v->body, SLICE("abc"));
        item->len = 3;
        item->aux = 7;
    }
    ck_assert_uint_eq(v->n, 1000);
    ck_assert_uint_eq(v->items[999].at, 2997);
    view_free(&v);
    ck_assert_ptr_null(v);
    view_free(&v);
}
END_TEST

START_TEST(the_charge_follows_what_is_held)
{
    struct budget b;
    struct budget_share share = { 0 };
    struct sink s;
    struct view *v;
    int64_t full;

    budget_init(&b, 1 << 20);
    budget_join(&b, &share);
    sink_init(&s, &scripted, NULL, &(struct sink_env){ .loop = NULL });
    v = view_new(&s, &share);
    v->extra = &finished;
    memset(buf_reserve(&v->body, 100000), 'x', 10000);
    v->body.n = 10000;
    view_add(v);
    view_charge(v);
    full = share.used;
    ck_assert_int_ge(full, 10000);
    ck_assert_int_lt(full, 15000); /* what the buffer had too much went back */
    ck_assert_int_eq(share.views, full);
    buf_fini(&v->body);
    view_charge(v);
    ck_assert_int_le(share.used, full - 10000);
    view_free(&v);
    ck_assert_int_eq(share.used, 0);
    ck_assert_int_eq(share.views, 0);
    budget_leave(&share);
}
END_TEST

START_TEST(freeing_settles_unless_done_was_taken_out)
{
    struct done *d = calloc(1, sizeof *d); /* of no plan */
    struct sink s;
    struct view *v;

    sink_init(&s, &scripted, NULL, &(struct sink_env){ .loop = NULL });
    settled = finished = 0;
    atomic_init(&d->left, 1);
    d->settled = on_settled;
    v = view_new(&s, NULL);
    v->extra = &finished;
    v->done = done_hold(d);
    v->done = NULL; /* as a sink does that closes before it is through */
    view_free(&v);
    ck_assert_uint_eq(settled, 0);
    v = view_new(&s, NULL);
    v->extra = &finished;
    v->done = done_hold(d);
    view_free(&v);
    ck_assert_uint_eq(settled, 0); /* the worker's and the dropped view's are left */
    ck_assert_uint_eq(finished, 2);
    done_drop(&(struct done *){ d });
    ck_assert_uint_eq(settled, 0);
    done_drop(&d);
    ck_assert_uint_eq(settled, 1);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, items_start_where_the_body_ends);
    tcase_add_test(tc, the_charge_follows_what_is_held);
    tcase_add_test(tc, freeing_settles_unless_done_was_taken_out);
}

UNIT_MAIN("view")
