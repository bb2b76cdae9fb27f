/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the TLS library allocates, counted by thread (design 4).
 *
 * Its allocators have no context argument, so each thread has an account; a session's figure is the
 * difference around each call, and the budget follows the account, not the sessions: blocks of the
 * curve cache are allocated inside whichever session's call comes first and outlive it. */
#include "server/net/tls_priv.h"

#include "server/net/tls_aes.h"

#include <malloc.h>
#include <stdlib.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/memory.h>

#define CACHE_IDLE_MS 10000

struct account {
    struct budget_share *share;
    int64_t held, charged;
    uint64_t handshake_ms; /* the last one; 0: none since the cache was freed */
};

/* Thread-local because the allocators get nothing to find a loop by. */
static _Thread_local struct account account;

static void *
take(size_t n)
{
    void *p = malloc(n);

    account.held += (int64_t)malloc_usable_size(p);
    return p;
}

static void
drop(void *p)
{
    account.held -= (int64_t)malloc_usable_size(p);
    free(p);
}

static void *
resize(void *p, size_t n)
{
    int64_t before = (int64_t)malloc_usable_size(p);
    void *q = realloc(p, n);

    if (q != NULL)
        account.held += (int64_t)malloc_usable_size(q) - before;
    return q;
}

int
tls_memory_start(struct err *err)
{
    if (wolfSSL_SetAllocators(take, drop, resize) != 0)
        return err_set(err, ERR_IO, "TLS library: allocators refused");
    return 0;
}

int64_t
tls_memory_held(void)
{
    return account.held;
}

/* What another thread allocated and this one frees makes a negative account: cold blocks of a
 * context at most. */
static void
charge(struct budget_share *share, int64_t bytes)
{
    if (bytes > 0)
        budget_charge(share, BUDGET_TLS, (size_t)bytes);
    else
        budget_release(share, BUDGET_TLS, (size_t)-bytes);
}

void
tls_memory_settle(void)
{
    charge(account.share, account.held - account.charged);
    account.charged = account.held;
}

void
tls_thread_charge(struct budget_share *share)
{
    charge(account.share, -account.charged);
    account.share = share;
    account.charged = 0;
    tls_memory_settle();
}

void
tls_memory_note_handshake(uint64_t now_ms)
{
    account.handshake_ms = now_ms > 0 ? now_ms : 1;
}

void
tls_thread_fini(void)
{
    wc_ecc_fp_free();
    tls_aes_thread_fini();
    account.handshake_ms = 0;
    tls_memory_settle();
}

void
tls_thread_tick(uint64_t now_ms)
{
    if (account.handshake_ms == 0 || now_ms - account.handshake_ms < CACHE_IDLE_MS)
        return;
    wc_ecc_fp_free();
    account.handshake_ms = 0;
    tls_memory_settle();
}
