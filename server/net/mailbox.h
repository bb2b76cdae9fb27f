/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mailbox: how any thread hands work to the one thread that owns a loop.
 *
 * Mail is an intrusive node in the sender's own struct: sending allocates nothing, takes no lock
 * and never blocks. Mail of one sender is run in the order it was sent. An eventfd wakes the
 * owner, once for a box that was empty, not once a mail.
 *
 * Senders reach a mailbox only through loop_mail(); this header is for loop.c and tests. */
#ifndef SERVER_NET_MAILBOX_H
#define SERVER_NET_MAILBOX_H

#include "codec/base/error.h"

#include <stdatomic.h>

struct loop;
struct mail;

/* Runs on the loop's thread and owns the mail from then on: it may free or send it again. */
typedef void mail_fn(struct loop *loop, struct mail *mail);

struct mail {
    struct mail *next; /* the box's, from loop_mail() until fn runs */
    mail_fn *fn;
};

struct mailbox {
    _Atomic(struct mail *) newest; /* a stack; take turns it round */
    int fd;                        /* eventfd, readable while something may be inside */
};

int mailbox_init(struct mailbox *box, struct err *err);
void mailbox_fini(struct mailbox *box); /* must be empty */

/* Any thread. The mail must be in no box. */
void mailbox_send(struct mailbox *box, struct mail *mail);
/* Wakes the owner without a mail. Any thread, also from a signal handler. */
void mailbox_wake(struct mailbox *box);
/* The owner: everything that was sent until now, oldest first, linked by next. NULL: nothing. */
struct mail *mailbox_take(struct mailbox *box);

#endif
