/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/cryptocb.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/wc_port.h>

#include "server/net/tls_aes_priv.h"

#include <string.h>

/* Any number that no other device of this process has. */
#define DEVICE 0x4845

static bool
fits(word32 iv_bytes, word32 tag_bytes)
{
    return iv_bytes == AES_GCM_IV && tag_bytes == AES_GCM_TAG;
}

/* The raw key stands in devKey, or so tls_aes_start() has made sure. */
static struct aes_gcm
message(const Aes *aes, const byte *iv, const byte *aad, word32 aad_bytes)
{
    return (struct aes_gcm){ .key = (const unsigned char *)aes->devKey,
                             .key_bytes = (size_t)aes->keylen,
                             .iv = iv,
                             .aad = aad,
                             .aad_bytes = aad_bytes };
}

static int
seal(const wc_CryptoInfo *info)
{
    struct aes_gcm m;

    if (!fits(info->cipher.aesgcm_enc.ivSz, info->cipher.aesgcm_enc.authTagSz))
        return CRYPTOCB_UNAVAILABLE;
    m = message(info->cipher.aesgcm_enc.aes, info->cipher.aesgcm_enc.iv,
                info->cipher.aesgcm_enc.authIn, info->cipher.aesgcm_enc.authInSz);
    m.in = info->cipher.aesgcm_enc.in;
    m.out = info->cipher.aesgcm_enc.out;
    m.bytes = info->cipher.aesgcm_enc.sz;
    return tls_aes_seal(&m, info->cipher.aesgcm_enc.authTag) ? 0 : CRYPTOCB_UNAVAILABLE;
}

static int
open_sealed(const wc_CryptoInfo *info)
{
    struct aes_gcm m;

    if (!fits(info->cipher.aesgcm_dec.ivSz, info->cipher.aesgcm_dec.authTagSz))
        return CRYPTOCB_UNAVAILABLE;
    m = message(info->cipher.aesgcm_dec.aes, info->cipher.aesgcm_dec.iv,
                info->cipher.aesgcm_dec.authIn, info->cipher.aesgcm_dec.authInSz);
    m.in = info->cipher.aesgcm_dec.in;
    m.out = info->cipher.aesgcm_dec.out;
    m.bytes = info->cipher.aesgcm_dec.sz;
    return tls_aes_open(&m, info->cipher.aesgcm_dec.authTag) ? 0 : AES_GCM_AUTH_E;
}

/* ctx counts the calls of the self-test and is NULL afterwards. */
static int
on_crypto(int device, wc_CryptoInfo *info, void *ctx)
{
    unsigned *calls = ctx;

    (void)device;
    if (info->algo_type != WC_ALGO_TYPE_CIPHER || info->cipher.type != WC_CIPHER_AES_GCM)
        return CRYPTOCB_UNAVAILABLE;
    if (calls != NULL)
        ++*calls;
    return info->cipher.enc ? seal(info) : open_sealed(info);
}

/* Test case 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega), as in NIST's vectors. */
static const unsigned char known_key[32] = { 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
                                             0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
                                             0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
                                             0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08 };
static const unsigned char known_iv[AES_GCM_IV] = { 0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce,
                                                    0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88 };
static const unsigned char known_aad[20] = { 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe,
                                             0xef, 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad,
                                             0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2 };
static const unsigned char known_plain[60] = {
    0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
    0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
    0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
    0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39
};
static const unsigned char known_sealed[60] = {
    0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f, 0x37, 0xa3, 0x2a, 0x84, 0x42,
    0x7d, 0x64, 0x3a, 0x8c, 0xdc, 0xbf, 0xe5, 0xc0, 0xc9, 0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55,
    0xd1, 0xaa, 0x8c, 0xb0, 0x8e, 0x48, 0x59, 0x0d, 0xbb, 0x3d, 0xa7, 0xb0, 0x8b, 0x10, 0x56,
    0x82, 0x88, 0x38, 0xc5, 0xf6, 0x1e, 0x63, 0x93, 0xba, 0x7a, 0x0a, 0xbc, 0xc9, 0xf6, 0x62
};
static const unsigned char known_tag[AES_GCM_TAG] = { 0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e,
                                                      0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53,
                                                      0xbb, 0x2d, 0x55, 0x1b };

/* Through the library, as a session would: SetKey keeps the key, the device does the rest. */
static int
check_known_answer(Aes *aes, const unsigned *calls, struct err *err)
{
    unsigned char text[sizeof known_plain], tag[AES_GCM_TAG];

    if (wc_AesGcmSetKey(aes, known_key, sizeof known_key) != 0 ||
        aes->keylen != (int)sizeof known_key ||
        memcmp(aes->devKey, known_key, sizeof known_key) != 0)
        return err_set(err, ERR_IO, "AES device: the TLS library keeps its keys elsewhere");
    if (wc_AesGcmEncrypt(aes, text, known_plain, sizeof text, known_iv, AES_GCM_IV, tag,
                         AES_GCM_TAG, known_aad, sizeof known_aad) != 0 ||
        memcmp(text, known_sealed, sizeof text) != 0 || memcmp(tag, known_tag, sizeof tag) != 0)
        return err_set(err, ERR_IO, "AES device: %s seals wrong", tls_aes_name());
    if (wc_AesGcmDecrypt(aes, text, known_sealed, sizeof text, known_iv, AES_GCM_IV, tag,
                         AES_GCM_TAG, known_aad, sizeof known_aad) != 0 ||
        memcmp(text, known_plain, sizeof text) != 0)
        return err_set(err, ERR_IO, "AES device: %s opens wrong", tls_aes_name());
    tag[0] ^= 1;
    if (wc_AesGcmDecrypt(aes, text, known_sealed, sizeof text, known_iv, AES_GCM_IV, tag,
                         AES_GCM_TAG, known_aad, sizeof known_aad) != AES_GCM_AUTH_E)
        return err_set(err, ERR_IO, "AES device: %s takes a wrong tag", tls_aes_name());
    if (*calls != 3)
        return err_set(err, ERR_IO, "AES device: the TLS library asked it %u times instead of 3",
                       *calls);
    return 0;
}

static int
check_device(struct err *err)
{
    unsigned calls = 0;
    Aes aes;
    int rc = -1;

    if (wc_CryptoCb_RegisterDevice(DEVICE, on_crypto, &calls) != 0)
        return err_set(err, ERR_IO, "AES device: the TLS library refuses it");
    if (wc_AesInit(&aes, NULL, DEVICE) == 0) {
        rc = check_known_answer(&aes, &calls, err);
        wc_AesFree(&aes);
        explicit_bzero(&aes, sizeof aes);
    }
    wc_CryptoCb_UnRegisterDevice(DEVICE);
    return rc;
}

int
tls_aes_start(struct err *err)
{
    if (!aes_provider_works())
        return 0;
    if (wolfCrypt_Init() != 0) /* counted; the first time it empties the table of devices */
        return err_set(err, ERR_IO, "AES device: the TLS library does not start");
    if (aes_provider_start(err) < 0 || check_device(err) < 0)
        return -1;
    if (wc_CryptoCb_RegisterDevice(DEVICE, on_crypto, NULL) != 0)
        return err_set(err, ERR_IO, "AES device: the TLS library refuses it");
    return 0;
}

int
tls_aes_device(void)
{
    return aes_provider_works() ? DEVICE : INVALID_DEVID;
}

void
tls_aes_stop(void)
{
    if (!aes_provider_works())
        return;
    wc_CryptoCb_UnRegisterDevice(DEVICE);
    wolfCrypt_Cleanup();
}
