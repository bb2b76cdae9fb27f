/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/net/tls_priv.h"

#include "server/net/tls_aes.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <wolfssl/wolfcrypt/dh.h>
#include <wolfssl/wolfcrypt/ecc.h>

int
tls_start(struct err *err)
{
    /* The library's default send would raise it; ours does not, but no third party shall. */
    signal(SIGPIPE, SIG_IGN);
    if (tls_memory_start(err) < 0)
        return -1;
    if (wolfSSL_Init() != WOLFSSL_SUCCESS)
        return err_set(err, ERR_IO, "TLS library: does not start");
    return tls_aes_start(err);
}

void
tls_stop(void)
{
    tls_thread_fini();
    tls_aes_stop();
    wolfSSL_Cleanup();
}

const char *
tls_library(void)
{
    return "wolfSSL " LIBWOLFSSL_VERSION_STRING;
}

/* ---- contexts ---- */

static void
set_protocols(WOLFSSL_CTX *ctx, unsigned bits)
{
    static const long off[] = { WOLFSSL_OP_NO_TLSv1_1, WOLFSSL_OP_NO_TLSv1_2,
                                WOLFSSL_OP_NO_TLSv1_3 };
    static const int versions[] = { WOLFSSL_TLSV1_1, WOLFSSL_TLSV1_2, WOLFSSL_TLSV1_3 };
    size_t lowest = bits & PROTOCOL_11 ? 0 : bits & PROTOCOL_12 ? 1 : 2;

    wolfSSL_CTX_SetMinVersion(ctx, versions[lowest]);
    for (size_t i = 0; i < COUNT(off); i++)
        if (!(bits & 1u << i))
            wolfSSL_CTX_set_options(ctx, off[i]);
}

/* Without a group of ours the library takes DHE suites only from clients that offer one of RFC
 * 7919, which those of TLS 1.2 mostly do not. To take a group costs 57 ms, so only where it is
 * asked for.
 */
static int
set_dh_group(WOLFSSL_CTX *ctx, struct slice ciphers, struct err *err)
{
    const DhParams *group = wc_Dh_ffdhe2048_Get();

    if (!slice_starts(ciphers, SLICE("DHE-")) && slice_find(ciphers, SLICE(":DHE-"), 0) == SIZE_MAX)
        return 0;
    if (wolfSSL_CTX_SetTmpDH(ctx, group->p, (int)group->p_len, group->g, (int)group->g_len) !=
        WOLFSSL_SUCCESS)
        return err_set(err, ERR_IO, "TLS library: no group for DHE suites");
    return 0;
}

static int
set_ciphers(WOLFSSL_CTX *ctx, struct tls_names names, unsigned protocols, struct err *err)
{
    struct buf list = { 0 };
    int rc = tls_names_ciphers(names, protocols, &list, err);

    if (rc == 0 && wolfSSL_CTX_set_cipher_list(ctx, buf_cstr(&list)) != WOLFSSL_SUCCESS)
        rc = err_set(err, ERR_CONFIG, "ssl_cipher_suites: the TLS library has none of them");
    if (rc == 0)
        rc = set_dh_group(ctx, buf_slice(&list), err);
    buf_fini(&list);
    return rc;
}

/* X25519 first: a handshake costs half of one with P-256. */
static void
set_groups(WOLFSSL_CTX *ctx)
{
    int groups[] = { WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1,
                     WOLFSSL_ECC_SECP521R1 };

    wolfSSL_CTX_set_groups(ctx, groups, (int)COUNT(groups));
}

static int
set_common(struct tls_context *c, const struct tls_options *o, struct err *err)
{
    unsigned protocols;

    if (tls_names_protocols(o->protocols, &protocols, err) < 0)
        return -1;
    set_protocols(c->ctx, protocols);
    if (set_ciphers(c->ctx, o->ciphers, protocols, err) < 0)
        return -1;
    set_groups(c->ctx);
    wolfSSL_CTX_set_session_cache_mode(c->ctx, WOLFSSL_SESS_CACHE_OFF);
    tls_stream_callbacks(c->ctx);
    return 0;
}

static int
set_server(struct tls_context *c, const struct tls_options *o, struct err *err)
{
    int mode = WOLFSSL_VERIFY_NONE;

    if (o->certificate == NULL || o->certificate[0] == '\0')
        return err_set(err, ERR_CONFIG, "ssl_certificate is required when ssl_enabled is true");
    if (o->key == NULL || o->key[0] == '\0')
        return err_set(err, ERR_CONFIG, "ssl_key is required when ssl_enabled is true");
    if (o->client_auth != TLS_CLIENT_NONE && o->authorities.n == 0)
        return err_set(err, ERR_CONFIG,
                       "ssl_client_authentication needs ssl_certificate_authorities to check with");
    if (tls_files_own(c->ctx, o, err) < 0 || tls_files_authorities(c->ctx, o->authorities, err) < 0)
        return -1;
    if (o->client_auth != TLS_CLIENT_NONE) {
        mode = WOLFSSL_VERIFY_PEER;
        /* A resumed session brings no certificate along, and events are to name the client. */
        wolfSSL_CTX_no_ticket_TLSv13(c->ctx);
        wolfSSL_CTX_NoTicketTLSv12(c->ctx);
    }
    if (o->client_auth == TLS_CLIENT_REQUIRED)
        mode |= WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    wolfSSL_CTX_set_verify(c->ctx, mode, NULL);
    return 0;
}

static int
set_client(struct tls_context *c, const struct tls_options *o, struct err *err)
{
    if ((o->certificate != NULL) != (o->key != NULL))
        return err_set(err, ERR_CONFIG, "%s is set without %s",
                       o->key != NULL ? "ssl_key" : "ssl_certificate",
                       o->key != NULL ? "ssl_certificate" : "ssl_key");
    if (o->certificate != NULL && tls_files_own(c->ctx, o, err) < 0)
        return -1;
    if (tls_files_authorities(c->ctx, o->authorities, err) < 0)
        return -1;
    if (o->verification == TLS_VERIFY_NONE) {
        wolfSSL_CTX_set_verify(c->ctx, WOLFSSL_VERIFY_NONE, NULL);
        return 0;
    }
    if (o->authorities.n == 0 && o->trusted_fingerprint == NULL)
        wolfSSL_CTX_load_system_CA_certs(c->ctx);
    wolfSSL_CTX_set_verify(c->ctx, WOLFSSL_VERIFY_PEER,
                           o->trusted_fingerprint != NULL ? tls_trust_fingerprint : NULL);
    return 0;
}

typedef int set_fn(struct tls_context *c, const struct tls_options *o, struct err *err);

static struct tls_context *
context_new(const struct tls_options *o, bool server, set_fn *set, struct err *err)
{
    struct tls_context *c = xcalloc(1, sizeof *c);
    struct err ignored;

    if (err == NULL)
        err = &ignored;
    c->server = server;
    c->verification = o->verification;
    c->client_auth = o->client_auth;
    if (o->trusted_fingerprint != NULL) {
        c->has_fingerprint = true;
        memcpy(c->fingerprint, o->trusted_fingerprint, sizeof c->fingerprint);
    }
    c->ctx = wolfSSL_CTX_new(server ? wolfSSLv23_server_method() : wolfSSLv23_client_method());
    if (c->ctx == NULL)
        err_set(err, ERR_IO, "TLS library: no context");
    if (c->ctx == NULL || set_common(c, o, err) < 0 || set(c, o, err) < 0)
        tls_context_free(&c);
    else /* only now: with a device the library would not compare EC keys with certificates */
        wolfSSL_CTX_SetDevId(c->ctx, tls_aes_device());
    wolfSSL_ERR_clear_error();
    wc_ecc_fp_free(); /* checking a key leaves 0.83 MB */
    tls_memory_settle();
    return c;
}

struct tls_context *
tls_server_new(const struct tls_options *options, struct err *err)
{
    return context_new(options, true, set_server, err);
}

struct tls_context *
tls_client_new(const struct tls_options *options, struct err *err)
{
    return context_new(options, false, set_client, err);
}

void
tls_context_free(struct tls_context **ctx)
{
    struct tls_context *c = *ctx;

    *ctx = NULL;
    if (c == NULL)
        return;
    wolfSSL_CTX_free(c->ctx); /* counted: sessions keep it */
    free(c);
}
