/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/tls_ends.h"

#include "server/net/loop.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

const char *const ends_versions[ENDS_VERSIONS] = { "TLSv1.2", "TLSv1.3" };

void
ends_begin(void)
{
    struct err err = { 0 };

    if (tls_start(&err) < 0)
        abort();
    tls_certs_folder();
}

struct tls_context *
tls_must(struct tls_context *ctx, const struct err *err)
{
    ck_assert_msg(ctx != NULL, "%s", err->msg);
    return ctx;
}

void
ends_shake(struct ends *e)
{
    e->server_st = e->client_st = STREAM_AGAIN;
    for (int i = 0; i < 50; i++) {
        if (e->client_st == STREAM_AGAIN)
            e->client_st = stream_handshake(e->client, &e->client_err);
        if (e->server_st == STREAM_AGAIN)
            e->server_st = stream_handshake(e->server, &e->server_err);
    }
}

struct ends
ends_connect(const struct tls_options *server, const struct tls_options *client, const char *host,
             int buffer)
{
    struct ends e = { .loop = loop_new(1, NULL, NULL) };
    struct err err = { 0 };
    struct tls_context *s = tls_must(tls_server_new(server, &err), &err);
    struct tls_context *c = tls_must(tls_client_new(client, &err), &err);
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
    ends_shake(&e);
    return e;
}

void
ends_close(struct ends *e)
{
    stream_free(&e->server);
    stream_free(&e->client);
    loop_free(&e->loop);
}

struct tls_options
ends_server(const char *kind)
{
    char name[64];
    struct tls_options o = { 0 };

    snprintf(name, sizeof name, "%s.pem", kind);
    o.certificate = tls_certs_path(name);
    snprintf(name, sizeof name, "%s.key", kind);
    o.key = tls_certs_path(name);
    return o;
}

struct ends
ends_simple(const char *version)
{
    struct tls_options s = ends_server("server-p256");
    struct tls_options c = { .verification = TLS_VERIFY_NONE };

    s.protocols = (struct tls_names){ &version, 1 };
    return ends_connect(&s, &c, "localhost", 0);
}
