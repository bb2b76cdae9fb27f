/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No provider: AES stays the TLS library's own, and contexts put ChaCha20 first. */
#include "server/net/tls_aes_priv.h"

const char *
tls_aes_name(void)
{
    return "none";
}

bool
aes_provider_works(void)
{
    return false;
}

int
aes_provider_start(struct err *err)
{
    (void)err;
    return 0;
}

void
tls_aes_thread_fini(void)
{
}

bool
tls_aes_seal(const struct aes_gcm *m, unsigned char tag[AES_GCM_TAG])
{
    (void)m, (void)tag;
    return false;
}

bool
tls_aes_open(const struct aes_gcm *m, const unsigned char tag[AES_GCM_TAG])
{
    (void)m, (void)tag;
    return false;
}
