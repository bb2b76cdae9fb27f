/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates, keys and options: what loads, and what operators are told when it does not. */
#include "tests/unit/tls_ends.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

struct refusal {
    const char *name, *make; /* a shell command in the folder */
    const char *certificate, *key, *passphrase;
    const char *want; /* in the message; @ stands for the folder */
};

static const struct refusal refusals[] = {
    { "no certificate", NULL, NULL, "client.key", NULL,
      "ssl_certificate is required when ssl_enabled is true" },
    { "no key", NULL, "client.pem", NULL, NULL, "ssl_key is required when ssl_enabled is true" },
    { "missing file", NULL, "nowhere.pem", "client.key", NULL,
      "ssl_certificate: \"@/nowhere.pem\": No such file or directory" },
    { "folder as file", "mkdir -p dir", "client.pem", "dir", NULL,
      "ssl_key: \"@/dir\" is not a file" },
    { "pair that does not fit", NULL, "client.pem", "server-p256.key", NULL,
      "ssl_key: \"@/server-p256.key\" does not belong to ssl_certificate \"@/client.pem\"" },
    { "RSA pair that does not fit", "openssl genrsa -out other-rsa.key 2048", "server-rsa.pem",
      "other-rsa.key", NULL,
      "ssl_key: \"@/other-rsa.key\" does not belong to ssl_certificate \"@/server-rsa.pem\"" },
    { "certificate as key", NULL, "client.pem", "client.pem", NULL,
      "ssl_key: \"@/client.pem\" holds no private key" },
    { "key as certificate", NULL, "client.key", "client.key", NULL,
      "ssl_certificate: \"@/client.key\" holds no PEM block" },
    { "text", "echo hello > text", "text", "client.key", NULL,
      "ssl_certificate: \"@/text\" holds no PEM block" },
    { "empty", ": > empty", "client.pem", "empty", NULL,
      "ssl_key: \"@/empty\" holds no PEM block" },
    { "PKCS#12",
      "openssl pkcs12 -export -in client.pem -inkey client.key -out k.p12 -passout pass:x",
      "client.pem", "k.p12", NULL,
      "ssl_key: \"@/k.p12\" is PKCS#12, not PEM; convert it: openssl pkcs12 -in @/k.p12 -nodes "
      "-out "
      "@/k.p12.pem" },
    { "DER key", "openssl pkey -in client.key -outform DER -out k.der", "client.pem", "k.der", NULL,
      "ssl_key: \"@/k.der\" is DER, not PEM; convert it: openssl pkey -inform DER -in @/k.der -out "
      "@/k.der.pem" },
    { "DER certificate", "openssl x509 -in client.pem -outform DER -out c.der", "c.der",
      "client.key", NULL,
      "ssl_certificate: \"@/c.der\" is DER, not PEM; convert it: openssl x509 -inform DER -in "
      "@/c.der "
      "-out @/c.der.pem" },
    { "Java keystore", "printf '\\376\\355\\376\\355\\0\\0\\0\\2' > k.jks", "client.pem", "k.jks",
      NULL, "ssl_key: \"@/k.jks\" is a Java keystore, not PEM; convert it: keytool" },
    { "encrypted without passphrase",
      "openssl pkcs8 -topk8 -v2 aes-256-cbc -in client.key -out e.key -passout pass:secret",
      "client.pem", "e.key", NULL,
      "ssl_key: \"@/e.key\" is encrypted, and there is no ssl_key_passphrase" },
    { "wrong passphrase", NULL, "client.pem", "e.key", "wrong",
      "ssl_key: \"@/e.key\" cannot be decrypted: the ssl_key_passphrase is wrong" },
    { "scrypt", "openssl pkcs8 -topk8 -scrypt -in client.key -out s.key -passout pass:secret",
      "client.pem", "s.key", "secret",
      "ssl_key: \"@/s.key\" is encrypted with scrypt, which the TLS library cannot read; convert "
      "it: "
      "openssl pkcs8 -topk8 -v2 aes-256-cbc -in @/s.key -out @/s.key.pbkdf2" },
    { "traditional without passphrase",
      "openssl rsa -in server-rsa.key -aes256 -traditional -out t.key -passout pass:secret",
      "server-rsa.pem", "t.key", NULL,
      "ssl_key: \"@/t.key\" is encrypted, and there is no ssl_key_passphrase" },
    { "traditional with the wrong passphrase", NULL, "server-rsa.pem", "t.key", "wrong",
      "passphrase is wrong" },
    { "damaged key", "sed 's/^M.\\{8\\}/MAAAAAAAA/' server-rsa.key > bad.key", "server-rsa.pem",
      "bad.key", NULL, "ssl_key: \"@/bad.key\" cannot be used: " },
    { "damaged certificate", "sed 's/^MII.\\{6\\}/MIIABCDEF/' client.pem > bad.pem", "bad.pem",
      "client.key", NULL, "ssl_certificate: \"@/bad.pem\" cannot be used: " },
};

/* want with the folder in place of each @. */
static void
expand(const char *want, char *out, size_t max)
{
    size_t n = 0;

    for (; *want != '\0'; want++)
        n += (size_t)snprintf(out + n, max - n, *want == '@' ? "%s" : "%.1s",
                              *want == '@' ? tls_certs_folder() : want);
}

START_TEST(refusal_says_what_and_where)
{
    const struct refusal *r = &refusals[_i];
    struct tls_options o = { .certificate = r->certificate ? tls_certs_path(r->certificate) : NULL,
                             .key = r->key ? tls_certs_path(r->key) : NULL,
                             .passphrase = r->passphrase };
    struct err err = { 0 };
    char want[1024];
    struct tls_context *ctx;

    if (r->make != NULL)
        tls_certs_run(r->make);
    ctx = tls_server_new(&o, &err);
    expand(r->want, want, sizeof want);
    ck_assert_msg(ctx == NULL, "%s: taken", r->name);
    ck_assert_int_eq(err.code, ERR_CONFIG);
    ck_assert_msg(strstr(err.msg, want) != NULL, "%s: got \"%s\", want \"%s\"", r->name, err.msg,
                  want);
    ck_assert_ptr_null(strstr(err.msg, "secret"));
}
END_TEST

static const struct {
    const char *name, *make, *certificate, *key, *passphrase;
} accepted[] = {
    { "PKCS#8 PBES2",
      "openssl pkcs8 -topk8 -v2 aes-256-cbc -in client.key -out a.key -passout pass:p",
      "client.pem", "a.key", "p" },
    { "PKCS#8 3DES", "openssl pkcs8 -topk8 -v2 des3 -in client.key -out a.key -passout pass:p",
      "client.pem", "a.key", "p" },
    { "PKCS#8 plain", "openssl pkcs8 -topk8 -nocrypt -in client.key -out a.key", "client.pem",
      "a.key", NULL },
    { "SEC1", "openssl ec -in client.key -out a.key", "client.pem", "a.key", NULL },
    { "SEC1 behind its parameters",
      "{ openssl ecparam -name prime256v1; openssl ec -in client.key; } > a.key", "client.pem",
      "a.key", NULL },
    { "PKCS#1", "openssl rsa -traditional -in server-rsa.key -out a.key", "server-rsa.pem", "a.key",
      NULL },
    { "PKCS#1 encrypted",
      "openssl rsa -aes256 -traditional -in server-rsa.key -out a.key -passout pass:p",
      "server-rsa.pem", "a.key", "p" },
    { "key behind text and the certificate", "{ echo x; cat client.pem client.key; } > a.key",
      "a.key", "a.key", NULL },
    { "carriage returns", "sed 's/$/\\r/' client.key > a.key; sed 's/$/\\r/' client.pem > a.pem",
      "a.pem", "a.key", NULL },
};

START_TEST(key_forms_that_load)
{
    struct tls_options o = { .certificate = tls_certs_path(accepted[_i].certificate),
                             .key = tls_certs_path(accepted[_i].key),
                             .passphrase = accepted[_i].passphrase };
    struct err err = { 0 };
    struct tls_context *ctx;

    tls_certs_run(accepted[_i].make);
    ctx = tls_server_new(&o, &err);
    ck_assert_msg(ctx != NULL, "%s: %s", accepted[_i].name, err.msg);
    tls_context_free(&ctx);
}
END_TEST

/* ---- encrypted keys of PKCS#8 ---- */

#define OLD "-provider legacy -provider default "

/* OpenSSL makes some forms with its provider of old ciphers only, which may be a package of its
 * own. */
static bool
has_old_ciphers(void)
{
    if (system("openssl list -providers -provider legacy 2>/dev/null | grep -q legacy") == 0)
        return true;
    ck_assert_msg(getenv("CI") == NULL, "openssl has no provider of old ciphers");
    fprintf(stderr, "SKIP forms with old ciphers: openssl has no provider of them\n");
    return false;
}

static void
make_key(const char *from, const char *how)
{
    char command[512];

    snprintf(command, sizeof command, "openssl pkcs8 -topk8 %s -in %s -out f.key -passout pass:p",
             how, from);
    tls_certs_run(command);
}

static void
must_load(const char *certificate, const char *key, const char *what)
{
    struct tls_options o = { .certificate = tls_certs_path(certificate),
                             .key = tls_certs_path(key),
                             .passphrase = "p" };
    struct err err = { 0 };
    struct tls_context *ctx = tls_server_new(&o, &err);

    ck_assert_msg(ctx != NULL, "%s: %s", what, err.msg);
    tls_context_free(&ctx);
    o.passphrase = "q";
    ck_assert_msg(tls_server_new(&o, &err) == NULL, "%s: any passphrase will do", what);
    ck_assert_msg(strstr(err.msg, "passphrase is wrong") != NULL, "%s: %s", what, err.msg);
}

/* What Java reads, and more: Logstash takes no other form. */
static const char *const ciphers[] = { "aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des3",
                                       OLD "-v2 des-cbc" };
static const char *const hashes[] = { "SHA1", "SHA224", "SHA256", "SHA384", "SHA512" };

START_TEST(every_cipher_with_every_hash)
{
    bool old = strncmp(ciphers[_i], OLD, strlen(OLD)) == 0;

    if (old && !has_old_ciphers())
        return;
    for (size_t i = 0; i < COUNT(hashes); i++) {
        char how[128];

        snprintf(how, sizeof how, "%s%s -v2prf hmacWith%s", old ? "" : "-v2 ", ciphers[_i],
                 hashes[i]);
        make_key("server-rsa.key", how);
        must_load("server-rsa.pem", "f.key", how);
    }
}
END_TEST

static const char *const older[] = { "PBE-MD5-DES", "PBE-SHA1-DES", "PBE-SHA1-3DES",
                                     "PBE-SHA1-RC4-128" };

START_TEST(older_schemes)
{
    char how[128];

    if (!has_old_ciphers())
        return;
    snprintf(how, sizeof how, OLD "-v1 %s", older[_i]);
    make_key("client.key", how);
    must_load("client.pem", "f.key", how);
}
END_TEST

static const struct {
    const char *how, *name;
} unreadable[] = {
    { "-scrypt", "scrypt" },
    { "-v2 aes-256-cbc -iter 5000001", "more than 5,000,000 rounds of PBKDF2" },
    { "-v2 aria-256-cbc", "a cipher other than AES, 3DES and DES in CBC mode" },
    { "-v2 aes-256-cbc -v2prf hmacWithMD5", "a key derived by another hash than SHA-1 and SHA-2" },
    { OLD "-v1 PBE-SHA1-RC2-40", "PBE-SHA1-RC2-40" },
    { OLD "-v1 PBE-SHA1-RC2-128", "PBE-SHA1-RC2-128" },
    { OLD "-v1 PBE-SHA1-RC4-40", "PBE-SHA1-RC4-40" },
    { OLD "-v1 PBE-MD5-RC2-64", "PBE-MD5-RC2-64" },
};

/* The command of the message makes a key that loads. */
START_TEST(what_cannot_be_read_is_named_and_converted)
{
    struct tls_options o = { .certificate = tls_certs_path("client.pem"),
                             .key = tls_certs_path("f.key"),
                             .passphrase = "p" };
    struct err err = { 0 };
    char line[1024];
    const char *command;

    if (strstr(unreadable[_i].how, "-v2prf") == NULL && _i > 0 && !has_old_ciphers())
        return;
    make_key("client.key", unreadable[_i].how);
    ck_assert_ptr_null(tls_server_new(&o, &err));
    snprintf(line, sizeof line, "is encrypted with %s, which", unreadable[_i].name);
    ck_assert_msg(strstr(err.msg, line) != NULL, "%s: %s", unreadable[_i].how, err.msg);
    command = strstr(err.msg, "openssl ");
    ck_assert_ptr_nonnull(command);
    snprintf(line, sizeof line, "%s -passin pass:p -passout pass:p", command);
    tls_certs_run(line);
    must_load("client.pem", "f.key.pbkdf2", unreadable[_i].how);
}
END_TEST

/* Cut anywhere or with any byte changed, a key is refused or opens; nothing is read that is not
 * there. */
START_TEST(damaged_encrypted_key)
{
    make_key("client.key", "-v2 aes-256-cbc -iter 1");
    tls_certs_run("openssl asn1parse -in f.key -out f.der -noout");
    for (unsigned at = 0; at < 64; at++) {
        struct tls_options o = { .certificate = tls_certs_path("client.pem"),
                                 .key = tls_certs_path("d.key"),
                                 .passphrase = "p" };
        struct err err = { 0 };
        struct tls_context *ctx;
        char command[512];

        snprintf(command, sizeof command,
                 "{ cp f.der d.der; printf '\\377' | dd of=d.der bs=1 seek=%u conv=notrunc; "
                 "echo '-----BEGIN ENCRYPTED PRIVATE KEY-----'; base64 d.der; "
                 "echo '-----END ENCRYPTED PRIVATE KEY-----'; } > d.key",
                 at);
        tls_certs_run(command);
        ctx = tls_server_new(&o, &err);
        ck_assert_msg((ctx == NULL) == (err.code == ERR_CONFIG), "byte %u: %s", at, err.msg);
        tls_context_free(&ctx);
    }
}
END_TEST

/* ---- options ---- */

static void
refuse_options(struct tls_options *o, bool server, const char *want)
{
    struct err err = { 0 };
    struct tls_context *ctx = server ? tls_server_new(o, &err) : tls_client_new(o, &err);
    char text[1024];

    expand(want, text, sizeof text);
    ck_assert_ptr_null(ctx);
    ck_assert_int_eq(err.code, ERR_CONFIG);
    ck_assert_str_eq(err.msg, text);
}

START_TEST(options_that_do_not_fit)
{
    struct tls_options s = ends_server("server-p256"), c = { 0 };

    s.ciphers = NAMES("TLS_AES_256_GCM_SHA385");
    refuse_options(&s, true,
                   "ssl_cipher_suites: \"TLS_AES_256_GCM_SHA385\" is no cipher suite we have; the "
                   "nearest is \"TLS_AES_256_GCM_SHA384\"");
    s.ciphers = NAMES("ECDHE-RSA-AES128-GCM-SHA25");
    refuse_options(
        &s, true,
        "ssl_cipher_suites: \"ECDHE-RSA-AES128-GCM-SHA25\" is no cipher suite we have; the "
        "nearest is \"ECDHE-RSA-AES128-GCM-SHA256\"");
    s.ciphers = NAMES("rot13");
    refuse_options(&s, true, "ssl_cipher_suites: \"rot13\" is no cipher suite we have");
    s.ciphers = NAMES("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
    s.protocols = NAMES("TLSv1.3");
    refuse_options(&s, true,
                   "ssl_cipher_suites: none of them is one of TLSv1.3, and ssl_supported_protocols "
                   "allows no other");
    s.ciphers = (struct tls_names){ NULL, 0 };
    s.protocols = NAMES("TLSv1.2", "SSLv3");
    refuse_options(&s, true,
                   "ssl_supported_protocols: \"SSLv3\" is not one of TLSv1.1, TLSv1.2, TLSv1.3");
    s.protocols = (struct tls_names){ NULL, 0 };
    s.client_auth = TLS_CLIENT_OPTIONAL;
    refuse_options(&s, true,
                   "ssl_client_authentication needs ssl_certificate_authorities to check with");
    s.authorities = NAMES(tls_certs_path("no-ca.pem"));
    refuse_options(&s, true,
                   "ssl_certificate_authorities: \"@/no-ca.pem\": No such file or directory");
    tls_certs_run("mkdir -p no-cas");
    s.authorities = NAMES(tls_certs_path("no-cas"));
    refuse_options(
        &s, true,
        "ssl_certificate_authorities: \"@/no-cas\" is a folder without .pem, .crt or .cer");
    s.authorities = NAMES(tls_certs_path("client.key"));
    refuse_options(&s, true, "ssl_certificate_authorities: \"@/client.key\" holds no PEM block");
    c.key = tls_certs_path("client.key");
    refuse_options(&c, false, "ssl_key is set without ssl_certificate");
}
END_TEST

START_TEST(authorities_from_a_folder_and_a_bundle)
{
    const char *ca = tls_certs_path("ca.pem");
    struct tls_options s = ends_server("server-p256"), c = { .authorities = { &ca, 1 } };
    struct ends e;

    tls_certs_run("mkdir -p cas && cp ca.pem cas/a.crt && echo no > cas/README &&"
                  " cat other-ca.pem ca.pem > bundle.pem");
    for (int i = 0; i < 2; i++) {
        s.authorities = NAMES(tls_certs_path(i == 0 ? "cas" : "bundle.pem"));
        s.client_auth = TLS_CLIENT_REQUIRED;
        c.certificate = tls_certs_path("client.pem");
        c.key = tls_certs_path("client.key");
        e = ends_connect(&s, &c, "localhost", 0);
        ck_assert_msg(e.server_st == STREAM_OK, "%s", e.server_err.msg);
        ends_close(&e);
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    ends_begin();
    tcase_add_loop_test(tc, refusal_says_what_and_where, 0, (int)COUNT(refusals));
    tcase_add_loop_test(tc, key_forms_that_load, 0, (int)COUNT(accepted));
    tcase_add_loop_test(tc, every_cipher_with_every_hash, 0, (int)COUNT(ciphers));
    tcase_add_loop_test(tc, older_schemes, 0, (int)COUNT(older));
    tcase_add_loop_test(tc, what_cannot_be_read_is_named_and_converted, 0, (int)COUNT(unreadable));
    tcase_add_test(tc, damaged_encrypted_key);
    tcase_add_test(tc, options_that_do_not_fit);
    tcase_add_test(tc, authorities_from_a_folder_and_a_bundle);
}

UNIT_MAIN("tls_files")
