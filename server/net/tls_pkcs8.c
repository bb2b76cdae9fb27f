/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted keys of PKCS#8 (RFC 8018). The library derives keys by SHA-1 and SHA-256 only and has
 * no AES-192; Java, and so Logstash, takes every SHA-2: PBES2 is opened here, with the library's
 * primitives. PBES1 is left to the library, but for those schemes of it that it cannot read.
 *
 * Keys and what is derived are wiped. Cold. */
#include "server/net/der.h"
#include "server/net/tls_priv.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/pwdbased.h>
#include <wolfssl/wolfcrypt/wc_encrypt.h>

#define ITERATIONS_MOST 5000000
#define SALT_MOST       1024
#define KEY_MOST        32

#define PKCS "\x2a\x86\x48\x86\xf7\x0d" /* 1.2.840.113549 */
#define AES  "\x60\x86\x48\x01\x65\x03\x04\x01"

static const struct slice oid_pbes2 = SLICE_INIT(PKCS "\1\5\15");
static const struct slice oid_pbkdf2 = SLICE_INIT(PKCS "\1\5\14");
static const struct slice oid_scrypt = SLICE_INIT("\x2b\6\1\4\1\xda\x47\4\x0b");

static const struct {
    struct slice oid;
    int hash;
} hashes[] = {
    { SLICE_INIT(PKCS "\2\7"), WC_HASH_TYPE_SHA },
    { SLICE_INIT(PKCS "\2\10"), WC_HASH_TYPE_SHA224 },
    { SLICE_INIT(PKCS "\2\11"), WC_HASH_TYPE_SHA256 },
    { SLICE_INIT(PKCS "\2\12"), WC_HASH_TYPE_SHA384 },
    { SLICE_INIT(PKCS "\2\13"), WC_HASH_TYPE_SHA512 },
};

enum cipher { CIPHER_AES, CIPHER_3DES, CIPHER_DES };

static const struct kind {
    struct slice oid;
    enum cipher cipher;
    unsigned key, block; /* bytes */
} ciphers[] = {
    { SLICE_INIT(AES "\2"), CIPHER_AES, 16, 16 },
    { SLICE_INIT(AES "\26"), CIPHER_AES, 24, 16 },
    { SLICE_INIT(AES "\52"), CIPHER_AES, 32, 16 },
    { SLICE_INIT(PKCS "\3\7"), CIPHER_3DES, 24, 8 },
    { SLICE_INIT("\x2b\x0e\3\2\7"), CIPHER_DES, 8, 8 },
};

/* PBES1 that the library does not know. OpenSSL 3 needs its provider of old ciphers for them. */
static const struct {
    struct slice oid;
    const char *name;
} unreadable[] = {
    { SLICE_INIT(PKCS "\1\5\1"), "PBE-MD2-DES" },
    { SLICE_INIT(PKCS "\1\5\4"), "PBE-MD2-RC2-64" },
    { SLICE_INIT(PKCS "\1\5\6"), "PBE-MD5-RC2-64" },
    { SLICE_INIT(PKCS "\1\5\13"), "PBE-SHA1-RC2-64" },
    { SLICE_INIT(PKCS "\1\14\1\2"), "PBE-SHA1-RC4-40" },
    { SLICE_INIT(PKCS "\1\14\1\4"), "PBE-SHA1-2DES" },
    { SLICE_INIT(PKCS "\1\14\1\5"), "PBE-SHA1-RC2-128" },
    { SLICE_INIT(PKCS "\1\14\1\6"), "PBE-SHA1-RC2-40" },
};

struct pbes2 {
    struct slice salt, iv;
    size_t iterations;
    int hash;
    const struct kind *kind;
};

static enum tls_pkcs8
refused(struct tls_scheme *scheme, const char *name, bool old)
{
    *scheme = (struct tls_scheme){ name, old };
    return PKCS8_UNREADABLE;
}

/* ---- what it says of itself ---- */

/* PBKDF2-params: a salt, how often, perhaps how long, perhaps the hash. */
static bool
read_kdf(struct slice params, struct pbes2 *p, struct slice *hash)
{
    struct slice algorithm;
    size_t skip;

    *hash = hashes[0].oid;
    if (!der_take_tagged(&params, DER_OCTETS, &p->salt) || p->salt.n > SALT_MOST ||
        !der_take_number(&params, INT_MAX, &p->iterations) || p->iterations == 0)
        return false;
    if (params.n > 0 && params.p[0] == DER_INTEGER && !der_take_number(&params, KEY_MOST, &skip))
        return false;
    return params.n == 0 || (der_take_tagged(&params, DER_SEQUENCE, &algorithm) &&
                             der_take_tagged(&algorithm, DER_OID, hash));
}

static enum tls_pkcs8
read_pbes2(struct slice params, struct pbes2 *p, struct tls_scheme *scheme)
{
    struct slice kdf, how, cipher, hash, oid;

    if (!der_take_tagged(&params, DER_SEQUENCE, &kdf) || !der_take_tagged(&kdf, DER_OID, &oid) ||
        !der_take_tagged(&params, DER_SEQUENCE, &cipher))
        return PKCS8_DAMAGED;
    if (slice_eq(oid, oid_scrypt))
        return refused(scheme, "scrypt", false);
    if (!slice_eq(oid, oid_pbkdf2) || !der_take_tagged(&kdf, DER_SEQUENCE, &how) ||
        !read_kdf(how, p, &hash) || !der_take_tagged(&cipher, DER_OID, &oid))
        return PKCS8_DAMAGED;
    if (p->iterations > ITERATIONS_MOST)
        return refused(scheme, "more than 5,000,000 rounds of PBKDF2", false);
    for (size_t i = 0; i < COUNT(ciphers); i++)
        if (slice_eq(oid, ciphers[i].oid))
            p->kind = &ciphers[i];
    if (p->kind == NULL)
        return refused(scheme, "a cipher other than AES, 3DES and DES in CBC mode", true);
    for (size_t i = 0; i < COUNT(hashes); i++)
        if (slice_eq(hash, hashes[i].oid))
            p->hash = hashes[i].hash;
    if (p->hash == WC_HASH_TYPE_NONE)
        return refused(scheme, "a key derived by another hash than SHA-1 and SHA-2", false);
    if (!der_take_tagged(&cipher, DER_OCTETS, &p->iv) || p->iv.n != p->kind->block)
        return PKCS8_DAMAGED;
    return PKCS8_OPEN;
}

/* ---- opening ---- */

static bool
derive(const struct pbes2 *p, const char *passphrase, unsigned char key[KEY_MOST])
{
    return wc_PBKDF2(key, (const unsigned char *)passphrase, (int)strlen(passphrase),
                     (const unsigned char *)p->salt.p, (int)p->salt.n, (int)p->iterations,
                     (int)p->kind->key, p->hash) == 0;
}

static bool
decrypt(const struct pbes2 *p, const unsigned char *key, struct slice in, unsigned char *out)
{
    const unsigned char *from = (const unsigned char *)in.p, *iv = (const unsigned char *)p->iv.p;
    word32 n = (word32)in.n;

    switch (p->kind->cipher) {
    case CIPHER_AES: return wc_AesCbcDecryptWithKey(out, from, n, key, p->kind->key, iv) == 0;
    case CIPHER_3DES: return wc_Des3_CbcDecryptWithKey(out, from, n, key, iv) == 0;
    case CIPHER_DES: return wc_Des_CbcDecryptWithKey(out, from, n, key, iv) == 0;
    }
    return false;
}

/* PrivateKeyInfo and its padding, nothing else: a wrong passphrase makes noise. */
static bool
is_key_info(struct slice text, size_t block, struct slice *key)
{
    size_t pad = (unsigned char)text.p[text.n - 1], version;
    struct der info;

    if (pad == 0 || pad > block || pad > text.n)
        return false;
    text.n -= pad;
    *key = text;
    return der_take(&text, &info) && info.tag == DER_SEQUENCE && text.n == 0 &&
           der_take_number(&info.value, 1, &version);
}

static enum tls_pkcs8
open_pbes2(const struct pbes2 *p, const char *passphrase, struct slice sealed, struct buf *out)
{
    unsigned char key[KEY_MOST];
    enum tls_pkcs8 result = PKCS8_DAMAGED;
    struct slice info;

    if (sealed.n == 0 || sealed.n % p->kind->block != 0)
        return PKCS8_DAMAGED;
    if (derive(p, passphrase, key) &&
        decrypt(p, key, sealed, (unsigned char *)buf_reserve(out, sealed.n)) &&
        is_key_info((struct slice){ out->p, sealed.n }, p->kind->block, &info)) {
        out->n = info.n;
        result = PKCS8_OPEN;
    }
    explicit_bzero(key, sizeof key);
    return result;
}

enum tls_pkcs8
tls_pkcs8_open(struct slice der, const char *passphrase, struct buf *out, struct tls_scheme *scheme)
{
    struct slice info, algorithm, oid, params, sealed;
    struct pbes2 p = { .hash = WC_HASH_TYPE_NONE };
    enum tls_pkcs8 result;

    if (!der_take_tagged(&der, DER_SEQUENCE, &info) ||
        !der_take_tagged(&info, DER_SEQUENCE, &algorithm) ||
        !der_take_tagged(&algorithm, DER_OID, &oid) || !der_take_tagged(&info, DER_OCTETS, &sealed))
        return PKCS8_DAMAGED;
    for (size_t i = 0; i < COUNT(unreadable); i++)
        if (slice_eq(oid, unreadable[i].oid))
            return refused(scheme, unreadable[i].name, true);
    if (!slice_eq(oid, oid_pbes2))
        return PKCS8_LIBRARY;
    if (!der_take_tagged(&algorithm, DER_SEQUENCE, &params))
        return PKCS8_DAMAGED;
    result = read_pbes2(params, &p, scheme);
    return result == PKCS8_OPEN ? open_pbes2(&p, passphrase, sealed, out) : result;
}
