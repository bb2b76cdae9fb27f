/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Option ca_trusted_fingerprint: a chain is trusted when one of its certificates is an authority
 * with that SHA-256 and every certificate below is signed by the one above. */
#include "server/net/tls_priv.h"

#include <string.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/sha256.h>

/* The library's own limit on the length of a chain. */
#define CHAIN_MAX 9

static bool
has_fingerprint(const WOLFSSL_BUFFER_INFO *der, const unsigned char *wanted)
{
    unsigned char got[WC_SHA256_DIGEST_SIZE];

    return wc_Sha256Hash(der->buffer, der->length, got) == 0 &&
           memcmp(got, wanted, sizeof got) == 0;
}

/* From the authority down to the leaf, which stands first. Intermediates become authorities of this
 * one check only. */
static bool
leads_to(const WOLFSSL_BUFFER_INFO *certs, int top)
{
    WOLFSSL_CERT_MANAGER *trust = wolfSSL_CertManagerNew();
    bool ok = trust != NULL;

    for (int i = top; ok && i > 0; i--) {
        if (i < top)
            ok = wolfSSL_CertManagerVerifyBuffer(trust, certs[i].buffer, (long)certs[i].length,
                                                 WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS;
        ok = ok && wolfSSL_CertManagerLoadCABuffer(trust, certs[i].buffer, (long)certs[i].length,
                                                   WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS;
    }
    ok = ok && wolfSSL_CertManagerVerifyBuffer(trust, certs[0].buffer, (long)certs[0].length,
                                               WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS;
    wolfSSL_CertManagerFree(trust);
    return ok;
}

/* Nothing else is wrong with the certificate. In the library's numbers or, as this build has it, in
 * OpenSSL's. */
static bool
is_unknown_issuer(int error)
{
    return error == ASN_NO_SIGNER_E || error == ASN_SELF_SIGNED_E ||
           error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
}

int
tls_trust_fingerprint(int verified, WOLFSSL_X509_STORE_CTX *store)
{
    const unsigned char *wanted = store->userCtx;

    if (verified)
        return 1;
    if (wanted == NULL || !is_unknown_issuer(store->error))
        return 0;
    for (int i = 1; i < store->totalCerts && i < CHAIN_MAX; i++)
        if (has_fingerprint(&store->certs[i], wanted))
            return leads_to(store->certs, i);
    return 0;
}
