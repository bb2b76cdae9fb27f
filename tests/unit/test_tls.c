/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS client against TLS server in one process over socket pairs, with certificates made on the
 * spot; and what operators are told when a file does not fit. */
#include "server/net/tls.h"
#include "server/net/tls_priv.h"
#include "tests/unit/tls_certs.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMES(...)                                                        \
    (struct tls_names)                                                    \
    {                                                                     \
        (const char *const[]){ __VA_ARGS__ },                             \
            sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) \
    }

/* ---- two ends ---- */

struct ends {
    struct loop *loop;
    struct stream *server, *client;
    enum stream_status server_st, client_st;
    struct err server_err, client_err;
};

static struct tls_context *
must(struct tls_context *ctx, const struct err *err)
{
    ck_assert_msg(ctx != NULL, "%s", err->msg);
    return ctx;
}

/* Steps both until each is done or failed. */
static void
shake(struct ends *e)
{
    e->server_st = e->client_st = STREAM_AGAIN;
    for (int i = 0; i < 50; i++) {
        if (e->client_st == STREAM_AGAIN)
            e->client_st = stream_handshake(e->client, &e->client_err);
        if (e->server_st == STREAM_AGAIN)
            e->server_st = stream_handshake(e->server, &e->server_err);
    }
}

/* buffer: of the sockets in bytes, 0: the system's. */
static struct ends
connect_ends(const struct tls_options *server, const struct tls_options *client, const char *host,
             int buffer)
{
    struct ends e = { .loop = loop_new(1, NULL, NULL) };
    struct err err = { 0 };
    struct tls_context *s = must(tls_server_new(server, &err), &err);
    struct tls_context *c = must(tls_client_new(client, &err), &err);
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (int i = 0; buffer > 0 && i < 2; i++) {
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    }
    e.server = tls_server_stream(s, e.loop, fds[0], &err);
    ck_assert_msg(e.server != NULL, "%s", err.msg);
    e.client = tls_client_stream(c, e.loop, fds[1], host, &err);
    ck_assert_msg(e.client != NULL, "%s", err.msg);
    /* Sessions do not need their contexts any more. */
    tls_context_free(&s);
    tls_context_free(&c);
    shake(&e);
    return e;
}

static void
close_ends(struct ends *e)
{
    stream_free(&e->server);
    stream_free(&e->client);
    loop_free(&e->loop);
}

static struct tls_options
server_options(const char *kind)
{
    char name[64];
    struct tls_options o = { 0 };

    snprintf(name, sizeof name, "%s.pem", kind);
    o.certificate = tls_certs_path(name);
    snprintf(name, sizeof name, "%s.key", kind);
    o.key = tls_certs_path(name);
    return o;
}

/* ---- versions, keys, client certificates ---- */

static const char *const versions[] = { "TLSv1.2", "TLSv1.3" };
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
    struct tls_options s = server_options(keys[key]), c = { 0 };
    bool asked = auth != TLS_CLIENT_NONE, has = clients[client].certificate != NULL;
    bool good = !asked || (has ? clients[client].refusal == NULL : auth == TLS_CLIENT_OPTIONAL);
    struct tls_info info;
    struct ends e;

    s.protocols = (struct tls_names){ &versions[version], 1 };
    s.client_auth = auth;
    if (asked)
        s.authorities = (struct tls_names){ ca, 1 };
    c.authorities = (struct tls_names){ ca, 1 };
    if (has) {
        c.certificate = tls_certs_path(clients[client].certificate);
        c.key = tls_certs_path("client.key");
    }
    e = connect_ends(&s, &c, "localhost", 0);
    ck_assert_msg((e.server_st == STREAM_OK) == good,
                  "%s %s %s auth %d: server %d \"%s\" client %d \"%s\"", versions[version],
                  keys[key], has ? clients[client].certificate : "none", (int)auth, e.server_st,
                  e.server_err.msg, e.client_st, e.client_err.msg);
    if (good) {
        ck_assert_int_eq(e.client_st, STREAM_OK);
        tls_stream_info(e.server, &info);
        ck_assert_str_eq(info.version, versions[version]);
        ck_assert_int_eq(strncmp(info.cipher, "TLS_", 4), 0);
        ck_assert_int_eq(info.verified, asked && has);
        ck_assert_str_eq(info.subject, asked && has ? "CN=web-1,OU=ops,O=Acme,C=NL" : "");
    } else {
        ck_assert_int_eq(e.server_err.code, ERR_PROTOCOL);
        ck_assert_str_eq(e.server_err.msg, has ? clients[client].refusal
                                               : "TLS handshake: the peer gave no certificate");
    }
    close_ends(&e);
}

START_TEST(handshake_matrix)
{
    for (size_t version = 0; version < COUNT(versions); version++)
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
    struct tls_options s = server_options("server-p256");
    struct tls_options c = { .verification = checks[_i].verification,
                             .authorities = NAMES(tls_certs_path(checks[_i].authority)) };
    struct ends e = connect_ends(&s, &c, checks[_i].host, 0);

    ck_assert_msg((e.client_st == STREAM_OK) == checks[_i].good, "%s, %s, %d: %d \"%s\"",
                  checks[_i].host, checks[_i].authority, checks[_i].verification, e.client_st,
                  e.client_err.msg);
    close_ends(&e);
}
END_TEST

START_TEST(refusal_names_the_alert_of_the_peer)
{
    struct tls_options s = server_options("server-p256");
    struct tls_options c = { .authorities = NAMES(tls_certs_path("other-ca.pem")) };
    struct ends e = connect_ends(&s, &c, "localhost", 0);

    ck_assert_int_eq(e.server_st, STREAM_ERROR);
    ck_assert_str_eq(e.server_err.msg, "TLS handshake: the peer refuses: alert unknown_ca");
    close_ends(&e);
}
END_TEST

START_TEST(chain_with_an_intermediate)
{
    struct tls_options s = server_options("chain");
    struct tls_options c = { .authorities = NAMES(tls_certs_path("root.pem")) };
    struct ends e = connect_ends(&s, &c, "localhost", 0);

    ck_assert_msg(e.client_st == STREAM_OK, "%s", e.client_err.msg);
    close_ends(&e);
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
        e = connect_ends(&s, &c, "localhost", 0);
        ck_assert_msg((e.client_st == STREAM_OK) == cases[i].good, "%zu: %d \"%s\"", i, e.client_st,
                      e.client_err.msg);
        close_ends(&e);
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
    struct tls_options s = server_options(suites_tried[_i].key);
    struct tls_options c = { .authorities = { &ca, 1 } };
    struct tls_info info;
    struct ends e;

    s.ciphers = (struct tls_names){ &suites_tried[_i].name, 1 };
    c.protocols = s.protocols = (struct tls_names){ &suites_tried[_i].version, 1 };
    c.ciphers = s.ciphers;
    e = connect_ends(&s, &c, "localhost", 0);
    ck_assert_msg(e.server_st == STREAM_OK, "%s: %s", suites_tried[_i].name, e.server_err.msg);
    tls_stream_info(e.client, &info);
    ck_assert_str_eq(info.cipher, suites_tried[_i].want);
    ck_assert_str_eq(info.version, suites_tried[_i].version);
    close_ends(&e);
}
END_TEST

START_TEST(every_suite_we_name_is_the_librarys)
{
    struct tls_names all = tls_default_ciphers();

    for (size_t i = 0; i < all.n; i++) {
        struct tls_options s = server_options("server-p256");
        struct err err = { 0 };
        struct tls_context *ctx;

        s.ciphers = (struct tls_names){ &all.at[i], 1 };
        ctx = must(tls_server_new(&s, &err), &err);
        tls_context_free(&ctx);
    }
}
END_TEST

/* ---- bytes ---- */

/* One end's part of a transfer: writes `left` bytes of a pattern, checks what it gets. */
struct party {
    struct stream *s;
    size_t to_send, sent, got, want, room;
};

static char
pattern(size_t i)
{
    return (char)(i * 31 + (i >> 8));
}

static void
party_step(struct party *p)
{
    static char block[300000];
    struct err err = { 0 };

    if (p->sent < p->to_send) {
        size_t n = p->to_send - p->sent < p->room ? p->to_send - p->sent : p->room;
        struct iovec iov[3] = { { block, n / 7 },
                                { block + n / 7, 0 },
                                { block + n / 7, n - n / 7 } };
        ssize_t took;

        for (size_t i = 0; i < n; i++)
            block[i] = pattern(p->sent + i);
        took = stream_writev(p->s, iov, 3, &err);
        ck_assert_msg(took > 0 || took == STREAM_AGAIN, "%zd %s", took, err.msg);
        if (took > 0)
            p->sent += (size_t)took;
    } else {
        ck_assert_int_ne(stream_flush(p->s, &err), STREAM_ERROR);
    }
    do {
        ssize_t got = stream_read(p->s, block, p->room, &err);

        if (got == STREAM_AGAIN) {
            ck_assert(!stream_pending(p->s));
            break;
        }
        ck_assert_msg(got > 0, "%zd %s", got, err.msg);
        for (ssize_t i = 0; i < got; i++)
            if (block[i] != pattern(p->got + (size_t)i))
                ck_abort_msg("byte %zu is wrong", p->got + (size_t)i);
        p->got += (size_t)got;
    } while (stream_pending(p->s));
}

/* Small socket buffers, both directions at once, rooms that end inside records. */
static const size_t rooms[] = { 1, 100, 5000, 16384, 100000, 300000 };

START_TEST(both_directions_through_small_buffers)
{
    for (size_t version = 0; version < COUNT(versions); version++) {
        const char *ca = tls_certs_path("ca.pem");
        struct tls_options s = server_options("server-p256"), c = { .authorities = { &ca, 1 } };
        struct ends e;
        size_t most = rooms[_i] * 1000 < 600000 ? rooms[_i] * 1000 : 600000;
        struct party a, b;

        s.protocols = (struct tls_names){ &versions[version], 1 };
        e = connect_ends(&s, &c, "localhost", 4096);
        ck_assert_int_eq(e.server_st, STREAM_OK);
        a = (struct party){ e.server, most, 0, 0, most / 2, rooms[_i] };
        b = (struct party){ e.client, most / 2, 0, 0, most, rooms[_i] };
        for (int i = 0; i < 100000 && (a.got < a.want || b.got < b.want); i++) {
            party_step(&a);
            party_step(&b);
        }
        ck_assert_uint_eq(a.got, a.want);
        ck_assert_uint_eq(b.got, b.want);
        close_ends(&e);
    }
}
END_TEST

static struct ends
simple_ends(const char *version)
{
    struct tls_options s = server_options("server-p256");
    struct tls_options c = { .verification = TLS_VERIFY_NONE };

    s.protocols = (struct tls_names){ &version, 1 };
    return connect_ends(&s, &c, "localhost", 0);
}

/* Tickets and halves of records come as reads with nothing in them. */
static ssize_t
read_some(struct stream *s, char *into, size_t n, struct err *err)
{
    ssize_t got = STREAM_AGAIN;

    for (int i = 0; i < 20 && got == STREAM_AGAIN; i++)
        got = stream_read(s, into, n, err);
    return got;
}

/* close_notify and FIN from the client: everything before is read, and the server's answer still
 * arrives. */
START_TEST(half_close_still_gets_its_answer)
{
    struct ends e = simple_ends(versions[_i]);
    struct err err = { 0 };
    char got[200];

    ck_assert_int_eq(stream_write(e.client, SLICE("2W..."), &err), 5);
    ck_assert_int_eq(stream_finish(e.client, &err), STREAM_OK);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), 5);
    ck_assert(stream_pending(e.server));
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), STREAM_EOF);
    ck_assert(!stream_pending(e.server));
    ck_assert(!e.server->truncated);
    ck_assert_msg(stream_write(e.server, SLICE("2A...."), &err) == 6, "%s", err.msg);
    ck_assert_int_eq(stream_flush(e.server, &err), STREAM_OK);
    ck_assert_int_eq(read_some(e.client, got, sizeof got, &err), 6);
    ck_assert_int_eq(stream_finish(e.server, &err), STREAM_OK);
    ck_assert_int_eq(read_some(e.client, got, sizeof got, &err), STREAM_EOF);
    close_ends(&e);
}
END_TEST

START_TEST(fin_without_close_notify_is_truncated)
{
    struct ends e = simple_ends(versions[_i]);
    struct err err = { 0 };
    char got[64];

    ck_assert_int_eq(stream_write(e.client, SLICE("abc"), &err), 3);
    shutdown(stream_fd(e.client), SHUT_WR);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), 3);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), STREAM_EOF);
    ck_assert(e.server->truncated);
    ck_assert_int_eq(stream_write(e.server, SLICE("abc"), &err), 3);
    close_ends(&e);
}
END_TEST

START_TEST(garbage_after_the_handshake_is_an_error)
{
    struct ends e = simple_ends(versions[_i]);
    struct err err = { 0 };
    char got[64];

    ck_assert_int_eq(write(stream_fd(e.client), "GET / HTTP/1.1\r\n", 16), 16);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), STREAM_ERROR);
    ck_assert_int_eq(err.code, ERR_PROTOCOL);
    ck_assert_int_eq(strncmp(err.msg, "TLS: ", 5), 0);
    ck_assert_int_eq(stream_read(e.server, got, sizeof got, &err), STREAM_ERROR);
    close_ends(&e);
}
END_TEST

/* No TLS 1.3 here, no TLS 1.2 there. */
START_TEST(no_version_in_common)
{
    struct tls_options s = server_options("server-p256");
    struct tls_options c = { .verification = TLS_VERIFY_NONE, .protocols = NAMES("TLSv1.3") };
    struct ends e;

    s.protocols = NAMES("TLSv1.2");
    e = connect_ends(&s, &c, "localhost", 0);
    ck_assert_int_eq(e.server_st, STREAM_ERROR);
    ck_assert_str_eq(e.server_err.msg, "TLS handshake: no cipher suite in common with the peer");
    ck_assert_int_eq(e.client_st, STREAM_ERROR);
    ck_assert_str_eq(e.client_err.msg, "TLS handshake: the peer refuses: alert handshake_failure");
    close_ends(&e);
}
END_TEST

START_TEST(peer_that_leaves_during_the_handshake)
{
    struct tls_options s = server_options("server-p256");
    struct err err = { 0 };
    struct tls_context *ctx = must(tls_server_new(&s, &err), &err);
    struct loop *loop = loop_new(1, NULL, NULL);
    struct stream *stream;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    stream = tls_server_stream(ctx, loop, fds[0], &err);
    ck_assert_int_eq(stream_handshake(stream, &err), STREAM_AGAIN);
    ck_assert_uint_eq(stream_interest(stream, WATCH_WRITE), WATCH_READ);
    close(fds[1]);
    ck_assert_int_eq(stream_handshake(stream, &err), STREAM_ERROR);
    ck_assert_str_eq(err.msg, "TLS handshake: the peer closed the connection");
    ck_assert(tls_is_stream(stream));
    stream_free(&stream);
    tls_context_free(&ctx);
    loop_free(&loop);
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
        shake(&e);
        w->good += e.server_st == STREAM_OK && stream_write(e.client, SLICE("x"), NULL) == 1 &&
                   stream_read(e.server, got, sizeof got, NULL) == 1;
        close_ends(&e);
    }
    tls_thread_fini();
    return NULL;
}

START_TEST(threads_share_contexts)
{
    struct tls_options s = server_options("server-p256");
    struct tls_options c = { .authorities = NAMES(tls_certs_path("ca.pem")) };
    struct err err = { 0 };
    struct tls_context *server = must(tls_server_new(&s, &err), &err);
    struct tls_context *client = must(tls_client_new(&c, &err), &err);
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
    struct tls_options s = server_options("server-p256");
    struct tls_options c = { .verification = TLS_VERIFY_NONE };
    struct err err = { 0 };
    struct budget budget;
    struct loop *loop;
    struct tls_context *server = must(tls_server_new(&s, &err), &err);
    struct tls_context *client = must(tls_client_new(&c, &err), &err);
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
    shake(&e);
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
    e = simple_ends("TLSv1.3");
    tls_thread_charge(&budget.common);
    with = budget.parts[BUDGET_TLS];
    tls_thread_tick(loop_now(e.loop) + 9999);
    ck_assert_int_eq(budget.parts[BUDGET_TLS], with);
    tls_thread_tick(loop_now(e.loop) + 10001);
    without = budget.parts[BUDGET_TLS];
    ck_assert_int_lt(without, with - 500000);
    tls_thread_charge(NULL);
    ck_assert_int_eq(budget.used, 0);
    close_ends(&e);
}
END_TEST

/* ---- files that do not fit ---- */

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
    struct tls_options s = server_options("server-p256"), c = { 0 };

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
    struct tls_options s = server_options("server-p256"), c = { .authorities = { &ca, 1 } };
    struct ends e;

    tls_certs_run("mkdir -p cas && cp ca.pem cas/a.crt && echo no > cas/README &&"
                  " cat other-ca.pem ca.pem > bundle.pem");
    for (int i = 0; i < 2; i++) {
        s.authorities = NAMES(tls_certs_path(i == 0 ? "cas" : "bundle.pem"));
        s.client_auth = TLS_CLIENT_REQUIRED;
        c.certificate = tls_certs_path("client.pem");
        c.key = tls_certs_path("client.key");
        e = connect_ends(&s, &c, "localhost", 0);
        ck_assert_msg(e.server_st == STREAM_OK, "%s", e.server_err.msg);
        close_ends(&e);
    }
}
END_TEST

/* ---- subjects ---- */

static const struct {
    const char *name;
    struct slice subject; /* DER of the Name's content */
    const char *want;
} subjects[] = {
    { "empty", SLICE_INIT(""), "" },
    { "one",
      SLICE_INIT("\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03"
                 "abc"),
      "CN=abc" },
    { "last comes first",
      SLICE_INIT("\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02"
                 "NL"
                 "\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x0c\x01"
                 "A"),
      "O=A,C=NL" },
    { "several in one",
      SLICE_INIT("\x31\x14\x30\x08\x06\x03\x55\x04\x03\x0c\x01"
                 "a"
                 "\x30\x08\x06\x03\x55\x04\x0b\x0c\x01"
                 "b"),
      "CN=a+OU=b" },
    { "specials", SLICE_INIT("\x31\x12\x30\x10\x06\x03\x55\x04\x03\x0c\x09,=+<>#;\"\\"),
      "CN=\\,\\=\\+\\<\\>\\#\\;\\\"\\\\" },
    { "blanks at both ends", SLICE_INIT("\x31\x0e\x30\x0c\x06\x03\x55\x04\x03\x0c\x05 a b "),
      "CN=\\ a b\\ " },
    { "only blanks", SLICE_INIT("\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02  "), "CN=\\ \\ " },
    { "NUL and newline", SLICE_INIT("\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03\0\n."),
      "CN=\\00\\0A." },
    { "UTF-8 stays", SLICE_INIT("\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04\xc3\xa9\xc3\xa9"),
      "CN=\xc3\xa9\xc3\xa9" },
    { "bad UTF-8", SLICE_INIT("\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04\xc3(\xed\xa0"),
      "CN=\\C3(\\ED\\A0" },
    { "Latin-1", SLICE_INIT("\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x14\x01\xe9"), "CN=\xc3\xa9" },
    { "two-byte characters", SLICE_INIT("\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x1e\x04\0A\x20\xac"),
      "CN=A\xe2\x82\xac" },
    { "a keyword RFC 2253 lacks",
      SLICE_INIT("\x31\x14\x30\x12\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01\x16\x05"
                 "a@b.c"),
      "1.2.840.113549.1.9.1=#16056140622e63" },
    { "no string", SLICE_INIT("\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x02\x01\x05"), "CN=#020105" },
    { "length past the end",
      SLICE_INIT("\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x7f"
                 "abc"),
      "" },
    { "no set", SLICE_INIT("\x30\x02\x05\x00"), "" },
};

/* A version 3 certificate with that subject and nothing after it. Lengths below 128. */
static struct slice
certificate_of(struct slice subject, char *out)
{
    static const char before[] = "\xa0\x03\x02\x01\x02"
                                 "\x02\x01\x01"
                                 "\x30\x00"
                                 "\x30\x00"
                                 "\x30\x00";
    size_t fixed = sizeof before - 1, tbs = fixed + 2 + subject.n;

    out[0] = 0x30;
    out[1] = (char)(tbs + 2);
    out[2] = 0x30;
    out[3] = (char)tbs;
    memcpy(out + 4, before, fixed);
    out[4 + fixed] = 0x30;
    out[5 + fixed] = (char)subject.n;
    memcpy(out + 6 + fixed, subject.p, subject.n);
    return (struct slice){ out, 4 + tbs };
}

START_TEST(subject_in_rfc_2253)
{
    char der[128], got[TLS_SUBJECT_MAX];

    tls_subject_print(certificate_of(subjects[_i].subject, der), got, sizeof got);
    ck_assert_msg(strcmp(got, subjects[_i].want) == 0, "%s: got \"%s\", want \"%s\"",
                  subjects[_i].name, got, subjects[_i].want);
}
END_TEST

/* At every byte of a certificate, and with every size of the output. */
START_TEST(subject_cut_anywhere)
{
    char der[128], got[64];
    struct slice whole = certificate_of(subjects[4].subject, der);

    for (size_t n = 0; n < whole.n; n++) {
        char *copy = malloc(n + 1);

        memcpy(copy, whole.p, n);
        tls_subject_print((struct slice){ copy, n }, got, sizeof got);
        ck_assert_str_eq(got, "");
        free(copy);
    }
    for (size_t max = 1; max < sizeof got; max++) {
        tls_subject_print(whole, got, max);
        ck_assert_uint_lt(strlen(got), max);
        ck_assert_int_eq(strncmp(got, subjects[4].want, strlen(got)), 0);
        ck_assert(strlen(got) < 4 || strlen(got) % 2 == 1); /* no half escape */
    }
}
END_TEST

/* ---- before there is a session ---- */

struct tcp {
    int listener, near, far;
};

static struct tcp
tcp_new(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    struct tcp t = { .listener = socket(AF_INET, SOCK_STREAM, 0) };

    ck_assert_int_eq(bind(t.listener, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(listen(t.listener, 1), 0);
    getsockname(t.listener, (struct sockaddr *)&a, &n);
    t.far = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(t.far, (struct sockaddr *)&a, n), 0);
    t.near = accept(t.listener, NULL, NULL);
    ck_assert_int_ge(t.near, 0);
    return t;
}

static void
tcp_free(struct tcp *t)
{
    close(t->listener);
    close(t->near);
    close(t->far);
}

static bool
readable(int fd, int wait_ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, wait_ms) == 1;
}

/* Until the answer is another than WAIT, as a loop would: only when the socket wakes it. */
static enum tls_hello
hello_when_woken(int fd, unsigned char *first)
{
    enum tls_hello h = TLS_HELLO_WAIT;

    for (int i = 0; i < 10 && h == TLS_HELLO_WAIT && readable(fd, 2000); i++)
        h = tls_hello_ready(fd, first);
    return h;
}

START_TEST(hello_is_ready_when_it_is_whole)
{
    struct tcp t = tcp_new();
    char hello[205] = { 0x16, 3, 1, 0, (char)200 };
    unsigned char first = 0;

    ck_assert_int_eq(tls_hello_ready(t.near, &first), TLS_HELLO_WAIT);
    ck_assert_int_eq(write(t.far, hello, 1), 1);
    ck_assert(readable(t.near, 2000));
    ck_assert_int_eq(tls_hello_ready(t.near, &first), TLS_HELLO_WAIT);
    ck_assert(!readable(t.near, 20)); /* SO_RCVLOWAT: no wake-up for less than a header */
    ck_assert_int_eq(write(t.far, hello + 1, 203), 203);
    ck_assert(readable(t.near, 2000));
    ck_assert_int_eq(tls_hello_ready(t.near, &first), TLS_HELLO_WAIT);
    ck_assert(!readable(t.near, 20));
    ck_assert_int_eq(write(t.far, hello + 204, 1), 1);
    ck_assert_int_eq(hello_when_woken(t.near, &first), TLS_HELLO_READY);
    ck_assert_int_eq(recv(t.near, hello, sizeof hello, MSG_DONTWAIT), 205);
    tcp_free(&t);
}
END_TEST

START_TEST(hello_that_is_none)
{
    struct tcp t = tcp_new();
    unsigned char first = 0;

    ck_assert_int_eq(write(t.far, "2W", 2), 2);
    ck_assert_int_eq(hello_when_woken(t.near, &first), TLS_HELLO_NOT_TLS);
    ck_assert_int_eq(first, '2');
    tcp_free(&t);
}
END_TEST

START_TEST(hello_longer_than_we_wait_for)
{
    struct tcp t = tcp_new();
    static char hello[16 * 1024] = { 0x16, 3, 1, (char)0xff, (char)0xff };
    unsigned char first = 0;

    ck_assert_int_eq(write(t.far, hello, sizeof hello), (ssize_t)sizeof hello);
    ck_assert_int_eq(hello_when_woken(t.near, &first), TLS_HELLO_READY);
    tcp_free(&t);
}
END_TEST

/* A half-close keeps the socket readable: waiting on would be spinning. */
START_TEST(hello_of_a_peer_that_left)
{
    for (int bytes = 0; bytes <= 7; bytes += 7) {
        struct tcp t = tcp_new();
        unsigned char first = 0;

        ck_assert_int_eq(write(t.far, "\x16\3\1\1\0..", (size_t)bytes), bytes);
        shutdown(t.far, SHUT_WR);
        ck_assert_int_eq(hello_when_woken(t.near, &first), TLS_HELLO_EOF);
        tcp_free(&t);
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    struct err err = { 0 };

    if (tls_start(&err) < 0)
        abort();
    tls_certs_folder();
    tcase_add_loop_test(tc, handshake_matrix, 0, (int)COUNT(keys));
    tcase_add_loop_test(tc, client_checks_chain_and_host, 0, (int)COUNT(checks));
    tcase_add_test(tc, refusal_names_the_alert_of_the_peer);
    tcase_add_test(tc, chain_with_an_intermediate);
    tcase_add_test(tc, authority_by_fingerprint);
    tcase_add_loop_test(tc, suite_by_name, 0, (int)COUNT(suites_tried));
    tcase_add_test(tc, every_suite_we_name_is_the_librarys);
    tcase_add_loop_test(tc, both_directions_through_small_buffers, 0, (int)COUNT(rooms));
    tcase_add_loop_test(tc, half_close_still_gets_its_answer, 0, (int)COUNT(versions));
    tcase_add_loop_test(tc, fin_without_close_notify_is_truncated, 0, (int)COUNT(versions));
    tcase_add_loop_test(tc, garbage_after_the_handshake_is_an_error, 0, (int)COUNT(versions));
    tcase_add_test(tc, no_version_in_common);
    tcase_add_test(tc, peer_that_leaves_during_the_handshake);
    tcase_add_test(tc, threads_share_contexts);
    tcase_add_test(tc, sessions_are_charged_and_released);
    tcase_add_test(tc, curve_cache_goes_ten_seconds_after_a_handshake);
    tcase_add_loop_test(tc, refusal_says_what_and_where, 0, (int)COUNT(refusals));
    tcase_add_loop_test(tc, key_forms_that_load, 0, (int)COUNT(accepted));
    tcase_add_test(tc, options_that_do_not_fit);
    tcase_add_test(tc, authorities_from_a_folder_and_a_bundle);
    tcase_add_loop_test(tc, subject_in_rfc_2253, 0, (int)COUNT(subjects));
    tcase_add_test(tc, subject_cut_anywhere);
    tcase_add_test(tc, hello_is_ready_when_it_is_whole);
    tcase_add_test(tc, hello_that_is_none);
    tcase_add_test(tc, hello_longer_than_we_wait_for);
    tcase_add_test(tc, hello_of_a_peer_that_left);
}

UNIT_MAIN("tls")
