/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and certificates: from the operator's files into a context, and what to say when one does
 * not fit. The library's own words for that are "bad ASN"; ours name the file and the command that
 * makes a good one. Passphrases and keys never reach a message, and are wiped. */
#include "codec/base/base64.h"
#include "server/net/tls_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>

/* The largest bundle of a system is a tenth of that. */
#define FILE_MAX_BYTES ((size_t)4 << 20)

const char *
tls_reason(int code, char out[WOLFSSL_MAX_ERROR_SZ])
{
    return wolfSSL_ERR_error_string((unsigned long)code, out);
}

/* ---- reading ---- */

static void
wipe(struct buf *b)
{
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
    buf_fini(b);
}

static int
read_all(int fd, struct buf *out, const char *option, const char *path, struct err *err)
{
    struct stat st;
    ssize_t got;

    if (fstat(fd, &st) < 0)
        return err_errno(err, "%s: \"%s\"", option, path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_CONFIG, "%s: \"%s\" is not a file", option, path);
    if (st.st_size > (off_t)FILE_MAX_BYTES)
        return err_set(err, ERR_CONFIG, "%s: \"%s\" has %lld bytes, more than %zu", option, path,
                       (long long)st.st_size, FILE_MAX_BYTES);
    buf_reserve(out, (size_t)st.st_size + 1); /* no copy of a key is left behind by growing */
    while (out->n < out->cap && (got = read(fd, out->p + out->n, out->cap - out->n)) != 0) {
        if (got < 0 && errno != EINTR)
            return err_errno(err, "%s: \"%s\"", option, path);
        out->n += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int
read_file(const char *option, const char *path, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

    if (fd < 0) {
        err_errno(err, "%s: \"%s\"", option, path);
        err->code = ERR_CONFIG;
        return -1;
    }
    rc = read_all(fd, out, option, path, err);
    close(fd);
    return rc;
}

/* ---- PEM ---- */

struct pem {
    struct slice label; /* "CERTIFICATE" */
    struct slice block; /* from its BEGIN line to its END line */
};

/* The next block; whatever stands between blocks is skipped. */
static bool
take_pem(struct slice *s, struct pem *pem)
{
    static const struct slice begin = SLICE_INIT("-----BEGIN "), end = SLICE_INIT("-----END "),
                              dashes = SLICE_INIT("-----");
    size_t from = slice_find(*s, begin, 0), label_end, to;

    if (from == SIZE_MAX)
        return false;
    label_end = slice_find(*s, dashes, from + begin.n);
    to = label_end == SIZE_MAX ? SIZE_MAX : slice_find(*s, end, label_end);
    to = to == SIZE_MAX ? SIZE_MAX : slice_find(*s, dashes, to + end.n);
    if (to == SIZE_MAX)
        return false;
    to += dashes.n;
    pem->label = (struct slice){ s->p + from + begin.n, label_end - from - begin.n };
    pem->block = (struct slice){ s->p + from, to - from };
    *s = (struct slice){ s->p + to, s->n - to };
    return true;
}

static bool
is_certificate(const struct pem *pem)
{
    return slice_eq(pem->label, SLICE("CERTIFICATE")) ||
           slice_eq(pem->label, SLICE("TRUSTED CERTIFICATE")) ||
           slice_eq(pem->label, SLICE("X509 CERTIFICATE"));
}

static bool
is_key(const struct pem *pem)
{
    return slice_ends(pem->label, SLICE("PRIVATE KEY"));
}

static bool
is_encrypted(const struct pem *pem)
{
    return slice_eq(pem->label, SLICE("ENCRYPTED PRIVATE KEY")) ||
           slice_find(pem->block, SLICE("Proc-Type: 4,ENCRYPTED"), 0) != SIZE_MAX;
}

/* Of a key: to be wiped. False: no base64. */
static bool
pem_bytes(const struct pem *pem, struct buf *out)
{
    struct slice rest = pem->block, line;
    struct buf digits = { 0 };
    bool good;

    buf_reserve(&digits, rest.n); /* no copy of a key is left behind by growing */
    buf_reserve(out, rest.n);
    slice_split(&rest, '\n', &line);
    while (slice_split(&rest, '\n', &line) && !slice_starts(line, SLICE("-----")))
        buf_append(&digits, slice_trim(line));
    good = base64_decode(buf_slice(&digits), out);
    wipe(&digits);
    return good;
}

/* ---- what a file without the wanted PEM is ---- */

static int
refuse_binary(const char *option, const char *path, struct slice text, struct err *err)
{
    size_t skip = text.n > 1 && (text.p[1] & 0x80) ? 2 + (size_t)(text.p[1] & 0x7f) : 2;

    if (slice_starts(text, SLICE("\xfe\xed\xfe\xed")))
        return err_set(
            err, ERR_CONFIG,
            "%s: \"%s\" is a Java keystore, not PEM; convert it: keytool -importkeystore "
            "-srckeystore %s -destkeystore %s.p12 -deststoretype PKCS12 && openssl pkcs12 "
            "-in %s.p12 -nodes -out %s.pem",
            option, path, path, path, path, path);
    if (text.n > skip + 3 && text.p[0] == 0x30 && memcmp(text.p + skip, "\x02\x01\x03", 3) == 0)
        return err_set(err, ERR_CONFIG,
                       "%s: \"%s\" is PKCS#12, not PEM; convert it: openssl pkcs12 -in %s -nodes "
                       "-out %s.pem",
                       option, path, path, path);
    if (text.n > 0 && text.p[0] == 0x30)
        return err_set(err, ERR_CONFIG,
                       "%s: \"%s\" is DER, not PEM; convert it: openssl %s -inform DER -in %s -out "
                       "%s.pem",
                       option, path, strcmp(option, "ssl_key") == 0 ? "pkey" : "x509", path, path);
    return err_set(err, ERR_CONFIG, "%s: \"%s\" holds no PEM block", option, path);
}

/* ---- certificates ---- */

static int
refuse_certificate(const char *option, const char *path, size_t number, int code, struct err *err)
{
    char why[WOLFSSL_MAX_ERROR_SZ];

    return err_set(err, ERR_CONFIG, "%s: \"%s\": certificate %zu cannot be used: %s", option, path,
                   number, tls_reason(code, why));
}

static int
use_certificate(WOLFSSL_CTX *ctx, const char *path, struct slice text, struct err *err)
{
    struct slice rest = text;
    struct pem pem;
    char why[WOLFSSL_MAX_ERROR_SZ];
    int rc;

    do {
        if (!take_pem(&rest, &pem))
            return refuse_binary("ssl_certificate", path, text, err);
    } while (!is_certificate(&pem));
    rc = wolfSSL_CTX_use_certificate_chain_buffer(ctx, (const unsigned char *)text.p, (long)text.n);
    if (rc == WOLFSSL_SUCCESS)
        return 0;
    return err_set(err, ERR_CONFIG, "ssl_certificate: \"%s\" cannot be used: %s", path,
                   tls_reason(rc, why));
}

/* ---- keys ---- */

static int
give_passphrase(char *into, int size, int writing, void *arg)
{
    const char *passphrase = arg;
    size_t n = passphrase != NULL ? strlen(passphrase) : 0;

    (void)writing;
    if (size <= 0 || n > (size_t)size)
        return 0;
    if (n > 0)
        memcpy(into, passphrase, n);
    return (int)n;
}

static int
find_key(const char *path, struct slice text, struct pem *key, struct err *err)
{
    struct slice rest = text;
    struct pem pem;
    bool any = false;

    while (take_pem(&rest, &pem)) {
        any = true;
        if (is_key(&pem)) {
            *key = pem;
            return 0;
        }
    }
    if (any)
        return err_set(err, ERR_CONFIG, "ssl_key: \"%s\" holds no private key", path);
    return refuse_binary("ssl_key", path, text, err);
}

static void
put_pem(const struct buf *der, struct buf *out)
{
    buf_reserve(out, der->n * 2 + 256); /* no copy of a key is left behind by growing */
    buf_append(out, SLICE("-----BEGIN PRIVATE KEY-----\n"));
    base64_encode(buf_slice(der), out);
    buf_append(out, SLICE("\n-----END PRIVATE KEY-----\n"));
}

/* What can be known before the library tries. */
static int
check_key(const struct tls_options *o, const struct pem *key, struct err *err)
{
    if (!is_encrypted(key))
        return 0;
    if (o->passphrase == NULL || o->passphrase[0] == '\0')
        return err_set(err, ERR_CONFIG,
                       "ssl_key: \"%s\" is encrypted, and there is no ssl_key_passphrase", o->key);
    return 0;
}

static int
refuse_encryption(const struct tls_options *o, const struct tls_scheme *scheme, struct err *err)
{
    return err_set(err, ERR_CONFIG,
                   "ssl_key: \"%s\" is encrypted with %s, which the TLS library cannot read; "
                   "convert it: openssl pkcs8 %s-topk8 -v2 aes-256-cbc -in %s -out %s.pbkdf2",
                   o->key, scheme->name, scheme->old ? "-provider legacy -provider default " : "",
                   o->key, o->key);
}

/* An encrypted key of PKCS#8, which becomes one without encryption: *open is its text then, and
 * *key points there. Schemes that are the library's business stay as they are. */
static int
open_key(const struct tls_options *o, struct pem *key, struct buf *open, struct err *err)
{
    struct buf sealed = { 0 }, der = { 0 };
    struct tls_scheme scheme;
    enum tls_pkcs8 got;
    struct slice text;
    int rc = 0;

    if (!slice_eq(key->label, SLICE("ENCRYPTED PRIVATE KEY")))
        return 0;
    got = pem_bytes(key, &sealed) ? tls_pkcs8_open(buf_slice(&sealed), o->passphrase, &der, &scheme)
                                  : PKCS8_DAMAGED;
    switch (got) {
    case PKCS8_LIBRARY: break;
    case PKCS8_UNREADABLE: rc = refuse_encryption(o, &scheme, err); break;
    case PKCS8_DAMAGED:
        rc = err_set(
            err, ERR_CONFIG,
            "ssl_key: \"%s\" cannot be decrypted: the ssl_key_passphrase is wrong, or the file is "
            "damaged",
            o->key);
        break;
    case PKCS8_OPEN:
        put_pem(&der, open);
        text = buf_slice(open);
        rc = take_pem(&text, key) ? 0 : err_set(err, ERR_CONFIG, "ssl_key: \"%s\"", o->key);
    }
    buf_fini(&sealed);
    wipe(&der);
    return rc;
}

static int
refuse_key(const struct tls_options *o, const struct pem *key, int code, struct err *err)
{
    char why[WOLFSSL_MAX_ERROR_SZ];

    if (is_encrypted(key))
        return err_set(
            err, ERR_CONFIG,
            "ssl_key: \"%s\" cannot be decrypted: the ssl_key_passphrase is wrong, or the "
            "TLS library cannot read its encryption; to convert it: openssl pkcs8 -topk8 "
            "-v2 aes-256-cbc -in %s -out %s.pbkdf2",
            o->key, o->key, o->key);
    return err_set(err, ERR_CONFIG,
                   "ssl_key: \"%s\" cannot be used: %s; it must be RSA (up to 4096 bit), ECDSA or "
                   "Ed25519, in PEM as PKCS#8, PKCS#1 or SEC1",
                   o->key, tls_reason(code, why));
}

/* The public half of an EC key, as it stands at the end of a certificate's public key. 0: not EC.
 */
static size_t
ec_public(const struct tls_options *o, const struct pem *pem, unsigned char *out, word32 max)
{
    const char *passphrase = is_encrypted(pem) ? o->passphrase : "";
    unsigned char *der = xmalloc(pem->block.n);
    int n = wc_KeyPemToDer((const unsigned char *)pem->block.p, (int)pem->block.n, der,
                           (int)pem->block.n, passphrase);
    word32 at = 0, got = max;
    ecc_key key;

    if (wc_ecc_init(&key) != 0)
        n = 0;
    if (n <= 0 || wc_EccPrivateKeyDecode(der, &at, &key, (word32)n) != 0 ||
        wc_ecc_make_pub(&key, NULL) != 0 || wc_ecc_export_x963(&key, out, &got) != 0)
        got = 0;
    wc_ecc_free(&key);
    explicit_bzero(der, pem->block.n);
    free(der);
    return got;
}

/* The library's own check finds no fault with two EC keys of one curve. */
static bool
ec_fits(const struct tls_options *o, struct slice certificate, const struct pem *key)
{
    unsigned char mine[256], theirs[512];
    int n = sizeof theirs;
    size_t mine_n = ec_public(o, key, mine, sizeof mine);
    WOLFSSL_X509 *x =
        wolfSSL_X509_load_certificate_buffer((const unsigned char *)certificate.p,
                                             (int)certificate.n, WOLFSSL_FILETYPE_PEM);
    bool fits = mine_n == 0 || x == NULL ||
                (wolfSSL_X509_get_pubkey_buffer(x, theirs, &n) == WOLFSSL_SUCCESS &&
                 (size_t)n >= mine_n && memcmp(theirs + (size_t)n - mine_n, mine, mine_n) == 0);

    wolfSSL_X509_free(x);
    return fits;
}

/* The library loads a key that does not fit, and a traditional PEM that a wrong passphrase has
 * turned into noise: only its own check of the pair tells. */
static int
check_pair(WOLFSSL_CTX *ctx, const struct tls_options *o, struct slice certificate,
           const struct pem *key, struct err *err)
{
    if (wolfSSL_CTX_check_private_key(ctx) == WOLFSSL_SUCCESS && ec_fits(o, certificate, key))
        return 0;
    return err_set(err, ERR_CONFIG, "ssl_key: \"%s\" does not belong to ssl_certificate \"%s\"%s",
                   o->key, o->certificate,
                   is_encrypted(key) ? ", or the ssl_key_passphrase is wrong" : "");
}

static int
use_pem(WOLFSSL_CTX *ctx, const struct tls_options *o, struct slice certificate,
        const struct pem *key, struct err *err)
{
    int rc;

    wolfSSL_CTX_set_default_passwd_cb(ctx, give_passphrase);
    wolfSSL_CTX_set_default_passwd_cb_userdata(ctx, (void *)(uintptr_t)o->passphrase);
    rc = wolfSSL_CTX_use_PrivateKey_buffer(ctx, (const unsigned char *)key->block.p,
                                           (long)key->block.n, WOLFSSL_FILETYPE_PEM);
    wolfSSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    if (rc != WOLFSSL_SUCCESS)
        return refuse_key(o, key, rc, err);
    return check_pair(ctx, o, certificate, key, err);
}

static int
use_key(WOLFSSL_CTX *ctx, const struct tls_options *o, struct slice certificate, struct slice text,
        struct err *err)
{
    struct buf open = { 0 };
    struct pem key;
    int rc = -1;

    if (find_key(o->key, text, &key, err) == 0 && check_key(o, &key, err) == 0 &&
        open_key(o, &key, &open, err) == 0)
        rc = use_pem(ctx, o, certificate, &key, err);
    wipe(&open);
    return rc;
}

int
tls_files_own(WOLFSSL_CTX *ctx, const struct tls_options *o, struct err *err)
{
    struct buf certificate = { 0 }, key = { 0 };
    int rc = -1;

    if (read_file("ssl_certificate", o->certificate, &certificate, err) == 0 &&
        read_file("ssl_key", o->key, &key, err) == 0 &&
        use_certificate(ctx, o->certificate, buf_slice(&certificate), err) == 0)
        rc = use_key(ctx, o, buf_slice(&certificate), buf_slice(&key), err);
    buf_fini(&certificate);
    wipe(&key);
    return rc;
}

/* ---- authorities ---- */

/* Every certificate of the file, one by one so that a bad one can be named. Like Java, an authority
 * that has expired is still one. */
static int
use_authorities(WOLFSSL_CTX *ctx, const char *path, struct slice text, struct err *err)
{
    struct slice rest = text;
    struct pem pem;
    size_t number = 0;

    while (take_pem(&rest, &pem)) {
        int rc;

        if (!is_certificate(&pem))
            continue;
        number++;
        rc = wolfSSL_CTX_load_verify_buffer_ex(ctx, (const unsigned char *)pem.block.p,
                                               (long)pem.block.n, WOLFSSL_FILETYPE_PEM, 0,
                                               WOLFSSL_LOAD_FLAG_DATE_ERR_OKAY);
        if (rc != WOLFSSL_SUCCESS)
            return refuse_certificate("ssl_certificate_authorities", path, number, rc, err);
    }
    if (number == 0)
        return refuse_binary("ssl_certificate_authorities", path, text, err);
    return 0;
}

static int
use_authority_file(WOLFSSL_CTX *ctx, const char *path, struct err *err)
{
    struct buf text = { 0 };
    int rc = read_file("ssl_certificate_authorities", path, &text, err);

    if (rc == 0)
        rc = use_authorities(ctx, path, buf_slice(&text), err);
    buf_fini(&text);
    return rc;
}

static int
is_wanted(const struct dirent *e)
{
    struct slice name = slice_of(e->d_name);

    return slice_ends(name, SLICE(".pem")) || slice_ends(name, SLICE(".crt")) ||
           slice_ends(name, SLICE(".cer"));
}

/* A folder: its *.pem, *.crt and *.cer, by name. */
static int
use_authority_folder(WOLFSSL_CTX *ctx, const char *path, struct err *err)
{
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, is_wanted, alphasort), rc = 0;

    if (n < 0)
        return err_errno(err, "ssl_certificate_authorities: \"%s\"", path);
    if (n == 0)
        rc = err_set(err, ERR_CONFIG,
                     "ssl_certificate_authorities: \"%s\" is a folder without .pem, .crt or .cer",
                     path);
    for (int i = 0; i < n; i++) {
        struct buf file = { 0 };

        buf_printf(&file, "%s/%s", path, entries[i]->d_name);
        if (rc == 0)
            rc = use_authority_file(ctx, buf_cstr(&file), err);
        buf_fini(&file);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int
tls_files_authorities(WOLFSSL_CTX *ctx, struct tls_names authorities, struct err *err)
{
    for (size_t i = 0; i < authorities.n; i++) {
        struct stat st;
        bool folder = stat(authorities.at[i], &st) == 0 && S_ISDIR(st.st_mode);

        if ((folder ? use_authority_folder : use_authority_file)(ctx, authorities.at[i], err) < 0)
            return -1;
    }
    return 0;
}
