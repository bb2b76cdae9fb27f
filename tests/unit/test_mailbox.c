/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/net/mailbox.h"
#include "tests/unit/unit.h"

#include <poll.h>
#include <pthread.h>

static bool
readable(const struct mailbox *box)
{
    struct pollfd p = { .fd = box->fd, .events = POLLIN };

    return poll(&p, 1, 0) == 1;
}

static void
never(struct loop *loop, struct mail *mail)
{
    (void)loop, (void)mail;
    ck_abort_msg("a mailbox runs nothing");
}

START_TEST(oldest_comes_first)
{
    struct mailbox box;
    struct mail m[3] = { { NULL, never }, { NULL, never }, { NULL, never } };
    struct mail *got;

    ck_assert_int_eq(mailbox_init(&box, NULL), 0);
    for (size_t i = 0; i < COUNT(m); i++)
        mailbox_send(&box, &m[i]);
    got = mailbox_take(&box);
    for (size_t i = 0; i < COUNT(m); i++, got = got->next)
        ck_assert_ptr_eq(got, &m[i]);
    ck_assert_ptr_null(got);
    ck_assert_ptr_null(mailbox_take(&box));
    mailbox_fini(&box);
}
END_TEST

START_TEST(wakes_for_the_first_only)
{
    struct mailbox box;
    struct mail a = { NULL, never }, b = { NULL, never };

    ck_assert_int_eq(mailbox_init(&box, NULL), 0);
    ck_assert(!readable(&box));
    mailbox_send(&box, &a);
    ck_assert(readable(&box));
    mailbox_take(&box);
    ck_assert(!readable(&box));
    mailbox_send(&box, &b);
    ck_assert(readable(&box));
    mailbox_take(&box);
    mailbox_wake(&box);
    ck_assert(readable(&box));
    ck_assert_ptr_null(mailbox_take(&box));
    mailbox_fini(&box);
}
END_TEST

#define SENDERS 4
#define LETTERS 2000

struct letter {
    struct mail mail;
    unsigned sender, number;
};

struct sender {
    pthread_t thread;
    struct mailbox *box;
    struct letter letters[LETTERS];
};

static void *
send_all(void *arg)
{
    struct sender *s = arg;

    for (unsigned i = 0; i < LETTERS; i++)
        mailbox_send(s->box, &s->letters[i].mail);
    return NULL;
}

/* Letters of one sender keep their order, none is lost, and the box is only ever looked at when its
 * descriptor says so. */
START_TEST(four_senders_keep_their_order)
{
    struct mailbox box;
    struct sender *senders = calloc(SENDERS, sizeof *senders);
    unsigned next[SENDERS] = { 0 }, all = 0;

    ck_assert_int_eq(mailbox_init(&box, NULL), 0);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i].box = &box;
        for (unsigned k = 0; k < LETTERS; k++)
            senders[i].letters[k] = (struct letter){ { NULL, never }, i, k };
        pthread_create(&senders[i].thread, NULL, send_all, &senders[i]);
    }
    while (all < SENDERS * LETTERS) {
        struct pollfd p = { .fd = box.fd, .events = POLLIN };

        ck_assert_int_eq(poll(&p, 1, 10000), 1);
        for (struct mail *m = mailbox_take(&box); m != NULL; m = m->next, all++) {
            struct letter *l = (struct letter *)(void *)m;

            ck_assert_uint_eq(l->number, next[l->sender]);
            next[l->sender]++;
        }
    }
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    mailbox_fini(&box);
    free(senders);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, oldest_comes_first);
    tcase_add_test(tc, wakes_for_the_first_only);
    tcase_add_test(tc, four_senders_keep_their_order);
}

UNIT_MAIN("mailbox")
