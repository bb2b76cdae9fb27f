/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that operators and peers use, and the library's own for the same things. */
#include "server/net/tls_priv.h"

#include "codec/base/name_index.h"
#include "server/net/tls_aes.h"

#include <limits.h>
#include <string.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

struct suite {
    const char *iana, *library;
};

/* Suites with encryption, a certificate and forward secrecy; others of the library (NULL,
 * anonymous, PSK, RC4, 3DES) are as unknown as a typo. For TLS 1.2 the library spells them as
 * OpenSSL does. */
#define RSA(name)   "TLS_ECDHE_RSA_WITH_" name
#define ECDSA(name) "TLS_ECDHE_ECDSA_WITH_" name
#define DHE(name)   "TLS_DHE_RSA_WITH_" name
static const struct suite suites[] = {
    { "TLS_AES_256_GCM_SHA384", "TLS13-AES256-GCM-SHA384" },
    { "TLS_AES_128_GCM_SHA256", "TLS13-AES128-GCM-SHA256" },
    { "TLS_CHACHA20_POLY1305_SHA256", "TLS13-CHACHA20-POLY1305-SHA256" },
    { "TLS_AES_128_CCM_SHA256", "TLS13-AES128-CCM-SHA256" },
    { "TLS_AES_128_CCM_8_SHA256", "TLS13-AES128-CCM-8-SHA256" },
    { ECDSA("AES_256_GCM_SHA384"), "ECDHE-ECDSA-AES256-GCM-SHA384" },
    { RSA("AES_256_GCM_SHA384"), "ECDHE-RSA-AES256-GCM-SHA384" },
    { ECDSA("CHACHA20_POLY1305_SHA256"), "ECDHE-ECDSA-CHACHA20-POLY1305" },
    { RSA("CHACHA20_POLY1305_SHA256"), "ECDHE-RSA-CHACHA20-POLY1305" },
    { ECDSA("AES_128_GCM_SHA256"), "ECDHE-ECDSA-AES128-GCM-SHA256" },
    { RSA("AES_128_GCM_SHA256"), "ECDHE-RSA-AES128-GCM-SHA256" },
    { ECDSA("AES_256_CBC_SHA384"), "ECDHE-ECDSA-AES256-SHA384" },
    { RSA("AES_256_CBC_SHA384"), "ECDHE-RSA-AES256-SHA384" },
    { RSA("AES_128_CBC_SHA256"), "ECDHE-RSA-AES128-SHA256" },
    { ECDSA("AES_128_CBC_SHA256"), "ECDHE-ECDSA-AES128-SHA256" },
    /* Those above but CCM are Logstash's default, in its order; those below work when named. */
    { ECDSA("AES_256_CBC_SHA"), "ECDHE-ECDSA-AES256-SHA" },
    { RSA("AES_256_CBC_SHA"), "ECDHE-RSA-AES256-SHA" },
    { ECDSA("AES_128_CBC_SHA"), "ECDHE-ECDSA-AES128-SHA" },
    { RSA("AES_128_CBC_SHA"), "ECDHE-RSA-AES128-SHA" },
    { ECDSA("AES_128_CCM"), "ECDHE-ECDSA-AES128-CCM" },
    { ECDSA("AES_128_CCM_8"), "ECDHE-ECDSA-AES128-CCM-8" },
    { ECDSA("AES_256_CCM_8"), "ECDHE-ECDSA-AES256-CCM-8" },
    { DHE("AES_256_GCM_SHA384"), "DHE-RSA-AES256-GCM-SHA384" },
    { DHE("CHACHA20_POLY1305_SHA256"), "DHE-RSA-CHACHA20-POLY1305" },
    { DHE("AES_128_GCM_SHA256"), "DHE-RSA-AES128-GCM-SHA256" },
    { DHE("AES_256_CBC_SHA256"), "DHE-RSA-AES256-SHA256" },
    { DHE("AES_128_CBC_SHA256"), "DHE-RSA-AES128-SHA256" },
    { DHE("AES_256_CBC_SHA"), "DHE-RSA-AES256-SHA" },
    { DHE("AES_128_CBC_SHA"), "DHE-RSA-AES128-SHA" },
};

static const char *const defaults[] = {
    "TLS_AES_256_GCM_SHA384",        "TLS_AES_128_GCM_SHA256",    "TLS_CHACHA20_POLY1305_SHA256",
    ECDSA("AES_256_GCM_SHA384"),     RSA("AES_256_GCM_SHA384"),   ECDSA("CHACHA20_POLY1305_SHA256"),
    RSA("CHACHA20_POLY1305_SHA256"), ECDSA("AES_128_GCM_SHA256"), RSA("AES_128_GCM_SHA256"),
    ECDSA("AES_256_CBC_SHA384"),     RSA("AES_256_CBC_SHA384"),   RSA("AES_128_CBC_SHA256"),
    ECDSA("AES_128_CBC_SHA256"),
};

struct tls_names
tls_default_ciphers(void)
{
    return (struct tls_names){ defaults, COUNT(defaults) };
}

/* The two that OpenSSL spells otherwise. */
static const struct {
    struct slice openssl;
    const char *library;
} respelled[] = {
    { SLICE_INIT("ECDHE-ECDSA-AES128-CCM8"), "ECDHE-ECDSA-AES128-CCM-8" },
    { SLICE_INIT("ECDHE-ECDSA-AES256-CCM8"), "ECDHE-ECDSA-AES256-CCM-8" },
};

static const struct suite *
suite_find(const char *name)
{
    struct slice wanted = slice_of(name);

    for (size_t i = 0; i < COUNT(respelled); i++)
        if (slice_eq_nocase(wanted, respelled[i].openssl))
            wanted = slice_of(respelled[i].library);
    for (size_t i = 0; i < COUNT(suites); i++)
        if (slice_eq_nocase(wanted, slice_of(suites[i].iana)) ||
            slice_eq_nocase(wanted, slice_of(suites[i].library)))
            return &suites[i];
    return NULL;
}

static int
refuse_suite(const char *name, struct err *err)
{
    const char *near = NULL;
    unsigned best = UINT_MAX;

    for (size_t i = 0; i < COUNT(suites); i++) {
        if (name_is_nearer(slice_of(name), slice_of(suites[i].iana), &best))
            near = suites[i].iana;
        if (name_is_nearer(slice_of(name), slice_of(suites[i].library), &best))
            near = suites[i].library;
    }
    if (near == NULL)
        return err_set(err, ERR_CONFIG, "ssl_cipher_suites: \"%.100s\" is no cipher suite we have",
                       name);
    return err_set(
        err, ERR_CONFIG,
        "ssl_cipher_suites: \"%.100s\" is no cipher suite we have; the nearest is \"%s\"", name,
        near);
}

static bool
is_for(const struct suite *s, unsigned protocols)
{
    bool tls13 = strncmp(s->library, "TLS13-", 6) == 0;

    return (protocols & (tls13 ? PROTOCOL_13 : PROTOCOL_11 | PROTOCOL_12)) != 0;
}

/* A suite of another version is not offered: a peer of that version might take it. */
static void
append_suite(struct buf *out, const struct suite *s, unsigned protocols)
{
    if (!is_for(s, protocols))
        return;
    if (out->n > 0)
        buf_byte(out, ':');
    buf_append(out, slice_of(s->library));
}

/* Without an AES provider ChaCha20 is 2.6 times as fast, and a server's order decides. */
static void
append_defaults(struct buf *out, unsigned protocols)
{
    bool chacha_first = strcmp(tls_aes_name(), "none") == 0;

    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < COUNT(defaults); i++) {
            const struct suite *s = suite_find(defaults[i]);

            if ((chacha_first && strstr(s->library, "CHACHA20") == NULL) == (turn == 1))
                append_suite(out, s, protocols);
        }
}

int
tls_names_ciphers(struct tls_names names, unsigned protocols, struct buf *out, struct err *err)
{
    if (names.n == 0)
        append_defaults(out, protocols);
    for (size_t i = 0; i < names.n; i++) {
        const struct suite *s = suite_find(names.at[i]);

        if (s == NULL)
            return refuse_suite(names.at[i], err);
        append_suite(out, s, protocols);
    }
    if (out->n == 0)
        return err_set(err, ERR_CONFIG,
                       "ssl_cipher_suites: none of them is one of %s, and ssl_supported_protocols "
                       "allows no other",
                       protocols & PROTOCOL_13 ? "TLSv1.3" : "TLSv1.2 and before");
    return 0;
}

int
tls_names_protocols(struct tls_names names, unsigned *bits, struct err *err)
{
    static const char *const known[] = { "TLSv1.1", "TLSv1.2", "TLSv1.3" };

    *bits = names.n == 0 ? PROTOCOL_12 | PROTOCOL_13 : 0;
    for (size_t i = 0; i < names.n; i++) {
        size_t k = 0;

        while (k < COUNT(known) && strcmp(names.at[i], known[k]) != 0)
            k++;
        if (k == COUNT(known))
            return err_set(err, ERR_CONFIG,
                           "ssl_supported_protocols: \"%.40s\" is not one of TLSv1.1, TLSv1.2, "
                           "TLSv1.3",
                           names.at[i]);
        *bits |= 1u << k;
    }
    return 0;
}

const char *
tls_names_error(int code)
{
    switch (code) {
    case ASN_AFTER_DATE_E: return "the peer's certificate has expired";
    case ASN_BEFORE_DATE_E: return "the peer's certificate is not valid yet";
    case ASN_NO_SIGNER_E:
    case ASN_SELF_SIGNED_E:
    case VERIFY_CERT_ERROR: return "the peer's certificate is signed by no authority we trust";
    case ASN_SIG_CONFIRM_E: return "the signature of the peer's certificate is wrong";
    case DOMAIN_NAME_MISMATCH: return "the peer's certificate is for another host name";
    case IPADDR_MISMATCH: return "the peer's certificate is for another address";
    case NO_PEER_CERT: return "the peer gave no certificate";
    case MATCH_SUITE_ERROR: return "no cipher suite in common with the peer";
    case VERSION_ERROR: return "no TLS version in common with the peer, or no TLS at all";
    case UNKNOWN_RECORD_TYPE: return "what the peer sends is no TLS";
    default: return NULL;
    }
}

/* RFC 8446, 6, and what TLS 1.2 had besides. */
const char *
tls_names_alert(int number)
{
    switch (number) {
    case 0: return "close_notify";
    case 10: return "unexpected_message";
    case 20: return "bad_record_mac";
    case 22: return "record_overflow";
    case 40: return "handshake_failure";
    case 41: return "no_certificate";
    case 42: return "bad_certificate";
    case 43: return "unsupported_certificate";
    case 44: return "certificate_revoked";
    case 45: return "certificate_expired";
    case 46: return "certificate_unknown";
    case 47: return "illegal_parameter";
    case 48: return "unknown_ca";
    case 49: return "access_denied";
    case 50: return "decode_error";
    case 51: return "decrypt_error";
    case 70: return "protocol_version";
    case 71: return "insufficient_security";
    case 80: return "internal_error";
    case 86: return "inappropriate_fallback";
    case 90: return "user_canceled";
    case 100: return "no_renegotiation";
    case 109: return "missing_extension";
    case 110: return "unsupported_extension";
    case 112: return "unrecognized_name";
    case 113: return "bad_certificate_status_response";
    case 115: return "unknown_psk_identity";
    case 116: return "certificate_required";
    case 120: return "no_application_protocol";
    default: return NULL;
    }
}
