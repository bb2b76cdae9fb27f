/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handshakes: versions, keys, suites, what each side checks of the other, threads, memory. Bytes
 * are in test_tls_bytes.c, files and options in test_tls_files.c. */
#include "tests/unit/tls_ends.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

/* ---- ends_versions, keys, client certificates ---- */

static const char *const keys[] = { "server-rsa", "server-p256", "server-p384", "server-ed25519" };
static const struct {
    const char *certificate; /* NULL: none */
    const char *refusal;     /* NULL: good */
} clients[] = {
    { NULL, NULL },
    { "client.pem", NULL },
    { "client-other.pem",
      "TLS handshake: the peer's certificate is signed by no authority we trust" },
    { "client-expired.pem", "TLS handshake: the peer's certificate has expired" },
};

static void
one_of_the_matrix(size_t version, size_t key, size_t client, enum tls_client_auth auth)
{
    const char *ca[] = { tls_certs_path("ca.pem") };
    struct tls_options s = ends_server(keys[key]), c = { 0 };
    bool asked = auth != TLS_CLIENT_NONE, has = clients[client].certificate != NULL;
    bool good = !asked || (has ? clients[client].refusal == NULL : auth == TLS_CLIENT_OPTIONAL);
    struct tls_info info;
    struct ends e;

    s.protocols = (struct tls_names){ &ends_versions[version], 1 };
    s.client_auth = auth;
    if (asked)
        s.authorities = (struct tls_names){ ca, 1 };
    c.authorities = (struct tls_names){ ca, 1 };
    if (has) {
        c.certificate = tls_certs_path(clients[client].certificate);
        c.key = tls_certs_path("client.key");
    }
    e = ends_connect(&s, &c, "localhost", 0);
    ck_assert_msg((e.server_st == STREAM_OK) == good,
                  "%s %s %s auth %d: server %d \"%s\" client %d \"%s\"", ends_versions[version],
                  keys[key], has ? clients[client].certificate : "none", (int)auth, e.server_st,
                  e.server_err.msg, e.client_st, e.client_err.msg);
    if (good) {
        ck_assert_int_eq(e.client_st, STREAM_OK);
        tls_stream_info(e.server, &info);
        ck_assert_str_eq(info.version, ends_versions[version]);
        ck_assert_int_eq(strncmp(info.cipher, "TLS_", 4), 0);
        ck_assert_int_eq(info.verified, asked && has);
        ck_assert_str_eq(info.subject, asked && has ? "CN=web-1,OU=ops,O=Acme,C=NL" : "");
    } else {
        ck_assert_int_eq(e.server_err.code, ERR_PROTOCOL);
        ck_assert_str_eq(e.server_err.msg, has ? clients[client].refusal
                                               : "TLS handshake: the peer gave no certificate");
    }
    ends_close(&e);
}

START_TEST(handshake_matrix)
{
    for (size_t version = 0; version < ENDS_VERSIONS; version++)
        for (size_t client = 0; client < COUNT(clients); client++)
            for (int auth = TLS_CLIENT_NONE; auth <= TLS_CLIENT_REQUIRED; auth++)
                one_of_the_matrix(version, (size_t)_i, client, (enum tls_client_auth)auth);
}
END_TEST

/* ---- what clients check ---- */

static const struct {
    const char *host, *authority;
    enum tls_verification verification;
    bool good;
} checks[] = {
    { "localhost", "ca.pem", TLS_VERIFY_FULL, true },
    { "a.example.org", "ca.pem", TLS_VERIFY_FULL, true },
    { "a.b.example.org", "ca.pem", TLS_VERIFY_FULL, false },
    { "example.com", "ca.pem", TLS_VERIFY_FULL, false },
    { "127.0.0.1", "ca.pem", TLS_VERIFY_FULL, true },
    { "127.0.0.2", "ca.pem", TLS_VERIFY_FULL, false },
    { "::1", "ca.pem", TLS_VERIFY_FULL, true },
    { "::2", "ca.pem", TLS_VERIFY_FULL, false },
    { "localhost", "other-ca.pem", TLS_VERIFY_FULL, false },
    { "example.com", "ca.pem", TLS_VERIFY_CERTIFICATE, true },
    { "example.com", "other-ca.pem", TLS_VERIFY_CERTIFICATE, false },
    { "127.0.0.2", "ca.pem", TLS_VERIFY_CERTIFICATE, true },
    { "example.com", "other-ca.pem", TLS_VERIFY_NONE, true },
    { "::2", "other-ca.pem", TLS_VERIFY_NONE, true },
};

START_TEST(client_checks_chain_and_host)
{
    struct tls_options s = ends_server("server-p256");
    struct tls_options c = { .verification = checks[_i].verification,
                             .authorities = NAMES(tls_certs_path(checks[_i].authority)) };
    struct ends e = ends_connect(&s, &c, checks[_i].host, 0);

    ck_assert_msg((e.client_st == STREAM_OK) == checks[_i].good, "%s, %s, %d: %d \"%s\"",
                  checks[_i].host, checks[_i].authority, checks[_i].verification, e.client_st,
                  e.client_err.msg);
    ends_close(&e);
}
END_TEST

START_TEST(refusal_names_the_alert_of_the_peer)
{
    struct tls_options s = ends_server("server-p256");
    struct tls_options c = { .authorities = NAMES(tls_certs_path("other-ca.pem")) };
    struct ends e = ends_connect(&s, &c, "localhost", 0);

    ck_assert_int_eq(e.server_st, STREAM_ERROR);
    ck_assert_str_eq(e.server_err.msg, "TLS handshake: the peer refuses: alert unknown_ca");
    ends_close(&e);
}
END_TEST

START_TEST(chain_with_an_intermediate)
{
    struct tls_options s = ends_server("chain");
    struct tls_options c = { .authorities = NAMES(tls_certs_path("root.pem")) };
    struct ends e = ends_connect(&s, &c, "localhost", 0);

    ck_assert_msg(e.client_st == STREAM_OK, "%s", e.client_err.msg);
    ends_close(&e);
}
END_TEST

static void
fingerprint_of(const char *name, unsigned char out[32])
{
    char command[256], line[256];
    FILE *f;

    snprintf(command, sizeof command, "openssl x509 -in '%s' -noout -fingerprint -sha256",
             tls_certs_path(name));
    f = popen(command, "re");
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    ck_assert_int_eq(pclose(f), 0);
    for (unsigned i = 0; i < 32; i++) {
        unsigned v;

        ck_assert_int_eq(sscanf(strchr(line, '=') + 1 + 3 * i, "%2x", &v), 1);
        out[i] = (unsigned char)v;
    }
}

/* full: the chain as sent holds the authority itself. */
START_TEST(authority_by_fingerprint)
{
    static const struct {
        const char *fingerprint_of, *chain;
        bool good;
    } cases[] = {
        { "root.pem", "leaf.pem middle.pem root.pem", true },
        { "middle.pem", "leaf.pem middle.pem", true },
        { "root.pem", "leaf.pem middle.pem", false }, /* not sent */
        { "other-ca.pem", "leaf.pem middle.pem root.pem", false },
        { "ca.pem", "leaf.pem ca.pem", false }, /* sent, but did not sign */
        { "ca.pem", "leaf.pem middle.pem ca.pem", false },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned char fingerprint[32];
        char command[128];
        struct tls_options s = { .certificate = tls_certs_path("full.pem"),
                                 .key = tls_certs_path("chain.key") };
        struct tls_options c = { .trusted_fingerprint = fingerprint };
        struct ends e;

        tls_certs_folder();
        snprintf(command, sizeof command, "cat %s > full.pem", cases[i].chain);
        tls_certs_run(command);
        fingerprint_of(cases[i].fingerprint_of, fingerprint);
        e = ends_connect(&s, &c, "localhost", 0);
        ck_assert_msg((e.client_st == STREAM_OK) == cases[i].good, "%zu: %d \"%s\"", i, e.client_st,
                      e.client_err.msg);
        ends_close(&e);
    }
}
END_TEST

/* ---- suites ---- */

static const struct {
    const char *name, *version, *key, *want;
} suites_tried[] = {
    { "TLS_AES_128_GCM_SHA256", "TLSv1.3", "server-p256", "TLS_AES_128_GCM_SHA256" },
    { "TLS_AES_256_GCM_SHA384", "TLSv1.3", "server-rsa", "TLS_AES_256_GCM_SHA384" },
    { "TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3", "server-p256", "TLS_CHACHA20_POLY1305_SHA256" },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", "server-p256",
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
    { "ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.2", "server-rsa",
      "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
    { "tls_ecdhe_rsa_with_aes_128_cbc_sha256", "TLSv1.2", "server-rsa",
      "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" },
    { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLSv1.1", "server-rsa",
      "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
    { "ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2", "server-p384",
      "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
};

START_TEST(suite_by_name)
{
    const char *ca = tls_certs_path("ca.pem");
    struct tls_options s = ends_server(suites_tried[_i].key);
    struct tls_options c = { .authorities = { &ca, 1 } };
    struct tls_info info;
    struct ends e;

    s.ciphers = (struct tls_names){ &suites_tried[_i].name, 1 };
    c.protocols = s.protocols = (struct tls_names){ &suites_tried[_i].version, 1 };
    c.ciphers = s.ciphers;
    e = ends_connect(&s, &c, "localhost", 0);
    ck_assert_msg(e.server_st == STREAM_OK, "%s: %s", suites_tried[_i].name, e.server_err.msg);
    tls_stream_info(e.client, &info);
    ck_assert_str_eq(info.cipher, suites_tried[_i].want);
    ck_assert_str_eq(info.version, suites_tried[_i].version);
    ends_close(&e);
}
END_TEST

START_TEST(every_suite_we_name_is_the_librarys)
{
    struct tls_names all = tls_default_ciphers();

    for (size_t i = 0; i < all.n; i++) {
        struct tls_options s = ends_server("server-p256");
        struct err err = { 0 };
        struct tls_context *ctx;

        s.ciphers = (struct tls_names){ &all.at[i], 1 };
        ctx = tls_must(tls_server_new(&s, &err), &err);
        tls_context_free(&ctx);
    }
}
END_TEST

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    struct tls_context *server, *client;
    unsigned good;
};

/* Its own loop; the contexts belong to all. */
static void *
shake_often(void *arg)
{
    struct worker *w = arg;

    for (int i = 0; i < 10; i++) {
        struct ends e = { .loop = loop_new(1, NULL, NULL) };
        char got[64];
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
            break;
        e.server = tls_server_stream(w->server, e.loop, fds[0], NULL);
        e.client = tls_client_stream(w->client, e.loop, fds[1], "localhost", NULL);
        ends_shake(&e);
        w->good += e.server_st == STREAM_OK && stream_write(e.client, SLICE("x"), NULL) == 1 &&
                   stream_read(e.server, got, sizeof got, NULL) == 1;
        ends_close(&e);
    }
    tls_thread_fini();
    return NULL;
}

START_TEST(threads_share_contexts)
{
    struct tls_options s = ends_server("server-p256");
    struct tls_options c = { .authorities = NAMES(tls_certs_path("ca.pem")) };
    struct err err = { 0 };
    struct tls_context *server = tls_must(tls_server_new(&s, &err), &err);
    struct tls_context *client = tls_must(tls_client_new(&c, &err), &err);
    struct worker workers[4];

    for (size_t i = 0; i < COUNT(workers); i++) {
        workers[i] = (struct worker){ .server = server, .client = client };
        pthread_create(&workers[i].thread, NULL, shake_often, &workers[i]);
    }
    for (size_t i = 0; i < COUNT(workers); i++) {
        pthread_join(workers[i].thread, NULL);
        ck_assert_uint_eq(workers[i].good, 10);
    }
    tls_context_free(&server);
    tls_context_free(&client);
}
END_TEST

/* ---- memory ---- */

START_TEST(sessions_are_charged_and_released)
{
    struct tls_options s = ends_server("server-p256");
    struct tls_options c = { .verification = TLS_VERIFY_NONE };
    struct err err = { 0 };
    struct budget budget;
    struct loop *loop;
    struct tls_context *server = tls_must(tls_server_new(&s, &err), &err);
    struct tls_context *client = tls_must(tls_client_new(&c, &err), &err);
    struct ends e = { 0 };
    int64_t idle;
    int fds[2];

    budget_init(&budget, (size_t)1 << 30);
    loop = loop_new(1, &budget, NULL);
    tls_thread_fini();
    idle = budget.parts[BUDGET_TLS];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    e.server = tls_server_stream(server, loop, fds[0], &err);
    e.client = tls_client_stream(client, loop, fds[1], "localhost", &err);
    ends_shake(&e);
    ck_assert_int_eq(e.server_st, STREAM_OK);
    ck_assert_int_gt(budget.parts[BUDGET_TLS], idle + 100000);
    tls_thread_fini(); /* the curve cache */
    ck_assert_int_gt(budget.parts[BUDGET_TLS], idle + 100000);
    ck_assert_int_lt(budget.parts[BUDGET_TLS], idle + 250000);
    ck_assert_uint_gt(tls_stream_bytes(e.server), 40000);
    stream_free(&e.server);
    stream_free(&e.client);
    tls_thread_fini();
    ck_assert_int_lt(budget.parts[BUDGET_TLS], idle + 1000); /* the thread's error queue stays */
    loop_free(&loop);
    ck_assert_int_eq(budget.used, 0);
    tls_context_free(&server);
    tls_context_free(&client);
}
END_TEST

START_TEST(curve_cache_goes_ten_seconds_after_a_handshake)
{
    struct budget budget;
    struct ends e;
    int64_t with, without;

    budget_init(&budget, (size_t)1 << 30);
    e = ends_simple("TLSv1.3");
    tls_thread_charge(&budget.common);
    with = budget.parts[BUDGET_TLS];
    tls_thread_tick(loop_now(e.loop) + 9999);
    ck_assert_int_eq(budget.parts[BUDGET_TLS], with);
    tls_thread_tick(loop_now(e.loop) + 10001);
    without = budget.parts[BUDGET_TLS];
    ck_assert_int_lt(without, with - 500000);
    tls_thread_charge(NULL);
    ck_assert_int_eq(budget.used, 0);
    ends_close(&e);
}
END_TEST

static void
add_tests(TCase *tc)
{
    ends_begin();
    tcase_add_loop_test(tc, handshake_matrix, 0, (int)COUNT(keys));
    tcase_add_loop_test(tc, client_checks_chain_and_host, 0, (int)COUNT(checks));
    tcase_add_test(tc, refusal_names_the_alert_of_the_peer);
    tcase_add_test(tc, chain_with_an_intermediate);
    tcase_add_test(tc, authority_by_fingerprint);
    tcase_add_loop_test(tc, suite_by_name, 0, (int)COUNT(suites_tried));
    tcase_add_test(tc, every_suite_we_name_is_the_librarys);
    tcase_add_test(tc, threads_share_contexts);
    tcase_add_test(tc, sessions_are_charged_and_released);
    tcase_add_test(tc, curve_cache_goes_ten_seconds_after_a_handshake);
}

UNIT_MAIN("tls")
