/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/net/mailbox.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int
mailbox_init(struct mailbox *box, struct err *err)
{
    atomic_init(&box->newest, NULL);
    box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return box->fd < 0 ? err_errno(err, "eventfd") : 0;
}

void
mailbox_fini(struct mailbox *box)
{
    ASSERT(atomic_load(&box->newest) == NULL);
    if (box->fd >= 0)
        close(box->fd);
    box->fd = -1;
}

/* The counter cannot overflow in practice, and a full one is readable anyway. */
void
mailbox_wake(struct mailbox *box)
{
    int saved = errno;
    uint64_t one = 1;

    while (write(box->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
    errno = saved;
}

/* Whoever found the box empty wakes the owner. Others need not: the owner clears the eventfd before
 * it takes, so a wake-up is still to come for what they add. Nodes never go back one by one, so a
 * compare-and-swap sees no old head again. */
void
mailbox_send(struct mailbox *box, struct mail *mail)
{
    struct mail *head = atomic_load_explicit(&box->newest, memory_order_relaxed);

    do
        mail->next = head;
    while (!atomic_compare_exchange_weak_explicit(&box->newest, &head, mail, memory_order_release,
                                                  memory_order_relaxed));
    if (head == NULL)
        mailbox_wake(box);
}

struct mail *
mailbox_take(struct mailbox *box)
{
    struct mail *newest, *oldest = NULL;
    uint64_t count;

    while (read(box->fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    newest = atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire);
    while (newest != NULL) {
        struct mail *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}
